// Follows what is saved, and makes each frame as high as the digest in it. Without it the page works by reloading.
'use strict';

const seen = document.documentElement.dataset.revision;
const events = new EventSource('/events?seen=' + seen);
events.addEventListener('changed', refresh);
events.addEventListener('open', () => say('Nothing is sent. Follows what you save.'));
events.addEventListener('error', () => say('Nothing is sent. The preview has ended.'));

// `load` does not bubble, but it can be caught on its way down.
document.addEventListener('load', (event) => fit(event.target), true);
document.querySelectorAll('iframe').forEach(fit);

function fit(frame) {
  const inside = frame.tagName === 'IFRAME' && frame.contentDocument;
  if (inside && inside.body && inside.location.href !== 'about:blank') {
    frame.style.height = inside.documentElement.scrollHeight + 'px';
  }
}

// Takes the new page over in place, so that nobody loses where they were reading.
async function refresh() {
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const focused = document.activeElement && document.activeElement.id;
  for (const frame of fresh.querySelectorAll('iframe')) {
    const old = document.getElementById(frame.id);
    if (old) frame.style.height = old.style.height;
  }
  const [x, y] = [scrollX, scrollY];
  document.title = fresh.title;
  document.documentElement.dataset.revision = fresh.documentElement.dataset.revision;
  document.body.replaceWith(document.adoptNode(fresh.body));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  scrollTo(x, y);
  say('Nothing is sent. Shown anew at ' + new Date().toLocaleTimeString() + '.');
}

function say(words) {
  document.getElementById('state').textContent = words;
}
