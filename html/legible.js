'use strict';

/* asv shows commits by their hash. Here a commit is a release, so its name is shown instead. */
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
      if (parent && parent.closest('script, style, #overview-display')) { continue; }
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
});
