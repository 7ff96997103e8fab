"""Results of one processor are never filed under the name of another."""

import json
from functools import partial

import pytest
from asv.machine import Machine, MachineCollection
from asv.util import UserError
from typer.testing import CliRunner

from cryoet_zarr_bench.asv_bridge.machine_names import (
    chosen_machine,
    guard_results,
    machine_name,
    refuse_another_machine,
)
from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.common.errors import BadInput

HERE = {**Machine.get_defaults(), "machine": "mine"}


@pytest.fixture(autouse=True)
def no_machine_is_described(tmp_path, monkeypatch):
    monkeypatch.setattr(
        MachineCollection, "get_machine_file_path", lambda: str(tmp_path / "asv-machine.json")
    )


def describe(results, content):
    (results / "mine").mkdir(parents=True)
    (results / "mine/machine.json").write_text(content)


def test_a_name_stands_for_one_kind_of_machine(tmp_path):
    describe(tmp_path / "results", json.dumps({"cpu": "Another"}))
    with pytest.raises(BadInput, match=r"^results/mine: measured by Another, and this machine is"):
        refuse_another_machine(tmp_path / "results", "mine")
    refuse_another_machine(tmp_path / "results", "new")


@pytest.mark.parametrize("content", [json.dumps({"cpu": HERE["cpu"]}), "", "[]", "{}", "nothing"])
def test_the_same_machine_and_one_that_nothing_is_known_of_are_taken(content, tmp_path):
    describe(tmp_path / "results", content)
    refuse_another_machine(tmp_path / "results", "mine")


def test_a_machine_is_what_its_user_has_called_it(tmp_path):
    MachineCollection.save("mine", {**HERE, "cpu": "The fast one"})
    describe(tmp_path / "results", json.dumps({"cpu": "The fast one"}))
    refuse_another_machine(tmp_path / "results", "mine")


def test_asv_itself_refuses_before_it_describes_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(Machine, "save", Machine.save)
    guard_results()
    machine = Machine()
    machine.__dict__.update(HERE)
    machine.save(str(tmp_path / "new"))
    assert json.loads((tmp_path / "new/mine/machine.json").read_text())["cpu"] == HERE["cpu"]
    describe(tmp_path / "results", json.dumps({"cpu": "Another"}))
    with pytest.raises(UserError, match="measured by Another"):
        machine.save(str(tmp_path / "results"))
    assert json.loads((tmp_path / "results/mine/machine.json").read_text()) == {"cpu": "Another"}


NO_NAMES = [
    *("a/b", "../x", "/abs", "", ".", "..", ".hidden", "-dash", "a\\b", "a b", "a\nb", "a\n"),
    *("x.json", "x.JSON", "m" * 300, "a\0b", "caf\u00e9", "a\u0661"),
]


@pytest.mark.parametrize("name", NO_NAMES, ids=ascii)
def test_what_results_cannot_be_filed_under_is_refused_in_one_line(name, tmp_path, monkeypatch):
    for ask in (machine_name, chosen_machine, partial(refuse_another_machine, tmp_path)):
        with pytest.raises(BadInput, match="cannot be the name of a machine") as refusal:
            ask(name)
        assert len(str(refusal.value).splitlines()) == 1
        assert len(str(refusal.value)) < 300
    monkeypatch.setattr("platform.node", lambda: name)
    with pytest.raises(BadInput, match="own name"):
        chosen_machine(None)
    monkeypatch.setattr(Machine, "save", Machine.save)
    guard_results()
    machine = Machine()
    machine.__dict__.update({**HERE, "machine": name})
    with pytest.raises(UserError, match="cannot be the name of a machine"):
        machine.save(str(tmp_path / "results"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["epyc-2-cores", "xeon-2-cores", "node1.site.example.org", "A_1"])
def test_names_of_hosts_and_those_of_the_committed_results_are_taken(name):
    assert chosen_machine(name) == name


@pytest.mark.parametrize("command", ["history", "verdicts", "trust", "settings"])
def test_every_command_refuses_such_a_name_before_anything_else(command, tmp_path):
    found = CliRunner().invoke(app, [command, "--machine", "../x"])
    assert found.exit_code == 2
    assert len(found.stderr.splitlines()) == 1 and "'../x'" in found.stderr


def test_asv_does_not_begin_on_such_a_name_from_the_environment(workplace):
    workplace.configuration(None)
    found = workplace.run(
        *("asv", "run", "--config", str(workplace.folder / "asv.own.conf.json"), "HEAD^!"),
        CRYOET_MACHINE="../x",
    )
    assert found.returncode == 2
    lines = found.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: CRYOET_MACHINE: '../x' cannot be")
