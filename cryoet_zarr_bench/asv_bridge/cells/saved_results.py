"""Save results whole, short, and with what earlier runs measured; and the record beside them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from asv.results import Results

from cryoet_zarr_bench.analysis.result_files import is_usable, read_record
from cryoet_zarr_bench.asv_bridge.cells.earlier_cells import with_earlier_cells, with_earlier_stores
from cryoet_zarr_bench.common.json_lines import UNUSABLE, in_short
from cryoet_zarr_bench.common.left_out_notices import leave_out
from cryoet_zarr_bench.common.short_numbers import short
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.machine.canary_watch import Watch
from cryoet_zarr_bench.storage.grid import PROFILES, selected_profile
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram

_save = Results.save


_remove_samples = Results.remove_samples


def remove_samples(results: Any, benchmark: str, selected: Any = None) -> None:
    """As asv's own, which fails if the earlier result was of a smaller grid: then remove all."""
    samples = results._samples.get(benchmark)
    if samples is not None and max(selected or [0]) >= len(samples):
        selected = None
    _remove_samples(results, benchmark, selected)


def save_by_renaming(results: Any, folder: Path) -> Path:
    """Save asv's results under a temporary name, merge them with earlier cells, then rename."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".saving-") as temporary:
        _save(results, temporary)
        saved = Path(temporary) / str(results._filename)
        target = folder / str(results._filename)
        shorten_samples(saved)
        content = json.loads(saved.read_text())
        if target.exists() and is_usable(target) and _is_of_selected_tomogram(target):
            content = with_earlier_cells(content, json.loads(target.read_text()))
        write_whole(target, json.dumps(content, separators=(",", ":")))
    return target


def _is_of_selected_tomogram(result: Path) -> bool:
    """True if earlier results are of these voxels: a file may have new ones under its name."""
    tomogram = read_record(result).get("tomogram") or {}
    return tomogram.get("sha256") == selected_tomogram().sha256


def shorten_samples(path: Path) -> None:
    """Keep 5 digits of samples and of their medians in a result file; exact figures stay whole.

    Samples are most of a file, and most of that were digits beyond what a clock can tell.
    """
    content = json.loads(path.read_text())
    columns = content["result_columns"]
    result, samples = columns.index("result"), columns.index("samples")
    for row in content["results"].values():
        if len(row) > samples and row[samples] is not None:
            row[result], row[samples] = short(row[result]), short(row[samples])
    write_whole(path, json.dumps(content, separators=(",", ":")))


def save_record(results: Any, left: Path, target: Path) -> None:
    """Save what is known beside the figures: what the measured process left, and the conditions.

    What an earlier process left, of stores that were not made this time, is still true. So are the
    conditions in which times were taken, if none were taken this time.
    """
    watch: Watch | None = getattr(results, "watch", None)
    if watch is None and not left.exists():
        return
    record: dict[str, Any] = {"commit": results.commit_hash}
    # Between rounds the record lies elsewhere than where it ends up. The last word is the newest.
    for source in (target, results.record_path, left):
        record = _with_record(record, read_left_record(source))
    if watch is not None and (results.is_timed or "conditions" not in record):
        record["conditions"] = watch.conditions()
    # Without it what a smaller grid leaves out would look like cells that have no figure.
    record["profile"] = _larger_profile(record)
    write_whole(target, json.dumps(record, separators=(",", ":")))
    left.unlink(missing_ok=True)


def read_left_record(path: Path) -> dict[str, Any]:
    """A record as it is; empty if there is none, or where it is none, which is said."""
    try:
        found = json.loads(path.read_text())
        return dict(found) if found.get("profile", "quick") in PROFILES else {}
    except FileNotFoundError:
        return {}
    except UNUSABLE as error:
        leave_out(path, f"cannot be read ({in_short(error)})")
        return {}


def _with_record(earlier: dict[str, Any], newer: dict[str, Any]) -> dict[str, Any]:
    """Both together: the stores that only the earlier one has where their cells are kept too."""
    voxels = [(each.get("tomogram") or {}).get("sha256") for each in (earlier, newer)]
    if None not in voxels and voxels[0] != voxels[1]:
        return newer
    if _larger_profile(earlier) != selected_profile().name:
        return with_earlier_stores(newer, earlier)
    return earlier | newer


def _larger_profile(record: dict[str, Any]) -> str:
    """The profile that was selected, or that of a record where that has more cells."""
    selected = selected_profile().name
    return max(selected, record.get("profile", selected), key=list(PROFILES).index)
