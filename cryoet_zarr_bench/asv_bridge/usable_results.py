"""Make asv's own commands leave out result files that cannot be used.

asv's plugins cannot filter results: the functions by which asv lists and reads result files and
descriptions of machines are replaced.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asv.commands.compare
import asv.commands.publish
import asv.commands.show
import asv.results
from asv.results import Results
from asv.util import UserError

from cryoet_zarr_bench.analysis.result_files import (
    MACHINE_FILE,
    described_machine,
    is_usable,
    result_paths,
    result_paths_of,
)

_load = Results.load


def leave_out_unusable_results() -> None:
    """Make asv's own commands leave out what cannot be used: they would end in a traceback.

    asv's plugin interface has no place for it. asv gets its result files by the first of these
    functions, reads each by the second, and the descriptions of machines by the third.
    """

    def paths(results: str) -> Iterator[tuple[str, str, str]]:
        # asv gives the folder of all machines, or of one.
        folder = Path(results)
        is_one = (folder / MACHINE_FILE).exists()
        for path in result_paths_of(folder) if is_one else result_paths(folder):
            yield str(path.parent), path.name, path.parent.name

    def load(cls: type[Results], path: str, machine_name: str | None = None) -> Results:
        if not is_usable(Path(path)):
            raise UserError(f"{path} is no result file that can be used")
        loaded: Results = _load.__func__(cls, path, machine_name)
        return loaded

    def machine_files(results: str) -> Iterator[str]:
        for path in sorted(Path(results).glob(f"*/{MACHINE_FILE}")):
            if described_machine(path.parent) is not None:
                yield str(path)

    asv.results.iter_results_paths = paths
    Results.load = classmethod(load)
    for command in (asv.commands.publish, asv.commands.compare, asv.commands.show):
        command.iter_machine_files = machine_files
