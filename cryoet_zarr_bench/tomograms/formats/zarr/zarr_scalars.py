"""The dtype and the fill value that the metadata of a Zarr array names."""

import math
import re
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import ACCEPTED_DTYPES, check_dtype, refused, shown
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import finite, malformed

_SIMPLE_TYPE = re.compile(r"[<>|=](?:[biufc][0-9]{1,2}|O[0-9]?)")
_BITS = re.compile(r"0x[0-9a-fA-F]{2,8}")
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def format_2_dtype(text: Any, where: str) -> np.dtype:
    """Read a type string of numpy's; a list, of a record, is refused like any other."""
    # Not every text is harmless to numpy, so that it sees none but those of numbers and objects.
    if isinstance(text, str) and _SIMPLE_TYPE.fullmatch(text):
        try:
            dtype = np.dtype(text)
        except TypeError:
            pass
        else:
            check_dtype(where, dtype)
            return dtype
    raise type_not_accepted(text, where)


def type_not_accepted(text: Any, where: str) -> BadInput:
    """Make the refusal of a dtype, as a document has it."""
    remedy = f"convert them to one of {', '.join(ACCEPTED_DTYPES)}"
    return refused(where, f"voxels of type {shown(text)} are not accepted", remedy)


def fill_value(value: Any, dtype: np.dtype, where: str) -> np.generic:
    """A scalar in native byte order; null is 0, as zarr-python reads it."""
    native = dtype.newbyteorder("=")
    if value is None:
        return native.type(0)
    if isinstance(value, str) and native.kind == "f":
        if value in _NOT_FINITE:
            return native.type(_NOT_FINITE[value])
        if _BITS.fullmatch(value) and len(value) == 2 + 2 * native.itemsize:
            bits = np.array(int(value, 16), f"u{native.itemsize}")
            return native.type(bits.view(native))
    if type(value) in (int, float):
        if native.kind == "f":
            with np.errstate(over="ignore"):
                return native.type(
                    math.nan if value != value else finite(value, "fill_value", where)
                )
        limits = np.iinfo(native)
        if limits.min <= value <= limits.max and value == int(value):
            return native.type(int(value))
    raise malformed(where, f"has the fill value {shown(value)}, which is no {native.name}")
