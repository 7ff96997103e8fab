"""A continuous benchmark of how cryo-electron tomograms are stored in Zarr."""

__version__ = "0.1.0"
