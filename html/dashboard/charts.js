/* Charts by Vega-Lite, whose scripts are loaded where a page has the first one. */
import { isDark } from './themes.js';

const SCRIPTS = ['vendor/vega.min.js', 'vendor/vega-lite.min.js', 'vendor/vega-embed.min.js'];
let loading = null;

function script(source) {
  return new Promise((resolve, reject) => {
    const made = document.createElement('script');
    made.src = source;
    made.onload = resolve;
    made.onerror = () => reject(new Error(source + ' could not be loaded'));
    document.head.append(made);
  });
}

async function libraries() {
  loading = loading || SCRIPTS.reduce((before, source) => before.then(() => script(source)),
    Promise.resolve());
  await loading;
}

/* The colours of axes and legends in the look of the page. */
function colours() {
  const [text, line] = isDark() ? ['#c2c7d0', '#333a48'] : ['#373c44', '#e3e6ea'];
  return { axis: { labelColor: text, titleColor: text, gridColor: line, domainColor: line,
    tickColor: line, labelFontSize: 12, titleFontSize: 13, titleFontWeight: 500 },
  legend: { labelColor: text, titleColor: text, labelFontSize: 12, titleFontSize: 12,
    symbolBaseFillColor: text, symbolBaseStrokeColor: text,
    layout: { bottom: { direction: 'vertical' } } },
  rule: { color: text }, text: { color: text },
  title: { color: text, fontSize: 13, fontWeight: 500, anchor: 'start' },
  view: { stroke: line }, font: 'system-ui, sans-serif' };
}

/* Draws a chart and says so by `data-drawn`; the menu saves it as a picture. */
export async function chart(place, spec) {
  await libraries();
  // The page allows no function that is made of text, hence `ast`, and no style that is: those of
  // the chart are in dashboard.css, which has the id by which vega-embed knows that they are there.
  const drawn = await window.vegaEmbed(place, {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: isDark() ? '#13171f' : 'white',
    ...spec, config: { ...colours(), ...(spec.config || {}) },
  }, { actions: { export: true, source: false, editor: false, compiled: false }, renderer: 'svg',
    ast: true, tooltip: { disableDefaultStyle: true } });
  place.querySelector('summary').setAttribute('aria-label', 'Save the chart');
  place.setAttribute('data-drawn', 'yes');
  return drawn;
}
