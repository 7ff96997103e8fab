"""Commands in bad surroundings: no output, no git, no home, an odd locale, an odd clock."""

import os
import subprocess
import sys
from pathlib import Path

import mrcfile
import pytest
from tomogram_files import bits, densities

from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume

VOXELS = densities((8, 20, 24), "int16")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "a.mrc"
    with mrcfile.new(path) as file:
        file.set_data(VOXELS)
        file.voxel_size = 10
    return path


def run(*arguments: object, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "cryoet_zarr_bench", *map(str, arguments)]
    options = {"capture_output": True, "text": True} | options
    return subprocess.run(command, **options)


def in_shell(text: str, *arguments: object) -> subprocess.CompletedProcess:
    """A command line, whose `$@` is the program with its arguments."""
    program = [sys.executable, "-m", "cryoet_zarr_bench", *map(str, arguments)]
    return subprocess.run(["sh", "-c", text, "sh", *program], capture_output=True, text=True)


@pytest.mark.long
@pytest.mark.parametrize("closed", [">&-", "<&- >&-", ">&- 2>&-"])
def test_closed_streams_are_no_fault(source, tmp_path, closed):
    done = in_shell(f'"$@" {closed}', "convert", source, tmp_path / "b.zarr")
    assert (done.returncode, done.stderr) == (0, "")
    assert bits(read_volume(tmp_path / "b.zarr").data) == bits(VOXELS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["convert"], ["releases", "list"], ["--help"]])
def test_output_that_cannot_be_written_is_one_line(source, tmp_path, arguments):
    more = [source, tmp_path / "b.zarr"] if arguments == ["convert"] else []
    done = in_shell('"$@" >/dev/full', *arguments, *more)
    assert done.returncode == 2
    assert done.stderr == (
        "error: standard output: cannot be written (No space left on device); "
        "give it another place\n"
    )


def test_a_pipe_that_is_closed_is_no_fault():
    done = in_shell('"$@" | head -1', "releases", "list")
    assert (done.returncode, done.stderr) == (0, "")


def test_without_git_nothing_is_measured(tmp_path):
    variables = {**os.environ, "PATH": "/nowhere", "CRYOET_WORK_FOLDER": str(tmp_path / "work")}
    done = run("bench", env=variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: git: is needed to generate the release history; install it\n"
    assert run("releases", "list", env=variables).returncode == 0


@pytest.mark.long
@pytest.mark.parametrize("home", [None, "/nowhere", "/proc"])
def test_without_a_home_it_converts(source, tmp_path, home):
    variables = {name: value for name, value in os.environ.items() if name != "HOME"}
    variables |= {} if home is None else {"HOME": home}
    done = run("convert", source, tmp_path / "b.zarr", env=variables)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_a_home_that_cannot_be_written_to_names_the_cache(tmp_path):
    removed = ("CRYOET_CACHE_DIR", "XDG_CACHE_HOME")
    variables = {name: value for name, value in os.environ.items() if name not in removed}
    done = run("qc", "synthetic:10A@16", env={**variables, "HOME": "/proc"})
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "CRYOET_CACHE_DIR=/proc/.cache" in line


NAMES = ["größe 体积", 'it\'s "q"', "two\nlines", "-dash", " blanks ", "a\\b", "$(touch x)"]


@pytest.mark.long
@pytest.mark.parametrize("name", [*NAMES, "ʼ\u202ex"])
@pytest.mark.parametrize("locale", ["C", "nowhere"])
def test_any_name_in_any_locale(source, tmp_path, name, locale):
    target = tmp_path / "out" / f"{name}.zarr"
    target.parent.mkdir()
    variables = {**os.environ, "LANG": locale, "LC_ALL": locale}
    done = run("convert", "--", source, target, env=variables)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    back = target.with_suffix(".npy")
    assert run("convert", "--", target, back, env=variables).returncode == 0
    assert bits(read_volume(back).data) == bits(VOXELS)


@pytest.mark.long
@pytest.mark.parametrize("mask", ["077", "000", "022"])
def test_the_target_has_the_rights_of_what_the_user_makes(source, tmp_path, mask):
    done = in_shell(f'umask {mask}; "$@"', "convert", source, tmp_path / "b.zarr")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b.zarr").stat().st_mode & 0o777 == 0o777 & ~int(mask, 8)
    assert (tmp_path / "b.zarr" / ".zattrs").stat().st_mode & 0o777 == 0o666 & ~int(mask, 8)


@pytest.mark.long
def test_few_files_may_be_open(source, tmp_path):
    text = 'ulimit -n 30; "$@"'
    done = in_shell(text, "convert", source, tmp_path / "b.zarr", "--chunks", "4x4x4")
    assert done.returncode == 0, done.stderr
    assert bits(read_volume(tmp_path / "b.zarr").data) == bits(VOXELS)


@pytest.mark.long
def test_a_folder_that_was_removed_under_the_program_is_one_line(source, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    done = in_shell(f"cd '{gone}' && rmdir '{gone}' && \"$@\"", "convert", "../a.mrc", "b.zarr")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("error: ")


@pytest.mark.long
def test_times_of_the_future_and_of_the_past(source, tmp_path):
    """As where the clock was set back: nothing is taken for newer than it is."""
    for moment in (0, 1 << 33, 1 << 31):
        os.utime(source, (moment, moment))
        done = run("convert", source, tmp_path / "b.zarr", "--overwrite")
        assert done.returncode == 0, done.stderr
        variables = {**os.environ, "CRYOET_CACHE_DIR": str(tmp_path / "cache")}
        assert run("qc", f"{source}", env=variables).returncode in (0, 1)
    for path in (tmp_path / "cache").rglob("*"):
        os.utime(path, (1 << 33, 1 << 33))
    assert run("cache", env=variables).returncode == 0
