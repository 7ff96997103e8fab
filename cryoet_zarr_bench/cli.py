"""The command line: reads what is asked, calls what does it, prints; no logic of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
from rich.console import Console

from cryoet_zarr_bench import interrupted_program as program
from cryoet_zarr_bench.commands import releases_command as releases
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.shown_text import on_one_line

_INTERRUPTED = {
    "accept": "the machine is added whole, or not at all",
    "anchored": "releases that were measured are kept, the same command goes on with the others",
    "bench": "what was measured is kept, the next run goes on from there",
    "compare": "pairs that were compared are kept, the same command goes on from them",
    "confirm": "pairs that were compared are kept, the same command goes on from them",
    "codec-levels": "tomograms that were measured are kept, the next run does the others",
    "cost": "it only reads, nothing is lost",
    "convert": "the target is whole, or as it was before",
    "describe-tomograms": "those that were described are kept, the next run does the others",
    "fetch": "what arrived is kept, the next run goes on from there",
    "history": "what was measured is kept, the next run goes on from there",
    "interrupted-writes": "what was tried is kept, the next run goes on from there",
    "layouts": "layouts that were measured are kept, the same command goes on with the others",
    "prediction-trials": "what was tried is kept, the next run goes on from there",
    "preview": "no longer served",
    "cache": "what is not removed yet is whole",
    "qc": "each file that was asked for is whole, or as it was before",
    "readme": "each document is whole, some as they were before; the same command writes the rest",
    "quick": "what it wrote is removed, nothing is lost",
    "recommend": "what it wrote is removed, nothing is lost",
    "report": "the folder is whole, or as it was before",
    "releases list": "it only lists, nothing is lost",
    "releases update": "the catalogue is whole, with all that is new or as it was before",
    "s3-reading": "readings that were measured are kept, the same command goes on with the others",
    "shuffled-integers": "tomograms that were encoded are kept, the next run does the others",
    "submit": "the file is whole, or as it was before",
    "particle-damage": "tomograms that were tried are kept, the next run does the others",
    "survey-scale": "trials that were timed are kept, the next run does the others",
    "survey": "rows that were made are kept, the same command with --resume goes on",
    "settings": "settings that were tried to their end are kept, the next run tries all again",
    "tomograms": "it only lists, nothing is lost",
    "trust": "what was measured is kept, the next run goes on from there",
    "verdicts": "what was judged is kept, the next run goes on from there",
}
"""What each command leaves where it was interrupted."""


@contextmanager
def _printable_usage_errors() -> Iterator[None]:
    """Clean messages that repeat an option or a value, so that they cannot control a terminal."""
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message"):
            for name in ("message", "option_name"):
                if isinstance(said := getattr(error, name, None), str):
                    setattr(error, name, on_one_line(said))
        raise


class _Commands(typer.core.TyperGroup):
    """Ends a command in one line and an exit code: 2 for bad input or no memory, 130 for Ctrl-C."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with _printable_usage_errors():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        program.work_begins()
        interrupted = False
        try:
            with _printable_usage_errors():
                return super().invoke(ctx)
        except BadInput as error:
            print(f"error: {on_one_line(error)}", file=sys.stderr)
            raise typer.Exit(2) from error
        except KeyboardInterrupt as interruption:
            interrupted = True
            # A second one may break this line off, but ends no less.
            program.work_ends(told=True)
            print(
                f"interrupted: {_INTERRUPTED.get(_asked(ctx), program.NOTHING_YET)}",
                file=sys.stderr,
            )
            raise typer.Exit(program.INTERRUPTED) from interruption
        except (MemoryError, ImportError, OSError) as error:
            from cryoet_zarr_bench.common.available_memory import is_out_of_memory
            from cryoet_zarr_bench.common.refusals import out_of_memory

            if not is_out_of_memory(error):
                raise
            print(f"error: {out_of_memory(_asked(ctx).partition(' ')[0], error)}", file=sys.stderr)
            raise typer.Exit(2) from error
        finally:
            program.work_ends(told=interrupted)


def _asked(context: Any) -> str:
    """The command of a context as `_INTERRUPTED` has it."""
    group = [context.info_name] if context.parent else []
    return " ".join([*group, str(context.invoked_subcommand)])


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measure how cryo-electron tomograms are stored in Zarr, release by release.",
)
_ANSWERS = "How should I store mine?"
_TOMOGRAMS = "Tomograms: one or many"
_RELEASES = "Releases of zarr and numcodecs"
_FIELD = "What the documents are measured by"
_RESULTS = "Results"

app.add_typer(
    releases.app,
    name="releases",
    rich_help_panel=_RELEASES,
    cls=_Commands,
    help="The releases of zarr and numcodecs measured.",
)

console = Console(soft_wrap=False, emoji=False)

_Workers = Annotated[
    int | None, typer.Option(min=1, help="Of many: processes. Default: one a core.")
]
_Resume = Annotated[
    bool, typer.Option("--resume", help="Of many: leave out what is there already.")
]
_Purpose = Annotated[
    str, typer.Option(help="browsing, slices, picking, training, archive or scratch.")
]
_Today = Annotated[str, typer.Option(help="The layout that the answer is held against.")]
_Folder = Annotated[
    Path | None, typer.Option(help="A folder on the disk that counts; .asv without it.")
]
_Minutes = Annotated[
    float | None,
    typer.Option(help="Start nothing new after so many minutes. Default: do all of it."),
]
_Machine = Annotated[
    str | None, typer.Option(help="Name of this machine in the results. Default: its own.")
]


@app.command(rich_help_panel=_ANSWERS)
def bench(
    tomogram: Annotated[
        str | None,
        typer.Option(
            help="A file (.mrc .map .rec .st .mrcs .ali .tif .tiff .npy .zarr), "
            "portal:DATASET/RUN@SPACING of the CryoET Data Portal, or synthetic:PROFILE@SIZE. "
            "Default: the profile's synthetic tomogram."
        ),
    ] = None,
    crop: Annotated[
        str | None, typer.Option(help="A centred crop, z,y,x in voxels, such as 64,256,256.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="How much of the grid: quick, standard or full.")
    ] = None,
    python: Annotated[
        str | None, typer.Option(help="The version of Python to measure with, such as 3.13.")
    ] = None,
) -> None:
    """Measure the newest release of each branch, publish a dashboard, print a table.

    Results stay on this machine, under .asv/local. If interrupted, the next run continues.
    """
    from cryoet_zarr_bench.commands.bench_command import run_main_job

    _choose(tomogram, crop, profile)
    if not run_main_job(console, python):
        raise typer.Exit(1)


@app.command(rich_help_panel=_TOMOGRAMS)
def fetch(
    tomograms: Annotated[
        list[str] | None,
        typer.Argument(metavar="PORTAL...", help="Many: portal:DATASET, lists of them."),
    ] = None,
    dataset: Annotated[int | None, typer.Option(help="The id of the dataset.")] = None,
    run: Annotated[str | None, typer.Option(help="The name of the run, such as TS_100_3.")] = None,
    tomogram: Annotated[int | None, typer.Option(help="The id of the tomogram.")] = None,
    voxel_spacing: Annotated[str | None, typer.Option(help="In angstrom, such as 10.012.")] = None,
    level: Annotated[int, typer.Option(help="Resolution level, 0 for the finest.")] = 0,
    crop: Annotated[
        str | None, typer.Option(help="A centred crop, z,y,x in voxels. Default: 128,128,128.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Fetch the whole tomogram.")] = False,
    missing_chunks_are_fill: Annotated[
        bool,
        typer.Option("--missing-chunks-are-fill", help="Accept missing chunks as fill values."),
    ] = False,
    into: Annotated[Path | None, typer.Option(help="Of many: a folder for each of them.")] = None,
    to: Annotated[str, typer.Option(help="Of many: the suffix of each.")] = ".zarr",
    workers: _Workers = None,
    resume: _Resume = False,
) -> None:
    """Fetch a tomogram of the CryoET Data Portal into the cache: only the chunks it needs.

    If interrupted, run the same command again. Then bench --tomogram portal:... measures it.
    """
    from cryoet_zarr_bench.commands.fetch_command import FetchedFiles, fetch_many, run_fetch
    from cryoet_zarr_bench.common.refusals import refused
    from cryoet_zarr_bench.tomograms.tomogram_sources import WHOLE, portal_source

    if crop and full:
        raise refused("fetch", "has both --crop and --full", "give one of them")
    if tomograms:
        files = FetchedFiles(WHOLE if full else crop, into, to)
        raise typer.Exit(fetch_many(console, tomograms, files, workers, resume))
    source = portal_source(
        dataset=dataset,
        run=run,
        tomogram=tomogram,
        voxel_spacing=voxel_spacing,
        level=level,
        missing_chunks_are_fill=missing_chunks_are_fill,
    )
    run_fetch(console, source, WHOLE if full else crop)


@app.command(rich_help_panel=_TOMOGRAMS)
def tomograms(
    dataset: Annotated[
        int | None, typer.Option(help="List the tomograms of this dataset of the portal.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="List the tomograms of this run of the portal.")
    ] = None,
) -> None:
    """List the tomograms of the CryoET Data Portal, or without options those in the cache."""
    from cryoet_zarr_bench.commands.fetch_command import list_cache, list_portal

    if dataset is None and run is None:
        list_cache(console)
    else:
        list_portal(console, dataset, run)


@app.command(rich_help_panel=_TOMOGRAMS)
def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove every entry that no process uses.")
    ] = False,
    older_than: Annotated[
        float | None,
        typer.Option(
            metavar="DAYS", min=0, help="With --clear: only entries not used for so many days."
        ),
    ] = None,
) -> None:
    """Show the cache of prepared tomograms and when each was last used, or clear it.

    Above CRYOET_CACHE_LIMIT bytes it drops the entries that were used longest ago.
    """
    from cryoet_zarr_bench.commands.cache_command import run_clear, show_cache
    from cryoet_zarr_bench.common.refusals import refused

    if older_than is not None and not clear:
        raise refused("cache", "has --older-than without --clear", "give both")
    if clear:
        run_clear(console, older_than or 0)
    else:
        show_cache(console)


@app.command(name="convert", rich_help_panel=_TOMOGRAMS)
def convert_tomogram(
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="SRC...",
            help="Files: .mrc .tif .npy .zarr and more; many as for survey.",
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="DST",
            help="Ends in .zarr .mrc .map .rec .tif .tiff .ome.tif .ome.tiff .npy; "
            "of many a folder.",
        ),
    ],
    codec: Annotated[str | None, typer.Option(help="Such as blosc-zstd-5-shuffle.")] = None,
    chunks: Annotated[
        str | None, typer.Option(help="Such as 64x64x64, or '32x32x32 in 128x128x128' for shards.")
    ] = None,
    zarr_format: Annotated[
        int | None,
        typer.Option(help="2 for OME-Zarr 0.4, 3 for 0.5. Default: 2, or 3 with shards."),
    ] = None,
    levels: Annotated[int | None, typer.Option(help="Levels of the pyramid. Default: 3.")] = None,
    voxel_spacing: Annotated[
        str | None, typer.Option(help="In angstrom, 10.012 or z,y,x. Default: that of the source.")
    ] = None,
    level: Annotated[
        int | None, typer.Option(help="Level of a source with several. Default: 0.")
    ] = None,
    mode_0: Annotated[
        str | None,
        typer.Option(
            "--mode-0",
            metavar="signed|unsigned",
            help="What bytes of an MRC (mode 0) are. Default: as its header says.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace DST once the new one is complete.")
    ] = False,
    to: Annotated[str, typer.Option(help="Of many: the suffix of each.")] = ".zarr",
    workers: _Workers = None,
    resume: _Resume = False,
) -> None:
    """Convert MRC, TIFF, OME-TIFF or .npy to OME-Zarr, and back.

    It streams in bounded memory, keeps the voxel spacing and compares the bits at the end. Either
    DST is complete, or it is as it was before. Of many, a table says which failed and why, and the
    exit code is 1.
    """
    from cryoet_zarr_bench.commands.convert_command import Wanted, convert_many, run_convert
    from cryoet_zarr_bench.conversion.conversion_request import StoreOptions

    options = StoreOptions(codec, chunks, zarr_format, levels, mode_0)
    wanted = Wanted(tuple(source), target, options, voxel_spacing, level, overwrite)
    if wanted.is_batch:
        raise typer.Exit(convert_many(console, wanted, to, workers, resume))
    raise typer.Exit(run_convert(console, wanted))


@app.command(rich_help_panel=_TOMOGRAMS)
def qc(
    tomogram: Annotated[
        list[str] | None,
        typer.Argument(help="A file, or any other source that bench takes; many as for survey."),
    ] = None,
    crop: Annotated[str | None, typer.Option(help="As for bench.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report here.")] = None,
    page: Annotated[
        Path | None, typer.Option(help="Draw it on a page: FILE.png or FILE.html.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Of many: the folder for a report and a page of each.")
    ] = None,
    workers: _Workers = None,
    resume: _Resume = False,
) -> None:
    """Check the quality of a tomogram: statistics, noise, clipping, slices, lost blocks, wedge.

    Exit code 0: nothing failed, warnings or not; 1: a check failed; 2: bad input.
    """
    from cryoet_zarr_bench.commands.qc_command import QualityFiles, check_many, run_quality_control

    given = tomogram or []
    files = QualityFiles(json_file, page, into)
    if files.are_of_many(given):
        raise typer.Exit(check_many(console, given, crop, files, workers, resume))
    raise typer.Exit(run_quality_control(console, given[0] if given else None, crop, files))


@app.command(rich_help_panel=_RELEASES)
def history(
    machine: _Machine = None,
    tomogram: Annotated[
        list[str] | None,
        typer.Option(help="As for bench. Repeat it to measure several, one after the other."),
    ] = None,
    newest: Annotated[
        bool, typer.Option("--newest", help="Measure only the newest release.")
    ] = False,
    profile: Annotated[str | None, typer.Option(help="As for bench.")] = None,
    patience: Annotated[
        float | None,
        typer.Option(
            metavar="MINUTES",
            min=0,
            help="Before each release, wait so long for the machine to be as fast as usual, and "
            "repeat what was measured while it was slower.",
        ),
    ] = None,
) -> None:
    """Measure every release of the catalogue that has no results yet; publish into html/.

    Releases measured with a smaller profile are measured again. This writes the committed
    results. If interrupted, the next run continues.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.bench_command import run_history

    _choose(None, None, profile)
    name = chosen_machine(machine)
    if not run_history(console, name, tomograms=tomogram or (), newest=newest, patience=patience):
        raise typer.Exit(1)


@app.command(rich_help_panel=_RELEASES)
def confirm(
    a: Annotated[str, typer.Argument(help="The reference release: its tag or its pins.")],
    b: Annotated[str, typer.Argument(help="The release to judge: zarr==3.1.6,numcodecs==0.16.5")],
    benchmark: Annotated[
        str | None, typer.Option(help="Only benchmarks that match this regular expression.")
    ] = None,
    config: Annotated[
        str | None, typer.Option(help="Only configs that match, such as 'zstd.*64x64x64'.")
    ] = None,
    tomogram: Annotated[str | None, typer.Option(help="As for bench.")] = None,
    profile: Annotated[str | None, typer.Option(help="As for bench.")] = None,
    pairs: Annotated[int, typer.Option(help="The most pairs of processes: 8, 12, 16 or 20.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed for the order of cells.")] = 0,
    python: Annotated[str | None, typer.Option(help="As for bench.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the answer here.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write the answer here.")] = None,
    instructions: Annotated[
        bool,
        typer.Option("--instructions", help="Count instructions with valgrind instead of timing."),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--draft-report", help="Write a report for the maintainers, in Markdown."),
    ] = None,
) -> None:
    """Judge release B against release A, side by side, in pairs of fresh processes.

    Exit code 0: no regression; 1: a regression; 2: bad input; 3: inconclusive.
    """
    from cryoet_zarr_bench.api.confirming import ConfirmOptions
    from cryoet_zarr_bench.commands.comparing.confirm_command import AnswerFiles, run_confirm

    _choose(tomogram, None, profile)
    options = ConfirmOptions(benchmark, config, pairs, seed, python)
    raise typer.Exit(
        run_confirm(console, a, b, options, AnswerFiles(json_file, csv_file, report), instructions)
    )


@app.command(rich_help_panel=_RELEASES)
def compare(
    a: Annotated[str, typer.Argument(help="The release to compare with: 3.1.6, or its tag.")],
    b: Annotated[str, typer.Argument(help="The release that is compared: 3.4.2, or its tag.")],
    machine: Annotated[
        str | None, typer.Option(help="Whose results. Default: the machine of the history.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also list the figures that did not change.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all of it here.")] = None,
) -> None:
    """Say what release B changed against release A, from the committed results.

    Nothing is measured, unless one is a wheel, a checkout or a revision of one, such as
    zarr=../zarr-python@main,numcodecs==0.17.1. `confirm` measures two releases directly.
    """
    from cryoet_zarr_bench.commands.comparing.compare_command import run_compare

    run_compare(console, a, b, machine, every, json_file)


@app.command(rich_help_panel=_RELEASES)
def verdicts(
    machine: _Machine = None,
    release: Annotated[
        list[str] | None, typer.Option(help="Judge only this release, by its tag. May be repeated.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Judge again what was judged before.")
    ] = False,
    minutes: _Minutes = None,
) -> None:
    """Judge every release of the measured history against the one before it; publish.

    This writes the committed results. If interrupted, the next run continues.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.comparing.verdicts_command import run_verdicts

    run_verdicts(console, chosen_machine(machine), release or [], again, minutes)


@app.command(rich_help_panel=_FIELD)
def trust(
    machine: _Machine = None,
    minutes: _Minutes = None,
) -> None:
    """Test `confirm` on known answers: a release against itself, and one made slower on purpose.

    Takes hours; writes results and docs/trust.md. If interrupted, the next run continues.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.comparing.trust_command import measure_trust
    from cryoet_zarr_bench.common.project_folders import PROJECT
    from cryoet_zarr_bench.reports.documents.all_documents import update_documents

    left = measure_trust(console, chosen_machine(machine), minutes)
    update_documents(PROJECT)
    if left:
        console.print(f"{left} blocks are left; the same command goes on with them")


@app.command(rich_help_panel=_RELEASES)
def anchored(
    machine: _Machine = None,
    release: Annotated[
        list[str] | None, typer.Option(help="Only this release, by its tag; repeatable.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Measure anew what is there.")] = False,
    repeat: Annotated[
        bool,
        typer.Option("--repeat", help="Measure it once more, to see how far its figures repeat."),
    ] = False,
    minutes: _Minutes = None,
    direct: Annotated[
        list[Path] | None,
        typer.Option(help="Keep what confirm --json wrote here, to hold the history against."),
    ] = None,
) -> None:
    """Measure every release side by side with an anchor, so that the machine's pace cancels.

    Some minutes a release. If interrupted, the next run continues.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.comparing.anchored_command import repeat_anchored, run_anchored

    if direct:
        from cryoet_zarr_bench.commands.comparing import direct_comparisons_command as kept

        kept.keep_direct_comparisons(console, chosen_machine(machine), direct)
        return
    if repeat:
        repeat_anchored(console, chosen_machine(machine), release or [])
        return
    left = run_anchored(console, chosen_machine(machine), release or [], again, minutes)
    if left:
        console.print(f"{left} releases are left; the same command goes on with them")


@app.command(rich_help_panel=_FIELD)
def layouts(
    machine: _Machine = None,
    layout: Annotated[
        list[str] | None,
        typer.Option(help="Such as layout:portal-2024, or 'zstd-3 16x256x256 in all'; repeatable."),
    ] = None,
    tomogram: Annotated[str | None, typer.Option(help="As for bench.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Measure anew what is there.")] = False,
    recount: Annotated[
        bool, typer.Option("--recount", help="Of what is there count requests anew; times stay.")
    ] = False,
    minutes: _Minutes = None,
) -> None:
    """Measure how the field stores tomograms: size, requests, changes, memory, by layout.

    About a minute a layout of 300 MB. If interrupted, the next run continues.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.layouts_command import run_layouts

    _choose(tomogram, None, None)
    name = chosen_machine(machine)
    left = run_layouts(console, name, layout or [], again, minutes, recount)
    if left:
        console.print(f"{left} layouts are left; the same command goes on with them")


@app.command(rich_help_panel=_ANSWERS)
def recommend(
    tomogram: Annotated[
        str | None, typer.Argument(help="Yours: what is stored of it is predicted; or none.")
    ] = None,
    purpose: _Purpose = "browsing",
    place: Annotated[
        str | None,
        typer.Option(
            help="Where it is read from; any other text lists them. Default: S3 from its region, "
            "for a tomogram of yours a local disk."
        ),
    ] = None,
    today: _Today = "layout:portal-2024",
    reader: Annotated[
        list[str] | None,
        typer.Option(help="Has to be able to read it, such as tensorstore; repeatable."),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(help="A mix of your own instead of a purpose: xy_slice=2; repeatable."),
    ] = None,
    like: Annotated[
        str | None, typer.Option(help="The measured tomogram that yours is like, as results say.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Store the tomogram and tell whether it held.")
    ] = False,
    folder: _Folder = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all of it here.")] = None,
) -> None:
    """Say how a tomogram should be stored for a purpose at a place, against today's layout.

    Without a tomogram nothing is measured: this reads the layouts in results/. With one, bytes and
    seconds on this disk are predicted from some of its chunks, and --check tells if it held.
    """
    from cryoet_zarr_bench.commands.answering import recommend_command as command

    chosen = command.purpose_or_mix(purpose, weight or [])
    asked: dict[str, Any] = {"like": like, "today": today, "readers": reader or [], "place": place}
    if tomogram is None:
        command.require_no_check(check, folder)
        command.run_recommend(console, chosen, json_file, **asked)
    else:
        command.run_own_recommend(console, tomogram, chosen, json_file, check, folder, **asked)


@app.command(rich_help_panel=_ANSWERS)
def quick(
    tomogram: Annotated[str, typer.Argument(help="As for bench: a file, a folder, a URI.")],
    purpose: _Purpose = "browsing",
    today: _Today = "layout:portal-2024",
    folder: _Folder = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all of it here.")] = None,
) -> None:
    """Look at a tomogram for half a minute: layouts predicted on this disk, and which to take.

    A seeded sample of its chunks is stored by each layout; the tomogram is not read whole.
    """
    from cryoet_zarr_bench.commands.answering.own_tomogram_command import run_quick

    run_quick(console, tomogram, json_file, purpose=purpose, today=today, folder=folder)


@app.command(rich_help_panel=_ANSWERS)
def report(
    out: Annotated[Path, typer.Option(help="The new folder.")] = Path("report"),
    results: Annotated[
        Path | None, typer.Option(help="A folder of results; the committed ones without it.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a report that is there.")
    ] = False,
) -> None:
    """Write answers, claims and figures as HTML, Markdown, CSV, SVG, and PNG of 150 and 300 dpi.

    Nothing is measured: this reads results/.
    """
    from cryoet_zarr_bench.commands.answering.report_command import run_report

    run_report(console, out, results, overwrite)


@app.command(rich_help_panel=_ANSWERS)
def cost(
    terabytes: Annotated[
        float, typer.Option(help="Bytes of all tomograms in memory, finest level.")
    ] = 100.0,
    read: Annotated[
        list[str] | None,
        typer.Option(
            help="Reads of each tomogram a year: xy_slice=500; repeatable. Default: volume=1."
        ),
    ] = None,
    out: Annotated[
        float, typer.Option(help="The part of the bytes read that leaves the region, 0 to 1.")
    ] = 1.0,
    prices: Annotated[
        str, typer.Option(help="s3-standard, s3-infrequent or s3-glacier-instant.")
    ] = "s3-standard",
    price: Annotated[
        list[str] | None,
        typer.Option(help="A price of your own: gigabyte_month=0.02; repeatable."),
    ] = None,
    today: Annotated[
        str, typer.Option(help="The layout that the collection is stored in.")
    ] = "layout:portal-2024",
    like: Annotated[
        str | None, typer.Option(help="The measured tomogram that yours are like.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all of it here.")] = None,
) -> None:
    """Say what a collection of tomograms costs a year in each layout, and what changing it saves.

    Nothing is measured: this reads the layouts in results/.
    """
    from cryoet_zarr_bench.commands.answering.cost_command import collection_of, prices_of, run_cost

    collection = collection_of(terabytes, read or ["volume=1"], out)
    run_cost(console, collection, prices_of(prices, price or []), like, today, json_file)


@app.command(name="s3-reading", rich_help_panel=_FIELD)
def s3_reading(
    machine: _Machine = None,
    tomogram: Annotated[str | None, typer.Option(help="As for bench.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Measure anew what is there.")] = False,
    minutes: _Minutes = None,
) -> None:
    """Read layouts from a real S3 server over a slow line, beside what the model of latency says.

    With both of zarr's classes of stores. About 20 minutes for 300 MB. If interrupted, the next run
    continues.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.s3_reading_command import run_s3_reading

    _choose(tomogram, None, None)
    left = run_s3_reading(console, chosen_machine(machine), again, minutes)
    if left:
        console.print(f"{left} readings are left; the same command goes on with them")


@app.command(name="shuffled-integers", rich_help_panel=_FIELD)
def shuffled_integers(
    machine: _Machine = None,
    tomogram: Annotated[
        list[str] | None, typer.Option(help="Of integers, as for bench; repeatable.")
    ] = None,
) -> None:
    """Count the bytes that shuffling wins or loses on tomograms of integers.

    Without a tomogram eight synthetic ones are encoded, about three minutes.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.shuffled_integers_command import run_shuffled_integers

    run_shuffled_integers(console, chosen_machine(machine), tomogram or [])


@app.command(name="prediction-trials", rich_help_panel=_FIELD)
def prediction_trials(
    machine: _Machine = None,
    tomogram: Annotated[
        list[str] | None, typer.Option(help="As for bench; repeatable. Default: five made ones.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Samples of chunks for each layout.")] = 2,
    again: Annotated[bool, typer.Option("--again", help="Try anew what is there.")] = False,
) -> None:
    """Hold predictions from a few chunks against whole tomograms: what they are worth.

    About ten seconds a trial, 60 without a tomogram. If interrupted, the next run continues.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.answering import prediction_trials_command as command

    name = chosen_machine(machine)
    command.run_prediction_trials(console, name, tomogram or [], seeds, again)


@app.command(name="codec-levels", rich_help_panel=_FIELD)
def codec_levels(
    machine: _Machine = None,
    tomogram: Annotated[
        list[str] | None, typer.Option(help="As for bench; repeatable. Default: three made ones.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Measure anew what is there.")] = False,
) -> None:
    """Measure levels 1 to 9 of seven families of codecs: bytes won, and what they cost.

    Some minutes a tomogram. If interrupted, the next run continues with those left.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.answering.codec_levels_command import run_codec_levels

    run_codec_levels(console, chosen_machine(machine), tomogram or [], again)


@app.command(rich_help_panel=_RESULTS)
def submit(
    machine: _Machine = None,
    out: Annotated[Path | None, typer.Option(help="The file; MACHINE.submission.zip.")] = None,
) -> None:
    """Pack all results of this machine into one file, for `accept` elsewhere.

    It is checked as it will be there: a release compared with itself (`trust`) has to be in it.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.sharing.submit_command import run_submit

    run_submit(console, chosen_machine(machine), out)


@app.command(rich_help_panel=_RESULTS)
def accept(
    file: Annotated[Path, typer.Argument(help="What `submit` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the results of that machine.")
    ] = False,
) -> None:
    """Check the results that somebody submitted, and add them to results/ as a machine."""
    from cryoet_zarr_bench.commands.sharing.accept_command import run_accept

    run_accept(console, file, replace)


@app.command(rich_help_panel=_TOMOGRAMS)
def survey(
    tomograms: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TOMOGRAM",
            help="Files, folders, '*.mrc', a .csv or .txt list, portal:DATASET, collection:200. "
            "Without any, what --out has is shown.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder of rows.")] = Path("survey"),
    config: Annotated[
        list[str] | None,
        typer.Option(help="Such as 'zstd-3 64x64x64' or layout:copick-2026; repeatable."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=2, help="Read about so many regions of each tomogram instead of all."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Chooses the sample.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes here. Default: one a core.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Of a Dask that runs already, such as tcp://node:8786.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(metavar="I/N", help="Only the i-th of n parts, as a job of many.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what is there.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Put what was found into results/, for the pages.")
    ] = False,
    machine: _Machine = None,
) -> None:
    """Survey many tomograms: exact bytes in every config, how far tomograms lie apart, and why.

    Exit code 0: all are complete; 1: some failed, the table says why; 2: bad input.
    """
    from cryoet_zarr_bench.tomogram_survey.dask_workers import (
        WorkerChoice,
        require_survey_packages,
    )

    require_survey_packages()
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.surveying import survey_command as command
    from cryoet_zarr_bench.tomogram_survey.survey_question import CONFIGS, SurveyQuestion

    question = SurveyQuestion(tuple(config or CONFIGS), sample, seed)
    wanted = command.WantedSurvey(
        tuple(tomograms or ()),
        out,
        question,
        WorkerChoice(workers, scheduler),
        part,
        resume,
        chosen_machine(machine) if keep else None,
    )
    raise typer.Exit(command.run_survey_command(console, wanted))


@app.command(name="survey-scale", rich_help_panel=_FIELD)
def survey_scale(
    machine: _Machine = None,
    again: Annotated[bool, typer.Option("--again", help="Time anew what is there.")] = False,
) -> None:
    """Time surveys of drawn tomograms: with one worker and two, by their size, by their number.

    About half an hour. If interrupted, the next run continues with those left.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.tomogram_survey.dask_workers import require_survey_packages

    require_survey_packages()
    from cryoet_zarr_bench.commands.surveying.survey_scale_command import run_survey_scale

    run_survey_scale(console, chosen_machine(machine), again)


@app.command(name="particle-damage", rich_help_panel=_FIELD)
def particle_damage(
    machine: _Machine = None,
    seeds: Annotated[int, typer.Option(min=2, help="Tomograms at each depth of particles.")] = 5,
    workers: _Workers = None,
) -> None:
    """Find particles in made tomograms before and after lossy codecs: how many are lost.

    Where they are is known. If interrupted, the next run continues with the tomograms left.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.tomogram_survey.dask_workers import (
        WorkerChoice,
        require_survey_packages,
    )

    require_survey_packages()
    from cryoet_zarr_bench.commands.surveying import particle_damage_command as command

    name = chosen_machine(machine)
    command.run_particle_damage(console, name, seeds, WorkerChoice(workers))


@app.command(name="describe-tomograms", rich_help_panel=_FIELD)
def describe_tomograms(
    machine: _Machine = None,
    tomogram: Annotated[
        list[str] | None, typer.Option(help="As for bench; repeatable. Default: the usual ones.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Describe anew what is there.")] = False,
) -> None:
    """Look at tomograms that results were measured on, for the page Tomograms.

    If interrupted, the next run continues with those left.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.answering import described_tomograms_command as command

    command.run_describe_tomograms(console, chosen_machine(machine), tomogram or [], again)


@app.command(name="interrupted-writes", rich_help_panel=_FIELD)
def interrupted_writes(
    machine: _Machine = None,
    release: Annotated[
        list[str] | None,
        typer.Option(help="A version of zarr; repeatable. Default: the last of each minor one."),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=1, help="Random moments, and rounds of two writers, a config.")
    ] = 10,
) -> None:
    """Kill writers in the middle, let two write at once, and count what is wrong afterwards.

    Every engine takes some minutes; writes results and docs/reliability.md. If interrupted, the
    next run continues.
    """
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.interrupted_writes_command import try_interrupted_writes
    from cryoet_zarr_bench.common.project_folders import PROJECT
    from cryoet_zarr_bench.reports.documents.all_documents import update_documents

    try_interrupted_writes(console, chosen_machine(machine), tuple(release or ()), trials)
    update_documents(PROJECT)


@app.command(rich_help_panel=_FIELD)
def settings(
    machine: _Machine = None,
    release: Annotated[
        str | None, typer.Option(help="The release to measure, by its tag. Default: the newest.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="As for bench.")] = None,
    only_chosen: Annotated[
        bool, typer.Option("--only-chosen", help="Try only the setting of the history.")
    ] = False,
) -> None:
    """Measure the cost of asv's settings and the spread of identical runs, for docs/cost.md."""
    from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
    from cryoet_zarr_bench.commands.settings_command import try_settings
    from cryoet_zarr_bench.common.project_folders import PROJECT
    from cryoet_zarr_bench.reports.documents.all_documents import update_documents

    _choose(None, None, profile)
    try_settings(console, chosen_machine(machine), release, only_chosen)
    update_documents(PROJECT)


@app.command(rich_help_panel=_RESULTS)
def readme() -> None:
    """Write the figures of the committed results into README.md and docs/."""
    from cryoet_zarr_bench.common.project_folders import PROJECT
    from cryoet_zarr_bench.reports.documents.all_documents import update_documents

    changed = update_documents(PROJECT)
    console.print(f"changed: {', '.join(changed)}" if changed else "all have these figures already")


@app.command(rich_help_panel=_ANSWERS)
def preview(
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes a free one.")] = 8080,
) -> None:
    """Serve the dashboard of local runs, or the published one if there is none."""
    from cryoet_zarr_bench.commands.preview_command import serve_dashboard

    serve_dashboard(console, port)


def _choose(tomogram: str | None, crop: str | None, profile: str | None) -> None:
    """An option is the environment variable of its name, which the measured processes inherit."""
    for variable, value in (
        ("CRYOET_TOMOGRAM", tomogram),
        ("CRYOET_CROP", crop),
        ("CRYOET_PROFILE", profile),
    ):
        if value is not None:
            os.environ[variable] = value
