"""The layouts of the field by name: who stores tomograms so, since when, and where that is said.

One table, as of codecs. To add a layout, add an entry to `LAYOUTS`; all else follows from it.

A layout is written by the library it belongs to where that can be installed, as it does by its own
defaults. Where it cannot, a rule says chunks, shards and codec for the shape and the dtype of a
tomogram, from the source that is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.storage.config import StorageConfig, chunks_name

Shape = tuple[int, ...]
Rule = Callable[[Shape, np.dtype], StorageConfig]

PREFIX = "layout:"


@dataclass(frozen=True)
class Library:
    """The package on the index that writes a layout by its defaults, and the version of it."""

    package: str
    version: str


@dataclass(frozen=True)
class Layout:
    """A way to store tomograms.

    `name` is without `layout:`; `title` is what tables call it, `about` one sentence on it;
    `source` is an address where it is said, as it was on `date`. It has a `library` that writes it,
    or a `rule` that gives the config of each level from its shape (z, y, x) and dtype; neither is
    the tomogram's own file.
    """

    name: str
    title: str
    about: str
    source: str
    date: str
    rule: Rule | None = None
    library: Library | None = None

    @property
    def is_file(self) -> bool:
        """True for the tomogram's own file, which is read as it is."""
        return self.rule is None and self.library is None


def _cubes(edge: int, codec: str, zarr_format: int) -> Rule:
    chunks = chunks_name((edge, edge, edge))
    return lambda shape, dtype: StorageConfig.of(codec, chunks, zarr_format)


def padded_shard(shape: Shape, chunks: tuple[int, int, int]) -> tuple[int, int, int]:
    """The shape of the one shard that has all chunks of a tomogram, those at its ends whole."""
    z, y, x = (-(-length // chunk) * chunk for length, chunk in zip(shape, chunks, strict=True))
    return z, y, x


def _one_padded_shard(shape: Shape, dtype: np.dtype) -> StorageConfig:
    chunks = (128, 128, 128)
    codec = "shuffle+zstd-3" if dtype.kind == "f" else "zstd-3"
    shard = chunks_name(padded_shard(shape, chunks))
    return StorageConfig.of(codec, f"{chunks_name(chunks)} in {shard}", 3)


def _planes_of_1024(shape: Shape, dtype: np.dtype) -> StorageConfig:
    _, y, x = (min(1024, length) for length in shape)
    return StorageConfig.of("blosc-lz4-5-shuffle", chunks_name((1, y, x)), 2)


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout(
            "portal-2024",
            "CryoET Data Portal",
            "chunks of 256^3 padded at the ends, Blosc with LZ4, format 2",
            "https://cryoetdataportal.czscience.com",
            "2026-11-20",
            rule=_cubes(256, "blosc-lz4-5-shuffle", 2),
        ),
        Layout(
            "copick-2026",
            "copick's writer of August 2026",
            "chunks of 128^3 in one padded shard a level, zstd-3, floats shuffled, OME-Zarr 0.5",
            "https://github.com/copick/copick/pull/415",
            "2026-08-14",
            rule=_one_padded_shard,
        ),
        Layout(
            "copick-1.31",
            "copick as released",
            "what `write_ome_zarr_3d` writes: chunks of 256^3, format 2",
            "https://pypi.org/project/copick/1.31.0/",
            "2026-11-28",
            library=Library("copick", "1.31.0"),
        ),
        Layout(
            "iohub-2026",
            "iohub",
            "chunks of 16x256x256 in one shard a level, as iohub #401 proposed and iohub now does",
            "https://github.com/czbiohub-sf/iohub/issues/401",
            "2026-11-28",
            library=Library("iohub", "0.3.11"),
        ),
        Layout(
            "ome-zarr-py",
            "ome-zarr-py",
            "what `write_image` chooses",
            "https://pypi.org/project/ome-zarr/0.21.0/",
            "2026-11-28",
            library=Library("ome-zarr", "0.21.0"),
        ),
        Layout(
            "ngff-zarr",
            "ngff-zarr",
            "what `to_multiscales` and `to_ngff_zarr` choose",
            "https://pypi.org/project/ngff-zarr/0.50.0/",
            "2026-11-28",
            library=Library("ngff-zarr", "0.50.0"),
        ),
        Layout(
            "zarr-python",
            "zarr-python",
            "what `create_array` chooses, automatic chunks",
            "https://pypi.org/project/zarr/3.4.2/",
            "2026-11-28",
            library=Library("zarr", "3.4.2"),
        ),
        Layout(
            "tensorstore",
            "tensorstore",
            "what the driver `zarr3` chooses",
            "https://pypi.org/project/tensorstore/0.1.86/",
            "2026-11-28",
            library=Library("tensorstore", "0.1.86"),
        ),
        Layout(
            "bioformats2raw",
            "bioformats2raw",
            "planes in tiles of 1024x1024, Blosc with LZ4, format 2; from its documented defaults",
            "https://github.com/glencoesoftware/bioformats2raw",
            "2026-11-28",
            rule=_planes_of_1024,
        ),
        Layout(
            "mrc",
            "the MRC as it is",
            "no conversion: the file, or a Zarr of references to its planes",
            "https://www.ccpem.ac.uk/mrc-format/mrc2014/",
            "2026-11-28",
        ),
        Layout(
            "64",
            "chunks of 64^3",
            "a common choice; Blosc with LZ4 and bitshuffle",
            "docs/storage.md",
            "2026-11-28",
            rule=_cubes(64, "blosc-lz4-5-bitshuffle", 3),
        ),
    )
}
"""All layouts that have a name."""


def asked_for(name: str) -> str:
    """A layout as `layout_called` takes it, from the name that results have: without `layout:`."""
    return f"{PREFIX}{name}" if name in LAYOUTS else name


def layout_called(text: str) -> Layout:
    """The layout of a name such as `layout:copick-2026`, or of a storage config as a text.

    In a config the shards may be `all`, one padded shard a level: `zstd-3 32x256x256 in all`.

    Raises:
        BadInput: there is no such layout, and it is no storage config.
    """
    if text.startswith(PREFIX):
        found = LAYOUTS.get(text.removeprefix(PREFIX))
        if found is None:
            known = ", ".join(PREFIX + name for name in LAYOUTS)
            raise BadInput(f"there is no {text}; there are {known}")
        return found
    config = re.sub(r" in all\b", "", text)
    try:
        parsed = StorageConfig.parse(config)
    except ValueError as error:
        raise BadInput(str(error)) from error
    if config != text and (parsed.zarr_format == 2 or parsed.shards is not None):
        raise BadInput(f"{text!r} has shards in format 2, or twice: leave out v2 or one of both")
    if config == text:
        return Layout(text, text, "a storage config", "", "", rule=lambda shape, dtype: parsed)

    def rule(shape: Shape, dtype: np.dtype) -> StorageConfig:
        shard = chunks_name(padded_shard(shape, parsed.chunks))
        return StorageConfig.of(parsed.codec.name, f"{chunks_name(parsed.chunks)} in {shard}", 3)

    return Layout(text, text, "a storage config, in one padded shard a level", "", "", rule=rule)
