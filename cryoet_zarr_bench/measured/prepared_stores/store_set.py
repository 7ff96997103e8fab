"""The set of stores: each config of a grid as a verified store, or why it is not there.

A number is only ever given for a store that is in here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.storage.codecs.value_scaling import Scaling
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import Engine
from cryoet_zarr_bench.storage.stores.codec_trial import why_codec_impossible
from cryoet_zarr_bench.storage.stores.verified_store import VerifiedStore, write_verified
from cryoet_zarr_bench.storage.stores.voxel_entropy import Entropy


@dataclass
class StoreSet:
    """The stores of one release: those that were verified, and why the others are not there.

    `impossible` are configs the release has no way to write, `failed` those where something was
    not what was asked for. Both map the name of a config to the reason. `entropy` is that of the
    tomogram they all hold, where somebody worked it out. `figures` are exact figures that were
    computed with the stores: the name of a config -> the name of a figure -> the figure.
    """

    stores: dict[str, VerifiedStore] = field(default_factory=dict)
    impossible: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    entropy: Entropy | None = None
    figures: dict[str, dict[str, float]] = field(default_factory=dict)

    def get(self, config: StorageConfig) -> VerifiedStore:
        """The verified store of a config.

        Raises NotImplementedError, which asv shows as n/a, where the release cannot write the
        config, and RuntimeError with the reason where it did not earn a number.
        """
        name = config.name
        if name in self.impossible:
            raise NotImplementedError(self.impossible[name])
        if name not in self.stores:
            reason = self.failed.get(name, "the store was never written")
            raise RuntimeError(f"no figure for {name}: {reason}")
        return self.stores[name]

    def bits_above_entropy(self, config: StorageConfig) -> float:
        """Bits per voxel in the chunk files, minus the memoryless entropy of the values.

        Below 0 where the codec made use of more than one voxel at a time. Raises as `get` does.
        """
        store = self.get(config)
        if self.entropy is None:
            raise RuntimeError(f"no figure for {config.name}: the entropy was never worked out")
        return store.bits_per_voxel - self.entropy.memoryless

    def figure(self, config: StorageConfig, name: str) -> float:
        """An exact figure of a verified store; raises as `get` does where there is no store."""
        self.get(config)
        return self.figures[config.name][name]

    def fill_figures(
        self, config: StorageConfig, compute: Callable[[VerifiedStore], dict[str, float]]
    ) -> None:
        """Compute the figures of a config that was verified; one where that fails has failed."""
        if config.name not in self.stores:
            return
        try:
            self.figures[config.name] = compute(self.stores[config.name])
        except Exception as error:  # whatever it was, it is the reason there is no figure
            del self.stores[config.name]
            self.failed[config.name] = f"{type(error).__name__}: {error}"


def write_store_set(
    engine: Engine, tomogram: np.ndarray, folder: Path, configs: list[StorageConfig]
) -> StoreSet:
    """Write and verify every config; one that fails keeps its reason and stops no other."""
    store_set = StoreSet()
    scaling = Scaling.of(tomogram) if any(config.is_scaled for config in configs) else None
    for config in configs:
        config = replace(config, scaling=scaling) if config.is_scaled else config
        reason = engine.why_impossible(config)
        reason = reason or why_codec_impossible(engine, config, tomogram.dtype, folder)
        if reason is not None:
            store_set.impossible[config.name] = reason
            continue
        try:
            store_set.stores[config.name] = write_verified(engine, tomogram, folder, config)
        except Exception as error:  # whatever it was, it is the reason there is no figure
            store_set.failed[config.name] = f"{type(error).__name__}: {error}"
    return store_set


def fingerprints(store_set: StoreSet) -> dict[str, dict[str, Any]]:
    """For every verified config what tells a changed default, bytes and speed apart."""
    return {
        name: {
            "metadata": json.dumps(store.metadata, sort_keys=True, separators=(",", ":")),
            "content": store.content,
            "stored_bytes": store.stored_bytes,
            "file_count": store.file_count,
        }
        for name, store in store_set.stores.items()
    }
