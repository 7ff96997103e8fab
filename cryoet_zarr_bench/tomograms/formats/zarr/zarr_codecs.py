"""Chains of codecs whose decoded size is known before anything is decoded.

A codec that is not named here is refused, and never looked up: some run code that the chunk holds
(pickle), others make objects of any size (vlen, json2, msgpack, categorize).
Settings are those of numcodecs, https://numcodecs.readthedocs.io/
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import (
    checked,
    finite,
    malformed,
    member,
    optional,
)

COMPRESSORS = ("blosc", "zstd", "gzip", "zlib", "lz4", "bz2", "lzma")
CHECKSUMS = ("crc32", "crc32c")
CHECKSUM_BYTES = 4

_NUMBER_TYPE = re.compile(r"[<>|=]?(?:[iu][1248]|f[248])|u?int(?:8|16|32|64)|float(?:16|32|64)")
_LONGEST_CHAIN = 8  # more than anybody has use for
_XZ_OR_LZMA = (0, 1, 2)  # numbers of `lzma`; without a header (3), memory cannot be bounded


@dataclass(frozen=True)
class Step:
    """One codec of a chain, with the bytes that it decodes to.

    `settings` holds what decoding needs, checked. `decoded` is how many bytes come out: exactly so
    many where `exact`, at most so many behind a compressor.
    """

    codec: str
    settings: dict[str, Any]
    decoded: int
    exact: bool


@dataclass(frozen=True)
class Chain:
    """The codecs of a chunk in the order in which they were applied.

    `largest_stored` is the bytes of the largest chunk that they can have made, `dtype` that of the
    voxels behind the filters.
    """

    steps: tuple[Step, ...]
    dtype: np.dtype
    largest_stored: int

    @property
    def largest_decoded(self) -> int:
        """Bytes of the largest that a step decodes to."""
        return max((step.decoded for step in self.steps), default=self.largest_stored)


def chain_of(configs: Sequence[dict[str, Any]], dtype: np.dtype, voxels: int, where: str) -> Chain:
    """Check the codecs that are applied, in this order, to a chunk.

    Args:
        configs: of each codec what numcodecs calls its config: its id and its settings.
        dtype: the type of the voxels in front of the first.
        voxels: how many a chunk has.
        where: for the refusal.

    Raises:
        BadInput: a codec is unknown, not to be trusted, in the wrong place, or has settings with
            which the decoded size cannot be told.
    """
    if len(configs) > _LONGEST_CHAIN:
        raise malformed(where, f"has a chain of {len(configs)} codecs")
    steps: list[Step] = []
    size, exact, still_voxels = voxels * dtype.itemsize, True, True
    for config in configs:
        codec = member(config, "id", str, where)
        if codec in FILTERS and still_voxels:
            settings, dtype = FILTERS[codec](config, dtype, where)
            steps.append(Step(codec, settings, size, exact))
            size = voxels * dtype.itemsize
            continue
        still_voxels = False
        if codec in COMPRESSORS and exact:
            steps.append(Step(codec, _compressor_settings(config, where), size, exact))
            size, exact = _largest_compressed(size), False
        elif codec in CHECKSUMS:
            steps.append(Step(codec, _checksum_settings(config, where), size, exact))
            size += CHECKSUM_BYTES
        elif codec == "shuffle":
            steps.append(Step(codec, _shuffle_settings(config, size, where), size, exact))
        else:
            raise _not_decoded(codec, where)
    return Chain(tuple(steps), dtype, size)


def _not_decoded(codec: str, where: str) -> BadInput:
    known = codec in (*COMPRESSORS, *FILTERS)
    return refused(
        where,
        f"the codec {shown(codec)} is not accepted{' in this place' if known else ''}",
        f"store it with one of {', '.join(COMPRESSORS)}",
    )


def _largest_compressed(size: int) -> int:
    """More than any of the compressors makes of bytes that cannot be compressed."""
    return size + size // 50 + 4096


def _number_type(config: dict[str, Any], key: str, where: str) -> np.dtype:
    name = member(config, key, str, where)
    if not _NUMBER_TYPE.fullmatch(name):
        raise malformed(where, f"has {key} = {shown(name)}, not a type of number")
    return np.dtype(name)


def _types(
    config: dict[str, Any], decoded_key: str, encoded_key: str, dtype: np.dtype, where: str
) -> tuple[np.dtype, np.dtype]:
    decoded = _number_type(config, decoded_key, where)
    if decoded.name != dtype.name:
        raise malformed(where, f"has a filter for {decoded.name} where there is {dtype.name}")
    if config.get(encoded_key) is None:
        return decoded, decoded
    return decoded, _number_type(config, encoded_key, where)


def _delta(config: dict[str, Any], dtype: np.dtype, where: str) -> tuple[dict[str, Any], np.dtype]:
    decoded, encoded = _types(config, "dtype", "astype", dtype, where)
    return {"dtype": decoded, "astype": encoded}, encoded


def _fixed_scale_offset(
    config: dict[str, Any], dtype: np.dtype, where: str
) -> tuple[dict[str, Any], np.dtype]:
    settings, encoded = _delta(config, dtype, where)
    finite(config.get("offset"), "offset", where)
    if finite(config.get("scale"), "scale", where) == 0:
        raise malformed(where, "has a scale of 0")
    # Whole numbers stay such: in numpy they give other bits than floating-point ones.
    return {**settings, "scale": config["scale"], "offset": config["offset"]}, encoded


def _quantize(
    config: dict[str, Any], dtype: np.dtype, where: str
) -> tuple[dict[str, Any], np.dtype]:
    settings, encoded = _delta(config, dtype, where)
    if dtype.kind != "f" or encoded.kind != "f":
        raise malformed(where, "quantizes what are no floating-point numbers")
    return {**settings, "digits": 0}, encoded  # how many were kept does not matter to decoding


def _as_type(
    config: dict[str, Any], dtype: np.dtype, where: str
) -> tuple[dict[str, Any], np.dtype]:
    decoded, encoded = _types(config, "decode_dtype", "encode_dtype", dtype, where)
    return {"decode_dtype": decoded, "encode_dtype": encoded}, encoded


def _bit_round(
    config: dict[str, Any], dtype: np.dtype, where: str
) -> tuple[dict[str, Any], np.dtype]:
    return {}, dtype


_Filter = Callable[[dict[str, Any], np.dtype, str], tuple[dict[str, Any], np.dtype]]
FILTERS: dict[str, _Filter] = {
    "delta": _delta,
    "fixedscaleoffset": _fixed_scale_offset,
    "quantize": _quantize,
    "astype": _as_type,
    "bitround": _bit_round,
}


def _compressor_settings(config: dict[str, Any], where: str) -> dict[str, Any]:
    """None: what is compressed says itself how, but for the two containers of LZMA."""
    if config["id"] != "lzma":
        return {}
    container = optional(config, "format", int, where)
    if container is not None and container not in _XZ_OR_LZMA:
        raise malformed(
            where, f"has lzma of the format {shown(container)}, whose memory is not bounded"
        )
    return {"format": 1 if container is None else container}


def _checksum_settings(config: dict[str, Any], where: str) -> dict[str, Any]:
    location = optional(config, "location", str, where)
    if location not in (None, "start", "end"):
        raise malformed(where, f"has a checksum at {shown(location)}")
    return {} if location is None else {"location": location}


def _shuffle_settings(config: dict[str, Any], size: int, where: str) -> dict[str, Any]:
    itemsize = checked(config.get("elementsize", 4), int, "elementsize", where)
    if not 1 <= itemsize <= 255 or size % itemsize:
        raise malformed(where, f"shuffles {size} bytes by {shown(itemsize)}")
    return {"elementsize": itemsize}
