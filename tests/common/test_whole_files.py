"""Files are there whole or not at all."""

import os
import stat

import pytest

from cryoet_zarr_bench.common.whole_files import whole_file, write_whole


@pytest.mark.parametrize(
    ("content", "written"),
    [(b"\x00\r\n\xff", b"\x00\r\n\xff"), ("Ångström\n", "Ångström\n".encode()), ("", b"")],
    ids=["bytes", "text", "nothing"],
)
def test_bytes_and_text_are_written_as_they_are(tmp_path, content, written):
    path = tmp_path / "file"
    write_whole(path, content)
    assert path.read_bytes() == written
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_is_replaced(tmp_path):
    path = tmp_path / "file"
    write_whole(path, "a long old content")
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_folders_above_are_made(tmp_path):
    path = tmp_path / "one" / "two" / "file"
    write_whole(path, "content")
    assert path.read_text() == "content"


def test_a_file_that_is_opened_needs_its_folder(tmp_path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "one" / "file"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=repr)
def test_a_failing_write_leaves_the_old_file_and_no_temporary(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(type(error)), whole_file(path) as file:
        file.write(b"half of the n")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_that_do_not_reach_the_disk_leave_the_old_file(tmp_path, monkeypatch):
    def fails(descriptor):
        raise OSError("input/output error")

    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="input/output error"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_that_cannot_be_taken_leaves_no_temporary(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(path, "content")
    assert list(tmp_path.iterdir()) == [path]


def test_text_that_has_no_bytes_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\udc80")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_content_is_there_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
        (temporary,) = set(tmp_path.iterdir()) - {path}
        assert str(os.getpid()) in temporary.name
    assert path.read_text() == "new"


def test_two_writers_do_not_mix(tmp_path):
    path = tmp_path / "file"
    with whole_file(path) as first:
        first.write(b"first")
        with whole_file(path) as second:
            second.write(b"second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_wanted_or_those_of_a_new_file(tmp_path):
    wanted, usual, new = tmp_path / "wanted", tmp_path / "usual", tmp_path / "new"
    with whole_file(wanted, mode=0o640):
        pass
    assert stat.S_IMODE(wanted.stat().st_mode) == 0o640
    write_whole(usual, "")
    new.touch()
    assert usual.stat().st_mode == new.stat().st_mode
