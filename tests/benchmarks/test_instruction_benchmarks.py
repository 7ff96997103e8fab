"""Benchmarks of instructions: counted by valgrind where it is, n/a with a reason elsewhere."""

import shutil

import pytest

from cryoet_zarr_bench.analysis.result_reader import Cell, read_results
from cryoet_zarr_bench.measured.counted_calls import CountedCalls, count_calls, times_counted
from cryoet_zarr_bench.storage.config import StorageConfig

CONFIG = StorageConfig.of("none", "32x32x32", 2)
OTHER = StorageConfig.of("none", "32x32x32", 3)
OPEN, WRITE = "read.Open.time_open", "write.Write.time_write"
NAMES = {
    f"instructions.Instructions.track_{name}"
    for name in ("write", "read_volume", "read_xy_slice", "open", "repeats_differ")
}


def test_a_figure_is_the_mean_of_both_processes():
    found = CountedCalls(
        {f"{OPEN} {CONFIG.name}": [1000, 1010], f"{WRITE} {CONFIG.name}": [5000, 5200]}, {}
    )
    assert found.instructions(OPEN, CONFIG) == 1005
    assert found.difference(CONFIG) == pytest.approx(0.04)
    with pytest.raises(NotImplementedError, match="no count"):
        found.instructions(OPEN, OTHER)


def test_calls_of_few_chunks_are_counted_more_often_and_opening_alike():
    def times(name, chunks):
        return times_counted(name, StorageConfig.of("none", chunks, 3))

    assert times(WRITE, "16x16x16") == times(WRITE, "32x32x32") == 1
    assert times(WRITE, "64x64x64") == 3
    assert times(WRITE, "128x128x128") == 8
    assert times(OPEN, "32x32x32") == times(OPEN, "128x128x128") > 1


def test_what_has_no_count_says_why():
    found = CountedCalls({}, {OTHER.name: "zarr 2 writes no format 3"})
    for ask in (lambda: found.instructions(OPEN, OTHER), lambda: found.difference(OTHER)):
        with pytest.raises(NotImplementedError, match="zarr 2 writes no format 3"):
            ask()


def test_without_valgrind_nothing_is_counted(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = count_calls([(OPEN, CONFIG)], tmp_path / "counted")
    assert found.unavailable == "valgrind is not installed"
    assert not (tmp_path / "counted").exists()


def test_the_small_profile_counts_nothing(discover, tomogram, store_set_of, tmp_path):
    suite = discover(modules=("instructions",))
    assert suite.keys() == NAMES
    counted = store_set_of(suite[min(NAMES)], tmp_path / "setup")
    assert counted.counts == {}
    for benchmark in suite.values():
        benchmark.set_param_idx(0)
        benchmark.set_cache(counted)
        # asv takes what is raised here for n/a, what a call raises for a failure.
        assert benchmark.do_setup(), "n/a"


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind here")
def test_a_release_has_instructions_that_repeat(workplace):
    workplace.configuration()
    run = workplace.asv(
        *("run", "--no-pull", "--show-stderr", "--bench", "instructions", "zarr-3.4.2^!"),
        CRYOET_TOMOGRAM="synthetic:10A@64",
        CRYOET_PROFILE="standard",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (result,) = read_results(workplace.results)
    assert not result.failed and not result.reasons
    figures = {name.rsplit("track_", 1)[1]: cells for name, cells in result.figures.items()}
    cells = [
        Cell(codec, chunks, zarr_format)
        for codec in ("none", "blosc-lz4-5-bitshuffle")
        for chunks in ("32x32x32", "64x64x64")
        for zarr_format in (2, 3)
    ]
    for name in ("write", "read_volume", "read_xy_slice", "open"):
        assert set(figures[name]) == set(cells)
        assert min(figures[name].values()) > 100_000
    few, many = Cell("none", "64x64x64", 3), Cell("none", "32x32x32", 3)
    assert figures["read_volume"][many] > 2 * figures["read_volume"][few], "8 chunks, not one"
    assert max(figures["repeats_differ"].values()) < 0.03
