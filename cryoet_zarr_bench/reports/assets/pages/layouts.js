/* How the field stores tomograms: layouts by what reading them takes, and questions with answers. */
import { chosenOf, go } from '../addresses.js';
import { choice, element, emptyTable, scrolling, textTable } from '../elements.js';
import { saves, sortable } from '../tables.js';
import { loadLayouts, notMeasured } from './measured_layouts.js';

export const title = 'Layouts';

/* The index, with the tomogram that is asked for if any was measured. */
export async function load(params) {
  const { index, tomogram } = await loadLayouts(params);
  return { ...index, tomogram: tomogram };
}

const COLUMNS = [
  ['s', 'seconds of the requests, modelled, with decoding on one core', (row) => seconds(row.seconds)],
  ['of today\'s', 'times the seconds of today\'s layout',
    (row, today) => (today ? (row.seconds / today.seconds).toFixed(2) : '')],
  ['CPU s', 'opening and decoding on one core', (row) => (row.cpu === null ? '' : seconds(row.cpu))],
  ['GETs', 'requests', (row) => String(row.gets)],
  ['MB fetched', 'bytes of all answers', (row) => (row.fetched / 1e6).toFixed(1)],
  ['stored', 'bytes on the disk over those in memory',
    (row, today, raw) => (row.stored_bytes / raw).toFixed(3)],
  ['files per TB', 'files for each TB in memory', (row) => row.files_per_tb.toLocaleString('en')],
  ['box changed', 'bytes moved for each byte, where a box of 64\u00b3 voxels is changed',
    (row) => row.changing_a_box.toFixed(1)],
  ['write, MB', 'the most memory that writing took',
    (row) => (row.write_memory === null ? '' : (row.write_memory / 1e6).toFixed(0))],
];

export function draw(place, content, params) {
  place.append(element('h1', 'How does each layout read?'));
  const { tomogram } = content;
  if (tomogram) {
    drawLayouts(place, content, choicesIn(content, params), tomogram);
  } else {
    place.append(notMeasured('layouts-sentence'));
  }
  if (content.questions.length) {
    place.append(element('h2', 'Questions, each answered with figures'),
      ...content.questions.map(question));
  }
}

/* What the address says; what it leaves out is as at first, so that Back goes back. */
function choicesIn(content, params) {
  const of = (key, known, usual) => chosenOf(params, key, known, usual);
  const todays = content.tomogram.todays.map(([name]) => name);
  return {
    place: of('place', content.places, content.usual),
    today: of('today', todays, todays.includes(content.today) ? content.today : todays[0]),
    pattern: of('pattern', content.patterns.map(([name]) => name), 'xy_slice'),
    tomogram: content.tomogram.name,
  };
}

function drawLayouts(place, content, chosen, tomogram) {
  const ask = (label, key, options) => choice(label, 'layouts-' + key, options, chosen[key],
    (value) => go('layouts', { ...chosen, [key]: value }));
  const choices = element('p', null, { class: 'choices' });
  choices.append(
    ask('read', 'pattern', content.patterns),
    ask('from', 'place', content.places.map((each) => [each, each])),
    ask('tomogram', 'tomogram', content.tomograms.map((each) => [each.name,
      each.name + ', ' + (each.raw_bytes / 1e6).toFixed(0) + ' MB'])),
    ask('today as', 'today', tomogram.todays));
  const rows = rowsOf(content, chosen, tomogram);
  place.append(choices,
    element('p', sentence(content, chosen, rows), { class: 'answer', id: 'layouts-sentence',
      'aria-live': 'polite' }));
  drawTable(place, chosen, tomogram, rows);
  place.append(element('p', 'Seconds are modelled from the requests that zarr-python makes, with '
    + 'decoding on one core; CPU s is what opening and decoding take on one core of this machine. '
    + 'stored: bytes on the disk over those in memory. box changed: bytes moved for each '
    + 'byte, where a box of 64\u00b3 voxels is changed. write, MB: the most memory that '
    + 'writing took. Named layouts are bold.', { class: 'note' }));
}

function shape(lengths) { return lengths.join('x'); }

function inChunks(each) {
  return shape(each.chunks) + (each.shards ? ' in ' + shape(each.shards) : '');
}

function seconds(value) { return value < 10 ? value.toPrecision(3) : value.toFixed(1); }

/* The layouts by the seconds of the pattern at the place, the least first. */
function rowsOf(content, chosen, tomogram) {
  const pattern = content.patterns.findIndex(([name]) => name === chosen.pattern);
  const place = content.places.indexOf(chosen.place);
  return tomogram.layouts.map((each) => {
    const [times, gets, fetched, cpu] = each.reading[pattern];
    return { ...each, seconds: times[place], gets: gets, fetched: fetched, cpu: cpu };
  }).sort((one, other) => one.seconds - other.seconds || one.stored_bytes - other.stored_bytes);
}

function drawTable(place, chosen, tomogram, rows) {
  const today = rows.find((each) => each.name === chosen.today);
  const headings = ['layout', 'chunks (z, y, x)', ...COLUMNS.map(([name]) => name)];
  const table = emptyTable(headings, (i) => i > 1, { id: 'layouts-table',
    'aria-label': 'Every layout by what is read' });
  [...table.tHead.rows[0].cells].slice(2).forEach((cell, i) => { cell.title = COLUMNS[i][1]; });
  rows.forEach((each) => {
    const row = element('tr', null, each === today ? { class: 'today' } : {});
    const name = element('td');
    name.append(element(each.about ? 'strong' : 'span', each.title, { title: each.about }));
    if (each === today) { name.append(document.createTextNode(' (today)')); }
    row.append(name, element('td', inChunks(each)));
    COLUMNS.forEach(([, , text]) => row.append(
      element('td', text(each, today, tomogram.raw_bytes), { class: 'number' })));
    table.tBodies[0].append(row);
  });
  place.append(scrolling(table), saves('layouts', headings, rows.map((each) => [each.title,
    inChunks(each), ...COLUMNS.map(([, , text]) => text(each, today, tomogram.raw_bytes))])));
  sortable(table);
}

function sentence(content, chosen, rows) {
  const today = rows.find((each) => each.name === chosen.today);
  const pattern = content.patterns.find(([name]) => name === chosen.pattern)[1];
  const best = rows[0];
  const from = chosen.place.startsWith('a ') ? chosen.place : 'S3 (' + chosen.place + ')';
  const said = pattern + ' from ' + from + ': ' + best.title + ' takes ' + seconds(best.seconds) + ' s';
  return said + (today && today !== best ? ', ' + today.title + ' ' + seconds(today.seconds)
    + ' s.' : '.');
}

function question(each) {
  const box = element('details');
  const summary = element('summary');
  summary.append(element('strong', each.title), document.createTextNode(' ' + each.line));
  const table = textTable(each.headings, each.rows, { 'aria-label': each.title });
  const again = element('p', 'Measure it: ', { class: 'note' });
  again.append(element('code', each.command));
  box.append(summary, scrolling(table));
  if (each.note) {
    // A link in Markdown is its text here.
    const note = each.note.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    box.append(element('p', note, { class: 'note' }));
  }
  box.append(again);
  return box;
}
