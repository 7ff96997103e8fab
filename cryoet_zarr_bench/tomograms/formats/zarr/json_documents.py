"""JSON documents from outside, looked into only where they are what they should be."""

import json
import math
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused, shown

LARGEST_DOCUMENT = 1 << 20
"""Bytes of the largest metadata document that is parsed: real ones have a few thousand."""

_REMEDY = "give a store whose metadata follows the specification"


def read_json_file(path: Path) -> bytes:
    """Read a document from the disk, a byte more than `LARGEST_DOCUMENT` at most."""
    with path.open("rb") as file:
        return file.read(LARGEST_DOCUMENT + 1)


def parse_object(document: bytes, where: str) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        BadInput: the document is too large or nested too deep, is no JSON, has a key twice, or is
            no object.
    """
    if len(document) > LARGEST_DOCUMENT:
        raise malformed(where, f"is larger than {LARGEST_DOCUMENT} bytes")
    try:
        parsed = json.loads(document.decode("utf-8"), object_pairs_hook=_without_repeated_keys)
    except RecursionError as error:
        raise malformed(where, "is nested too deep") from error
    except ValueError as error:  # of the text, its encoding, or a number of too many digits
        raise malformed(where, f"is not JSON ({error})") from error
    if not isinstance(parsed, dict):
        raise malformed(where, "is not a JSON object")
    return parsed


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key is there twice")
    return mapping


def member(mapping: dict[str, Any], key: str, kind: type, where: str) -> Any:
    """The value of a key that has to be there, of the type that it has to have."""
    if key not in mapping:
        raise malformed(where, f"lacks {key}")
    return checked(mapping[key], kind, key, where)


def optional(mapping: dict[str, Any], key: str, kind: type, where: str) -> Any:
    """The value of a key, None if it is absent or null."""
    value = mapping.get(key)
    return None if value is None else checked(value, kind, key, where)


def checked(value: Any, kind: type, name: str, where: str) -> Any:
    """The value, of the type that it has to have; true and false are no numbers."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise malformed(where, f"has {name} = {shown(value)}, not a {_NAMES[kind]}")
    return value


_NAMES: dict[type, str] = {
    bool: "truth value",
    dict: "JSON object",
    int: "whole number",
    list: "list",
    str: "text",
}


def whole_numbers(mapping: dict[str, Any], key: str, where: str) -> tuple[int, ...]:
    """A list of whole numbers that are not negative."""
    values = member(mapping, key, list, where)
    if not all(type(value) is int and value >= 0 for value in values):
        raise malformed(where, f"has {key} = {shown(values)}, not whole numbers")
    return tuple(values)


def finite(value: Any, name: str, where: str) -> float:
    """A number that is neither NaN nor infinite, and within the range of double precision."""
    if type(value) in (int, float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise malformed(where, f"has {name} = {shown(value)}, not a finite number")


def malformed(where: str, problem: str) -> BadInput:
    """Make the refusal of a document that is not what it should be."""
    return refused(where, f"its metadata {problem}", _REMEDY)
