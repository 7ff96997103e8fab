"""Verified stores: each config of a grid written once, read back, and described.

A number is only ever given for a store that is in here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import Engine
from cryoet_zarr_bench.storage.integrity import (
    array_metadata,
    check_bit_equal,
    check_metadata,
    check_stored_file,
)

METADATA_NAMES = frozenset({".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json"})


@dataclass(frozen=True)
class VerifiedStore:
    """A store that was read back bit-equal and whose codec is the one asked for.

    `stored_bytes` is the size of every file of the store, metadata included; `chunk_bytes` of the
    chunk files alone; `raw_bytes` is the tomogram's size in memory. `file_count` includes metadata.
    `content` is a SHA-256 over the chunk files, names and bytes, in the order of their names.
    """

    folder: Path
    raw_bytes: int
    stored_bytes: int
    chunk_bytes: int
    file_count: int
    content: str
    metadata: dict[str, Any]

    @property
    def compression_ratio(self) -> float:
        """Bytes in memory over bytes stored, metadata included."""
        return self.raw_bytes / self.stored_bytes

    @property
    def stored_fraction(self) -> float:
        """Bytes stored, metadata included, over bytes in memory."""
        return self.stored_bytes / self.raw_bytes


@dataclass
class StoreShelf:
    """The stores of one release: those that were verified, and why the others are not there.

    `impossible` are configs the release has no way to write, `failed` those where something was
    not what was asked for. Both map the name of a config to the reason.
    """

    stores: dict[str, VerifiedStore] = field(default_factory=dict)
    impossible: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

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


def write_verified(
    engine: Engine, tomogram: np.ndarray, folder: Path, config: StorageConfig
) -> VerifiedStore:
    """Write a tomogram (z, y, x) under `folder` and verify what lies on the disk then.

    Raises NotWhatWasAsked where the store is not what the config says, or the engine's own error.
    """
    store = folder / config.name
    engine.write(tomogram, store, config)
    metadata = array_metadata(store, config.zarr_format)
    check_metadata(metadata, tomogram.shape, tomogram.dtype, config)
    chunk_files = sorted(
        path for path in store.rglob("*") if path.is_file() and path.name not in METADATA_NAMES
    )
    for path in chunk_files:
        check_stored_file(path, config, tomogram.dtype.itemsize)
    check_bit_equal(tomogram, np.asarray(engine.open(store)[...]))
    digest = hashlib.sha256()
    for path in chunk_files:
        digest.update(str(path.relative_to(store)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    sizes = [path.stat().st_size for path in store.rglob("*") if path.is_file()]
    return VerifiedStore(
        folder=store,
        raw_bytes=tomogram.nbytes,
        stored_bytes=sum(sizes),
        chunk_bytes=sum(path.stat().st_size for path in chunk_files),
        file_count=len(sizes),
        content=digest.hexdigest(),
        metadata=metadata,
    )


def fill_shelf(
    engine: Engine, tomogram: np.ndarray, folder: Path, configs: list[StorageConfig]
) -> StoreShelf:
    """Write and verify every config; one that fails keeps its reason and stops no other."""
    shelf = StoreShelf()
    for config in configs:
        if (reason := engine.why_impossible(config)) is not None:
            shelf.impossible[config.name] = reason
            continue
        try:
            shelf.stores[config.name] = write_verified(engine, tomogram, folder, config)
        except Exception as error:  # whatever it was, it is the reason there is no figure
            shelf.failed[config.name] = f"{type(error).__name__}: {error}"
    return shelf


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
