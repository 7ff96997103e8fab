"""Verified stores: each config of a grid written once, read back, and described.

A number is only ever given for a store that is in here.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.storage.codecs import Unsuited
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import Engine
from cryoet_zarr_bench.storage.entropy import Entropy
from cryoet_zarr_bench.storage.integrity import (
    array_metadata,
    check_metadata,
    check_read_back,
    check_stored_file,
)
from cryoet_zarr_bench.storage.metadata_defaults import spelled_out
from cryoet_zarr_bench.storage.requests import METADATA_NAMES
from cryoet_zarr_bench.storage.scaling import Scaling


@dataclass(frozen=True)
class VerifiedStore:
    """A store whose codec is the one asked for, and which was read back as that codec has it.

    That is bit-equal for every lossless codec. `config` is what was asked for, with what a lossy
    codec had to know of the tomogram: an engine can write the same store again by it.

    `stored_bytes` is the size of every file of the store, metadata included; `chunk_bytes` of the
    chunk files alone; `raw_bytes` is the tomogram's size in memory. `file_count` includes metadata.
    `content` is a SHA-256 over the chunk files, names and bytes, in the order of their names.
    """

    folder: Path
    voxels: int
    raw_bytes: int
    stored_bytes: int
    chunk_bytes: int
    file_count: int
    content: str
    metadata: dict[str, Any]
    config: StorageConfig

    @property
    def compression_ratio(self) -> float:
        """Bytes in memory over bytes stored, metadata included."""
        return self.raw_bytes / self.stored_bytes

    @property
    def bits_per_voxel(self) -> float:
        """Bits stored in chunk files, padding at the edges included, over the tomogram's voxels."""
        return 8 * self.chunk_bytes / self.voxels

    @property
    def stored_fraction(self) -> float:
        """Bytes stored, metadata included, over bytes in memory."""
        return self.stored_bytes / self.raw_bytes

    def refuse_other_bytes(self, written: Path) -> None:
        """Raise RuntimeError where the store at `written` has more or fewer bytes than this one."""
        found = sum(path.stat().st_size for path in written.rglob("*") if path.is_file())
        if found != self.stored_bytes:
            raise RuntimeError(
                f"{found} bytes were written, the verified store has {self.stored_bytes}"
            )


@dataclass
class StoreShelf:
    """The stores of one release: those that were verified, and why the others are not there.

    `impossible` are configs the release has no way to write, `failed` those where something was
    not what was asked for. Both map the name of a config to the reason. `entropy` is that of the
    tomogram they all hold, where somebody worked it out. `figures` are exact figures that were
    computed with the stores: the name of a config -> the name of a figure -> the figure.
    """

    stores: dict[str, VerifiedStore] = field(default_factory=dict)
    impossible: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    entropy: Entropy | None = None
    figures: dict[str, dict[str, float]] = field(default_factory=dict)

    def get(self, config: StorageConfig) -> VerifiedStore:
        """The verified store of a config.

        Raises NotImplementedError, which asv shows as n/a, where the release cannot write the
        config, and RuntimeError with the reason where it did not earn a number.
        """
        name = config.name
        if name in self.impossible:
            raise NotImplementedError(self.impossible[name])
        if name not in self.stores:
            reason = self.failed.get(name, "the store was never written")
            raise RuntimeError(f"no figure for {name}: {reason}")
        return self.stores[name]

    def bits_above_entropy(self, config: StorageConfig) -> float:
        """Bits per voxel in the chunk files, minus the memoryless entropy of the values.

        Below 0 where the codec made use of more than one voxel at a time. Raises as `get` does.
        """
        store = self.get(config)
        if self.entropy is None:
            raise RuntimeError(f"no figure for {config.name}: the entropy was never worked out")
        return store.bits_per_voxel - self.entropy.memoryless

    def figure(self, config: StorageConfig, name: str) -> float:
        """An exact figure of a verified store; raises as `get` does where there is no store."""
        self.get(config)
        return self.figures[config.name][name]

    def fill_figures(
        self, config: StorageConfig, compute: Callable[[VerifiedStore], dict[str, float]]
    ) -> None:
        """Compute the figures of a config that was verified; one where that fails has failed."""
        if config.name not in self.stores:
            return
        try:
            self.figures[config.name] = compute(self.stores[config.name])
        except Exception as error:  # whatever it was, it is the reason there is no figure
            del self.stores[config.name]
            self.failed[config.name] = f"{type(error).__name__}: {error}"


def write_verified(
    engine: Engine, tomogram: np.ndarray, folder: Path, config: StorageConfig
) -> VerifiedStore:
    """Write a tomogram (z, y, x) under `folder` and verify what lies on the disk then.

    Raises NotWhatWasAsked where the store is not what the config says, or the engine's own error.
    """
    store = folder / config.name
    config = config.for_values_of(tomogram)
    engine.write(tomogram, store, config)
    metadata = array_metadata(store, config.zarr_format)
    check_metadata(spelled_out(metadata), tomogram.shape, tomogram.dtype, config)
    chunk_files = sorted(
        path for path in store.rglob("*") if path.is_file() and path.name not in METADATA_NAMES
    )
    for path in chunk_files:
        check_stored_file(path, config, tomogram.dtype)
    check_read_back(tomogram, np.asarray(engine.open(store)[...]), config)
    digest = hashlib.sha256()
    for path in chunk_files:
        digest.update(str(path.relative_to(store)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    sizes = [path.stat().st_size for path in store.rglob("*") if path.is_file()]
    return VerifiedStore(
        folder=store,
        voxels=tomogram.size,
        raw_bytes=tomogram.nbytes,
        stored_bytes=sum(sizes),
        chunk_bytes=sum(path.stat().st_size for path in chunk_files),
        file_count=len(sizes),
        content=digest.hexdigest(),
        metadata=metadata,
        config=config,
    )


def fill_shelf(
    engine: Engine, tomogram: np.ndarray, folder: Path, configs: list[StorageConfig]
) -> StoreShelf:
    """Write and verify every config; one that fails keeps its reason and stops no other."""
    shelf = StoreShelf()
    scaling = Scaling.of(tomogram) if any(config.is_scaled for config in configs) else None
    for config in configs:
        config = replace(config, scaling=scaling) if config.is_scaled else config
        reason = engine.why_impossible(config)
        reason = reason or why_codec_impossible(engine, config, tomogram.dtype)
        if reason is not None:
            shelf.impossible[config.name] = reason
            continue
        try:
            shelf.stores[config.name] = write_verified(engine, tomogram, folder, config)
        except Exception as error:  # whatever it was, it is the reason there is no figure
            shelf.failed[config.name] = f"{type(error).__name__}: {error}"
    return shelf


_TRIED: dict[tuple[Any, ...], str | None] = {}


def why_codec_impossible(engine: Engine, config: StorageConfig, dtype: np.dtype) -> str | None:
    """Why the codec of a config cannot be used for such voxels with this release; None if it can.

    Codecs that not every release has are tried: a few voxels are written and verified as a
    tomogram is. What goes wrong there, an error or other voxels in silence, is the reason; so is
    what the tomogram itself rules out. The answer for a release is remembered by this process.
    """
    codec = config.codec
    if all(family.of_every_release for family in codec.families):
        return None
    try:
        config.steps(dtype)
    except Unsuited as error:
        return f"{codec.name}: {error}"
    sharded = config.shards is not None
    key = (engine, codec, config.zarr_format, sharded, dtype, config.scaling)
    if key not in _TRIED:
        _TRIED[key] = _trial(engine, config, dtype)
    return _TRIED[key]


def _trial(engine: Engine, config: StorageConfig, dtype: np.dtype) -> str | None:
    # Chunks at the edge, and such as are not contiguous in memory, which some releases refuse.
    tomogram = _few_voxels((6, 8, 12), dtype, config.scaling)
    shards = config.shards and (8, 8, 8)
    small = replace(config, chunks=(4, 4, 8), shards=shards)
    folder = Path(tempfile.mkdtemp(prefix="trial-of-codec-"))
    try:
        write_verified(engine, tomogram, folder, small)
    except Exception as error:  # whatever it was, this release cannot
        said = textwrap.shorten(f"{type(error).__name__}: {error}", _LONGEST_REASON)
        return (
            f"this release cannot use {config.codec.name} in Zarr format "
            f"{config.zarr_format}: {said}"
        )
    finally:
        _remove(folder)
    return None


_LONGEST_REASON = 200  # characters


def _few_voxels(
    shape: tuple[int, int, int], dtype: np.dtype, scaling: Scaling | None
) -> np.ndarray:
    """Noise of a tomogram's spread, on which the integers that its values become depend."""
    random = np.random.default_rng(0)
    if scaling is None:
        return random.normal(0, 30, shape).astype(dtype)
    middle = scaling.lowest / 2 + scaling.highest / 2
    noise = random.normal(middle, scaling.sigma, shape)
    return np.clip(noise, scaling.lowest, scaling.highest).astype(dtype)


def _remove(folder: Path) -> None:
    """Remove a folder into which chunks may still be written, after one of them has failed."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.01)


def fingerprints(shelf: StoreShelf) -> dict[str, dict[str, Any]]:
    """For every verified config what tells a changed default, bytes and speed apart."""
    return {
        name: {
            "metadata": json.dumps(store.metadata, sort_keys=True, separators=(",", ":")),
            "content": store.content,
            "stored_bytes": store.stored_bytes,
            "file_count": store.file_count,
        }
        for name, store in shelf.stores.items()
    }
