"""Groups of a Zarr folder: which image in it is the tomogram.

The layouts: https://ngff.openmicroscopy.org/0.5/#bf2raw
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.tomograms.formats.foreign_contents import missing_refusal, pointer_refusal
from cryoet_zarr_bench.tomograms.formats.zarr.folder_bounds import FolderBounds
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import (
    malformed,
    parse_object,
    read_json_file,
)
from cryoet_zarr_bench.tomograms.formats.zarr.ngff_metadata import (
    group_attributes,
    is_path_within,
    ome_attributes,
)

_LAYOUT = "bioformats2raw.layout"
_MOST_SHOWN = 8  # of the names of what lies in a folder
_MOST_IMAGES = 1000


def read_node(bounds: FolderBounds, folder: Path) -> tuple[str, bytes]:
    """The metadata document of a folder, with its name; of both formats the later one.

    Raises:
        BadInput: there is none, or git-annex or Git LFS has not fetched it.
    """
    for name in ("zarr.json", ".zarray", ".zattrs"):
        path = folder / name
        if path.exists() or path.is_symlink():
            return name, read_within(bounds, path)
    if (folder / ".zgroup").is_file():
        return ".zattrs", b"{}"  # a group without attributes has no such file
    if (folder / "attributes.json").is_file():
        raise refused(folder, "is N5, not Zarr", "convert it to Zarr")
    raise refused(folder, "has no Zarr metadata", "check the path, or copy it again")


def read_within(bounds: FolderBounds, path: Path) -> bytes:
    """A document within the folder; BadInput if it is elsewhere, or nothing but a pointer."""
    try:
        bounds.check(path)
    except FileNotFoundError:
        raise missing_refusal(path) from None
    document = read_json_file(path)
    pointer = pointer_refusal(path, document)
    if pointer is not None:
        raise pointer
    return document


def is_array(name: str, document: bytes, folder: Path) -> bool:
    """True if a document, of that name in a folder, is that of an array."""
    if name != "zarr.json":
        return name == ".zarray"
    return parse_object(document, str(folder / name)).get("node_type") == "array"


def image_group(bounds: FolderBounds, folder: Path) -> tuple[Path, bytes]:
    """The group of the only image in a folder, which may be the folder itself, and its document.

    Raises:
        BadInput: there is none, or more than one, or a layout that holds many; the message names
            what can be given instead.
    """
    name, document = read_node(bounds, folder)
    where = str(folder / name)
    attributes = group_attributes(document, where)
    ome = ome_attributes(attributes, where)
    if ome.get("multiscales"):
        return folder, document
    if _LAYOUT in ome or _LAYOUT in attributes:
        inner = folder / _only(folder, _series(bounds, folder))
        inner_name, inner_document = read_node(bounds, inner)
        if is_array(inner_name, inner_document, inner):
            raise malformed(where, f"says that {inner.name} is an image, and it is an array")
        return inner, inner_document
    raise _no_image(folder, ome)


def _series(bounds: FolderBounds, folder: Path) -> list[str]:
    """The images of bioformats2raw's layout: those that it lists, else 0, 1 and so on."""
    listing = folder / "OME"
    if (listing / "zarr.json").exists() or (listing / ".zattrs").exists():
        name, document = read_node(bounds, listing)
        where = str(listing / name)
        series = ome_attributes(group_attributes(document, where), where).get("series")
        if series is not None:
            if not isinstance(series, list) or not all(map(is_path_within, series)):
                raise malformed(where, f"lists the images {shown(series)}")
            return series
    counted = (str(number) for number in range(_MOST_IMAGES))
    found = []
    for number in counted:
        if not (folder / number).is_dir():
            break
        found.append(number)
    return found


def _only(folder: Path, images: list[str]) -> str:
    if len(images) != 1:
        raise refused(
            folder,
            f"holds {len(images)} images{_named(images)}",
            f"give one of them, such as {folder / images[0]}" if images else "give an OME-Zarr",
        )
    return images[0]


def _no_image(folder: Path, ome: dict[str, Any]) -> BadInput:
    if "plate" in ome or "well" in ome:
        kind = "plate" if "plate" in ome else "well"
        return refused(folder, f"is a {kind} of many images", "give the folder of one of them")
    nodes = sorted(
        each.name
        for each in folder.iterdir()
        if any((each / name).is_file() for name in ("zarr.json", ".zarray", ".zgroup"))
    )
    return refused(
        folder,
        f"is a Zarr group with 0 multiscales{', which holds' if nodes else ''}{_named(nodes)}",
        f"give one of them, such as {folder / nodes[0]}" if nodes else "give an OME-Zarr",
    )


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST_SHOWN} more" if len(listed) > _MOST_SHOWN else ""
    return f" {', '.join(listed[:_MOST_SHOWN])}{more}" if listed else ""
