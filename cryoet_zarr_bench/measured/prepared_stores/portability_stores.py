"""Readings of stores: every engine's by every other, and those of other releases.

The stores are a few kB each. What is compared are bits.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.measured.installed_release import check_release, read_label
from cryoet_zarr_bench.measured.prepared_stores.store_set import write_store_set
from cryoet_zarr_bench.measured.process_record import add_to_record
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import (
    ENGINES,
    Engine,
    EngineMissing,
    engine_called,
    engine_version,
    take_over,
)
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch, check_bit_equal

SAME_BITS, UNREADABLE, OTHER_VOXELS = 0, 1, 2
"""How it ended: lower is better. To be refused is better than to be given other voxels."""

SHAPE = (6, 8, 8)
"""Of the volume that is written (z, y, x), in voxels."""

KEPT_STORES = Path(__file__).with_name("kept_stores.tar.gz")
"""Stores of some releases and engines, made by `scripts/make_kept_stores.py`: folders of the
writer's name, and in them a folder for each config."""

KEPT_WRITERS = (
    "zarr-2.18.7",
    "zarr-3.0.0",
    "zarr-3.4.2",
    "tensorstore-0.1.86",
    "zarrs-0.2.3",
)
"""Who wrote the kept stores."""


def volume() -> np.ndarray:
    """The voxels of every store: float32, with both zeros, infinities and a NaN of a payload."""
    z, y, x = np.indices(SHAPE, dtype="uint32")
    noise = (z * 977 + y * 353 + x * 131) * np.uint32(2654435761) >> np.uint32(28)
    voxels: np.ndarray = (noise.astype("float32") - 8) / 3
    special = np.array([0x80000000, 0, 0x7F800000, 0xFF800000, 0x7FC12345], "<u4")
    voxels.reshape(-1)[10:15] = special.view("<f4")
    return voxels


@dataclass(frozen=True)
class Reading:
    """Outcome of reading one store; `reason` is empty if all bits are the same."""

    outcome: int
    reason: str = ""


@dataclass
class PortabilityReadings:
    """Every reading of one release.

    `missing` maps an engine that is not in this environment to the reason. `impossible` and
    `failed` map a writer and the name of a config to the reason why there is no store to read.
    `readings` has writer -> reader -> name of the config; kept stores have their writers there.
    """

    missing: dict[str, str] = field(default_factory=dict)
    impossible: dict[str, dict[str, str]] = field(default_factory=dict)
    failed: dict[str, dict[str, str]] = field(default_factory=dict)
    readings: dict[str, dict[str, dict[str, Reading]]] = field(default_factory=dict)

    def outcome(self, writer: str, reader: str, config: StorageConfig) -> int:
        """The outcome of a reading.

        Raises NotImplementedError, which asv shows as n/a, where an engine is not here or the
        writer cannot write the config, and RuntimeError if its store is not what was asked for.
        """
        for engine in (writer, reader):
            if engine in self.missing:
                raise NotImplementedError(self.missing[engine])
        if (reason := self.failed.get(writer, {}).get(config.name)) is not None:
            raise RuntimeError(f"{writer} wrote no {config.name}: {reason}")
        found = self.readings.get(writer, {}).get(reader, {}).get(config.name)
        if found is None:
            reason = self.impossible.get(writer, {}).get(config.name)
            raise NotImplementedError(reason or f"there is no {config.name} of {writer}")
        return found.outcome

    def described(self) -> dict[str, Any]:
        """All of it for the record.

        `outcomes` has writer -> reader -> one character for each of `configs`, the outcome or `-`
        where there was nothing to read. `reasons` has reader -> reason -> writer and config.
        """
        names = sorted({name for of in self._pairs().values() for name in of})
        outcomes: dict[str, dict[str, str]] = {}
        reasons: dict[str, dict[str, list[str]]] = {}
        for (writer, reader), of in self._pairs().items():
            ends = [str(of[name].outcome) if name in of else "-" for name in names]
            outcomes.setdefault(writer, {})[reader] = "".join(ends)
            for name, reading in of.items():
                if reading.reason:
                    where = reasons.setdefault(reader, {}).setdefault(reading.reason, [])
                    where.append(f"{writer} {name}")
        return {
            "missing": self.missing,
            "versions": {name: engine_version(name) for name in ENGINES if name in self.readings},
            "configs": names,
            "outcomes": outcomes,
            "reasons": reasons,
            "impossible": self.impossible,
            "failed": self.failed,
        }

    def _pairs(self) -> dict[tuple[str, str], dict[str, Reading]]:
        return {
            (writer, reader): of
            for writer, readers in self.readings.items()
            for reader, of in readers.items()
        }


def engines_here() -> tuple[dict[str, Engine], dict[str, str]]:
    """The engines of this environment by name, and why the others are not in it."""
    here, missing = {}, {}
    for name in ENGINES:
        try:
            here[name] = engine_called(name)
        except EngineMissing as error:
            missing[name] = str(error)
    return here, missing


def fill_portability(
    engines: dict[str, Engine], folder: Path, configs: list[StorageConfig]
) -> PortabilityReadings:
    """Let every engine write every config under `folder`, and each read all that was written."""
    store_set, voxels = PortabilityReadings(), volume()
    stores: dict[str, dict[str, Path]] = {}
    for writer, engine in engines.items():
        take_over(engine)
        written = write_store_set(engine, voxels, folder / writer, configs)
        store_set.impossible[writer], store_set.failed[writer] = written.impossible, written.failed
        stores[writer] = {name: store.folder for name, store in written.stores.items()}
    formats = {config.name: config.zarr_format for config in configs}
    stores |= unpack_kept_stores(folder / "kept", set(formats))
    for reader, engine in engines.items():
        take_over(engine)
        for writer, folders in stores.items():
            store_set.readings.setdefault(writer, {})[reader] = {
                name: read_one(engine, store, voxels)
                for name, store in folders.items()
                if formats[name] in engine.zarr_formats
            }
    return store_set


def read_one(engine: Engine, store: Path, voxels: np.ndarray) -> Reading:
    """Read a store that should hold these voxels."""
    try:
        check_bit_equal(voxels, np.asarray(engine.open(store)[...]))
    except StoreMismatch as error:
        return Reading(OTHER_VOXELS, str(error))
    except Exception as error:  # whatever it was, the engine cannot
        return Reading(UNREADABLE, _in_short(error, store))
    return Reading(SAME_BITS)


def unpack_kept_stores(folder: Path, wanted: set[str]) -> dict[str, dict[str, Path]]:
    """Unpack the kept stores of these configs: writer -> name of the config -> folder."""
    with tarfile.open(KEPT_STORES) as archive:
        members = [each for each in archive if each.name.split("/")[1] in wanted]
        archive.extractall(folder, members, filter="data")
    return {
        writer: {each.name: each for each in _folders(folder / writer)} for writer in KEPT_WRITERS
    }


def _folders(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.iterdir())) if folder.is_dir() else iter(())


_LONGEST_REASON = 240  # characters


def _in_short(error: Exception, store: Path) -> str:
    """Shorten an error to what it says, without where."""
    said = f"{type(error).__name__}: {error}".split(" [tensorstore_spec=")[0]
    said = " ".join(said.replace(f"{store}/", "").replace(str(store), "").split())
    said = re.sub(r"Error (opening|reading|parsing)[^:]*: ", "", said)
    return said.removesuffix(":")[:_LONGEST_REASON]


def prepare_portability(folder: Path, configs: list[StorageConfig]) -> PortabilityReadings:
    """Let the engines installed here write and read every config, and what was kept.

    Where the release cannot be installed all is n/a; ReleaseMismatch if it is another one.
    """
    label = read_label()
    if label.impossible is not None:
        return PortabilityReadings(missing=dict.fromkeys(ENGINES, label.impossible))
    check_release(label.packages)
    engines, missing = engines_here()
    store_set = fill_portability(engines, folder, configs)
    store_set.missing = missing
    add_to_record({"portability": store_set.described()}, label)
    return store_set
