"""One table of units of length for all formats."""

import json

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.tomograms.formats.length_units import angstrom_per_unit
from cryoet_zarr_bench.tomograms.formats.open_tomogram import open_slabs

# Angstrom, from the definitions and not from the table: metres are 1e10 angstrom.
NGFF = {
    "angstrom": 1.0,
    "attometer": 1e-8,
    "centimeter": 1e8,
    "decimeter": 1e9,
    "exameter": 1e28,
    "femtometer": 1e-5,
    "foot": 3.048e9,
    "gigameter": 1e19,
    "hectometer": 1e12,
    "inch": 2.54e8,
    "kilometer": 1e13,
    "megameter": 1e16,
    "meter": 1e10,
    "micrometer": 1e4,
    "mile": 1.609344e13,
    "millimeter": 1e7,
    "nanometer": 10.0,
    "parsec": 3.0856775814913673e26,
    "petameter": 1e25,
    "picometer": 0.01,
    "terameter": 1e22,
    "yard": 9.144e9,
    "yoctometer": 1e-14,
    "yottameter": 1e34,
    "zeptometer": 1e-11,
    "zettameter": 1e31,
}
OME = {
    **{"Ym": 1e34, "Zm": 1e31, "Em": 1e28, "Pm": 1e25, "Tm": 1e22, "Gm": 1e19, "Mm": 1e16},
    **{"km": 1e13, "hm": 1e12, "dam": 1e11, "m": 1e10, "dm": 1e9, "cm": 1e8, "mm": 1e7},
    **{"µm": 1e4, "nm": 10.0, "pm": 0.01, "fm": 1e-5, "am": 1e-8, "zm": 1e-11, "ym": 1e-14},
    **{"Å": 1.0, "thou": 2.54e5, "li": 2.54e8 / 12, "in": 2.54e8, "ft": 3.048e9, "yd": 9.144e9},
    **{"mi": 1.609344e13, "ua": 1.495978707e21, "ly": 9.4607304725808e25},
    **{"pc": 3.0856775814913673e26, "pt": 2.54e8 / 72},
}
NO_LENGTHS = ["pixel", "pixels", "reference frame", "", "furlong", "second", "MM", "PM", "degree"]


@pytest.mark.parametrize(("unit", "angstrom"), [*NGFF.items(), *OME.items()])
def test_every_unit_of_ngff_and_of_ome_xml(unit, angstrom):
    assert angstrom_per_unit(unit) == pytest.approx(angstrom, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "angstrom"),
    [
        *((spelled, 1.0) for spelled in ("\u212b", "\u00c5", "\u00e5", "A", "Angstroms", " å ")),
        *((spelled, 1e4) for spelled in ("\u00b5m", "\u03bcm", "um", "micron", "Microns", "UM")),
        *((spelled, 1e4) for spelled in ("\\u00B5m", "Micrometre", "micrometers")),
        *((spelled, 10.0) for spelled in ("NM", "Nanometers", "nanometre")),
        *((spelled, 2.54e8) for spelled in ("inches", '"', "IN")),
    ],
)
def test_spellings_of_imagej_and_of_people(unit, angstrom):
    assert angstrom_per_unit(unit) == pytest.approx(angstrom, rel=1e-12)


@pytest.mark.parametrize("unit", NO_LENGTHS)
def test_what_is_no_length_is_no_unit(unit):
    """In capitals MM and PM could be the one or the other unit."""
    assert angstrom_per_unit(unit) is None


@given(st.text())
def test_units_never_raise(text):
    factor = angstrom_per_unit(text)
    assert factor is None or factor > 0


USABLE = [name for name, angstrom in NGFF.items() if 1e-4 < angstrom < 1e11]


@pytest.mark.parametrize("unit", USABLE)
def test_a_reader_of_zarr_takes_them(tmp_path, unit):
    step = 10 / NGFF[unit]
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.create_array("0", data=np.ones((2, 3, 4), "int8"))
    axes = [{"name": name, "type": "space", "unit": unit} for name in "zyx"]
    scale = {"type": "scale", "scale": [step, 2 * step, step / 2]}
    datasets = [{"path": "0", "coordinateTransformations": [scale]}]
    multiscale = {"version": "0.4", "axes": axes, "datasets": datasets}
    (tmp_path / "a.zarr" / ".zattrs").write_text(json.dumps({"multiscales": [multiscale]}))
    with open_slabs(tmp_path / "a.zarr") as tomogram:
        assert tomogram.voxel_spacing == (10.0, 20.0, 5.0)


@pytest.mark.parametrize("unit", [name for name, angstrom in OME.items() if 1e-4 < angstrom < 1e11])
def test_a_reader_of_ome_xml_takes_them(tmp_path, unit):
    metadata = {"axes": "ZYX"}
    for axis, length in zip("ZYX", (10, 20, 5), strict=True):
        metadata[f"PhysicalSize{axis}"] = length / OME[unit]
        metadata[f"PhysicalSize{axis}Unit"] = unit
    voxels = np.ones((2, 3, 4), "int8")
    tifffile.imwrite(tmp_path / "a.ome.tif", voxels, photometric="minisblack", metadata=metadata)
    with open_slabs(tmp_path / "a.ome.tif") as tomogram:
        assert tomogram.voxel_spacing == (10.0, 20.0, 5.0)


def test_units_that_differ_from_axis_to_axis(tmp_path):
    metadata = {"axes": "ZYX", "PhysicalSizeZ": 1, "PhysicalSizeZUnit": "nm"}
    metadata |= {"PhysicalSizeY": 2000, "PhysicalSizeYUnit": "pm", "PhysicalSizeX": 0.0005}
    voxels = np.ones((2, 3, 4), "int8")
    tifffile.imwrite(tmp_path / "a.ome.tif", voxels, photometric="minisblack", metadata=metadata)
    with open_slabs(tmp_path / "a.ome.tif") as tomogram:
        assert tomogram.voxel_spacing == (10.0, 20.0, 5.0)
