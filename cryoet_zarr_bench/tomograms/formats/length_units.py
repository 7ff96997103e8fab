"""Units of length: one table for all formats of tomograms.

Sources: the names that NGFF allows, https://ngff.openmicroscopy.org/0.5/#axes-md; the symbols of
OME-XML's UnitsLength, https://www.openmicroscopy.org/Schemas/OME/2016-06; the units that ImageJ
writes. Lengths of the older ones: https://www.nist.gov/pml/special-publication-811 (appendix B) and
https://www.iau.org/static/resolutions/IAU2012_English.pdf.
"""

_ANGSTROM_PER_METRE = 1e10
_PREFIXES = {
    "yotta": ("Y", 24),
    "zetta": ("Z", 21),
    "exa": ("E", 18),
    "peta": ("P", 15),
    "tera": ("T", 12),
    "giga": ("G", 9),
    "mega": ("M", 6),
    "kilo": ("k", 3),
    "hecto": ("h", 2),
    "deca": ("da", 1),
    "": ("", 0),
    "deci": ("d", -1),
    "centi": ("c", -2),
    "milli": ("m", -3),
    "micro": ("µ", -6),
    "nano": ("n", -9),
    "pico": ("p", -12),
    "femto": ("f", -15),
    "atto": ("a", -18),
    "zepto": ("z", -21),
    "yocto": ("y", -24),
}
_INCH = 0.0254
_OTHERS = {
    # (names), (symbols): metres
    (("angstrom", "ångström", "ångstrom", "angström"), ("Å", "A")): 1e-10,
    (("micron",), ("um", "\\u00b5m", "\\u00B5m")): 1e-6,
    (("thou", "mil"), ()): _INCH / 1000,
    (("line",), ("li",)): _INCH / 12,
    (("inch", "inches"), ("in", '"')): _INCH,
    (("foot", "feet"), ("ft",)): 12 * _INCH,
    (("yard",), ("yd",)): 36 * _INCH,
    (("mile",), ("mi",)): 63360 * _INCH,
    (("point",), ("pt",)): _INCH / 72,
    (("astronomical unit", "astronomical_unit"), ("ua", "au")): 149_597_870_700.0,
    (("light year", "light_year", "lightyear"), ("ly",)): 9_460_730_472_580_800.0,
    (("parsec",), ("pc",)): 149_597_870_700.0 * 206_264.806_247_096_36,
}


def _tables() -> tuple[dict[str, float], dict[str, float]]:
    """Metres by name in lower case, and by symbol, whose case counts: Mm is not mm."""
    names: dict[str, float] = {}
    symbols: dict[str, float] = {}
    for prefix, (symbol, power) in _PREFIXES.items():
        metres = float(f"1e{power}")
        names |= {f"{prefix}metre": metres, f"{prefix}meter": metres}
        symbols[f"{symbol}m"] = metres
    for (spelled, short), metres in _OTHERS.items():
        names |= dict.fromkeys(spelled, metres)
        symbols |= dict.fromkeys(short, metres)
    names |= {f"{name}s": metres for name, metres in names.items()}
    return names, symbols


_METRES_BY_NAME, _METRES_BY_SYMBOL = _tables()
_SAME_LETTER = str.maketrans({"\u212b": "Å", "\u03bc": "µ"})  # angstrom sign, Greek mu


def _by_symbol_in_any_case() -> dict[str, float]:
    """Symbols that are one unit however they are written: NM is nm, but MM could be Mm."""
    spelled: dict[str, set[float]] = {}
    for symbol, metres in _METRES_BY_SYMBOL.items():
        spelled.setdefault(symbol.casefold(), set()).add(metres)
    return {symbol: found.pop() for symbol, found in spelled.items() if len(found) == 1}


_METRES_IN_ANY_CASE = _by_symbol_in_any_case()


def angstrom_per_unit(unit: str | None) -> float | None:
    """Angstrom in one `unit`, or None if the unit is absent or no length, such as a pixel."""
    if not isinstance(unit, str):
        return None
    written = unit.strip().translate(_SAME_LETTER)
    for table, key in (
        (_METRES_BY_SYMBOL, written),
        (_METRES_BY_NAME, written.casefold()),
        (_METRES_IN_ANY_CASE, written.casefold()),
    ):
        if key in table:
            return float(f"{table[key] * _ANGSTROM_PER_METRE:.15g}")
    return None
