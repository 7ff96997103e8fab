"""The public functions of `cryoet_zarr_bench`, by their subjects; import them from the package."""
