"""Tomograms for pixel-patrol: its reports on folders of images, of MRC, TIFF, `.npy` and OME-Zarr.

pixel-patrol finds this by its entry point and asks for it by the name `cryoet-zarr-bench`; nothing
else here needs it. What its loaders are: https://pypi.org/project/pixel-patrol-base/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from cryoet_zarr_bench.api.opened_tomogram import Tomogram, open
from cryoet_zarr_bench.common.errors import BadInput

AXES = "ZYX"


class TomogramLoader:
    """Opens each file as `czb.open` does: checked, lazily, in bounded memory."""

    NAME = "cryoet-zarr-bench"
    SUPPORTED_EXTENSIONS: ClassVar[set[str]] = {
        *("mrc", "map", "rec", "st", "ali", "tif", "tiff", "npy", "zarr")
    }
    FOLDER_EXTENSIONS: ClassVar[set[str]] = {"zarr"}
    CONTAINER_EXTENSIONS: ClassVar[set[str]] = set()
    OUTPUT_SCHEMA: ClassVar[dict[str, Any]] = {"dim_order": str, "dtype": str, "dim_names": list}
    OUTPUT_SCHEMA_PATTERNS: ClassVar[list[tuple[str, Any]]] = [(r"^pixel_size_[XYZ]$", float)]

    def is_folder_supported(self, path: Path) -> bool:
        """True for a folder that is a Zarr."""
        return path.is_dir() and path.suffix == ".zarr"

    def read_header(self, file_path: Path) -> Any:
        """The shape, dtype and axes of a tomogram, without its voxels."""
        from pixel_patrol_base.core.contracts import FileInfo

        tomogram = _opened(file_path)
        return FileInfo(shape=tomogram.shape, dtype=tomogram.dtype, dim_order=AXES)

    def load(self, file_path: Path) -> Any:
        """A tomogram as a record, whose voxels are read plane by plane when they are asked for."""
        import dask.array
        from pixel_patrol_base.core.record import record_from

        tomogram = _opened(file_path)
        voxels = dask.array.from_array(tomogram, chunks=(1, *tomogram.shape[1:]), asarray=True)
        found: dict[str, Any] = {
            "dim_order": AXES,
            "dim_names": list(AXES),
            "dtype": tomogram.dtype.name,
        }
        spacing = tomogram.voxel_spacing or (None, None, None)
        for axis, length in zip(AXES, spacing, strict=True):
            if length is not None:
                found[f"pixel_size_{axis}"] = float(length)
        return record_from(voxels, found)


def register() -> list[type[TomogramLoader]]:
    """What pixel-patrol asks the entry point for."""
    return [TomogramLoader]


def _opened(path: Path) -> Tomogram:
    from pixel_patrol_base.core.contracts import SkipFile

    try:
        return open(path)
    except BadInput as error:
        # It leaves the file out, and goes on with the others.
        raise SkipFile(str(error)) from error
