"""A target is there whole, or as it was, whatever happens to the process that makes it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tomogram_files import names_in

from cryoet_zarr_bench.common import staged_outputs
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.staged_outputs import staged

PROJECT = Path(__file__).resolve().parents[2]


def make(product, text, folder):
    """A file, or a folder with a file in it."""
    if folder:
        product.mkdir()
        product = product / "0"
    product.write_text(text)


def content(target):
    return (target / "0" if target.is_dir() else target).read_text()


@pytest.fixture(params=[False, True], ids=["file", "folder"])
def folder(request):
    return request.param


@pytest.fixture(params=["exchanged", "renamed twice"])
def way(request, monkeypatch):
    """File systems that cannot exchange two names have to do with renaming."""
    if request.param == "renamed twice":
        monkeypatch.setattr(staged_outputs, "_exchange", lambda one, other: False)


def test_it_gets_its_name_at_the_end(tmp_path, folder):
    target = tmp_path / "a.zarr"
    with staged(target, False) as product:
        make(product, "new", folder)
        assert not target.exists()
        assert product.name == target.name
    assert content(target) == "new"
    assert names_in(tmp_path) == ["a.zarr"]


def test_what_was_there_is_replaced_at_the_end(tmp_path, folder, way):
    target = tmp_path / "a.zarr"
    make(target, "old", folder)
    with staged(target, True) as product:
        make(product, "new", folder)
        assert content(target) == "old"
    assert content(target) == "new"
    assert names_in(tmp_path) == ["a.zarr"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, BadInput])
def test_an_exception_leaves_all_as_it_was(tmp_path, folder, error, way):
    target = tmp_path / "a.zarr"
    make(target, "old", folder)
    with pytest.raises(error), staged(target, True) as product:
        make(product, "new", folder)
        raise error("in between")
    assert content(target) == "old"
    assert names_in(tmp_path) == ["a.zarr"]


def test_interrupted_between_the_two_renames_the_old_one_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(staged_outputs, "_exchange", lambda one, other: False)
    target = tmp_path / "a.zarr"
    make(target, "old", True)
    rename, names = Path.rename, []

    def interrupted(path, new):
        names.append(Path(path).name)
        if len(names) == 2:
            raise KeyboardInterrupt
        return rename(path, new)

    with pytest.raises(KeyboardInterrupt), staged(target, True) as product:
        make(product, "new", True)
        monkeypatch.setattr(Path, "rename", interrupted)
    assert len(names) == 3
    assert content(target) == "old"
    assert names_in(tmp_path) == ["a.zarr"]


def test_a_name_that_was_taken_meanwhile_is_left_alone(tmp_path, folder):
    target = tmp_path / "a.zarr"
    with pytest.raises(BadInput, match="made by something else"), staged(target, False) as product:
        make(product, "new", folder)
        make(target, "of another", folder)
    assert content(target) == "of another"
    assert names_in(tmp_path) == ["a.zarr"]


def test_two_at_once_are_refused_and_the_first_goes_on(tmp_path):
    target = tmp_path / "a.zarr"
    with staged(target, False) as product:
        make(product, "first", True)
        with pytest.raises(BadInput, match="another conversion"), staged(target, False):
            raise AssertionError("the second one was let in")
        assert content(product) == "first"
    assert content(target) == "first"


KILLED = """
import os, signal, sys
from pathlib import Path
from cryoet_zarr_bench.common import staged_outputs
target, point = Path(sys.argv[1]), sys.argv[2]
if point == "between":
    staged_outputs._exchange = lambda one, other: False
    rename = Path.rename
    def killed(path, new):
        if path.name == target.name and path.parent != target.parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(path, new)
    Path.rename = killed
with staged_outputs.staged(target, True) as product:
    product.mkdir()
    (product / "0").write_text("half")
    if point == "writing":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("point", ["writing", "between"])
def test_the_next_one_clears_up_after_one_that_was_killed(tmp_path, point):
    target = tmp_path / "a.zarr"
    make(target, "old", True)
    killed = subprocess.run([sys.executable, "-c", KILLED, target, point], cwd=PROJECT)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / ".a.zarr.converting").is_dir()
    # Killed between two renames, the old one has another name; it is not lost.
    assert target.exists() == (point == "writing")
    with pytest.raises(OSError, match="again"), staged(target, True) as product:
        assert content(target) == "old"
        assert not product.exists()
        raise OSError("again")
    assert content(target) == "old"
    assert names_in(tmp_path) == ["a.zarr"]


def test_without_permission_it_is_an_os_error(tmp_path):
    (tmp_path / ".a.zarr.converting").write_text("a file is in the way")
    with pytest.raises(OSError), staged(tmp_path / "a.zarr", False):
        raise AssertionError("it was let in")
    assert names_in(tmp_path) == [".a.zarr.converting"]


def test_this_machine_can_exchange_two_names(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    make(one, "one", True), make(other, "other", True)
    if staged_outputs._exchange(one, other):
        assert (content(one), content(other)) == ("other", "one")
    else:
        assert (content(one), content(other)) == ("one", "other")
