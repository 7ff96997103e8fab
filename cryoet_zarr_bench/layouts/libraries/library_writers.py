"""A program that writes a tomogram as OME-Zarr by a library's own defaults.

It is run by the interpreter of an environment that has that library and numpy:
`python library_writers.py LIBRARY TOMOGRAM.npy STORE SPACING`. It tells in JSON what writing took;
what a library prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PROJECT = Path(__file__).resolve().parents[3]

LEVELS = 3
"""Levels that are written where a library makes no pyramid by itself: the portal has three."""


def zarr_python(tomogram: np.ndarray, store: Path, spacing: float) -> None:
    """Chunks, codecs and format as `create_array` chooses them, for each level."""
    import zarr

    group = zarr.open_group(store, mode="w")
    for level, voxels in enumerate(_levels(tomogram)):
        array = group.create_array(str(level), shape=voxels.shape, dtype=voxels.dtype)
        array[...] = voxels
    group.attrs["ome"] = _multiscales(spacing)


def tensorstore(tomogram: np.ndarray, store: Path, spacing: float) -> None:
    """Chunks and codecs as the driver `zarr3` chooses them, for each level."""
    import tensorstore

    for level, voxels in enumerate(_levels(tomogram)):
        array = tensorstore.open(
            {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{store}/{level}/"}},
            create=True,
            dtype=voxels.dtype.name,
            shape=voxels.shape,
        ).result()
        array.write(voxels).result()
    group = {"zarr_format": 3, "node_type": "group", "attributes": {"ome": _multiscales(spacing)}}
    (store / "zarr.json").write_text(json.dumps(group))


def ome_zarr_py(tomogram: np.ndarray, store: Path, spacing: float) -> None:
    """`write_image` with its own pyramid."""
    from ome_zarr.writer import write_image

    scale = dict.fromkeys("zyx", spacing)
    write_image(tomogram, str(store), axes="zyx", scale=scale)


def ngff_zarr(tomogram: np.ndarray, store: Path, spacing: float) -> None:
    """`to_multiscales` and `to_ngff_zarr`, of the newest version of OME-Zarr but one."""
    from ngff_zarr import to_multiscales, to_ngff_image, to_ngff_zarr

    scale = dict.fromkeys("zyx", spacing)
    image = to_ngff_image(tomogram, dims=["z", "y", "x"], scale=scale)
    to_ngff_zarr(str(store), to_multiscales(image), version="0.5")


def iohub(tomogram: np.ndarray, store: Path, spacing: float) -> None:
    """A position with the chunks and the one shard that `create_empty_plate` chooses for 0.5."""
    from iohub.ngff import open_ome_zarr
    from iohub.ngff.utils import _default_chunks, _default_shards_ratio

    with open_ome_zarr(store, layout="fov", mode="w", channel_names=["density"]) as position:
        for level, voxels in enumerate(_levels(tomogram)):
            shape = (1, 1, *voxels.shape)
            chunks = _default_chunks(shape, voxels.dtype, "0.5")
            ratio = _default_shards_ratio(shape, chunks)
            position.create_image(
                str(level), np.asarray(voxels)[None, None], chunks=chunks, shards_ratio=ratio
            )


def copick(tomogram: np.ndarray, store: Path, spacing: float) -> None:
    """`write_ome_zarr_3d` of the release, with the pyramid that copick makes."""
    import zarr.storage
    from copick.util.ome import volume_pyramid, write_ome_zarr_3d

    pyramid = volume_pyramid(np.asarray(tomogram), spacing, LEVELS)
    # copick is built on zarr 2, which alone has this class.
    write_ome_zarr_3d(zarr.storage.DirectoryStore(str(store)), pyramid)  # type: ignore[attr-defined]


WRITERS: dict[str, Callable[[np.ndarray, Path, float], None]] = {
    "zarr": zarr_python,
    "tensorstore": tensorstore,
    "ome-zarr": ome_zarr_py,
    "ngff-zarr": ngff_zarr,
    "iohub": iohub,
    "copick": copick,
}
"""By the names of the packages on the index."""


def _levels(tomogram: np.ndarray) -> Any:
    """The tomogram, and each level from the one before it: the mean of 2 x 2 x 2 voxels."""
    voxels = tomogram
    for level in range(LEVELS):
        if level:
            z, y, x = (length // 2 * 2 for length in voxels.shape)
            blocks = np.asarray(voxels[:z, :y, :x]).reshape(z // 2, 2, y // 2, 2, x // 2, 2)
            mean = blocks.mean(axis=(1, 3, 5), dtype="float32")
            voxels = (np.rint(mean) if tomogram.dtype.kind in "iu" else mean).astype(tomogram.dtype)
        yield voxels


def _multiscales(spacing: float) -> dict[str, Any]:
    return {
        "version": "0.5",
        "multiscales": [
            {
                "axes": [{"name": n, "type": "space", "unit": "angstrom"} for n in "zyx"],
                "datasets": [
                    {
                        "path": str(level),
                        "coordinateTransformations": [
                            {"type": "scale", "scale": [spacing * 2**level] * 3}
                        ],
                    }
                    for level in range(LEVELS)
                ],
            }
        ],
    }


def main() -> None:
    """Write, and tell the seconds and the most bytes of memory that took."""
    sys.path.append(str(PROJECT))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from cryoet_zarr_bench.common.peak_memory import peak_memory

    library, source, store, spacing = sys.argv[1:]
    tomogram = np.load(source, mmap_mode="r")
    before = peak_memory()
    wall, cpu = time.perf_counter(), time.process_time()
    WRITERS[library](tomogram, Path(store), float(spacing))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    found = {"wall": wall, "cpu": cpu, "memory": peak_memory(), "before": before}
    answers.write(json.dumps(found) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
