"""The lines of Python that make the array of a layout, to be copied into one's own program."""

from __future__ import annotations

import pprint
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cryoet_zarr_bench.analysis.layout_comparison import is_file
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.storage.config import StorageConfig, chunks_name
from cryoet_zarr_bench.storage.expected_metadata import expected_metadata
from cryoet_zarr_bench.storage.format_placement import format_2_codecs, format_3_steps

STORE = "tomogram.zarr"
"""The folder that the lines make."""


def config_of(line: LayoutLine) -> StorageConfig | None:
    """The storage config of a layout's finest level; None if its codecs have no name here."""
    finest = line.levels[0]
    chunks = chunks_name(_three(finest.chunks))
    if finest.shards is not None:
        chunks = f"{chunks} in {chunks_name(_three(finest.shards))}"
    try:
        return StorageConfig.of(finest.codec, chunks, finest.zarr_format)
    except ValueError:
        return None


def creating_lines(line: LayoutLine) -> dict[str, str]:
    """Python that makes an array such as a layout's finest level, by the library that runs it.

    The libraries are `zarr 3`, `zarr 2` where that writes the format, and `tensorstore` where that
    was found to read the layout. Empty if the layout's codecs have no name here, and for files.
    """
    config, finest = config_of(line), line.levels[0]
    if config is None or is_file(line):
        return {}
    shape, dtype = _three(finest.shape), np.dtype(finest.dtype)
    lines = {"zarr 3": _zarr_3(shape, dtype, config)}
    if config.zarr_format == 2:
        lines["zarr 2"] = _zarr_2(shape, dtype, config)
    if any(name.startswith("tensorstore") and not why for name, why in line.readers.items()):
        lines["tensorstore"] = _tensorstore(shape, dtype, config)
    return lines


def _three(lengths: Sequence[int]) -> tuple[int, int, int]:
    z, y, x = lengths
    return z, y, x


def _zarr_3(shape: tuple[int, int, int], dtype: np.dtype, config: StorageConfig) -> str:
    arguments: dict[str, Any] = {"shape": shape, "dtype": dtype.name, "chunks": config.chunks}
    imports: tuple[str, ...] = ("zarr",)
    if config.shards is not None:
        arguments["shards"] = config.shards
    if config.zarr_format == 2:
        filters, compressor = format_2_codecs(config, dtype)
        named = {"filters": _numcodecs(filters), "compressors": _numcodec(compressor)}
        named["chunk_key_encoding"] = repr({"name": "v2", "separator": "/"})
        imports = ("numcodecs", "zarr")
    else:
        placed = format_3_steps(config, dtype)
        named = {"filters": pprint.pformat([step.format_3 for step in placed.filters], width=90)}
        if placed.serializer is not None:
            named["serializer"] = pprint.pformat(placed.serializer.format_3, width=90)
        compressors = [step.format_3 for step in placed.compressors]
        named["compressors"] = pprint.pformat(compressors or None, sort_dicts=False, width=90)
    arguments["zarr_format"] = config.zarr_format
    return _call(imports, "zarr.create_array", arguments, named)


def _zarr_2(shape: tuple[int, int, int], dtype: np.dtype, config: StorageConfig) -> str:
    filters, compressor = format_2_codecs(config, dtype)
    arguments = {"mode": "w", "shape": shape, "dtype": dtype.name, "chunks": config.chunks}
    named = {"filters": _numcodecs(filters), "compressor": _numcodec(compressor)}
    named["dimension_separator"] = repr("/")
    return _call(("numcodecs", "zarr"), "zarr.open_array", arguments, named)


def _tensorstore(shape: tuple[int, int, int], dtype: np.dtype, config: StorageConfig) -> str:
    spec = {
        "driver": "zarr3" if config.zarr_format == 3 else "zarr",
        "kvstore": {"driver": "file", "path": f"{STORE}/"},
        "create": True,
        "metadata": expected_metadata(shape, dtype, config),
    }
    written = pprint.pformat(spec, sort_dicts=False, width=90)
    return f"import tensorstore\n\narray = tensorstore.open({written}).result()\n"


def _numcodec(codec: Mapping[str, Any] | None) -> str:
    if codec is None:
        return "None"
    return f"numcodecs.get_codec({pprint.pformat(dict(codec), sort_dicts=False, width=90)})"


def _numcodecs(codecs: Sequence[Mapping[str, Any]]) -> str:
    return f"[{', '.join(map(_numcodec, codecs))}]" if codecs else "None"


def _call(
    imports: Sequence[str], function: str, arguments: Mapping[str, Any], named: Mapping[str, str]
) -> str:
    """A call that is given the folder, values as they are written, and pieces of Python."""
    given = {key: repr(value) for key, value in arguments.items()} | dict(named)
    lines = "".join(
        f"    {key}={value},\n".replace("\n ", "\n     ")
        for key, value in given.items()
        if value not in ("[]", "None") or key.startswith("compressor")
    )
    head = "".join(f"import {name}\n" for name in imports)
    return f'{head}\narray = {function}(\n    "{STORE}",\n{lines})\n'
