"""Encoding of a chunk, read from the codecs that a metadata document names.

Format 3: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/index.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import (
    malformed,
    member,
    optional,
    whole_numbers,
)
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_codecs import FILTERS, Chain, chain_of

_OF_FORMAT_3 = ("blosc", "zstd", "gzip", "crc32c")
_OF_NUMCODECS = "numcodecs."
SHARD_INDEX_DTYPE = np.dtype("<u8")
_BYTE_ORDERS: dict[str, Literal["<", ">"]] = {"little": "<", "big": ">"}


@dataclass(frozen=True)
class ShardIndex:
    """The table of a shard's inner chunks: two numbers of 64 bits each, offset and length.

    `chain` is how it is stored: with a checksum or without.
    """

    at_start: bool
    chain: Chain


@dataclass(frozen=True)
class Pipeline:
    """Encoding of a chunk; in a sharded array, of an inner one.

    `chunks` is its shape, `dtype` that of its voxels, with the stored byte order. `stored_axes`
    names the axes of the chunk from the slowest to the fastest in the stored bytes.
    """

    chunks: tuple[int, ...]
    dtype: np.dtype
    stored_axes: tuple[int, ...]
    chain: Chain
    shard_index: ShardIndex | None = None


def format_2_pipeline(
    codecs: Sequence[Any], chunks: tuple[int, ...], dtype: np.dtype, order: str, where: str
) -> Pipeline:
    """The pipeline of format 2: filters, then the compressor, each a numcodecs config.

    Raises:
        BadInput: a codec is not accepted.
    """
    if not all(isinstance(codec, dict) for codec in codecs):
        raise malformed(where, "has filters that are no JSON objects")
    axes = tuple(range(len(chunks)))
    chain = chain_of(codecs, dtype, math.prod(chunks), where)
    return Pipeline(chunks, dtype, axes if order == "C" else axes[::-1], chain)


def format_3_pipeline(
    codecs: Sequence[Any], chunks: tuple[int, ...], dtype: np.dtype, where: str
) -> Pipeline:
    """The pipeline of format 3; `chunks` is the shape of what is stored as one object.

    Raises:
        BadInput: a codec is not accepted, or shards lie within shards.
    """
    named = [_named(codec, where) for codec in codecs]
    if [name for name, _ in named] == ["sharding_indexed"]:
        return _sharded(named[0][1], chunks, dtype, where)
    return _unsharded(named, chunks, dtype, where)


def _named(codec: Any, where: str) -> tuple[str, dict[str, Any]]:
    if isinstance(codec, str):  # short for a codec without settings
        return codec, {}
    if not isinstance(codec, dict):
        raise malformed(where, f"has the codec {shown(codec)}")
    return member(codec, "name", str, where), optional(codec, "configuration", dict, where) or {}


def _sharded(
    settings: dict[str, Any], shards: tuple[int, ...], dtype: np.dtype, where: str
) -> Pipeline:
    chunks = whole_numbers(settings, "chunk_shape", where)
    if (
        len(chunks) != len(shards)
        or min(chunks) < 1
        or any(shard % chunk for shard, chunk in zip(shards, chunks, strict=True))
    ):
        raise malformed(where, f"has chunks of {shown(chunks)} in shards of {shown(shards)}")
    inner = [_named(codec, where) for codec in member(settings, "codecs", list, where)]
    location = optional(settings, "index_location", str, where) or "end"
    index = [_named(codec, where) for codec in member(settings, "index_codecs", list, where)]
    if location not in ("start", "end") or index not in (_PLAIN_INDEX, _CHECKED_INDEX):
        raise malformed(where, f"has a shard index that is stored unusually, {shown(index)}")
    numbers = 2 * math.prod(shards) // math.prod(chunks)
    checksum = [] if index == _PLAIN_INDEX else [{"id": "crc32c", "location": "end"}]
    chain = chain_of(checksum, SHARD_INDEX_DTYPE, numbers, where)
    return replace(
        _unsharded(inner, chunks, dtype, where),
        shard_index=ShardIndex(location == "start", chain),
    )


_PLAIN_INDEX: list[tuple[str, dict[str, Any]]] = [("bytes", {"endian": "little"})]
_CHECKED_INDEX = [*_PLAIN_INDEX, ("crc32c", {})]


def _unsharded(
    codecs: list[tuple[str, dict[str, Any]]],
    chunks: tuple[int, ...],
    dtype: np.dtype,
    where: str,
) -> Pipeline:
    names = [name for name, _ in codecs]
    if names.count("bytes") != 1:
        remedy = "store it with the codec bytes and one of blosc, zstd, gzip"
        raise refused(where, f"the chain of codecs {shown(names)} is not accepted", remedy)
    middle = names.index("bytes")
    axes = tuple(range(len(chunks)))
    before, settings, after = codecs[:middle], codecs[middle][1], codecs[middle + 1 :]
    if before and before[0][0] == "transpose":
        axes = _permutation(before.pop(0)[1], len(chunks), where)
    filters = [_config(name, each, where) for name, each in before]
    packed = [_config(name, each, where) for name, each in after]
    # What numcodecs makes of an array that is not in C order depends on how it lies in memory.
    in_c_order = axes == tuple(range(len(chunks)))
    if any(each["id"] not in FILTERS for each in filters) or (filters and not in_c_order):
        raise _out_of_place(names, where)
    if any(each["id"] in FILTERS for each in packed):
        raise _out_of_place(names, where)
    chain = chain_of([*filters, *packed], dtype, math.prod(chunks), where)
    byte_order = _byte_order(settings, chain.dtype, where)
    if filters and byte_order == ">":
        raise _out_of_place(names, where)
    return Pipeline(chunks, dtype.newbyteorder(byte_order), axes, chain)


def _config(name: str, settings: dict[str, Any], where: str) -> dict[str, Any]:
    """The config that numcodecs has for a codec of format 3."""
    known = name.removeprefix(_OF_NUMCODECS)
    if name == known and name not in _OF_FORMAT_3:
        remedy = f"store it with one of {', '.join(_OF_FORMAT_3)}"
        raise refused(where, f"the codec {shown(name)} is not accepted", remedy)
    return {**settings, "id": known}


def _permutation(settings: dict[str, Any], axes: int, where: str) -> tuple[int, ...]:
    order = whole_numbers(settings, "order", where)
    if sorted(order) != list(range(axes)):
        raise malformed(where, f"transposes by {shown(order)}")
    return order


def _byte_order(settings: dict[str, Any], dtype: np.dtype, where: str) -> Literal["<", ">"]:
    endian = optional(settings, "endian", str, where)
    if endian is None and dtype.itemsize == 1:
        return "<"
    if endian not in _BYTE_ORDERS:
        raise malformed(where, f"has the byte order {shown(endian)}")
    return _BYTE_ORDERS[endian]


def _out_of_place(names: list[str], where: str) -> BadInput:
    return refused(
        where, f"the chain of codecs {shown(names)} is not accepted", "store it without filters"
    )
