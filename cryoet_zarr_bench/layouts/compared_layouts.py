"""Which layouts are compared: those of the field by name, and what might be better."""

from __future__ import annotations

from cryoet_zarr_bench.layouts.named_layouts import LAYOUTS, PREFIX

NAMED = tuple(PREFIX + name for name in LAYOUTS)

CODEC = "blosc-zstd-5-bitshuffle"
"""The codec that all shapes of chunks are compared with, so that they differ by their shapes alone.
On the lossless front of docs/storage.md it is the one that every engine reads."""

OTHER_CODECS = ("blosc-lz4-5-bitshuffle", "shuffle+zstd-1")
"""Quicker, and smaller; compared with the shapes that differ most."""

SHAPES = (
    *(
        f"{chunks}{ending}"
        for chunks in ("64x64x64", "128x128x128", "16x128x128", "16x256x256", "8x512x512")
        for ending in ("", " in all")
    ),
    "64x64x64 in 256x256x256",
    "32x128x128 in 256x512x512",
)
"""The shapes of chunks that the field discusses, each as files, in one shard a level, and in shards
of some tens of megabytes."""

_FEW_SHAPES = (
    "64x64x64",
    "128x128x128",
    "128x128x128 in all",
    "16x256x256 in all",
    "64x64x64 in 256x256x256",
    "32x128x128 in 256x512x512",
)

CANDIDATES = (
    *(f"{CODEC} {shape}" for shape in SHAPES),
    *(f"{codec} {shape}" for codec in OTHER_CODECS for shape in _FEW_SHAPES),
)
"""What might be better than the layouts that have a name."""

COMPARED = (*NAMED, *CANDIDATES)
"""All that are measured where none is named."""
