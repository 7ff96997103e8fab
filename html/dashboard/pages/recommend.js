/* A layout for a mix of one's own: how much each figure counts is set by sliders.

   The rule is that of `analysis/recommending/ranked_layouts.py`; a test compares the two. */
import { chosenOf, go, to } from '../addresses.js';
import { choice, element, emptyTable, scrolling } from '../elements.js';
import { saves, sortable } from '../tables.js';
import { loadLayouts, notMeasured } from './measured_layouts.js';

export const title = 'Recommend';

const MOST = 10;
const LOSSLESS = 'none';

export const load = loadLayouts;

export function draw(page, { index, tomogram }, params) {
  page.append(element('h1', 'Which layout for my own mix of uses?'));
  if (!tomogram) {
    page.append(notMeasured('recommend-sentence'));
    return;
  }
  const chosen = choicesIn(index, tomogram, params);
  const ranked = ranking(index, tomogram, chosen);
  page.append(choices(index, tomogram, chosen),
    element('p', sentence(index, tomogram, chosen, ranked), { class: 'answer',
      id: 'recommend-sentence', 'aria-live': 'polite' }));
  drawSliders(page, index, chosen);
  drawDamage(page, index, chosen);
  drawTable(page, index, chosen, ranked);
}

function choicesIn(index, tomogram, params) {
  const todays = tomogram.todays.map(([name]) => name);
  const bounds = [LOSSLESS, ...index.lossy.map((each) => each.bound)];
  const purposes = index.purposes.map(([name]) => name);
  const chosen = {
    tomogram: tomogram.name,
    place: chosenOf(params, 'place', index.places, index.usual),
    from: chosenOf(params, 'from', purposes, purposes[0]),
    today: chosenOf(params, 'today', todays, todays.includes(index.today) ? index.today : todays[0]),
    damage: chosenOf(params, 'damage', bounds, LOSSLESS),
  };
  const usual = index.weights[purposes.indexOf(chosen.from)];
  index.figures.forEach(([name]) => {
    const given = Number(params.get('w_' + name));
    chosen['w_' + name] = params.has('w_' + name) && given >= 0 && given <= MOST ? given
      : MOST * (usual[name] || 0);
  });
  return chosen;
}

/* The weights add up to 1; a mix in which nothing counts is that of the purpose. */
function weightsOf(index, chosen) {
  const given = index.figures.map(([name]) => [name, chosen['w_' + name]])
    .filter(([, weight]) => weight > 0);
  if (!given.length) { return index.weights[index.purposes.findIndex(([name]) => name === chosen.from)]; }
  const whole = given.reduce((sum, [, weight]) => sum + weight, 0);
  return Object.fromEntries(given.map(([name, weight]) => [name, weight / whole]));
}

function figureOf(index, chosen, layout, figure) {
  const pattern = index.patterns.findIndex(([name]) => name === figure);
  if (pattern >= 0) { return layout.reading[pattern][0][index.places.indexOf(chosen.place)]; }
  if (figure === 'writing') { return layout.writing === null ? Infinity : layout.writing; }
  return { stored: layout.stored_bytes, files: layout.files, changing: layout.changing_a_box }[figure];
}

/* Every Zarr layout with its loss, the best first: the geometric mean of its regrets. */
export function ranking(index, tomogram, chosen) {
  const weights = Object.entries(weightsOf(index, chosen));
  const best = weights.map(([figure]) =>
    Math.min(...tomogram.layouts.map((each) => figureOf(index, chosen, each, figure))));
  const ranked = tomogram.layouts.filter((each) => !each.is_file).map((layout) => {
    const regrets = weights.map(([figure], i) => {
      const value = figureOf(index, chosen, layout, figure);
      return best[i] ? value / best[i] : value === best[i] ? 1 : Infinity;
    });
    const logarithm = weights.reduce((sum, [, weight], i) => sum + weight * Math.log(regrets[i]), 0);
    return { layout: layout, loss: Math.exp(logarithm), regrets: regrets };
  });
  return ranked.sort((one, other) => one.loss - other.loss
    || one.layout.stored_bytes - other.layout.stored_bytes
    || (one.layout.name < other.layout.name ? -1 : 1));
}

function tiedOf(index, ranked) {
  return ranked.slice(1).filter((each) => each.loss <= index.tied * ranked[0].loss);
}

function inChunks(layout) {
  return layout.codecs + ', chunks of ' + layout.chunks.join('x')
    + (layout.shards ? ' in shards of ' + layout.shards.join('x') : '') + ', format ' + layout.format;
}

function sentence(index, tomogram, chosen, ranked) {
  const [pick] = ranked;
  const today = ranked.find((each) => each.layout.name === chosen.today);
  const named = pick.layout.title === pick.layout.name ? '' : 'as ' + pick.layout.title + ': ';
  const place = chosen.place.startsWith('a ') ? chosen.place : 'S3 (' + chosen.place + ')';
  let said = 'For this mix from ' + place + ': ' + named + inChunks(pick.layout) + '.';
  if (today && today !== pick) {
    const part = pick.layout.stored_bytes / today.layout.stored_bytes - 1;
    said += ' Against ' + today.layout.title + ' it loses ' + (today.loss / pick.loss).toPrecision(2)
      + ' times less and takes ' + Math.abs(100 * part).toFixed(1) + ' % '
      + (part < 0 ? 'fewer' : 'more') + ' bytes.';
  }
  const tied = tiedOf(index, ranked).map((each) => each.layout.title);
  if (tied.length) {
    said += ' As good: ' + tied.slice(0, 3).join(', ')
      + (tied.length > 3 ? ' and ' + (tied.length - 3) + ' more' : '') + '.';
  }
  return said + (pick.layout.unable.length ? ' Not read by ' + pick.layout.unable.join(', ') + '.' : '');
}

function choices(index, tomogram, chosen) {
  const ask = (label, key, options) => choice(label, 'recommend-' + key, options, chosen[key],
    (value) => go('recommend', { ...chosen, [key]: value }));
  const place = element('p', null, { class: 'choices question' });
  place.append(
    ask('Tomograms like', 'tomogram', index.tomograms.map((each) => [each.name, each.name])),
    ask('read from', 'place', index.places.map((each) =>
      [each, each.startsWith('a ') ? each : 'S3, ' + each])),
    choice('starting from', 'recommend-from', index.purposes, chosen.from,
      // Another purpose has weights of its own.
      (value) => go('recommend', { tomogram: chosen.tomogram, place: chosen.place, from: value,
        today: chosen.today, damage: chosen.damage })),
    ask('today as', 'today', tomogram.todays));
  return place;
}

function drawSliders(page, index, chosen) {
  page.append(element('h2', 'How much each figure counts'));
  const place = element('div', null, { class: 'sliders', id: 'recommend-sliders' });
  index.figures.forEach(([name, text]) => {
    const key = 'w_' + name;
    const value = Math.round(10 * chosen[key]) / 10;
    const label = element('label');
    const shown = element('output', String(value), { for: 'recommend-' + key });
    const slider = element('input', null, { type: 'range', min: 0, max: MOST, step: 0.5,
      id: 'recommend-' + key, value: value });
    slider.addEventListener('input', () => { shown.textContent = slider.value; });
    slider.addEventListener('change', () => go('recommend', { ...chosen, [key]: slider.value }));
    label.append(element('span', text), slider, shown);
    place.append(label);
  });
  page.append(place, element('p', 'For each figure that counts, a layout is so many times the best '
    + 'one of all; its loss is the geometric mean of these, weighted by the sliders. Twice the seconds '
    + 'counts as much as twice the bytes where both sliders stand alike.', { class: 'note' }));
}

function drawDamage(page, index, chosen) {
  if (!index.lossy.length) { return; }
  page.append(element('h2', 'May the voxels change?'));
  const place = element('p', null, { class: 'choices' });
  place.append(choice('damage', 'recommend-damage', [[LOSSLESS, 'none: lossless'],
    ...index.lossy.map((each) => [each.bound, 'noise up to ' + each.bound + ' of the signal'])],
    chosen.damage, (value) => go('recommend', { ...chosen, damage: value })));
  const found = index.lossy.find((each) => String(each.bound) === chosen.damage);
  const said = element('p', found ? found.sentence
    : 'No: every layout below gives back the same bits.', { id: 'recommend-damage-sentence' });
  if (found) { said.append(' ', element('a', 'The rule.', { href: found.rule })); }
  page.append(place, said);
}

/* The best ones and every layout that the field has, with what each loses. */
function drawTable(page, index, chosen, ranked) {
  page.append(element('h2', 'What each layout loses'));
  const figures = Object.keys(weightsOf(index, chosen));
  const titles = Object.fromEntries(index.figures);
  const headings = ['layout', 'chunks, codec, format', 'loss', ...figures.map((each) => titles[each].replace('seconds', 's'))];
  const tied = tiedOf(index, ranked);
  const table = emptyTable(headings, (i) => i > 1, { id: 'recommend-table',
    'aria-label': 'What each layout loses' });
  const cells = ranked.map(({ layout, loss, regrets }) => [layout.title, inChunks(layout),
    loss.toFixed(2), ...regrets.map((each) => each.toFixed(2))]);
  ranked.forEach((each, i) => {
    const isToday = each.layout.name === chosen.today;
    const line = element('tr', null, isToday ? { class: 'today' } : {});
    cells[i].forEach((text, k) => {
      const td = element('td', null, k > 1 ? { class: 'number' } : {});
      if (k === 0) {
        td.append(element('a', text, { href: to('', { tomogram: chosen.tomogram,
          place: chosen.place, today: chosen.today, layout: each.layout.name }) }));
        const role = i === 0 ? ' recommended' : tied.includes(each) ? ' as good' : isToday ? ' today' : '';
        if (role) { td.append(element('small', role)); }
      } else { td.textContent = text; }
      line.append(td);
    });
    table.tBodies[0].append(line);
  });
  page.append(scrolling(table), element('p', 'How many times the best layout\u2019s each figure is; 1 is '
    + 'the best of all. The MRC as it is counts among these, and is no Zarr.', { class: 'note' }),
  saves('recommended-layouts', headings, cells));
  return sortable(table);
}
