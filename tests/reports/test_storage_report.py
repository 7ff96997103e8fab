"""The page of storage configs, from made-up figures of several tomograms."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import made_up_storage as made_up
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_storage import MACHINE, PLAIN, QUICK, SEED, SLABS

from cryoet_zarr_bench.analysis.pooled_measurements import Pooled
from cryoet_zarr_bench.analysis.result_reader import machine_of_tomograms
from cryoet_zarr_bench.analysis.tomogram_figures import TomogramFigures, measured_tomograms
from cryoet_zarr_bench.reports.documents.storage_chart import LogarithmicAxis
from cryoet_zarr_bench.reports.documents.storage_document import (
    storage_charts,
    storage_report,
)

PROJECT = Path(__file__).resolve().parents[2]
RESULTS = PROJECT / "results"

SVG = "{http://www.w3.org/2000/svg}"


def tomogram(name=made_up.TOMOGRAM, more=None):
    """A tomogram as the page has it, times within a factor of 1.2 being the same."""
    figures = {**made_up.core(), **made_up.lossy(), **made_up.other_questions(), **(more or {})}
    return TomogramFigures.of(Pooled(made_up.release(figures, name), 1, 1.2))


def page(*found):
    return storage_report(RESULTS, MACHINE, found)


def test_what_the_seeds_recommended_is_marked_and_held_against_the_front():
    text = page(tomogram())
    assert (
        "| 1 | **blosc-zstd-5-shuffle** | 64x64x64 | 3 | 1.168 | 10.7 (93) | 1.19 (839) | 3.25 |"
        in text
    )
    assert (
        "On the front, number 1. Number 2, within 1 % of its size, has 0.997 times its ratio, "
        "0.22 times its write time and 1.00 times its read time." in text
    )
    better = {SEED: 1.2, QUICK: 1.3, PLAIN: 1.0, SLABS: 1.1}
    text = page(tomogram(more={"storage.Storage.track_compression_ratio": better}))
    assert "**Dominated** by number 1: 1.083 times its ratio, 0.22 times its write time" in text
    assert "**blosc-zstd-5-shuffle**" not in text


def test_lossless_and_lossy_configs_are_apart_and_the_damage_is_told():
    text = page(tomogram())
    assert "**Lossless**: 3 of 4 configs" in text and "**Lossy**: 2 of 2 configs" in text
    assert (
        "| bitround-9 | 64x64x64 | 3 | 2.000 | 5.96 (168) | 1.19 (839) | 0.0005 |  | yes |" in text
    )
    assert "| 0.2 |  | no |" in text


def test_what_was_not_measured_is_left_out():
    result = made_up.release(made_up.core(), "EMD-3197.map-20x20x20", 32_000)
    text = page(TomogramFigures.of(Pooled(result, 1, 1.2)))
    assert "Lossy" not in text and "viewer" not in text
    assert "On so small a tomogram" in text


def test_several_tomograms_have_a_section_and_a_chart_each():
    found = [tomogram(), tomogram("synthetic-int16-128x128x128")]
    text, charts = page(*found), storage_charts(found)
    for name, svg in charts.items():
        assert f"]({name})" in text
        assert len(svg) < 60_000
        drawn = ElementTree.fromstring(svg)
        titles = [each.get("aria-label", "") for each in drawn.iter(f"{SVG}path")]
        # What is on the front in two panels, the seed's marked in both of the lossless row.
        assert len([each for each in titles if "ratio" in each]) == 2 * (3 + 2) + 2
    assert len(charts) == 2


@pytest.mark.parametrize("spread", [1.0, 1e-9, 1e6])
def test_a_chart_can_be_drawn_of_any_figures(spread):
    ratios = {SEED: 1.0, QUICK: 1.0 * spread, PLAIN: 1.0, SLABS: 1.0}
    found = [tomogram(more={"storage.Storage.track_compression_ratio": ratios})]
    for svg in storage_charts(found).values():
        assert "nan" not in ElementTree.tostring(ElementTree.fromstring(svg)).decode()


@given(st.floats(1e-3, 1e3), st.floats(1.001, 1e8))
def test_an_axis_has_at_least_three_numbers_and_never_too_many(lowest, times):
    ticks = LogarithmicAxis([lowest, lowest * times, lowest], 230).ticks()
    numbers = [f"{tick:g}" for tick in ticks]
    assert 3 <= len(set(numbers)) == len(numbers) <= 12


def test_a_chart_shows_the_numbers_of_its_axes_as_they_are():
    ratios = {SEED: 0.0156, QUICK: 0.0312, PLAIN: 0.0156, SLABS: 0.0156}
    found = [tomogram(more={"storage.Storage.track_compression_ratio": ratios})]
    (svg,) = storage_charts(found).values()
    shown = [each.text for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert {"0.015", "0.02", "0.025", "0.03"} <= set(shown)


def test_the_committed_results_have_the_tomogram_of_the_history_first():
    found = measured_tomograms(RESULTS, machine_of_tomograms(RESULTS))
    assert found[0].result.tomogram == "synthetic-10A-128x128x128"
