'use strict';

/* The first page: a table of the newest release, and one figure followed through the releases. */
$(document).ready(function () {
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
  const REGRESSED = '#d55e00';
  const IMPROVED = '#0072b2';
  const element = evidence.element;
  let overview = null;
  let verdicts = null;
  let noise = null;
  const chosen = {};

  function written(value, unit) {
    if (unit === 's') {
      return value < 0.001 ? (value * 1e6).toPrecision(3) + ' µs'
        : value < 1 ? (value * 1e3).toPrecision(3) + ' ms' : value.toPrecision(3) + ' s';
    }
    if (unit === 'bytes') { return (value / 1e6).toFixed(2) + ' MB'; }
    return unit === 'ratio' ? value.toFixed(3) : String(value);
  }

  /* The columns of the table of a release: wall time, or CPU time where that is all there is. */
  function columnsOf(rows) {
    const hasWall = rows.some((row) => TIMES.some((each) => each.benchmark === row.benchmark));
    return [...TIMES.map((each) => (hasWall ? each
      : { ...each, benchmark: each.benchmark + '_cpu' })), ...EXACT];
  }

  function anchor() { return overview.series[chosen.series].anchored_to; }

  function figures() {
    return overview.figures.flatMap(([series, release, benchmark, ...cells]) => {
      const name = overview.benchmarks[benchmark].name;
      return cells.map(([config, value, low, high, wide]) => {
        const [codec, chunks, format] = overview.configs[config];
        return { series: series, release: release, benchmark: name,
          codec: codec, chunks: chunks, format: format, value: value, low: low, high: high,
          wide: Boolean(wide) };
      });
    });
  }

  function choice(label, key, options, redraw) {
    const box = element('label', label + ' ');
    const select = element('select', null, { id: 'overview-' + key });
    options.forEach(([value, text]) => {
      const option = element('option', text, { value: value });
      option.selected = String(chosen[key]) === String(value);
      select.append(option);
    });
    select.addEventListener('change', () => { chosen[key] = select.value; redraw(); });
    box.append(select);
    return box;
  }

  /* The rows of the configs that every profile has, or all, as chosen. */
  function ofChosenConfigs(rows) {
    const few = rows.filter((row) => overview.usual.some((each) =>
      each[0] === row.codec && each[1] === row.chunks));
    return chosen.configs === 'all' || !few.length ? rows : few;
  }

  function reach() { return (overview.reach * 100).toFixed(0) + ' %'; }

  function counted(count, one, many) { return count + ' ' + (count === 1 ? one : many); }

  function unique(values) { return [...new Set(values)]; }

  /* The whole line of a branch, from the first release that both share. */
  function line(branch) {
    const byTag = Object.fromEntries(overview.releases.map((release, i) => [release.tag, i]));
    const tips = overview.releases.filter((release) => release.branch === branch);
    const found = [];
    let at = tips.length ? byTag[tips[tips.length - 1].tag] : undefined;
    while (at !== undefined) {
      found.unshift(at);
      at = byTag[overview.releases[at].parent];
    }
    return found;
  }

  function label(release) {
    return release.changed === 'zarr' ? 'zarr ' + release.zarr : 'numcodecs ' + release.numcodecs;
  }

  function measuredOn(branch, rows) {
    return line(branch).filter((i) => rows.some((row) => row.release === i));
  }

  function drawTable(rows, place) {
    place.replaceChildren();
    const measured = measuredOn(chosen.branch, rows);
    if (!measured.length) {
      place.append(element('p', 'Nothing was measured on this branch.'));
      return;
    }
    if (!measured.includes(Number(chosen.release))) { chosen.release = measured[measured.length - 1]; }
    const index = Number(chosen.release);
    const release = overview.releases[index];
    const here = rows.filter((row) => row.release === index && row.format === Number(chosen.format));
    place.append(element('h2', 'zarr ' + release.zarr + ' with numcodecs ' + release.numcodecs
      + ', Zarr format ' + chosen.format));
    if (!here.length) {
      place.append(element('p', 'This release cannot write Zarr format ' + chosen.format + ': n/a.'));
      return;
    }
    const said = overview.answers.find((row) => row[0] === Number(chosen.series)
      && row[1] === index && row[2] === Number(chosen.format));
    if (said) { place.append(element('p', said[3], { class: 'answer' })); }
    const columns = columnsOf(here);
    const table = element('table', null, { class: 'overview-table', id: 'overview-by-config' });
    const head = element('tr');
    ['codec', 'chunks (z, y, x)', ...columns.map((column) => column.heading)].forEach((text, i) =>
      head.append(element('th', text, i < 2 ? {} : { class: 'number' })));
    table.append(element('thead'));
    table.tHead.append(head);
    const body = element('tbody');
    const limits = columns.map((column) => {
      const values = here.filter((row) => row.benchmark === column.benchmark).map((row) => row.value);
      return [Math.min(...values), Math.max(...values)];
    });
    // Other questions have figures of other configs: those in which nothing of this was measured.
    const shown = here.filter((row) => columns.some((column) => column.benchmark === row.benchmark));
    unique(shown.map((row) => row.codec)).forEach((codec) => {
      const ofCodec = shown.filter((row) => row.codec === codec);
      unique(ofCodec.map((row) => row.chunks)).forEach((chunks, i, all) => {
        const line = element('tr', null, i === all.length - 1 ? { class: 'last' } : {});
        line.append(element('td', i ? '' : codec), element('td', chunks));
        columns.forEach((column, c) => {
          const cell = here.find((row) => row.benchmark === column.benchmark && row.codec === codec
            && row.chunks === chunks);
          const td = element('td', cell ? written(cell.value, unitOf(column.benchmark)) : 'n/a',
            { class: 'number' });
          if (cell) {
            const raw = rawBytes(here);
            if (raw && (column.heading === 'write' || column.heading === 'read all')) {
              td.title = (raw / 1e6 / cell.value).toFixed(0) + ' MB/s';
            }
            const [low, high] = limits[c];
            const better = high > low ? (Math.log(column.lower ? high / cell.value : cell.value / low)
              / Math.log(high / low)) : 0;
            td.style.backgroundColor = 'rgba(31, 119, 180, ' + (0.42 * better).toFixed(3) + ')';
            if (cell.value === (column.lower ? low : high)) { td.classList.add('best'); }
          }
          line.append(td);
        });
        body.append(line);
      });
    });
    table.append(body);
    place.append(scrolling(table));
    place.append(element('p', 'Darker cells are better within their column; the best is bold. '
      + timesInWords(columns) + ' The ratio is bytes in memory '
      + 'over bytes stored, metadata included. The tomogram takes ' + written(rawBytes(here), 'bytes')
      + ' in memory. Point at a time to see MB/s.', { class: 'note' }));
  }

  function timesInWords(columns) {
    if (columns[0] !== TIMES[0]) {
      return 'Times are CPU times with one thread, from warm page cache, measured side by side with '
        + anchor().replace('-', ' ') + ' in the configs that have one.';
    }
    return 'Times are medians of wall time with one thread, from warm page cache'
      + (anchor() ? ', of this release alone: compare configs by them, not releases.' : '.');
  }

  /* What the newest release of a series says to the other questions, one at a time. */
  function drawQuestions(place) {
    const found = (overview.questions || []).find((each) => each.series === Number(chosen.series));
    if (!found) { return; }
    const release = overview.releases[found.release];
    place.append(element('h2', 'Other questions, zarr ' + release.zarr + ' with numcodecs '
      + release.numcodecs));
    const titles = found.tables.map((table) => table.title);
    if (!titles.includes(chosen.question)) { chosen.question = titles[0]; }
    const tabs = element('p', null, { class: 'overview-tabs', role: 'tablist' });
    titles.forEach((title) => {
      const tab = element('button', title, { type: 'button', role: 'tab',
        'aria-selected': title === chosen.question ? 'true' : 'false' });
      tab.addEventListener('click', () => {
        chosen.question = title;
        place.replaceChildren();
        drawQuestions(place);
        place.querySelector('[aria-selected="true"]').focus();
      });
      tabs.append(tab);
    });
    const question = found.tables.find((table) => table.title === chosen.question);
    place.append(tabs, questionTable(question), element('p', question.says, { class: 'note' }));
  }

  /* A cell is a text, or [text, smaller text below it, whether it is the best]. */
  function questionTable(question) {
    const isNumber = question.headings.map((heading, i) =>
      question.rows.some((row) => Array.isArray(row[i])));
    const attributes = (i) => (isNumber[i] ? { class: 'number' } : {});
    const table = element('table', null, { class: 'overview-table' });
    const head = element('tr');
    question.headings.forEach((heading, i) => head.append(element('th', heading, attributes(i))));
    table.append(element('thead'), element('tbody'));
    table.tHead.append(head);
    question.rows.forEach((row) => {
      const line = element('tr');
      row.forEach((cell, i) => {
        const [text, beneath, best] = Array.isArray(cell) ? cell : [cell, '', false];
        const td = element('td', text, attributes(i));
        if (best) { td.classList.add('best'); }
        if (beneath) { td.append(element('small', beneath)); }
        line.append(td);
      });
      table.tBodies[0].append(line);
    });
    return scrolling(table);
  }

  /* A table that is too wide for the screen scrolls by itself, the page does not. */
  function scrolling(table) {
    const box = element('div', null, { class: 'overview-wide' });
    box.append(table);
    return box;
  }

  /* What the tomogram takes in memory, from a ratio and the bytes it is the ratio to. */
  function rawBytes(rows) {
    const ratio = rows.find((row) => row.benchmark.endsWith('track_compression_ratio'));
    const stored = ratio && rows.find((row) => row.benchmark.endsWith('track_stored_bytes')
      && row.codec === ratio.codec && row.chunks === ratio.chunks);
    return stored ? ratio.value * stored.value : null;
  }

  function unitOf(benchmark) {
    return overview.benchmarks.find((each) => each.name === benchmark).unit;
  }

  /* The rows of one benchmark: of the chosen configs, or of all where it has none of those. */
  function ofBenchmark(name, rows, every) {
    const own = rows.filter((row) => row.benchmark === name);
    return own.length ? own : every.filter((row) => row.benchmark === name);
  }

  /* The Zarr format of the chart: the chosen one, or the newest that the benchmark has. */
  function formatOf(followed) {
    const formats = unique(followed.map((row) => row.format));
    return formats.includes(Number(chosen.format)) ? Number(chosen.format) : Math.max(...formats);
  }

  function drawHistory(rows, followed, format, place) {
    const benchmark = overview.benchmarks.find((each) => each.name === chosen.benchmark);
    const order = line(chosen.branch).filter((i) => rows.some((row) => row.release === i));
    const labels = order.map((i) => label(overview.releases[i]));
    const factor = { s: 1e3, us: 1, bytes: 1e-6 }[benchmark.unit] || 1;
    const unit = { s: 'ms', us: 'µs', bytes: 'MB', ratio: 'times smaller' }[benchmark.unit]
      || benchmark.unit;
    const series = overview.series[chosen.series];
    const bandOf = evidence.bands(noise, series);
    const shown = followed.filter((row) => row.chunks === chosen.chunks && row.format === format
      && order.includes(row.release));
    // The core keeps the colours of its codecs, whichever of them were measured here.
    const core = unique(rows.map((row) => row.codec));
    const codecs = shown.every((row) => core.includes(row.codec)) ? core
      : unique(shown.map((row) => row.codec));
    const counts = [];
    const values = shown.map((row) => {
      const release = overview.releases[row.release];
      const band = bandOf(row.benchmark, row.codec, row.chunks, row.format);
      const run = row.wide ? 'its interval is wider than ' + reach() : runInWords(row.release);
      if (band) { counts.push(band[2]); }
      return {
        release: label(release),
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
    });
    const banded = counts.length > 0;
    const bounded = Boolean(anchor()) && benchmark.unit === 's';
    const marks = evidence.marks(verdicts, series, chosen.benchmark,
      (cell) => cell.chunks === chosen.chunks && cell.format === format)
      .map((mark) => ({ ...mark, place: overview.releases.findIndex((each) =>
        each.tag === mark.release) }))
      .filter((mark) => order.includes(mark.place))
      .map((mark) => ({ ...mark, release: label(overview.releases[mark.place]),
        said: mark.said + (mark.shown ? '' : ', in other chunks or formats') }));
    const y = { field: 'value', type: 'quantitative',
      scale: benchmark.unit === 'ratio' ? { zero: false } : { zero: true },
      title: benchmark.title + ' (' + unit + ')' };
    const tooltip = [
      { field: 'pair', title: 'release' }, { field: 'date', title: 'since' },
      { field: 'codec' }, { field: 'value', title: unit, format: '.4g' },
      ...(banded ? [{ field: 'again', title: 'same release again' }] : []),
      ...(bounded ? [{ field: 'interval', title: '99 % interval' }] : []),
    ];
    const spec = {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      width: 'container',
      height: 360,
      background: 'white',
      data: { values: values },
      encoding: {
        x: {
          field: 'release', type: 'ordinal', sort: labels,
          scale: { domain: labels },
          axis: { title: null, labelAngle: -60, labelOverlap: false, labelLimit: 140, grid: true,
            gridColor: '#f0f0f0',
            labelColor: { condition: { test: "indexof(datum.value, 'zarr') === 0", value: '#222' },
              value: '#888' } },
        },
        color: { field: 'codec', type: 'nominal', sort: codecs, scale: { domain: codecs },
          legend: { orient: 'top', offset: marks.length ? 34 : 18, title: null, labelLimit: 220,
            symbolOpacity: 1, values: unique(shown.map((row) => row.codec)) } },
      },
      layer: [
        { name: banded ? 'noise' : bounded ? 'interval' : 'quartiles',
          mark: { type: 'area', opacity: 0.15, interpolate: 'linear' },
          encoding: { y: { ...y, field: banded ? 'bandLow' : 'low' },
            y2: { field: banded ? 'bandHigh' : 'high' }, tooltip: null } },
        ...markLayers(marks),
        { mark: { type: 'line', strokeWidth: 2, interpolate: 'linear' },
          encoding: { y: y, tooltip: null } },
        ...pointLayers(values, y, tooltip),
      ],
      config: { font: 'Verdana, "DejaVu Sans", sans-serif', axis: { labelFontSize: 11, titleFontSize: 12 },
        legend: { labelFontSize: 12 }, view: { stroke: '#ddd' } },
    };
    // The page allows no function that is made of text, hence `ast`, and no style that is: those of
    // the chart are in overview.css, which has the id by which vega-embed knows that they are there.
    return vegaEmbed(place, spec, { actions: { export: true, source: false, editor: false,
      compiled: false }, renderer: 'svg', ast: true,
      tooltip: { disableDefaultStyle: true } }).then(() => ({ counts: counts, marks: marks, bounded: bounded }));
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
          encoding: { color: { value: colour }, y: { value: y }, y2: { value: 360 } } };
        const point = { name: direction, data: data,
          mark: { type: 'point', shape: shape, filled: true, size: 90, stroke: colour,
            strokeWidth: 1.5, opacity: 1 },
          encoding: {
            color: { value: colour },
            fillOpacity: { condition: { test: 'datum.shown', value: 1 }, value: 0 },
            y: { value: y },
            tooltip: [{ field: 'release' }, { field: 'said', title: 'verdict' },
              { field: 'ratio', title: 'strongest' }, { field: 'cells', title: 'cells changed' }],
          } };
        return own.length ? [rule, point] : [];
      });
  }

  /* What is unusual about the times of a release; empty where nothing is. */
  function runInWords(release) {
    const own = (row) => row[0] === Number(chosen.series) && row[1] === release;
    const noisy = overview.noisy.find(own);
    const pace = overview.paces.find(own);
    return [noisy ? 'noisy run (canary spread ' + (noisy[2] * 100).toFixed(0) + ' %)' : '',
      pace ? 'canary took ' + pace[2].toFixed(2) + ' times its usual time' : '']
      .filter(Boolean).join(', ');
  }

  /* What the chart shows, in words: only what is there is explained. */
  function explain(drawn, note) {
    const read = ['Each step changes one library: black names are releases of zarr, grey ones of '
      + 'numcodecs. ' + (drawn.bounded ? 'Each release was measured side by side with '
        + anchor().replace('-', ' ') + ': its time is the time of that one times the ratio, the band '
        + 'is the 99 % interval. '
        : 'Points are medians; ' + (drawn.counts.length ? evidence.bandInWords(drawn.counts) + '.'
          : 'bands are the middle half of the samples.'))];
    if (drawn.marks.length) {
      read.push('\u25b2 marks a regression and \u25bc an improvement; point at one to see whether a '
        + 'direct comparison confirmed it or it is a candidate. A hollow mark means that only other chunks or another Zarr format '
        + 'changed. The tab Verdicts lists all of them.');
    } else if (!drawn.bounded) {
      read.push('A step in wall time on a shared machine is a candidate, not a verdict; CPU time '
        + 'varies less.');
    }
    read.push('The benchmark grid and list above have a graph of every parameter.');
    const trust = [evidence.spreadInWords(noise, overview.series[chosen.series]), noisyInWords()];
    [read, trust.filter(Boolean)].forEach((said) => note.append(element('p', said.join(' '))));
  }

  function noisyInWords() {
    if (anchor()) {
      const times = figures().filter((row) => row.series === Number(chosen.series)
        && row.benchmark.match(/_cpu$|time_open$/));
      const wide = times.filter((row) => row.wide).length;
      return counted(wide, 'time', 'times') + ' of ' + times.length + ' in this history '
        + (wide === 1 ? 'is' : 'are') + ' known less well than within ' + reach()
        + ', which is aimed at' + (wide ? '; such points are hollow and dashed.' : '.');
    }
    const watched = overview.watched[chosen.series];
    const noisy = overview.noisy.filter((row) => row[0] === Number(chosen.series)).length;
    if (!watched) { return ''; }
    const paces = overview.paces.filter((row) => row[0] === Number(chosen.series))
      .map((row) => row[2]);
    return noisy + ' of ' + watched + (watched === 1 ? ' release was' : ' releases were')
      + ' measured while the machine was noisy (canary spread over 10 %)'
      + (paces.length ? ', ' + paces.length + ' while it ran faster or slower than usual (the canary '
        + 'took ' + Math.min(...paces).toFixed(2) + ' to ' + Math.max(...paces).toFixed(2)
        + ' times its usual time): a step there may come from the machine' : '')
      + (noisy || paces.length ? '. Their points are hollow and dashed.' : '.');
  }

  function draw() {
    const display = document.getElementById('overview-display');
    display.replaceChildren();
    const page = element('div', null, { class: 'overview-page' });
    display.append(page);
    page.append(element('h1', 'How should a cryo-electron tomogram be stored in Zarr?'));
    if (!overview.figures.length) {
      page.append(element('p', 'Nothing has been measured yet: run make bench.'));
      return;
    }
    const all = figures();
    const every = all.filter((row) => row.series === Number(chosen.series));
    const rows = ofChosenConfigs(every);
    const series = overview.series[chosen.series];
    const machine = overview.machines[series.machine];
    const releases = unique(rows.map((row) => row.release)).length;
    page.append(element('p', 'Tomogram: ' + series.tomogram + '. Machine: ' + series.machine + ' ('
      + [machine.cpu, machine.num_cpu + ' cores', machine.os].filter(Boolean).join(', ')
      + '), Python ' + series.python + ', stores on ' + series.file_system + ', '
      + series.cores + '. '
      + releases + (releases === 1 ? ' release' : ' releases')
      + ' measured' + profilesInWords(series.profiles) + '. A number is reported only after its store '
      + 'was verified: same bits read back, the codec asked for, the release on the label.'));
    if (series.trust.length) {
      const trust = element('p', 'Can it be believed? ', { class: 'note', id: 'overview-trust' });
      trust.append(document.createTextNode(series.trust.join(' ')));
      page.append(trust);
    }
    const choices = element('p', null, { class: 'overview-choices' });
    const redraw = draw;
    if (overview.series.length > 1) {
      choices.append(choice('tomogram', 'series', overview.series.map((each, i) =>
        [i, each.tomogram + ', ' + each.machine + ', Python ' + each.python]), redraw));
    }
    const branches = unique(overview.releases.map((release) => release.branch)).sort().reverse();
    choices.append(choice('branch', 'branch', branches.map((name) => [name, 'zarr ' + name]), redraw));
    const onBranch = measuredOn(chosen.branch, rows).reverse();
    if (!onBranch.includes(Number(chosen.release))) { chosen.release = onBranch[0]; }
    choices.append(choice('release', 'release', onBranch.map((i) =>
      [i, label(overview.releases[i])]), redraw));
    choices.append(choice('Zarr format', 'format', unique(all.map((row) => row.format)).sort()
      .map((format) => [format, format]), redraw));
    if (every.some((row) => !overview.usual.some((each) =>
      each[0] === row.codec && each[1] === row.chunks))) {
      choices.append(choice('configs', 'configs', [['few', 'the usual'], ['all', 'all']], redraw));
    }
    page.append(choices);
    const table = element('div');
    page.append(table);
    drawTable(rows, table);
    const questions = element('div', null, { id: 'overview-questions' });
    page.append(questions);
    drawQuestions(questions);

    // Where releases were measured beside an anchor, a figure of one of them alone is not followed.
    const measured = overview.benchmarks.filter((each) => unique(every.filter((row) =>
      row.benchmark === each.name).map((row) => row.release)).length > (anchor() ? 1 : 0));
    if (!measured.length) { return; }
    if (!measured.some((each) => each.name === chosen.benchmark)) {
      chosen.benchmark = measured[0].name;
    }
    const followed = ofBenchmark(chosen.benchmark, rows, every);
    const format = formatOf(followed);
    const shapes = unique(followed.map((row) => row.chunks));
    if (!shapes.includes(chosen.chunks)) { chosen.chunks = shapes[0]; }
    page.append(element('h2', 'Through the releases, Zarr format ' + format));
    const chart = element('p', null, { class: 'overview-choices' });
    chart.append(choice('figure', 'benchmark', measured.map((each) =>
      [each.name, each.title]), redraw));
    chart.append(choice('chunks', 'chunks', shapes.map((chunks) => [chunks, chunks]), redraw));
    page.append(chart);
    const place = element('div', null, { id: 'overview-history' });
    page.append(place);
    const note = element('div', null, { class: 'note', id: 'overview-note' });
    page.append(note);
    drawHistory(rows, followed, format, place).then((drawn) => {
      explain(drawn, note);
      place.setAttribute('data-drawn', 'yes');
    });
  }

  /* Releases may have been measured with a larger or a smaller part of the grid. */
  function profilesInWords(profiles) {
    const names = Object.keys(profiles);
    return names.length === 1 ? ', profile ' + names[0]
      : ': ' + names.map((name) => profiles[name] + ' with profile ' + name).join(', ');
  }

  function chooseDefaults() {
    chosen.series = 0;
    chosen.configs = 'few';
    const rows = figures().filter((row) => row.series === chosen.series);
    chosen.branch = '3.x';
    chosen.format = Math.max(2, ...rows.map((row) => row.format));
    // What the whole history has is format 2; the newest format would start at zarr 3.
    if (unique(rows.map((row) => row.release)).length > 4) { chosen.format = 2; }
    chosen.benchmark = anchor() ? 'read.Read.time_read_xy_slice_cpu' : 'write.Write.time_write';
    const shapes = unique(rows.map((row) => row.chunks));
    chosen.chunks = shapes.includes('64x64x64') ? '64x64x64' : shapes[0];
  }

  /* Elsewhere on the dashboard a release is a link that names its tag, or its commit. */
  function chooseRelease(params) {
    const named = params.release && params.release[0];
    if (!named) { return false; }
    const index = overview.releases.findIndex((each) => each.tag === named
      || each.commit.startsWith(named));
    if (index < 0) { return false; }
    chosen.release = index;
    chosen.branch = line('3.x').includes(index) ? '3.x' : '2.x';
    return true;
  }

  $.asv.register_page('overview', function (params) {
    $('#title').text('');
    document.title = 'cryoet-zarr-bench';
    $('#overview-display').show();
    if (overview !== null) {
      if (chooseRelease(params)) { draw(); }
      return;
    }
    $.when(...['overview.json', 'verdicts.json', 'noise.json'].map(evidence.load))
      .done(function (...answers) {
        [overview, verdicts, noise] = answers.map((answer) => answer[0]);
        chooseDefaults();
        chooseRelease(params);
        draw();
      }).fail($.asv.ui.network_error);
  });

  $(window).on('hashchange', function () {
    if (!location.hash.startsWith('#/overview')) { $('#overview-display').hide(); }
  });
});
