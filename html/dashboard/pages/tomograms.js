/* The tomograms that were measured: slices, histogram, quality, source precision. */
import { chosenOf, go } from '../addresses.js';
import { chart } from '../charts.js';
import { choice, element, scrolling, textTable } from '../elements.js';
import { load as loadFile } from '../published_files.js';
import { saves } from '../tables.js';

export const title = 'Tomograms';

export function load() { return loadFile('tomograms/index.json'); }

export function draw(page, { tomograms }, params) {
  page.append(element('h1', 'What was measured on'));
  if (!tomograms.length) {
    const none = element('p', 'No tomograms were described yet: run ', { id: 'tomograms-none' });
    none.append(element('code', 'cryoet-zarr-bench describe-tomograms'), document.createTextNode('.'));
    page.append(none);
    return;
  }
  const name = chosenOf(params, 'tomogram', tomograms.map((each) => each.tomogram),
    tomograms[0].tomogram);
  const found = tomograms.find((each) => each.tomogram === name);
  const choices = element('p', null, { class: 'choices' });
  choices.append(choice('tomogram', 'tomograms-tomogram',
    tomograms.map((each) => [each.tomogram, each.title + ', ' + each.dtype]), name,
    (value) => go('tomograms', { tomogram: value })));
  page.append(choices, element('p', inWords(found), { id: 'tomograms-words' }));
  if (found.picture) {
    const figure = element('figure', null, { id: 'tomograms-picture' });
    figure.append(element('img', null, { src: 'tomograms/' + found.picture,
      alt: 'Central slices of ' + found.title + ': XY, XZ, YZ', class: 'slices' }),
    element('figcaption', 'Central slices, from the left: XY, XZ, YZ; black and white are the 1st and '
      + 'the 99th percentile.', { class: 'note' }));
    page.append(figure);
  }
  drawHistogram(page, found);
  drawStatistics(page, found);
  drawChecks(page, found);
}

function inWords(found) {
  const spacing = found.voxel_spacing
    ? 'voxel spacing ' + found.voxel_spacing.map((each) => (each === null ? '?' : each)).join(' x ')
      + ' \u00c5'
    : 'voxel spacing unknown';
  return found.title + ': ' + found.shape.join(' x ') + ' voxels (z, y, x), ' + found.dtype + ', ' + spacing
    + '. Source precision, what the values were before they were stored so: ' + found.source_precision
    + '. Quality control: ' + found.verdict + '.';
}

function drawHistogram(page, found) {
  page.append(element('h2', 'Densities'));
  const place = element('figure', null, { id: 'tomograms-histogram', class: 'chart',
    'aria-label': 'Histogram of the densities of ' + found.title });
  page.append(place);
  const step = (found.high - found.low) / found.histogram.length;
  const isSmall = Math.max(Math.abs(found.low), Math.abs(found.high)) < SMALL;
  const values = found.histogram.map((count, i) => ({ from: found.low + i * step,
    to: found.low + (i + 1) * step, voxels: count }));
  chart(place, { width: 'container', height: 200, data: { values: values },
    mark: { type: 'bar', color: '#56a0d3' },
    encoding: {
      x: { field: 'from', type: 'quantitative', title: 'density', bin: { binned: true },
        axis: { format: isSmall ? '.1~e' : '.2~g', tickCount: 8 },
        scale: { zero: false } },
      x2: { field: 'to' },
      y: { field: 'voxels', type: 'quantitative', title: 'voxels', axis: { format: '~s' } },
      tooltip: [{ field: 'from', format: '.4g' }, { field: 'to', format: '.4g' }, { field: 'voxels' }],
    } });
  page.append(saves('histogram', ['from', 'to', 'voxels'], values.map(Object.values)));
}

/* Smaller numbers are written with an exponent. */
const SMALL = 1e-3;

function written(value) {
  const isSmall = value !== 0 && Math.abs(value) < SMALL;
  return isSmall ? value.toExponential(3) : String(Number(value.toPrecision(5)));
}

function drawStatistics(page, found) {
  page.append(element('h2', 'Statistics'));
  const words = { minimum: 'least', maximum: 'largest', std: 'standard deviation',
    sigma: 'robust standard deviation', noise: 'noise', not_finite: 'voxels that are no numbers',
    distinct: 'different values' };
  const rows = Object.entries(found.statistics).map(([name, value]) =>
    [words[name] || name, value === null ? 'unknown' : written(value)]);
  page.append(scrolling(textTable(['figure', 'value'], rows, { id: 'tomograms-statistics',
    'aria-label': 'Statistics' })));
}

function drawChecks(page, found) {
  page.append(element('h2', 'Checks of quality'));
  const headings = ['check', 'figure', 'threshold', 'verdict', 'says'];
  page.append(scrolling(textTable(headings, found.checks, { id: 'tomograms-checks',
    'aria-label': 'Checks of quality' })), saves('checks', headings, found.checks));
}
