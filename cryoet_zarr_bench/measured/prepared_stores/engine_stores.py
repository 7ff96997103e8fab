"""Stores for the comparison of engines: one for all to read, and what each of them writes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.measured.cpu_cores import take_every_core
from cryoet_zarr_bench.measured.installed_release import check_release, read_label
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet, write_store_set
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.measured.process_record import add_to_record
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import (
    ENGINES,
    Engine,
    EngineMissing,
    engine_called,
    settings_in_force,
    take_over,
)
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch, check_bit_equal
from cryoet_zarr_bench.storage.stores.verified_store import VerifiedStore

READ_BY_ALL = "zarr-python"
"""The engine whose stores all engines read, so that the layout is the same."""


@dataclass
class EngineStores:
    """Stores that the engines of one release wrote and could read.

    `missing` maps the name of an engine to the reason why it is not in this environment. `written`
    has what each of the others wrote; only the stores that all read, those of zarr-python, are
    still on the disk. `unreadable` and `misread` map an engine and the name of a config to the
    reason why it cannot read that store, or to what was wrong with what it read.
    """

    missing: dict[str, str] = field(default_factory=dict)
    written: dict[str, StoreSet] = field(default_factory=dict)
    unreadable: dict[str, dict[str, str]] = field(default_factory=dict)
    misread: dict[str, dict[str, str]] = field(default_factory=dict)

    def engine(self, name: str) -> Engine:
        """The engine of that name; NotImplementedError, n/a for asv, where there is none here."""
        if name in self.missing:
            raise NotImplementedError(self.missing[name])
        return engine_called(name)

    def to_read(self, name: str, config: StorageConfig) -> VerifiedStore:
        """The store of a config that an engine reads; n/a or failed as for `StoreSet.get`."""
        store = self.written[READ_BY_ALL].get(config)
        if config.name in self.unreadable[name]:
            raise NotImplementedError(self.unreadable[name][config.name])
        if config.name in self.misread[name]:
            raise RuntimeError(f"no figure for {config.name}: {self.misread[name][config.name]}")
        return store


def prepare_engine_stores(
    tomogram: PreparedTomogram, folder: Path, configs: list[StorageConfig]
) -> EngineStores:
    """Let every engine of this release write and verify every config, and read zarr-python's.

    Where the release cannot be installed, or is not the one on the label, no engine is here.
    """
    label = read_label()
    store_set = EngineStores()
    reason = label.impossible
    if reason is None:
        check_release(label.packages)
        _fill(store_set, tomogram.load(), folder, configs)
    else:
        store_set.missing = dict.fromkeys(ENGINES, reason)
    add_to_record({"engines": _described(store_set)}, label)
    return store_set


def _fill(
    store_set: EngineStores, tomogram: np.ndarray, folder: Path, configs: list[StorageConfig]
) -> None:
    for name in ENGINES:
        try:
            engine = engine_called(name)
        except EngineMissing as error:
            store_set.missing[name] = str(error)
            continue
        take_over(engine)
        own = folder / name
        store_set.written[name] = write_store_set(engine, tomogram, own, configs)
        if name != READ_BY_ALL:
            shutil.rmtree(own, ignore_errors=True)
        store_set.unreadable[name], store_set.misread[name] = {}, {}
        for config_name, store in store_set.written[READ_BY_ALL].stores.items():
            middle = slice(tomogram.shape[0] // 2, tomogram.shape[0] // 2 + 1)
            try:
                array = engine.open(store.folder)
                check_bit_equal(tomogram, np.asarray(array[...]))
                check_bit_equal(tomogram[middle], np.asarray(array[middle, :, :]))
            except StoreMismatch as error:
                store_set.misread[name][config_name] = str(error)
            except Exception as error:  # whatever it was, it cannot be read
                said = " ".join(f"{type(error).__name__}: {error}".split())
                store_set.unreadable[name][config_name] = said


def _described(store_set: EngineStores) -> dict[str, Any]:
    described: dict[str, Any] = {"missing": store_set.missing}
    # By default a library takes as many threads as there are cores for it.
    take_every_core()
    for name, written in store_set.written.items():
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
            "unreadable": store_set.unreadable[name],
            "misread": store_set.misread[name],
        }
    return described
