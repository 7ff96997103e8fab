/* Tables that can be sorted and searched, by DataTables, and saved. */
import { element } from './elements.js';

let library = null;

/* Makes a table of the page sortable by its headings; `options` are DataTables' own. */
export async function sortable(table, options) {
  library = library || import('../vendor/dataTables.min.mjs');
  const { default: DataTable } = await library;
  const made = new DataTable(table, { paging: false, info: false, searching: false, order: [],
    autoWidth: false, ...(options || {}) });
  table.setAttribute('data-sortable', 'yes');
  return made;
}

/* Links that save what is shown: headings and rows of texts and numbers. */
export function saves(name, headings, rows) {
  const place = element('p', 'Save this: ', { class: 'saves' });
  const named = rows.map((row) => Object.fromEntries(headings.map((heading, i) => [heading, row[i]])));
  [['CSV', 'text/csv', [headings, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n') + '\r\n'],
    ['JSON', 'application/json', JSON.stringify(named, null, 1) + '\n']].forEach(([kind, type, text]) => {
    const button = element('button', kind, { type: 'button', class: 'small' });
    button.addEventListener('click', () => save(name + '.' + kind.toLowerCase(), type, text));
    place.append(button, document.createTextNode(' '));
  });
  return place;
}

function quoted(value) {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}

function save(name, type, text) {
  const link = element('a', null, { download: name,
    href: URL.createObjectURL(new Blob([text], { type: type })) });
  link.click();
  URL.revokeObjectURL(link.href);
}
