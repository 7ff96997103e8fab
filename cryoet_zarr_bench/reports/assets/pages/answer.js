/* The first page: one question, one answer, and the layouts that it was chosen from. */
import { chosenOf, go, to } from '../addresses.js';
import { chart } from '../charts.js';
import { choice, copyButton, element, emptyTable, scrolling } from '../elements.js';
import { saves } from '../tables.js';
import { loadLayouts } from './measured_layouts.js';

export const title = 'Answer';

const STAR = 'M0,-1L0.29,-0.4L0.95,-0.31L0.48,0.15L0.59,0.81L0,0.5L-0.59,0.81L-0.48,0.15L-0.95,-0.31'
  + 'L-0.29,-0.4Z';
/* What a layout is in the answer: its colour, shape and size in the chart. */
const ROLES = {
  recommended: ['#0072b2', 'circle', 190],
  'as good': ['#56a0d3', 'circle', 110],
  today: ['#d55e00', STAR, 210],
  'other layout': ['#98a1ac', 'circle', 60],
  'file, no Zarr': ['#98a1ac', 'square', 60],
};

export const load = loadLayouts;

export function draw(page, { index, tomogram }, params) {
  page.append(element('h1', 'How should a cryo-electron tomogram be stored in Zarr?'));
  if (!tomogram) {
    // Where no layouts were measured, as on one's own machine, there is what was.
    location.replace('#/releases');
    return;
  }
  const chosen = choicesIn(index, tomogram, params);
  const answer = answerOf(index, tomogram, chosen);
  page.append(question(index, tomogram, chosen),
    element('p', answer.sentence, { class: 'answer', id: 'answer-sentence', 'aria-live': 'polite' }),
    element('p', howSure(index, tomogram, answer), { class: 'note', id: 'answer-sure' }));
  const rows = rowsOf(index, tomogram, chosen, answer);
  drawChart(page, chosen, rows, answer);
  drawDetails(page, tomogram, chosen, rows, answer);
  drawBest(page, chosen, rows, answer);
}

function choicesIn(index, tomogram, params) {
  const of = (key, known, usual) => chosenOf(params, key, known, usual);
  const todays = tomogram.todays.map(([name]) => name);
  return {
    tomogram: tomogram.name,
    place: of('place', index.places, index.usual),
    purpose: of('purpose', index.purposes.map(([name]) => name), index.purposes[0][0]),
    today: of('today', todays, todays.includes(index.today) ? index.today : todays[0]),
    layout: of('layout', tomogram.layouts.map((each) => each.name), ''),
  };
}

/* The question as a sentence with gaps. */
function question(index, tomogram, chosen) {
  // A layout that was looked at belongs to the answer before.
  const ask = (label, key, options) => choice(label, 'answer-' + key, options, chosen[key],
    (value) => go('', { ...chosen, layout: '', [key]: value }));
  const place = element('p', null, { class: 'choices question' });
  place.append(
    ask('I store', 'tomogram', index.tomograms.map((each) => [each.name, inWords(each)])),
    ask('on', 'place', index.places.map((each) => [each, placeInWords(each)])),
    ask('for', 'purpose', index.purposes),
    ask('today as', 'today', tomogram.todays));
  return place;
}

function inWords(tomogram) {
  const size = tomogram.raw_bytes < 1e9 ? (tomogram.raw_bytes / 1e6).toFixed(0) + ' MB'
    : (tomogram.raw_bytes / 1e9).toFixed(1) + ' GB';
  return tomogram.dtype + ', ' + tomogram.shape.join(' x ') + ' (' + size + ')';
}

function placeInWords(place) { return place.startsWith('a ') ? place : 'S3, ' + place; }

/* The answer as the package computed it: no winner is chosen here. */
function answerOf(index, tomogram, chosen) {
  const purpose = index.purposes.findIndex(([name]) => name === chosen.purpose);
  const found = tomogram.answers[purpose][index.places.indexOf(chosen.place)];
  const [best, tied, front, pick, rest, against, machines] = found;
  const today = tomogram.todays.findIndex(([name]) => name === chosen.today);
  return { best: best, tied: tied, front: front, machines: machines,
    pattern: index.purposes[purpose][2],
    sentence: [pick, against[today], rest].filter(Boolean).join(' ') };
}

function howSure(index, tomogram, answer) {
  const count = index.tomograms.length;
  return 'How sure: bytes, files and requests are exact for this tomogram; ' + count
    + (count === 1 ? ' tomogram was' : ' tomograms were') + ' measured, on ' + tomogram.machine
    + '. ' + answer.machines + ' Seconds are modelled from the requests, with decoding on one core; layouts within 5 % '
    + 'of the best are called as good. ' + (index.validated || '');
}

/* The layouts with what the chart and the table show. */
function rowsOf(index, tomogram, chosen, answer) {
  const pattern = index.patterns.findIndex(([name]) => name === answer.pattern);
  const place = index.places.indexOf(chosen.place);
  return tomogram.layouts.map((each, number) => {
    const [times, gets, fetched] = each.reading[pattern];
    return {
      layout: each, name: each.name, title: each.title, number: number,
      chunks: each.chunks.join('x') + (each.shards ? ' in ' + each.shards.join('x') : ''),
      codecs: each.codecs, format: each.format,
      stored: each.stored_bytes / tomogram.raw_bytes, seconds: times[place],
      gets: gets, fetched: fetched, files: each.files_per_tb,
      pattern: index.patterns[pattern][1],
      role: number === answer.best[0] ? 'recommended' : answer.tied.includes(number) ? 'as good'
        : each.name === chosen.today ? 'today' : each.is_file ? 'file, no Zarr' : 'other layout',
      isToday: each.name === chosen.today,
    };
  });
}

async function drawChart(page, chosen, rows, answer) {
  const pattern = rows[0].pattern;
  page.append(element('h2', 'Size against time: ' + pattern));
  const place = element('figure', null, { id: 'answer-chart', class: 'chart',
    'aria-label': 'Every layout by its size and by the seconds of: ' + pattern
      + '. The table below has the best of them.' });
  page.append(place, element('p', 'Below and to the left is better. The line joins the layouts that '
    + 'no other beats in both. Choose a point to see its figures and the line of Python that makes '
    + 'it.', { class: 'note' }));
  const values = rows.map(({ layout, ...row }) => ({ ...row, size: ROLES[row.role][2] }));
  const line = answer.front.map((number) => values[number]);
  const x = { field: 'stored', type: 'quantitative', scale: { zero: false, padding: 14 },
    title: 'bytes stored over bytes in memory, all levels' };
  const y = { field: 'seconds', type: 'quantitative', scale: { type: 'log', nice: false, padding: 14 },
    title: 'seconds: ' + pattern, axis: { format: '~g' } };
  const tooltip = [{ field: 'title', title: 'layout' }, { field: 'codecs' }, { field: 'chunks' },
    { field: 'format' }, { field: 'seconds', format: '.3g' },
    { field: 'stored', title: 'stored', format: '.3f' }, { field: 'gets', title: 'requests' },
    { field: 'role', title: ' ' }];
  const drawn = await chart(place, {
    width: 'container', height: 340,
    layer: [
      { name: 'front', data: { values: line },
        mark: { type: 'line', interpolate: 'step-after', color: '#98a1ac', strokeDash: [4, 3] },
        encoding: { x: x, y: y } },
      { name: 'layouts', data: { values: values },
        mark: { type: 'point', filled: true, opacity: 0.95, cursor: 'pointer' },
        encoding: { x: x, y: y, tooltip: tooltip,
          color: byRole(values, 0, { orient: 'top', title: null, columns: 3 }),
          shape: byRole(values, 1, { orient: 'top', title: null, columns: 3 }),
          size: { field: 'size', type: 'quantitative', scale: null, legend: null } } },
    ],
  });
  drawn.view.addEventListener('click', (event, item) => {
    if (item && item.datum && item.datum.name) {
      go('', { ...chosen, layout: item.datum.name });
    }
  });
}

/* A channel of the chart by the role of a layout; only roles that there are stand in the legend. */
function byRole(values, channel, legend) {
  const roles = Object.keys(ROLES).filter((role) => values.some((each) => each.role === role));
  return { field: 'role', type: 'nominal', legend: legend,
    scale: { domain: roles, range: roles.map((role) => ROLES[role][channel]) } };
}

/* What is known of one layout, the recommended one at first, and the Python that makes it. */
function drawDetails(page, tomogram, chosen, rows, answer) {
  const row = rows.find((each) => each.name === chosen.layout) || rows[answer.best[0]];
  const { layout } = row;
  page.append(element('h2', 'One layout: ' + row.title));
  const choices = element('p', null, { class: 'choices' });
  choices.append(choice('layout', 'answer-layout',
    [...rows].sort((one, other) => one.title.localeCompare(other.title))
      .map((each) => [each.name, each.title]), row.name,
    (value) => go('', { ...chosen, layout: value })));
  const figures = row.codecs + ', chunks of ' + row.chunks + ', format ' + row.format + ': '
    + row.seconds.toPrecision(3) + ' s and ' + row.gets + ' requests (' + row.pattern + '), '
    + (row.fetched / 1e6).toFixed(1) + ' MB fetched, stored ' + row.stored.toFixed(3)
    + ' of memory, ' + row.files.toLocaleString('en') + ' files per TB. '
    + (layout.unable.length ? 'Not read by ' + layout.unable.join(', ') + '. '
      : 'Read by every engine that was tried. ')
    + 'Written by ' + layout.writer + ', ' + layout.measured_at.slice(0, 10) + '.';
  page.append(choices, element('p', (layout.about ? layout.about + '. ' : '') + figures,
    { id: 'answer-layout-figures' }));
  Object.entries(layout.create).forEach(([library, code], i) => {
    const box = element('details', null, i ? {} : { open: '' });
    const lines = element('pre', null, { tabindex: '0', role: 'region', 'aria-label': 'Python for ' + library });
    lines.append(element('code', code));
    box.append(element('summary', 'Make it with ' + library), lines, copyButton(code));
    page.append(box);
  });
  if (!Object.keys(layout.create).length) {
    page.append(element('p', layout.is_file
      ? 'It is a file, no Zarr.' : 'Its codecs have no name here: the library that wrote it makes it.',
      { class: 'note' }));
  }
}

/* Today's layout and the best ones, figure by figure. */
function drawBest(page, chosen, rows, answer) {
  page.append(element('h2', 'Today\u2019s layout and the best'));
  const headings = ['layout', 'chunks (z, y, x)', 's', 'requests', 'MB fetched', 'stored',
    'files per TB', 'answer'];
  const shown = [...rows.filter((row) => row.isToday && !answer.best.includes(row.number)),
    ...answer.best.map((number) => rows[number])];
  const table = emptyTable(headings, (i) => i > 1 && i < 7, { id: 'answer-best',
    'aria-label': 'Today\u2019s layout and the best' });
  const cells = shown.map((row) => [row.title, row.chunks, row.seconds.toPrecision(3), row.gets,
    (row.fetched / 1e6).toFixed(1), row.stored.toFixed(3), row.files.toLocaleString('en'),
    row.isToday && row.role === 'recommended' ? 'recommended, and today' : row.isToday ? 'today'
      : row.role === 'other layout' ? '' : row.role]);
  shown.forEach((row, i) => {
    const line = element('tr', null, row.isToday ? { class: 'today' } : {});
    cells[i].forEach((text, k) => {
      const td = element('td', null, k > 1 && k < 7 ? { class: 'number' } : {});
      if (k === 0) {
        td.append(element('a', text, { href: to('', { ...chosen, layout: row.name }) }));
      } else { td.textContent = text; }
      line.append(td);
    });
    table.tBodies[0].append(line);
  });
  page.append(scrolling(table), element('p', 's, requests and MB fetched are of: ' + rows[0].pattern
    + '. stored is bytes on the disk over those in memory. The page Layouts has every way of '
    + 'reading.', { class: 'note' }), saves('best-layouts', headings, cells));
}
