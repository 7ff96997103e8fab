"""What the page Releases shows: the figures of every config, in the order of the releases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.changes.counted_releases import most_counted, own_results
from cryoet_zarr_bench.analysis.changes.published_times import (
    anchored_histories,
    is_raw_time,
    published_times,
)
from cryoet_zarr_bench.analysis.pooled_measurements import pooled
from cryoet_zarr_bench.analysis.repeat_noise import read_noise
from cryoet_zarr_bench.analysis.result_reader import (
    HISTORY_LENGTH,
    Cell,
    MeasuredRelease,
    machine_of,
    read_results,
)
from cryoet_zarr_bench.analysis.run_pace import other_paces
from cryoet_zarr_bench.analysis.storage_answer import answer
from cryoet_zarr_bench.analysis.trust_figures import trust_in_words
from cryoet_zarr_bench.common.short_numbers import short
from cryoet_zarr_bench.measured.exact_figures import is_counted
from cryoet_zarr_bench.releases.catalogue import Release, load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.reports.pages.question_tables import question_tables
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.verdicts.anchored_cells import ANCHOR, REACH

INSTRUCTIONS = "instructions"
"""The unit of instructions, of which one machine's counts serve the series of all."""

SHOWN = {
    "write.Write.time_write": ("Write", "s"),
    "write.Write.time_write_cpu": ("Write, CPU time", "s"),
    "read.Read.time_read_volume": ("Read all", "s"),
    "read.Read.time_read_volume_cpu": ("Read all, CPU time", "s"),
    "read.Read.time_read_xy_slice": ("Read XY slice", "s"),
    "read.Read.time_read_xy_slice_cpu": ("Read XY slice, CPU time", "s"),
    "read.Open.time_open": ("Open", "s"),
    "write.Write.peakmem_write": ("Write, peak memory", "bytes"),
    "storage.Storage.track_compression_ratio": ("Compression ratio", "ratio"),
    "storage.Storage.track_stored_bytes": ("Bytes stored", "bytes"),
    "storage.Storage.track_file_count": ("Files", "files"),
    "overhead.PerChunk.track_read_us_per_chunk_cpu": ("Read, CPU time per chunk", "us"),
    "overhead.PerChunk.track_write_us_per_chunk_cpu": ("Write, CPU time per chunk", "us"),
    "shards.ReadShards.time_xy_slice_cpu": ("Read XY slice of shards, CPU time", "s"),
    "shards.ReadShards.time_subset_cpu": ("Read a box of shards, CPU time", "s"),
    "shards.ReadShards.time_inner_chunk_cpu": ("Read a chunk of a shard, CPU time", "s"),
    "shards.WriteShards.time_write_cpu": ("Write shards, CPU time", "s"),
    "shards.ChangeShards.time_rewrite_chunk_cpu": ("Rewrite a chunk in a shard, CPU time", "s"),
    "shards.ShardRequests.track_xy_slice_bytes_fetched": ("XY slice of shards, fetched", "bytes"),
    "shards.ShardRequests.track_xy_slice_gets": ("XY slice of shards, requests", "requests"),
    "instructions.Instructions.track_write": ("Write, instructions", INSTRUCTIONS),
    "instructions.Instructions.track_read_volume": ("Read all, instructions", INSTRUCTIONS),
    "instructions.Instructions.track_read_xy_slice": ("Read XY slice, instructions", INSTRUCTIONS),
    "instructions.Instructions.track_open": ("Open, instructions", INSTRUCTIONS),
    "access.Access.time_particles_cpu": ("Read boxes at particles, CPU time", "s"),
    "access.Requests.track_worst_slice_modelled_seconds": ("Worst slice from S3, modelled", "s"),
}
"""The benchmarks of the page: asv's name -> the words shown, and the unit.

Those of writing, reading and storage are of the same configs; a later one may be of others."""


_TABLED = ("write.Write.time_write", "read.Read.time_read_volume", "read.Read.time_read_xy_slice")
"""Those of the table of one release, in wall time."""


def releases_content(results: Path) -> dict[str, Any]:
    """Machines, releases and figures of all results under `results`, each release's own pair.

    Figures are rows: series, release, benchmark, and a list for each config: config, value, and for
    what was sampled the first and third quartile. A config is codec, chunks, format. An answer is a
    row: series, release, format, text. `watched` counts, for each series, the releases that were
    measured with canaries.

    A series with an anchored history (`anchored_to`) has the CPU times of that, with their interval
    instead of quartiles, and a 1 after it where the interval is wider than promised; and other
    times of its newest release alone, whose configs are compared with each other, not with another
    release. Of other series a noisy run is a row: series, release, spread of its canaries; and
    `paces` are runs whose canary took longer or less than usual: series, release, times as long.
    `counted` says of a series who counted its instructions, which may be another machine.
    `usual` are the codecs and chunk shapes that every profile has. `questions` has, for the newest
    release of a series, the tables of `question_tables`. Series, release, benchmark and config are
    indices into the lists beside, so that the file stays small.
    """
    return _Releases(results).content()


class _Releases:
    """All results that the page shows, in the order in which it shows them."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._releases = load_catalogue().releases
        self._histories = anchored_histories(results)
        self._places = {commit_of(each.tag): place for place, each in enumerate(self._releases)}
        everything = read_results(results)
        self._measured = [
            result
            for result in everything
            if result.numcodecs is None
            and result.commit in self._places
            # One that has nothing but counts is in the series that draw them.
            and any(name in SHOWN and not is_counted(name) for name in result.figures)
        ]
        # The longest history comes first; else what was measured last, which its user looks for.
        counts = Counter(_series(result) for result in self._measured)
        self._measured.sort(
            key=lambda result: (_length_of_history(counts[_series(result)]), result.measured_at),
            reverse=True,
        )
        self._series = list(dict.fromkeys(_series(result) for result in self._measured))
        self._counted = {
            (tomogram, python): most_counted(own_results(everything, tomogram, python))
            for _, tomogram, python in self._series
        }
        # In the order in which they were measured, in which they are shown.
        self._configs = list(
            dict.fromkeys(
                cell
                for result in self._measured
                for name in SHOWN
                for cell in self._holder(result, name).figures.get(name, {})
            )
        )

    def content(self) -> dict[str, Any]:
        """All of it, as the file has it."""
        machines = sorted({machine for machine, _, _ in self._series})
        return {
            "benchmarks": [
                {"name": name, "title": title, "unit": unit}
                for name, (title, unit) in SHOWN.items()
            ],
            "releases": [_describe(release) for release in self._releases],
            "series": [self._described(*each) for each in self._series],
            "machines": {machine: machine_of(self._results, machine) for machine in machines},
            "watched": [
                sum(result.noisy is not None for result in self._of(each)) for each in self._series
            ],
            "noisy": [
                [*self._at(result), short(result.canary_spread or 0.0)]
                for result in self._measured
                if result.noisy and _series(result) not in self._histories
            ],
            "paces": [
                [*self._at(result), short(pace)]
                for each in self._series
                if each not in self._histories
                for result, pace in other_paces(self._of(each))
            ],
            "reach": REACH,
            "usual": [
                [config.codec.name, config.chunks_text]
                for config in PROFILES["quick"].configs()
                if config.zarr_format == 2
            ],
            "questions": self._questions(machines),
            "answers": [
                [*self._at(result), zarr_format, said]
                for result in self._measured
                for zarr_format in (2, 3)
                if (said := answer(result, zarr_format)) is not None
            ],
            "configs": [[cell.codec, cell.chunks, cell.zarr_format] for cell in self._configs],
            "figures": self._figures(),
        }

    def _of(self, series: tuple[str, str, str]) -> list[MeasuredRelease]:
        return [result for result in self._measured if _series(result) == series]

    def _at(self, result: MeasuredRelease) -> tuple[int, int]:
        """The places of its series and its release in their lists."""
        return self._series.index(_series(result)), self._places[result.commit]

    def _described(self, machine: str, tomogram: str, python: str) -> dict[str, Any]:
        own = self._of((machine, tomogram, python))
        return {
            "machine": machine,
            "tomogram": tomogram,
            "python": python,
            "profiles": Counter(result.profile for result in own),
            "trust": trust_in_words(self._results, machine),
            "counted": self._counted[tomogram, python].in_words,
            "anchored_to": ANCHOR if (machine, tomogram, python) in self._histories else None,
            "file_system": own[0].file_system,
            "cores": own[0].cores_in_words,
        }

    def _questions(self, machines: list[str]) -> list[dict[str, Any]]:
        noise = {machine: read_noise(self._results, machine) for machine in machines}
        return [
            {"series": place, "release": self._places[result.commit], "tables": tables}
            for place, each in enumerate(self._series)
            if (result := _newest_of(each, self._measured, self._places))
            and (tables := question_tables(pooled(result, noise[each[0]])))
        ]

    def _figures(self) -> list[list[Any]]:
        of_config = {cell: place for place, cell in enumerate(self._configs)}
        return [
            [*self._at(result), number, *cells]
            for result in self._measured
            for number, name in enumerate(SHOWN)
            if (cells := self._cells(result, name, of_config))
        ]

    def _cells(
        self, result: MeasuredRelease, name: str, of_config: dict[Cell, int]
    ) -> list[list[float]]:
        """The cells of a benchmark that are shown of a release: config, value, what bounds it."""
        history = self._histories.get(_series(result))
        if history is None or not is_raw_time(name):
            holder = self._holder(result, name)
            return _figures(holder, name, of_config) if name in holder.figures else []
        found = published_times(history, self._tag(result)).get(name)
        if found:
            return [
                [of_config[cell], *short([time.seconds, time.low, time.high]), int(time.is_wide)]
                for cell, time in found.items()
                if cell in of_config
            ]
        newest = _newest_of(_series(result), self._measured, self._places)
        return _figures(result, name, of_config) if result is newest and name in _TABLED else []

    def _holder(self, result: MeasuredRelease, name: str) -> MeasuredRelease:
        """The result that has a figure of the release: of instructions, whoever counted them."""
        if not is_counted(name):
            return result
        counted = self._counted[result.tomogram, result.python].releases
        return counted.get(self._tag(result), result)

    def _tag(self, result: MeasuredRelease) -> str:
        return self._releases[self._places[result.commit]].tag


def _length_of_history(releases: int) -> int:
    return releases if releases >= HISTORY_LENGTH else 0


def _newest_of(
    series: tuple[str, str, str], measured: list[MeasuredRelease], places: dict[str, int]
) -> MeasuredRelease | None:
    """The newest release of zarr 3, else the newest, that was measured in a series."""
    releases = load_catalogue().releases
    return max(
        (result for result in measured if _series(result) == series),
        key=lambda result: (
            releases[places[result.commit]].branch == "3.x",
            places[result.commit],
        ),
        default=None,
    )


def _figures(result: MeasuredRelease, name: str, of_config: dict[Cell, int]) -> list[list[float]]:
    return [
        [of_config[cell], *short([value, *result.quartiles.get(name, {}).get(cell, ())])]
        for cell, value in result.figures[name].items()
    ]


def _series(result: MeasuredRelease) -> tuple[str, str, str]:
    return result.machine, result.tomogram, result.python


def _describe(release: Release) -> dict[str, Any]:
    return {
        "tag": release.tag,
        "commit": commit_of(release.tag),
        "zarr": release.zarr,
        "numcodecs": release.numcodecs,
        "changed": release.changed,
        "branch": release.branch,
        "parent": release.parent,
        "date": release.date.date().isoformat(),
        "yanked": release.yanked,
    }
