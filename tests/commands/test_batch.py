"""`convert`, `qc` and `fetch` of many tomograms: each is whole, the bad ones are told."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cryoet_zarr_bench as czb

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sources(tmp_path):
    """Five tomograms in two folders, one of them damaged."""
    folder = tmp_path / "data"
    for number, name in enumerate(("a/one.mrc", "a/two.mrc", "b/three.mrc", "b/four.mrc")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        voxels = np.asarray(czb.open(f"synthetic:10A@32#{number}"))
        np.save(tmp_path / "voxels.npy", voxels)
        czb.convert(tmp_path / "voxels.npy", path, voxel_spacing=10.0)
    (folder / "b" / "bad.mrc").write_bytes(b"no tomogram" * 500)
    return folder


def run(own_workplace, *arguments, **variables):
    return own_workplace.run("cryoet_zarr_bench", *arguments, **variables)


@pytest.mark.long
def test_many_are_converted_and_the_bad_one_is_told(own_workplace, sources, tmp_path):
    into = tmp_path / "zarrs"
    command = ("convert", str(sources), str(into), "--chunks", "16x16x16", "--levels", "1")
    found = run(own_workplace, *command)
    assert found.returncode == 1 and "Traceback" not in found.stderr
    assert "bad.mrc" in found.stdout and "4 of 5 tomograms" in found.stdout
    made = sorted(str(path.relative_to(into)) for path in into.glob("*/*.zarr"))
    assert made == ["a/one.zarr", "a/two.zarr", "b/four.zarr", "b/three.zarr"]
    for path in made:
        assert czb.compare(sources / path.replace(".zarr", ".mrc"), into / path).mse == 0.0

    refused = run(own_workplace, *command)
    assert refused.returncode == 2 and "--resume" in refused.stderr
    before = {path: (into / path).stat().st_mtime_ns for path in made}
    (sources / "b" / "bad.mrc").write_bytes((sources / "a" / "one.mrc").read_bytes())
    again = run(own_workplace, *command, "--resume")
    assert again.returncode == 0, again.stderr
    assert "4 of 5 are there already" in again.stdout
    assert {path: (into / path).stat().st_mtime_ns for path in made} == before
    assert (into / "b" / "bad.zarr").is_dir()


def test_what_two_would_be_is_refused_before_anything_is_made(own_workplace, sources, tmp_path):
    np.save(sources / "a" / "one.npy", np.zeros((4, 4, 4), "float32"))
    into = tmp_path / "zarrs"
    found = run(own_workplace, "convert", str(sources / "a"), str(into))
    (line,) = found.stderr.splitlines()
    assert found.returncode == 2 and "would be one.zarr, as" in line
    assert not into.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", ".nothing"), "does not say what to make"),
        (("--workers", "0"), "greater than or equal to 1"),
    ],
)
def test_options_that_cannot_be_are_refused(own_workplace, sources, tmp_path, arguments, said):
    found = run(own_workplace, "convert", str(sources), str(tmp_path / "into"), *arguments)
    # In a box, whose lines end where the terminal does.
    assert found.returncode == 2 and said in " ".join(found.stderr.replace("\u2502", "").split())
    assert not (tmp_path / "into").exists()


def test_a_file_is_no_folder_for_many(own_workplace, sources, tmp_path):
    found = run(own_workplace, "convert", str(sources), str(sources / "a" / "one.mrc"))
    assert found.returncode == 2 and "give a folder" in found.stderr


@pytest.mark.long
def test_many_are_checked_with_a_report_and_a_page_each(own_workplace, sources, tmp_path):
    into = tmp_path / "reports"
    found = run(own_workplace, "qc", str(sources / "a"), "--into", str(into))
    assert found.returncode in (0, 1), found.stderr
    for name in ("one", "two"):
        report = json.loads((into / f"{name}.json").read_text())
        assert report["shape"] == [32, 32, 32]
        assert "<html" in (into / f"{name}.html").read_text()
    refused = run(own_workplace, "qc", str(sources))
    assert refused.returncode == 2 and "needs --into" in refused.stderr


def beside_the_portal(own_workplace, *command):
    """A command that talks to real GraphQL and S3 servers on this machine."""
    portal = str(PROJECT / "tests" / "portal" / "stand_in_portal.py")
    return subprocess.run(
        [sys.executable, portal, sys.executable, "-m", "cryoet_zarr_bench", *command],
        cwd=PROJECT,
        env=own_workplace.variables(),
        capture_output=True,
        text=True,
    )


@pytest.mark.long
def test_a_dataset_of_the_portal_is_fetched_into_a_folder(own_workplace, tmp_path):
    """From real GraphQL and S3 servers on this machine."""
    into = tmp_path / "tomograms"
    command = ("fetch", "portal:10445", "--full", "--into", str(into))
    found = beside_the_portal(own_workplace, *command)
    assert found.returncode == 0, found.stdout + found.stderr
    made = sorted(into.glob("*.zarr"))
    assert len(made) == 2
    first = np.asarray(czb.open(made[0]))
    assert np.array_equal(first, np.asarray(czb.open("synthetic:10A@96")))
    assert czb.open(made[0]).voxel_spacing == (10.012,) * 3


@pytest.mark.long
def test_the_portal_is_surveyed_as_files_are(own_workplace, tmp_path):
    """By the same command; what a sample needs is all that is moved."""
    rows = tmp_path / "rows"
    command = ("survey", "portal:10445", "--config", "zstd-3 32x32x32", "--out", str(rows))
    found = beside_the_portal(own_workplace, *command, "--sample", "8")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "2 of 2 tomograms are complete" in found.stdout
    from cryoet_zarr_bench.tomogram_survey.findings.tomogram_bytes import tomogram_bytes

    table = tomogram_bytes(rows)
    assert sorted(table.dataset.unique()) == ["portal 10445"]
    whole = czb.survey(
        ["synthetic:10A@96", "synthetic:denoised@96"], tmp_path / "whole", "zstd-3 32x32x32"
    )
    for (_, row), (_, truth) in zip(
        table.sort_values("ratio").iterrows(), whole.sort_values("ratio").iterrows(), strict=True
    ):
        assert row.low <= truth.stored_bytes <= row.high
