// Looks at mails in Chromium: screenshots of each rendering, and axe-core's verdict on them.
//
//     node browser.mjs FOLDER PHOTOS SHOTS NAME...
//
// FOLDER has NAME.html as `cargo bench --bench compose -- --write FOLDER` wrote it; PHOTOS are jpg files that stand in for
// the pictures of the made-up posts; SHOTS takes the PNG files. Ends with 1 if axe-core finds a violation.
import { readFileSync, readdirSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.TOOLS ?? process.cwd(), 'x.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [folder, photos, shots, ...names] = process.argv.slice(2);
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const jpgs = readdirSync(photos).filter((name) => name.endsWith('.jpg')).sort();
const faces = jpgs.filter((name) => /kamerbeek|terwolde|benali/.test(name));
const views = jpgs.filter((name) => !faces.includes(name));
mkdirSync(shots, { recursive: true });

// Each rendering: width, scheme, and what is taken away.
const RENDERINGS = [
  { name: '375-light', width: 375, scheme: 'light', axe: true },
  { name: '375-dark', width: 375, scheme: 'dark', axe: true },
  { name: '700-light', width: 700, scheme: 'light', axe: true },
  { name: '700-dark', width: 700, scheme: 'dark', axe: true },
  { name: '700-no-images', width: 700, scheme: 'light', images: false },
  { name: '375-no-style', width: 375, scheme: 'light', style: false },
  { name: '700-no-style', width: 700, scheme: 'light', style: false },
];

// The same picture for the same address, in every rendering.
function photoOf(address) {
  const path = new URL(address).pathname;
  const face = path.match(/^\/img\/(\d)\.jpg$/);
  if (face) return join(photos, faces[Number(face[1]) % faces.length]);
  let sum = 0;
  for (const letter of path) sum = (sum * 31 + letter.charCodeAt(0)) % 9973;
  return join(photos, views[sum % views.length]);
}

async function open(browser, html, { width, scheme, images = true }) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, deviceScaleFactor: 1 });
  const page = await context.newPage();
  await page.route('**/*', (route) => {
    const request = route.request();
    if (request.url() === 'http://mail.invalid/') return route.fulfill({ body: html, contentType: 'text/html; charset=utf-8' });
    if (request.resourceType() === 'image' && images) return route.fulfill({ path: photoOf(request.url()) });
    return route.abort();
  });
  await page.goto('http://mail.invalid/');
  return { context, page };
}

async function violations(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations.map((v) => `${v.id}: ${v.help} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 120)}`);
}

let bad = 0;
const plain = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
for (const name of names) {
  const html = readFileSync(join(folder, `${name}.html`), 'utf8');
  for (const rendering of RENDERINGS) {
    const shown = rendering.style === false ? html.replace(/<style[^]*?<\/style>/g, '') : html;
    const { context, page } = await open(plain, shown, rendering);
    await page.screenshot({ path: join(shots, `${name}-${rendering.name}.png`), fullPage: true });
    if (rendering.axe) {
      const found = await violations(page);
      bad += found.length;
      console.log(`axe ${name} ${rendering.name}: ${found.length} violations`);
      found.forEach((line) => console.log(`  ${line}`));
    }
    await context.close();
  }
}
await plain.close();

// A mail program that turns every colour over by itself, as Gmail's app does.
const forced = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...flags, '--blink-settings=forceDarkModeEnabled=true'] });
for (const name of names) {
  const html = readFileSync(join(folder, `${name}.html`), 'utf8').replace(/<meta name="(color-scheme|supported-color-schemes)"[^>]*>/g, '');
  const { context, page } = await open(forced, html, { width: 375, scheme: 'light' });
  await page.screenshot({ path: join(shots, `${name}-375-forced-dark.png`), fullPage: true });
  await context.close();
}
await forced.close();
process.exit(bad === 0 ? 0 : 1);
