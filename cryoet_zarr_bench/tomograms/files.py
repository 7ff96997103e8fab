"""Reading a tomogram from a file, whatever its format."""

import warnings
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.errors import BadInput
from cryoet_zarr_bench.tomograms.refusal import check_dtype, check_shape, refused
from cryoet_zarr_bench.tomograms.volume import Volume

MRC_SUFFIXES = (".mrc", ".map", ".rec", ".st", ".mrcs", ".ali")
TIFF_SUFFIXES = (".tif", ".tiff")
NUMPY_SUFFIX = ".npy"
ZARR_SUFFIX = ".zarr"
_ACCEPTED = ", ".join([*MRC_SUFFIXES, *TIFF_SUFFIXES, NUMPY_SUFFIX, ZARR_SUFFIX])
_ZARR_METADATA = ("zarr.json", ".zarray", ".zgroup")


def read_volume(
    path: str | Path, *, level: int = 0, missing_chunks_are_fill: bool = False
) -> Volume:
    """Read a whole tomogram into memory, bit for bit as it is in the file.

    MRC files (also tilt and image stacks, as z, y, x), TIFF stacks, `.npy` files, and folders that
    hold OME-Zarr 0.4 or 0.5 or one plain Zarr array. The suffix decides, in either case; any folder
    with Zarr metadata counts as Zarr.

    Args:
        path: the file or folder.
        level: the resolution level of an OME-Zarr, 0 for the finest; nothing but 0 elsewhere.
        missing_chunks_are_fill: a chunk that is not on disk is refused, because one that was lost
            looks the same as one left out for holding nothing but the fill value. True says that
            it is the latter. An array without any chunk is refused in either case.

    Raises:
        BadInput: for whatever keeps the volume from being read, in one line: missing, empty,
            truncated, damaged, not three axes, or a dtype that is not one of `ACCEPTED_DTYPES`.
    """
    path = Path(path)
    try:
        # Libraries warn about what is harmless here; what is not harmless raises.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            volume = _read(path, level, missing_chunks_are_fill)
    except BadInput:
        raise
    except Exception as error:
        raise refused(path, f"cannot be read ({_reason(error)})", "check the file") from error
    check_dtype(path, volume.data.dtype)
    check_shape(path, volume.data.shape)
    return Volume(_native(volume.data), volume.voxel_spacing, volume.name)


def is_zarr(path: Path) -> bool:
    """Whether `path` is a folder to be read as Zarr."""
    return path.is_dir() and (
        path.suffix.lower() == ZARR_SUFFIX
        or any((path / name).is_file() for name in _ZARR_METADATA)
    )


def _read(path: Path, level: int, missing_chunks_are_fill: bool) -> Volume:
    if not path.exists():
        raise refused(path, "does not exist", "check the path")
    if is_zarr(path):
        from cryoet_zarr_bench.tomograms.zarr_folders import read_zarr

        return read_zarr(path, level, missing_chunks_are_fill)
    suffix = path.suffix.lower()
    if path.is_dir():
        raise refused(path, "is a folder without Zarr metadata", f"give a file: {_ACCEPTED}")
    if suffix == ZARR_SUFFIX:
        raise refused(path, "is a file", "a .zarr has to be a folder")
    if level != 0:
        raise refused(path, f"has no level {level}", "only OME-Zarr has levels")
    if not path.is_file():
        raise refused(path, "is not a regular file", f"give a file: {_ACCEPTED}")
    if path.stat().st_size == 0:
        raise refused(path, "is empty", "copy or download it again")
    if suffix in MRC_SUFFIXES:
        from cryoet_zarr_bench.tomograms.mrc_files import read_mrc

        return read_mrc(path)
    if suffix in TIFF_SUFFIXES:
        from cryoet_zarr_bench.tomograms.tiff_files import read_tiff

        return read_tiff(path)
    if suffix == NUMPY_SUFFIX:
        return _read_npy(path)
    raise refused(path, f"has the unknown suffix {suffix!r}", f"accepted are {_ACCEPTED}")


def _read_npy(path: Path) -> Volume:
    # Mapping instead of reading: the header is checked against the size before memory is taken.
    data = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(data, np.ndarray):
        raise refused(path, "is an archive of arrays", "save one array with numpy.save")
    check_dtype(path, data.dtype)
    check_shape(path, data.shape)
    return Volume(np.array(data, order="C"), None, path.name)


def _native(data: np.ndarray) -> np.ndarray:
    """C order and native byte order, without a float conversion that could touch a NaN."""
    data = np.ascontiguousarray(data)
    if data.dtype.isnative:
        return data
    return data.byteswap().view(data.dtype.newbyteorder("="))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
