"""Results of one processor are never filed under the name of another."""

import json

import pytest
from asv.machine import Machine, MachineCollection
from asv.util import UserError

from cryoet_zarr_bench.errors import BadInput
from cryoet_zarr_bench.releases.machines import guard_results, refuse_another_machine

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
