"""What is written lies under the name that was given, whatever is in it, and nowhere else."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cryoet_zarr_bench import cli
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import ENGINES, engine_called, installed_engine, take_over
from cryoet_zarr_bench.tomograms.tomogram_sources import FileSource, SyntheticSource, parse_source

pytestmark = pytest.mark.filterwarnings("ignore")

VOXELS = np.random.default_rng(0).normal(0, 30, (8, 12, 16)).astype("float32")
NOT_UTF_8 = os.fsdecode(b"a\xff")

TELLING = (
    *("r2#1", "ssh#1", "a?b", "a;b", "a%20b", "a:b", "a::b", "simplecache::file:x", "s3:b"),
    *("file:x", "a\nb", "a\tb", "a\rb", "end ", " begin", "dot.", "..two", ".lead", "-x", "--x"),
    *("*", "[ab]", "{ab}", "~x", "$HOME", "a\\b", "C:\\x", "a|b", "a&b", "cafe\u0301", "\u05d0b"),
    *("\u202eab", "\x01", "\x7f", "\x85", "\u2028", "x.zip", "x.n5", "''", '"', "`", "a@b"),
)
"""Each has something that a library has taken for more than a letter, or might."""

NAMES = st.text(
    st.sampled_from([*map(chr, range(32, 127)), *"\n\t\r\u00e9\u0301\u05d0\u202e\u4e2d"])
    | st.sampled_from("#?;:%.\\"),
    min_size=1,
    max_size=8,
).filter(lambda name: "/" not in name and name not in (".", ".."))


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    take_over(installed_engine())


def tree(folder):
    """Every file under a folder with its bytes, every folder with None."""
    found = {}
    for where, folders, files in os.walk(folder):
        found |= {f"{where}/{name}": None for name in folders}
        found |= {f"{where}/{name}": Path(where, name).read_bytes() for name in files}
    return found


def with_decoys(folder, name):
    """Make a folder called `name` and beside it those it could be taken for, each with a chunk."""
    cut = [name[:at] for at, letter in enumerate(name) if not letter.isalnum()]
    kept = "".join(letter for letter in name if letter.isprintable())
    for other in {*cut, kept, name.strip(), name.rstrip(". "), name.replace("\\", "/")} - {name}:
        for begin in ("", "."):
            decoy = os.path.normpath(folder / f"{begin}{other}")
            if Path(decoy).parent.is_relative_to(folder) and decoy != str(folder / name):
                chunk = Path(decoy, "0", "0", "0")
                chunk.parent.mkdir(parents=True, exist_ok=True)
                chunk.write_bytes(b"of somebody else")
    (folder / name).mkdir(exist_ok=True)
    return folder / name


def check_alone(before, folder, *targets):
    """Nothing changed under a folder but what is at the targets."""
    after = tree(folder)
    mine = [path for path in after if any(Path(path).is_relative_to(each) for each in targets)]
    assert {path: after[path] for path in set(after) - set(mine)} == before


def check_engine(engine, name):
    for zarr_format in engine.zarr_formats:
        with tempfile.TemporaryDirectory() as made:
            base = Path(made, "base")
            base.mkdir()
            target = with_decoys(base, name) / name
            before = tree(made)
            config = StorageConfig.of("zstd-5", "8x8x8", zarr_format)
            try:
                engine.write(VOXELS, target, config)
            except ValueError as error:
                assert engine.name in ("tensorstore", "zarrs"), error
                assert "backslash" in str(error) or "not UTF-8" in str(error)
                assert tree(made) == before
                return False
            assert np.array_equal(np.asarray(engine.open(target)[...]), VOXELS)
            check_alone(before, made, target)
    return True


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_writes_where_it_is_told(name):
    engine = engine_called(name)
    take_over(engine)
    taken = {each: check_engine(engine, each) for each in (*TELLING, NOT_UTF_8)}
    refused = {"zarrs": {NOT_UTF_8}, "tensorstore": {NOT_UTF_8, "a\\b", "C:\\x"}}.get(name, set())
    assert {each for each, is_taken in taken.items() if not is_taken} == refused


@pytest.mark.long
@settings(max_examples=25)
@given(name=NAMES)
def test_an_engine_writes_where_it_is_told_under_any_name(name):
    for each in ENGINES:
        engine = engine_called(each)
        take_over(engine)
        assert check_engine(engine, name) or (each == "tensorstore" and "\\" in name)


def run(*arguments):
    return CliRunner().invoke(cli.app, list(map(str, arguments)))


def check_conversion(name):
    with tempfile.TemporaryDirectory() as made:
        base = Path(made, "base")
        base.mkdir()
        folder = with_decoys(base, name)
        # The hidden folder in which it is made is beside it: that has neighbours too.
        with_decoys(folder, f"{name}.zarr")
        source, store = folder / f"{name}.npy", folder / f"{name}.new.zarr"
        np.save(source, VOXELS)
        before = tree(made)
        for suffix in (".new.mrc", ".new.tif", ".new.ome.tif", ".new.npy"):
            back = folder / f"{name}{suffix}"
            for one, other in ((source, store), (store, back)):
                said = run("convert", "--overwrite", "--", one, other)
                assert said.exit_code == 0, (said.stderr, said.exception)
                assert other.exists()
            check_alone(before, made, store, *folder.glob("*.new.*"))


@pytest.mark.parametrize(
    "name", ["a::b", "a\nb", "a%20b", "end ", "-x", "*", "a\\b", "~x", "x.zip"]
)
def test_convert_writes_where_it_is_told(name):
    check_conversion(name)


@pytest.mark.long
@settings(max_examples=10)
@given(name=NAMES)
@example("r2#1")
@example("ssh#1")
def test_convert_writes_where_it_is_told_under_any_name(name):
    check_conversion(name)


def test_the_case_that_overwrote_a_chunk_of_somebody_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("r2/0/0", ".ssh", ".a", "r2#1"):
        Path(folder).mkdir(parents=True)
    Path("r2/0/0/0").write_bytes(b"of somebody else")
    np.save("good.npy", VOXELS)
    before = tree(".")
    for target in ("r2#1/v.zarr", "ssh#1.zarr", "a?b.zarr", "a;b.zarr", "-x.zarr"):
        assert run("convert", "--", "good.npy", target).exit_code == 0
        check_alone(before, ".", Path(".", target))
        before = tree(".")


def test_a_store_whose_name_is_not_utf_8_is_refused_before_it_is_written(tmp_path):
    np.save(tmp_path / "good.npy", VOXELS)
    before = tree(tmp_path)
    said = run("convert", tmp_path / "good.npy", tmp_path / f"{NOT_UTF_8}.zarr")
    assert said.exit_code == 2 and len(said.stderr.splitlines()) == 1
    assert "is not UTF-8" in said.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["r2#1", "a?b", "a\nb", "a%20b", "a::b", "a\\b", "*", "-x"])
def test_qc_writes_its_reports_where_it_is_told(tmp_path, name):
    folder = with_decoys(tmp_path, name)
    np.save(folder / f"{name}.npy", np.random.default_rng(0).normal(0, 30, (24, 24, 24)))
    np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy").astype("float32"))
    before = tree(tmp_path)
    report, page = folder / f"{name}.json", folder / f"{name}.html"
    said = run("qc", "--json", report, "--page", page, "--", folder / f"{name}.npy")
    assert said.exit_code in (0, 1), (said.stderr, said.exception)
    assert json.loads(report.read_text()) and page.read_text().startswith("<!")
    check_alone(before, tmp_path, report, page)


@pytest.mark.parametrize(
    "name", ["a::1.mrc", "a::1", "portal:x.mrc", "synthetic:10A@8", "a.npy ", "s3:x.npy", "~x.npy"]
)
def test_a_path_that_exists_as_it_was_typed_is_that_path(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for other in ("a", "a.npy"):
        Path(other).touch()
    Path(name).touch()
    assert parse_source(name) == FileSource(tmp_path / name)


def test_what_does_not_exist_as_it_was_typed_is_read_as_ever(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.zarr").mkdir()
    assert parse_source("a.zarr::1,fill") == FileSource(tmp_path / "a.zarr", 1, True)
    assert isinstance(parse_source("synthetic:10A@8"), SyntheticSource)
    assert isinstance(parse_source("  "), SyntheticSource)
