/* Elements of a page, made of text: nothing that a file says is ever read as HTML. */

export function element(tag, text, attributes) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) { made.textContent = text; }
  Object.entries(attributes || {}).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
}

/* A label with a list to choose from; `changed` is called with what was chosen. */
export function choice(label, id, options, chosen, changed) {
  const box = element('label', label + ' ');
  const select = element('select', null, { id: id });
  options.forEach(([value, text]) => {
    const option = element('option', text, { value: value });
    option.selected = String(value) === String(chosen);
    select.append(option);
  });
  select.addEventListener('change', () => changed(select.value));
  box.append(select);
  return box;
}

/* A table with its headings; `numbers` says which columns stand at the right. */
export function emptyTable(headings, numbers, attributes) {
  const table = element('table', null, attributes);
  const head = element('tr');
  headings.forEach((text, i) => head.append(
    element('th', text, { scope: 'col', ...(numbers(i) ? { class: 'number' } : {}) })));
  table.append(element('thead'), element('tbody'));
  table.tHead.append(head);
  return table;
}

/* A table that is too wide for the screen scrolls by itself, the page does not. */
export function scrolling(table) {
  const box = element('div', null, { class: 'wide', tabindex: '0', role: 'region',
    'aria-label': table.getAttribute('aria-label') || 'table' });
  box.append(table);
  return box;
}

/* A table of texts, the first column of which has names and the others numbers. */
export function textTable(headings, rows, attributes) {
  const table = emptyTable(headings, (i) => i > 0, attributes);
  rows.forEach((texts) => {
    const row = element('tr');
    texts.forEach((text, i) => row.append(element('td', text, i ? { class: 'number' } : {})));
    table.tBodies[0].append(row);
  });
  return table;
}

/* A button that copies a text. */
export function copyButton(text) {
  const button = element('button', 'copy', { type: 'button', class: 'small' });
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(text).then(() => { button.textContent = 'copied'; });
  });
  return button;
}

export function counted(count, one, many) { return count + ' ' + (count === 1 ? one : many); }

export function unique(values) { return [...new Set(values)]; }
