"""Direct comparisons are kept whole, and the history is held against them cell by cell."""

import json

import pytest
from typer.testing import CliRunner

from cryoet_zarr_bench.analysis.changes.anchored_history import AnchoredHistory, AnchoredRelease
from cryoet_zarr_bench.analysis.changes.direct_comparisons import (
    direct_agreement,
    direct_comparison,
    read_direct,
)
from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.commands.comparing import direct_comparisons_command as command
from cryoet_zarr_bench.verdicts.anchored_cells import ANCHOR

CELL = {
    "benchmark": "read.Read.time_read_volume",
    "codec": "zstd-5",
    "chunks": "64x64x64",
    "zarr_format": 2,
}


def written(ratio, complete=True):
    cell = {**CELL, "figure": "CPU time", "ratio": ratio, "low": 0.9 * ratio, "high": 1.1 * ratio}
    return {
        "a": {"name": "zarr-3.1.1"},
        "b": {"name": "zarr-3.1.2"},
        "tomogram": "a tomogram",
        "python": "3.12",
        "complete": complete,
        "cells": [cell, {**cell, "figure": "wall time"}, {**cell, "ratio": None}],
    }


def history(**ratios):
    lines = [
        AnchoredRelease.model_validate(
            {
                "release": f"zarr-{version.replace('_', '.')}",
                "anchor": ANCHOR,
                "tomogram": "t",
                "python": "3.12",
                "measured_at": "2026-01-01T00:00:00Z",
                "load": 0.1,
                "reason": None,
                "cells": [
                    {
                        **CELL,
                        "ratio": ratio,
                        "low": 0.95 * ratio,
                        "high": 1.05 * ratio,
                        "log_ratios": [],
                        "anchor_seconds": 0.1,
                        "reason": None,
                    }
                ],
            }
        )
        for version, ratio in ratios.items()
    ]
    return AnchoredHistory(lines)


@pytest.mark.parametrize(("ratio", "overlapping"), [(2.0, 1), (2.2, 1), (4.0, 0)])
def test_the_history_is_held_against_it(ratio, overlapping):
    line = direct_comparison(written(ratio), "2026-01-01T00:00:00Z")
    assert len(line.cells) == 1
    found = direct_agreement(line, history(**{"3_1_1": 1.0, "3_1_2": 2.0}))
    assert found.cells == 1 and found.overlapping == overlapping
    assert found.typical == pytest.approx(2 / ratio)


def test_releases_that_the_history_does_not_have_are_held_against_nothing():
    line = direct_comparison(written(2.0), "2026-01-01T00:00:00Z")
    assert direct_agreement(line, history(**{"3_1_1": 1.0})) is None


def test_it_is_kept_once_a_pair_and_only_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "PROJECT", tmp_path)
    (tmp_path / "results").mkdir()
    file = tmp_path / "found.json"
    arguments = ["anchored", "--machine", "mine", "--direct", str(file)]
    for ratio in (2.0, 3.0):
        file.write_text(json.dumps(written(ratio)))
        assert CliRunner().invoke(app, arguments).exit_code == 0
    (kept,) = read_direct(tmp_path / "results", "mine")
    assert kept.cells[0].ratio == 3.0
    for content in (json.dumps(written(2.0, complete=False)), "{}", "no json", "[]"):
        file.write_text(content)
        found = CliRunner().invoke(app, arguments)
        assert found.exit_code == 2 and "no whole comparison" in " ".join(found.output.split())
    assert read_direct(tmp_path / "results", "mine") == [kept]
