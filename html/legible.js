/* asv shows commits by their hash. Here a commit is a release, so its name is shown instead. */
import * as evidence from './dashboard/evidence.js';
import { load } from './dashboard/published_files.js';

$(document).ready(function () {
  let names = null;

  function releaseNames() {
    const index = $.asv.main_json;
    if (names === null && index && index.tags) {
      names = {};
      Object.entries(index.tags).forEach(([tag, revision]) => {
        const commit = index.revision_to_hash[revision];
        if (commit) { names[commit.slice(0, index.hash_length)] = tag.replace('-', ' '); }
      });
    }
    return names || {};
  }

  function named(text) {
    return text.replace(/\b[0-9a-f]{8}\b/g, (hash) => releaseNames()[hash] || hash)
      .replace(/^commits$/, 'releases').replace(/^(\s*)commit(\s*)$/, '$1release$2')
      .replace(/^even commit spacing$/, 'even spacing');
  }

  function rename(node) {
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    for (let text = walker.currentNode; text; text = walker.nextNode()) {
      if (text.nodeType !== Node.TEXT_NODE) { continue; }
      const parent = text.parentElement;
      if (parent && parent.closest('script, style')) { continue; }
      const better = named(text.data.trim());
      if (better !== text.data.trim()) { text.data = text.data.replace(text.data.trim(), better); }
    }
    const range = document.getElementById('range');
    if (range && named(range.value) !== range.value) {
      range.value = named(range.value).replace('^!', '');
    }
  }

  new MutationObserver((changes) => {
    changes.forEach((change) => rename(change.target));
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
  rename(document.body);

  /* On a graph over releases: behind each line its noise band, below the axis confirmed changes. */
  let verdicts = null;
  let noise = null;
  let asked = false;
  let latest = null;

  function seriesOf(line) {
    return { machine: line.state.machine, tomogram: line.state['env-tomogram'],
      python: line.state.python };
  }

  /* Codec, chunks and format of a line; null on a graph over one of these. */
  function cellOf(line) {
    const parameters = line.cell && $.asv.main_json.benchmarks[line.benchmark].params;
    if (!parameters || parameters.some((values, k) => line.cell[k + 1] === null)) { return null; }
    return parameters.map((values, k) =>
      String($.asv.convert_benchmark_param_value(values[line.cell[k + 1]])));
  }

  function linesWithCells(plot) {
    return noise ? plot.getData().filter((line) => line.state && cellOf(line)) : [];
  }

  function drawBands(plot, canvas) {
    const [left, top] = [plot.getPlotOffset().left, plot.getPlotOffset().top];
    const counts = [];
    canvas.save();
    canvas.beginPath();
    canvas.rect(left, top, plot.width(), plot.height());
    canvas.clip();
    linesWithCells(plot).forEach((line) => {
      const factors = factorsOf(line, plot.getAxes().xaxis, counts);
      if (!factors) { return; }
      canvas.fillStyle = $.color.parse(line.color).scale('a', 0.18).toString();
      stretches(line.data).forEach((points) => {
        const edge = (side) => points.map(([x, y]) =>
          [left + line.xaxis.p2c(x), top + line.yaxis.p2c(y * factors(x)[side])]);
        canvas.beginPath();
        [...edge(0), ...edge(1).reverse()].forEach(([x, y]) => canvas.lineTo(x, y));
        canvas.fill();
      });
    });
    canvas.restore();
    return counts;
  }

  /* For a place on the x-axis the factors that bound its figure; null where nothing is known. */
  function factorsOf(line, axis, counts) {
    const cell = [line.benchmark, ...cellOf(line)];
    const known = evidence.intervals(noise, seriesOf(line))(...cell);
    if (known) {
      const byPlace = Object.fromEntries(Object.entries(known).map(([tag, bounds]) =>
        [placeOf(tag, axis), bounds]));
      return (x) => byPlace[x] || [1, 1];
    }
    const band = evidence.bands(noise, seriesOf(line))(...cell);
    if (!band) { return null; }
    counts.push(band[2]);
    return () => band;
  }

  /* Where a release is on the x-axis of a graph, which may be one of dates. */
  function placeOf(tag, axis) {
    const revision = $.asv.main_json.tags[tag];
    return axis.options.mode === 'time' ? $.asv.main_json.revision_to_date[revision] : revision;
  }

  /* The points between gaps. */
  function stretches(points) {
    const found = [[]];
    points.forEach((point) => {
      if (point[1] === null) { found.push([]); } else { found[found.length - 1].push(point); }
    });
    return found;
  }

  function placeMarks(plot) {
    const graph = plot.getPlaceholder();
    graph.children('.release-mark').remove();
    const lines = linesWithCells(plot);
    if (!lines.length) { return; }
    const cells = lines.map((line) => cellOf(line).join(' '));
    const axis = plot.getAxes().xaxis;
    const drawn = new Set(lines.flatMap((line) => line.data.map((point) => point[0])));
    const isShown = (cell) => cells.includes([cell.codec, cell.chunks, cell.format].join(' '));
    evidence.marks(verdicts, seriesOf(lines[0]), lines[0].benchmark, isShown).forEach((mark) => {
      const x = placeOf(mark.release, axis);
      if (!drawn.has(x) || x < axis.min || x > axis.max) { return; }
      const worse = mark.direction === 'regression';
      const signs = worse ? '\u25b3\u25b2' : '\u25bd\u25bc';
      $('<div class="release-mark">').addClass(mark.direction).text(signs[Number(mark.shown)])
        .attr('title', mark.release + ': ' + mark.said + ', ' + mark.ratio
          + (mark.shown ? '' : ', which is no line here'))
        .css({ left: plot.getPlotOffset().left + axis.p2c(x) - 7,
          top: plot.getPlotOffset().top + plot.height() + (worse ? 4 : 15) }).appendTo(graph);
    });
  }

  function explain(plot, counts) {
    const graph = plot.getPlaceholder();
    graph.children('.graph-note').remove();
    const isBounded = linesWithCells(plot).some((line) =>
      evidence.intervals(noise, seriesOf(line))(line.benchmark, ...cellOf(line)));
    const said = counts.length ? evidence.bandInWords(counts)
      : isBounded ? 'measured side by side with an anchor release; band: the 99 % interval' : '';
    if (said) { $('<div class="graph-note">').text(said).appendTo(graph); }
  }

  $.plot.plugins.push({ name: 'evidence', options: {}, init: function (plot) {
    let counts = [];
    plot.hooks.drawBackground.push((drawn, canvas) => {
      if (drawn.getPlaceholder().attr('id') !== 'main-graph') { return; }
      latest = drawn;
      loadEvidence();
      counts = drawBands(drawn, canvas);
    });
    plot.hooks.draw.push((drawn) => {
      if (drawn.getPlaceholder().attr('id') !== 'main-graph') { return; }
      placeMarks(drawn);
      explain(drawn, counts);
    });
  } });

  function loadEvidence() {
    if (asked) { return; }
    asked = true;
    Promise.all(['verdicts.json', 'noise.json'].map(load)).then((answers) => {
      [verdicts, noise] = answers;
      latest.draw();
    }).catch($.asv.ui.network_error);
  }
});
