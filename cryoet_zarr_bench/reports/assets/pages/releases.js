/* A release: what every config takes with it, and one figure followed through all releases. */
import { chosenOf, go } from '../addresses.js';
import { choice, element, emptyTable, scrolling, unique } from '../elements.js';
import { load as published } from '../published_files.js';
import { saves } from '../tables.js';
import { written } from './figures.js';
import { drawHistory } from './release_history.js';

export const title = 'Releases';

const FILES = ['releases.json', 'verdicts.json', 'noise.json'];
const TIMES = [
  { benchmark: 'write.Write.time_write', heading: 'write', lower: true },
  { benchmark: 'read.Read.time_read_volume', heading: 'read all', lower: true },
  { benchmark: 'read.Read.time_read_xy_slice', heading: 'read XY slice', lower: true },
];
const EXACT = [
  { benchmark: 'storage.Storage.track_compression_ratio', heading: 'ratio', lower: false },
  { benchmark: 'storage.Storage.track_stored_bytes', heading: 'stored', lower: true },
  { benchmark: 'storage.Storage.track_file_count', heading: 'files', lower: true },
];

export async function load() {
  const [released, verdicts, noise] = await Promise.all(FILES.map(published));
  released.rows = released.rows || figures(released);
  return { released: released, verdicts: verdicts, noise: noise };
}

/* The figures of all series, one row a cell. */
function figures(released) {
  return released.figures.flatMap(([series, release, benchmark, ...cells]) => {
    const name = released.benchmarks[benchmark].name;
    return cells.map(([config, value, low, high, wide]) => {
      const [codec, chunks, format] = released.configs[config];
      return { series: series, release: release, benchmark: name,
        codec: codec, chunks: chunks, format: format, value: value, low: low, high: high,
        wide: Boolean(wide) };
    });
  });
}

export function draw(page, content, params) {
  const { released } = content;
  page.append(element('h1', 'What does each config take, release by release?'));
  if (!released.figures.length) {
    page.append(element('p', 'Nothing has been measured yet: run make bench.'));
    return;
  }
  const chosen = choicesIn(released, params);
  const every = released.rows.filter((row) => row.series === Number(chosen.series));
  const rows = ofChosenConfigs(released, chosen, every);
  drawSeries(page, released, released.series[chosen.series], rows);
  page.append(choices(released, chosen, every, rows));
  const table = element('div');
  const questions = element('div', null, { id: 'releases-questions' });
  page.append(table, questions);
  drawTable(table, released, chosen, rows);
  drawQuestions(questions, released, chosen);
  drawFollowed(page, content, chosen, rows, every);
}

/* What the address says; the newest release and the newest format where it says nothing. */
function choicesIn(released, params) {
  const of = (key, known, usual) => chosenOf(params, key, known, usual);
  const chosen = { series: of('series', released.series.map((each, i) => i), 0) };
  const every = released.rows.filter((row) => row.series === Number(chosen.series));
  const named = releaseNamed(released, params.get('release'));
  const branches = unique(released.releases.map((release) => release.branch));
  const usual = named && !line(released, '3.x').includes(named.index) ? '2.x' : '3.x';
  chosen.branch = of('branch', branches, branches.includes(usual) ? usual : branches[0]);
  chosen.configs = of('configs', ['few', 'all'], 'few');
  const onBranch = measuredOn(released, chosen.branch, every);
  const newest = onBranch[onBranch.length - 1];
  const shown = named && onBranch.includes(named.index) ? named.index : newest;
  chosen.release = shown === undefined ? null : released.releases[shown].tag;
  const formats = unique(every.map((row) => row.format));
  const own = unique(every.filter((row) => row.release === shown).map((row) => row.format));
  chosen.format = of('format', formats, Math.max(2, ...own));
  chosen.question = params.get('question');
  chosen.benchmark = params.get('benchmark');
  chosen.chunks = params.get('chunks');
  return chosen;
}

/* Elsewhere on the dashboard a release is a link that names its tag, or its commit. */
function releaseNamed(released, name) {
  const index = name ? released.releases.findIndex((each) => each.tag === name
    || each.commit.startsWith(name)) : -1;
  return index < 0 ? null : { index: index };
}

/* The rows of the configs that every profile has, or all, as chosen. */
function ofChosenConfigs(released, chosen, rows) {
  const few = rows.filter((row) => released.usual.some((each) =>
    each[0] === row.codec && each[1] === row.chunks));
  return chosen.configs === 'all' || !few.length ? rows : few;
}

/* The whole line of a branch, from the first release that both share. */
function line(released, branch) {
  const byTag = Object.fromEntries(released.releases.map((release, i) => [release.tag, i]));
  const tips = released.releases.filter((release) => release.branch === branch);
  const found = [];
  let at = tips.length ? byTag[tips[tips.length - 1].tag] : undefined;
  while (at !== undefined) {
    found.unshift(at);
    at = byTag[released.releases[at].parent];
  }
  return found;
}

export function measuredOn(released, branch, rows) {
  const measured = new Set(rows.map((row) => row.release));
  return line(released, branch).filter((i) => measured.has(i));
}

export function label(release) {
  return release.changed === 'zarr' ? 'zarr ' + release.zarr : 'numcodecs ' + release.numcodecs;
}

function drawSeries(page, released, series, rows) {
  const machine = released.machines[series.machine];
  const releases = unique(rows.map((row) => row.release)).length;
  page.append(element('p', 'Tomogram: ' + series.tomogram + '. Machine: ' + series.machine + ' ('
    + [machine.cpu, machine.num_cpu + ' cores', machine.os].filter(Boolean).join(', ')
    + '), Python ' + series.python + ', stores on ' + series.file_system + ', '
    + series.cores + '. '
    + releases + (releases === 1 ? ' release' : ' releases')
    + ' measured' + profilesInWords(series.profiles) + '. A number is reported only after its store '
    + 'was verified: same bits read back, the codec asked for, the release on the label.'));
  if (series.trust.length) {
    page.append(element('p', 'Can it be believed? ' + series.trust.join(' ').replace(/`/g, ''),
      { class: 'note', id: 'releases-trust' }));
  }
}

/* Releases may have been measured with a larger or a smaller part of the grid. */
function profilesInWords(profiles) {
  const names = Object.keys(profiles);
  return names.length === 1 ? ', profile ' + names[0]
    : ': ' + names.map((name) => profiles[name] + ' with profile ' + name).join(', ');
}

function asking(chosen) {
  return (label, key, options) => choice(label, 'releases-' + key, options, chosen[key],
    (value) => go('releases', { ...chosen, [key]: value }));
}

function choices(released, chosen, every, rows) {
  const ask = asking(chosen);
  const place = element('p', null, { class: 'choices' });
  if (released.series.length > 1) {
    place.append(ask('tomogram', 'series', released.series.map((each, i) =>
      [i, each.tomogram + ', ' + each.machine + ', Python ' + each.python])));
  }
  const branches = unique(released.releases.map((release) => release.branch)).sort().reverse();
  const onBranch = measuredOn(released, chosen.branch, rows).reverse();
  place.append(
    // A release of one branch is none of the other: the newest is shown, in its newest format.
    choice('branch', 'releases-branch', branches.map((name) => [name, 'zarr ' + name]), chosen.branch,
      (value) => go('releases', { ...chosen, branch: value, release: null, format: null })),
    ask('release', 'release', onBranch.map((i) =>
      [released.releases[i].tag, label(released.releases[i])])),
    ask('Zarr format', 'format', unique(every.map((row) => row.format)).sort()
      .map((format) => [format, format])));
  if (every.some((row) => !released.usual.some((each) =>
    each[0] === row.codec && each[1] === row.chunks))) {
    place.append(ask('configs', 'configs', [['few', 'the usual'], ['all', 'all']]));
  }
  return place;
}

/* The columns of the table of a release: wall time, or CPU time where that is all there is. */
function columnsOf(rows) {
  const hasWall = rows.some((row) => TIMES.some((each) => each.benchmark === row.benchmark));
  return [...TIMES.map((each) => (hasWall ? each
    : { ...each, benchmark: each.benchmark + '_cpu' })), ...EXACT];
}

function unitOf(released, benchmark) {
  return released.benchmarks.find((each) => each.name === benchmark).unit;
}

function drawTable(place, released, chosen, rows) {
  const index = released.releases.findIndex((each) => each.tag === chosen.release);
  if (index < 0) {
    place.append(element('p', 'Nothing was measured on this branch.'));
    return;
  }
  const release = released.releases[index];
  const here = rows.filter((row) => row.release === index && row.format === Number(chosen.format));
  place.append(element('h2', 'zarr ' + release.zarr + ' with numcodecs ' + release.numcodecs
    + ', Zarr format ' + chosen.format));
  if (!here.length) {
    place.append(element('p', 'This release cannot write Zarr format ' + chosen.format + ': n/a.'));
    return;
  }
  const said = released.answers.find((row) => row[0] === Number(chosen.series)
    && row[1] === index && row[2] === Number(chosen.format));
  if (said) { place.append(element('p', said[3], { class: 'answer' })); }
  const columns = columnsOf(here);
  place.append(scrolling(tableOf(released, here, columns)));
  place.append(element('p', 'Darker cells are better within their column; the best is bold. '
    + timesInWords(released, chosen, columns) + ' The ratio is bytes in memory '
    + 'over bytes stored, metadata included. The tomogram takes ' + written(rawBytes(here), 'bytes')
    + ' in memory. Point at a time to see MB/s.', { class: 'note' }),
  saves(chosen.release + '-format-' + chosen.format,
    ['codec', 'chunks', 'format', 'figure', 'unit', 'value', 'low', 'high'],
    here.map((row) => [row.codec, row.chunks, row.format, row.benchmark,
      unitOf(released, row.benchmark), row.value, row.low, row.high])));
}

function tableOf(released, here, columns) {
  const table = emptyTable(['codec', 'chunks (z, y, x)', ...columns.map((column) => column.heading)],
    (i) => i > 1, { id: 'releases-by-config', 'aria-label': 'Figures of every config' });
  const limits = columns.map((column) => {
    const values = here.filter((row) => row.benchmark === column.benchmark).map((row) => row.value);
    return [Math.min(...values), Math.max(...values)];
  });
  const raw = rawBytes(here);
  // Other questions have figures of other configs: those in which nothing of this was measured.
  const shown = here.filter((row) => columns.some((column) => column.benchmark === row.benchmark));
  unique(shown.map((row) => row.codec)).forEach((codec) => {
    const ofCodec = shown.filter((row) => row.codec === codec);
    unique(ofCodec.map((row) => row.chunks)).forEach((chunks, i, all) => {
      const row = element('tr', null, i === all.length - 1 ? { class: 'last' } : {});
      row.append(element('td', i ? '' : codec), element('td', chunks));
      columns.forEach((column, c) => {
        const cell = ofCodec.find((each) => each.benchmark === column.benchmark
          && each.chunks === chunks);
        row.append(cellOf(cell, column, limits[c], raw, unitOf(released, column.benchmark)));
      });
      table.tBodies[0].append(row);
    });
  });
  return table;
}

function cellOf(cell, column, [low, high], raw, unit) {
  const td = element('td', cell ? written(cell.value, unit) : 'n/a', { class: 'number' });
  if (!cell) { return td; }
  if (raw && (column.heading === 'write' || column.heading === 'read all')) {
    td.title = (raw / 1e6 / cell.value).toFixed(0) + ' MB/s';
  }
  const better = high > low ? (Math.log(column.lower ? high / cell.value : cell.value / low)
    / Math.log(high / low)) : 0;
  td.style.backgroundColor = 'rgba(31, 119, 180, ' + (0.42 * better).toFixed(3) + ')';
  if (cell.value === (column.lower ? low : high)) { td.classList.add('best'); }
  return td;
}

function timesInWords(released, chosen, columns) {
  const anchor = released.series[chosen.series].anchored_to;
  if (columns[0] !== TIMES[0]) {
    return 'Times are CPU times with one thread, from warm page cache, measured side by side with '
      + anchor.replace('-', ' ') + ' in the configs that have one.';
  }
  return 'Times are medians of wall time with one thread, from warm page cache'
    + (anchor ? ', of this release alone: compare configs by them, not releases.' : '.');
}

/* What the tomogram takes in memory, from a ratio and the bytes it is the ratio to. */
function rawBytes(rows) {
  const ratio = rows.find((row) => row.benchmark.endsWith('track_compression_ratio'));
  const stored = ratio && rows.find((row) => row.benchmark.endsWith('track_stored_bytes')
    && row.codec === ratio.codec && row.chunks === ratio.chunks);
  return stored ? ratio.value * stored.value : null;
}

/* What the newest release of a series says to the other questions, one at a time. */
function drawQuestions(place, released, chosen) {
  const found = (released.questions || []).find((each) => each.series === Number(chosen.series));
  if (!found) { return; }
  const release = released.releases[found.release];
  const titles = found.tables.map((table) => table.title);
  const asked = titles.includes(chosen.question) ? chosen.question : titles[0];
  const question = found.tables.find((table) => table.title === asked);
  place.append(element('h2', 'Other questions, zarr ' + release.zarr + ' with numcodecs '
    + release.numcodecs));
  const choices = element('p', null, { class: 'choices' });
  choices.append(choice('about', 'releases-question', titles.map((each) => [each, each]), asked,
    (value) => go('releases', { ...chosen, question: value })));
  place.append(choices, questionTable(question), element('p', question.says, { class: 'note' }));
}

/* A cell is a text, or [text, smaller text below it, whether it is the best]. */
function questionTable(question) {
  const isNumber = question.headings.map((heading, i) =>
    question.rows.some((row) => Array.isArray(row[i])));
  const table = emptyTable(question.headings, (i) => isNumber[i], { 'aria-label': question.title });
  question.rows.forEach((row) => {
    const made = element('tr');
    row.forEach((cell, i) => {
      const [text, beneath, best] = Array.isArray(cell) ? cell : [cell, '', false];
      const td = element('td', text, isNumber[i] ? { class: 'number' } : {});
      if (best) { td.classList.add('best'); }
      if (beneath) { td.append(element('small', beneath)); }
      made.append(td);
    });
    table.tBodies[0].append(made);
  });
  return scrolling(table);
}

/* One figure through the releases, with its choices; nothing where only one release has any. */
function drawFollowed(page, content, chosen, rows, every) {
  const { released } = content;
  const anchor = released.series[chosen.series].anchored_to;
  // Where releases were measured beside an anchor, a figure of one of them alone is not followed.
  const measured = released.benchmarks.filter((each) => unique(every.filter((row) =>
    row.benchmark === each.name).map((row) => row.release)).length > (anchor ? 1 : 0));
  if (!measured.length) { return; }
  const usual = anchor ? 'read.Read.time_read_xy_slice_cpu' : 'write.Write.time_write';
  const benchmark = measured.find((each) => each.name === chosen.benchmark)
    || measured.find((each) => each.name === usual) || measured[0];
  const followed = ofBenchmark(benchmark.name, rows, every);
  const formats = unique(followed.map((row) => row.format));
  const format = formats.includes(Number(chosen.format)) ? Number(chosen.format)
    : Math.max(...formats);
  const shapes = unique(followed.map((row) => row.chunks));
  const chunks = [chosen.chunks, '64x64x64', shapes[0]].find((each) => shapes.includes(each));
  page.append(element('h2', 'Through the releases, Zarr format ' + format));
  const ask = asking({ ...chosen, benchmark: benchmark.name, chunks: chunks });
  const asked = element('p', null, { class: 'choices' });
  asked.append(ask('figure', 'benchmark', measured.map((each) => [each.name, each.title])),
    ask('chunks', 'chunks', shapes.map((each) => [each, each])));
  const place = element('div', null, { id: 'releases-history', class: 'chart' });
  const note = element('div', null, { class: 'note', id: 'releases-note' });
  page.append(asked, place, note);
  const order = measuredOn(released, chosen.branch, rows);
  drawHistory(place, note, content, { series: Number(chosen.series), order: order,
    labels: order.map((i) => label(released.releases[i])), benchmark: benchmark, format: format,
    chunks: chunks, followed: followed, core: unique(rows.map((row) => row.codec)), label: label });
}

/* The rows of one benchmark: of the chosen configs, or of all where it has none of those. */
function ofBenchmark(name, rows, every) {
  const own = rows.filter((row) => row.benchmark === name);
  return own.length ? own : every.filter((row) => row.benchmark === name);
}
