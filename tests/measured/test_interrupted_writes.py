"""Trials of interrupted writes: what is wrong is found, and what is whole is called whole."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cryoet_zarr_bench.analysis.interrupted_write_outcomes import (
    OutcomeLine,
    read_outcomes,
    summaries,
)
from cryoet_zarr_bench.measured.interrupted_writer import CHUNK, SHAPE, voxels_of
from cryoet_zarr_bench.measurement.interrupted_writes import (
    FULL,
    HALF_WAY,
    KILLED,
    METADATA,
    MOMENTS,
    NEIGHBOURS,
    Outcome,
    _writers,
    configs_to_try,
    try_engine,
)
from cryoet_zarr_bench.measurement.measured_environments import MeasuredEnvironment
from cryoet_zarr_bench.reports.documents.reliability_table import engines_table
from cryoet_zarr_bench.storage.config import StorageConfig

HERE = MeasuredEnvironment(Path(sys.executable), {})
CONFIG, SHARDS = "none 32x32x32", "none 32x32x32 in 64x64x64"


@pytest.fixture
def start():
    with _writers(HERE, "zarr-python") as start:
        yield start


def create(writer, store, config=CONFIG, generation=1):
    request = {"store": str(store), "config": config, "generation": generation}
    assert writer.ask(task="create", **request) == {"done": True}


def read(writer, store, *generations):
    return writer.ask(task="read", store=str(store), generations=list(generations))


def test_a_reader_tells_generations_apart(start, tmp_path):
    store, writer = tmp_path / "a.zarr", start()
    create(writer, store)
    assert read(writer, store, 1, 2) == {"wrong": 0, "torn": 0, "seen": [1]}
    assert read(writer, store, 2)["wrong"] == np.prod(SHAPE)
    assert writer.ask(task="write", store=str(store), generation=2, planes=[0, 32]) == {
        "done": True
    }
    assert read(writer, store, 1, 2) == {"wrong": 0, "torn": 0, "seen": [1, 2]}
    assert writer.ask(task="write", store=str(store), generation=1, planes=[0, 5])["done"]
    assert read(writer, store, 1, 2) == {"wrong": 0, "torn": 4, "seen": [1]}


@pytest.mark.parametrize("damage", ["zeros", "gone", "short"])
def test_damage_is_found(start, tmp_path, damage):
    store, writer = tmp_path / "a.zarr", start()
    create(writer, store)
    chunk = store / "c" / "1" / "0" / "1"
    if damage == "zeros":
        chunk.write_bytes(bytes(chunk.stat().st_size))
    elif damage == "gone":
        chunk.unlink()
    else:
        chunk.write_bytes(chunk.read_bytes()[:-9])
    found = read(writer, store, 1, 2)
    if damage == "short":
        assert "error" in found
    else:
        assert found["wrong"] == CHUNK**3
    outcome = Outcome("zarr-python", "3", CONFIG, KILLED)
    outcome.count(found)
    assert (outcome.wrong, outcome.error) == ((0, 1) if damage == "short" else (1, 0))


def test_the_limit_kills_or_refuses(start, tmp_path):
    """Whoever is killed in the middle has begun: else the trial would try nothing."""
    store, writer = tmp_path / "a.zarr", start()
    create(writer, store)
    limited = {"store": str(store), "generation": 2, "limit": 5000}
    assert "error" in start().ask(task="write", **limited, when_full="refused")
    killed = start()
    assert killed.ask(task="write", **limited, when_full="killed") == {}
    assert killed.process.wait() < 0


@pytest.mark.long
def test_an_engine_is_tried_in_every_way(tmp_path):
    found = list(try_engine(HERE, "zarr-python", [SHARDS], tmp_path, 2))
    assert [(each.done, each.trials) for each in found] == [
        ("killed within a file", 3),
        ("no room within a file", 3),
        ("killed within the metadata", 3),
        ("killed at a random moment", 2),
        ("killed half way through a new array", 3),
        ("two write neighbouring parts", 2),
    ]
    for each in found:
        assert each.whole + each.torn + each.error + each.wrong == each.trials
    assert all(each.lost == 0 for each in found if each.done != NEIGHBOURS)


def test_what_an_engine_cannot_write_is_not_tried(tmp_path):
    assert not list(try_engine(HERE, "zarrs", ["zfp-reversible 32x32x32 v2"], tmp_path, 1))


@pytest.mark.long
def test_what_is_known_is_not_tried_again(tmp_path):
    known = frozenset((SHARDS, done) for done in (KILLED, FULL, METADATA, MOMENTS, NEIGHBOURS))
    (outcome,) = try_engine(HERE, "zarr-python", [SHARDS], tmp_path, 1, known)
    # What was not written yet reads as the fill value, and nothing says so.
    assert (outcome.done, outcome.wrong, outcome.trials) == (HALF_WAY, 3, 3)
    assert outcome.wrong_voxels == 3 * np.prod(SHAPE) / 2


@pytest.mark.parametrize("zarr", ["2.18.7", "3.0.10", "3.4.2"])
def test_the_configs_are_of_the_release(zarr):
    configs = [StorageConfig.parse(text) for text in configs_to_try(zarr)]
    formats = {config.zarr_format for config in configs}
    assert formats == ({2} if zarr.startswith("2.") else {3})
    assert any(config.shards for config in configs) == (formats == {3})


def test_no_generation_has_a_voxel_of_another():
    one, two = voxels_of(1), voxels_of(2)
    assert not (one == two).any() and not (one == 0).any()


def line(**changes):
    return {
        "engine": "zarr-python",
        "version": "3.4.2",
        "zarr": "3.4.2",
        "config": "none 32x32x32 in 64x64x64",
        "done": NEIGHBOURS,
        "trials": 10,
        **dict.fromkeys(["whole", "torn", "error", "wrong", "lost"], 0),
        "wrong_voxels": 0,
        "lost_voxels": 0,
        "messages": [],
        "file_system": "ext4",
        "measured_at": "2026-11-28T11:00:00Z",
        **changes,
    }


def test_a_table_says_what_no_reader_notices_in_bold(tmp_path):
    lines = [
        line(whole=10, lost=4, lost_voxels=512),
        line(config="zstd-5 32x32x32 in 64x64x64", whole=8, error=2, lost=1, lost_voxels=8),
        line(config="none 32x32x32", done=KILLED, trials=3, error=3),
        line(engine="tensorstore", version="0.1.86", whole=10),
    ]
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in [*lines, {"engine": 5}, []]))
    read_back = read_outcomes(path)
    assert read_back == [OutcomeLine.model_validate(each) for each in lines]
    assert [each.in_words for each in summaries(read_back)] == [
        "5 lost (520 voxels), 2 unreadable of 20",
        "3 unreadable of 3",
        "0 of 10",
    ]
    table = engines_table(read_back)
    assert "**5 lost (520 voxels), 2 unreadable of 20**" in table
    assert "| 3 unreadable of 3 |" in table
    assert "| tensorstore 0.1.86 | shards | 0 of 10 | \\- |" in table
    assert "stays old or becomes new: none" in table
    assert "two processes can write one shard: tensorstore 0.1.86." in table
    assert "Nothing was tried yet" in engines_table([])
