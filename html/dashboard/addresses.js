/* What is chosen on a page stands in its address: `#/layouts?pattern=volume`. */

/* The page that the address names, and its parameters; `name` is '' for the first page. */
export function address() {
  const [path, asked] = location.hash.replace(/^#\/?/, '').split('?');
  return { name: decode(path), params: new URLSearchParams(asked || '') };
}

function decode(text) {
  try { return decodeURIComponent(text); } catch (error) { return text; }
}

/* Goes to a page with these choices; those that are null are left out. */
export function go(name, choices) {
  location.hash = to(name, choices);
}

/* The address of a page with these choices. */
export function to(name, choices) {
  const chosen = Object.entries(choices || {}).filter(([, value]) => value !== null && value !== '');
  const asked = new URLSearchParams(chosen.map(([key, value]) => [key, String(value)])).toString();
  return '#/' + name + (asked ? '?' + asked : '');
}

/* True for an address of asv's own pages, which had this one before: links to them still work. */
export function ofGraphs(name) {
  return ['summarylist', 'regressions', 'graphs'].includes(name)
    || /^[a-z_0-9]+\.[A-Z]\w*\.\w+$/.test(name);
}

/* A parameter if it is one of what is known, else what is usual. */
export function chosenOf(params, key, known, usual) {
  const named = params.get(key);
  return known.map(String).includes(named) ? named : String(usual);
}
