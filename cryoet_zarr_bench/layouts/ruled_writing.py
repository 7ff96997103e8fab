"""Writing a tomogram by the rule of a layout: each level by the config of its own shape."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.layouts.libraries.library_writers import LEVELS
from cryoet_zarr_bench.layouts.named_layouts import Layout
from cryoet_zarr_bench.storage.boxes import Voxels
from cryoet_zarr_bench.storage.engines import Engine
from cryoet_zarr_bench.storage.stores.multiscale import Pyramid, write_multiscale


def write_by_rule(
    engine: Engine, tomogram: Voxels, store: Path, layout: Layout, spacing: float
) -> None:
    """Write a tomogram with its pyramid into the new folder `store`; `spacing` is in angstrom."""
    rule = layout.rule
    assert rule is not None, f"{layout.name} has no rule"
    pyramid = Pyramid(LEVELS, (spacing, spacing, spacing), "tomogram")
    write_multiscale(engine, tomogram, store, lambda shape: rule(shape, tomogram.dtype), pyramid)
