"""`survey`: many tomograms at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import on_one_line

if TYPE_CHECKING:
    import pandas as pd

    from cryoet_zarr_bench.tomogram_survey.dask_workers import WorkerChoice
    from cryoet_zarr_bench.tomogram_survey.survey_question import SurveyQuestion


def survey(
    tomograms: str | Path | Sequence[str | Path],
    out: str | Path,
    configs: str | Sequence[str] | None = None,
    *,
    sample: int | None = None,
    seed: int = 0,
    workers: int | str | None = None,
    resume: bool = False,
) -> pd.DataFrame:
    """Survey many tomograms: the exact bytes of each in every config, by Dask.

    What a run that was ended has made is kept; `resume` does what is missing. In a script, call it
    under `if __name__ == "__main__":`, since workers are processes of their own.

    Args:
        tomograms: files, folders, patterns such as `"*.mrc"`, a `.csv` or `.txt` list,
            `"portal:10445"`, `"collection:200"`; one or several.
        out: the folder of rows, Parquet: one for each tomogram, config and region.
        configs: such as `"zstd-3 64x64x64"` or `"layout:copick-2026"`; what the field stores
            without it.
        sample: read about so many regions of each tomogram instead of all.
        seed: chooses the sample.
        workers: how many processes on this machine, one a core without it; or the address of the
            scheduler of a Dask that runs already, such as `"tcp://node:8786"`.
        resume: go on with what the folder has.

    Returns:
        A row for each tomogram and config: bytes in memory, bytes stored with `low` and `high` of
        the 95 % interval that a sample has, `ratio`, `files`, and what may explain them.

    Raises:
        BadInput: an input, a config or the folder cannot be used, or a tomogram failed; the others
            are kept.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> made = ["synthetic:10A@32", "synthetic:denoised@32"]
        >>> table = czb.survey(made, "rows", "zstd-3 32x32x32", workers=1)
        >>> table.processing.tolist()
        ['raw', 'denoised']
    """
    from cryoet_zarr_bench.tomogram_survey.dask_workers import (
        WorkerChoice,
        require_survey_packages,
    )

    require_survey_packages()
    from cryoet_zarr_bench.tomogram_survey.survey_question import CONFIGS, SurveyQuestion

    named = [tomograms] if isinstance(tomograms, str | Path) else tomograms
    asked = (configs,) if isinstance(configs, str) else tuple(configs or CONFIGS)
    question = SurveyQuestion(asked, sample, seed)
    on_cluster = isinstance(workers, str)
    choice = WorkerChoice(*((None, workers) if on_cluster else (workers, None)))
    return _surveyed([str(each) for each in named], Path(out), question, choice, resume)


def _surveyed(
    named: list[str], folder: Path, question: SurveyQuestion, choice: WorkerChoice, resume: bool
) -> pd.DataFrame:
    from cryoet_zarr_bench.tomogram_survey.dask_workers import workers_of
    from cryoet_zarr_bench.tomogram_survey.findings.tomogram_bytes import tomogram_bytes
    from cryoet_zarr_bench.tomogram_survey.listed_tomograms import listed_tomograms
    from cryoet_zarr_bench.tomogram_survey.survey_run import run_survey

    listed = listed_tomograms(named)
    with workers_of(choice) as client:
        outcome = run_survey(client, listed, question, folder, resume=resume)
    if outcome.failed:
        tomogram, reason = outcome.failed[0]
        more = f", and {len(outcome.failed) - 1} more failed" if len(outcome.failed) > 1 else ""
        said = f"{on_one_line(reason)}{more}"
        raise refused(tomogram, said, f"{folder} has the others, resume=True goes on")
    return tomogram_bytes(folder)
