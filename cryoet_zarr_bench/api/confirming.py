"""`confirm`: whether one release is slower than another, judged side by side."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from cryoet_zarr_bench.api.tomogram_inputs import TomogramLike, prepared
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import WORK
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.machine.scratch_folders import require_folders
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.storage.grid import selected_profile
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram
from cryoet_zarr_bench.verdicts import confirmation
from cryoet_zarr_bench.verdicts.compared_cells import choose_cells
from cryoet_zarr_bench.verdicts.compared_releases import parse_side
from cryoet_zarr_bench.verdicts.comparison_setup import Question
from cryoet_zarr_bench.verdicts.confirmation import Answer, as_row, forget_pairs
from cryoet_zarr_bench.verdicts.judgement import LOOKS

if TYPE_CHECKING:
    import pandas as pd


FOLDER = WORK / "confirm"
"""Environments, and comparisons of runs that were interrupted."""


@dataclass(frozen=True)
class ConfirmOptions:
    """The cells to compare, and the thoroughness.

    `benchmark` and `config` are regular expressions over names; the core without them. `pairs` is
    the most pairs of processes, one of `LOOKS`. `seed` decides the order of cells; `python` is the
    version to measure with, such as `3.13`.
    """

    benchmark: str | None = None
    config: str | None = None
    pairs: int = LOOKS[-1]
    seed: int = 0
    python: str | None = None


def question_of(
    a: str, b: str, options: ConfirmOptions, tomogram: PreparedTomogram | None = None
) -> Question:
    """Put a question together; on the selected tomogram without one. Raises BadInput."""
    if options.pairs not in LOOKS:
        raise BadInput(f"--pairs {options.pairs}: give one of {', '.join(map(str, LOOKS))}")
    require_folders()
    catalogue, profile = load_catalogue(), selected_profile()
    return Question(
        parse_side(a, catalogue, options.python),
        parse_side(b, catalogue, options.python),
        tuple(choose_cells(profile, options.benchmark, options.config)),
        profile,
        tomogram or selected_tomogram(),
        choose_python(options.python),
        options.seed,
        tuple(look for look in LOOKS if look <= options.pairs),
    )


def answer_to(question: Question, console: Console) -> Answer:
    """Run the pairs that a question needs, with progress on a console. Raises BadInput."""
    return confirmation.confirm(question, load_catalogue().held, FOLDER, console)


def confirm(
    a: str,
    b: str,
    *,
    tomogram: TomogramLike | None = None,
    options: ConfirmOptions | None = None,
    console: Console | None = None,
) -> pd.DataFrame:
    """Judge release B against release A: both make the suite's timed calls in turn.

    Pairs of fresh processes alternate until each cell is answered; the verdicts hold at 99 %, with
    false discoveries over all cells held at 1 %. Interrupted, the same call goes on from there.

    Args:
        a: the release compared with: its tag (`"zarr-3.1.6"`), its pins
            (`"zarr==3.1.6,numcodecs==0.16.5"`), or in place of a pin a wheel
            (`"zarr=dist/zarr-3.5.0-py3-none-any.whl,..."`), a checkout
            (`"zarr=../zarr-python,..."`)
            or a revision of one (`"zarr=../zarr-python@main,..."`).
        b: the release judged.
        tomogram: an opened one, a source that `open` takes, or an array; the suite's own without.
        options: which cells, how many pairs; the core and at most 20 pairs without.
        console: where progress is shown; nowhere without.

    Returns:
        A pandas DataFrame with a row for each cell: `benchmark`, `codec`, `chunks`, `zarr_format`,
        `verdict` (regression, improvement, no change within 10 %, inconclusive, n/a, no figure),
        `figure` (CPU time or peak memory), `ratio` of B to A with its 99 % interval `low` to
        `high`, `pairs`, the same of wall time as `wall_...`, and `reason`. `attrs` has `complete`
        and `differences`, what is not the same on the disk.

    Raises:
        BadInput: a release cannot be had, or another run is measuring on this machine.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> czb.confirm("zarr-3.1.6", "zarr-99.0.0")
        Traceback (most recent call last):
            ...
        cryoet_zarr_bench.common.errors.BadInput: ...
    """
    import pandas as pd

    with ExitStack() as stack:
        ready = None if tomogram is None else stack.enter_context(prepared(tomogram))
        question = question_of(a, b, options or ConfirmOptions(), ready)
        answer = answer_to(question, console or Console(quiet=True))
    table = pd.DataFrame([as_row(each) for each in answer.cells])
    table.attrs = {"complete": answer.complete, "differences": answer.differences}
    if answer.complete:
        forget_pairs(question, FOLDER)
    return table
