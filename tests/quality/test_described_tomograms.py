"""Tomograms are described by what is in them: every voxel counted, in a picture that opens."""

import base64
import io
import json

import numpy as np
import pytest
from matplotlib import image
from typer.testing import CliRunner

from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.commands.answering import described_tomograms_command as command
from cryoet_zarr_bench.quality.described_tomograms import BINS, histogram_of, read_described


def test_the_histogram_counts_every_finite_voxel_between_its_edges():
    voxels = np.random.default_rng(0).normal(0, 1, (30, 40, 50)).astype(np.float32)
    voxels[0, 0, :7] = np.nan
    counts = histogram_of(voxels, -1.0, 1.0)
    assert len(counts) == BINS
    assert sum(counts) == np.count_nonzero(np.abs(voxels) <= 1)


@pytest.mark.slow
def test_a_tomogram_is_described_once_and_anew_where_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "PROJECT", tmp_path)
    (tmp_path / "results").mkdir()
    arguments = ["describe-tomograms", "--machine", "mine", "--tomogram", "synthetic:10A@64"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    (line,) = read_described(tmp_path / "results", "mine")
    assert line.shape == [64, 64, 64] and line.source_precision and line.checks
    picture = image.imread(io.BytesIO(base64.b64decode(line.picture)), format="jpg")
    assert picture.shape[0] == 64
    kept = tmp_path / "results" / "mine" / "tomograms.jsonl"
    changed = {**json.loads(kept.read_text()), "verdict": "unknown"}
    kept.write_text(json.dumps(changed) + "\n")
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert read_described(tmp_path / "results", "mine")[0].verdict == "unknown"
    assert CliRunner().invoke(app, [*arguments, "--again"]).exit_code == 0
    assert read_described(tmp_path / "results", "mine")[0] == line
