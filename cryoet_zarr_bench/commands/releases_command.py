"""The commands about releases: list the catalogue, extend it."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.common.shown_text import for_markup, for_terminal
from cryoet_zarr_bench.releases.catalogue import (
    DEFAULT_CATALOGUE,
    Release,
    format_time,
    load_catalogue,
)

app = typer.Typer(help="The releases of zarr and numcodecs that are measured.")

CataloguePath = Annotated[Path, typer.Option("--catalogue", help="The catalogue file.")]


@app.command("list")
def list_releases(
    catalogue: CataloguePath = DEFAULT_CATALOGUE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the releases as JSON.")] = False,
) -> None:
    """List the releases, in the order of the catalogue."""
    releases = load_catalogue(catalogue).releases
    if as_json:
        typer.echo(json.dumps([release.as_json() for release in releases], indent=2))
        return
    console = Console(emoji=False)
    if not console.is_terminal:
        # Piped into a file or another program: one release stays on one line.
        console = Console(width=200, emoji=False)
    console.print(_table(releases))


@app.command("update")
def update(catalogue: CataloguePath = DEFAULT_CATALOGUE) -> None:
    """Append the releases that the package index has and the catalogue has not."""
    # Half a second that every other command would wait for.
    from cryoet_zarr_bench.releases.catalogue_update import update_catalogue

    added = update_catalogue(catalogue)
    if not added:
        typer.echo(f"nothing new: {for_terminal(catalogue)} has every step that can be made")
        return
    for release in added:
        typer.echo(
            f"{release.branch}  {format_time(release.date)}  {release.tag}  "
            f"(zarr {release.zarr}, numcodecs {release.numcodecs})"
        )
    typer.echo(f"{len(added)} appended to {for_terminal(catalogue)}")


def _table(releases: tuple[Release, ...]) -> Table:
    table = Table(title="Releases; * is what is new", box=None, pad_edge=False)
    for heading in ("branch", "date", "tag", "zarr", "numcodecs"):
        table.add_column(heading, no_wrap=True)
    table.add_column("remarks")
    for release in releases:
        yanked = f"yanked: {release.yanked_reason}" if release.yanked else ""
        # Reasons and notes are plain text: square brackets in them are no markup.
        table.add_row(
            for_markup(release.branch),
            release.date.strftime("%Y-%m-%d"),
            for_markup(release.tag),
            for_markup(f"{release.zarr}{' *' if release.changed == 'zarr' else ''}"),
            for_markup(f"{release.numcodecs}{' *' if release.changed == 'numcodecs' else ''}"),
            Text(for_terminal("; ".join(filter(None, [yanked, release.note])))),
        )
    return table
