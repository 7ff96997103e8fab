"""Every document with figures in it, written from the committed results and by nothing else."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from cryoet_zarr_bench.analysis.changes.announced_outcomes import announced_rows
from cryoet_zarr_bench.analysis.changes.exact_changes import exact_report
from cryoet_zarr_bench.analysis.changes.release_evidence import EvidenceOfSeries
from cryoet_zarr_bench.analysis.changes.release_verdicts import (
    announced_markdown,
    verdict_markdown,
    verdict_rows,
)
from cryoet_zarr_bench.analysis.changes.verdict_steps import (
    LAYOUT_CAVEAT,
    VERDICTS_FILE,
    JudgedStep,
    read_verdicts,
)
from cryoet_zarr_bench.analysis.result_reader import (
    machine_of_tomograms,
    machine_with,
    published_machine,
)
from cryoet_zarr_bench.analysis.tomogram_figures import measured_tomograms
from cryoet_zarr_bench.analysis.trust_figures import TRUST_FILE
from cryoet_zarr_bench.common.shown_text import for_markdown
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.layouts.layout_lines import LAYOUTS_FILE
from cryoet_zarr_bench.releases.announced_changes import load_announced
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.reports.documents.claims_document import claims_report
from cryoet_zarr_bench.reports.documents.cost_document import cost_report
from cryoet_zarr_bench.reports.documents.layouts_document import layouts_report
from cryoet_zarr_bench.reports.documents.portability_document import portability_report
from cryoet_zarr_bench.reports.documents.questions_document import questions_report
from cryoet_zarr_bench.reports.documents.readme_figures import update_readme
from cryoet_zarr_bench.reports.documents.releases_document import releases_report
from cryoet_zarr_bench.reports.documents.reliability_table import update_reliability
from cryoet_zarr_bench.reports.documents.storage_document import (
    storage_charts,
    storage_report,
)
from cryoet_zarr_bench.reports.documents.survey_document import survey_report
from cryoet_zarr_bench.reports.documents.trust_document import trust_report


def update_documents(project: Path) -> list[str]:
    """Write README.md, docs/*.md and its charts anew; return the names of those that this changed.

    Raises BadInput if there are no results.
    """
    results = project / "results"
    changed = ["README.md"] if update_readme(project / "README.md", results) else []
    machine = published_machine(results)
    widest = machine_of_tomograms(results)
    assert machine is not None and widest is not None  # the README has figures
    tomograms = measured_tomograms(results, widest)
    trusted = machine_with(results, TRUST_FILE, machine)
    judging = machine_with(results, VERDICTS_FILE, machine)
    if update_reliability(project / "docs" / "reliability.md", results, machine):
        changed.append("docs/reliability.md")
    for name, text in (
        ("docs/releases.md", releases_report(results)),
        ("docs/trust.md", trust_report(results, trusted)),
        ("docs/claims.md", claims_report(results)),
        ("docs/cost.md", cost_report(results, machine)),
        ("docs/portability.md", portability_report(results, widest)),
        ("docs/verdicts.md", verdict_report(results, judging)),
        ("docs/exact.md", exact_report(results, widest)),
        ("docs/layouts.md", layouts_report(results, machine_with(results, LAYOUTS_FILE, machine))),
        ("docs/survey.md", survey_report(results, machine)),
        ("docs/questions.md", questions_report(results)),
        ("docs/storage.md", storage_report(results, widest, tomograms)),
        *((f"docs/{name}", svg) for name, svg in storage_charts(tomograms).items()),
    ):
        path = project / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)
            changed.append(name)
    return changed


def verdict_report(results: Path, machine: str) -> str:
    """The verdicts on the whole history in Markdown, and what release notes announced.

    Those of `machine` come first, then those of the other machines.
    """
    every = read_verdicts(results)
    machines = dict.fromkeys([machine, *sorted(step.machine for step in every)])
    evidence = EvidenceOfSeries(results)
    tables = [
        _verdicts_of(evidence, each, [s for s in every if s.machine == each]) for each in machines
    ]
    series = dict.fromkeys(step.series for step in every if step.machine == machine)
    known = [evidence.of(*each) for each in series]
    listed = "\n\n".join(tables)
    return f"""# What each release changed

Written by `cryoet-zarr-bench readme` from the `verdicts.jsonl` of each machine. `confirm` compared
each release with the one before it. A ratio is the CPU time (or peak memory) of the release divided
by that of its predecessor, with a 99 % interval, for the cell that changed most. A change is listed
only if two runs found it, with other processes and another order of cells. "no change" rules out a
change of 10 %; "inconclusive +-x %" says how well the ratio is known; – was not judged. "exact
figures" are bytes, files and requests, which need no repetition: the largest changes, each in the
cell where it is largest; [exact.md](exact.md) has all of them. "changed" names the differences on
the disk, over the whole grid, and the figures that changed.

{listed}

## What release notes announce

The release notes of zarr and numcodecs announce these changes of performance, and these benchmarks
can see them. {_untouched()}

A release has several changes, and a cell shows their sum. "seen in instructions": the work changed,
by too little for a time to tell. "mixed": in some cells as announced, in others the other way. "not
seen": no cell that could show it changed so; the nearest one is named. "candidate": known from the
anchored history, not confirmed side by side.

{announced_markdown(announced_rows(load_announced(), known))}
"""


def _verdicts_of(evidence: EvidenceOfSeries, machine: str, steps: list[JudgedStep]) -> str:
    releases = [each for each in load_catalogue().releases if each.parent is not None]
    profiles = for_markdown(", ".join(sorted({step.profile for step in steps})))
    return f"""## On {for_markdown(machine)}

{len(steps)} of {len(releases)} releases are judged{f", profile {profiles}" if profiles else ""}.
{_layout_caveat(steps)}
{verdict_markdown(verdict_rows(steps, evidence))}"""


def _untouched() -> str:
    changes = load_announced()
    untouched = sum(not change.touches for change in changes)
    return (
        f"{len(changes)} announced changes were looked up; {untouched} of them cannot show here, "
        "for the reasons in `cryoet_zarr_bench/releases/announced_changes.json`."
    )


def _layout_caveat(steps: list[JudgedStep]) -> str:
    alike = sum(bool(step.cells) and not step.draws_layout for step in steps)
    return f"\n{fill(f'{alike} of them were {LAYOUT_CAVEAT}', 100)}\n" if alike else ""
