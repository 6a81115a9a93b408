// Opens every published page at 127.0.0.1:8080 in Chromium, at a phone's and a desk's width, by day and by night, and has
// axe-core look at it: pages.mjs JUDGES PUBLIC [PICTURES]. Ends with 1 if it finds a violation.
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
for (const [width, height] of [[375, 812], [700, 900]]) {
  for (const scheme of ["light", "dark"]) {
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
console.log(`axe-core: ${looks} renderings of ${pages.length} pages, ${violations} violations`);
process.exit(violations ? 1 : 0);
