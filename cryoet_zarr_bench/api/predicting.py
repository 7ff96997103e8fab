"""`predict` and `quick`: what layouts of one's own tomogram take on this disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cryoet_zarr_bench.analysis.layout_comparison import TODAY
from cryoet_zarr_bench.analysis.prediction_agreement import published_agreement
from cryoet_zarr_bench.analysis.recommending.own_tomogram import (
    OwnAnswer,
    config_for,
    most_alike,
    pick_and_today,
)
from cryoet_zarr_bench.analysis.recommending.recommendation import Recommendation, recommend
from cryoet_zarr_bench.analysis.recommending.recommended_layouts import recommend_from
from cryoet_zarr_bench.analysis.recommending.storage_purposes import (
    PURPOSES,
    StoragePurpose,
    chosen_purpose,
)
from cryoet_zarr_bench.api.opened_tomogram import Tomogram
from cryoet_zarr_bench.api.tomogram_inputs import TomogramLike, opened, prepared
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.writable_folders import require_folder
from cryoet_zarr_bench.layouts.named_layouts import asked_for, layout_called
from cryoet_zarr_bench.layouts.reading_places import LOCAL
from cryoet_zarr_bench.machine.scratch_folders import DISK_FOLDER, claim_disk_folder
from cryoet_zarr_bench.prediction.checked_prediction import (
    CheckedPrediction,
    checked_prediction,
)
from cryoet_zarr_bench.prediction.predicted_layout import (
    PredictedLayout,
    is_cold,
    predicted_layout,
)
from cryoet_zarr_bench.prediction.slice_process import SliceProcess
from cryoet_zarr_bench.storage.config import StorageConfig

Purpose = str | Mapping[str, float] | StoragePurpose
"""The name of a purpose, weights of figures, or a purpose of one's own."""

Progress = Callable[[str], None]
"""Told what is done now."""

QUICK_SECONDS = 20.0
"""After so many seconds `quick` begins with no further layout."""

NAMED = ("copick-2026", "iohub-2026", "64")
"""Layouts of the field that `quick` tries beside the winners of all purposes."""


def predict(
    tomogram: TomogramLike,
    purpose: Purpose | Recommendation = "browsing",
    place: str = LOCAL,
    *,
    today: str = TODAY,
    check: bool = False,
    folder: str | Path | None = None,
    progress: Progress = lambda what: None,
) -> OwnAnswer:
    """Recommend a layout for a tomogram, and predict what it and today's will take on this disk.

    The recommendation is that of `recommend` for the measured tomogram that is most like this one.
    Bytes and seconds are predicted from a seeded sample of this tomogram's own chunks.

    Args:
        tomogram: an opened one, a source that `open` takes, or an array with the axes z, y, x.
        purpose: as for `recommend`; or what that gave, which has a place and today's layout too.
        place: as for `recommend`.
        today: the layout that the answer is held against, such as `layout:portal-2024`.
        check: write both layouts whole, read slices of them, and tell whether it held.
        folder: a folder on the disk that counts; where benchmarks of disks write without it.
        progress: told what is done now.

    Returns:
        An `OwnAnswer`: `contract` says what is predicted, `outcome` whether it held; `to_frame()`
        is a table of it.

    Raises:
        BadInput: there is no such purpose, place or layout, the tomogram cannot be read, or there
            is no room.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> answer = czb.predict("synthetic:10A@64", "archive", check=True)
        >>> answer.contract.startswith("Predicted for synthetic 10A 64x64x64: ")
        True
        >>> answer.checked[0].stored_held
        True
    """
    asked = opened(tomogram)
    if isinstance(purpose, Recommendation):
        ranked = purpose
    else:
        ranked = recommended_for(asked, purpose, place, today)
    here = _folder(folder)
    predicted = []
    with SliceProcess(is_cold(here)) as process:
        for layout, config in pick_and_today(ranked, asked.shape, asked.dtype).items():
            progress(f"predicting {layout}")
            predicted.append(predicted_layout(asked, layout, config, here, process))
        checked = _checked(tomogram, predicted, here, process, progress) if check else []
    return _answer(asked, ranked, predicted, checked)


def quick(
    tomogram: TomogramLike,
    purpose: Purpose = "browsing",
    place: str = LOCAL,
    *,
    today: str = TODAY,
    folder: str | Path | None = None,
    seconds: float = QUICK_SECONDS,
    progress: Progress = lambda what: None,
) -> OwnAnswer:
    """Look at a tomogram for half a minute: several layouts predicted, and which to take.

    Args:
        tomogram: as for `predict`.
        purpose: as for `recommend`.
        place: as for `recommend`.
        today: the layout that the answer is held against.
        folder: a folder on the disk that counts.
        seconds: after so many no further layout is begun; two are predicted in any case.
        progress: told what is done now.

    Returns:
        An `OwnAnswer`, as of `predict`, with the winners of every purpose and the field's layouts;
        `here` says which of them is smallest and quickest for this tomogram.

    Raises:
        BadInput: as of `predict`.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> answer = czb.quick("synthetic:10A@48", seconds=0)
        >>> answer.to_frame().columns[:4].tolist()
        ['layout', 'config', 'ratio', 'stored_bytes']
    """
    begin = time.monotonic()
    asked = opened(tomogram)
    ranked = recommended_for(asked, purpose, place, today)
    first = pick_and_today(ranked, asked.shape, asked.dtype)
    here = _folder(folder)
    predicted: list[PredictedLayout] = []
    with SliceProcess(is_cold(here)) as process:
        for layout, config in {**first, **_others(asked, place)}.items():
            if len(predicted) >= len(first) and time.monotonic() - begin > seconds:
                break
            progress(f"predicting {layout}")
            predicted.append(predicted_layout(asked, layout, config, here, process))
    return _answer(asked, ranked, predicted, [])


def try_prediction(tomogram: str, layout: str, seed: int) -> CheckedPrediction:
    """Predict one layout of a tomogram, and write it whole.

    Raises:
        BadInput: the tomogram cannot be read, or the layout has no rule.
    """
    asked = opened(tomogram)
    rule = layout_called(asked_for(layout)).rule
    if rule is None:
        raise refused(layout, "has no rule", "name a layout that is written by one")
    folder = _folder(None)
    config = rule(asked.shape, asked.dtype)
    with SliceProcess(is_cold(folder)) as process:
        predicted = predicted_layout(asked, layout, config, folder, process, seed)
        return _checked(tomogram, [predicted], folder, process, lambda what: None)[0]


def recommended_for(
    tomogram: Tomogram,
    purpose: Purpose,
    place: str,
    today: str = TODAY,
    readers: Sequence[str] = (),
    like: str | None = None,
) -> Recommendation:
    """What is recommended for a tomogram, by the measured one that it is most like.

    Raises:
        BadInput: as `recommend`.
    """
    results = PROJECT / "results"
    alike = like or most_alike(results, tomogram.dtype).tomogram
    return recommend_from(results, chosen_purpose(purpose), place, alike, today, readers)


def _others(tomogram: Tomogram, place: str) -> dict[str, StorageConfig]:
    """The winners of every purpose, and what the field stores, as that tomogram would have them."""
    alike = most_alike(PROJECT / "results", tomogram.dtype)
    # Read once: each recommendation by `recommend_from` would read all results again.
    ranked = [recommend(alike, purpose, place) for purpose in PURPOSES.values()]
    names = (*(each.pick.line.layout for each in ranked if each is not None), *NAMED)
    lines = [line for name in names if (line := alike.of(name)) is not None]
    configs = {line.layout: config_for(line, tomogram.shape, tomogram.dtype) for line in lines}
    return {name: config for name, config in configs.items() if config is not None}


def _checked(
    tomogram: TomogramLike,
    predicted: Sequence[PredictedLayout],
    folder: Path,
    process: SliceProcess,
    progress: Progress,
) -> list[CheckedPrediction]:
    found = []
    with prepared(tomogram) as ready:
        for each in predicted:
            progress(f"checking {each.layout}")
            found.append(checked_prediction(each, ready.path, ready.shape, folder, process))
    return found


def _folder(folder: str | Path | None) -> Path:
    if folder is None:
        return claim_disk_folder(0)
    chosen = Path(folder).absolute()
    require_folder(chosen, DISK_FOLDER, make=False)
    return chosen


def _answer(
    tomogram: Tomogram,
    ranked: Recommendation,
    predicted: Sequence[PredictedLayout],
    checked: Sequence[CheckedPrediction],
) -> OwnAnswer:
    return OwnAnswer(
        tomogram.name,
        tomogram.shape,
        tomogram.dtype,
        ranked,
        tuple(predicted),
        tuple(checked),
        published_agreement(PROJECT / "results"),
    )
