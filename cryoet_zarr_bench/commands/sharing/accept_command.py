"""`accept`: results that somebody submitted, checked and added as a machine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console

from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.common.staged_outputs import staged
from cryoet_zarr_bench.submission.packed_results import unpack
from cryoet_zarr_bench.submission.submission_checks import checked_submission


def run_accept(console: Console, packed: Path, replace: bool) -> None:
    """Check a submitted file, and add its machine to results/, whole or not at all.

    Raises:
        BadInput: it cannot be accepted, or there is such a machine and it is not to be replaced.
    """
    results = PROJECT / "results"
    if not packed.is_file():
        raise refused(packed, "is no file", "give what `submit` wrote")
    with tempfile.TemporaryDirectory(prefix="cryoet-zarr-bench-accept-") as folder:
        machine = unpack(packed, Path(folder))
        target = results / machine.name
        if target.exists() and not replace:
            raise refused(target, "is there already", "give --replace to have it replaced")
        found = checked_submission(machine, results)
        results.mkdir(exist_ok=True)
        with staged(target, replace, "accepting", "accepting") as product:
            product.mkdir()
            for path in sorted(machine.iterdir()):
                (product / path.name).write_bytes(path.read_bytes())
    console.print(for_markup(found.sentence))
    console.print(
        for_markup(
            f"Added as {target.relative_to(PROJECT)}. Now: cryoet-zarr-bench readme, asv publish, "
            f"git add --force {target.relative_to(PROJECT)}, and one pull request with it, html/, "
            "README.md and docs/."
        )
    )
