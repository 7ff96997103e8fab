/* Files that were published beside the pages, each asked for once. */

const loading = {};

/* The content of a file of JSON. An Error says which one could not be had. */
export function load(name) {
  loading[name] = loading[name] || fetched(name).catch((error) => {
    delete loading[name];
    throw error;
  });
  return loading[name];
}

async function fetched(name) {
  let answer = null;
  // An older copy is asked for whether it is still the newest.
  try { answer = await fetch(name, { cache: 'no-cache' }); } catch (error) { /* said below */ }
  if (answer === null || !answer.ok) { throw new Error(name + ' could not be loaded'); }
  return answer.json();
}
