"""Codecs and storage configs: all that decides the bytes of a store."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace

import numpy as np

from cryoet_zarr_bench.storage.codecs.codec import Codec
from cryoet_zarr_bench.storage.codecs.codec_families import Step
from cryoet_zarr_bench.storage.codecs.value_scaling import Scaling

_IN_SHARDS = " in "


def chunks_name(chunks: tuple[int, int, int]) -> str:
    """Chunk shape (z, y, x) in voxels as text, such as `16x128x128`."""
    return "x".join(str(length) for length in chunks)


def parse_chunks(name: str) -> tuple[int, int, int]:
    """Chunk shape (z, y, x) of a text such as `16x128x128`; ValueError for any other text."""
    lengths = name.split("x")
    if len(lengths) != 3 or not all(re.fullmatch(r"[1-9][0-9]*", part) for part in lengths):
        raise ValueError(f"a chunk shape is written 64x64x64, not {name!r}")
    z, y, x = (int(part) for part in lengths)
    return z, y, x


@dataclass(frozen=True)
class StorageConfig:
    """All that decides the bytes of a store, beside the tomogram itself.

    `chunks` is the chunk shape (z, y, x) in voxels; it may exceed the tomogram, whose edge chunks
    are then padded, as both Zarr formats have it. `zarr_format` is 2 or 3. `shards` is the shape of
    what is stored as one file, in voxels, where chunks are kept together in shards: a whole
    multiple of the chunk shape along each axis. None if each chunk is a file.
    """

    codec: Codec
    chunks: tuple[int, int, int]
    zarr_format: int
    shards: tuple[int, int, int] | None = None
    scaling: Scaling | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.shards is not None and any(
            shard % chunk for shard, chunk in zip(self.shards, self.chunks, strict=True)
        ):
            raise ValueError(
                f"a shard is a whole multiple of its chunks along each axis, "
                f"which {chunks_name(self.shards)} is not of {chunks_name(self.chunks)}"
            )

    @classmethod
    def of(cls, codec: str, chunks: str, zarr_format: int) -> StorageConfig:
        """The config of the three parameters that a benchmark receives.

        `chunks` is a chunk shape such as `32x32x32`, or one within shards such as
        `32x32x32 in 128x128x128`. Raises ValueError for any other text.
        """
        inner, separator, outer = chunks.partition(_IN_SHARDS)
        shards = parse_chunks(outer) if separator else None
        return cls(Codec.parse(codec), parse_chunks(inner), zarr_format, shards)

    @classmethod
    def parse(cls, text: str) -> StorageConfig:
        """Read a config from one text: codec, chunk shape, and what else there is.

        `zstd-5 64x64x64` is in Zarr format 3, `zstd-5 64x64x64 v2` in format 2, and
        `shuffle+zstd-3 128x128x128 in 256x640x640` has shards. Shapes are z, y, x in voxels.

        Raises:
            ValueError: it is no such text, or no such codec is known.
        """
        codec, _, rest = " ".join(text.split()).partition(" ")
        chunks, separator, ending = rest.rpartition(" v")
        if not separator:
            chunks, ending = rest, "3"
        if not chunks or ending not in ("2", "3"):
            raise ValueError(
                f"{text!r} is no storage config: write it as 'zstd-5 64x64x64', "
                "'zstd-5 64x64x64 v2' or 'shuffle+zstd-3 128x128x128 in 256x640x640'"
            )
        return cls.of(codec, chunks, int(ending))

    def for_values_of(self, tomogram: np.ndarray) -> StorageConfig:
        """The config with all that its codec has to know of a tomogram's values."""
        if self.scaling is not None or not self.is_scaled:
            return self
        return replace(self, scaling=Scaling.of(tomogram))

    def most_bytes(self, shape: tuple[int, ...], itemsize: int) -> int:
        """Bytes that a store takes at most: uncompressed, files at the tomogram's ends padded."""
        return itemsize * math.prod(
            -(-length // unit) * unit for length, unit in zip(shape, self.stored_shape, strict=True)
        )

    @property
    def is_scaled(self) -> bool:
        """True if the codec's settings depend on the tomogram's values."""
        return any(family.scaled for family in self.codec.families)

    def steps(self, dtype: np.dtype) -> tuple[Step, ...]:
        """The steps of the codec for voxels of that dtype; Unsuited if it cannot take them."""
        return self.codec.steps(dtype, self.scaling, self.chunks)

    @property
    def chunks_text(self) -> str:
        """Chunks, and the shards they are in, as the text that `of` takes."""
        if self.shards is None:
            return chunks_name(self.chunks)
        return f"{chunks_name(self.chunks)}{_IN_SHARDS}{chunks_name(self.shards)}"

    @property
    def text(self) -> str:
        """The text that `parse` takes."""
        ending = "" if self.zarr_format == 3 else f" v{self.zarr_format}"
        return f"{self.codec.name} {self.chunks_text}{ending}"

    @property
    def name(self) -> str:
        """A text that is unique to the config and can be the name of a folder."""
        chunks = self.chunks_text.replace(_IN_SHARDS, "-in-")
        return f"{self.codec.name}_{chunks}_v{self.zarr_format}"

    @property
    def stored_shape(self) -> tuple[int, int, int]:
        """The shape (z, y, x) in voxels of what one file holds: a shard, or a chunk."""
        return self.shards or self.chunks

    @property
    def contradiction(self) -> str | None:
        """The reason why no library can write this config; None if one could."""
        if self.shards is not None and self.zarr_format == 2:
            return "Zarr format 2 has no shards"
        return None
