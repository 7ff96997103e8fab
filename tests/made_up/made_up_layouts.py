"""Layouts of a tomogram with figures that are made up."""

from cryoet_zarr_bench.analysis.layout_comparison import ComparedLayouts
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import PLACES

STAMP = {"measured_at": "2026-11-28T22:00:00Z", "load": 0.1}


def layout(name, *, seconds=None, moved=2, written=0, memory=0, crop=0, files=100, stored=10**9):
    """A line with so many seconds a pattern, 1 where it is not named, at every place."""
    effort = {"wall": float(written), "cpu": 1.0, "memory": memory, "before": 0}
    changing = {
        **{"bytes_changed": 1, "bytes_fetched": moved - 1, "bytes_put": 1},
        **{"gets": 1, "puts": 1, "memory": 1},
    }
    return LayoutLine.model_validate(
        {
            **{"layout": name, "tomogram": "a-tomogram", "writer": "zarr 3", "reader": "zarr 3"},
            **{"file_system": "tmpfs", "places": list(PLACES), "reason": None, **STAMP},
            **{"raw_bytes": 10**9, "stored_bytes": stored, "files": files, "inodes": files},
            "levels": [
                {
                    **{"shape": [64, 64, 64], "chunks": [16, 16, 16], "shards": None},
                    **{"codecs": "zstd", "zarr_format": 3, "dtype": "float32", "padded_voxels": 0},
                }
            ],
            "write": effort,
            "reading": {
                pattern: {
                    **{"gets": 3, "bytes_fetched": 9, "bytes_used": 9, "over_read": 1.0},
                    "seconds": [float((seconds or {}).get(pattern, 1.0))] * len(PLACES),
                }
                for pattern in PATTERNS
            },
            "cpu": {"xy_slice": 0.1},
            "changing": {what: changing for what in ("chunk", "slice", "box")},
            "readers": {},
            "crops": {"LocalStore": {**effort, "memory": crop}},
        }
    )


def compared(*lines):
    return ComparedLayouts("a-laptop", "a-tomogram", lines)
