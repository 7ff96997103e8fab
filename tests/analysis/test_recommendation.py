"""What is recommended follows from the figures by the weights, and from nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_layouts import compared, layout

from cryoet_zarr_bench.analysis.recommending.ranked_layouts import (
    unable_readers,
)
from cryoet_zarr_bench.analysis.recommending.recommendation import TIED, recommend
from cryoet_zarr_bench.analysis.recommending.storage_purposes import FIGURES, PURPOSES, mixed
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import LOCAL, USUAL

BROWSING = PURPOSES["browsing"]
SMALL, QUICK = "zstd-3 64x64x64", "zstd-3 16x256x256 in all"


def test_the_weights_of_every_purpose_add_up_to_one():
    for purpose in PURPOSES.values():
        assert sum(purpose.weights.values()) == pytest.approx(1)
        assert purpose.weights.keys() <= FIGURES.keys()
        assert purpose.main_pattern in PATTERNS


def test_what_is_better_in_all_that_counts_is_picked():
    found = recommend(
        compared(
            layout(SMALL, seconds=dict.fromkeys(PATTERNS, 2.0)),
            layout(QUICK, seconds=dict.fromkeys(PATTERNS, 0.5), stored=9 * 10**8),
            layout("portal-2024", seconds=dict.fromkeys(PATTERNS, 4.0), stored=12 * 10**8),
        ),
        BROWSING,
        USUAL,
    )
    assert found.pick.line.layout == QUICK and found.pick.loss == pytest.approx(0)
    assert found.today.line.layout == "portal-2024" and found.tied == []
    assert set(found.pick.regrets.values()) == {1.0}
    said = found.sentence
    assert said.startswith("For browsing in a viewer from S3 (30 ms")
    assert "25.0 % fewer bytes" in said and "(XY slice)" in said and "CryoET Data Portal" in said


def test_the_loss_is_the_weighted_geometric_mean():
    half = mixed({"xy_slice": 1, "stored": 1})
    lines = [
        layout(SMALL, seconds={"xy_slice": 8.0}, stored=10**8),
        layout(QUICK, seconds={"xy_slice": 2.0}, stored=9 * 10**8),
    ]
    for line in lines:
        line.cpu.clear()
    by_layout = {
        each.line.layout: each.loss for each in recommend(compared(*lines), half, USUAL).ranking
    }
    assert by_layout == {SMALL: pytest.approx(1.0), QUICK: pytest.approx(2.0)}


def test_layouts_that_are_nearly_as_good_are_tied_and_the_file_is_no_pick():
    lines = [
        layout(name, stored=10**9 + 10**6 * place) for place, name in enumerate((SMALL, QUICK))
    ]
    mrc = layout("mrc", seconds=dict.fromkeys(PATTERNS, 0.01))
    found = recommend(compared(*lines, mrc), BROWSING, LOCAL)
    assert found.pick.line.layout == SMALL and [each.line.layout for each in found.tied] == [QUICK]
    assert found.file.line.layout == "mrc" and found.today is None
    assert 1 + found.tied[0].loss <= TIED * (1 + found.pick.loss)
    assert f"As good: {QUICK}." in found.sentence
    assert recommend(compared(mrc), BROWSING, LOCAL) is None


def test_who_has_to_read_it_decides():
    quick, small = layout(QUICK, seconds=dict.fromkeys(PATTERNS, 0.1)), layout(SMALL)
    quick.readers.update({"zarr-python 2.18.7": "no format 3", "tensorstore 0.1": ""})
    small.readers.update({"zarr-python 2.18.7": "", "tensorstore 0.1": ""})
    asked = compared(quick, small)
    assert recommend(asked, BROWSING, USUAL).pick.line is quick
    assert "Not read by zarr-python 2.18.7." in recommend(asked, BROWSING, USUAL).sentence
    assert recommend(asked, BROWSING, USUAL, readers=["zarr-python 2"]).pick.line is small
    assert recommend(asked, BROWSING, USUAL, readers=["somebody"]) is None
    assert unable_readers(small) == []


def test_decoding_that_was_not_timed_goes_by_the_bytes_decoded():
    line = layout(SMALL)
    line.cpu["volume"] = 2.0
    reading = line.reading["particles"]
    reading.over_read, reading.bytes_used = 4.0, line.reading["volume"].bytes_used
    assert line.decoding("particles") == pytest.approx(8.0)
    assert line.decoding("xy_slice") == line.cpu["xy_slice"]


@pytest.mark.parametrize(
    "weights", [{"speed": 1}, {"stored": -1}, {"stored": float("nan")}, {"stored": 0}, {}]
)
def test_weights_that_mean_nothing_are_one_line(weights):
    with pytest.raises(BadInput) as refusal:
        mixed(weights)
    assert "\n" not in str(refusal.value)


SECONDS = st.floats(0.01, 100)


@given(st.lists(st.tuples(SECONDS, SECONDS, st.integers(10**8, 10**10)), min_size=1, max_size=6))
def test_the_pick_loses_least_and_another_unit_changes_nothing(figures):
    def ranking(unit):
        lines = []
        for place, (xy, yz, stored) in enumerate(figures):
            seconds = {name: unit for name in PATTERNS} | {
                "xy_slice": xy * unit,
                "yz_slice": yz * unit,
            }
            lines.append(layout(f"zstd-3 {place + 1}x8x8", seconds=seconds, stored=stored))
            lines[-1].cpu.clear()
        return recommend(compared(*lines), BROWSING, USUAL).ranking

    once, thousandfold = ranking(1.0), ranking(1000.0)
    assert [each.loss for each in once] == sorted(each.loss for each in once)
    assert all(each.loss >= -1e-9 for each in once)
    for one, other in zip(once, thousandfold, strict=True):
        assert one.loss == pytest.approx(other.loss, abs=1e-6)


@pytest.mark.parametrize(("requests", "files", "sharded"), [(1.0, 1.0, 1.1), (0.02, 0.1, 0.12)])
def test_files_are_decoded_while_others_arrive_and_shards_afterwards(requests, files, sharded):
    line = layout(SMALL, seconds={"xy_slice": requests})
    assert line.seconds("xy_slice", USUAL) == pytest.approx(files)
    (finest,) = line.levels
    in_shards = finest.model_copy(update={"shards": [64, 64, 64]})
    within = line.model_copy(update={"levels": [in_shards]})
    assert within.seconds("xy_slice", USUAL) == pytest.approx(sharded)
