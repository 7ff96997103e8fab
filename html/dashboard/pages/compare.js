/* Any two releases: what the later one changed, in a sentence and figure by figure. */
import { go } from '../addresses.js';
import { choice, copyButton, element, emptyTable, scrolling } from '../elements.js';
import { interval as intervalOf } from '../evidence.js';
import { load as published } from '../published_files.js';
import { saves } from '../tables.js';

export const title = 'Compare';

const BY = { verdict: 'confirmed directly', anchored: 'beside an anchor: candidate',
  exact: 'exact', counted: 'counted', repeats: 'one run each: candidate' };

/* The releases, the two that are asked for with the earlier one as `a`, and what is said of them. */
export async function load(params) {
  const index = await published('pairs/index.json');
  if (index.releases.length < 2) { return { index: index }; }
  const asked = releasesIn(index, params);
  const place = (tag) => index.releases.findIndex((each) => each.tag === tag);
  const [a, b] = place(asked.a) <= place(asked.b) ? [asked.a, asked.b] : [asked.b, asked.a];
  const pairs = a === b ? {} : await published('pairs/' + b + '.json');
  return { index: index, asked: asked, a: a, b: b, pair: pairs[a] };
}

/* The releases that the address names; else the newest of zarr 3 and the newest before its minor. */
function releasesIn(index, params) {
  const known = index.releases.map((each) => each.tag);
  const named = (key) => params.getAll(key).map((each) => (known.includes(each) ? each
    : 'zarr-' + each)).find((each) => known.includes(each));
  const newest = known.filter((tag) => tag.startsWith('zarr-3')).pop() || known[known.length - 1];
  const minor = (tag) => tag.split('.').slice(0, 2).join('.');
  const before = known.filter((tag) => tag.startsWith('zarr-3') && minor(tag) !== minor(newest));
  return { a: named('a') || before.pop() || known[0], b: named('b') || newest };
}

export function draw(place, content) {
  place.append(element('h1', 'What did a release change against another?'));
  const { index, asked } = content;
  if (!asked) {
    const none = element('p', 'No releases were measured side by side yet: run ',
      { id: 'compare-sentence' });
    none.append(element('code', 'cryoet-zarr-bench anchored'), document.createTextNode('.'));
    place.append(none);
    return;
  }
  const releases = [...index.releases].reverse().map((each) =>
    [each.tag, each.tag.replace('-', ' ') + ' (' + each.date + ')']);
  const choices = element('p', null, { class: 'choices' });
  [['release b', 'b'], ['against a', 'a']].forEach(([label, key]) => choices.append(
    choice(label, 'compare-' + key, releases, asked[key],
      (value) => go('compare', { ...asked, [key]: value }))));
  place.append(choices, element('p', 'Measured on ' + index.machine + ', tomogram '
    + index.tomogram + ', Python ' + index.python + '.', { class: 'note' }));
  if (content.a === content.b) {
    place.append(element('p', 'Choose two releases.', { class: 'answer', id: 'compare-sentence' }));
    return;
  }
  if (content.a !== asked.a) {
    place.append(element('p', 'The later release is shown against the earlier one.',
      { class: 'note' }));
  }
  drawPair(place, content);
}

function number(value) {
  return value === null ? '?' : Number(value.toPrecision(7)).toLocaleString('en');
}

/* A row of the published figures, by the names of its fields. */
function figure(index, row) {
  const found = Object.fromEntries(index.fields.map((name, i) => [name, row[i]]));
  found.benchmark = index.benchmarks[found.benchmark];
  found.config = index.configs[found.config];
  found.word = index.words[found.word];
  found.by = index.sources[found.by];
  [found.before, found.after] = row.slice(index.fields.length);
  return found;
}

function millions(value) { return (value / 1e6).toFixed(2); }

function interval(each) {
  if (each.by === 'counted') { return millions(each.before) + ' \u2192 ' + millions(each.after); }
  if (each.by === 'exact') { return number(each.before) + ' \u2192 ' + number(each.after); }
  return intervalOf(each.low, each.high);
}

function line(each) {
  const kind = { 1: 'regression', '-1': 'improvement', 0: 'same' }[each.direction];
  const sign = { 1: '\u25b2 ', '-1': '\u25bc ', 0: '' }[each.direction];
  const row = element('tr');
  const word = element('td');
  word.append(element('span', sign + each.word, { class: 'verdict ' + kind }));
  row.append(element('td', each.config, { class: 'config' }),
    element('td', each.ratio === null ? '?' : each.ratio.toFixed(2), { class: 'number' }),
    element('td', interval(each), { class: 'number' }), word,
    element('td', each.direction || each.by === 'verdict' ? BY[each.by] : ''));
  return row;
}

/* A table with the rows of each figure below its name. */
function table(figures, heading, id) {
  const made = emptyTable(['codec, chunks, format', 'b / a', heading, 'said of b', 'known from'],
    (i) => i === 1 || i === 2, { class: 'compare-table', id: id, 'aria-label': heading });
  [...new Set(figures.map((each) => each.benchmark))].forEach((name) => {
    const row = element('tr', null, { class: 'figure' });
    row.append(element('th', name, { colspan: 5, scope: 'rowgroup' }));
    made.tBodies[0].append(row, ...figures.filter((each) => each.benchmark === name).map(line));
  });
  return scrolling(made);
}

function drawPair(place, { index, pair, a, b }) {
  place.append(element('p', pair.sentence, { class: 'answer', id: 'compare-sentence' }));
  const figures = pair.figures.map((row) => figure(index, row));
  const changed = figures.filter((each) => each.direction);
  const rest = figures.filter((each) => !each.direction);
  const exact = changed.filter((each) => each.by === 'exact');
  const counted = changed.filter((each) => each.by === 'counted');
  const measured = changed.filter((each) => !['exact', 'counted'].includes(each.by));
  if (exact.length) {
    place.append(element('h2', 'Bytes, files and requests'),
      table(exact, 'a \u2192 b', 'compare-exact'));
  }
  if (counted.length) {
    place.append(element('h2', 'Instructions: work, not time'),
      table(counted, 'a \u2192 b, millions', 'compare-counted'));
  }
  if (measured.length) {
    place.append(element('h2', 'CPU time and memory'),
      table(measured, '99 % interval', 'compare-measured'));
  }
  if (!changed.length) { place.append(element('h2', 'Nothing is known to have changed')); }
  place.append(element('p', pair.equal + ' counts of bytes, files and requests are equal'
    + (pair.small ? ', ' + pair.small + ' differ by less than 1 %' : '')
    + (pair.same_work ? ', ' + pair.same_work + ' counts of instructions differ by less than 1 %' : '')
    + '. ' + (index.counted ? index.counted + ' ' : '')
    + 'Times: each release was measured side by side with an anchor release, and the ratios multiply.',
  { class: 'note' }));
  const direct = element('p', 'To measure these two directly: ');
  const command = 'cryoet-zarr-bench confirm ' + a + ' ' + b;
  direct.append(element('code', command, { id: 'compare-command' }),
    document.createTextNode(' '), copyButton(command));
  place.append(direct, saves(a + '-' + b,
    ['figure', 'codec, chunks, format', 'b / a', 'low', 'high', 'before', 'after', 'said of b', 'known from'],
    figures.map((each) => [each.benchmark, each.config, each.ratio, each.low, each.high, each.before,
      each.after, each.word, BY[each.by]])));
  if (rest.length) {
    const more = element('details');
    more.append(element('summary', rest.length + ' figures without a change'),
      table(rest, '99 % interval', 'compare-rest'));
    place.append(more);
  }
}
