"""Codecs: one table of families, and where the parts of a codec go in each Zarr format."""
