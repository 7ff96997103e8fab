"""How much memory does a small crop take?"""

from __future__ import annotations

from cryoet_zarr_bench.analysis.layout_comparison import ComparedLayouts, title_of
from cryoet_zarr_bench.reports.questions.question import Answer, Question

QUESTION = Question(
    "How much memory does a small crop take, by the class of store?",
    "26 GB were reported in [torch-em #829](https://github.com/constantinpape/torch-em/issues/829).",
    "cryoet-zarr-bench layouts",
)


def answer(compared: ComparedLayouts) -> Answer | None:
    """The memory of a crop of 64^3 of every named layout through every class."""
    classes = list(dict.fromkeys(name for line in compared.named for name in line.crops))
    memory = {
        (line.layout, name): crop.added_memory / 1e6
        for line in compared.named
        for name, crop in line.crops.items()
    }
    if not memory:
        return None
    most, least = max(memory, key=memory.__getitem__), min(memory, key=memory.__getitem__)
    line = (
        f"At most {memory[most]:.0f} MB, {title_of(most[0])} through {most[1]}; "
        f"at least {memory[least]:.0f} MB, {title_of(least[0])}. "
        f"The tomogram has {compared.lines[0].raw_bytes / 1e6:.0f} MB."
    )
    rows = [
        (
            title_of(each.layout),
            "x".join(map(str, each.levels[0].chunks)),
            *(f"{memory[each.layout, name]:.0f}" if name in each.crops else "" for name in classes),
        )
        for each in compared.named
    ]
    note = "MB that reading 64^3 voxels adds to the most that its process had."
    return Answer(line, ("layout", "chunks", *classes), rows, note)
