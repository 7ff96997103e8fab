"""A machine's name in the results stands for one kind of processor."""

from __future__ import annotations

import json
from pathlib import Path

from asv.machine import Machine, MachineCollection
from asv.util import UserError

from cryoet_zarr_bench.errors import BadInput


def refuse_another_machine(results: Path, name: str) -> None:
    """Raise BadInput where results of that name were measured by another kind of processor."""
    _refuse(results, name, _described_here(name))


def guard_results() -> None:
    """Make asv refuse the same, whoever started it, before it writes or measures anything."""

    def save(self: Machine, results_dir: str) -> None:
        try:
            _refuse(Path(results_dir), self.machine, self.cpu)
        except BadInput as error:
            raise UserError(str(error)) from error
        _save(self, results_dir)

    Machine.save = save


_save = Machine.save


def _refuse(results: Path, name: str, here: str) -> None:
    try:
        known = json.loads((results / name / "machine.json").read_text())["cpu"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if known != here:
        raise BadInput(
            f"{results.name}/{name}: measured by {known}, and this machine is {here}; "
            f"choose another name by --machine"
        )


def _described_here(name: str) -> str:
    """The processor of this machine: as its user has described it to asv, else as asv finds it."""
    try:
        described = MachineCollection.load(name)
    except UserError:
        described = Machine.get_defaults()
    return str(described["cpu"])
