/* Any figure against any other, of every config of a release; as points, as a heat map, by level. */
import { chosenOf, go } from '../addresses.js';
import { chart } from '../charts.js';
import { choice, element, unique } from '../elements.js';
import { saves } from '../tables.js';
import { written } from './figures.js';
import { label, load as loadReleases, measuredOn } from './releases.js';

export const title = 'Explore';

export const load = loadReleases;

const VIEWS = [['points', 'points'], ['heat', 'heat map: codec by chunks'],
  ['levels', 'level curves']];
const USUAL_X = 'storage.Storage.track_compression_ratio';
const USUAL_Y = 'read.Read.time_read_volume';
const BY = [['codec', 'codec'], ['family', 'kind of codec'], ['level', 'level'], ['chunks', 'chunks'],
  ['format', 'Zarr format']];

export function draw(page, { released }, params) {
  page.append(element('h1', 'Explore every config'));
  if (!released.figures.length) {
    page.append(element('p', 'Nothing has been measured yet: run make bench.'));
    return;
  }
  const series = chosenOf(params, 'series', released.series.map((each, i) => i), 0);
  const rows = released.rows.filter((row) => row.series === Number(series));
  const order = measuredOn(released, '3.x', rows);
  const tags = order.map((i) => released.releases[i].tag);
  const release = chosenOf(params, 'release', tags, tags[tags.length - 1]);
  const here = rows.filter((row) => released.releases[row.release].tag === release);
  const known = released.benchmarks.filter((each) => here.some((row) => row.benchmark === each.name));
  const names = known.map((each) => each.name);
  const figure = (key, usual) => chosenOf(params, key, names, names.includes(usual) ? usual : names[0]);
  const chosen = {
    series: series,
    release: release,
    view: chosenOf(params, 'view', VIEWS.map(([name]) => name), 'points'),
    x: figure('x', USUAL_X),
    y: figure('y', names.includes(USUAL_Y) ? USUAL_Y : USUAL_Y + '_cpu'),
    colour: chosenOf(params, 'colour', BY.map(([name]) => name), 'family'),
    shape: chosenOf(params, 'shape', BY.map(([name]) => name), 'chunks'),
    format: chosenOf(params, 'format', ['all', '2', '3'], '3'),
  };
  const points = pointsOf(here, chosen);
  const benchmark = (key) => known.find((each) => each.name === chosen[key]);
  page.append(choices(released, chosen, known, order));
  const place = element('figure', null, { id: 'explore-chart', class: 'chart',
    'aria-label': benchmark('y').title + ' of every config' });
  page.append(place, element('p', note(chosen, points), { class: 'note', id: 'explore-note' }));
  const spec = { points: asPoints, heat: asHeatMap, levels: asLevels }[chosen.view];
  if (points.length) { chart(place, spec(points, benchmark('x'), benchmark('y'), chosen)); }
  page.append(saves('explore-' + chosen.release, ['codec', 'chunks', 'format', chosen.x, chosen.y],
    points.map((each) => [each.codec, each.chunks, each.format, each.x, each.y])));
}

function choices(released, chosen, known, order) {
  const ask = (text, key, options) => choice(text, 'explore-' + key, options, chosen[key],
    (value) => go('explore', { ...chosen, [key]: value }));
  const figures = known.map((each) => [each.name, each.title]);
  const place = element('p', null, { class: 'choices' });
  place.append(ask('show', 'view', VIEWS));
  if (chosen.view === 'points') { place.append(ask('across', 'x', figures)); }
  place.append(ask(chosen.view === 'points' ? 'up' : 'figure', 'y', figures));
  if (chosen.view === 'points') {
    place.append(ask('colour', 'colour', BY), ask('shape', 'shape', BY));
  }
  place.append(ask('Zarr format', 'format', [['all', 'both'], ['3', '3'], ['2', '2']]));
  if (released.series.length > 1) {
    place.append(ask('tomogram', 'series', released.series.map((each, i) =>
      [i, each.tomogram + ', ' + each.machine + ', Python ' + each.python])));
  }
  place.append(slider(released, chosen, order));
  return place;
}

/* Goes from release to release; the figures of older ones are fewer. */
function slider(released, chosen, order) {
  const at = order.findIndex((i) => released.releases[i].tag === chosen.release);
  const box = element('label', 'release ');
  const input = element('input', null, { type: 'range', id: 'explore-release', min: '0',
    max: String(order.length - 1), value: String(at), 'aria-valuetext': chosen.release });
  const name = element('output', label(released.releases[order[at]]), { id: 'explore-release-name' });
  input.addEventListener('input', () => {
    name.textContent = label(released.releases[order[Number(input.value)]]);
  });
  input.addEventListener('change', () => go('explore',
    { ...chosen, release: released.releases[order[Number(input.value)]].tag }));
  box.append(input, name);
  return box;
}

/* A config with both figures; `family` is its codec without the level, `level` a number or none. */
function pointsOf(here, chosen) {
  const configs = new Map();
  here.filter((row) => [chosen.x, chosen.y].includes(row.benchmark)).forEach((row) => {
    const key = [row.codec, row.chunks, row.format].join(' ');
    const [family, level] = familyOf(row.codec);
    const point = configs.get(key) || { name: key, codec: row.codec, chunks: row.chunks,
      format: row.format, family: family, level: level };
    ['x', 'y'].filter((axis) => chosen[axis] === row.benchmark).forEach((axis) => {
      point[axis] = row.value;
      point[axis + 'Low'] = row.low === undefined ? row.value : row.low;
      point[axis + 'High'] = row.high === undefined ? row.value : row.high;
    });
    configs.set(key, point);
  });
  const needs = chosen.view === 'points' ? ['x', 'y'] : ['y'];
  return [...configs.values()].filter((each) => needs.every((axis) => each[axis] !== undefined)
    && (chosen.format === 'all' || each.format === Number(chosen.format))
    && (chosen.view !== 'levels' || each.level !== null));
}

/* The last number of a codec's name is its level: `blosc-zstd-5-shuffle`. */
function familyOf(codec) {
  const found = codec.match(/^(.*(?:zstd|lz4|lz4hc|gzip|zlib|pcodec))-(\d+)(.*)$/);
  return found ? [found[1] + found[3], Number(found[2])] : [codec, null];
}

function axis(benchmark, field) {
  const isLog = ['s', 'us', 'bytes'].includes(benchmark.unit);
  const isTime = benchmark.unit === 's';
  return { field: field, type: 'quantitative',
    title: isTime ? benchmark.title : inUnit(benchmark),
    scale: isLog ? { type: 'log', nice: false, padding: 12 } : { zero: false, padding: 12 },
    axis: isTime ? { labelExpr: IN_TIME } : { format: '~s' } };
}

/* A number of seconds in s, ms or \u00b5s. */
const IN_TIME = "datum.value >= 1 ? format(datum.value, '~g') + ' s' : datum.value >= 1e-3 "
  + "? format(1e3 * datum.value, '~g') + ' ms' : format(1e6 * datum.value, '~g') + ' \u00b5s'";

function inUnit(benchmark) {
  return benchmark.title + (benchmark.unit === 'ratio' ? '' : ', ' + benchmark.unit);
}

function tooltips(x, y) {
  const shown = (benchmark, field) => ({ field: field, title: benchmark.title, format: '.4~s' });
  return [{ field: 'codec' }, { field: 'chunks' }, { field: 'format' },
    ...(x ? [shown(x, 'x')] : []), shown(y, 'y')];
}

/* Those that no other point beats in both figures. */
function front(points, x, y) {
  const better = (benchmark) => (benchmark.unit === 'ratio' ? 1 : -1);
  const [dx, dy] = [better(x), better(y)];
  const kept = [];
  [...points].sort((one, other) => dx * (other.x - one.x) || dy * (other.y - one.y))
    .forEach((point) => {
      if (!kept.length || dy * (point.y - kept[kept.length - 1].y) > 0) { kept.push(point); }
    });
  return kept;
}

function asPoints(points, x, y, chosen) {
  const [ax, ay] = [axis(x, 'x'), axis(y, 'y')];
  const isNarrow = window.innerWidth < 600;
  const legend = { orient: isNarrow ? 'bottom' : 'right', columns: 1, labelLimit: 210, symbolLimit: 40 };
  const by = (key) => ({ field: key, type: 'nominal', title: BY.find(([name]) => name === key)[1],
    legend: legend });
  const error = (field, along) => ({ mark: { type: 'rule', opacity: 0.35 },
    encoding: { x: ax, y: ay, [field]: { ...(field === 'x' ? ax : ay), field: along + 'Low' },
      [field + '2']: { field: along + 'High' } } });
  return { width: 'container', height: 440, data: { values: points }, layer: [
    { name: 'front', data: { values: front(points, x, y) },
      mark: { type: 'line', color: '#98a1ac', strokeDash: [4, 3] }, encoding: { x: ax, y: ay } },
    { ...error('x', 'x'), name: 'spread-x' }, { ...error('y', 'y'), name: 'spread-y' },
    { name: 'configs', mark: { type: 'point', filled: true, size: 80, opacity: 0.85 },
      encoding: { x: ax, y: ay, color: by(chosen.colour), shape: by(chosen.shape),
        tooltip: tooltips(x, y) } },
  ] };
}

function asHeatMap(points, x, y) {
  const isBetterHigh = y.unit === 'ratio';
  const position = isBetterHigh ? (value) => value : (value) => -Math.log(value);
  const places = points.map((each) => position(each.y));
  const [low, high] = [Math.min(...places), Math.max(...places)];
  // White on the darker half.
  const ink = (value) => (position(value) > low + 0.55 * (high - low) ? 'white' : '#1b1e23');
  return { width: 'container', height: 24 * unique(points.map((each) => each.codec)).length,
    resolve: { scale: { color: 'independent' }, legend: { color: 'independent' } },
    data: { values: points.map((each) => ({
    ...each, text: written(each.y, y.unit), ink: ink(each.y), column: each.chunks + ', format ' + each.format })) },
  encoding: { x: { field: 'column', type: 'nominal', title: 'chunks', axis: { labelAngle: -30,
    labelLimit: 190 } }, y: { field: 'codec', type: 'nominal', title: null,
    axis: { labelLimit: 230 } } },
  layer: [
    { name: 'cells', mark: 'rect', encoding: { color: { field: 'y', type: 'quantitative',
      title: inUnit(y), legend: { format: '~s' },
      scale: { scheme: 'blues', reverse: !isBetterHigh,
        type: isBetterHigh ? 'linear' : 'log' } }, tooltip: tooltips(null, y) } },
    { name: 'texts', mark: { type: 'text', fontSize: 12 },
      encoding: { text: { field: 'text' },
        color: { field: 'ink', type: 'nominal', scale: null, legend: null } } },
  ] };
}

function asLevels(points, x, y) {
  const values = points.map((each) => ({ ...each, line: each.family + ', ' + each.chunks }));
  const ay = axis(y, 'y');
  return { width: 'container', height: 400, data: { values: values },
    encoding: { x: { field: 'level', type: 'quantitative', title: 'level',
      axis: { tickMinStep: 1, format: 'd' } }, y: ay,
    color: { field: 'family', type: 'nominal', title: 'kind of codec' },
    strokeDash: { field: 'chunks', type: 'nominal', title: 'chunks' } },
    layer: [
      { name: 'levels', mark: { type: 'line' }, encoding: { detail: { field: 'line' } } },
      { name: 'level-points', mark: { type: 'point', filled: true, size: 60 },
        encoding: { tooltip: tooltips(null, y) } },
    ] };
}

function note(chosen, points) {
  if (!points.length) { return 'Nothing of this release has these figures: choose others.'; }
  const families = unique(points.map((each) => each.family)).length;
  const said = points.length + ' configs, ' + families + ' kinds of codecs. ';
  if (chosen.view === 'points') {
    return said + 'The dashed line joins those that no other beats in both figures. Thin lines are '
      + 'the middle half of the samples, or the 99 % interval of what was measured beside an anchor.';
  }
  return said + (chosen.view === 'heat' ? 'Darker is better.'
    : 'Lines join levels of one kind of codec in one shape of chunks.');
}
