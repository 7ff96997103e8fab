"""The stores of codecs that lose something, with the damage that each of them does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.voxel_spacing import complete_spacing
from cryoet_zarr_bench.fidelity.codec_damage import Damage, loss_bound, measure_damage
from cryoet_zarr_bench.fidelity.fourier_shells import MAXIMUM_TILT
from cryoet_zarr_bench.measured.installed_release import read_label
from cryoet_zarr_bench.measured.prepared_stores.core_stores import prepare_store_set
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.measured.process_record import add_to_record
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine


@dataclass(kw_only=True)
class LossyStores(StoreSet):
    """A set of stores with the damage in each of its stores, by the name of the config.

    `bound` is the noise to signal that the worst shell may have.
    """

    bound: float
    damage: dict[str, Damage] = field(default_factory=dict)

    def damage_in(self, config: StorageConfig) -> Damage:
        """The damage in the verified store of a config."""
        return self.damage[config.name]


def prepare_lossy_stores(
    tomogram: PreparedTomogram, folder: Path, configs: list[StorageConfig]
) -> LossyStores:
    """Write and verify every config as `prepare_store_set` does, and measure its damage.

    A config whose damage cannot be measured has failed. Raises BadInput for a bound that is none.
    """
    bound = loss_bound()
    store_set = prepare_store_set(tomogram, folder, configs, "lossy")
    lossy = LossyStores(**vars(store_set), bound=bound)
    if lossy.stores:
        _measure(lossy, tomogram)
        add_to_record({"damage": _record(lossy)}, read_label())
    return lossy


def _measure(lossy: LossyStores, tomogram: PreparedTomogram) -> None:
    engine, written = installed_engine(), tomogram.load()
    spacing = complete_spacing(tomogram.voxel_spacing)
    # Most codecs do the same damage in both formats.
    known: dict[bytes, Damage] = {}
    for name, store in list(lossy.stores.items()):
        try:
            read = np.ascontiguousarray(engine.open(store.folder)[...])
            voxels = hashlib.blake2b(read.view(np.uint8).reshape(-1)).digest()
            if voxels not in known:
                known[voxels] = measure_damage(written, read, spacing)
            lossy.damage[name] = known[voxels]
        except Exception as error:  # whatever it was, it is the reason there is no figure
            del lossy.stores[name]
            lossy.failed[name] = f"{type(error).__name__}: {error}"


def _record(lossy: LossyStores) -> dict[str, Any]:
    """The damage, told once where it is the same in several configs, and what had none measured."""
    damages = list({id(each): each for each in lossy.damage.values()}.values())
    return {
        "bound": lossy.bound,
        "maximum_tilt": MAXIMUM_TILT,
        "failed": lossy.failed,
        "found": [
            {
                "configs": [name for name, each in lossy.damage.items() if each is damage],
                "within_bound": damage.within(lossy.bound),
                **damage.for_record(),
            }
            for damage in damages
        ],
    }
