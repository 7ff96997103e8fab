/* The layouts that were measured: their files, and what is said where there are none. */
import { element } from '../elements.js';
import { load } from '../published_files.js';

/* The index, and the tomogram that is asked for; the first one else, none where none was measured. */
export async function loadLayouts(params) {
  const index = await load('layouts/index.json');
  if (!index.tomograms.length) { return { index: index }; }
  const named = index.tomograms.find((each) => each.name === params.get('tomogram'));
  const { file } = named || index.tomograms[0];
  return { index: index, tomogram: await load('layouts/' + file + '.json') };
}

/* How to measure them. */
export function notMeasured(id) {
  const none = element('p', 'No layouts were measured yet: run ', { id: id });
  none.append(element('code', 'cryoet-zarr-bench layouts'), document.createTextNode('.'));
  return none;
}
