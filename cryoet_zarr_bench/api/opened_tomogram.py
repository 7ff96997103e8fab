"""A tomogram that was opened: its voxels are read when they are asked for."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import EllipsisType
from typing import Any

import numpy as np

from cryoet_zarr_bench.api.tomogram_picture import picture_of
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.voxel_spacing import Spacing, spacing_text
from cryoet_zarr_bench.tomograms.preparation import centred_box, prepare
from cryoet_zarr_bench.tomograms.tomogram_sources import FileSource, parse_crop, parse_source

Box = tuple[slice, slice, slice]
Crop = str | tuple[int, int, int] | None
Index = int | slice | EllipsisType | tuple[int | slice | EllipsisType, ...]


@dataclass(frozen=True, eq=False)
class Tomogram:
    """A tomogram, read lazily: opening it reads its metadata, indexing it reads voxels.

    Axes are z, y, x. `shape` is in voxels, `voxel_spacing` in angstrom along z, y, x, or None if
    the source does not say, also along one axis. `dtype` is numpy's, in native byte order. `source`
    is what it was opened from, written out in full; `crop` the voxels kept around the centre.
    `notes` say which rule was used where the source leaves open what it holds, such as bytes of MRC
    with or without a sign.

    Index it by integers and slices, as `tomogram[10, :, :]`; `np.asarray(tomogram)` reads it all.
    """

    source: str
    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype
    voxel_spacing: Spacing | None
    crop: str | None
    read: Callable[[Box], np.ndarray]
    notes: tuple[str, ...] = ()

    @property
    def ndim(self) -> int:
        """Three."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of voxels."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that all voxels take in memory."""
        return self.size * self.dtype.itemsize

    def __getitem__(self, index: Index) -> Any:
        """Read voxels; axes that are given an integer are gone, as with numpy."""
        given = _expanded(index)
        box: list[slice] = []
        after: list[int | slice] = []
        for part, length in zip(given, self.shape, strict=True):
            if isinstance(part, slice):
                start, stop, step = part.indices(length)
                picked = range(start, stop, step)
                low, high = (min(picked), max(picked) + 1) if len(picked) else (0, 0)
                box.append(slice(low, high))
                after.append(slice(None, None, step))
            else:
                at = range(length)[part]
                box.append(slice(at, at + 1))
                after.append(0)
        z, y, x = box
        if any(side.start == side.stop for side in box):
            return np.empty([s.stop - s.start for s in box], self.dtype)[tuple(after)]
        return self.read((z, y, x))[tuple(after)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all voxels, for numpy."""
        if copy is False:
            raise ValueError("voxels are read from their source: that is always a copy")
        voxels: np.ndarray = np.asarray(self[...])
        return voxels if dtype is None else voxels.astype(dtype, copy=False)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Tomogram({self.name!r}: {self._described})"

    @property
    def _described(self) -> str:
        size = " x ".join(map(str, self.shape))
        spacing = spacing_text(self.voxel_spacing)
        return f"{size} voxels (z, y, x), {self.dtype.name}, {spacing}"

    def _repr_html_(self) -> str:
        """Describe it in a notebook, with its central slices."""
        picture = picture_of(self)
        shown = f'<br><img alt="central slices: XY, XZ, YZ" src="{picture}">' if picture else ""
        said = "".join(f"<br>note: {html.escape(note)}" for note in self.notes)
        return f"<b>{html.escape(self.name)}</b><br>{html.escape(self._described)}{said}{shown}"


def open(source: str | Path | Tomogram | None = None, crop: Crop = None) -> Tomogram:
    """Open a tomogram without reading its voxels.

    Args:
        source: a file (MRC, TIFF, `.npy`), an OME-Zarr or Zarr folder, `store.zarr::1` for a level
            of it, `synthetic:10A@128` for a made one, or `portal:10445/TS_100_3@10.012` for one of
            the CryoET Data Portal, which is fetched. None is the synthetic one at 10 angstrom.
        crop: voxels to keep around the centre, `(z, y, x)` or `"z,y,x"`; all without it, but of the
            portal 128 x 128 x 128, unless it is `"full"`.

    Returns:
        A `Tomogram`: axes z, y, x, spacing in angstrom, the dtype of the source.

    Raises:
        BadInput: the source cannot be used, or the crop does not fit it.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> tomogram = czb.open("synthetic:10A@32")
        >>> tomogram.shape, tomogram.dtype.name, tomogram.voxel_spacing
        ((32, 32, 32), 'float32', (10.012, 10.012, 10.012))
        >>> tomogram[16, :, :].shape
        (32, 32)
    """
    if isinstance(source, Tomogram):
        return source if crop is None else open(source.source, crop)
    text = None if source is None else str(source)
    kept = crop_text(crop)
    wanted = parse_source(text)
    if isinstance(wanted, FileSource):
        return _of_file(wanted, text or "", kept)
    prepared = prepare(text, kept)
    voxels = prepared.load(mmap=True)
    return Tomogram(
        source=text or str(wanted),
        name=prepared.name,
        shape=prepared.shape,
        dtype=voxels.dtype,
        voxel_spacing=prepared.voxel_spacing,
        crop=kept,
        read=lambda box: np.array(voxels[box]),
        notes=prepared.notes,
    )


def crop_text(crop: Crop) -> str | None:
    """A crop as commands take it: `z,y,x`, or None for all."""
    return crop if crop is None or isinstance(crop, str) else ",".join(map(str, crop))


def _of_file(wanted: FileSource, text: str, crop: str | None) -> Tomogram:
    with wanted.open() as opened:
        whole, dtype, spacing = opened.shape, opened.dtype, opened.voxel_spacing
        name, notes = opened.name, opened.notes
    box = centred_box(parse_crop(crop), whole, wanted)
    z, y, x = (side.stop - side.start for side in box)

    def read(part: Box) -> np.ndarray:
        with wanted.open() as opened:
            if (opened.shape, opened.dtype) != (whole, dtype):
                raise refused(wanted.path, "changed since it was opened", "open it again")
            moved = (
                slice(outer.start + inner.start, outer.start + inner.stop)
                for outer, inner in zip(box, part, strict=True)
            )
            z, y, x = moved
            return opened[z, y, x]

    return Tomogram(text, name, (z, y, x), dtype, spacing, crop, read, notes)


def _expanded(index: Index) -> tuple[int | slice, ...]:
    """The index of each axis: an ellipsis, and axes that are not named, are whole."""
    given = index if isinstance(index, tuple) else (index,)
    if sum(part is Ellipsis for part in given) > 1:
        raise IndexError("one ellipsis at most")
    named = [part for part in given if part is not Ellipsis]
    if len(named) > 3:
        raise IndexError(f"a tomogram has three axes, {len(named)} are indexed")
    at = given.index(Ellipsis) if Ellipsis in given else len(given)
    whole = [slice(None)] * (3 - len(named))
    parts = [*given[:at], *whole, *given[at + 1 :]]
    expanded: list[int | slice] = []
    for part in parts:
        if not isinstance(part, int | np.integer | slice):
            raise TypeError("index a tomogram by integers and slices; np.asarray gives an array")
        expanded.append(part if isinstance(part, slice) else int(part))
    return tuple(expanded)
