"""Metadata documents of a Zarr array, checked to be harmless before anything is opened.

Formats 2 and 3: https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html and
https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html. The documents of a multiscale are
read by `ngff_metadata`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.refusals import (
    ACCEPTED_DTYPES,
    MOST_VOXELS,
    check_memory,
    check_shape,
    refused,
    shown,
)
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import (
    malformed,
    member,
    optional,
    parse_object,
    whole_numbers,
)
from cryoet_zarr_bench.tomograms.formats.zarr.ngff_metadata import (
    Level,
    Multiscale,
    read_multiscale,
)
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_axes import (
    SpatialAxes,
    check_other_axes,
    given_names,
    spatial_axes,
)
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_chunks import decode
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_pipeline import (
    Pipeline,
    format_2_pipeline,
    format_3_pipeline,
)
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_scalars import (
    fill_value,
    format_2_dtype,
    type_not_accepted,
)

__all__ = ["Level", "Multiscale", "StoredArray", "read_array_metadata", "read_multiscale"]

MOST_CHUNKS = 10_000_000
"""Of an array: a real tomogram has fewer by far, and to look for each takes a minute."""

MOST_AXES = 5
"""Time and channel, each of length 1, before z, y, x: https://ngff.openmicroscopy.org/0.5/"""

_COPIES_OF_A_CHUNK = 2  # a chunk is in memory as it is stored, and as it is decoded
_XARRAY_NAMES = "_ARRAY_DIMENSIONS"  # of the attributes, in both formats
_KEYS_OF_FORMAT_3 = (
    "zarr_format",
    "node_type",
    "shape",
    "data_type",
    "chunk_grid",
    "chunk_key_encoding",
    "fill_value",
    "codecs",
    "attributes",
    "dimension_names",
    "storage_transformers",
)


@dataclass(frozen=True)
class StoredArray:
    """Metadata of one Zarr array, checked to be harmless.

    Axes are those of the document, and `spatial_axes` says which of them are z, y, x; any other has
    one step. `axis_names` are the names in lower case, None where the array has none. `dtype` has
    the stored byte order.
    `chunks` is the shape of an inner chunk, `shards` that of a shard, None if there are none.
    `fill_value` is a scalar of the dtype, 0 where the document has null. `codecs` are, of format 2,
    the filters and then the compressor, as numcodecs configs; of format 3 the chain.
    """

    zarr_format: int
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    shards: tuple[int, ...] | None
    dtype: np.dtype
    order: str
    fill_value: Any
    codecs: tuple[dict[str, Any], ...]
    separator: str
    key_prefix: str
    pipeline: Pipeline
    axis_names: tuple[str, ...] | None
    spatial_axes: SpatialAxes

    def grid(self) -> tuple[int, ...]:
        """The number of stored objects along each axis: shards if there are any, else chunks."""
        steps = self.shards or self.chunks
        return tuple(-(-length // step) for length, step in zip(self.shape, steps, strict=True))

    def key(self, index: tuple[int, ...]) -> str:
        """The key of a stored object relative to the array's folder, such as `0/1/2`."""
        return self.key_prefix + self.separator.join(map(str, index))

    @property
    def chunk_bytes(self) -> int:
        """The bytes of one decoded chunk."""
        return math.prod(self.chunks) * self.dtype.itemsize

    @property
    def largest_stored_chunk(self) -> int:
        """More bytes than the codecs can have made of a chunk: what is larger is not read."""
        return self.pipeline.chain.largest_stored

    def decode(self, stored: bytes, where: str) -> np.ndarray:
        """Decode one chunk (of a sharded array an inner one) of shape `chunks`, not writable.

        Raises:
            BadInput: the stored bytes are damaged, or would decode to another size than a chunk
                has: no memory is taken for that.
        """
        voxels = decode(self.pipeline.chain, stored, where).view(self.dtype)
        axes = self.pipeline.stored_axes
        stored_shape = [self.chunks[axis] for axis in axes]
        return voxels.reshape(stored_shape).transpose(np.argsort(axes))


def read_array_metadata(
    document: bytes,
    where: str,
    attributes: dict[str, Any] | None = None,
    axes: Sequence[str] | None = None,
) -> StoredArray:
    """Read the `.zarray` or `zarr.json` of an array.

    Args:
        document: as it was stored; a byte more than `LARGEST_DOCUMENT` is enough to be refused.
        where: a path or a URL, for the refusal.
        attributes: of an array of format 2, from its `.zattrs`; xarray names the axes there.
        axes: the names that a multiscale has for them.

    Raises:
        BadInput: it is no such document, or the array is not one that can be read without running
            what it says or taking more memory than there is: a dtype that is not accepted, a codec
            that is not known to be harmless, a shape, chunk shape or number of chunks that cannot
            be real.
    """
    mapping = parse_object(document, where)
    zarr_format = member(mapping, "zarr_format", int, where)
    if zarr_format == 2:
        array = _format_2(mapping, attributes or {}, axes, where)
    elif zarr_format == 3:
        array = _format_3(mapping, axes, where)
    else:
        raise malformed(where, f"is of the Zarr format {shown(zarr_format)}, not 2 or 3")
    _check_chunks(array, where)
    return array


def _shape(mapping: dict[str, Any], where: str) -> tuple[int, ...]:
    shape = whole_numbers(mapping, "shape", where)
    if not 3 <= len(shape) <= MOST_AXES:
        raise refused(
            where,
            f"has {len(shape)} axes, shape {shown(shape)}",
            "give a volume with the axes z, y, x",
        )
    return shape


def _axes(
    names: Any, of_multiscale: Sequence[str] | None, shape: tuple[int, ...], where: str
) -> tuple[tuple[str, ...] | None, SpatialAxes]:
    """The names of the axes, and which of them are z, y, x.

    `names` are the array's own. Those of its multiscale must not say something else.
    """
    if names is not None and not (
        isinstance(names, list) and all(name is None or isinstance(name, str) for name in names)
    ):
        raise malformed(where, f"names its axes {shown(names)}")
    own, others = given_names(names), given_names(of_multiscale)
    if own is not None and others is not None and own != others:
        raise refused(
            where,
            f"names its axes {shown(list(own))}, its multiscale {shown(list(others))}",
            "correct the one that is wrong",
        )
    known = own or others
    spatial = spatial_axes(known, len(shape), where)
    check_other_axes(shape, spatial, known, where)
    z, y, x = (shape[axis] for axis in spatial)
    check_shape(where, (z, y, x))
    return known, spatial


def _check_chunk_shape(chunks: tuple[int, ...], shape: tuple[int, ...], where: str) -> None:
    """Raise BadInput unless a chunk has the axes of its array and a sane number of voxels."""
    if len(chunks) != len(shape) or not 1 <= math.prod(chunks) <= MOST_VOXELS:
        raise malformed(where, f"has chunks of {shown(chunks)} in an array of {shown(shape)}")


def _check_chunks(array: StoredArray, where: str) -> None:
    count = math.prod(
        -(-length // step) for length, step in zip(array.shape, array.chunks, strict=True)
    )
    if count > MOST_CHUNKS:
        raise refused(where, f"has {count} chunks", f"give an array of at most {MOST_CHUNKS}")
    largest = max(array.pipeline.chain.largest_decoded, array.chunk_bytes)
    check_memory(
        where,
        _COPIES_OF_A_CHUNK * largest,
        what=f"a chunk of {shown(array.chunks)}",
        remedy="store it in smaller chunks",
    )


def _format_2(
    mapping: dict[str, Any], attributes: dict[str, Any], axes: Sequence[str] | None, where: str
) -> StoredArray:
    shape = _shape(mapping, where)
    names, spatial = _axes(attributes.get(_XARRAY_NAMES), axes, shape, where)
    chunks = whole_numbers(mapping, "chunks", where)
    _check_chunk_shape(chunks, shape, where)
    dtype = format_2_dtype(mapping.get("dtype"), where)
    order = member(mapping, "order", str, where)
    if order not in ("C", "F"):
        raise malformed(where, f"has order = {shown(order)}")
    filters = optional(mapping, "filters", list, where) or []
    compressor = optional(mapping, "compressor", dict, where)
    codecs = filters if compressor is None else [*filters, compressor]
    return StoredArray(
        zarr_format=2,
        shape=shape,
        chunks=chunks,
        shards=None,
        dtype=dtype,
        order=order,
        fill_value=fill_value(mapping.get("fill_value"), dtype, where),
        codecs=tuple(codecs),
        separator=_separator(mapping, "dimension_separator", ".", where),
        key_prefix="",
        pipeline=format_2_pipeline(codecs, chunks, dtype, order, where),
        axis_names=names,
        spatial_axes=spatial,
    )


def _format_3(mapping: dict[str, Any], axes: Sequence[str] | None, where: str) -> StoredArray:
    if member(mapping, "node_type", str, where) != "array":
        raise malformed(where, "is not that of an array")
    for key, value in mapping.items():
        if key not in _KEYS_OF_FORMAT_3 and not _may_be_ignored(value):
            raise malformed(where, f"has {shown(key)}, which is not known")
    if mapping.get("storage_transformers"):
        raise malformed(where, "has storage transformers, of which none is known")
    shape = _shape(mapping, where)
    attributes = optional(mapping, "attributes", dict, where) or {}
    given = mapping.get("dimension_names") or attributes.get(_XARRAY_NAMES)
    names, spatial = _axes(given, axes, shape, where)
    chunk_grid = member(mapping, "chunk_grid", dict, where)
    if chunk_grid.get("name") != "regular":
        raise malformed(
            where, f"has the chunk grid {shown(chunk_grid.get('name'))}, not a regular one"
        )
    grid_settings = member(chunk_grid, "configuration", dict, where)
    stored_shape = whole_numbers(grid_settings, "chunk_shape", where)
    _check_chunk_shape(stored_shape, shape, where)
    data_type = mapping.get("data_type")
    if data_type not in ACCEPTED_DTYPES:
        raise type_not_accepted(data_type, where)
    codecs = member(mapping, "codecs", list, where)
    if "fill_value" not in mapping:
        raise malformed(where, "lacks fill_value")
    pipeline = format_3_pipeline(codecs, stored_shape, np.dtype(data_type), where)
    prefix, separator = _key_encoding(mapping, where)
    return StoredArray(
        zarr_format=3,
        shape=shape,
        chunks=pipeline.chunks,
        shards=None if pipeline.shard_index is None else stored_shape,
        dtype=pipeline.dtype,
        order="C",
        fill_value=fill_value(mapping["fill_value"], pipeline.dtype, where),
        codecs=tuple({"name": each} if isinstance(each, str) else each for each in codecs),
        separator=separator,
        key_prefix=prefix,
        pipeline=pipeline,
        axis_names=names,
        spatial_axes=spatial,
    )


def _may_be_ignored(value: Any) -> bool:
    return isinstance(value, dict) and value.get("must_understand") is False


def _key_encoding(mapping: dict[str, Any], where: str) -> tuple[str, str]:
    encoding = member(mapping, "chunk_key_encoding", dict, where)
    settings = optional(encoding, "configuration", dict, where) or {}
    if encoding.get("name") == "default":
        separator = _separator(settings, "separator", "/", where)
        return f"c{separator}", separator
    if encoding.get("name") == "v2":
        return "", _separator(settings, "separator", ".", where)
    raise malformed(where, f"has the chunk key encoding {shown(encoding.get('name'))}")


def _separator(mapping: dict[str, Any], key: str, default: str, where: str) -> str:
    separator: str = mapping.get(key, default)
    if separator not in (".", "/"):
        raise malformed(where, f"has {key} = {shown(separator)}")
    return separator
