// Holds mails against the tables of caniemail.com: what Gmail, Outlook or Apple Mail lack needs a fallback, named here.
//
//     TOOLS=FOLDER-WITH-NODE_MODULES node caniemail.mjs FILE.html...
//
// Prints each feature that one of them lacks or has in part, who, and what readers see there instead. Ends with 1 if a mail
// uses one that is not in the list below.
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.env.TOOLS ?? process.cwd(), 'x.js'));
const { caniemail } = await import(pathToFileURL(realpathSync(require.resolve('caniemail'))));

const INLINE = 'every colour, size and space stands in the elements; without the sheet phones and dark screens get the light desk page, which reads well';
const SQUARE = 'square corners and square portraits';
const PLAIN_VALUES = 'only values that the client has are used';
const FALLBACKS = {
  '<style> element': INLINE,
  '@media': INLINE,
  'Attribute selector': `for Outlook.com alone, which writes those attributes itself; elsewhere ${INLINE}`,
  'Class selector': INLINE,
  'Type selector': INLINE,
  'Descendant combinator': INLINE,
  '!important keyword': 'stands in the sheet only, in lower case',
  'display:none': 'hides the preheader; `max-height: 0`, `font-size: 1px` and `mso-hide: all` hide it where this does not',
  'display': `\`block\` and \`inline-block\` only: ${PLAIN_VALUES}`,
  'overflow': 'on the preheader only, which `display: none` and `mso-hide: all` hide as well',
  'object-fit': 'portraits are square copies of our own, so there is nothing to fit',
  'border-radius': SQUARE,
  'transform': 'not used: the checker takes `text-transform` for it',
  'text-transform': 'capitals of section labels; elsewhere the label stands as the topic is written',
  'white-space': 'keeps one link on one line; elsewhere it may break',
  'margin': 'never negative, and on no span; that of the page itself is 0',
  'text-decoration': '`none` on titles and buttons, one value; elsewhere they are underlined, as links are',
  'text-align': '`center` in the button; elsewhere its words begin at the left',
  'background': 'colours only, as `background-color`',
  'padding': 'on table cells only',
  'font-size': 'in pixels only',
  'line-height': 'in pixels; Outlook for Windows sets lines a little wider where letters are taller',
  'letter-spacing': 'half a pixel, or one: what differs cannot be seen',
  'max-width': 'the column: Outlook for Windows has a table of 600 of its own; pictures have a width attribute',
  'width property': 'the lead picture has a width attribute as well',
  'width attribute': 'in pixels on pictures; percentages on tables only',
  'height property': '`auto` on pictures; they have a height attribute as well',
  'height attribute': 'in pixels',
  'border': '4 pixels at most; Outlook for Windows may draw the rules a little shorter',
  'align attribute': '`right` on a cell, and `center` on a table that Outlook for Windows alone sees',
  'dir attribute': 'on the whole mail, never on a link',
  'role attribute': 'tables are announced as tables; the words are the same',
  'aria-label attribute': 'the subject is read from the message itself',
  '<body> element': 'its colour stands on the element within as well',
};

const found = new Map();
for (const file of process.argv.slice(2)) {
  const html = readFileSync(file, 'utf8');
  const { issues } = caniemail({ clients: ['gmail.*', 'outlook.*', 'apple-mail.*'], html });
  for (const [verb, clients] of [['lacks', issues.errors], ['has in part', issues.warnings]]) {
    for (const [client, features] of clients) {
      for (const { title } of features) {
        if (!found.has(title)) found.set(title, { lacks: new Set(), 'has in part': new Set() });
        found.get(title)[verb].add(client);
      }
    }
  }
}
let bare = 0;
for (const [title, clients] of [...found].sort()) {
  const fallback = FALLBACKS[title];
  bare += fallback ? 0 : 1;
  const who = Object.entries(clients).filter(([, names]) => names.size).map(([verb, names]) => `${verb}: ${[...names].sort().join(' ')}`);
  console.log(`${title}\n  ${who.join('\n  ')}\n  -> ${fallback ?? 'NO FALLBACK'}`);
}
const files = process.argv.length - 2;
console.log(`caniemail: ${files} mails, ${found.size} features that a client lacks or has in part, ${bare} without a fallback`);
process.exit(bare || !files ? 1 : 0);
