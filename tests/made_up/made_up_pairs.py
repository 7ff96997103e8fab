"""Releases measured beside anchors, verdicts and exact figures of them, made up."""

import json
import math
from types import SimpleNamespace

from cryoet_zarr_bench.analysis.changes.anchored_history import AnchoredHistory, AnchoredRelease
from cryoet_zarr_bench.analysis.changes.counted_releases import CountedReleases
from cryoet_zarr_bench.analysis.changes.release_evidence import ReleaseEvidence
from cryoet_zarr_bench.analysis.repeat_noise import Noise
from cryoet_zarr_bench.verdicts.anchored_cells import anchor_of
from cryoet_zarr_bench.verdicts.compared_cells import OPEN, ComparedCell

MACHINE, TOMOGRAM, PYTHON = "xeon-2-cores", "synthetic-10A-128x128x128", "3.12"
SLICE = "read.Read.time_read_xy_slice"
PLAIN = ComparedCell(SLICE, "none", "32x32x32", 2)
OPENED = ComparedCell(OPEN, "none", "32x32x32", 2)


def beside_anchor(tag, ratios, reach=0.02, seconds=0.01):
    """A line of the anchored history: a release with these ratios, by their cells."""
    anchor = anchor_of(SimpleNamespace(tag=tag, zarr=tag.removeprefix("zarr-")))
    cells = [
        {
            "benchmark": cell.benchmark,
            "codec": cell.codec,
            "chunks": cell.chunks,
            "zarr_format": cell.zarr_format,
            "ratio": ratio,
            "low": ratio * (1 - reach),
            "high": ratio / (1 - reach),
            "log_ratios": [math.log(ratio)] * 6,
            "anchor_seconds": seconds,
            "reason": None,
        }
        for cell, ratio in ratios.items()
    ]
    return {
        "release": tag,
        "anchor": anchor,
        "tomogram": TOMOGRAM,
        "python": PYTHON,
        "measured_at": "2026-11-28T12:00:00Z",
        "load": 1.0,
        "reason": None,
        "cells": cells,
    }


def history(*lines):
    """An anchored history of such lines."""
    return AnchoredHistory(AnchoredRelease.model_validate(line) for line in lines)


def evidence(anchored=(), measured=None, steps=(), noise=()):
    """All that a machine knows: lines of the anchored history, results by tag, judged steps."""
    return ReleaseEvidence(
        *(MACHINE, TOMOGRAM, PYTHON),
        measured=measured or {},
        anchored=history(*anchored),
        steps={(step.parent, step.release): step for step in steps},
        noise=Noise(tuple(noise)),
        counted=CountedReleases(MACHINE, measured or {}),
    )


def write_history(results, *lines, machine=MACHINE):
    """Write an anchored history where results are read."""
    (results / machine).mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (results / machine / "anchored.jsonl").write_text(text)


def two_releases():
    """zarr 3.3.0 and 3.4.2 beside the anchor: the later slices slower and opens slower."""
    return [
        beside_anchor("zarr-3.3.0", {PLAIN: 1.0, OPENED: 1.0}),
        beside_anchor("zarr-3.4.2", {PLAIN: 1.2, OPENED: 1.4}),
    ]
