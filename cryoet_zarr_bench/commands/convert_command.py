"""`convert` on the terminal: progress while it works, a short summary at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from cryoet_zarr_bench.api.converting import convert
from cryoet_zarr_bench.commands.surveying.batch_command import Batch, is_batch, run_batch
from cryoet_zarr_bench.common.shown_text import for_terminal, on_one_line
from cryoet_zarr_bench.common.voxel_spacing import lengths_text, spacing_text
from cryoet_zarr_bench.conversion.conversion_request import StoreOptions, target_kind
from cryoet_zarr_bench.conversion.streamed_conversion import Advance, Conversion
from cryoet_zarr_bench.storage.stores.multiscale_metadata import NGFF_VERSION
from cryoet_zarr_bench.tomogram_survey.dask_workers import Piece, WorkerChoice

INTERRUPTED = 130


@dataclass(frozen=True)
class Wanted:
    """A conversion as it is typed: one or many tomograms, and a file, or a folder for many."""

    sources: tuple[str, ...]
    target: str
    options: StoreOptions
    voxel_spacing: str | None
    level: int | None
    overwrite: bool

    @property
    def is_batch(self) -> bool:
        """True if many tomograms are meant."""
        return is_batch(self.sources)


def run_convert(console: Console, wanted: Wanted) -> int:
    """Convert, show how far it is, print what was made; the exit code, 130 after Ctrl-C.

    Raises BadInput if it cannot be converted.
    """
    try:
        with _progress(console) as advance:
            conversion = convert(
                wanted.sources[0],
                wanted.target,
                wanted.options,
                voxel_spacing=wanted.voxel_spacing,
                level=wanted.level,
                overwrite=wanted.overwrite,
                progress=advance,
            )
    except KeyboardInterrupt:
        target = Path(wanted.target).expanduser().resolve()
        print(f"interrupted: {for_terminal(target)} is as it was before", file=sys.stderr)
        return INTERRUPTED
    for line in summary(conversion):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0


def convert_many(
    console: Console, wanted: Wanted, suffix: str, workers: int | None, resume: bool
) -> int:
    """Convert many tomograms into a folder; the exit code, 1 where some failed.

    Raises BadInput where names or options cannot be.
    """
    from cryoet_zarr_bench.commands.surveying.batch_pieces import convert_one

    target_kind(Path(f"any{suffix}"))
    batch = Batch(
        wanted.sources,
        Path(wanted.target).expanduser(),
        suffix,
        resume,
        wanted.overwrite,
        WorkerChoice(workers),
    )
    rest = (wanted.options, wanted.voxel_spacing, wanted.level, wanted.overwrite)

    def piece_of(source: str, target: Path) -> Piece:
        return Piece(source, convert_one, (source, str(target), *rest))

    return run_batch(console, batch, "converting", piece_of)


@contextmanager
def _progress(console: Console) -> Iterator[Advance]:
    """A line that says what is done now; nothing if the output is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        tasks: dict[str, TaskID] = {}

        def advance(step: str, voxels: int, all_voxels: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=all_voxels, done="")
            progress.update(tasks[step], advance=voxels)
            done = progress.tasks[tasks[step]].completed
            progress.update(tasks[step], done=f"{done / 1e6:.0f} of {all_voxels / 1e6:.0f} Mvoxel")

        yield advance


def summary(conversion: Conversion) -> list[str]:
    """Describe what was made, in lines."""
    size = " x ".join(str(length) for length in conversion.shape)
    ratio = conversion.raw_bytes / conversion.target_bytes
    seconds = conversion.seconds_writing
    told = [f"note: {on_one_line(note)}" for note in conversion.notes]
    told += [f"left out: {on_one_line(what)}" for what in conversion.left_out]
    return [
        f"{for_terminal(conversion.target)}: {size} voxels (z, y, x), "
        f"{conversion.dtype}{_store(conversion)}",
        f"voxel spacing: {_spacing(conversion)}",
        f"size: {decimal(conversion.source_bytes)} -> {decimal(conversion.target_bytes)}, "
        f"ratio {ratio:.3f} (bytes in memory over bytes stored{_pyramid(conversion)})",
        f"time: {seconds:.1f} s, {conversion.raw_bytes / seconds / 1e6:.0f} MB/s; "
        f"reading it again: {conversion.seconds_checking:.1f} s",
        "check: level 0 has the same bits as the source"
        + ("; the metadata is valid for ome-zarr-models" if conversion.config else ""),
        *told,
    ]


def _store(conversion: Conversion) -> str:
    config, count = conversion.config, conversion.level_count
    if config is None:
        return ""
    levels = "1 level" if count == 1 else f"levels 0 to {count - 1}"
    return (
        f"; OME-Zarr {NGFF_VERSION[config.zarr_format]}, {config.codec.name}, "
        f"chunks {config.chunks_text}, {levels}"
    )


def _pyramid(conversion: Conversion) -> str:
    return ", pyramid included" if conversion.level_count > 1 else ""


def _spacing(conversion: Conversion) -> str:
    kept, wanted = conversion.kept_spacing, conversion.wanted_spacing
    if kept is not None:
        unknown = ", ? is not known; --voxel-spacing says it" if None in kept else ""
        return f"{spacing_text(kept)} (z, y, x){unknown}"
    if wanted is None:
        return "not known; --voxel-spacing says it"
    return (
        f"not stored, this kind of file has no place for it; when you convert it back, say "
        f"--voxel-spacing {lengths_text(wanted, ',')}"
    )
