"""`python -m cryoet_zarr_bench` is the command `cryoet-zarr-bench`."""

from cryoet_zarr_bench.entry import main

if __name__ == "__main__":
    main()
