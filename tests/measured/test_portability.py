"""The matrix of who reads whose stores, with engines that are wrong on purpose."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from cryoet_zarr_bench.measured.prepared_stores.portability_stores import (
    KEPT_STORES,
    KEPT_WRITERS,
    OTHER_VOXELS,
    SAME_BITS,
    UNREADABLE,
    engines_here,
    fill_portability,
    volume,
)
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import ENGINES, engine_called, installed_engine, take_over
from cryoet_zarr_bench.storage.grid import SECTIONS

CONFIGS = list(SECTIONS["portability"]["quick"].configs())
EVERY = list(SECTIONS["portability"]["full"].configs())


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    take_over(installed_engine())


class WrongVoxels:
    """An engine that reads one voxel wrongly, and passes everything else on."""

    zarr_formats = (2, 3)
    name = "wrong"

    def __init__(self):
        self._right = engine_called("tensorstore")

    def __getattr__(self, name):
        return getattr(self._right, name)

    def open(self, store):
        voxels = self._right.open(store)[...]
        voxels[1, 2, 3] = -voxels[1, 2, 3]
        return voxels


class RefusesToRead(WrongVoxels):
    def open(self, store):
        raise OSError(f"{store}/zarr.json is not for me")


def test_the_voxels_are_the_same_wherever_they_are_made():
    voxels = volume()
    assert voxels.dtype == np.float32
    bits = voxels.view("<u4").reshape(-1)
    assert {0x80000000, 0x7F800000, 0xFF800000, 0x7FC12345} <= set(bits.tolist())
    assert len(np.unique(bits)) > 10


def test_every_engine_reads_every_other(tmp_path):
    engines, missing = engines_here()
    assert list(engines) == list(ENGINES) and not missing
    store_set = fill_portability(engines, tmp_path, CONFIGS)
    for config in CONFIGS:
        for writer in (*ENGINES, *KEPT_WRITERS):
            for reader in ENGINES:
                if writer == "zarr-2.18.7" and config.zarr_format == 3:
                    with pytest.raises(NotImplementedError, match=r"no .* of zarr-2\.18\.7"):
                        store_set.outcome(writer, reader, config)
                    continue
                outcome = store_set.outcome(writer, reader, config)
                # tensorstore knows no `checksum` of zstd, which numcodecs writes with zarr 2.18.
                refused = (writer, reader, config.name) == (
                    "zarr-2.18.7",
                    "tensorstore",
                    "zstd-5_4x8x8_v2",
                )
                assert outcome == (UNREADABLE if refused else SAME_BITS)
    record = store_set.described()
    assert json.loads(json.dumps(record)) == record
    assert record["outcomes"]["tensorstore"]["zarrs"] == "0" * len(CONFIGS)
    assert record["reasons"]["tensorstore"] == {
        'ValueError: FAILED_PRECONDITION: Object includes extra members: "checksum"': [
            "zarr-2.18.7 zstd-5_4x8x8_v2"
        ]
    }
    assert str(tmp_path) not in json.dumps(record)


def test_wrong_voxels_and_refusals_are_told_apart(tmp_path):
    engines = {
        "zarr-python": engine_called("zarr-python"),
        "tensorstore": WrongVoxels(),
        "zarrs": RefusesToRead(),
    }
    store_set = fill_portability(engines, tmp_path, CONFIGS)
    config = CONFIGS[0]
    # What it writes it cannot read itself, so that it is no store at all.
    for writer in ("tensorstore", "zarrs"):
        with pytest.raises(RuntimeError, match=f"{writer} wrote no"):
            store_set.outcome(writer, "zarr-python", config)
    assert store_set.outcome("zarr-python", "zarr-python", config) == SAME_BITS
    assert store_set.outcome("zarr-python", "tensorstore", config) == OTHER_VOXELS
    assert store_set.outcome("zarr-3.4.2", "tensorstore", config) == OTHER_VOXELS
    assert store_set.outcome("zarr-python", "zarrs", config) == UNREADABLE
    reasons = store_set.described()["reasons"]
    assert (
        "1 of 384 voxels were read back with other bits, first at z, y, x = (1, 2, 3)"
        in reasons["tensorstore"]
    )
    assert list(reasons["zarrs"]) == ["OSError: zarr.json is not for me"]


def test_a_missing_engine_is_not_applicable(tmp_path):
    store_set = fill_portability({"zarr-python": engine_called("zarr-python")}, tmp_path, CONFIGS)
    store_set.missing = {"zarrs": "zarrs is not in this environment"}
    for pair in (("zarrs", "zarr-python"), ("zarr-python", "zarrs")):
        with pytest.raises(NotImplementedError, match="not in this environment"):
            store_set.outcome(*pair, CONFIGS[0])


def test_the_kept_stores_are_small_and_there_for_every_writer():
    assert KEPT_STORES.stat().st_size < 60_000
    names = {config.name for config in EVERY}
    with tarfile.open(KEPT_STORES) as archive:
        kept = {tuple(each.name.split("/")[:2]) for each in archive}
    assert {writer for writer, _ in kept} == set(KEPT_WRITERS)
    assert {name for _, name in kept} <= names
    for writer in KEPT_WRITERS:
        formats = {name[-1] for each, name in kept if each == writer}
        assert formats == ({"2"} if writer.startswith("zarr-2") else {"2", "3"})


def test_configs_that_are_kept_have_the_bits_of_the_volume(tmp_path):
    """Without the engine that wrote them: the uncompressed ones hold the voxels as they are."""
    config = StorageConfig.of("none", "4x8x8", 3)
    with tarfile.open(KEPT_STORES) as archive:
        archive.extractall(tmp_path, filter="data")
    for writer in KEPT_WRITERS[1:]:
        chunk = Path(tmp_path / writer / config.name / "c" / "0" / "0" / "0").read_bytes()
        assert chunk == volume()[:4].tobytes()
