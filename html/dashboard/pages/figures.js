/* Figures as they are written, by their unit. */

export function written(value, unit) {
  if (unit === 's') {
    return value < 0.001 ? (value * 1e6).toPrecision(3) + ' \u00b5s'
      : value < 1 ? (value * 1e3).toPrecision(3) + ' ms' : value.toPrecision(3) + ' s';
  }
  if (unit === 'us') { return value.toPrecision(3) + ' \u00b5s'; }
  if (unit === 'bytes') { return (value / 1e6).toFixed(2) + ' MB'; }
  if (unit === 'instructions') { return (value / 1e6).toFixed(2) + ' million'; }
  return unit === 'ratio' ? value.toFixed(3) : String(Number(value.toPrecision(6)));
}
