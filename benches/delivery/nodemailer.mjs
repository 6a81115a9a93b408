// nodemailer with its pool: node nodemailer.mjs PORT CONNECTIONS MESSAGES, run where nodemailer is installed.
import { createRequire } from 'node:module';
const require = createRequire(process.cwd() + '/');
const nodemailer = require('nodemailer');
const [port, connections, messages] = process.argv.slice(2).map(Number);
const sentence = 'Wie één prijs vraagt, hoeft niets te onthouden, en dat is rustig verkopen.\n';
const text = octets => sentence.repeat(Math.floor(octets / Buffer.byteLength(sentence)));
const html = `<!doctype html>\n${text(31 * 1024)}`;
const plain = text(3 * 1024);
const transport = nodemailer.createTransport({
  host: '127.0.0.1', port, secure: false, ignoreTLS: true,
  pool: true, maxConnections: connections, maxMessages: Infinity,
});
const started = process.hrtime.bigint();
let next = 0;
const worker = async () => {
  while (next < messages) {
    const n = next++;
    await transport.sendMail({
      from: 'De Courant <courant@example.nl>',
      to: `"Zoë de Vries" <lezer${n}@example.nl>`,
      subject: 'Eén prijs voor iedereen · en nog 11 verhalen',
      text: plain, html,
    });
  }
};
await Promise.all(Array.from({ length: connections * 2 }, worker));
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
console.log(JSON.stringify({ messages, rate: Math.round(messages / seconds) }));
transport.close();
