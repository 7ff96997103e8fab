"""What a library wrote: the levels of an OME-Zarr, read off its metadata, never asked of it."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.errors import StoreMismatch
from cryoet_zarr_bench.storage.codecs.chunk_headers import SHUFFLES

_METADATA = ("zarr.json", ".zarray")


@dataclass(frozen=True)
class StoredLevel:
    """An array of a pyramid, as its metadata has it.

    `shape`, `chunks` and `shards` are along z, y, x; axes of length 1 before them, as of time and
    channel, are `leading`. `shards` is None where each chunk is a file. `codecs` is what is done to
    a chunk, in words such as `shuffle, zstd-3`.
    """

    folder: Path
    zarr_format: int
    shape: tuple[int, int, int]
    leading: int
    dtype: str
    chunks: tuple[int, int, int]
    shards: tuple[int, int, int] | None
    codecs: str

    @property
    def stored_shape(self) -> tuple[int, int, int]:
        """The shape of what is one file."""
        return self.shards or self.chunks

    @property
    def itemsize(self) -> int:
        """Bytes of a voxel."""
        return np.dtype(self.dtype).itemsize

    @property
    def padded_voxels(self) -> int:
        """Voxels beyond the tomogram's own, up to the ends of the last chunks.

        Chunks of a shard that hold nothing of the tomogram are not stored.
        """
        whole = math.prod(
            -(-length // chunk) * chunk
            for length, chunk in zip(self.shape, self.chunks, strict=True)
        )
        return whole - math.prod(self.shape)


@dataclass(frozen=True)
class Footprint:
    """What lies on the disk: bytes and files, metadata included, and inodes, folders included."""

    bytes: int
    files: int
    inodes: int


def footprint_of(store: Path) -> Footprint:
    """The footprint of a store, or of a file."""
    if store.is_file():
        return Footprint(store.stat().st_size, 1, 1)
    found = bytes_found = folders = 0
    for folder, _, names in os.walk(store):
        folders += 1
        found += len(names)
        bytes_found += sum(Path(folder, name).stat().st_size for name in names)
    return Footprint(bytes_found, found, found + folders)


def stored_levels(store: Path) -> list[StoredLevel]:
    """The levels of an OME-Zarr from the finest on; StoreMismatch if it is none."""
    attributes = _attributes(store)
    multiscales = (attributes.get("ome") or attributes).get("multiscales")
    if not multiscales:
        raise StoreMismatch(f"{store}: its metadata has no multiscales")
    return [stored_level(store / each["path"]) for each in multiscales[0]["datasets"]]


def _attributes(group: Path) -> dict[str, Any]:
    if (group / "zarr.json").is_file():
        found = json.loads((group / "zarr.json").read_text()).get("attributes", {})
    elif (group / ".zattrs").is_file():
        found = json.loads((group / ".zattrs").read_text())
    else:
        raise StoreMismatch(f"{group} is no group of Zarr")
    return dict(found)


def stored_level(folder: Path) -> StoredLevel:
    """An array as its metadata has it; StoreMismatch if there is none."""
    path = next((folder / name for name in _METADATA if (folder / name).is_file()), None)
    if path is None:
        raise StoreMismatch(f"{folder} has no array")
    found = json.loads(path.read_text())
    of_format = _of_format_2 if found["zarr_format"] == 2 else _of_format_3
    shape, dtype, chunks, shards, codecs = of_format(found)
    leading = len(shape) - 3
    if leading < 0 or any(length != 1 for length in shape[:leading]):
        raise StoreMismatch(f"{folder} is no volume: its shape is {shape}")
    return StoredLevel(
        folder,
        found["zarr_format"],
        _spatial(shape),
        leading,
        dtype,
        _spatial(chunks),
        None if shards is None else _spatial(shards),
        ", ".join(codecs) or "none",
    )


def _spatial(lengths: list[int]) -> tuple[int, int, int]:
    z, y, x = lengths[-3:]
    return z, y, x


_Found = tuple[list[int], str, list[int], list[int] | None, list[str]]


def _of_format_2(found: dict[str, Any]) -> _Found:
    codecs = [*(found.get("filters") or []), *filter(None, [found.get("compressor")])]
    words = [_in_words(each.pop("id"), each) for each in (dict(codec) for codec in codecs)]
    return found["shape"], np.dtype(found["dtype"]).name, found["chunks"], None, words


def _of_format_3(found: dict[str, Any]) -> _Found:
    chunks, shards = found["chunk_grid"]["configuration"]["chunk_shape"], None
    codecs = found["codecs"]
    if codecs[0]["name"] == "sharding_indexed":
        inner = codecs[0]["configuration"]
        chunks, shards, codecs = inner["chunk_shape"], chunks, inner["codecs"]
    words = [
        _in_words(each["name"].removeprefix("numcodecs."), each.get("configuration", {}))
        for each in codecs
        if each["name"] != "bytes"
    ]
    return found["shape"], found["data_type"], chunks, shards, words


def _in_words(name: str, settings: dict[str, Any]) -> str:
    """A codec in words, such as `blosc-zstd-1-bitshuffle`, `zstd-3`, `shuffle`."""
    if name == "blosc":
        shuffle = settings["shuffle"]
        # Format 3 has the word, format 2 a number.
        word = shuffle if isinstance(shuffle, str) else SHUFFLES[shuffle]
        return f"blosc-{settings['cname']}-{settings['clevel']}-{word}"
    level = settings.get("level", settings.get("clevel"))
    return name if level is None else f"{name}-{level}"
