"""The metadata document that an array of a storage config has to have, in each Zarr format."""

from __future__ import annotations

from typing import Any

import numpy as np

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.format_placement import format_2_codecs, format_3_steps


def expected_metadata(
    shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig
) -> dict[str, Any]:
    """The metadata document of an array, as far as its config decides it."""
    made = _format_2_metadata if config.zarr_format == 2 else _format_3_metadata
    return made(shape, dtype, config)


def _format_2_metadata(
    shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig
) -> dict[str, Any]:
    filters, compressor = format_2_codecs(config, dtype)
    return {
        "zarr_format": 2,
        "shape": list(shape),
        "dtype": dtype.newbyteorder("<").str,
        "chunks": list(config.chunks),
        "fill_value": 0,
        "order": "C",
        "filters": filters or None,
        "compressor": compressor,
        "dimension_separator": "/",
    }


def _format_3_metadata(
    shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig
) -> dict[str, Any]:
    return {
        "zarr_format": 3,
        "shape": list(shape),
        "data_type": dtype.name,
        "chunk_grid": {
            "name": "regular",
            "configuration": {"chunk_shape": list(config.stored_shape)},
        },
        "chunk_key_encoding": {"name": "default"},
        "fill_value": 0,
        "codecs": _format_3_codecs(dtype, config),
    }


def _format_3_codecs(dtype: np.dtype, config: StorageConfig) -> list[dict[str, Any]]:
    placed = format_3_steps(config, dtype)
    chain: list[dict[str, Any]] = [step.format_3 for step in placed.filters]
    if placed.serializer is not None:
        chain.append(placed.serializer.format_3)
    elif placed.dtype.itemsize > 1:
        chain.append({"name": "bytes", "configuration": {"endian": "little"}})
    else:
        chain.append({"name": "bytes"})
    chain += [step.format_3 for step in placed.compressors]
    if config.shards is None:
        return chain
    index = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]
    sharding = {
        "chunk_shape": list(config.chunks),
        "codecs": chain,
        "index_codecs": index,
        "index_location": "end",
    }
    return [{"name": "sharding_indexed", "configuration": sharding}]
