"""The command line: reads what is asked, calls what does it, prints; no logic of its own."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
import typer.core
from rich.console import Console

from cryoet_zarr_bench.errors import BadInput
from cryoet_zarr_bench.releases import commands as releases


class _Commands(typer.core.TyperGroup):
    """Ends a command in one line and an exit code: 2 for bad input, 130 for Ctrl-C."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BadInput as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(2) from error
        except KeyboardInterrupt as interruption:
            print(
                "interrupted: what was measured is kept, the next run goes on from there",
                file=sys.stderr,
            )
            raise typer.Exit(130) from interruption


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measure how cryo-electron tomograms are stored in Zarr, release by release.",
)
app.add_typer(releases.app, name="releases", help="The releases of zarr and numcodecs measured.")

console = Console(soft_wrap=False)


@app.command()
def bench(
    tomogram: Annotated[
        str | None,
        typer.Option(
            help="A file (.mrc .map .rec .st .mrcs .ali .tif .tiff .npy .zarr) or "
            "synthetic:PROFILE@SIZE; the profile's own synthetic tomogram without it."
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

    Results stay on this machine, under .asv/local. Interrupted, the next run goes on from there.
    """
    from cryoet_zarr_bench.reports.main_job import run_main_job

    for variable, value in (
        ("CRYOET_TOMOGRAM", tomogram),
        ("CRYOET_CROP", crop),
        ("CRYOET_PROFILE", profile),
    ):
        if value is not None:
            os.environ[variable] = value
    if not run_main_job(console, python):
        raise typer.Exit(1)


@app.command()
def history(
    machine: Annotated[str, typer.Option(help="The name this machine gets in the results.")],
) -> None:
    """Measure every release of the catalogue that has no results yet; publish into html/.

    This writes the results that are committed. Interrupted, the next run goes on from there.
    """
    from cryoet_zarr_bench.reports.main_job import run_history

    if not run_history(console, machine):
        raise typer.Exit(1)


@app.command()
def readme() -> None:
    """Write the figures of the committed results into README.md."""
    from cryoet_zarr_bench.releases.places import PROJECT
    from cryoet_zarr_bench.reports.readme import update_readme

    changed = update_readme(PROJECT / "README.md", PROJECT / "results")
    console.print("README.md was changed" if changed else "README.md has these figures already")


@app.command()
def preview(
    port: Annotated[int, typer.Option(help="The port to serve on; 0 takes a free one.")] = 8080,
) -> None:
    """Serve the dashboard: that of local runs where there is one, else the published one."""
    from cryoet_zarr_bench.reports.preview import serve_dashboard

    serve_dashboard(console, port)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
