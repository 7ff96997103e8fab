"""Units of length that files of tomograms are written with."""

ANGSTROM_PER_UNIT = {
    "angstrom": 1.0,
    "ångström": 1.0,
    "å": 1.0,
    "a": 1.0,
    "nanometer": 10.0,
    "nanometre": 10.0,
    "nm": 10.0,
    "micrometer": 1e4,
    "micrometre": 1e4,
    "micron": 1e4,
    "um": 1e4,
    "µm": 1e4,
    "μm": 1e4,
    "\\u00b5m": 1e4,
}
"""Spellings in lower case: NGFF axes, ImageJ's unit, OME-XML's PhysicalSizeUnit.

Both micro signs of Unicode are there, and the escape that ImageJ writes instead of one.
"""


def angstrom_per_unit(unit: str | None) -> float | None:
    """Angstrom in one `unit`, or None if the unit is absent or not a length that we know."""
    if not isinstance(unit, str):
        return None
    return ANGSTROM_PER_UNIT.get(unit.strip().casefold().replace("\u212b", "å"))
