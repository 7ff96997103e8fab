"""Interpreters are found behind a pyenv shim that refuses to run, and nowhere else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cryoet_zarr_bench.machine import interpreters

PROJECT = Path(__file__).resolve().parents[2]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
REFUSING_SHIM = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A PATH with a shim that refuses, and a pyenv with a real interpreter behind it."""
    shims = tmp_path / "shims"
    shims.mkdir()
    shim = shims / f"python{VERSION}"
    shim.write_text(REFUSING_SHIM)
    shim.chmod(0o755)
    real = tmp_path / "pyenv" / "versions" / f"{VERSION}.9" / "bin"
    real.mkdir(parents=True)
    (real / f"python{VERSION}").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", f"{shims}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr(sys, "version_info", (3, 0, 0, "final", 0))
    interpreters.find_interpreter.cache_clear()
    yield tmp_path
    interpreters.find_interpreter.cache_clear()


class Version(tuple):
    major, minor = 3, 0


def test_the_interpreter_behind_a_refusing_shim_is_found(machine, monkeypatch):
    monkeypatch.setattr(sys, "version_info", Version((3, 0)))
    found = interpreters.find_interpreter(VERSION)
    assert found is not None and "pyenv" in str(found)


def test_shims_on_the_path_tell_where_pyenv_is(machine, monkeypatch):
    """With another home directory too, as where a check runs with an empty one."""
    monkeypatch.setattr(sys, "version_info", Version((3, 0)))
    monkeypatch.delenv("PYENV_ROOT")
    monkeypatch.setenv("HOME", str(machine / "nobody"))
    shims = machine / "pyenv" / "shims"
    (machine / "shims").rename(shims)
    monkeypatch.setenv("PATH", f"{shims}:/usr/bin:/bin")
    found = interpreters.find_interpreter(VERSION)
    assert found is not None and found.is_relative_to(machine / "pyenv" / "versions")
    answer = find_python(PATH=str(shims) + ":/usr/bin:/bin")
    assert answer.returncode == 0
    assert VERSION in answer.stdout


def test_without_one_there_is_none(machine, monkeypatch):
    monkeypatch.setattr(sys, "version_info", Version((3, 0)))
    monkeypatch.setenv("PYENV_ROOT", str(machine / "nothing"))
    monkeypatch.setenv("PATH", str(machine / "shims"))
    assert interpreters.find_interpreter(VERSION) is None


def find_python(**variables):
    return subprocess.run(
        [PROJECT / "scripts" / "find-python"],
        env={"HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
    )


def test_the_script_finds_the_interpreter_behind_a_refusing_shim(machine):
    path = f"{machine / 'shims'}:/usr/bin:/bin"
    answer = find_python(PATH=path, PYENV_ROOT=str(machine / "pyenv"))
    assert answer.returncode == 0
    found = Path(answer.stdout.strip())
    version = subprocess.run(
        [found, "-c", "import sys; print(sys.version_info >= (3, 12))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert version.stdout.strip() == "True"


def test_the_script_says_in_one_line_that_there_is_none(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "tr", "sed", "env"):
        found = next(
            Path(folder) / name
            for folder in os.defpath.split(":")
            if (Path(folder) / name).exists()
        )
        (tools / name).symlink_to(found)
    answer = find_python(PATH=str(tools), PYENV_ROOT=str(tmp_path))
    assert answer.returncode == 2
    assert answer.stdout == ""
    (line,) = answer.stderr.splitlines()
    assert line.startswith("error: no CPython 3.12 or newer found")
