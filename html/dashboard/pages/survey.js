/* Many tomograms: how far they lie apart, what explains it, and what lossy codecs do to particles. */
import { chosenOf, go } from '../addresses.js';
import { chart } from '../charts.js';
import { choice, element, scrolling, textTable } from '../elements.js';
import { load as published } from '../published_files.js';
import { saves, sortable } from '../tables.js';

export const title = 'Survey';

export function load() { return published('survey.json'); }

export function draw(page, content, params) {
  page.append(element('h1', 'How far do tomograms lie apart?'));
  if (content.answer === null) {
    const none = element('p', 'No tomograms were surveyed yet: run ', { id: 'survey-none' });
    none.append(element('code', 'make survey'), document.createTextNode('.'));
    page.append(none);
  } else {
    drawSurvey(page, content, params);
  }
  if (content.particles !== null) { drawParticles(page, content.particles); }
}

function drawSurvey(page, content, params) {
  page.append(element('p', content.answer, { class: 'answer', id: 'survey-answer' }),
    element('p', content.note, { class: 'note' }));
  const config = chosenOf(params, 'config', content.configs.map((each) => each[0]),
    content.configs[0][0]);
  const choices = element('p', null, { class: 'choices' });
  choices.append(choice('config', 'survey-config', content.configs.map((each) => [each[0], each[0]]),
    config, (value) => go('survey', { config: value })));
  page.append(choices);
  drawPoints(page, content.points.filter((each) => each[1] === config), config);
  page.append(element('h2', 'Every config'));
  table(page, 'survey-configs', 'Configs',
    ['config', 'ratio', 'from', 'to', '5 % below', '5 % above', 'smallest of', 'of these open',
      'tomograms for \u00b11 %'], content.configs);
  page.append(element('h2', 'What explains it'),
    element('p', 'The part of the variance of the ratio, of ' + content.configs[0][0]
      + ', that lies between tomograms with different values: 1 is all of it. No interval stands where '
      + 'all are of one dataset, which does not tell how far others lie.', { class: 'note' }));
  table(page, 'survey-explained', 'What explains the ratio', ['what', 'part'], 
    content.explained.map(([what, part]) => [what, part === null ? null : Number(part.toFixed(3))]));
  table(page, 'survey-groups', 'Ratios by group', ['what', 'value', 'tomograms', 'ratio', 'from', 'to'],
    content.groups);
  if (content.unlike.length) {
    page.append(element('h2', 'Tomograms unlike their dataset'));
    table(page, 'survey-unlike', 'Tomograms unlike their dataset',
      ['tomogram', 'dataset', 'config', 'ratio', 'times the median', 'quality'], content.unlike);
  }
  if (content.sample !== null) {
    page.append(element('h2', 'What a sample is worth'),
      element('p', content.sample, { id: 'survey-sample' }));
  }
}

function drawPoints(page, points, config) {
  const place = element('figure', null, { id: 'survey-points', class: 'chart',
    'aria-label': 'Compression ratio of every tomogram in ' + config });
  page.append(place);
  const values = points.map(([tomogram, , ratio, kind, dataset]) => ({ tomogram, ratio, kind, dataset }));
  const kinds = new Set(values.map((each) => each.kind)).size;
  chart(place, { width: 'container', height: 40 * kinds, data: { values: values },
    transform: [{ calculate: 'random()', as: 'spread' }],
    mark: { type: 'circle', opacity: 0.6, size: 40 },
    encoding: {
      x: { field: 'ratio', type: 'quantitative', title: 'compression ratio',
        scale: { zero: false } },
      y: { field: 'kind', type: 'nominal', title: null, axis: { labelLimit: 260 } },
      yOffset: { field: 'spread', type: 'quantitative' },
      color: { field: 'kind', type: 'nominal', legend: null },
      tooltip: [{ field: 'tomogram' }, { field: 'dataset' }, { field: 'kind' },
        { field: 'ratio', format: '.3f' }],
    } });
}

function drawParticles(page, particles) {
  page.append(element('h2', 'Does lossy hurt?'),
    element('p', particles.answer, { class: 'answer', id: 'survey-particles' }),
    element('p', particles.method, { class: 'note' }));
  const place = element('figure', null, { id: 'survey-kept', class: 'chart',
    'aria-label': 'Particles found against the noise to signal of the worst shell' });
  page.append(place);
  const values = particles.rows.map((each) => ({ ...each, percent: 100 * each.change,
    low: 100 * (each.change - each.change_reach), high: 100 * (each.change + each.change_reach),
    particles: each.depth === Math.min(...particles.rows.map((row) => row.depth)) ? 'faint' : 'plain' }));
  const x = { field: 'noise_to_signal', type: 'quantitative', scale: { type: 'log' },
    title: 'noise to signal of the worst shell', axis: { format: '.0e', tickCount: 6 } };
  chart(place, { width: 'container', height: 260, data: { values: values }, layer: [
    { mark: { type: 'rule', opacity: 0.5 }, encoding: { x: x,
      y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' }, color: { field: 'particles' } } },
    { mark: { type: 'point', filled: true, size: 60 }, encoding: { x: x,
      y: { field: 'percent', type: 'quantitative', title: 'change of particles found, % of all' },
      color: { field: 'particles', type: 'nominal', title: 'particles' },
      tooltip: [{ field: 'config' }, { field: 'particles' }, { field: 'ratio', format: '.2f' },
        { field: 'percent', format: '.1f' }, { field: 'shift', format: '.2f', title: 'shift, A' }] } }] });
  table(page, 'survey-damage', 'Particles by config',
    ['config', 'particles', 'ratio', 'found before', 'change', '\u00b1', 'kept', 'shift, \u00c5',
      'noise to signal', 'within the bound'],
    values.map((each) => [each.config, each.particles, each.ratio, each.found_before, each.change,
      each.change_reach, each.kept, each.shift, each.noise_to_signal, each.within_bound ? 'yes' : 'no']));
}

function table(page, id, label, headings, rows) {
  const shown = rows.map((row) => row.map((value) => (typeof value === 'number'
    ? String(Number(value.toPrecision(4))) : value === null ? '' : String(value))));
  const made = textTable(headings, shown, { id: id, 'aria-label': label });
  page.append(scrolling(made), saves(id, headings, rows));
  sortable(made);
}
