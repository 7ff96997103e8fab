"""Zarr folders: OME-Zarr multiscales up to 0.5, or one plain array, Zarr format 2 or 3.

Nothing in a folder is opened by a Zarr library: its metadata is checked first, then its chunks are
decoded one by one, each to the size that it has to have.
"""

import itertools
import math
from pathlib import Path

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.formats.zarr.folder_bounds import FolderBounds
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import parse_object, read_json_file
from cryoet_zarr_bench.tomograms.formats.zarr.ngff_metadata import read_multiscale
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_level import ZarrLevel
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_metadata import StoredArray, read_array_metadata

Spacing = tuple[float, float, float]


def open_level(
    path: Path, level: int, missing_chunks_are_fill: bool
) -> tuple[ZarrLevel, Spacing | None, str]:
    """Check one level of an OME-Zarr, or a plain array, without decoding any chunk.

    Args:
        path: the folder.
        level: 0 is the finest, and the only one of a plain array.
        missing_chunks_are_fill: as for `open_tomogram.open_slabs`.

    Returns:
        The level, of which boxes are read by slices along z, y, x; its voxel spacing in angstrom
        along z, y, x, None if the metadata does not say; and a name for it.

    Raises:
        BadInput: the metadata is not acceptable, leads out of the folder, or chunks are missing or
            larger than they can be.
    """
    spacing: Spacing | None
    bounds = FolderBounds(path)
    name, document = _node(bounds, path)
    if _is_array(name, document, path):
        if level != 0:
            raise refused(path, f"has no level {level}", "it is one array, not an OME-Zarr")
        folder, spacing, title = path, None, _name_of_array(path)
    else:
        levels = read_multiscale(document, str(path)).levels
        if not 0 <= level < len(levels):
            raise refused(path, f"has no level {level}", f"choose one from 0 to {len(levels) - 1}")
        folder, spacing = path / levels[level].path, levels[level].scale
        title = path.name if level == 0 else f"{path.name} level {level}"
        name, document = _node(bounds, folder)
        if not _is_array(name, document, folder):
            raise refused(folder, "is a Zarr group, not an array", "check what wrote the OME-Zarr")
    array = ZarrLevel(bounds, folder, read_array_metadata(document, str(folder / name)))
    _check_chunks(array, missing_chunks_are_fill)
    return array, spacing, title


def _node(bounds: FolderBounds, folder: Path) -> tuple[str, bytes]:
    """The metadata document of a folder, with its name; of both formats the later one."""
    for name in ("zarr.json", ".zarray", ".zattrs"):
        path = folder / name
        if path.exists() or path.is_symlink():
            bounds.check(path)
            return name, read_json_file(path)
    if (folder / ".zgroup").is_file():
        return ".zattrs", b"{}"  # a group without attributes has no such file
    raise refused(folder, "has no Zarr metadata", "check the path, or copy it again")


def _is_array(name: str, document: bytes, folder: Path) -> bool:
    if name != "zarr.json":
        return name == ".zarray"
    return parse_object(document, str(folder / name)).get("node_type") == "array"


def _name_of_array(path: Path) -> str:
    """An array within an OME-Zarr is called `0` or so: its parent tells more."""
    return path.name if path.suffix else f"{path.absolute().parent.name} {path.name}"


def _check_chunks(array: ZarrLevel, missing_chunks_are_fill: bool) -> None:
    """Raise BadInput if chunk files (shard files of a sharded array) cannot be what they should.

    Missing ones would be read as the fill value. What is missing within a shard is not looked for.
    """
    stored, folder = array.stored, array.folder
    largest = _largest_stored_object(stored)
    count, missing = math.prod(stored.grid()), 0
    for index in itertools.product(*map(range, stored.grid())):
        path = folder / stored.key(index)
        try:
            size = array.bounds.check(path).st_size
        except FileNotFoundError:
            missing += 1
            continue
        if size > largest:
            raise refused(
                path, f"has {size} bytes, {largest} at most make sense", "copy or download it again"
            )
    if missing == 0 or (missing_chunks_are_fill and missing < count):
        return
    remedy = "copy or download it again"
    if missing < count:
        remedy += (
            f", or put ',fill' after the level (::0,fill) if they were left out because they "
            f"hold the fill value {stored.fill_value}"
        )
    raise refused(folder, f"lacks {missing} of the {count} chunks of its array", remedy)


def _largest_stored_object(stored: StoredArray) -> int:
    shard_index = stored.pipeline.shard_index
    if shard_index is None or stored.shards is None:
        return stored.largest_stored_chunk
    chunks = math.prod(stored.shards) // math.prod(stored.chunks)
    return shard_index.chain.largest_stored + chunks * stored.largest_stored_chunk
