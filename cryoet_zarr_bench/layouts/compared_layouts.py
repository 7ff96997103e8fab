"""Which layouts are compared: those of the field by name, and what might be better."""

from __future__ import annotations

from cryoet_zarr_bench.layouts.named_layouts import LAYOUTS, PREFIX

NAMED = tuple(PREFIX + name for name in LAYOUTS)

_CODEC = "blosc-zstd-5-shuffle"

CANDIDATES = (
    *(
        f"{_CODEC} {chunks}{ending}"
        for chunks in ("64x64x64", "128x128x128", "16x128x128", "16x256x256", "8x512x512")
        for ending in ("", " in all")
    ),
    f"{_CODEC} 64x64x64 in 256x256x256",
    f"{_CODEC} 32x128x128 in 256x512x512",
)
"""The shapes of chunks that the field discusses, each as files, in one shard a level, and in shards
of some tens of megabytes; one codec, so that they differ by their shapes alone."""

COMPARED = (*NAMED, *CANDIDATES)
"""All that are measured where none is named."""
