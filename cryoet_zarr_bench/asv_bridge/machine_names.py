"""A machine's name in the results stands for one kind of processor."""

from __future__ import annotations

import json
import os
import platform
import re
from pathlib import Path

from asv.machine import Machine, MachineCollection
from asv.util import UserError

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused, shown

MACHINE = "CRYOET_MACHINE"
"""Environment variable: the name of this machine in the results, asv's own without it."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", re.ASCII)
"""A machine's name is a folder of results, part of addresses, and a value of asv's options."""


def machine_name(text: str, where: str = "--machine") -> str:
    """The name of a machine, if results can be filed under it.

    Raises BadInput if it is not one to 100 letters, digits, `.`, `_` and `-`, begins with `.` or
    `-`, or ends in `.json`, as the files beside the folders of machines do.
    """
    if _NAME.fullmatch(text) is None or text.lower().endswith(".json"):
        raise refused(
            where,
            f"{shown(text)} cannot be the name of a machine",
            "give up to 100 letters, digits, '.', '_' and '-', not '.' or '-' first, no .json last",
        )
    return text


def chosen_machine(option: str | None) -> str:
    """The machine that an option names, without one this machine by its own name; or BadInput."""
    if option is not None:
        return machine_name(option)
    return machine_name(platform.node(), "this machine's own name (--machine gives another)")


def machine_of_asv() -> str:
    """The machine that `CRYOET_MACHINE` names, without it as asv calls this one; or BadInput."""
    named = os.environ.get(MACHINE)
    if named is not None:
        return machine_name(named, MACHINE)
    own = Machine.get_unique_machine_name()
    return machine_name(own, f"this machine's own name ({MACHINE} gives another)")


def refuse_another_machine(results: Path, name: str) -> None:
    """Raise BadInput if results of that name were measured by another kind of processor.

    Or where it is not what a machine may be called.
    """
    machine_name(name)
    _refuse(results, name, _described_here(name))


def guard_results() -> None:
    """Make asv refuse the same, whoever started it, before it writes or measures anything."""

    def save(self: Machine, results_dir: str) -> None:
        try:
            machine_name(self.machine, "the name of the machine")
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
