/* What a collection costs a year in each layout, with prices and reads that can be changed.

   The formula is that of `analysis/recommending/collection_costs.py`; a test compares the two. */
import { chosenOf, go } from '../addresses.js';
import { choice, element, emptyTable, scrolling } from '../elements.js';
import { saves, sortable } from '../tables.js';
import { loadLayouts, notMeasured } from './measured_layouts.js';

export const title = 'Cost';

const GIGABYTE = 2 ** 30;
const TERABYTE = 1e12;
const PRICES = [
  ['gigabyte_month', 'a GB and month'], ['thousand_puts', '1000 PUTs'],
  ['thousand_gets', '1000 GETs'], ['gigabyte_retrieved', 'a GB retrieved'],
  ['gigabyte_out', 'a GB that leaves'], ['core_hour', 'a core-hour of encoding'],
];

export const load = loadLayouts;

export function draw(page, { index, tomogram }, params) {
  page.append(element('h1', 'What does a collection cost?'));
  if (!tomogram) {
    page.append(notMeasured('cost-sentence'));
    return;
  }
  const chosen = choicesIn(index, tomogram, params);
  const costs = costsOf(index, tomogram, chosen);
  page.append(choices(index, tomogram, chosen),
    element('p', sentence(chosen, costs), { class: 'answer', id: 'cost-sentence',
      'aria-live': 'polite' }));
  drawTable(page, costs);
  drawReads(page, index, chosen);
  drawPrices(page, index, chosen);
}

/* Numbers that the address has stand in the place of the usual ones. */
function choicesIn(index, tomogram, params) {
  const todays = tomogram.todays.map(([name]) => name);
  const names = index.prices.map((each) => each.name);
  const chosen = {
    tomogram: tomogram.name,
    today: chosenOf(params, 'today', todays, todays.includes(index.today) ? index.today : todays[0]),
    prices: chosenOf(params, 'prices', names, names[0]),
    terabytes: numberIn(params, 'terabytes', 100),
    out: numberIn(params, 'out', 100),
  };
  index.patterns.forEach(([name]) => {
    chosen['read_' + name] = numberIn(params, 'read_' + name, name === 'volume' ? 1 : 0);
  });
  const list = index.prices.find((each) => each.name === chosen.prices);
  PRICES.forEach(([name]) => { chosen[name] = numberIn(params, name, list[name]); });
  return chosen;
}

function numberIn(params, key, usual) {
  const given = Number(params.get(key));
  return params.has(key) && Number.isFinite(given) && given >= 0 ? given : usual;
}

/* What differs from the usual; the address says only that. */
function changed(index, chosen) {
  const list = index.prices.find((each) => each.name === chosen.prices);
  return Object.fromEntries(Object.entries(chosen).map(([key, value]) => {
    const usual = key in list ? list[key] : key === 'read_volume' ? 1 : key.startsWith('read_') ? 0 : null;
    return [key, value === usual && key !== 'prices' ? null : value];
  }));
}

function choices(index, tomogram, chosen) {
  const place = element('p', null, { class: 'choices' });
  const ask = (label, key, options) => choice(label, 'cost-' + key, options, chosen[key],
    (value) => go('cost', { ...changed(index, chosen), [key]: value }));
  const lists = index.prices.map((each) => [each.name, each.title]);
  place.append(
    number(index, chosen, 'terabytes', 'TB in memory'),
    ask('of tomograms such as', 'tomogram', index.tomograms.map((each) => [each.name, each.name])),
    ask('today as', 'today', tomogram.todays),
    // Prices that were changed belong to the list before.
    choice('in', 'cost-prices', lists, chosen.prices, (value) => go('cost', {
      ...changed(index, chosen), ...Object.fromEntries(PRICES.map(([name]) => [name, null])),
      prices: value })));
  return place;
}

function number(index, chosen, key, label, most) {
  const box = element('label', label + ' ');
  const input = element('input', null, { type: 'number', id: 'cost-' + key, min: '0', step: 'any',
    value: chosen[key], ...(most ? { max: most } : {}) });
  input.addEventListener('change', () => {
    go('cost', { ...changed(index, chosen), [key]: input.value });
  });
  box.append(input);
  return box;
}

/* Dollars of every layout, the cheapest first. */
function costsOf(index, tomogram, chosen) {
  const tomograms = chosen.terabytes * TERABYTE / tomogram.raw_bytes;
  const volume = index.patterns.findIndex(([name]) => name === 'volume');
  const today = tomogram.layouts.find((each) => each.name === chosen.today);
  const yearly = (layout) => {
    let [gets, fetched] = [0, 0];
    index.patterns.forEach(([name], i) => {
      gets += chosen['read_' + name] * layout.reading[i][1];
      fetched += chosen['read_' + name] * layout.reading[i][2];
    });
    const gigabytes = tomograms * fetched / GIGABYTE;
    const keeping = tomograms * 12 * layout.stored_bytes / GIGABYTE * chosen.gigabyte_month;
    const requests = tomograms * gets / 1000 * chosen.thousand_gets;
    const egress = gigabytes * (chosen.gigabyte_retrieved
      + Math.min(chosen.out, 100) / 100 * chosen.gigabyte_out);
    return { keeping: keeping, requests: requests, egress: egress,
      total: keeping + requests + egress };
  };
  const changing = (layout) => {
    const [, gets, fetched, , decoding] = today.reading[volume];
    return tomograms * (gets / 1000 * chosen.thousand_gets
      + layout.files / 1000 * chosen.thousand_puts
      + fetched / GIGABYTE * chosen.gigabyte_retrieved
      + (decoding + layout.encoding) / 3600 * chosen.core_hour);
  };
  const own = yearly(today).total;
  return tomogram.layouts.map((layout) => {
    const cost = { layout: layout, isToday: layout === today, ...yearly(layout) };
    if (cost.isToday) { return cost; }
    cost.saved = own - cost.total;
    cost.changing = changing(layout);
    cost.years = cost.saved > 0 ? cost.changing / cost.saved : null;
    return cost;
  }).sort((one, other) => one.total - other.total
    || (one.layout.name < other.layout.name ? -1 : 1));
}

function dollars(amount) { return Math.round(amount).toLocaleString('en'); }

function inTime(years) {
  if (years >= 1) { return years.toFixed(1) + ' years'; }
  const days = Math.ceil(365 * years);
  return days + (days === 1 ? ' day' : ' days');
}

function sentence(chosen, costs) {
  const [best, today] = [costs[0], costs.find((each) => each.isToday)];
  const said = Number(chosen.terabytes.toPrecision(6)) + ' TB of tomograms as ' + today.layout.title
    + ' cost ' + dollars(today.total) + ' $ a year';
  if (best === today) { return said + ', and in no other layout less.'; }
  return said + '; as ' + best.layout.title + ' ' + dollars(best.total) + ' $'
    + (best.years === null ? '' : '; changing has paid after ' + inTime(best.years)) + '.';
}

function drawTable(page, costs) {
  const headings = ['layout', 'keeping, $', 'requests, $', 'egress, $', 'a year, $', 'saved, $',
    'changing, $', 'paid after'];
  const table = emptyTable(headings, (i) => i > 0, { id: 'cost-table',
    'aria-label': 'What each layout costs a year' });
  const cells = costs.map((each) => [each.layout.title + (each.isToday ? ' (today)' : ''),
    ...['keeping', 'requests', 'egress', 'total'].map((key) => dollars(each[key])),
    ...(each.isToday ? ['', '', ''] : [dollars(each.saved), dollars(each.changing),
      each.years === null ? 'never' : inTime(each.years)])]);
  cells.forEach((texts, i) => {
    const row = element('tr', null, costs[i].isToday ? { class: 'today' } : {});
    texts.forEach((text, k) => row.append(element('td', text, k ? { class: 'number' } : {})));
    table.tBodies[0].append(row);
  });
  page.append(scrolling(table), element('p', 'egress: bytes that leave the region, and what the '
    + 'storage class asks for reading. changing: reading all of it once in the region, decoding and '
    + 'encoding on one core each, and the PUTs.', { class: 'note' }), saves('costs', headings, cells));
  sortable(table);
}

function drawReads(page, index, chosen) {
  page.append(element('h2', 'How often each tomogram is read, a year'));
  const place = element('p', null, { class: 'choices' });
  index.patterns.forEach(([name, label]) => place.append(
    number(index, chosen, 'read_' + name, label)));
  place.append(number(index, chosen, 'out', '% of bytes that leave the region', '100'));
  page.append(place);
}

function drawPrices(page, index, chosen) {
  const list = index.prices.find((each) => each.name === chosen.prices);
  page.append(element('h2', 'Prices, in US dollars'));
  const place = element('p', null, { class: 'choices' });
  PRICES.forEach(([name, label]) => place.append(number(index, chosen, name, label)));
  const source = element('p', list.title + ', us-east-1, first tier, as of ' + list.as_of + ': ',
    { class: 'note' });
  source.append(element('a', 'list prices', { href: list.source, rel: 'noopener noreferrer' }),
    document.createTextNode(', without discounts for volume. A GB is 2\u00b3\u2070 bytes. Put your own '
      + 'in their place.'));
  page.append(place, source);
}
