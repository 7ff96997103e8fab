"""Ratios of releases over their anchors: the chain is the product, its interval honest."""

import itertools
import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.analysis.changes.anchored_history import (
    ANCHORED_FILE,
    AnchoredHistory,
    AnchoredRelease,
    Ratio,
    inverse,
    product,
    read_anchored,
)
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.verdicts.anchored_cells import (
    ANCHOR,
    ANCHOR_OF_ZARR_2,
    CONFIGS,
    OPENED,
    PAIRS,
    SHARDED,
    anchor_of,
    anchored_cells,
    anchored_releases,
)
from cryoet_zarr_bench.verdicts.compared_cells import OPEN, TIMED, ComparedCell, all_cells
from cryoet_zarr_bench.verdicts.judgement import LOOKS

CELL = ComparedCell(TIMED[0], "none", "32x32x32", 2)
# CPU seconds, as nobody measured them.
TRUTH = {
    ANCHOR: 0.010,
    ANCHOR_OF_ZARR_2: 0.004,
    "zarr-2.18.0": 0.005,
    "zarr-2.18.3": 0.003,
    "zarr-3.0.0": 0.020,
    "zarr-3.4.2": 0.008,
}
ANCHORS = {tag: ANCHOR_OF_ZARR_2 for tag in ("zarr-2.18.0", "zarr-2.18.3")} | {
    tag: ANCHOR for tag in (ANCHOR_OF_ZARR_2, "zarr-3.0.0", "zarr-3.4.2")
}


def line(tag, ratio, reach=0.02, **changes):
    cell = {
        "benchmark": CELL.benchmark,
        "codec": CELL.codec,
        "chunks": CELL.chunks,
        "zarr_format": CELL.zarr_format,
        "ratio": ratio,
        "low": None if ratio is None else ratio * (1 - reach),
        "high": None if ratio is None else ratio / (1 - reach),
        "log_ratios": [] if ratio is None else [math.log(ratio)] * 8,
        "anchor_seconds": TRUTH[ANCHORS[tag]],
        "reason": None if ratio is not None else "A: not available",
    }
    return AnchoredRelease.model_validate(
        {
            "release": tag,
            "anchor": ANCHORS[tag],
            "tomogram": "t",
            "python": "3.12",
            "measured_at": "2026-11-28T12:00:00Z",
            "load": 1.0,
            "reason": None,
            "cells": [cell | changes],
        }
    )


def whole():
    return AnchoredHistory(line(tag, TRUTH[tag] / TRUTH[ANCHORS[tag]]) for tag in ANCHORS)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(TRUTH, TRUTH)))
def test_any_two_releases_have_the_ratio_of_their_times(a, b):
    found = whole().between(a, b, CELL)
    assert found.ratio == pytest.approx(TRUTH[b] / TRUTH[a])
    assert found.low <= found.ratio <= found.high
    assert whole().between(b, a, CELL).ratio == pytest.approx(1 / found.ratio)


def test_the_interval_grows_with_what_lies_between():
    history = whole()
    reach = {(a, b): history.between(a, b, CELL).reach for a, b in itertools.permutations(TRUTH, 2)}
    one = reach[ANCHOR, "zarr-3.4.2"]
    assert reach["zarr-3.0.0", "zarr-3.4.2"] == pytest.approx(one * math.sqrt(2), rel=0.01)
    assert reach[ANCHOR_OF_ZARR_2, "zarr-2.18.0"] == pytest.approx(one), "not over the other anchor"
    assert reach["zarr-2.18.0", "zarr-2.18.3"] == pytest.approx(one * math.sqrt(2), rel=0.01)
    assert reach["zarr-2.18.0", "zarr-3.4.2"] == pytest.approx(one * math.sqrt(3), rel=0.01)


def test_the_published_time_is_the_anchors_times_the_ratio():
    history = whole()
    for tag, seconds in TRUTH.items():
        assert history.seconds(tag, CELL) == pytest.approx(seconds)


def test_what_was_not_measured_is_not_known():
    history = AnchoredHistory([line("zarr-3.4.2", None), line("zarr-2.18.0", 1.2)])
    assert history.between(ANCHOR, "zarr-3.4.2", CELL) is None
    assert history.between("zarr-2.18.0", ANCHOR, CELL) is None, "the tie is not there"
    assert history.between("zarr-2.18.0", ANCHOR_OF_ZARR_2, CELL).ratio == pytest.approx(1 / 1.2)
    assert history.cells("zarr-3.4.2") == []
    assert history.cells(ANCHOR_OF_ZARR_2) == [CELL]
    assert history.seconds("zarr-9.9.9", CELL) is None


@given(st.lists(st.floats(0.2, 5), min_size=1, max_size=4), st.floats(0.001, 0.3))
def test_products_and_inverses_agree(ratios, reach):
    each = [Ratio(ratio, ratio / (1 + reach), ratio * (1 + reach)) for ratio in ratios]
    found = product(*each)
    assert found.ratio == pytest.approx(math.prod(ratios))
    back = inverse(product(*map(inverse, each)))
    assert (back.ratio, back.low, back.high) == pytest.approx((found.ratio, found.low, found.high))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Ratios that scatter as their intervals say, chained over two anchors."""
    draw, held = random.Random(3), 0
    sigma = 0.02
    half = 2.576 * sigma  # of a normal distribution, 99 %
    for _ in range(2000):
        steps = []
        for truth in (1.3, 0.7, 1.1):
            ratio = truth * math.exp(draw.gauss(0, sigma))
            steps.append(Ratio(ratio, ratio * math.exp(-half), ratio * math.exp(half)))
        found = product(*steps)
        held += found.low <= 1.3 * 0.7 * 1.1 <= found.high
    assert 0.98 < held / 2000 < 1.0


def test_lines_that_are_none_are_left_out(tmp_path, capsys):
    good = line("zarr-3.4.2", 1.5).model_dump()
    folder = tmp_path / "machine"
    folder.mkdir()
    bad = [good | {"cells": 5}, {}, good | {"cells": [good["cells"][0] | {"ratio": -1.0}]}]
    text = "".join(json.dumps(each) + "\n" for each in [good, *bad])
    (folder / ANCHORED_FILE).write_text(text + "half a li")
    assert read_anchored(tmp_path, "machine") == [line("zarr-3.4.2", 1.5)]
    assert capsys.readouterr().err.count("is left out") == 4
    assert read_anchored(tmp_path, "other") == []


def test_every_release_has_an_anchor_that_it_can_be_compared_with():
    catalogue = load_catalogue()
    tags = {release.tag for release in catalogue.releases}
    assert {ANCHOR, ANCHOR_OF_ZARR_2} <= tags
    planned = anchored_releases(catalogue)
    assert {release.tag for release in planned} == tags - {ANCHOR}
    assert planned[0].tag == ANCHOR_OF_ZARR_2, "the tie comes first"
    for release in planned:
        assert anchor_of(release) != release.tag
        formats = {cell.zarr_format for cell in anchored_cells(release)}
        assert formats == ({2} if release.zarr.startswith("2.") else {2, 3})


def test_the_planned_cells_are_of_the_suite():
    known = set(all_cells(PROFILES["standard"]))
    (newest,) = (r for r in load_catalogue().releases if r.tag == "zarr-3.4.2")
    planned = anchored_cells(newest)
    assert set(planned) <= known and len(planned) == len(set(planned))
    for benchmark in TIMED:
        of_it = {(c.codec, c.chunks, c.zarr_format) for c in planned if c.benchmark == benchmark}
        configs = OPENED if benchmark == OPEN else CONFIGS
        assert of_it == {(*config, form) for config in configs for form in (2, 3)}
    for benchmark, layouts in SHARDED.items():
        assert {c.chunks for c in planned if c.benchmark == benchmark} == set(layouts)


def test_the_looks_are_no_more_than_the_interval_allows_for():
    assert len(PAIRS) <= len(LOOKS)
