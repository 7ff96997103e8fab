"""A script of some twenty lines that shows a change with zarr and numpy alone."""

from __future__ import annotations

import re

from cryoet_zarr_bench.verdicts.compared_cells import OPEN, ComparedCell
from cryoet_zarr_bench.verdicts.compared_releases import Side

_CALLS = {
    "write.Write.time_write": "create(number)[...] = volume",
    "read.Read.time_read_volume": "array[...]",
    "read.Read.time_read_xy_slice": "array[64]",
    OPEN: 'zarr.open_array(store=f"{folder}/0", mode="r")',
    "shards.ReadShards.time_volume": "array[...]",
    "shards.ReadShards.time_xy_slice": "array[64]",
    "shards.WriteShards.time_write": "create(number)[...] = volume",
}
"""What is called in a benchmark, in the words of the script."""

_BLOSC = re.compile(r"blosc-(\w+)-(\d)-(\w+)")
_LEVEL = re.compile(r"(zstd|gzip)-(\d+)")

_SCRIPT = """\
# Run it with each release:
#   {run_a} this.py
#   {run_b} this.py
import statistics, tempfile, time
import numpy as np
import zarr
{imports}
volume = np.random.default_rng(0).normal(size=(128, 128, 128)).astype("float32")

def create(number):
    return {create}

with tempfile.TemporaryDirectory() as folder:
    create(0)[...] = volume
    array, seconds = zarr.open_array(store=f"{{folder}}/0", mode="r"), []
    for number in range(1, 40):
        begin = time.process_time()
        {call}
        seconds.append(time.process_time() - begin)
print(f"zarr {{zarr.__version__}}: {{statistics.median(seconds) * 1e3:.3f}} ms of CPU time")
"""


def standalone_script(cell: ComparedCell, a: Side, b: Side, python: str) -> str | None:
    """The script for a cell of two releases; None for a call or a codec that it has no words for.

    The volume is noise: of codecs it shows that they work, not what they save.
    """
    compressor = _compressor(cell)
    if cell.benchmark not in _CALLS or compressor is None:
        return None
    codec, imports = compressor
    chunks, _, shards = cell.chunks.partition(" in ")
    shape = ", ".join(chunks.split("x"))
    common = f'store=f"{{folder}}/{{number}}", shape=volume.shape, dtype="f4", chunks=({shape})'
    if cell.zarr_format == 2:
        imports += '\nform = {"zarr_format": 2} if zarr.__version__ >= "3" else {}'
        create = f"zarr.create({common}, compressor={codec}, **form)"
    else:
        inner = f", shards=({', '.join(shards.split('x'))})" if shards else ""
        create = f"zarr.create_array({common}{inner}, compressors={codec}, zarr_format=3)"
    return _SCRIPT.format(
        run_a=_run(a, python),
        run_b=_run(b, python),
        imports=imports.strip("\n"),
        create=create,
        call=_CALLS[cell.benchmark],
    ).replace("\n\n\n", "\n\n")


def _compressor(cell: ComparedCell) -> tuple[str, str] | None:
    """The codec as the script makes it, and what it imports for it; None if it has no words."""
    if cell.codec == "none":
        return "None", ""
    if blosc := _BLOSC.fullmatch(cell.codec):
        name, level, shuffle = blosc.groups()
        if cell.zarr_format == 2:
            number = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}[shuffle]
            return f'Blosc("{name}", {level}, {number})', "from numcodecs import Blosc"
        return (
            f'BloscCodec(cname="{name}", clevel={level}, shuffle="{shuffle}")',
            "from zarr.codecs import BloscCodec",
        )
    if level_of := _LEVEL.fullmatch(cell.codec):
        name, level = level_of.groups()
        kind = {"zstd": "Zstd", "gzip": "GZip"}[name]
        if cell.zarr_format == 2:
            return f"{kind}({level})", f"from numcodecs import {kind}"
        kind = {"zstd": "Zstd", "gzip": "Gzip"}[name]
        return f"{kind}Codec(level={level})", f"from zarr.codecs import {kind}Codec"
    return None


def _run(side: Side, python: str) -> str:
    given = " ".join(f"--with '{each}'" for each in side.requirements)
    return f"uv run --no-project --python {python} {given}"
