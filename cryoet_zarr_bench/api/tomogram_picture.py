"""A picture of a tomogram for notebooks: its central slices, from few voxels."""

from __future__ import annotations

import base64
import io
import math
from typing import Any, Literal

import numpy as np

_MOST_PIXELS = 256
"""Along each side of a slice."""

_GAP = 4
_DARKEST, _BRIGHTEST = 1, 99
"""Percentiles of the voxels shown that become black and white."""


def picture_of(tomogram: Any) -> str | None:
    """Draw the central XY, XZ and YZ slices side by side, as the address of a PNG.

    Returns None if matplotlib is not installed, or nothing finite is in the slices.
    """
    picture = picture_bytes(tomogram, _MOST_PIXELS, "png")
    if picture is None:
        return None
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def picture_bytes(tomogram: Any, most_pixels: int, kind: Literal["png", "jpg"]) -> bytes | None:
    """The central slices as a file of that kind, each at most so many pixels along a side.

    Returns None as `picture_of` does.
    """
    try:
        from matplotlib import image
    except ImportError:
        return None
    step = max(1, math.ceil(max(tomogram.shape) / most_pixels))
    z, y, x = (length // 2 for length in tomogram.shape)
    slices = [tomogram[z, :, :], tomogram[:, y, :], tomogram[:, :, x].T]
    shown = [plane[::step, ::step].astype(np.float64) for plane in slices]
    finite = np.concatenate([plane[np.isfinite(plane)] for plane in shown])
    if not finite.size:
        return None
    low, high = np.percentile(finite, (_DARKEST, _BRIGHTEST))
    height = max(plane.shape[0] for plane in shown)
    parts = []
    for plane in shown:
        part = np.full((height, plane.shape[1] + _GAP), np.nan)
        part[: plane.shape[0], : plane.shape[1]] = plane
        parts.append(part)
    file = io.BytesIO()
    image.imsave(file, np.hstack(parts), vmin=low, vmax=high, cmap="gray", format=kind)
    return file.getvalue()
