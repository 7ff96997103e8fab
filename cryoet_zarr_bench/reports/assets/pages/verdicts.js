/* What each release changed, judged side by side with the one before it. */
import { chosenOf, go, to } from '../addresses.js';
import { choice, counted, element, emptyTable, scrolling, unique } from '../elements.js';
import * as evidence from '../evidence.js';
import { load as published } from '../published_files.js';
import { saves } from '../tables.js';

const SIGNS = { regression: '\u25b2', improvement: '\u25bc', mixed: '\u25c6', inconclusive: '?',
  'no change within 10 %': '=', seen: '\u2713',
  'seen in instructions': '\u2713', 'not seen': '\u2717', 'not measured': '\u2013',
  'n/a': '\u2013', 'no figure': '!' };
const KINDS = { regression: 'regression', improvement: 'improvement', mixed: 'mixed',
  inconclusive: 'unclear', 'no change within 10 %': 'same', seen: 'seen',
  'seen in instructions': 'seen', 'not seen': 'unseen',
  'no figure': 'failed' };
const CHOSEN_BY = { candidate: "asv's figures", sentinel: 'in every step',
  announced: 'release notes' };

export const title = 'Verdicts';

export function load() { return Promise.all(['verdicts.json', 'noise.json'].map(published)); }

/* What can become of an announced change. */
const FOUND = ['seen', 'seen in instructions', 'mixed', 'not seen', 'inconclusive',
  'not measured'];

/* The rows that are open; they stay so while other rows are chosen. */
const open = new Set();
let verdicts = null;
let noise = null;
let chosen = null;

/* A word with its sign, so that nothing hangs on colour. */
function said(word, text) {
  const box = element('span', null, { class: 'verdict ' + (KINDS[word] || 'none') });
  box.append(element('span', SIGNS[word] || '\u2013', { class: 'sign', 'aria-hidden': 'true' }),
    document.createTextNode(' ' + (text || word)));
  return box;
}

function releaseLink(tag, known) {
  const name = tag.replace('-', ' ');
  return known ? element('a', name, { href: to('releases', { release: tag }) })
    : document.createTextNode(name);
}

function judgements(step) {
  return Object.fromEntries(step.judgements.map((row) => [verdicts.benchmarks[row[0]].name,
    { word: row[1], said: row[2], judged: row[3], changed: row[4], strongest: row[5],
      opposite: row[6] }]));
}

function isChanged(step) { return step.changes.length > 0; }

function stepsOfSeries() {
  return verdicts.steps.filter((step) => step.series === Number(chosen.series));
}

/* The rows to show, as the address says. */
function choose(params) {
  chosen = {
    series: chosenOf(params, 'series', verdicts.series.map((each, i) => i), 0),
    branch: '',
    project: chosenOf(params, 'project', ['', 'zarr', 'numcodecs'], ''),
    changed: chosenOf(params, 'changed', ['', 'only'], ''),
  };
  chosen.branch = chosenOf(params, 'branch', ['', ...branchesOfSeries()], '');
}

function branchesOfSeries() {
  return unique(stepsOfSeries().map((step) => step.branch)).filter(Boolean).sort().reverse();
}

function change(key, value) { go('verdicts', { ...chosen, [key]: value }); }

function ask(label, key, options) {
  return choice(label, 'verdicts-' + key, options, chosen[key], (value) => change(key, value));
}

function choices() {
  const place = element('p', null, { class: 'choices' });
  if (verdicts.series.length > 1) {
    place.append(ask('measured on', 'series', verdicts.series.map((each, i) =>
      [i, [each.tomogram, each.machine, 'Python ' + each.python].join(', ')])));
  }
  place.append(ask('branch', 'branch', [['', 'all'],
    ...branchesOfSeries().map((name) => [name, 'zarr ' + name])]));
  place.append(ask('new in it', 'project', [['', 'any'], ['zarr', 'zarr'],
    ['numcodecs', 'numcodecs']]));
  const box = element('label');
  const check = element('input', null, { type: 'checkbox', id: 'verdicts-changed' });
  check.checked = chosen.changed === 'only';
  check.addEventListener('change', () => change('changed', check.checked ? 'only' : ''));
  box.append(check, document.createTextNode(' only changes'));
  place.append(box);
  return place;
}

function drawFound(steps, place) {
  const words = steps.flatMap((step) => Object.values(judgements(step)).map((each) => each.word));
  const count = (word) => words.filter((each) => each === word || each === 'mixed').length;
  const withCells = steps.filter((step) => step.cells.length > 0);
  const changedIn = steps.filter((step) => Object.values(judgements(step))
    .some((each) => each.changed > 0)).length;
  const onDisk = steps.filter((step) => Object.keys(step.differences).length > 0).length;
  const exactIn = steps.filter((step) => step.exact.length > 0).length;
  const series = verdicts.series[chosen.series];
  const unclear = words.filter((word) => word === 'inconclusive').length;
  place.append(element('p', withCells.length + ' of ' + verdicts.steps_of_catalogue
    + ' steps of the catalogue judged. Confirmed: ' + counted(count('regression'), 'regression',
    'regressions') + ' and ' + counted(count('improvement'), 'improvement', 'improvements')
    + ' of a benchmark, in ' + counted(changedIn, 'release', 'releases') + '; '
    + unclear + ' inconclusive. Other bytes, files or metadata on the disk: in '
    + counted(onDisk, 'release', 'releases') + '; exact figures: in '
    + counted(exactIn, 'release', 'releases') + '.',
  { class: 'answer', id: 'verdicts-found' }));
  place.append(element('p', 'Each release was compared with the one just before it on its branch; '
    + 'both ran in turn, in pairs of fresh processes. Tomogram: ' + series.tomogram + '. Machine: '
    + series.machine + ', Python ' + series.python + '. '
    + evidence.spreadInWords(noise, series), { class: 'note' }));
  const alike = withCells.filter((step) => !step.draws_layout).length;
  if (alike) {
    place.append(element('p', counted(alike, 'step was ', 'steps were ')
      + verdicts.layout_caveat, { class: 'note', id: 'verdicts-layout' }));
  }
}

function drawHowToRead(place) {
  place.append(element('h2', 'How to read it'));
  const list = element('ul', null, { class: 'note verdicts-reading' });
  [['Exact figures', 'bytes, files and requests. They are the same in each run, so a difference is '
    + 'a change. Named are the largest, each in the cell where it is largest.'],
  ['Ratio', 'the time of the release divided by that of the one before it: above 1 is slower, or '
    + 'more memory. CPU time decides; wall time decides only if it changed by more than 25 % and '
    + 'CPU time did not.'],
  ['[low, high]', 'the interval that holds the true ratio with 99 % confidence.'],
  ['no change within 10 %', 'the whole interval lies within 10 % of 1: a larger change is ruled '
    + 'out.'],
  ['inconclusive', 'the pairs show neither a change nor its absence; \u00b1 is how well the '
    + 'ratio is known.'],
  ['n of m cells', 'of the m combinations of codec, chunks and format that were judged, n '
    + 'changed; the field is filled only where most of them did. The ratio is that of the cell that '
    + 'changed most, or else of the cell farthest from 1. Open a row to see all of them.'],
  ].forEach(([what, means]) => {
    const item = element('li');
    item.append(element('b', what), document.createTextNode(': ' + means));
    list.append(item);
  });
  place.append(list);
}

function judgedCell(step, judgement) {
  const td = element('td');
  if (!judgement) {
    td.className = 'none';
    td.append(element('span', 'not judged', { class: 'cells' }));
    return td;
  }
  td.className = KINDS[judgement.word] || 'none';
  // A few cells are not the benchmark: only where most changed is the field filled.
  if (judgement.changed && 2 * judgement.changed <= judgement.judged) { td.classList.add('some'); }
  td.append(said(judgement.word, judgement.said.replace('+-', '\u00b1').replace(' within 10 %', '')));
  if (judgement.strongest === null) { return td; }
  const cells = evidence.cells(verdicts, step);
  [judgement.strongest, judgement.opposite].filter((place) => place !== null).forEach((place) => {
    const values = evidence.deciding(cells[place]);
    const line = element('span', null, { class: 'ratio', title: cells[place].config + ', '
      + cells[place].by });
    if (values[0] === null) { return; }
    line.append(element('b', values[0].toFixed(2)), document.createTextNode(' '),
      element('span', evidence.interval(values[1], values[2]), { class: 'interval' }),
      document.createTextNode(cells[place].by === 'wall time' ? ' wall' : ''));
    td.append(line);
  });
  if (judgement.changed) {
    td.append(element('span', judgement.changed + ' of '
      + counted(judgement.judged, 'cell', 'cells'), { class: 'cells' }));
  }
  return td;
}

function drawSteps(steps, place) {
  const used = new Set(stepsOfSeries().flatMap((step) => step.judgements.map((row) => row[0])));
  const benchmarks = verdicts.benchmarks.filter((each, i) => used.has(i));
  const table = emptyTable(['release', 'exact figures', ...benchmarks.map((each) => each.title),
    'changed'], () => false, { class: 'verdicts-table', 'aria-label': 'Release by release' });
  const body = table.tBodies[0];
  steps.forEach((step) => {
    const key = step.series + ' ' + step.release;
    const row = element('tr', null, { class: 'step', 'data-release': step.release });
    const name = element('td', null, { class: 'release' });
    const button = element('button', null, { type: 'button', class: 'verdicts-open',
      title: 'the single cells and what differs on the disk' });
    name.append(button, releaseLink(step.release, step.branch !== null));
    if (step.date) { name.append(element('span', step.date, { class: 'cells' })); }
    row.append(name);
    // What is sure stands first.
    const exact = element('td', null, { class: 'exact' });
    (step.exact.length ? step.exact : ['equal']).forEach((said) =>
      exact.append(element('span', said, { class: 'cells' })));
    row.append(exact);
    const words = judgements(step);
    if (step.cells.length) {
      benchmarks.forEach((each) => row.append(judgedCell(step, words[each.name])));
    } else {
      row.append(element('td', 'no verdict: ' + (step.reason || 'no cell was compared'),
        { colspan: benchmarks.length, class: 'none' }));
    }
    const kinds = element('td', null, { class: 'kinds' });
    step.changes.forEach((kind) => kinds.append(
      element('span', kind.replace(/ changed$/, ''), { class: 'kind', title: kind })));
    row.append(kinds);
    body.append(row);
    let details = null;
    const show = () => {
      const isOpen = open.has(key);
      button.textContent = isOpen ? '\u25be' : '\u25b8';
      button.setAttribute('aria-expanded', isOpen);
      button.setAttribute('aria-label', 'details of ' + step.release);
      if (isOpen && !details) {
        details = element('tr', null, { class: 'details' });
        const td = element('td', null, { colspan: benchmarks.length + 3 });
        const box = element('div');
        drawDetails(step, box);
        td.append(box);
        details.append(td);
      }
      if (isOpen) { row.after(details); } else if (details) { details.remove(); }
    };
    button.addEventListener('click', () => {
      if (!open.delete(key)) { open.add(key); }
      show();
    });
    show();
  });
  place.append(scrolling(table));
  if (!steps.length) {
    place.append(element('p', 'No judged step matches.', { class: 'note' }));
    return;
  }
  place.append(saves('verdicts',
    ['release', 'compared with', 'benchmark', 'config', 'verdict', 'by', 'ratio', 'low', 'high', 'pairs'],
    steps.flatMap((step) => evidence.cells(verdicts, step).map((cell) => [step.release, step.parent,
      cell.benchmark, cell.config, cell.verdict, cell.by, ...evidence.deciding(cell), cell.pairs]))));
}

function drawDetails(step, place) {
  place.append(element('p', (step.pair ? 'The pair ' + step.pair : step.release)
    + ', compared with ' + step.parent.replace('-', ' ') + ' on '
    + step.measured_at.replace('T', ' ').replace(/:\d\dZ$/, ' UTC') + ', seed ' + step.seed + '.'));
  drawDifferences(step, place);
  drawExact(step, place);
  const cells = [...evidence.cells(verdicts, step)];
  const order = ['regression', 'improvement', 'inconclusive', 'no figure',
    'no change within 10 %', 'n/a'];
  cells.sort((one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict)
    || evidence.distance(other) - evidence.distance(one));
  if (!cells.length) { return; }
  const title = Object.fromEntries(verdicts.benchmarks.map((each) => [each.name, each.title]));
  const rows = cells.map((cell) => [
    title[cell.benchmark],
    cell.config,
    withReason(cell),
    evidence.ratio([cell.ratio, cell.low, cell.high]),
    String(cell.pairs),
    cell.wallPairs ? evidence.ratio([cell.wallRatio, cell.wallLow, cell.wallHigh]) : '',
    cell.wallPairs ? String(cell.wallPairs) : '',
    cell.screened === null ? '' : cell.screened.toFixed(2),
    CHOSEN_BY[cell.why] || cell.why || '',
  ]);
  place.append(plainTable({ benchmark: 'name', config: 'name', verdict: '',
    'CPU time or memory': 'number', pairs: 'number', 'wall time': 'number', 'wall pairs': 'number',
    "asv's ratio": 'number', 'chosen by': 'name' }, rows));
}

function withReason(cell) {
  const box = element('span');
  box.append(said(cell.verdict, cell.verdict + (cell.by === 'wall time' ? ' (by wall time)' : '')));
  if (cell.reason) { box.append(document.createTextNode(': ' + cell.reason)); }
  return box;
}

/* The exact differences; configs that differ in the same things stand in one row. */
function drawDifferences(step, place) {
  const groups = new Map();
  Object.entries(step.differences).forEach(([config, unlike]) => {
    const said = Object.entries(unlike).map(([what, how]) => what + ': '
      + how.replace(' -> ', ' \u2192 ')).join('; ');
    groups.set(said, [...(groups.get(said) || []), config.replace(/_/g, ' ')]);
  });
  if (!step.compared) {
    place.append(element('p', 'On the disk: not compared.'));
  } else if (!groups.size) {
    place.append(element('p', 'On the disk: the same bytes, files and metadata in all '
      + step.compared + ' configs.'));
  } else {
    place.append(element('p', 'On the disk, in ' + Object.keys(step.differences).length + ' of '
      + step.compared + ' configs:'));
    place.append(plainTable({ config: '', 'differs in': '' },
      [...groups].map(([what, configs]) => [configs.join(', '), what])));
  }
}

/* What changed without any doubt, figure by figure. */
function drawExact(step, place) {
  if (!step.exact_cells.length) { return; }
  const number = (value) => (value === null ? '?' : Number(value.toPrecision(7)).toLocaleString('en'));
  place.append(element('p', 'Exact figures that changed by 1 % or more:'));
  place.append(plainTable({ figure: '', config: 'name', before: 'number', after: 'number' },
    step.exact_cells.map(([title, config, before, after]) =>
      [title, config, number(before), number(after)])));
}

/* A table of texts and elements; `columns` maps each heading to the class of its column. */
function plainTable(columns, rows) {
  const kinds = Object.values(columns);
  const table = emptyTable(Object.keys(columns), () => false, { class: 'verdicts-cells' });
  [...table.tHead.rows[0].cells].forEach((cell, i) => { cell.className = kinds[i]; });
  rows.forEach((row) => {
    const line = element('tr');
    row.forEach((content, i) => {
      const td = element('td', null, { class: kinds[i] });
      td.append(content);
      line.append(td);
    });
    table.tBodies[0].append(line);
  });
  return table;
}

/* A source is a link only where it is a page of the web, by an encrypted connection. */
function sourceLink(source) {
  let address = null;
  try { address = new URL(source); } catch (error) { /* not an address */ }
  return address && address.protocol === 'https:'
    ? element('a', 'source', { href: address.href, rel: 'noopener noreferrer', target: '_blank' })
    : document.createTextNode(source ? '(' + source + ')' : '');
}

function announcement(change) {
  const box = element('span', change.says + ' ');
  box.append(sourceLink(change.source));
  return box;
}

function drawAnnounced(place) {
  const rows = verdicts.announced.filter((each) => each.series === Number(chosen.series));
  place.append(element('h2', 'Changes that release notes announce, and whether they are seen'));
  if (!rows.length && !verdicts.elsewhere.length) {
    place.append(element('p', 'No announced changes are listed.', { class: 'note' }));
    return;
  }
  const counts = FOUND.map((word) => [rows.filter((row) => row.status === word).length, word])
    .filter(([number]) => number).map(([number, word]) => number + ' ' + word).join(', ');
  place.append(element('p', 'Of ' + counted(rows.length, 'announced change', 'announced changes')
    + ' that these benchmarks could see: ' + counts + '. Seen in instructions: the work changed, '
    + 'by too little for a time to tell. Mixed: in some cells as announced, in others the other '
    + 'way. Not seen: no cell that could show it changed so; the nearest cell is named. A release '
    + 'has several changes, and a cell shows their sum. Candidate: known from the anchored '
    + 'history, not confirmed side by side.', { class: 'note' }));
  const columns = { release: '', announced: '', expected: '', found: '', by: '' };
  const table = plainTable(columns, rows.map((row) => [
    releaseLink(row.seen_in || '', row.known), announcement(row), row.expected || 'any change',
    said(row.status), row.evidence.replace(' -> ', ' \u2192 ')]));
  table.id = 'verdicts-announced';
  place.append(scrolling(table));
  if (verdicts.elsewhere.length) {
    const rest = element('details');
    rest.append(element('summary', counted(verdicts.elsewhere.length, 'other announced change',
      'other announced changes') + ' that these benchmarks cannot see'));
    rest.append(plainTable({ release: '', announced: '', 'not measured because': '' },
      verdicts.elsewhere.map((change) => [change.project + ' ' + change.version,
        announcement(change), change.why])));
    place.append(rest);
  }
}

export function draw(page, content, params) {
  [verdicts, noise] = content;
  choose(params);
  page.append(element('h1', 'What did each release of zarr and numcodecs change?'));
  if (!verdicts.steps.length) {
    const none = element('p', 'No verdicts yet: run ', { id: 'verdicts-found' });
    none.append(element('code', 'cryoet-zarr-bench verdicts'), document.createTextNode('.'));
    page.append(none);
  } else {
    const steps = stepsOfSeries();
    drawFound(steps, page);
    drawHowToRead(page);
    page.append(element('h2', 'Release by release'), choices());
    drawSteps(steps.filter((step) => (!chosen.branch || step.branch === chosen.branch)
      && (!chosen.project || step.project === chosen.project)
      && (!chosen.changed || isChanged(step))), page);
  }
  drawAnnounced(page);
}
