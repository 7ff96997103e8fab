"""Numbers without the digits that no clock can tell, so that files stay small."""

from __future__ import annotations

from typing import Any

DIGITS = 5
"""Significant digits that are kept: as many as asv keeps of its own statistics."""


def short(value: Any) -> Any:
    """A number, or the numbers anywhere within lists and dicts, to 5 significant digits.

    Whole numbers (bytes, counts, times since 1970), NaN and infinity stay as they are.
    """
    if isinstance(value, float):
        is_whole = value.is_integer()
        return value if is_whole else float(f"{value:.{DIGITS}g}")
    if isinstance(value, list):
        return [short(each) for each in value]
    if isinstance(value, dict):
        return {key: short(each) for key, each in value.items()}
    return value
