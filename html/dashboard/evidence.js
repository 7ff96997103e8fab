/* What the pages share: verdicts and noise as they were published, and how they are written. */
const CHANGES = ['regression', 'improvement'];

export function cells(verdicts, step) {
  step.named = step.named || step.cells.map((row) => {
    const cell = Object.fromEntries(verdicts.cell_fields.map((field, i) => [field, row[i]]));
    cell.benchmark = verdicts.benchmarks[cell.benchmark].name;
    cell.config = cell.codec + ' ' + cell.chunks + ' v' + cell.format;
    return cell;
  });
  return step.named;
}

/* The ratio that the verdict on a cell is of; CPU time's, unless only wall time changed. */
export function deciding(cell) {
  return cell.by === 'wall time' ? [cell.wallRatio, cell.wallLow, cell.wallHigh]
    : [cell.ratio, cell.low, cell.high];
}

export function interval(low, high) {
  return low === null || high === null ? 'no interval'
    : '[' + low.toFixed(2) + ', ' + high.toFixed(2) + ']';
}

export function ratio(values) {
  return values[0] === null ? 'no estimate'
    : values[0].toFixed(2) + ' ' + interval(values[1], values[2]);
}

function sameRun(one, other) {
  return ['machine', 'tomogram', 'python'].every((name) => one[name] === other[name]);
}

/* The changes of a benchmark in a series of results, by release and direction: `shown` where one
   of the cells that `isShown` accepts has changed, `confirmed` where a direct comparison has it. */
export function marks(verdicts, series, benchmark, isShown) {
  const judged = benchmark.replace(/_cpu$/, '');
  const rows = verdicts.marks.map((row) => ({ series: row[0], release: row[1], benchmark: row[2],
    codec: row[3], chunks: row[4], format: row[5], direction: row[6], by: row[7],
    values: row.slice(8) })).filter((row) => row.benchmark === judged
    && sameRun(verdicts.series[row.series], series));
  const found = [];
  new Set(rows.map((row) => row.release)).forEach((release) => [1, -1].forEach((direction) => {
    const changed = rows.filter((row) => row.release === release && row.direction === direction);
    if (!changed.length) { return; }
    const here = changed.filter(isShown);
    const strongest = (here.length ? here : changed).reduce((most, row) =>
      (Math.abs(Math.log(most.values[0])) >= Math.abs(Math.log(row.values[0])) ? most : row));
    const confirmed = changed.some((row) => row.by === 'verdict');
    const word = CHANGES[direction === 1 ? 0 : 1];
    found.push({ release: release, direction: word, shown: here.length > 0, confirmed: confirmed,
      said: changed[0].by === 'counted' ? 'counted: ' + (direction === 1 ? 'more' : 'less') + ' work'
        : (confirmed ? 'confirmed ' : 'candidate for a ') + word,
      ratio: ratio(strongest.values) + ' in ' + strongest.codec + ' ' + strongest.chunks + ' v'
        + strongest.format, cells: changed.length });
  }));
  return found;
}

export function distance(cell) { return Math.abs(Math.log(deciding(cell)[0] || 1)); }

/* The bands of a series: a function from benchmark and cell to [low, high, count] or null. */
export function bands(noise, series) {
  const place = noise.series.findIndex((each) => sameRun(each, series));
  const found = {};
  noise.bands.filter((row) => row[0] === place).forEach((row) => {
    found[[noise.benchmarks[row[1]], row[2], row[3], row[4]].join(' ')] = row.slice(5);
  });
  return (benchmark, codec, chunks, format) =>
    found[[benchmark, codec, chunks, format].join(' ')] || null;
}

/* The intervals of a cell of a series, by release: [low, high]; null where there are none. */
export function intervals(noise, series) {
  const place = noise.series.findIndex((each) => sameRun(each, series));
  const found = {};
  (noise.intervals || []).filter((row) => row[0] === place).forEach((row) => {
    found[row.slice(1, 5).join(' ')] = Object.fromEntries(row[5].map((each) =>
      [each[0], each.slice(1)]));
  });
  return (benchmark, codec, chunks, format) =>
    found[[benchmark, codec, chunks, format].join(' ')] || null;
}

export function bandInWords(counts) {
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  return 'band: the range of ' + (fewest === most ? fewest : fewest + ' to ' + most)
    + ' measurements of the same release in this run';
}

/* By how much repeats differ, in a sentence; '' where nothing was repeated. */
export function spreadInWords(noise, series) {
  const place = noise.series.findIndex((each) => sameRun(each, series));
  const said = noise.spreads.filter((row) => row[0] === place).map((row) =>
    row[1] + ' by ' + row[2].toFixed(2) + 'x at the median and ' + row[3].toFixed(2)
    + 'x at the 90th percentile (' + row[4] + ' pairs of measurements)');
  return said.length ? 'Repeats of the same release in this run varied in '
    + said.join(', in ') + '.' : '';
}
