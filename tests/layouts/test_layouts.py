"""Layouts by name: written, described from the disk, read and changed; figures from requests."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import zarr

from cryoet_zarr_bench.common.errors import BadInput, StoreMismatch
from cryoet_zarr_bench.layouts.changing_figures import CHANGES, changing_figures
from cryoet_zarr_bench.layouts.crop_memory import STORE_CLASSES, crop_memory
from cryoet_zarr_bench.layouts.named_layouts import LAYOUTS, layout_called
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS, reading_figures
from cryoet_zarr_bench.layouts.reading_places import PLACES, USUAL
from cryoet_zarr_bench.layouts.ruled_writing import write_by_rule
from cryoet_zarr_bench.layouts.stored_levels import footprint_of, stored_level, stored_levels
from cryoet_zarr_bench.storage.engines import installed_engine

ENGINE = installed_engine()
TOMOGRAM = np.random.default_rng(0).normal(size=(40, 70, 70)).astype("float32")
RULED = [name for name, layout in LAYOUTS.items() if layout.rule is not None]


@pytest.fixture
def stored(tmp_path):
    def write(name):
        store = tmp_path / "store"
        write_by_rule(ENGINE, TOMOGRAM, store, layout_called(name), 10.0)
        return store

    return write


def test_each_has_a_source_and_a_date_and_a_way_to_be_written():
    for name, layout in LAYOUTS.items():
        assert layout.name == name and layout.source and layout.about and layout.title
        assert layout.date.startswith("2026-")
        assert layout.rule is None or layout.library is None


def test_the_shard_of_copick_is_padded_to_whole_chunks():
    config = LAYOUTS["copick-2026"].rule((184, 630, 630), np.dtype("float32"))
    assert config.shards == (256, 640, 640) and config.codec.name == "shuffle+zstd-3"
    assert math.prod(config.shards) / (184 * 630 * 630) == pytest.approx(1.44, abs=0.005)
    assert LAYOUTS["copick-2026"].rule((184, 630, 630), np.dtype("int16")).codec.name == "zstd-3"


def test_a_config_is_a_layout_too_and_its_shards_may_be_all():
    rule = layout_called("zstd-3 16x32x32 in all").rule
    assert rule((40, 70, 70), np.dtype("int8")).shards == (48, 96, 96)
    assert layout_called("zstd-3 16x32x32 v2").rule((1, 1, 1), np.dtype("int8")).zarr_format == 2


@pytest.mark.parametrize(
    "text", ["layout:nobody", "nothing 1x1x1", "zstd-3", "layout:", "zstd-3 8x8x8 in all v2"]
)
def test_what_is_no_layout_is_refused(text):
    with pytest.raises(BadInput):
        layout_called(text)


@pytest.mark.parametrize("name", RULED)
def test_what_was_written_is_read_off_the_disk(name, stored):
    store, layout = stored(f"layout:{name}"), LAYOUTS[name]
    levels = stored_levels(store)
    assert [level.shape for level in levels] == [(40, 70, 70), (20, 35, 35), (10, 18, 18)]
    for level in levels:
        config = layout.rule(level.shape, TOMOGRAM.dtype)
        assert (level.chunks, level.shards) == (config.chunks, config.shards)
        assert level.zarr_format == config.zarr_format and level.dtype == "float32"
        assert level.codecs.replace(", ", "+") == config.codec.name
    found = footprint_of(store)
    assert found.bytes == sum(each.stat().st_size for each in store.rglob("*") if each.is_file())
    assert found.inodes > found.files


@pytest.mark.parametrize(
    "name",
    [
        # Each of 200 boxes decodes a chunk of 64 MB there.
        pytest.param(name, marks=[pytest.mark.long] if name == "portal-2024" else [])
        for name in RULED
    ],
)
def test_every_pattern_is_counted(name, stored):
    levels = stored_levels(stored(f"layout:{name}"))
    found = {
        pattern: reading_figures(ENGINE, levels, TOMOGRAM, each, PLACES)
        for pattern, each in PATTERNS.items()
    }
    for pattern, figures in found.items():
        assert figures.gets > 0 and len(figures.seconds) == len(PLACES)
        slowest, quickest = max(figures.seconds), min(figures.seconds)
        assert figures.seconds[list(PLACES).index(USUAL)] <= slowest
        # The farthest place waits a hundred times as long as the nearest.
        assert slowest > 2 * quickest > 0, pattern
    assert found["volume"].bytes_used == TOMOGRAM.nbytes
    assert found["xy_slice"].bytes_used == 70 * 70 * 4
    assert found["open"].bytes_used == 0 and found["open"].over_read == 0
    assert found["first_view"].gets > found["xy_slice"].gets


def test_a_voxel_that_is_another_is_found(stored):
    levels = stored_levels(stored("layout:64"))
    other = TOMOGRAM.copy()
    other[20, 3, 3] += 1
    with pytest.raises(StoreMismatch, match="1 of 4900"):
        reading_figures(ENGINE, levels, other, PATTERNS["xy_slice"], PLACES)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["none 16x16x16", "none 16x16x16 in all", "none 64x64x64"])
def test_changing_moves_what_is_stored_together(name, change, stored, tmp_path):
    level = stored_levels(stored(name))[0]
    before = footprint_of(level.folder)
    found = changing_figures(ENGINE, level, TOMOGRAM, change, tmp_path / "changed")
    assert footprint_of(level.folder) == before and not (tmp_path / "changed").exists()
    reading_figures(ENGINE, [level], TOMOGRAM, PATTERNS["volume"], PLACES)
    whole = math.prod(level.stored_shape) * 4
    if name == "none 16x16x16" and change == "chunk":
        assert found.bytes_put == found.bytes_changed == 16**3 * 4
    if name.endswith("all"):
        assert found.bytes_put > TOMOGRAM.nbytes and found.amplification > 1
        assert found.puts == 1
    else:
        assert found.bytes_put == found.puts * whole


def test_axes_of_length_one_may_stand_before_the_others(tmp_path):
    five = zarr.create_array(
        tmp_path / "five", shape=(1, 1, *TOMOGRAM.shape), chunks=(1, 1, 16, 64, 64), dtype="float32"
    )
    five[...] = TOMOGRAM[None, None]
    level = stored_level(tmp_path / "five")
    assert level.leading == 2 and level.chunks == (16, 64, 64) and level.shape == TOMOGRAM.shape
    for pattern in ("xy_slice", "particles", "volume"):
        reading_figures(ENGINE, [level], TOMOGRAM, PATTERNS[pattern], PLACES)
    found = changing_figures(ENGINE, level, TOMOGRAM, "box", tmp_path / "changed")
    assert found.puts == 3 * 2 * 2


@pytest.mark.parametrize("store_class", STORE_CLASSES)
def test_a_crop_is_read_through_each_class_of_store(store_class, stored):
    found = crop_memory(store_class, stored("layout:64"), TOMOGRAM)
    assert found["memory"] >= found["before"] > 0


def test_what_is_no_pyramid_is_refused(tmp_path):
    with pytest.raises(StoreMismatch, match="no group"):
        stored_levels(tmp_path)
    (tmp_path / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group"}))
    with pytest.raises(StoreMismatch, match="no multiscales"):
        stored_levels(tmp_path)
    with pytest.raises(StoreMismatch, match="has no array"):
        stored_level(Path(tmp_path, "0"))
