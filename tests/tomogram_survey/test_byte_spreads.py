"""How far two layouts lie apart from tomogram to tomogram, and that `recommend` says it."""

import numpy as np
import pytest

from cryoet_zarr_bench.tomogram_survey.findings.byte_spreads import ByteSpreads, byte_spreads
from cryoet_zarr_bench.tomogram_survey.findings.kept_survey import (
    LARGE,
    LARGE_FILE,
    SurveyedTomogram,
    keep_survey,
)


def surveyed(count, seed=0, raw_bytes=2_000_000_000, sample=None):
    """Lines of made-up tomograms: the second config takes 10 % fewer bytes, give or take."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        one = float(chance.uniform(1e6, 1e9))
        other = one * 0.9 * float(np.exp(0.02 * chance.standard_normal()))
        yield SurveyedTomogram(
            **{name: "-" for name in ("name", "run", "source_precision", "processing", "verdict")},
            tomogram=f"t{number}",
            dataset=f"d{number // 4}",
            dtype="float32",
            voxel_spacing=10.0,
            raw_bytes=raw_bytes,
            stored={"layout:portal-2024": [one, one, one, 1.0], "b": [other, other, other, 1.0]},
            sample=sample,
            zarr="3.4.2",
        )


def test_nine_of_ten_tomograms_lie_between_the_ends(tmp_path):
    keep_survey(tmp_path, "a-laptop", list(surveyed(200)))
    found = byte_spreads(tmp_path).between(["b"], ["portal-2024"])
    assert found.tomograms == 200
    assert found.times.low == pytest.approx(0.9 * np.exp(-1.645 * 0.02), rel=0.01)
    assert found.times.middle == pytest.approx(0.9, rel=0.005)
    assert found.times.high == pytest.approx(0.9 * np.exp(1.645 * 0.02), rel=0.01)
    assert found.sentence.startswith("-12")
    assert found.sentence.endswith(" % in nine of ten of 200 surveyed tomograms")


def test_of_few_tomograms_of_others_and_of_itself_nothing_is_said(tmp_path):
    assert byte_spreads(tmp_path).between(["b"], ["portal-2024"]) is None
    keep_survey(tmp_path, "a-laptop", list(surveyed(39)))
    assert byte_spreads(tmp_path).between(["b"], ["portal-2024"]) is None
    keep_survey(tmp_path, "a-laptop", list(surveyed(40)))
    found = byte_spreads(tmp_path)
    assert found.between(["b"], ["portal-2024"]) is not None
    assert found.between(["b"], ["b"]) is None and found.between(["b"], ["another"]) is None


def test_small_tomograms_say_nothing_and_samples_of_large_ones_count(tmp_path):
    keep_survey(tmp_path, "a-laptop", list(surveyed(60, raw_bytes=LARGE - 1)))
    assert byte_spreads(tmp_path).between(["b"], ["portal-2024"]) is None
    path = keep_survey(tmp_path, "a-laptop", list(surveyed(50, raw_bytes=LARGE, sample=4)))
    assert path.name == LARGE_FILE
    assert byte_spreads(tmp_path).between(["b"], ["portal-2024"]).tomograms == 50


def test_a_layout_is_known_by_its_codecs_and_chunks_too(tmp_path):
    keep_survey(tmp_path, "a-laptop", list(surveyed(50)))
    found = byte_spreads(tmp_path)
    assert found.between(["iohub-2026", "b in all"], ["portal-2024"]).tomograms == 50


def test_a_recommendation_says_it_beside_the_figure_of_one_tomogram(tmp_path):
    from dataclasses import replace

    from made_up_layouts import compared, layout

    from cryoet_zarr_bench.analysis.recommending.recommendation import recommend
    from cryoet_zarr_bench.analysis.recommending.storage_purposes import PURPOSES
    from cryoet_zarr_bench.layouts.reading_places import USUAL

    alone = compared(layout("portal-2024"), layout("64", stored=9 * 10**8))
    purpose = PURPOSES["archive"]
    without = recommend(alone, purpose, USUAL)
    assert without.spread is None and "surveyed" not in without.sentence
    pick, today = without.pick.line.layout, without.today.line.layout
    stored = {pick: {}, today: {}}
    for line in surveyed(60):
        stored[today][line.tomogram] = line.stored["layout:portal-2024"][0]
        stored[pick][line.tomogram] = line.stored["b"][0]
    found = recommend(replace(alone, spreads=ByteSpreads(stored)), purpose, USUAL)
    assert found.spread.tomograms == 60
    assert found.spread.sentence in found.sentence
