"""Verdicts and repeats as a history run would leave them, made up for the committed results."""

import json
import random

from cryoet_zarr_bench.analysis.result_reader import published_machine, read_results
from cryoet_zarr_bench.measured.exact_figures import is_exact
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.storage.grid import PROFILES

TOMOGRAM = "synthetic-10A-128x128x128"
BENCHMARKS = (
    "write.Write.time_write",
    "read.Read.time_read_volume",
    "read.Read.time_read_xy_slice",
    "read.Open.time_open",
    "write.Write.peakmem_write",
)
HELD = PROFILES["quick"]


def cell(benchmark=BENCHMARKS[0], config="zstd-5 64x64x64 3", verdict=None, **more):
    """A line's cell; by default one that was compared and shows no change."""
    codec, chunks, zarr_format = config.split()
    timed = "time_" in benchmark
    wall = {"wall_ratio": 1.01, "wall_low": 0.95, "wall_high": 1.07, "wall_pairs": 8}
    nothing = {"wall_ratio": None, "wall_low": None, "wall_high": None, "wall_pairs": 0}
    return {
        "benchmark": benchmark,
        "codec": codec,
        "chunks": chunks,
        "zarr_format": int(zarr_format),
        "verdict": verdict or "no change within 10 %",
        "figure": "CPU time" if timed else "peak memory",
        "ratio": 1.0,
        "low": 0.97,
        "high": 1.03,
        "pairs": 8,
        **(wall if timed else nothing),
        "reason": None,
        "why": "sentinel",
        "screened": 1.02,
        **more,
    }


def changed(ratio, benchmark=BENCHMARKS[0], config="zstd-5 64x64x64 3", **more):
    """A cell of which a change was confirmed."""
    around = {"ratio": ratio, "low": ratio * 0.96, "high": ratio * 1.04}
    wall = {"wall_ratio": ratio, "wall_low": ratio * 0.93, "wall_high": ratio * 1.07}
    return cell(
        benchmark,
        config,
        "regression" if ratio > 1 else "improvement",
        **{**around, **(wall if "time_" in benchmark else {}), "why": "candidate", **more},
    )


def unclear(benchmark=BENCHMARKS[0], config="zstd-5 64x64x64 3", reach=0.14, **more):
    """A cell that stayed inconclusive."""
    around = {"ratio": 1.04, "low": 1.04 / (1 + reach), "high": 1.04 * (1 + reach), "pairs": 20}
    return cell(benchmark, config, "inconclusive", **{**around, **more})


def step(release, parent, cells, **more):
    """One line of verdicts.jsonl."""
    return {
        "release": release,
        "parent": parent,
        "machine": "xeon-2-cores",
        "tomogram": TOMOGRAM,
        "profile": "quick",
        "python": "3.12",
        "seed": 0,
        "measured_at": "2026-11-20T22:10:00Z",
        "load": 0.4,
        "configs_compared": 30,
        "differences": {},
        "cells": cells,
        "draws_layout": True,
        **more,
    }


def history_of_verdicts():
    """A line for each step of the catalogue, as a run over all of it leaves them."""
    lots = random.Random(4)
    lines = []
    for release in load_catalogue().releases:
        if release.parent is None:
            continue
        is_old = release.zarr.startswith("2.")
        sentinels = [
            cell(benchmark, f"blosc-zstd-5-shuffle 64x64x64 {zarr_format}", **_near_one(lots))
            for benchmark in BENCHMARKS
            for zarr_format in ((2,) if is_old else (2, 3))
        ]
        lines.append(step(release.tag, release.parent, sentinels))
    by_tag = {line["release"]: line for line in lines}

    def put(tag, cells):
        new = {_identity(each) for each in cells}
        kept = [each for each in by_tag[tag]["cells"] if _identity(each) not in new]
        by_tag[tag]["cells"] = kept + cells

    write, volume, slice_, opened, memory = BENCHMARKS
    put(
        "zarr-3.0.0",
        [
            changed(2.61, write, "none 32x32x32 2", screened=4.4),
            changed(1.42, write, "blosc-zstd-5-shuffle 64x64x64 2", screened=1.31),
            changed(1.88, write, "blosc-lz4-5-shuffle 64x64x64 2", screened=1.9),
            changed(3.12, volume, "none 32x32x32 2", screened=3.6),
            changed(0.82, volume, "none 64x64x64 2", screened=0.7),
            changed(6.4, slice_, "none 16x128x128 2", screened=8.1),
            changed(11.3, opened, "none 16x128x128 2", screened=12.8),
            changed(1.17, memory, "zstd-5 64x64x64 2", screened=1.2),
        ],
    )
    by_tag["zarr-3.0.0"]["differences"] = {
        config.name: {"metadata": "differ"} for config in HELD.configs() if config.zarr_format == 2
    }
    by_tag["zarr-3.0.8"]["differences"] = {
        config.name: {
            "bytes": "8390112 -> 7183402",
            "metadata": "differ",
            "chunk contents": "differ",
        }
        for config in HELD.configs()
        if config.zarr_format == 3 and config.codec.name.startswith("blosc")
    }
    put(
        "zarr-3.0.8",
        [
            changed(1.23, write, "blosc-zstd-5-shuffle 64x64x64 3", screened=1.31),
            changed(0.91, volume, "blosc-zstd-5-shuffle 64x64x64 3", screened=0.9),
        ],
    )
    put("numcodecs-0.16.0", [changed(0.86, memory, "blosc-zstd-5-shuffle 64x64x64 2")])
    put("numcodecs-0.16.1", [unclear(write, "zstd-5 64x64x64 2", screened=1.2, why="candidate")])
    put("zarr-3.1.6", [changed(0.74, opened, "none 32x32x32 3"), unclear(slice_, reach=0.22)])
    put(
        "zarr-3.3.0",
        [
            cell(
                slice_,
                "none 32x32x32 3",
                "improvement",
                ratio=0.98,
                low=0.93,
                high=1.03,
                wall_ratio=0.66,
                wall_low=0.6,
                wall_high=0.72,
                why="announced",
            ),
            cell(volume, "none 32x32x32 3", "no figure", reason="B: MemoryError", **_NO_RATIO),
        ],
    )
    put("numcodecs-0.17.0", [changed(1.09, write, "zstd-5 64x64x64 2", screened=1.18)])
    put("zarr-3.1.3", [cell(memory, "zstd-5 64x64x64 2", "n/a", reason="A: n/a", **_NO_RATIO)])
    by_tag["numcodecs-0.15.1-zarr2"]["differences"] = {
        "zstd-5_64x64x64_v2": {"files": "9 -> 10", "bytes": "7310000 -> 6850000"}
    }
    by_tag["numcodecs-0.16.4"] |= {
        "cells": [],
        "configs_compared": 0,
        "reason": "numcodecs-0.16.4: its stores could not be written: ModuleNotFoundError: "
        "No module named 'crc32c'",
    }
    by_tag["zarr-2.18.1"]["draws_layout"] = False
    return lines


_NO_RATIO = {
    name: None
    for name in ("ratio", "low", "high", "wall_ratio", "wall_low", "wall_high", "screened")
} | {"pairs": 0, "wall_pairs": 0}


def _identity(each):
    return tuple(each[name] for name in ("benchmark", "codec", "chunks", "zarr_format"))


def _near_one(lots):
    ratio, half = lots.uniform(0.97, 1.03), lots.uniform(0.02, 0.05)
    return {"ratio": ratio, "low": ratio - half, "high": ratio + half}


def history_of_repeats(results, count=8):
    """Lines of noise.jsonl: zarr 3.4.2 measured again and again, its figures wavering."""
    lots = random.Random(5)
    tag = "zarr-3.4.2"
    machine = published_machine(results)
    (measured,) = [
        each
        for each in read_results(results)
        if each.commit == commit_of(tag)
        and each.numcodecs is None
        and each.tomogram == TOMOGRAM
        and each.machine == machine
    ]
    lines = []
    for place in range(count):
        figures = {
            benchmark: {
                f"{each.codec} {each.chunks} {each.zarr_format}": value
                * lots.lognormvariate(0, 0.03 if benchmark.endswith("_cpu") else 0.06)
                for each, value in cells.items()
            }
            for benchmark, cells in measured.figures.items()
            if not is_exact(benchmark)
        }
        lines.append(
            {
                "release": tag,
                "numcodecs": None,
                "python": "3.12",
                "tomogram": TOMOGRAM,
                "measured_at": 1795204216142 + place * 1_800_000,
                "canary_spread": 0.04,
                "noisy": False,
                "figures": figures,
            }
        )
    return lines


def write_lines(path, lines):
    """Write them as a run would, one JSON object a line."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def make_runs_noisy(folder, tags=("zarr-3.1.4", "zarr-3.2.1"), spread=0.14, slow="zarr-3.0.4"):
    """Give every record of a machine's results canaries: noisy ones for some, slow ones for one."""
    noisy = {commit_of(tag)[:8] for tag in tags}
    for path in folder.glob("*.record.jsonl"):
        record = json.loads(path.read_text())
        is_noisy = path.name[:8] in noisy
        record["conditions"] = {
            "canary_spread": spread if is_noisy else 0.04,
            "noisy": is_noisy,
            "samples": [[0, 0.032 if path.name[:8] == commit_of(slow)[:8] else 0.02]] * 5,
        }
        path.write_text(json.dumps(record))
