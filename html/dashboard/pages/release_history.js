/* The chart of one figure through the releases, with what is known of its noise and its changes. */
import { chart } from '../charts.js';
import { counted, element, unique } from '../elements.js';
import * as evidence from '../evidence.js';

const REGRESSED = '#d55e00';
const IMPROVED = '#0072b2';
const HEIGHT = 360;

/* Draws the chart and, below it, what it shows in words.

   `asked` has the series, the places of the releases in their `order`, their `labels`, the benchmark,
   the format, the chunks, the rows that are `followed` and the codecs of the `core`. */
export async function drawHistory(place, note, content, asked) {
  const { released, verdicts, noise } = content;
  const series = released.series[asked.series];
  const shown = asked.followed.filter((row) => row.chunks === asked.chunks
    && row.format === asked.format && asked.order.includes(row.release));
  const bandOf = evidence.bands(noise, series);
  const bands = shown.map((row) => bandOf(row.benchmark, row.codec, row.chunks, row.format));
  const drawn = {
    ...asked,
    released: released,
    unit: unitOf(asked.benchmark),
    values: shown.map((row, i) => point(released, asked, row, bands[i])),
    codecs: codecsOf(asked.core, shown),
    counts: bands.filter(Boolean).map((band) => band[2]),
    isBounded: Boolean(series.anchored_to) && asked.benchmark.unit === 's',
    isCounted: asked.benchmark.unit === 'instructions',
    marks: marksOf(verdicts, series, released, asked),
  };
  await chart(place, spec(drawn));
  explain(note, content, drawn);
}

/* The core keeps the colours of its codecs, whichever of them were measured here. */
function codecsOf(core, shown) {
  return shown.every((row) => core.includes(row.codec)) ? core : unique(shown.map((row) => row.codec));
}

function unitOf(benchmark) {
  return { s: ['ms', 1e3], us: ['\u00b5s', 1], bytes: ['MB', 1e-6], ratio: ['times smaller', 1],
    instructions: ['millions', 1e-6] }[
    benchmark.unit] || [benchmark.unit, 1];
}

function reach(released) { return (released.reach * 100).toFixed(0) + ' %'; }

function point(released, asked, row, band) {
  const release = released.releases[row.release];
  const [, factor] = unitOf(asked.benchmark);
  const run = row.wide ? 'its interval is wider than ' + reach(released)
    : runInWords(released, asked.series, row.release);
  return {
    release: asked.label(release),
    pair: 'zarr ' + release.zarr + ', numcodecs ' + release.numcodecs
      + (release.yanked ? ' (yanked)' : ''),
    date: release.date,
    codec: row.codec,
    value: row.value * factor,
    low: (row.low === undefined ? row.value : row.low) * factor,
    high: (row.high === undefined ? row.value : row.high) * factor,
    bandLow: band ? row.value * band[0] * factor : null,
    bandHigh: band ? row.value * band[1] * factor : null,
    again: band ? 'from x ' + band[0].toFixed(2) + ' to x ' + band[1].toFixed(2) : 'not known',
    interval: '[' + ((row.low || row.value) * factor).toPrecision(4) + ', '
      + ((row.high || row.value) * factor).toPrecision(4) + ']',
    noisy: run !== '',
    run: run,
  };
}

/* What is unusual about the times of a release; empty where nothing is. */
function runInWords(released, series, release) {
  const own = (row) => row[0] === series && row[1] === release;
  const noisy = released.noisy.find(own);
  const pace = released.paces.find(own);
  return [noisy ? 'noisy run (canary spread ' + (noisy[2] * 100).toFixed(0) + ' %)' : '',
    pace ? 'canary took ' + pace[2].toFixed(2) + ' times its usual time' : '']
    .filter(Boolean).join(', ');
}

function marksOf(verdicts, series, released, asked) {
  return evidence.marks(verdicts, series, asked.benchmark.name,
    (cell) => cell.chunks === asked.chunks && cell.format === asked.format)
    .map((mark) => ({ ...mark, place: released.releases.findIndex((each) =>
      each.tag === mark.release) }))
    .filter((mark) => asked.order.includes(mark.place))
    .map((mark) => ({ ...mark, release: asked.label(released.releases[mark.place]),
      said: mark.said + (mark.shown ? '' : ', in other chunks or formats') }));
}

function spec(drawn) {
  const [unit] = drawn.unit;
  const isBanded = drawn.counts.length > 0;
  const y = { field: 'value', type: 'quantitative',
    scale: { zero: drawn.benchmark.unit !== 'ratio' },
    title: drawn.benchmark.title + ' (' + unit + ')' };
  const tooltip = [
    { field: 'pair', title: 'release' }, { field: 'date', title: 'since' },
    { field: 'codec' }, { field: 'value', title: unit, format: '.4g' },
    ...(isBanded ? [{ field: 'again', title: 'same release again' }] : []),
    ...(drawn.isBounded ? [{ field: 'interval', title: '99 % interval' }] : []),
  ];
  return {
    width: 'container',
    height: HEIGHT,
    data: { values: drawn.values },
    encoding: {
      x: { field: 'release', type: 'ordinal', sort: drawn.labels, scale: { domain: drawn.labels },
        axis: { title: null, labelAngle: -60, labelOverlap: false, labelLimit: 140, grid: true,
          // Releases of zarr stand out from those of numcodecs.
          labelOpacity: { condition: { test: "indexof(datum.value, 'zarr') === 0", value: 1 },
            value: 0.65 } } },
      color: { field: 'codec', type: 'nominal', sort: drawn.codecs, scale: { domain: drawn.codecs },
        legend: { orient: 'top', offset: drawn.marks.length ? 34 : 18, title: null, labelLimit: 220,
          symbolOpacity: 1, values: unique(drawn.values.map((row) => row.codec)) } },
    },
    layer: [
      { name: isBanded ? 'noise' : drawn.isBounded ? 'interval' : 'quartiles',
        mark: { type: 'area', opacity: 0.15, interpolate: 'linear' },
        encoding: { y: { ...y, field: isBanded ? 'bandLow' : 'low' },
          y2: { field: isBanded ? 'bandHigh' : 'high' }, tooltip: null } },
      ...markLayers(drawn.marks),
      { mark: { type: 'line', strokeWidth: 2, interpolate: 'linear' },
        encoding: { y: y, tooltip: null } },
      ...pointLayers(drawn.values, y, tooltip),
    ],
  };
}

/* The points: hollow and dashed where the machine was noisy, or ran faster or slower than usual.
   No layer is without a point. */
function pointLayers(values, y, tooltip) {
  const quiet = { name: 'quiet', mark: { type: 'point', filled: true, size: 36, opacity: 1 },
    encoding: { y: y, tooltip: tooltip } };
  const noisy = { name: 'noisy',
    mark: { type: 'point', fill: 'white', size: 55, opacity: 1, strokeWidth: 1.5,
      strokeDash: [2, 1.5] },
    encoding: { y: y, tooltip: [...tooltip, { field: 'run', title: 'machine' }] } };
  return [[quiet, '!datum.noisy', values.some((each) => !each.noisy)],
    [noisy, 'datum.noisy', values.some((each) => each.noisy)]]
    .filter(([, , isThere]) => isThere)
    .map(([layer, test]) => ({ ...layer, transform: [{ filter: test }] }));
}

/* Above the chart, a triangle for each release with a confirmed change of what it shows. */
function markLayers(marks) {
  return [['regression', 'triangle-up', REGRESSED, -20], ['improvement', 'triangle-down', IMPROVED, -7]]
    .flatMap(([direction, shape, colour, y]) => {
      const own = marks.filter((mark) => mark.direction === direction);
      const data = { values: own };
      const rule = { mark: { type: 'rule', color: colour, opacity: 0.3 }, data: data,
        encoding: { color: { value: colour }, y: { value: y }, y2: { value: HEIGHT } } };
      const sign = { name: direction, data: data,
        mark: { type: 'point', shape: shape, filled: true, size: 90, stroke: colour,
          strokeWidth: 1.5, opacity: 1 },
        encoding: {
          color: { value: colour },
          fillOpacity: { condition: { test: 'datum.shown', value: 1 }, value: 0 },
          y: { value: y },
          tooltip: [{ field: 'release' }, { field: 'said', title: 'verdict' },
            { field: 'ratio', title: 'strongest' }, { field: 'cells', title: 'cells changed' }],
        } };
      return own.length ? [rule, sign] : [];
    });
}

/* What a point is, in words. */
function pointsInWords(drawn, series) {
  if (drawn.isBounded) {
    return 'Each release was measured side by side with ' + series.anchored_to.replace('-', ' ')
      + ': its time is the time of that one times the ratio, the band is the 99 % interval.';
  }
  if (drawn.isCounted) {
    return 'Instructions are work, not time: callgrind counts them, and neighbours on the machine '
      + 'hardly show in them. ' + series.counted;
  }
  if (/\.track_/.test(drawn.benchmark.name) && drawn.benchmark.unit !== 'us') {
    return 'Points are counted or computed, and the same each time.';
  }
  return 'Points are medians; ' + (drawn.counts.length ? evidence.bandInWords(drawn.counts) + '.'
    : 'bands are the middle half of the samples.');
}

function marksInWords(drawn) {
  const hollow = ' A hollow mark means that only other chunks or another Zarr format changed.';
  return drawn.isCounted ? '\u25b2 marks more work and \u25bc less, by 1 % or more.' + hollow
    : '\u25b2 marks a regression and \u25bc an improvement; point at one to see whether a direct '
      + 'comparison confirmed it or it is a candidate.' + hollow
      + ' The page Verdicts lists all of them.';
}

/* What the chart shows, in words: only what is there is explained. */
function explain(note, content, drawn) {
  const { released, noise } = content;
  const series = released.series[drawn.series];
  const read = ['Each step changes one library: clear names are releases of zarr, pale ones of '
    + 'numcodecs.', pointsInWords(drawn, series)];
  if (drawn.marks.length) {
    read.push(marksInWords(drawn));
  } else if (['s', 'us'].includes(drawn.benchmark.unit) && !drawn.isBounded) {
    read.push('A step in wall time on a shared machine is a candidate, not a verdict; CPU time '
      + 'varies less.');
  }
  read.push('All graphs has one of every parameter.');
  const trust = drawn.isCounted ? []
    : [evidence.spreadInWords(noise, series), noisyInWords(released, drawn.series)];
  note.replaceChildren(...[read, trust.filter(Boolean)].map((said) => element('p', said.join(' '))));
}

function noisyInWords(released, series) {
  if (released.series[series].anchored_to) {
    const times = released.rows.filter((row) => row.series === series
      && row.benchmark.match(/_cpu$|time_open$/));
    const wide = times.filter((row) => row.wide).length;
    return counted(wide, 'time', 'times') + ' of ' + times.length + ' in this history '
      + (wide === 1 ? 'is' : 'are') + ' known less well than within ' + reach(released)
      + ', which is aimed at' + (wide ? '; such points are hollow and dashed.' : '.');
  }
  const watched = released.watched[series];
  if (!watched) { return ''; }
  const noisy = released.noisy.filter((row) => row[0] === series).length;
  const paces = released.paces.filter((row) => row[0] === series).map((row) => row[2]);
  return noisy + ' of ' + watched + (watched === 1 ? ' release was' : ' releases were')
    + ' measured while the machine was noisy (canary spread over 10 %)'
    + (paces.length ? ', ' + paces.length + ' while it ran faster or slower than usual (the canary '
      + 'took ' + Math.min(...paces).toFixed(2) + ' to ' + Math.max(...paces).toFixed(2)
      + ' times its usual time): a step there may come from the machine' : '')
    + (noisy || paces.length ? '. Their points are hollow and dashed.' : '.');
}
