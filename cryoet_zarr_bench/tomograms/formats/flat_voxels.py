"""Voxels that lie one after the other in a file, read box by box: MRC, `.npy`, plain TIFF."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cryoet_zarr_bench.common.refusals import refused


@dataclass(frozen=True)
class FlatVoxels:
    """The voxels behind a file's header.

    `stored_shape` and `stored_dtype` are how the file has them, in C order; `order` names, for each
    of z, y, x, the axis of the file that it is. The file is read, not mapped: a file that is cut
    while it is mapped ends the process, mapped pages count as memory of the process, and the whole
    of a map counts against a limit of its address space.
    """

    path: Path
    offset: int
    stored_shape: tuple[int, ...]
    stored_dtype: np.dtype
    order: tuple[int, int, int] = (0, 1, 2)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        z, y, x = (self.stored_shape[axis] for axis in self.order)
        return z, y, x

    @property
    def dtype(self) -> np.dtype:
        """The dtype in native byte order."""
        return self.stored_dtype.newbyteorder("=")

    @property
    def stored_together(self) -> tuple[int, int, int]:
        """The shape (z, y, x) of what is best read at once: a section of the file."""
        z, y, x = (1 if axis == 0 else self.stored_shape[axis] for axis in self.order)
        return z, y, x

    def __getitem__(self, box: tuple[slice, ...]) -> np.ndarray:
        """Read a box z, y, x in C order and native byte order.

        Raises BadInput if the file ends before it, and OSError where it cannot be read.
        """
        sides: dict[int, slice] = dict(zip(self.order, box, strict=True))
        sections, rows, columns = (
            range(*sides[axis].indices(self.stored_shape[axis])) for axis in range(3)
        )
        stored = np.empty((len(sections), len(rows), len(columns)), self.stored_dtype)
        with self.path.open("rb", buffering=0) as file:
            for section, values in zip(sections, stored, strict=True):
                self._read_section(file, section, rows, columns, values)
        voxels = stored.transpose(self.order)
        if not voxels.dtype.isnative:
            voxels = voxels.byteswap().view(self.dtype)
        return np.ascontiguousarray(voxels)

    def _read_section(
        self, file: BinaryIO, section: int, rows: range, columns: range, values: np.ndarray
    ) -> None:
        """Whole rows are read even where not all columns are wanted: they lie together."""
        _, row_count, row_length = self.stored_shape
        whole_rows = len(columns) == row_length
        read = values if whole_rows else np.empty((len(rows), row_length), self.stored_dtype)
        first = (section * row_count + rows.start) * row_length
        file.seek(self.offset + first * self.stored_dtype.itemsize)
        left = memoryview(read.reshape(-1).view(np.uint8))
        while left:
            count = file.readinto(left)  # type: ignore[attr-defined]
            if not count:
                raise refused(self.path, "was cut while it was read", "copy or download it again")
            left = left[count:]
        if not whole_rows:
            values[...] = read[:, columns.start : columns.stop]
