"""Environments: one resolver call, exact pins, and pairs that exclude each other."""

import json
import shutil
import subprocess

import pytest
from packaging.version import Version

from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.releases import companion_packages
from cryoet_zarr_bench.releases import installation as installation
from cryoet_zarr_bench.releases.catalogue import DEFAULT_CATALOGUE, load_catalogue
from cryoet_zarr_bench.releases.companion_packages import Companion, Pin
from cryoet_zarr_bench.releases.installation import (
    InstallationFailed,
    install_release,
    is_made,
    make_environment,
)


@pytest.fixture
def environment(tmp_path):
    interpreter = find_interpreter("3.12")
    if interpreter is None:
        pytest.skip("no CPython 3.12")
    folder = tmp_path / "environment"
    make_environment(interpreter, folder)
    return folder


def checkout(folder, zarr, numcodecs):
    folder.mkdir(exist_ok=True)
    lines = [f"zarr=={zarr}", f"numcodecs=={numcodecs}", "numpy==2.2.6"]
    (folder / "requirements.txt").write_text("\n".join(lines) + "\n")
    release = {"tag": f"zarr-{zarr}", "zarr": zarr, "numcodecs": numcodecs}
    (folder / "release.json").write_text(json.dumps(release))
    return folder


def versions(environment):
    program = (
        "import importlib.metadata as m;"
        "print(*sorted(d.name + '==' + d.version for d in m.distributions()))"
    )
    answer = subprocess.run(
        [environment / "bin" / "python", "-c", program], capture_output=True, text=True, check=True
    )
    return answer.stdout.split()


def label(environment):
    return json.loads((environment / "installed-release.json").read_text())


def test_a_step_to_another_release_leaves_nothing_of_the_last(environment, tmp_path):
    old = checkout(tmp_path / "old", "2.18.7", "0.15.1")
    assert install_release(environment, old, "a" * 40, None, []).impossible is None
    assert {"zarr==2.18.7", "numcodecs==0.15.1", "numpy==2.2.6"} <= set(versions(environment))
    assert any(each.startswith("asciitree==") for each in versions(environment))

    new = checkout(tmp_path / "new", "3.4.2", "0.17.1")
    install_release(environment, new, "b" * 40, None, [])
    assert {"zarr==3.4.2", "numcodecs==0.17.1", "numpy==2.2.6"} <= set(versions(environment))
    assert not any(each.startswith("asciitree==") for each in versions(environment))
    assert {"pcodec==1.1.0", "zfpy==1.0.1"} <= set(versions(environment))
    assert label(environment) == {
        "tag": "zarr-3.4.2",
        "commit": "b" * 40,
        "packages": {"zarr": "3.4.2", "numcodecs": "0.17.1"},
        "impossible": None,
        "left_out": {},
    }


@pytest.mark.long
def test_what_a_kill_left_of_an_installation_is_not_taken_for_whole(environment, tmp_path):
    """uv takes a package for installed whose metadata is there, whatever its files are."""
    release = checkout(tmp_path / "new", "3.4.2", "0.17.1")
    install_release(environment, release, "b" * 40, None, [])
    (packages,) = (environment / "lib").glob("python*/site-packages")
    (environment / "installed-release.json").unlink()
    (packages / "numpy" / "_globals.py").unlink()
    shutil.rmtree(packages / "zarr" / "core")
    install_release(environment, release, "b" * 40, None, [])
    assert (packages / "numpy" / "_globals.py").is_file()
    done = subprocess.run([environment / "bin" / "python", "-c", "import zarr, numpy"])
    assert done.returncode == 0


def test_an_environment_that_was_killed_while_it_was_made_is_made_again(environment, tmp_path):
    interpreter = find_interpreter("3.12")
    assert is_made(environment)
    (environment / "pyvenv.cfg").unlink()
    assert not is_made(environment)
    make_environment(interpreter, environment)
    assert is_made(environment)


def test_the_columns_pin_replaces_the_releases_own(environment, tmp_path):
    release = checkout(tmp_path / "release", "3.1.6", "0.16.5")
    install_release(environment, release, "a" * 40, "0.15.1", [])
    assert "numcodecs==0.15.1" in versions(environment)
    assert label(environment)["packages"]["numcodecs"] == "0.15.1"


def test_a_pair_that_excludes_itself_is_impossible_and_labelled_so(environment, tmp_path):
    release = checkout(tmp_path / "release", "2.18.7", "0.15.1")
    install_release(environment, release, "a" * 40, None, ["packaging"])
    outcome = install_release(environment, release, "a" * 40, "0.17.1", ["packaging"])
    assert outcome.impossible is not None and "numcodecs" in outcome.impossible
    left = versions(environment)
    assert "numpy==2.2.6" in left and any(each.startswith("packaging==") for each in left)
    assert not any(each.startswith(("zarr==", "numcodecs==")) for each in left)
    assert label(environment)["impossible"] == outcome.impossible


def test_an_index_that_cannot_be_reached_is_a_failure_not_an_impossible_pair(
    environment, tmp_path, monkeypatch
):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty-cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    (environment / "installed-release.json").write_text("{}")
    with pytest.raises(InstallationFailed):
        install_release(
            environment, checkout(tmp_path / "release", "3.4.2", "0.17.1"), "a" * 40, None, []
        )
    assert not (environment / "installed-release.json").exists()


def test_without_a_network_the_local_cache_serves(environment, tmp_path, monkeypatch):
    release = checkout(tmp_path / "release", "3.4.2", "0.17.1")
    install_release(environment, release, "a" * 40, None, [])
    calls = []
    real = installation.run_uv

    def without_network(arguments, **options):
        calls.append("--offline" in arguments)
        if "--offline" not in arguments:
            return subprocess.CompletedProcess(arguments, 2, "", "error: Failed to fetch")
        return real(arguments, **options)

    monkeypatch.setattr(installation, "run_uv", without_network)
    assert install_release(environment, release, "b" * 40, None, []).impossible is None
    assert calls == [False, True]
    assert label(environment)["commit"] == "b" * 40


def test_companions_are_of_the_release_and_cost_one_call(environment, tmp_path, monkeypatch):
    calls = []
    real = installation.run_uv
    monkeypatch.setattr(
        installation, "run_uv", lambda arguments: (calls.append(arguments), real(arguments))[1]
    )
    release = checkout(tmp_path / "release", "2.18.3", "0.14.1")
    install_release(environment, release, "a" * 40, None, [])
    assert len(calls) == 1
    assert "pcodec==0.2.0" in versions(environment)
    assert not any(each.startswith("zfpy==") for each in versions(environment))


def test_a_companion_that_does_not_go_with_the_release_is_left_out(
    environment, tmp_path, monkeypatch
):
    """One cannot go with the release at all, of the other only the second pin can be had."""
    impossible = Companion("zarr", (Pin("3.1.6"),))
    second = Companion("pcodec", (Pin("0.0.99"), Pin("1.1.0", ("numcodecs>=0.17", "zarr>=3.4"))))
    monkeypatch.setattr(companion_packages, "COMPANIONS", (impossible, second))
    release = checkout(tmp_path / "release", "3.4.2", "0.17.1")
    assert install_release(environment, release, "a" * 40, None, []).impossible is None
    assert {"zarr==3.4.2", "numcodecs==0.17.1", "pcodec==1.1.0"} <= set(versions(environment))
    (left_out,) = label(environment)["left_out"].items()
    assert left_out[0] == "zarr" and "3.1.6" in left_out[1]


def test_every_release_of_the_catalogue_has_one_pin_of_each_companion():
    for release in load_catalogue(DEFAULT_CATALOGUE).releases:
        fitting = companion_packages.fitting({"zarr": release.zarr, "numcodecs": release.numcodecs})
        assert len(fitting["pcodec"]) == 1
        assert ("zfpy" in fitting) == (Version(release.numcodecs) >= Version("0.15"))
