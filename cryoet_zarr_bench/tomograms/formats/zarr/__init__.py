"""Readers of Zarr folders, which are never opened by a Zarr library."""
