"""`FsspecStore` or `ObjectStore`: should I switch?"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from cryoet_zarr_bench.analysis.layout_comparison import title_of
from cryoet_zarr_bench.analysis.s3_agreement import classes_compared
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import USUAL
from cryoet_zarr_bench.reports.questions.question import Answer, Question
from cryoet_zarr_bench.s3_reading.s3_trial_lines import S3TrialLine

QUESTION = Question(
    "FsspecStore or ObjectStore: should I switch?",
    "Asked in [zarr-python #3520](https://github.com/zarr-developers/zarr-python/issues/3520).",
    "cryoet-zarr-bench s3-reading --tomogram synthetic:10A@184x630x630",
)


def answer(trials: Sequence[S3TrialLine]) -> Answer | None:
    """Both classes on every pattern, wall beside CPU."""
    found = classes_compared(trials)
    if not found:
        return None
    faster = sum(each.wall > 1 for each in found)
    less = sum(each.cpu > 1 for each in found)
    line = (
        f"ObjectStore was faster in {faster} of {len(found)} readings, "
        f"{median(each.wall for each in found):.2f} times at the median, and took less CPU in "
        f"{less}, {median(each.cpu for each in found):.2f} times less."
    )
    rows = [
        (
            title_of(each.obstore.layout),
            PATTERNS[each.obstore.pattern].title,
            f"{each.fsspec.wall_seconds:.2f}",
            f"{each.obstore.wall_seconds:.2f}",
            f"{each.wall:.2f}",
            f"{each.fsspec.cpu_seconds:.2f}",
            f"{each.obstore.cpu_seconds:.2f}",
            f"{each.cpu:.2f}",
            f"{each.fsspec.requests}",
            f"{each.obstore.requests}",
        )
        for each in found
    ]
    headings = (
        *("layout", "read", "FsspecStore, s", "ObjectStore, s", "ratio"),
        *("FsspecStore, CPU s", "ObjectStore, CPU s", "ratio of CPU"),
        *("FsspecStore, requests", "ObjectStore, requests"),
    )
    note = (
        f"From a real S3 server on this machine over a line that is made slow: {USUAL}. Medians of "
        f"{len(found[0].obstore.wall)} readings, decoding included. {found[0].fsspec.packages}; "
        f"{found[0].obstore.packages}. s3fs asks for the size of each whole object first, which is "
        "one more wait for each."
    )
    return Answer(line, headings, rows, note)
