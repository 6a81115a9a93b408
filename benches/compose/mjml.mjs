// How long reference MJML takes for the 12 posts of `--write FOLDER`: prints the median in microseconds.
//
//     TOOLS=FOLDER-WITH-NODE_MODULES node mjml.mjs FOLDER
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.TOOLS ?? process.cwd(), 'x.js'));
const loaded = require('mjml');
const mjml = loaded.default ?? loaded;
const posts = JSON.parse(readFileSync(join(process.argv[2], 'twelve.json'), 'utf8'));
const safe = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const story = (post) => `<mj-section><mj-column>${post.image ? `<mj-image src="https://nieuws.example.nl${post.image.url}" alt="${safe(post.image.alt)}" />` : ''}
<mj-text font-size="20px"><a href="${post.link}">${safe(post.title)}</a></mj-text><mj-text>${safe(post.summary)}</mj-text>
<mj-text font-size="14px">${safe(post.author?.name ?? '')}</mj-text></mj-column></mj-section>`;
const source = `<mjml><mj-body>${posts.map(story).join('')}</mj-body></mjml>`;
for (let round = 0; round < 60; round += 1) await mjml(source); // until its code is compiled
const times = [];
for (let round = 0; round < 100; round += 1) {
  const start = performance.now();
  await mjml(source);
  times.push(performance.now() - start);
}
times.sort((a, b) => a - b);
console.log((times[50] * 1000).toFixed(0));
