// Takes pictures of a letter as each kind of mail program shows it, and of the published pages.
//
//     TOOLS=FOLDER-WITH-NODE_MODULES node pictures.mjs LETTER.html PUBLIC PICTURES
//
// All that letter and pages ask for comes from the files in PUBLIC; nothing else is asked.
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';

const require = createRequire(join(process.env.TOOLS ?? process.cwd(), 'x.js'));
const { chromium } = require('playwright-core');
const [letter, publicFolder, pictures] = process.argv.slice(2);
const html = readFileSync(letter, 'utf8');
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const types = { '.html': 'text/html; charset=utf-8', '.xml': 'text/xml; charset=utf-8', '.css': 'text/css', '.jpg': 'image/jpeg', '.png': 'image/png' };
mkdirSync(pictures, { recursive: true });

const without = { style: (page) => page.replace(/<style[^]*?<\/style>/g, ''),
  scheme: (page) => page.replace(/<meta name="(color-scheme|supported-color-schemes)"[^>]*>/g, '').replace(/@media \(prefers-color-scheme: dark\)/, '@media none') };
const LETTER = [
  { name: 'digest-375-light', width: 375 },
  { name: 'digest-375-dark', width: 375, scheme: 'dark' },
  { name: 'digest-700-light', width: 700 },
  { name: 'digest-700-dark', width: 700, scheme: 'dark' },
  { name: 'digest-700-no-images', width: 700, images: false },
  { name: 'digest-375-no-style', width: 375, change: without.style },
  { name: 'digest-700-no-style', width: 700, change: without.style },
];
const topic = readdirSync(join(publicFolder, 'topics')).filter((name) => existsSync(join(publicFolder, 'topics', name, 'index.html'))).sort()[0];
const PAGES = [
  { name: 'archive-light', width: 700, path: '/issues/' },
  { name: 'issue-light', width: 700, path: '/issues/1/' },
  { name: 'issue-dark', width: 375, path: '/issues/1/', scheme: 'dark', tall: 812 },
  { name: 'topic-light', width: 700, path: `/topics/${topic}/` },
  { name: 'feed-light', width: 700, path: '/feed.xml' },
  { name: 'feed-dark', width: 375, path: '/feed.xml', scheme: 'dark', tall: 812 },
];

/// A file of the website, or nothing.
function published(url) {
  let path = join(publicFolder, decodeURIComponent(new URL(url).pathname));
  if (existsSync(path) && statSync(path).isDirectory()) path = join(path, 'index.html');
  return existsSync(path) ? { body: readFileSync(path), contentType: types[extname(path)] ?? 'text/plain' } : undefined;
}

async function take(browser, { name, width, path, tall, scheme = 'light', images = true, change = (page) => page }) {
  const scale = tall ? 2 : 1;
  const context = await browser.newContext({ viewport: { width, height: tall ?? 900 }, colorScheme: scheme, deviceScaleFactor: scale });
  const page = await context.newPage();
  await page.route('**/*', (route) => {
    const request = route.request();
    if (request.url() === 'http://letter.invalid/') return route.fulfill({ body: change(html), contentType: types['.html'] });
    const file = request.resourceType() === 'image' && !images ? undefined : published(request.url());
    return file ? route.fulfill(file) : route.abort();
  });
  await page.goto(path ? `http://127.0.0.1:8080${path}` : 'http://letter.invalid/');
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: !path });
  await context.close();
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
for (const picture of [...LETTER, ...PAGES]) await take(browser, picture);

// A desk, a telephone, and a telephone by night, side by side.
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const shown = ['digest-700-light', 'digest-375-light', 'digest-375-dark'].map((name) =>
  `<div style="height:852px;overflow:hidden;border-radius:10px;box-shadow:0 1px 10px #0003"><img src="data:image/png;base64,${readFileSync(join(pictures, `${name}.png`)).toString('base64')}" height="${name.includes('700') ? 'auto' : ''}" style="display:block;width:${name.includes('700') ? 612 : 375}px"></div>`);
await page.setContent(`<body style="margin:0;padding:24px;background:#d9d4c7;display:flex;gap:15px">${shown.join('')}</body>`);
await page.screenshot({ path: join(pictures, 'digest.png') });
await browser.close();

// A mail program that turns every colour over by itself, as Gmail's app does.
const forced = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...flags, '--blink-settings=forceDarkModeEnabled=true'] });
await take(forced, { name: 'digest-375-forced-dark', width: 375, change: without.scheme });
await forced.close();
