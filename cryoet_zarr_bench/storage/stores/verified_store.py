"""Verified stores: a config written once, read back, and described."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import Engine
from cryoet_zarr_bench.storage.object_store.bucket import METADATA_NAMES
from cryoet_zarr_bench.storage.stores.metadata_defaults import spelled_out
from cryoet_zarr_bench.storage.stores.store_checks import (
    array_metadata,
    check_metadata,
    check_read_back,
    check_stored_file,
)


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
        """Raise RuntimeError if the store at `written` has more or fewer bytes than this one."""
        found = size_on_disk(written) if written.is_dir() else 0
        if found != self.stored_bytes:
            raise RuntimeError(
                f"{found} bytes were written, the verified store has {self.stored_bytes}"
            )


def write_verified(
    engine: Engine, tomogram: np.ndarray, folder: Path, config: StorageConfig
) -> VerifiedStore:
    """Write a tomogram (z, y, x) under `folder` and verify what lies on the disk then.

    Raises StoreMismatch if the store is not what the config says, or the engine's own error.
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


def size_on_disk(path: Path) -> int:
    """The bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
