'use strict';

/* Any two releases: what the later one changed, in a sentence and figure by figure. */
$(document).ready(function () {
  const { element } = evidence;
  const BY = { verdict: 'confirmed directly', anchored: 'beside an anchor: candidate',
    exact: 'exact', counted: 'counted', repeats: 'one run each: candidate' };
  let index = null;
  const pairs = {};
  const chosen = { a: null, b: null };

  function display() { return document.getElementById('compare-display'); }

  function named(tag) { return tag.replace('-', ' '); }

  function placeOf(tag) { return index.releases.findIndex((each) => each.tag === tag); }

  function choice(label, key) {
    const box = element('label', label + ' ');
    const select = element('select', null, { id: 'compare-' + key });
    [...index.releases].reverse().forEach((release) => {
      const option = element('option', named(release.tag) + ' (' + release.date + ')',
        { value: release.tag });
      option.selected = release.tag === chosen[key];
      select.append(option);
    });
    select.addEventListener('change', () => {
      chosen[key] = select.value;
      location.hash = '#/compare?a=' + chosen.a + '&b=' + chosen.b;
    });
    box.append(select);
    return box;
  }

  function number(value) {
    return value === null ? '?' : Number(value.toPrecision(7)).toLocaleString('en');
  }

  /* A row of the published figures, by the names of its fields. */
  function figure(row) {
    const found = Object.fromEntries(index.fields.map((name, i) => [name, row[i]]));
    found.benchmark = index.benchmarks[found.benchmark];
    found.config = index.configs[found.config];
    [found.before, found.after] = row.slice(index.fields.length);
    return found;
  }

  function interval(each) {
    if (each.by === 'exact' || each.by === 'counted') { return number(each.before) + ' \u2192 ' + number(each.after); }
    return evidence.interval(each.low, each.high);
  }

  function line(each) {
    const kind = { 1: 'regression', '-1': 'improvement', 0: 'same' }[each.direction];
    const sign = { 1: '\u25b2 ', '-1': '\u25bc ', 0: '' }[each.direction];
    const row = element('tr');
    const word = element('td');
    word.append(element('span', sign + each.word, { class: 'verdict ' + kind }));
    row.append(element('td', each.config, { class: 'config' }),
      element('td', each.ratio === null ? '?' : each.ratio.toFixed(2), { class: 'number' }),
      element('td', interval(each), { class: 'number' }), word,
      element('td', each.direction || each.by === 'verdict' ? BY[each.by] : ''));
    return row;
  }

  /* A table with the rows of each figure below its name. */
  function table(figures, heading, id) {
    const made = element('table', null, { class: 'overview-table compare-table', id: id });
    const head = element('tr');
    ['codec, chunks, format', 'b / a', heading, 'said of b', 'known from'].forEach((text, i) =>
      head.append(element('th', text, i === 1 || i === 2 ? { class: 'number' } : {})));
    made.append(element('thead'), element('tbody'));
    made.tHead.append(head);
    [...new Set(figures.map((each) => each.benchmark))].forEach((name) => {
      const title = element('tr', null, { class: 'figure' });
      title.append(element('th', name, { colspan: 5, scope: 'rowgroup' }));
      made.tBodies[0].append(title, ...figures.filter((each) => each.benchmark === name).map(line));
    });
    const box = element('div', null, { class: 'overview-wide' });
    box.append(made);
    return box;
  }

  function drawPair(place, pair, a, b) {
    place.append(element('p', pair.sentence, { class: 'answer', id: 'compare-sentence' }));
    const figures = pair.figures.map(figure);
    const changed = figures.filter((each) => each.direction);
    const rest = figures.filter((each) => !each.direction);
    const exact = changed.filter((each) => each.by === 'exact');
    const counted = changed.filter((each) => each.by === 'counted');
    const measured = changed.filter((each) => !['exact', 'counted'].includes(each.by));
    if (exact.length) {
      place.append(element('h2', 'Bytes, files and requests'),
        table(exact, 'a \u2192 b', 'compare-exact'));
    }
    if (counted.length) {
      place.append(element('h2', 'Instructions: work, not time'),
        table(counted, 'a \u2192 b', 'compare-counted'));
    }
    if (measured.length) {
      place.append(element('h2', 'CPU time and memory'),
        table(measured, '99 % interval', 'compare-measured'));
    }
    if (!changed.length) { place.append(element('h2', 'Nothing is known to have changed')); }
    place.append(element('p', pair.equal + ' counts of bytes, files and requests are equal'
      + (pair.small ? ', ' + pair.small + ' differ by less than 1 %' : '') + '. Times: each release '
      + 'was measured side by side with an anchor release, and the ratios multiply.', { class: 'note' }));
    const direct = element('p', 'To measure these two directly: ');
    const command = 'cryoet-zarr-bench confirm ' + a + ' ' + b;
    const button = element('button', 'copy', { type: 'button', class: 'btn btn-default btn-xs' });
    button.addEventListener('click', () => {
      navigator.clipboard.writeText(command).then(() => { button.textContent = 'copied'; });
    });
    direct.append(element('code', command, { id: 'compare-command' }),
      document.createTextNode(' '), button);
    place.append(direct);
    if (rest.length) {
      const more = element('details');
      more.append(element('summary', rest.length + ' times and peaks of memory without a change'),
        table(rest, '99 % interval', 'compare-rest'));
      place.append(more);
    }
  }

  function draw() {
    const page = element('div', null, { class: 'overview-page compare-page' });
    display().replaceChildren(page);
    page.append(element('h1', 'What did a release change against another?'));
    if (index.releases.length < 2) {
      const none = element('p', 'No releases were measured side by side yet: run ',
        { id: 'compare-sentence' });
      none.append(element('code', 'cryoet-zarr-bench anchored'), document.createTextNode('.'));
      page.append(none);
      return;
    }
    const choices = element('p', null, { class: 'overview-choices' });
    choices.append(choice('release b', 'b'), choice('against a', 'a'));
    page.append(choices, element('p', 'Measured on ' + index.machine + ', tomogram '
      + index.tomogram + ', Python ' + index.python + '.', { class: 'note' }));
    if (chosen.a === chosen.b) {
      page.append(element('p', 'Choose two releases.', { class: 'answer', id: 'compare-sentence' }));
      return;
    }
    const [a, b] = placeOf(chosen.a) < placeOf(chosen.b) ? [chosen.a, chosen.b]
      : [chosen.b, chosen.a];
    const place = element('div');
    page.append(place);
    if (a !== chosen.a) {
      place.append(element('p', 'The later release is shown against the earlier one.',
        { class: 'note' }));
    }
    pairs[b] = pairs[b] || evidence.load('pairs/' + b + '.json');
    pairs[b].done((found) => drawPair(place, found[a], a, b)).fail($.asv.ui.network_error);
  }

  /* The releases that the address names; else the newest of zarr 3 and the newest before its minor. */
  function choose(params) {
    const known = index.releases.map((each) => each.tag);
    const named = (key) => (params[key] || []).map((each) => (known.includes(each) ? each
      : 'zarr-' + each)).find((each) => known.includes(each));
    const newest = known.filter((tag) => tag.startsWith('zarr-3')).pop() || known[known.length - 1];
    chosen.b = named('b') || chosen.b || newest;
    const minor = (tag) => tag.split('.').slice(0, 2).join('.');
    const before = known.filter((tag) => tag.startsWith('zarr-3') && minor(tag) !== minor(newest));
    chosen.a = named('a') || chosen.a || before.pop() || known[0];
  }

  $.asv.register_page('compare', function (params) {
    $('#title').text('');
    document.title = 'cryoet-zarr-bench';
    $('#compare-display').show();
    evidence.load('pairs/index.json').done((found) => {
      index = found;
      if (index.releases.length > 1) { choose(params); }
      draw();
    }).fail($.asv.ui.network_error);
  });

  $(window).on('hashchange', function () {
    if (!location.hash.startsWith('#/compare')) { $('#compare-display').hide(); }
  });
});
