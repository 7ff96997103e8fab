"""The voxels of an open TIFF: from the file where they lie together, else page by page."""

from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.formats.flat_voxels import FlatVoxels
from cryoet_zarr_bench.tomograms.formats.tiff import OpenTiff


def voxels_of(file: OpenTiff) -> "FlatVoxels | TiffPages":
    """The voxels of a checked TIFF, to be read while it is open."""
    offset = file.series.dataoffset
    if offset is None:
        return TiffPages(file)
    return FlatVoxels(file.path, offset, file.shape, file.stored_dtype)


@dataclass(frozen=True, eq=False)
class TiffPages:
    """Pages that are decoded one at a time; each is one XY plane, or several."""

    file: OpenTiff

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        return self.file.shape

    @property
    def dtype(self) -> np.dtype:
        """The dtype in native byte order."""
        return self.file.stored_dtype.newbyteorder("=")

    @property
    def stored_together(self) -> tuple[int, int, int]:
        """The shape (z, y, x) of what is best read at once: a page."""
        planes, rows, columns = self.shape
        return planes // len(self.file.series), rows, columns

    def __getitem__(self, box: tuple[slice, slice, slice]) -> np.ndarray:
        """Read a box z, y, x in C order and native byte order.

        Raises BadInput if a page is damaged, or what tifffile raises.
        """
        planes, rows, columns = box
        wanted = range(*planes.indices(self.shape[0]))
        first = self._page_of(wanted.start)
        voxels = np.empty((len(wanted), *first[0][rows, columns].shape), self.dtype)
        decoded, page_planes = wanted.start // len(first), first
        for z, plane in zip(wanted, voxels, strict=True):
            if z // len(first) != decoded:
                decoded, page_planes = z // len(first), self._page_of(z)
            plane[...] = page_planes[z % len(first)][rows, columns]
        return voxels

    def _page_of(self, z: int) -> np.ndarray:
        """The planes of the page that a plane is on, in native byte order."""
        planes, rows, columns = self.stored_together
        page = self.file.series[z // planes]
        if page is None:
            raise refused(self.file.path, f"lacks page {z // planes}", "copy or download it again")
        values: np.ndarray = page.asarray().reshape(planes, rows, columns)
        self.file.check_complaints()
        return values if values.dtype.isnative else values.byteswap().view(self.dtype)
