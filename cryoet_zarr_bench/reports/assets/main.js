/* The frame of the pages: which one an address names, the tabs, the look. */
import { element } from './elements.js';
import { address, ofGraphs, to } from './addresses.js';
import { nextTheme, themeInWords } from './themes.js';

const PAGES = {
  answer: './pages/answer.js',
  releases: './pages/releases.js',
  recommend: './pages/recommend.js',
  layouts: './pages/layouts.js',
  cost: './pages/cost.js',
  explore: './pages/explore.js',
  compare: './pages/compare.js',
  verdicts: './pages/verdicts.js',
  tomograms: './pages/tomograms.js',
  survey: './pages/survey.js',
  method: './pages/method.js',
};
const FIRST = 'answer';

const main = document.getElementById('main');
let shown = null;
let turn = 0;

/* Draws the page of the address; a slower one that was asked for before is dropped. */
async function show() {
  const { name, params } = address();
  if (name === 'overview') {
    location.replace(to('releases', Object.fromEntries(params)));
    return;
  }
  if (ofGraphs(name)) {
    location.replace('all-graphs.html' + location.hash);
    return;
  }
  turn += 1;
  const own = turn;
  const page = name || FIRST;
  mark(page);
  if (!Object.hasOwn(PAGES, page)) {
    unknown(page);
    return;
  }
  try {
    const drawing = await import(PAGES[page]);
    const content = await drawing.load(params);
    if (own !== turn) { return; }
    const focused = document.activeElement && document.activeElement.id;
    const place = element('div', null, { class: page + '-page', id: page + '-display' });
    main.replaceChildren(place);
    document.title = drawing.title + ' \u2013 cryoet-zarr-bench';
    drawing.draw(place, content, params);
    settle(page, focused);
  } catch (error) {
    if (own === turn) { failed(error); }
  }
}

/* A new page is read from its top; on the same one the control that was used keeps the focus. */
function settle(page, focused) {
  if (shown !== null && shown !== page) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  } else if (focused && document.getElementById(focused)) {
    document.getElementById(focused).focus({ preventScroll: true });
  }
  shown = page;
  main.dataset.address = location.hash;
}

function mark(page) {
  document.querySelectorAll('#tabs a').forEach((link) => {
    if (link.getAttribute('href') === '#/' + (page === FIRST ? '' : page)) {
      link.setAttribute('aria-current', 'page');
    } else { link.removeAttribute('aria-current'); }
  });
  menu(false);
}

function unknown(page) {
  shown = page;
  main.replaceChildren(element('h1', 'There is no such page'),
    element('p', 'The address names \u201c' + page + '\u201d. The pages there are stand above.',
      { id: 'unknown-page' }));
}

function failed(error) {
  main.replaceChildren(element('h1', 'The page could not be drawn'),
    element('p', error.message + '. Load it again; if that does not help, publish again.',
      { role: 'alert' }));
  console.error(error);
}

function menu(isOpen) {
  document.getElementById('menu').setAttribute('aria-expanded', String(isOpen));
  document.getElementById('tabs').classList.toggle('open', isOpen);
}

document.getElementById('menu').addEventListener('click', (event) => {
  menu(event.currentTarget.getAttribute('aria-expanded') !== 'true');
});
const look = document.getElementById('theme');
look.textContent = themeInWords();
look.addEventListener('click', () => {
  nextTheme();
  look.textContent = themeInWords();
  show();
});
document.querySelector('.skip').addEventListener('click', (event) => {
  // The address names a page here: the link must not change it.
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', show);
show();
