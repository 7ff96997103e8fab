"""The grid that is measured, declared once; benchmarks, tests, tables and docs read it from here.

To add a codec or a chunk shape, add its name to a profile.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.storage.codecs.chunk_headers import SHUFFLES
from cryoet_zarr_bench.storage.codecs.codec_families import BLOSC_COMPRESSORS
from cryoet_zarr_bench.storage.config import StorageConfig

LEVELS = range(1, 10)


@dataclass(frozen=True)
class Section:
    """A part of the grid that one question is asked over: codecs x chunk shapes x Zarr formats.

    Where it is not `timed`, it has exact figures alone.
    """

    codecs: tuple[str, ...]
    chunks: tuple[str, ...]
    zarr_formats: tuple[int, ...] = (2, 3)
    timed: bool = True

    @property
    def params(self) -> tuple[list[str], list[str], list[int]]:
        """asv's parameters codec, chunks and zarr_format of a benchmark class."""
        return list(self.codecs), list(self.chunks), list(self.zarr_formats)

    def configs(self) -> Iterator[StorageConfig]:
        """Every storage config of the section, in the order of the benchmarks' parameters."""
        for codec, chunks, zarr_format in itertools.product(*self.params):
            yield StorageConfig.of(codec, chunks, zarr_format)


@dataclass(frozen=True, kw_only=True)
class Profile(Section):
    """A named size of the grid; itself the section that is written, read and opened.

    `tomogram` is what is measured where the user chose none, in the syntax of `CRYOET_TOMOGRAM`.
    """

    name: str
    tomogram: str

    def section(self, question: str) -> Section:
        """The section of another question, a key of `SECTIONS`, in this size."""
        return SECTIONS[question][self.name]

    def every_config(self) -> list[StorageConfig]:
        """The configs of all questions together, each once."""
        sections = [
            self,
            REFERENCE,
            CONVERSION,
            *(SECTIONS[question][self.name] for question in SECTIONS),
        ]
        return list(dict.fromkeys(config for each in sections for config in each.configs()))


def _blosc(compressor: str, levels: Iterable[int]) -> tuple[str, ...]:
    return tuple(
        f"blosc-{compressor}-{level}-{shuffle}" for level in levels for shuffle in SHUFFLES
    )


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="quick",
            tomogram="synthetic:10A@128",
            codecs=(
                "none",
                "blosc-lz4-5-shuffle",
                "blosc-lz4-5-bitshuffle",
                "blosc-zstd-5-shuffle",
                "zstd-5",
            ),
            chunks=("32x32x32", "64x64x64", "16x128x128"),
        ),
        Profile(
            name="standard",
            tomogram="synthetic:10A@128",
            codecs=(
                "none",
                "blosc-lz4-5-shuffle",
                "blosc-lz4-5-bitshuffle",
                "blosc-zstd-1-shuffle",
                "blosc-zstd-5-shuffle",
                "blosc-zstd-5-bitshuffle",
                "zstd-5",
            ),
            chunks=("32x32x32", "64x64x64", "16x128x128"),
        ),
        Profile(
            name="full",
            tomogram="synthetic:10A@128",
            codecs=(
                "none",
                *(name for each in BLOSC_COMPRESSORS for name in _blosc(each, LEVELS)),
                *(f"{family}-{level}" for family in ("zstd", "gzip") for level in LEVELS),
            ),
            chunks=(
                "16x16x16",
                "32x32x32",
                "64x64x64",
                "128x128x128",
                "256x256x256",
                "16x64x64",
                "16x128x128",
                "64x16x64",
                "64x64x16",
            ),
        ),
    )
}


def selected_profile() -> Profile:
    """The profile that `CRYOET_PROFILE` names, `quick` where it is not set.

    Raises BadInput, with the names there are, for any other name.
    """
    name = os.environ.get("CRYOET_PROFILE") or "quick"
    if name not in PROFILES:
        raise BadInput(
            f"CRYOET_PROFILE={name}: there is no such profile; use one of {', '.join(PROFILES)}"
        )
    return PROFILES[name]


REFERENCE = Section(("none",), ("64x64x64",), (2,))
"""What the peak memory of writing is held against, in every profile."""

CONVERSION = Section(
    codecs=("blosc-lz4-5-bitshuffle",),
    chunks=("64x64x64", "32x32x32 in 128x128x128"),
)
"""What the benchmarks of conversion make, in every profile."""

_QUICK_TO_WRITE = (
    "blosc-lz4-5-noshuffle",
    "blosc-zstd-5-noshuffle",
    "blosc-zstd-1-bitshuffle",
    "zstd-1",
    "gzip-1",
    "blosc-blosclz-5-shuffle",
    "blosc-lz4hc-1-bitshuffle",
    "blosc-zlib-1-shuffle",
    "blosc-lz4-5-bitshuffle-1MiB",
    "blosc-zstd-3-shuffle-1MiB",
    "lz4-1",
    "shuffle+zstd-1",
    "delta+shuffle+zstd-1",
    "pcodec-4",
    "pcodec-8",
    "zfp-reversible",
)
"""Lossless codecs that are not in the core. LZMA and bzip2 took 100 and 25 times as long as zstd
to write the tomogram, for ratios of 1.08 and 1.05: they are in `full` alone."""

_ACCESS = {
    "quick": Section(("blosc-zstd-5-shuffle",), ("64x64x64",), (2,), timed=False),
    "standard": Section(("blosc-zstd-5-shuffle",), ("32x32x32", "64x64x64", "16x128x128")),
    "full": Section(
        ("none", "blosc-lz4-5-bitshuffle", "blosc-zstd-5-shuffle", "zstd-5"),
        (
            "16x16x16",
            "32x32x32",
            "64x64x64",
            "128x128x128",
            "16x64x64",
            "16x128x128",
            "64x16x64",
            "64x64x16",
            "1x128x128",
            "32x32x32 in 64x64x64",
            "32x32x32 in 128x128x128",
            "16x64x64 in 64x128x128",
        ),
    ),
}

# Of the profiles' tomogram 32x128x128 and 64x128x128 are whole slabs, and 128x128x128 is the whole
# volume; a larger shard is padded.
_SHARDS = {
    "quick": Section(("blosc-zstd-5-shuffle",), ("32x32x32 in 64x64x64",), (3,), timed=False),
    "standard": Section(
        ("blosc-zstd-5-shuffle",),
        (
            "16x16x16 in 64x64x64",
            "32x32x32 in 64x64x64",
            "32x32x32 in 32x128x128",
            "32x32x32 in 128x128x128",
        ),
        (3,),
    ),
    "full": Section(
        ("none", "blosc-lz4-5-bitshuffle", "blosc-zstd-5-shuffle", "zstd-5"),
        tuple(
            f"{chunks} in {shards}"
            for chunks in ("16x16x16", "32x32x32", "64x64x64")
            for shards in (
                "64x64x64",
                "64x128x128",
                "128x128x128",
                "256x256x256",
                "512x512x512",
            )
        ),
        (3,),
    ),
}

_EVERY_LOSSLESS_KIND = (
    "none",
    *(f"blosc-{compressor}-5-shuffle" for compressor in BLOSC_COMPRESSORS),
    "blosc-zstd-5-bitshuffle",
    "blosc-zstd-5-noshuffle",
    "zstd-5",
    "gzip-5",
    "lz4-1",
    "bz2-5",
    "lzma-5",
    "shuffle+zstd-5",
    "delta+zstd-5",
    "pcodec-8",
    "zfp-reversible",
)

_BEHIND_ROUNDING = "blosc-zstd-5-bitshuffle"
"""What compresses the voxels once they are rounded."""

_LOSSY_OF_STANDARD = (
    *(f"bitround-{kept}" for kept in (5, 8)),
    "float16",
    "int16",
    "int8",
    "quantise-16",
)
_LOSSY_OF_FULL = (
    *(f"bitround-{kept}" for kept in range(5, 13)),
    "float16",
    "int16",
    "int8",
    *(f"quantise-{steps}" for steps in (16, 8, 4, 2)),
)

_LOSSY = {
    "quick": Section((f"bitround-8+{_BEHIND_ROUNDING}",), ("64x64x64",), (3,), timed=False),
    "standard": Section(
        (
            *(f"{each}+{_BEHIND_ROUNDING}" for each in _LOSSY_OF_STANDARD),
            "zfp-accuracy-16",
            "sz3-accuracy-16",
            "sz3-accuracy-128",
            "int16+jpeg2000-70",
        ),
        ("64x64x64",),
    ),
    "full": Section(
        (
            *(f"{each}+{_BEHIND_ROUNDING}" for each in _LOSSY_OF_FULL),
            *(f"zfp-accuracy-{steps}" for steps in (128, 64, 32, 16, 8, 4, 2)),
            *(f"zfp-precision-{planes}" for planes in (8, 10, 12, 14, 16, 20)),
            *(f"zfp-rate-{bits}" for bits in (2, 4, 6, 8, 10, 12, 16)),
            *(f"sz3-accuracy-{steps}" for steps in (128, 64, 32, 16, 8, 4, 2)),
            "int16+jpeg2000",
            *(f"int16+jpeg2000-{decibel}" for decibel in (40, 50, 60, 70, 80, 90)),
        ),
        ("32x32x32", "64x64x64", "128x128x128", "16x128x128"),
    ),
}
"""What loses something on purpose, by the profile's name; never beside what loses nothing."""

SECTIONS: dict[str, dict[str, Section]] = {
    "access": _ACCESS,
    "codecs": {
        "quick": Section(("shuffle+zstd-1",), ("64x64x64",)),
        "standard": Section(_QUICK_TO_WRITE, ("64x64x64",)),
        "full": Section(
            (
                *_QUICK_TO_WRITE,
                *(
                    f"blosc-{compressor}-{level}-{shuffle}-1MiB"
                    for compressor in BLOSC_COMPRESSORS
                    for level in (1, 3, 5, 7, 9)
                    for shuffle in SHUFFLES
                    if (compressor, level, shuffle)
                    not in (("lz4", 5, "bitshuffle"), ("zstd", 3, "shuffle"))
                ),
                *(f"zstd-{level}" for level in (12, 15, 19, 22)),
                "lz4-4",
                "lz4-16",
                *(f"bz2-{level}" for level in (1, 5, 9)),
                *(f"lzma-{preset}" for preset in (0, 1, 5, 9)),
                *(f"shuffle+zstd-{level}" for level in (3, 5, 9, 15)),
                *(f"shuffle+{name}" for name in ("lz4-1", "gzip-1", "gzip-5", "bz2-5", "lzma-1")),
                "delta+zstd-1",
                *(f"delta+{name}" for name in ("zstd-5", "shuffle+zstd-5", "shuffle+lz4-1")),
                *(f"pcodec-{level}" for level in (0, 1, 2, 6, 10, 12)),
            ),
            ("32x32x32", "64x64x64", "128x128x128", "16x128x128", "32x32x32 in 128x128x128"),
        ),
    },
    # Of a volume of 6 x 8 x 8 voxels: see `portability_stores.py`.
    "portability": {
        "quick": Section(("blosc-zstd-5-shuffle", "zstd-5"), ("4x8x8",)),
        **dict.fromkeys(
            ("standard", "full"), Section(_EVERY_LOSSLESS_KIND, ("4x8x8", "4x4x4 in 8x8x8"))
        ),
    },
    "engines": {
        "quick": Section(("blosc-lz4-5-shuffle",), ("64x64x64",), (2,)),
        "standard": Section(
            ("blosc-zstd-5-shuffle",), ("64x64x64", "32x32x32 in 128x128x128"), (3,)
        ),
        "full": Section(
            (
                "none",
                *_blosc("lz4", (5,)),
                *_blosc("zstd", (1, 5)),
                "zstd-1",
                "zstd-5",
                "gzip-1",
            ),
            ("32x32x32", "64x64x64", "128x128x128", "32x32x32 in 128x128x128"),
        ),
    },
    "shards": _SHARDS,
    # What a chunk costs: each chunk shape is the smallest of three, doubled along each axis.
    "overhead": {
        "quick": Section(("none",), ("16x16x16",), (2,)),
        "standard": Section(("none",), ("16x16x16",)),
        "full": Section(
            (
                "none",
                "blosc-lz4-5-shuffle",
                "blosc-lz4-5-bitshuffle",
                "blosc-zstd-5-shuffle",
                "zstd-5",
                "gzip-1",
            ),
            ("16x16x16", "8x32x32"),
        ),
    },
    # On a disk: read warm and cold, written buffered and durable.
    "disk": {
        "quick": Section(("none",), ("64x64x64",), (2,)),
        "standard": Section(("none", "blosc-zstd-5-shuffle"), ("32x32x32", "64x64x64"), (2,)),
        "full": Section(
            (
                "none",
                "blosc-lz4-5-shuffle",
                "blosc-lz4-5-bitshuffle",
                "blosc-zstd-1-bitshuffle",
                "blosc-zstd-5-shuffle",
                "zstd-5",
                "gzip-1",
            ),
            ("32x32x32", "64x64x64", "128x128x128", "16x128x128", "32x32x32 in 128x128x128"),
        ),
    },
    "lossy": _LOSSY,
    # Of a volume of 184x630x630 voxels, see `layout_stores.py`: the shapes of the portal, 64^3, and
    # those of copick and iohub, which have one shard a volume.
    "layouts": {
        "quick": Section(("blosc-lz4-5-shuffle",), ("64x64x64",), (2,), timed=False),
        **dict.fromkeys(
            ("standard", "full"),
            Section(
                ("blosc-lz4-5-shuffle",),
                (
                    "256x256x256",
                    "64x64x64",
                    "128x128x128 in 256x640x640",
                    "16x256x256 in 192x768x768",
                ),
                timed=False,
            ),
        ),
    },
    # Counted under valgrind, where a call takes fifty times as long, by codecs that are quick, so
    # that the library's own work is most of it.
    "instructions": {
        "quick": Section(("none",), ("32x32x32",), (2,), timed=False),
        **dict.fromkeys(
            ("standard", "full"),
            Section(
                ("none", "blosc-lz4-5-bitshuffle"),
                ("32x32x32", "64x64x64"),
                timed=False,
            ),
        ),
    },
}
"""Beside what is written, read and opened: question -> name of the profile -> section."""

_EVERY_ENGINE_CALL = ("write", "write_synced", "read_volume", "read_xy_slice")

ENGINE_CALLS: dict[str, dict[str, tuple[str, ...]]] = {
    "quick": {"OneThread": ("read_volume",)},
    "standard": {"OneThread": _EVERY_ENGINE_CALL, "DefaultThreads": ("write", "read_volume")},
    "full": {"OneThread": _EVERY_ENGINE_CALL, "DefaultThreads": _EVERY_ENGINE_CALL},
}
"""What engines are compared in: name of the profile -> threads -> calls of `benchmarks/engines`."""

SAMPLE_SEED = "CRYOET_SAMPLE_SEED"
"""Environment variable: which sample of the full grid the profile `sample` is; 1 without it."""


def _sample_of[Sampled: Section](section: Sampled, name: str) -> Sampled:
    """The section with 3 of its codecs and 2 of its chunk shapes, drawn by the seed."""
    # Python promises the same numbers of `random` for the same seed, not the same choices.
    draw = random.Random(f"{os.environ.get(SAMPLE_SEED) or 1} {name}").random

    def drawn(names: tuple[str, ...], count: int) -> tuple[str, ...]:
        chosen = sorted(names, key=lambda each: draw())[:count]
        return tuple(each for each in names if each in chosen)

    return replace(section, codecs=drawn(section.codecs, 3), chunks=drawn(section.chunks, 2))


_SAMPLE = _sample_of(replace(PROFILES["full"], name="sample"), "core")
# The order is that of their sizes.
PROFILES = {_SAMPLE.name: _SAMPLE, **PROFILES}
for _question, _sections in SECTIONS.items():
    _sections[_SAMPLE.name] = _sample_of(_sections["full"], _question)
ENGINE_CALLS[_SAMPLE.name] = ENGINE_CALLS["full"]
