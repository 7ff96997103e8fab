"""Folders and files that cannot be written to are refused at once, by the name that chose them."""

import subprocess

import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.writable_folders import require_file, require_folder

COMMANDS = {
    "bench": ("bench", "--tomogram", "synthetic:10A@8"),
    "history": ("history", "--machine", "testing", "--tomogram", "synthetic:10A@8"),
    "confirm": ("confirm", "zarr-3.4.2", "zarr-3.4.1", "--tomogram", "synthetic:10A@8"),
    "verdicts": ("verdicts", "--machine", "testing"),
    "trust": ("trust", "--machine", "testing"),
    "settings": ("settings", "--machine", "testing"),
}


def places(folder):
    """Folders that even root cannot make, and what is said of each."""
    (folder / "file").write_text("")
    (folder / "dangling").symlink_to("/proc/nowhere/at/all")
    return {
        "a file": (folder / "file", "file is a file"),
        "in a file": (folder / "file" / "deep" / "folder", "file is a file"),
        "a dangling link": (folder / "dangling", ""),
        "not to be made": ("/proc/nowhere", "No such file"),
        "not permitted": ("/sys/nowhere", "permitted"),
    }


KINDS = ["a file", "in a file", "a dangling link", "not to be made", "not permitted"]


def refusal(found: subprocess.CompletedProcess[str]) -> str:
    assert found.returncode == 2, found.stderr
    assert found.stdout == ""
    (line,) = found.stderr.splitlines()
    return line


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_cannot_be_written_to_names_its_variable(tmp_path, kind):
    folder, said = places(tmp_path)[kind]
    with pytest.raises(BadInput) as raised:
        require_folder(tmp_path / folder, "CRYOET_WORK_FOLDER")
    line = str(raised.value)
    assert line.startswith(f"CRYOET_WORK_FOLDER={folder}: not a folder that can be written to")
    assert said in line and "File exists" not in line
    assert line.endswith("; set CRYOET_WORK_FOLDER to another folder")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_refuses_a_work_folder_before_anything_is_done(workplace, command):
    (workplace.folder / "file").write_text("")
    line = refusal(
        workplace.run(
            "cryoet_zarr_bench",
            *COMMANDS[command],
            CRYOET_WORK_FOLDER=str(workplace.folder / "file" / "work"),
        )
    )
    assert line.startswith("error: CRYOET_WORK_FOLDER=") and "file is a file" in line


@pytest.mark.parametrize("kind", KINDS)
def test_the_cache_is_refused_by_its_variable(workplace, kind):
    folder, said = places(workplace.folder)[kind]
    line = refusal(
        workplace.run("cryoet_zarr_bench", *COMMANDS["bench"], CRYOET_CACHE_DIR=str(folder))
    )
    assert line.startswith("error: CRYOET_CACHE_DIR=") and said in line
    assert line.endswith("; set CRYOET_CACHE_DIR to another folder")


@pytest.mark.parametrize("variable", ["CRYOET_DISK_FOLDER", "TMPDIR"])
@pytest.mark.parametrize("folder", ["file", "nowhere"])
def test_a_folder_of_stores_is_refused_before_anything_is_measured(workplace, variable, folder):
    (workplace.folder / "file").write_text("")
    chosen = {variable: str(workplace.folder / folder)}
    line = refusal(workplace.run("cryoet_zarr_bench", *COMMANDS["bench"], **chosen))
    assert line.startswith(f"error: {variable}={workplace.folder / folder}: not a folder")


def test_asv_by_itself_says_it_in_one_line_too(workplace):
    (workplace.folder / "file").write_text("")
    workplace.configuration()
    found = workplace.asv("check", CRYOET_WORK_FOLDER=str(workplace.folder / "file"))
    assert found.returncode == 2 and "Traceback" not in found.stderr
    assert found.stderr.splitlines()[-1].startswith("error: CRYOET_WORK_FOLDER=")


@pytest.mark.parametrize("option", ["--json", "--csv"])
@pytest.mark.parametrize("place", ["/proc/a.json", "file/a.json", ".", "n" * 250])
def test_where_an_answer_cannot_be_written_nothing_is_asked(workplace, option, place):
    (workplace.folder / "file").write_text("")
    line = refusal(
        workplace.run(
            "cryoet_zarr_bench", *COMMANDS["confirm"], option, str(workplace.folder / place)
        )
    )
    assert line.startswith(f"error: {workplace.folder / place}: ")
    assert not workplace.work.exists()


def test_a_file_that_is_there_already_may_be_written_again(tmp_path):
    (tmp_path / "answer.json").write_text("old")
    require_file(tmp_path / "answer.json")
    require_file(None)
    assert [path.name for path in tmp_path.iterdir()] == ["answer.json"]
    assert (tmp_path / "answer.json").read_text() == "old"
