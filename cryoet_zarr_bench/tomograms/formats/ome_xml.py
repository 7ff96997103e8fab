"""The OME-XML in a TIFF, checked before a library makes what it announces.

Source: https://www.openmicroscopy.org/Schemas/OME/2016-06
"""

import math
from pathlib import Path
from xml.etree import ElementTree

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.common.voxel_spacing import Spacing, spacing_or_none
from cryoet_zarr_bench.tomograms.formats.length_units import angstrom_per_unit

_AS_ONE_FILE = "save the volume as one file, for one with bfconvert"
_COUNTS = ("IFD", "PlaneCount", "NumPlanes", "FirstZ", "FirstC", "FirstT")


def check_ome_xml(path: Path, xml: str, pages: int) -> None:
    """Raise BadInput unless OME-XML is of the `pages` of its own file, and of no others.

    A document type declaration is refused before anything is parsed: entities declared there can
    name other files, and grow without end.
    """
    if "<!" in xml.replace("<!--", ""):
        raise _refused(path, "declares a document type")
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError) as error:
        raise _refused(path, f"cannot be parsed ({error})") from error
    _check_one_file(path, root)
    for element in root.iter():
        kind = _kind(element)
        if kind == "Pixels":
            planes = math.prod(_number(path, element, f"Size{axis}") for axis in "ZCT")
            if not 1 <= planes <= pages * _number(path, element, "SizeC"):
                raise _refused(path, f"announces {planes} planes, there are {pages} pages")
        if kind == "TiffData":
            counts = [_number(path, element, key) for key in _COUNTS if key in element.attrib]
            if max(counts, default=0) > pages:
                raise _refused(path, f"announces a plane {max(counts)}, there are {pages} pages")
        if element.get("Namespace", "").endswith("modulo"):
            raise _refused(path, "has axes within axes")


def _kind(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _check_one_file(path: Path, root: ElementTree.Element) -> None:
    for element in root.iter():
        if _kind(element) == "BinaryOnly":
            name = shown(element.get("MetadataFile"))
            raise refused(path, f"has its OME-XML in another file, {name}", _AS_ONE_FILE)
        if _kind(element) == "UUID" and root.get("UUID", element.text) != element.text:
            name = shown(element.get("FileName"))
            raise refused(path, f"has pages in other files, such as {name}", _AS_ONE_FILE)


def _number(path: Path, element: ElementTree.Element, key: str) -> int:
    text = element.get(key, "1")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise _refused(path, f"has {key} = {shown(text)}")
    return int(text)


def _refused(path: Path, problem: str) -> BadInput:
    return refused(path, f"its OME-XML {problem}", "save the volume as a TIFF without it")


def ome_spacing(xml: str) -> Spacing | None:
    """PhysicalSizeZ, Y, X of the only Pixels element, in angstrom, of XML that was checked.

    The unit is micrometre where it is not named. None along an axis without a size in a unit of
    length, and if there is none at all.
    """
    pixels = ElementTree.fromstring(xml).findall(".//{*}Pixels")
    if len(pixels) != 1:
        return None
    sizes = [pixels[0].get(f"PhysicalSize{axis}") for axis in "ZYX"]
    factors = [angstrom_per_unit(pixels[0].get(f"PhysicalSize{axis}Unit", "µm")) for axis in "ZYX"]
    return spacing_or_none(
        None if size is None or factor is None else float(size) * factor
        for size, factor in zip(sizes, factors, strict=True)
    )
