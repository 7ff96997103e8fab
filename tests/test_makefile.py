"""What is given to make reaches the command as it was written, and no shell reads it."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[1]

PROGRAM = """#!{python}
import json, sys
json.dump(sys.argv[1:], open("arguments.json", "w"))
"""

TEXTS = (
    'a"; touch x; ".mrc',
    "a'; touch x; '.mrc",
    "$(touch x).mrc",
    "$(shell touch x).mrc",
    "`touch x`.mrc",
    "two words.mrc",
    "a$b $$ ${HOME} $(HOME).mrc",
    "a#b?c*.mrc",
    "-x.mrc",
    "back\\slash.mrc",
    "two\nlines.mrc",
)


@pytest.fixture
def make(tmp_path):
    """A function that makes a target beside a stand-in of the command; gives its arguments."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    shutil.copytree(PROJECT / "scripts", tmp_path / "scripts")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "uv.lock").touch()
    program = tmp_path / ".venv" / "bin" / "cryoet-zarr-bench"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    (tmp_path / ".venv" / ".installed").touch()
    before = {tmp_path / "arguments.json", *tmp_path.iterdir()}

    def made(target, given, by_environment):
        words = [] if by_environment else [f"{name}={text}" for name, text in given.items()]
        environment = {**os.environ, **(given if by_environment else {})}
        subprocess.run(
            ["make", "--silent", target, *words], cwd=tmp_path, env=environment, check=True
        )
        assert set(tmp_path.iterdir()) <= before
        return json.loads((tmp_path / "arguments.json").read_text())

    return made


@pytest.mark.parametrize("by_environment", [False, True])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_reaches_the_command_as_it_was_written(make, text, by_environment):
    given = {"TOMOGRAM": text, "CROP": text, "MACHINE": text}
    expected = ["bench", f"--tomogram={text}", f"--crop={text}"]
    assert make("bench", given, by_environment) == expected
    assert make("history", given, by_environment) == ["history", f"--machine={text}"]
    assert make("trust", given, by_environment) == ["trust", f"--machine={text}"]


def test_nothing_given_is_nothing_said(make):
    assert make("bench", {"TOMOGRAM": "", "CROP": "", "MACHINE": ""}, True) == ["bench"]


def test_volumes_in_a_folder_of_any_name_are_measured(make, tmp_path):
    folder = tmp_path.parent / f"{tmp_path.name} of $(touch x); volumes"
    folder.mkdir()
    (folder / "EMD-3197.map").touch()
    said = make("tomograms", {"VOLUMES": str(folder)}, False)
    assert said[-1] == f"--tomogram={folder}/EMD-3197.map"
    assert said[4:-1] == [
        f"--tomogram=synthetic:{kind}@128" for kind in ("10A", "5A", "int16", "denoised")
    ]


def test_the_lock_file_is_of_what_the_project_asks_for():
    """Where this fails: `uv lock`."""
    asked = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lock = tomllib.loads((PROJECT / "uv.lock").read_text())
    (own,) = [each for each in lock["package"] if each["name"] == asked["name"]]
    locked = {
        (each["name"], each.get("specifier", "")) for each in own["metadata"]["requires-dist"]
    }
    extras = asked["optional-dependencies"]
    wanted = {
        (canonicalize_name(each.name), str(each.specifier))
        for each in map(Requirement, [*asked["dependencies"], *itertools.chain(*extras.values())])
        if each.name != asked["name"]
    }
    parts = {(name, frozenset(pins.split(","))) for name, pins in wanted}
    assert parts <= {(name, frozenset(pins.split(","))) for name, pins in locked}


def test_a_checkout_that_writes_crlf_still_makes(tmp_path):
    """Git for Windows sets core.autocrlf; make and the shell then read carriage returns."""
    clone = tmp_path / "clone"
    command = ["git", "-c", "core.autocrlf=true", "clone", "--quiet", str(PROJECT), str(clone)]
    subprocess.run(command, check=True)
    for name in ("Makefile", "scripts/find-python", ".ci/run", "pyproject.toml"):
        assert b"\r" not in (clone / name).read_bytes(), name
    help_of_make = subprocess.run(["make", "help"], cwd=clone, capture_output=True, text=True)
    assert "make bench" in help_of_make.stdout
    vendored = "cryoet_zarr_bench/reports/assets/vendor"
    for name in ("jquery.flot.orderBars.js", "jquery.min.js"):
        kept = (PROJECT / vendored / name).read_bytes()
        assert (clone / vendored / name).read_bytes() == kept
