// Opens every published page at 127.0.0.1:8080 in Chromium, at a phone's and a desk's width, by day and by night, and has
// axe-core look at it: pages.mjs JUDGES PUBLIC [PICTURES]. Before that, each page is opened under its own policy, and must ask
// no other host for anything and break none of its rules. Ends with 1 if it finds a violation.
import { createRequire } from "node:module";
import { readFileSync, readdirSync, existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const [judges, publicFolder, pictures] = process.argv.slice(2);
const require = createRequire(join(judges, "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const base = "http://127.0.0.1:8080/";

const files = readdirSync(publicFolder, { recursive: true }).sort();
const pages = files.filter((file) => basename(file) === "index.html").map((file) => {
  const folder = dirname(file);
  return folder === "." ? "" : `${folder}/`;
});
const shown = new Set(["issues/", "issues/1/", "topics/verkoop/", "posts/kraam-zeven/", "feed.xml", "atom.xml"]);

const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync) ?? "chromium";
const browser = await chromium.launch({
  executablePath: program,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let violations = 0;
let looks = 0;
let asked = 0;

// What a page asks for, and which rule of its policy it breaks, seen under that policy.
async function underItsPolicy(width, height, scheme) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const tab = await context.newPage();
  let path = "";
  const wrong = (what) => {
    violations += 1;
    console.log(`${path} ${width} ${scheme}: ${what}`);
  };
  const url = (of) => new URL(of.url());
  tab.on("request", (request) => {
    asked += 1;
    const { protocol, host } = url(request);
    if (protocol !== "data:" && host !== "127.0.0.1:8080") wrong(`asks ${host}`);
  });
  tab.on("response", (response) => {
    // Of a feed, which cannot name one, a browser asks for the icon of the whole host.
    if (url(response).pathname === "/favicon.ico") return;
    if (response.status() >= 400) wrong(`${response.status()} ${response.url()}`);
    const policy = response.headers()["content-security-policy"] ?? "";
    if (!policy.includes("frame-ancestors 'none'")) wrong(`no frame-ancestors: ${response.url()}`);
    if (response.headers()["referrer-policy"] !== "no-referrer") wrong(`no referrer policy: ${response.url()}`);
  });
  tab.on("console", (message) => {
    if (message.type() === "error" && !message.location().url.endsWith("/favicon.ico")) wrong(message.text());
  });
  for (path of [...pages, "feed.xml", "atom.xml"]) {
    await tab.goto(base + path, { waitUntil: "load" });
    if (path.endsWith(".xml")) continue;
    await tab.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await tab.waitForLoadState("networkidle");
    const broken = await tab.evaluate(() =>
      [...document.images].filter((image) => image.loading !== "lazy" && image.naturalWidth === 0).map((image) => image.src));
    for (const address of broken) wrong(`a picture is not shown: ${address}`);
  }
  await context.close();
}
for (const [width, height] of [[375, 812], [700, 900]]) {
  for (const scheme of ["light", "dark"]) {
    await underItsPolicy(width, height, scheme);
    const context = await browser.newContext({
      viewport: { width, height }, colorScheme: scheme, bypassCSP: true,
      deviceScaleFactor: pictures ? 2 : 1,
    });
    const tab = await context.newPage();
    for (const path of [...pages, "feed.xml", "atom.xml"]) {
      await tab.goto(base + path);
      const isPage = !path.endsWith(".xml");
      if (isPage) {
        await tab.evaluate(axe);
        const found = await tab.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        looks += 1;
        for (const violation of found.violations) {
          violations += 1;
          console.log(`${path} ${width} ${scheme}: ${violation.id}: ${violation.nodes[0].html}`);
        }
        const wide = await tab.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
        if (wide) {
          violations += 1;
          console.log(`${path} ${width} ${scheme}: scrolls sideways`);
        }
      }
      if (pictures && shown.has(path)) {
        const name = path.replace(/\/$/, "").replaceAll("/", "-").replace(".", "-");
        await tab.screenshot({ path: join(pictures, `${name}-${width}-${scheme}.png`), fullPage: false });
      }
    }
    await context.close();
  }
}
await browser.close();
console.log(`policy: ${asked} requests of ${pages.length} pages, all to their own host unless told above`);
console.log(`axe-core: ${looks} renderings of ${pages.length} pages, ${violations} violations`);
process.exit(violations ? 1 : 0);
