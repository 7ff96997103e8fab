"""The main job, from tomogram to dashboard and table; and the same over the whole history."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cryoet_zarr_bench.analysis.changes.anchored_history import read_anchored
from cryoet_zarr_bench.analysis.result_reader import MeasuredRelease, read_results
from cryoet_zarr_bench.analysis.run_pace import is_slow, pace_of, usual_canary
from cryoet_zarr_bench.analysis.storage_answer import answer
from cryoet_zarr_bench.asv_bridge.asv_runs import measure, publish
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.asv_bridge.release_steps import Place, Progression, Step
from cryoet_zarr_bench.commands.comparing.anchored_command import run_anchored
from cryoet_zarr_bench.commands.fetch_command import fetch_selected
from cryoet_zarr_bench.commands.recorded_repeats import add_repeat, is_waiting
from cryoet_zarr_bench.common.project_folders import LOCAL, PROJECT, WORK, from_project
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.fidelity.codec_damage import loss_bound
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.machine.pace_wait import wait_for_usual_pace
from cryoet_zarr_bench.machine.scratch_folders import require_folders
from cryoet_zarr_bench.releases.catalogue import Catalogue, Release, load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.releases.release_history import require_git
from cryoet_zarr_bench.reports.documents.all_documents import update_documents
from cryoet_zarr_bench.reports.pages.terminal_table import newest_format, release_table
from cryoet_zarr_bench.storage.grid import PROFILES, selected_profile
from cryoet_zarr_bench.tomograms.selected_tomogram import (
    select_tomogram,
    selected_tomogram,
    tomogram_label,
)

NUMCODECS_COLUMNS = ("0.15.1", "0.17.1")
"""The pins that the history is crossed with, as in asv.conf.json."""

REPEAT_EVERY = 8
"""After how many steps of the history the reference release is measured again."""


def run_main_job(console: Console, python: str | None) -> bool:
    """Measure the newest release of both branches, publish, print; False if a cell failed.

    Raises BadInput if the tomogram, the profile or the Python cannot be had.
    """
    require_folders()
    require_git()
    catalogue = load_catalogue()
    place = Place(LOCAL, LOCAL / "results", LOCAL / "html", choose_python(python))
    fetch_selected(console)
    profile, tomogram = selected_profile(), selected_tomogram()
    loss_bound()  # a bad one is refused before anything is measured
    size = " x ".join(str(length) for length in tomogram.shape)
    console.print(
        f"[bold]{for_markup(tomogram.name)}[/bold]: {size} voxels (z, y, x), {tomogram.dtype}; "
        f"profile {profile.name}, Python {for_markup(place.python)}"
    )
    for note in tomogram.notes:
        console.print(f"note: {for_markup(note)}", highlight=False)
    releases = [catalogue.newest("3.x"), catalogue.newest("2.x")]
    purpose = {
        "tomogram": tomogram.sha256,
        "profile": profile.name,
        "python": place.python,
        "releases": [release.tag for release in releases],
    }
    progression = Progression(LOCAL / "unfinished-run.json", purpose)
    failed = measure([Step(release) for release in releases], place, progression, console)
    publish(place)
    measured = {
        result.commit: result
        for result in read_results(place.results)
        if result.tomogram == tomogram_label()
        and result.python == place.python
        and result.numcodecs is None
    }
    for release in releases:
        result = measured[commit_of(release.tag)]
        title = f"zarr {release.zarr}, numcodecs {release.numcodecs}"
        console.print()
        zarr_format = newest_format(result)
        console.print(release_table(result, title, zarr_format))
        console.print(for_markup(answer(result, zarr_format) or ""), highlight=False)
        _print_failures(console, result, place.log)
    console.print(
        "\nThe best figure of a column is bold. Times are medians here, with one thread, warm: "
        "writing and reading all of the tomogram, reading one XY slice. "
        "ratio: bytes in memory over bytes stored; below 1 where padded edge chunks outweigh what "
        "the codec saves."
    )
    console.print(
        f"Look at all of it: [bold]make preview[/bold]. Results: {from_project(place.results)}",
        highlight=False,
    )
    return not failed


def _print_failures(console: Console, result: MeasuredRelease, log: Path) -> None:
    for config, reason in result.reasons.items():
        console.print(
            f"[red]no figure[/red] for {for_markup(f'{config}: {reason}')}", highlight=False
        )
    if result.failed:
        cells = for_markup(f"{', '.join(result.failed)}; see {log}")
        console.print(f"[red]failed cells[/red] in {cells}")


def run_history(
    console: Console,
    machine: str,
    project: Path = PROJECT,
    *,
    tomograms: Sequence[str] = (),
    newest: bool = False,
    patience: float | None = None,
) -> bool:
    """Measure what has no results of this machine yet, and publish; False if a cell failed.

    What was measured with a smaller profile than the one selected is measured again. `tomograms`
    are sources, measured one after the other; without them it is the selected one. `newest` leaves
    all releases but the newest out. With `patience` each measurement waits up to so many minutes
    for the machine's usual pace, and what was measured while it was slower is measured again. A
    machine that has an anchored history goes on with that too.
    Results, dashboard and documents are those in `project`.

    Raises BadInput, before anything is measured, where a tomogram cannot be had.
    """
    os.environ["CRYOET_MACHINE"] = machine
    require_folders()
    require_git()
    refuse_another_machine(project / "results", machine)
    place = Place.of_history(machine, project)
    for source in tomograms:
        os.environ["CRYOET_TOMOGRAM"] = source
        fetch_selected(console)
        select_tomogram(source)
    failed: list[Step] = []
    for source in tomograms:
        select_tomogram(source)
        failed += _measure_missing(console, place, newest, patience)
    if not tomograms:
        failed += _measure_missing(console, place, newest, patience)
    if project == PROJECT and not tomograms and read_anchored(place.results, machine):
        run_anchored(console, machine, [], False, None)
    publish(place)
    update_documents(project)
    for step in failed:
        console.print(f"[red]a cell failed[/red] at {for_markup(f'{step.title}; see {place.log}')}")
    return not failed


def _measure_missing(
    console: Console, place: Place, newest: bool, patience: float | None
) -> list[Step]:
    """Measure the selected tomogram in the releases that lack it; return those with a failure."""
    catalogue, profile, label = load_catalogue(), selected_profile(), tomogram_label()
    enough = list(PROFILES)[list(PROFILES).index(profile.name) :]
    own = [result for result in read_results(place.results) if result.machine == place.machine]
    usual = usual_canary(own)
    measured = {
        (result.commit, result.numcodecs)
        for result in own
        if result.tomogram == label
        and result.profile in enough
        and not (patience is not None and is_slow(pace_of(result, usual)))
    }
    steps = [
        step
        for step in ([Step(catalogue.newest("3.x"))] if newest else history_steps(catalogue))
        if (commit_of(step.release.tag), step.numcodecs) not in measured
    ]
    console.print(
        f"{for_markup(label)}: {len(steps)} steps of the history have no results of "
        f"{for_markup(place.machine)} in profile {profile.name} yet"
        + (", or of a slower hour" if patience is not None else ""),
        highlight=False,
    )
    purpose = {"machine": place.machine, "tomogram": label, "profile": profile.name}
    progression = Progression(WORK / "history" / "unfinished-run.json", purpose)
    if not newest:
        steps = with_repeats(steps, catalogue.newest("3.x"))

    def keep_repeat(step: Step) -> None:
        if step.again:
            add_repeat(place, step)

    def repeat_is_waiting(step: Step) -> bool:
        return bool(step.again) and is_waiting(place, step)

    def wait() -> None:
        if patience is not None and usual is not None:
            wait_for_usual_pace(usual, patience, lambda line: console.print(for_markup(line)))

    failed = measure(steps, place, progression, console, keep_repeat, repeat_is_waiting, wait)
    shutil.rmtree(place.for_repeats.folder, ignore_errors=True)
    return failed


def with_repeats(steps: list[Step], reference: Release) -> list[Step]:
    """The steps, with the reference release measured again and again in between.

    What its figures differ by is the noise floor of the run: nothing changed but the hour.
    """
    mixed: list[Step] = []
    for place, step in enumerate(steps):
        if place % REPEAT_EVERY == 0:
            mixed.append(Step(reference, again=f"before {step.name}"))
        mixed.append(step)
    if steps:
        mixed.append(Step(reference, again=f"after {steps[-1].name}"))
    return mixed


def history_steps(catalogue: Catalogue) -> list[Step]:
    """Each release with its own pair, then the pinned columns on the newest patch of each minor."""
    own = [Step(release) for release in catalogue.releases]
    pinned = [
        Step(release, pin) for release in catalogue.newest_patches() for pin in NUMCODECS_COLUMNS
    ]
    return own + pinned
