"""The tomogram that the user chose to measure."""

from __future__ import annotations

import functools
import os

from cryoet_zarr_bench.storage.grid import selected_profile
from cryoet_zarr_bench.tomograms.cache import prepare
from cryoet_zarr_bench.tomograms.prepared import PreparedTomogram


@functools.cache
def selected_tomogram() -> PreparedTomogram:
    """The tomogram of `CRYOET_TOMOGRAM` and `CRYOET_CROP`, or the profile's own, prepared.

    Raises BadInput where it cannot be had.
    """
    source = os.environ.get("CRYOET_TOMOGRAM") or selected_profile().tomogram
    return prepare(source, os.environ.get("CRYOET_CROP") or None)


def tomogram_label() -> str:
    """The tomogram's name as results and the dashboard have it, without spaces."""
    return selected_tomogram().name.replace(" ", "-")
