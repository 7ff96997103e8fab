"""Can modelled seconds on S3 be believed?"""

from __future__ import annotations

from collections.abc import Sequence

from cryoet_zarr_bench.analysis.layout_comparison import title_of
from cryoet_zarr_bench.analysis.s3_agreement import (
    agreement,
    modelled_seconds,
    over_predicted,
)
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.reports.questions.question import Answer, Question
from cryoet_zarr_bench.s3_reading.s3_trial_lines import S3TrialLine
from cryoet_zarr_bench.s3_reading.s3_trials import LONGEST, OWN_SETTINGS

QUESTION = Question(
    "Can the modelled seconds be believed?",
    "The same reads, from a real S3 server (rclone) over a line that is made slow.",
    "cryoet-zarr-bench s3-reading --tomogram synthetic:10A@184x630x630",
)


def answer(trials: Sequence[S3TrialLine], layouts: Sequence[LayoutLine]) -> Answer | None:
    """Every reading against what the model says of its requests."""
    all_of_them = agreement(trials, layouts)
    read = [line for line in trials if line.wall and line.called == OWN_SETTINGS]
    if all_of_them is None:
        return None
    rows = [
        (
            title_of(each.layout),
            PATTERNS[each.pattern].title,
            each.store_class,
            each.place,
            f"{each.requests}",
            f"{modelled_seconds(each, layouts):.2f}",
            f"{each.wall_seconds:.2f}",
            f"{over_predicted(each, layouts):.2f}",
            f"{each.cpu_seconds:.2f}",
        )
        for each in read
    ]
    headings = (
        *("layout", "read", "class", "place", "requests"),
        *("model, s", "measured, s", "ratio", "CPU, s"),
    )
    left_out = sum(not line.wall for line in trials)
    note = (
        "Of chunks that are files, decoding goes on while others arrive; of chunks in a shard it "
        "comes when all of them arrived. Server, line and reader share the cores of one machine, "
        "and s3fs takes a core of its own where it makes many requests. "
        f"{left_out} readings of more than {LONGEST:.0f} s were left out."
    )
    return Answer(all_of_them.sentence, headings, rows, note)
