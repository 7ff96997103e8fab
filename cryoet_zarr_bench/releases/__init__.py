"""The releases of zarr and numcodecs, and the git history made of them."""
