"""Should ranges of a shard be joined otherwise than zarr 3.4 joins them?"""

from __future__ import annotations

from collections.abc import Sequence

from cryoet_zarr_bench.analysis.layout_comparison import title_of
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import USUAL
from cryoet_zarr_bench.reports.questions.question import Answer, Question
from cryoet_zarr_bench.s3_reading.s3_trial_lines import S3TrialLine
from cryoet_zarr_bench.s3_reading.s3_trials import COALESCING, OWN_SETTINGS
from cryoet_zarr_bench.s3_reading.store_classes import OBSTORE

QUESTION = Question(
    "Should chunks of a shard be joined otherwise than zarr 3.4 joins them?",
    "Its settings came with [zarr-python "
    "#3987](https://github.com/zarr-developers/zarr-python/pull/3987).",
    "cryoet-zarr-bench s3-reading --tomogram synthetic:10A@184x630x630",
)


def answer(trials: Sequence[S3TrialLine]) -> Answer | None:
    """Every setting on slices and volumes of sharded layouts, against zarr's own."""
    usual = [line for line in trials if line.wall and line.place == USUAL]
    own = {_key(line): line for line in usual if line.called == OWN_SETTINGS}
    others = [line for line in usual if line.called in COALESCING and _key(line) in own]
    if not others:
        return None
    ratios = [(line.wall_seconds / own[_key(line)].wall_seconds, line) for line in others]
    best, worst = min(ratios, key=lambda each: each[0]), max(ratios, key=lambda each: each[0])
    line = (
        f"At best it takes {best[0]:.2f} of the time ({_in_words(best[1])}), at worst "
        f"{worst[0]:.2f} times ({_in_words(worst[1])})."
    )
    rows = [
        (
            title_of(each.layout),
            PATTERNS[each.pattern].title,
            each.called,
            f"{each.requests}",
            f"{each.bytes_fetched / 1e6:.0f}",
            f"{each.wall_seconds:.2f}",
            f"{ratio:.2f}",
        )
        for ratio, each in [*((1.0, own[key]) for key in {_key(x): 0 for x in others}), *ratios]
    ]
    rows.sort(key=lambda row: (row[0], row[1]))
    headings = ("layout", "read", "joined", "requests", "MB fetched", "s", "of zarr's own")
    return Answer(line, headings, rows, f"Through {OBSTORE}, {USUAL}.")


def _key(line: S3TrialLine) -> tuple[str, str, str, str]:
    return line.tomogram, line.layout, line.pattern, line.store_class


def _in_words(line: S3TrialLine) -> str:
    layout = title_of(line.layout)
    return f"{PATTERNS[line.pattern].title} of {layout}, {line.called}"
