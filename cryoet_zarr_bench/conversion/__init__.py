"""From files to OME-Zarr and back: by streaming, checked at the end, there whole or not at all."""
