"""The answers in docs/questions.md follow from the lines that were measured."""

import pytest
from made_up_layouts import STAMP, compared, layout

from cryoet_zarr_bench.analysis.s3_agreement import agreement, classes_compared
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import PLACES, USUAL
from cryoet_zarr_bench.layouts.shuffled_integers import CODECS, ShuffledIntegersLine
from cryoet_zarr_bench.reports.pages.layouts_page import layouts_content
from cryoet_zarr_bench.reports.questions import (
    coalescing_question,
    converting_question,
    crop_memory_question,
    integers_question,
    latency_question,
    read_size_question,
    shard_question,
    store_class_question,
    thin_chunks_question,
)
from cryoet_zarr_bench.reports.questions.question import Answer, as_markdown
from cryoet_zarr_bench.s3_reading.s3_trial_lines import S3TrialLine
from cryoet_zarr_bench.s3_reading.s3_trials import COALESCING, OWN_SETTINGS


def trial(store_class="ObjectStore", wall=1.0, cpu=0.5, predicted=1.0, **other):
    return S3TrialLine.model_validate(
        {
            **{"tomogram": "a-tomogram", "layout": "layout:64", "pattern": "xy_slice"},
            **{"store_class": store_class, "place": USUAL, "called": OWN_SETTINGS},
            **{"packages": "zarr 3", "predicted": predicted, "requests": 9, "bytes_fetched": 9},
            **{"wall": [9.0, wall, 0.1], "cpu": [9.0, cpu, 0.1], **STAMP, **other},
        }
    )


def test_one_shard_is_held_against_the_same_chunks_as_files():
    files = layout(shard_question.FILES, moved=2, memory=10**8, crop=4 * 10**6)
    shard = layout(shard_question.ONE_SHARD, moved=60, memory=10**9, crop=5 * 10**6, files=1)
    found = shard_question.answer(compared(files, shard))
    assert "moves 60 bytes for each that changes instead of 2.0" in found.line
    assert "1000 MB of memory instead of 100 MB" in found.line
    assert "5 MB instead of 4" in found.line and "99.0 % of the files" in found.line
    assert shard_question.answer(compared(files)) is None


def test_a_shape_of_chunks_is_right_where_it_is_nearly_the_best():
    others = [layout(name) for name in thin_chunks_question.IN_ONE_SHARD]
    asked = layout(
        thin_chunks_question.ASKED,
        seconds={
            "xy_slice": 1.05,
            "yz_slice": 7,
            **dict.fromkeys(PATTERNS, 2) | {"xy_slice": 1.05, "yz_slice": 7},
        },
    )
    rest = [line for line in others if line.layout != thin_chunks_question.ASKED]
    found = thin_chunks_question.answer(compared(asked, *rest))
    assert "for XY slice; worst for YZ slice, 7.0 times the best" in found.line


def test_converting_pays_when_the_saved_seconds_are_those_it_took():
    mrc = layout("mrc", seconds={"xy_slice": 0.5, "yz_slice": 10.0, "volume": 4.0})
    other = layout("64", seconds={"xy_slice": 1.0, "yz_slice": 1.0}, written=5)
    assert converting_question.reads_that_pay(mrc, other, "yz_slice") == 1
    assert converting_question.reads_that_pay(mrc, other, "volume") == 3
    assert converting_question.reads_that_pay(mrc, other, "xy_slice") is None
    found = converting_question.answer(compared(mrc, other))
    assert "XY slice never" in found.line and "YZ slice after 1 read;" in found.line
    assert converting_question.answer(compared(other)) is None


def test_the_memory_of_a_crop_is_what_it_adds():
    found = crop_memory_question.answer(
        compared(layout("64", crop=3 * 10**6), layout("portal-2024", crop=900 * 10**6))
    )
    assert found.line.startswith("At most 900 MB, CryoET Data Portal through LocalStore")
    assert "at least 3 MB" in found.line


def test_no_read_is_faster_than_its_line_and_larger_ones_wait_less():
    place = PLACES["100 ms, 10 connections, 1 Gbit/s"]
    speeds = [read_size_question.bytes_per_second(size, place) for size in (10**5, 10**6, 10**7)]
    assert speeds == sorted(speeds) and speeds[-1] < place.line_bytes_per_second
    assert "90 %" in read_size_question.answer().line


def test_a_reading_agrees_by_its_median():
    lines = [trial(wall=1.1), trial(wall=0.8), trial(wall=3.0), trial(wall=1.0, predicted=4.0)]
    found = agreement([*lines, trial().model_copy(update={"wall": [], "cpu": []})], [])
    assert (found.count, found.within, found.largest) == (4, 1, 0.25)
    assert "1 of 4 readings" in latency_question.answer(lines, []).line
    assert agreement([], []) is None and latency_question.answer([], []) is None


def test_classes_of_stores_are_compared_at_one_place_by_zarrs_own_settings():
    both = [trial("FsspecStore", wall=3.0, cpu=1.0), trial("ObjectStore", wall=2.0, cpu=0.5)]
    elsewhere = trial("FsspecStore", place="1 ms, 10 connections, 1 Gbit/s")
    (found,) = classes_compared([*both, elsewhere, trial("FsspecStore", called="joined")])
    assert (found.wall, found.cpu) == (1.5, 2.0)
    told = store_class_question.answer(both).line
    assert "faster in 1 of 1 readings, 1.50 times" in told and "2.00 times less" in told
    assert store_class_question.answer(both[:1]) is None


def test_joining_is_held_against_zarrs_own():
    called = next(iter(COALESCING))
    found = coalescing_question.answer([trial(wall=2.0), trial(wall=1.0, called=called)])
    assert "At best it takes 0.50 of the time" in found.line and called in found.line
    assert coalescing_question.answer([trial()]) is None


def test_integers_are_told_by_their_width():
    def line(dtype, bytes_shuffled):
        encoded = {codec: 100 for ways in CODECS.values() for codec in ways.values()}
        encoded[CODECS["zstd-3"]["shuffle"]] = bytes_shuffled
        return ShuffledIntegersLine(
            tomogram="a-tomogram", dtype=dtype, raw_bytes=200, encoded=encoded
        )

    found = integers_question.answer([line("int16", 80), line("uint16", 90), line("uint8", 101)])
    assert "16-bit integers: +10.0 to +20.0 %" in found.line
    assert "bytes: -1.0 to -1.0 %" in found.line


def test_without_results_the_page_has_nothing_to_show(tmp_path):
    files = layouts_content(tmp_path)
    content = files.pop("index")
    assert not files
    assert content["tomograms"] == [] and content["questions"] == []
    assert content["usual"] in content["places"]


@pytest.mark.parametrize("answer", [None, Answer("It is so.", ("what", "s"), [("a|b", "1")])])
def test_a_question_says_how_to_measure_it(answer):
    text = as_markdown(shard_question.QUESTION, answer)
    assert shard_question.QUESTION.command in text
    assert ("Not measured yet" in text) == (answer is None)
    assert answer is None or ("**It is so.**" in text and "a\\|b" in text)
