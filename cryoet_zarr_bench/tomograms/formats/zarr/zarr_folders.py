"""Zarr folders: OME-Zarr multiscales up to 0.5, or one plain array, Zarr format 2 or 3.

Nothing in a folder is opened by a Zarr library: its metadata is checked first, then its chunks are
decoded one by one, each to the size that it has to have.
"""

import itertools
import math
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.common.voxel_spacing import Spacing
from cryoet_zarr_bench.tomograms.formats.mrc_annotations import (
    NO_ANNOTATIONS,
    MrcAnnotations,
    annotations_or_note,
)
from cryoet_zarr_bench.tomograms.formats.zarr.folder_bounds import FolderBounds
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import parse_object
from cryoet_zarr_bench.tomograms.formats.zarr.ngff_metadata import Multiscale, read_multiscale
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_axes import (
    SPATIAL_NAMES,
)
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_groups import (
    image_group,
    is_array,
    read_node,
    read_within,
)
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_level import ZarrLevel
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_metadata import StoredArray, read_array_metadata


@dataclass(frozen=True)
class OpenedLevel:
    """One level of a Zarr folder, of which boxes are read by slices along z, y, x.

    `spacing` is in angstrom along z, y, x, None if the metadata does not say. `notes` say which
    rule was used where the metadata leaves something open. `annotations` are those of the MRC file
    that it was converted from.
    """

    array: ZarrLevel
    spacing: Spacing | None
    name: str
    notes: tuple[str, ...] = ()
    annotations: MrcAnnotations = NO_ANNOTATIONS


def open_level(path: Path, level: int, missing_chunks_are_fill: bool) -> OpenedLevel:
    """Check one level of an OME-Zarr, or a plain array, without decoding any chunk.

    Args:
        path: the folder.
        level: 0 is the finest, and the only one of a plain array.
        missing_chunks_are_fill: as for `open_tomogram.open_slabs`.

    Raises:
        BadInput: the metadata is not acceptable, leads out of the folder, or chunks are missing or
            larger than they can be.
    """
    bounds = FolderBounds(path)
    name, document = read_node(bounds, path)
    if is_array(name, document, path):
        if level != 0:
            raise refused(path, f"has no level {level}", "it is one array, not an OME-Zarr")
        stored = _read_array(bounds, path, name, document)
        opened = OpenedLevel(
            ZarrLevel(bounds, path, stored), None, _name_of_array(path), _transposed(stored)
        )
    else:
        opened = _open_level_of_image(bounds, path, level)
    _check_chunks(opened.array, missing_chunks_are_fill)
    return opened


def _open_level_of_image(bounds: FolderBounds, path: Path, level: int) -> OpenedLevel:
    group, document = image_group(bounds, path)
    multiscale = read_multiscale(document, str(group))
    levels = multiscale.levels
    if not 0 <= level < len(levels):
        raise refused(path, f"has no level {level}", f"choose one from 0 to {len(levels) - 1}")
    folder = group / levels[level].path
    name, document = read_node(bounds, folder)
    if not is_array(name, document, folder):
        raise refused(folder, "is a Zarr group, not an array", "check what wrote the OME-Zarr")
    stored = _read_array(bounds, folder, name, document, multiscale)
    annotations, notes = annotations_or_note(multiscale.attributes)
    if multiscale.others:
        others = ", ".join(map(shown, multiscale.others))
        notes += (f"the first of {1 + len(multiscale.others)} multiscales; others: {others}",)
    title = path.name if level == 0 else f"{path.name} level {level}"
    array = ZarrLevel(bounds, folder, stored)
    notes += _transposed(stored)
    return OpenedLevel(array, levels[level].scale, title, notes, annotations)


def _read_array(
    bounds: FolderBounds,
    folder: Path,
    name: str,
    document: bytes,
    multiscale: Multiscale | None = None,
) -> StoredArray:
    """The metadata of an array, its axes named by itself or by the multiscale that it is in."""
    attributes = None
    attributes_of_format_2 = folder / ".zattrs"
    if name == ".zarray" and attributes_of_format_2.is_file():
        where = str(attributes_of_format_2)
        attributes = parse_object(read_within(bounds, attributes_of_format_2), where)
    where = str(folder / name)
    names = list(multiscale.axes) if multiscale is not None and multiscale.axes else None
    return read_array_metadata(document, where, attributes, names)


def _transposed(stored: StoredArray) -> tuple[str, ...]:
    """A note where the axes z, y, x are stored in another order."""
    if list(stored.spatial_axes) == sorted(stored.spatial_axes):
        return ()
    names = stored.axis_names or ()
    order = [name for name in names if name in SPATIAL_NAMES]
    return (f"its axes are named {', '.join(order)}, and are read as z, y, x",)


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
            _check_other_keys(array, index)
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


def _check_other_keys(array: ZarrLevel, index: tuple[int, ...]) -> None:
    """Raise BadInput if a chunk that is missing lies there under a name by another rule."""
    key = array.stored.key(index)
    for prefix, separator in itertools.product(("", "c"), "./"):
        other = separator.join([*([prefix] if prefix else []), *map(str, index)])
        if other != key and (array.folder / other).is_file():
            setting = "dimension_separator in .zarray"
            if array.stored.zarr_format == 3:
                setting = "chunk_key_encoding in zarr.json"
            raise refused(
                array.folder,
                f"has a chunk called {other} where its metadata says {key}",
                f"correct {setting}: the separator of its chunks is {shown(separator)}",
            )


def _largest_stored_object(stored: StoredArray) -> int:
    shard_index = stored.pipeline.shard_index
    if shard_index is None or stored.shards is None:
        return stored.largest_stored_chunk
    chunks = math.prod(stored.shards) // math.prod(stored.chunks)
    return shard_index.chain.largest_stored + chunks * stored.largest_stored_chunk
