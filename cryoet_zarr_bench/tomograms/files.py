"""Reading a whole tomogram from a file, whatever its format."""

from pathlib import Path

from cryoet_zarr_bench.tomograms.slab_readers import open_slabs
from cryoet_zarr_bench.tomograms.volume import Volume


def read_volume(
    path: str | Path, *, level: int = 0, missing_chunks_are_fill: bool = False
) -> Volume:
    """Read a whole tomogram into memory, bit for bit as it is in the file.

    Raises:
        BadInput: as `slab_readers.open_slabs` does, whose arguments these are, and as reading a
            box of it does.
    """
    with open_slabs(path, level=level, missing_chunks_are_fill=missing_chunks_are_fill) as tomogram:
        data = tomogram.read(0, tomogram.shape[0])
        return Volume(data, tomogram.voxel_spacing, tomogram.name)
