"""Defaults of zarr-python and Blosc for threads: noted once, and put back.

A process that compares engines, or one thread with what a library does by default, has to get back
to where the library itself begins.
"""

from __future__ import annotations

import copy
from typing import Any

import numcodecs.blosc
import zarr

_SETTINGS = ("threading", "async", "codec_pipeline", "array")
"""The parts of zarr-python 3's configuration that an engine here may change."""

_noted: dict[str, Any] = {}


def note() -> None:
    """Note what is in force, the first time; to be called before anything is set."""
    if not _noted:
        _noted.update(_settings(), **_blosc())


def put_back() -> None:
    """Let the library choose again, and its own pipeline read and write."""
    note()
    numcodecs.blosc.use_threads = _noted["blosc.use_threads"]
    numcodecs.blosc.set_nthreads(_noted["blosc.nthreads"])
    if hasattr(zarr, "config"):
        zarr.config.set({key: copy.deepcopy(_noted[key]) for key in _SETTINGS})


def in_force() -> dict[str, Any]:
    """The settings of threads, concurrency and pipeline in force now, for the record."""
    found = {**_settings(), **_blosc()}
    found.pop("array", None)
    return found


def _settings() -> dict[str, Any]:
    if not hasattr(zarr, "config"):
        return {}
    return {key: copy.deepcopy(dict(zarr.config.get(key))) for key in _SETTINGS}


def _blosc() -> dict[str, Any]:
    # Setting the number is the only way to learn it.
    threads = numcodecs.blosc.set_nthreads(1)
    numcodecs.blosc.set_nthreads(threads)
    return {"blosc.use_threads": numcodecs.blosc.use_threads, "blosc.nthreads": threads}
