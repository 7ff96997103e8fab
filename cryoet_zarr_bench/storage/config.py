"""Codecs and storage configs: all that decides the bytes of a store."""

from __future__ import annotations

import re
from dataclasses import dataclass

SHUFFLES = ("noshuffle", "shuffle", "bitshuffle")
"""Blosc's filters before compression, in the order of the numbers that format 2 stores."""

BLOSC_COMPRESSORS = ("lz4", "lz4hc", "zlib", "zstd")

_BLOSC_NAME = re.compile(
    rf"blosc-({'|'.join(BLOSC_COMPRESSORS)})-([1-9])-({'|'.join(SHUFFLES)})", re.ASCII
)
_PLAIN_NAME = re.compile(r"(zstd|gzip)-([1-9])", re.ASCII)

_IN_SHARDS = " in "


@dataclass(frozen=True)
class Codec:
    """How the bytes of a chunk are compressed; written `blosc-zstd-5-bitshuffle` or `gzip-6`.

    `family` is `none`, `blosc`, `zstd` or `gzip`. `level` is on the family's own scale: level 5 of
    `zstd` and level 5 of `blosc-zstd` are different settings of the same compressor (c-blosc maps
    its levels 1-9 to zstd's 1-22). `compressor` and `shuffle` are Blosc's, empty for the others.
    """

    family: str
    level: int = 0
    compressor: str = ""
    shuffle: str = ""

    @classmethod
    def parse(cls, name: str) -> Codec:
        """The codec of that name; ValueError when there is none."""
        if name == "none":
            return cls("none")
        if blosc := _BLOSC_NAME.fullmatch(name):
            return cls("blosc", int(blosc[2]), blosc[1], blosc[3])
        if plain := _PLAIN_NAME.fullmatch(name):
            return cls(plain[1], int(plain[2]))
        raise ValueError(f"no codec is called {name!r}")

    @property
    def name(self) -> str:
        """The name shown in results, tables and graphs."""
        if self.family == "none":
            return "none"
        if self.family == "blosc":
            return f"blosc-{self.compressor}-{self.level}-{self.shuffle}"
        return f"{self.family}-{self.level}"


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
    multiple of the chunk shape along each axis. None where each chunk is a file.
    """

    codec: Codec
    chunks: tuple[int, int, int]
    zarr_format: int
    shards: tuple[int, int, int] | None = None

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

    @property
    def chunks_text(self) -> str:
        """Chunks, and the shards they are in, as the text that `of` takes."""
        if self.shards is None:
            return chunks_name(self.chunks)
        return f"{chunks_name(self.chunks)}{_IN_SHARDS}{chunks_name(self.shards)}"

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
        """Why no library can write this config; None where one could."""
        if self.shards is not None and self.zarr_format == 2:
            return "Zarr format 2 has no shards"
        return None
