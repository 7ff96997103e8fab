"""Stores for the comparison of engines: one for all to read, and what each of them writes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.cores import take_every_core
from cryoet_zarr_bench.storage.engines import (
    ENGINES,
    Engine,
    EngineMissing,
    engine_called,
    settings_in_force,
    take_over,
)
from cryoet_zarr_bench.storage.integrity import (
    NotWhatWasAsked,
    check_bit_equal,
    check_release,
)
from cryoet_zarr_bench.storage.session import add_to_record, read_label
from cryoet_zarr_bench.storage.store_shelf import StoreShelf, fill_shelf
from cryoet_zarr_bench.storage.stores import VerifiedStore
from cryoet_zarr_bench.tomograms.prepared import PreparedTomogram

READ_BY_ALL = "zarr-python"
"""The engine whose stores all engines read, so that the layout is the same."""


@dataclass
class EngineShelf:
    """What the engines of one release wrote and could read.

    `missing` maps the name of an engine to the reason why it is not in this environment. `written`
    has what each of the others wrote; only the stores that all read, those of zarr-python, are
    still on the disk. `unreadable` and `misread` map an engine and the name of a config to the
    reason why it cannot read that store, or to what was wrong with what it read.
    """

    missing: dict[str, str] = field(default_factory=dict)
    written: dict[str, StoreShelf] = field(default_factory=dict)
    unreadable: dict[str, dict[str, str]] = field(default_factory=dict)
    misread: dict[str, dict[str, str]] = field(default_factory=dict)

    def engine(self, name: str) -> Engine:
        """The engine of that name; NotImplementedError, n/a for asv, where there is none here."""
        if name in self.missing:
            raise NotImplementedError(self.missing[name])
        return engine_called(name)

    def to_read(self, name: str, config: StorageConfig) -> VerifiedStore:
        """The store of a config that an engine reads; n/a or failed as for `StoreShelf.get`."""
        store = self.written[READ_BY_ALL].get(config)
        if config.name in self.unreadable[name]:
            raise NotImplementedError(self.unreadable[name][config.name])
        if config.name in self.misread[name]:
            raise RuntimeError(f"no figure for {config.name}: {self.misread[name][config.name]}")
        return store


def prepare_engine_shelf(
    tomogram: PreparedTomogram, folder: Path, configs: list[StorageConfig]
) -> EngineShelf:
    """Let every engine of this release write and verify every config, and read zarr-python's.

    Where the release cannot be installed, or is not the one on the label, no engine is here.
    """
    label = read_label()
    shelf = EngineShelf()
    reason = label.impossible
    if reason is None:
        check_release(label.packages)
        _fill(shelf, tomogram.load(), folder, configs)
    else:
        shelf.missing = dict.fromkeys(ENGINES, reason)
    add_to_record({"engines": _described(shelf)}, label)
    return shelf


def _fill(
    shelf: EngineShelf, tomogram: np.ndarray, folder: Path, configs: list[StorageConfig]
) -> None:
    for name in ENGINES:
        try:
            engine = engine_called(name)
        except EngineMissing as error:
            shelf.missing[name] = str(error)
            continue
        take_over(engine)
        own = folder / name
        shelf.written[name] = fill_shelf(engine, tomogram, own, configs)
        if name != READ_BY_ALL:
            shutil.rmtree(own, ignore_errors=True)
        shelf.unreadable[name], shelf.misread[name] = {}, {}
        for config_name, store in shelf.written[READ_BY_ALL].stores.items():
            middle = slice(tomogram.shape[0] // 2, tomogram.shape[0] // 2 + 1)
            try:
                array = engine.open(store.folder)
                check_bit_equal(tomogram, np.asarray(array[...]))
                check_bit_equal(tomogram[middle], np.asarray(array[middle, :, :]))
            except NotWhatWasAsked as error:
                shelf.misread[name][config_name] = str(error)
            except Exception as error:  # whatever it was, it cannot be read
                said = " ".join(f"{type(error).__name__}: {error}".split())
                shelf.unreadable[name][config_name] = said


def _described(shelf: EngineShelf) -> dict[str, Any]:
    described: dict[str, Any] = {"missing": shelf.missing}
    # By default a library takes as many threads as there are cores for it.
    take_every_core()
    for name, written in shelf.written.items():
        engine = engine_called(name)
        settings = {}
        for threads, one_thread in (("one thread", True), ("default threads", False)):
            take_over(engine, one_thread)
            settings[threads] = settings_in_force(engine)
        described[name] = {
            "settings": settings,
            "stored_bytes": {key: store.stored_bytes for key, store in written.stores.items()},
            "content": {key: store.content for key, store in written.stores.items()},
            "impossible": written.impossible,
            "failed": written.failed,
            "unreadable": shelf.unreadable[name],
            "misread": shelf.misread[name],
        }
    return described
