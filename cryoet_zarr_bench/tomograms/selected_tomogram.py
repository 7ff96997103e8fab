"""The tomogram that the user chose to measure."""

from __future__ import annotations

import functools
import os

from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram, open_prepared
from cryoet_zarr_bench.measured.process_inputs import PREPARED_TOMOGRAM
from cryoet_zarr_bench.storage.grid import selected_profile
from cryoet_zarr_bench.tomograms.preparation import prepare


@functools.cache
def selected_tomogram() -> PreparedTomogram:
    """The tomogram of `CRYOET_TOMOGRAM` and `CRYOET_CROP`, or the profile's own, prepared.

    The processes started from here on are told where it lies: asv changes the working folder, in
    which the path that the user gave would mean another file. Raises BadInput if it cannot be
    had.
    """
    default = selected_profile().tomogram
    if path := os.environ.get(PREPARED_TOMOGRAM):
        return open_prepared(path)
    source = os.environ.get("CRYOET_TOMOGRAM") or default
    tomogram = prepare(source, os.environ.get("CRYOET_CROP") or None)
    os.environ[PREPARED_TOMOGRAM] = str(tomogram.path)
    return tomogram


def select_tomogram(source: str) -> PreparedTomogram:
    """Measure `source` from here on, instead of what was selected before; as `CRYOET_TOMOGRAM`."""
    os.environ["CRYOET_TOMOGRAM"] = source
    os.environ.pop(PREPARED_TOMOGRAM, None)
    selected_tomogram.cache_clear()
    return selected_tomogram()


def tomogram_label() -> str:
    """The tomogram's name as results and the dashboard have it, without spaces."""
    return selected_tomogram().label
