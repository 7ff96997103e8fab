"""Predicted layouts against what they take: exact where every chunk is sampled, shards, formats."""

import os
import signal

import numpy as np
import pytest

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.api.predicting import recommended_for
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.prediction.checked_prediction import checked_prediction
from cryoet_zarr_bench.prediction.predicted_layout import DIGITS, FEWEST, predicted_layout
from cryoet_zarr_bench.prediction.slice_process import SliceProcess
from cryoet_zarr_bench.storage.config import StorageConfig

CONFIGS = (
    "zstd-1 16x16x16",
    "blosc-lz4-5-shuffle 16x16x16 v2",
    "shuffle+zstd-1 16x16x16 in 32x32x32",
    "zstd-1 16x16x16 in 48x64x64",
    "none 16x16x16",
    "zstd-1 1x60x50",
)


@pytest.fixture(scope="module")
def process():
    with SliceProcess(cold=False) as started:
        yield started


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    generator = np.random.default_rng(3)
    volume = generator.normal(0, 1, (40, 60, 50)).astype(np.float32)
    path = tmp_path_factory.mktemp("volume") / "volume.npy"
    np.save(path, volume)
    return path


@pytest.mark.parametrize("text", CONFIGS)
def test_where_every_chunk_is_sampled_bytes_and_files_are_exact(text, volume, process, tmp_path):
    config, voxels = StorageConfig.parse(text), np.load(volume)
    predicted = predicted_layout(voxels, text, config, tmp_path, process)
    checked = checked_prediction(predicted, volume, voxels.shape, tmp_path, process)
    assert predicted.sampled == predicted.chunks
    assert checked.stored_held
    assert predicted.stored.high - predicted.stored.low == 2 * DIGITS
    assert checked.files == predicted.files
    assert checked.seconds.keys() == predicted.seconds.keys()
    assert all(seconds > 0 for seconds in predicted.seconds.values())
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_a_part_of_the_chunks_tells_all_of_them(tmp_path, process):
    voxels = np.random.default_rng(4).normal(0, 1, (200, 250, 250)).astype(np.float32)
    path = tmp_path / "voxels.npy"
    np.save(path, voxels)
    config = StorageConfig.parse("blosc-zstd-1-shuffle 48x48x48")
    held = 0
    for seed in range(3):
        predicted = predicted_layout(voxels, "", config, tmp_path, process, seed)
        checked = checked_prediction(predicted, path, voxels.shape, tmp_path, process)
        assert FEWEST < predicted.sampled < predicted.chunks
        held += checked.stored_held
    assert held == 3


def test_chunks_of_zeros_count_as_they_are_stored(tmp_path, process):
    voxels = np.zeros((64, 64, 64), np.float32)
    voxels[:16] = np.random.default_rng(5).normal(0, 1, (16, 64, 64))
    path = tmp_path / "voxels.npy"
    np.save(path, voxels)
    config = StorageConfig.parse("zstd-1 16x16x16")
    predicted = predicted_layout(voxels, "", config, tmp_path, process)
    checked = checked_prediction(predicted, path, voxels.shape, tmp_path, process)
    assert checked.stored_held and checked.files == predicted.files


def test_a_process_that_is_ended_is_told_in_one_line(volume, tmp_path):
    with SliceProcess(cold=False) as own:
        os.kill(own._process.pid, signal.SIGKILL)
        with pytest.raises(BadInput, match="was ended by SIGKILL"):
            own.sliced(volume, StorageConfig.parse("zstd-1 16x16x16"), tmp_path / "a.zarr", (0,))


def test_a_config_that_cannot_be_written_is_told_in_one_line(tmp_path):
    voxels = np.zeros((8, 8, 8), np.complex64)
    with SliceProcess(cold=False) as own, pytest.raises(BadInput, match="exit code 1"):
        own.sliced(voxels, StorageConfig.parse("pcodec-4 8x8x8"), tmp_path / "a.zarr", (0,))


def test_the_pick_is_that_of_recommend():
    answer = czb.predict("synthetic:10A@48", "archive")
    ranked = recommended_for(czb.open("synthetic:10A@48"), "archive", "a local disk")
    assert answer.ranked.sentence == ranked.sentence
    assert answer.pick.layout == ranked.pick.line.layout
    assert answer.today.layout == "portal-2024"
    assert list(answer.to_frame().layout) == [answer.pick.layout, "portal-2024"]


def test_quick_begins_with_the_pick_and_today_and_ends_in_time():
    volume = np.random.default_rng(6).normal(0, 99, (48, 48, 48)).astype(np.int16)
    answer = czb.quick(volume, seconds=0)
    assert [each.layout for each in answer.predicted] == [
        answer.ranked.pick.line.layout,
        "portal-2024",
    ]
    assert "int16" in answer.ranked.tomogram
    more = czb.quick(volume, seconds=60)
    assert len(more.predicted) > 2 and more.here.startswith(f"Of these {len(more.predicted)}")
