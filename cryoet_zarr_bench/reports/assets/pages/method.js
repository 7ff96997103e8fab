/* How the figures are made, and how far they can be believed. */
import { element, scrolling, textTable } from '../elements.js';
import { load as published } from '../published_files.js';
import { saves } from '../tables.js';

export const title = 'Method';

export function load() { return published('method.json'); }

export function draw(page, content) {
  page.append(element('h1', 'How are the figures made, and how sure are they?'));
  content.trust.forEach((said) => page.append(element('p', said, { class: 'answer' })));
  page.append(element('h2', 'What is done'));
  const rules = element('ol', null, { id: 'method-rules' });
  content.rules.forEach(([what, how]) => {
    const item = element('li');
    item.append(element('strong', what), document.createTextNode(': ' + how));
    rules.append(item);
  });
  page.append(rules);
  content.tables.forEach((each) => drawTable(page, each));
}

function drawTable(page, each) {
  const table = textTable(each.headings, each.rows, { 'aria-label': each.title });
  page.append(element('h2', each.title), scrolling(table),
    element('p', each.note, { class: 'note' }),
    saves(each.title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/-$/, ''), each.headings,
      each.rows));
}
