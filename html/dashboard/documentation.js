/* Goes on to the documentation where `make docs` has built it; else the page says how to. */
const place = 'documentation/index.html';
const found = await fetch(place, { method: 'HEAD' }).catch(() => null);
if (found !== null && found.ok) { location.replace(place); }
