"""A stored tomogram read from the S3 server over the slow line, beside what the model says."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zarr

from cryoet_zarr_bench.layouts.reading_figures import PATTERNS, counted_reading
from cryoet_zarr_bench.layouts.stored_levels import stored_levels
from cryoet_zarr_bench.machine.machine_conditions import stamp
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.s3_reading import s3_reader, slow_line
from cryoet_zarr_bench.s3_reading.object_server import (
    KEY,
    SECRET,
    ObjectServer,
    free_port,
    wait_for,
)
from cryoet_zarr_bench.s3_reading.s3_trial_lines import S3TrialLine
from cryoet_zarr_bench.s3_reading.s3_trials import ENOUGH, LONGEST, TIMES, S3Trial
from cryoet_zarr_bench.s3_reading.store_classes import STORE_CLASSES, requests_of
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.object_store.bucket import Request
from cryoet_zarr_bench.storage.object_store.request_replay import Place, replayed_seconds
from cryoet_zarr_bench.verdicts.process_answers import ask

BUCKET = "tomograms"


@dataclass(frozen=True)
class ServedTomogram:
    """A stored tomogram in the bucket of a server; `root` is the folder that is served."""

    tomogram: PreparedTomogram
    store: Path
    root: Path
    server: ObjectServer
    _counted: dict[str, list[Request]] = field(default_factory=dict)

    def measure(self, trial: S3Trial) -> S3TrialLine:
        """Predict a reading, then read as often as is planned if that is not too long."""
        requests = self._requests(trial)
        predicted = replayed_seconds(requests, trial.assumed)
        found = self._read(trial) if predicted <= LONGEST else {"wall": [], "cpu": []}
        return S3TrialLine.model_validate(
            {
                "tomogram": self.tomogram.label,
                "layout": trial.layout,
                "pattern": trial.pattern,
                "store_class": trial.store_class,
                "place": trial.place,
                "called": trial.called,
                "packages": _packages(trial.store_class),
                "predicted": predicted,
                "requests": len(requests),
                "bytes_fetched": sum(each.moved for each in requests),
                **found,
                **stamp(),
            }
        )

    def _requests(self, trial: S3Trial) -> list[Request]:
        settings = {**trial.settings, "async.concurrency": trial.assumed.connections}
        key = f"{trial.pattern} {sorted(settings.items())}"
        if key not in self._counted:
            levels, voxels = stored_levels(self.store), self.tomogram.load(mmap=True)
            with zarr.config.set(settings):
                found = counted_reading(installed_engine(), levels, voxels, PATTERNS[trial.pattern])
            self._counted[key] = list(found.requests)
        return requests_of(trial.store_class, self._counted[key])

    def _read(self, trial: S3Trial) -> dict[str, Any]:
        told = {
            "tomogram": str(self.tomogram.path),
            "store": str(self.store),
            "root": str(self.root),
            "pattern": trial.pattern,
            "store_class": trial.store_class,
            "connections": trial.assumed.connections,
            "settings": trial.settings,
            "times": TIMES,
            "enough": ENOUGH,
            "key": KEY,
            "secret": SECRET,
        }
        command = [sys.executable, "-P", "-W", "ignore", str(s3_reader.__file__)]
        with slowed(self.server, trial.assumed) as port:
            asked = json.dumps({**told, "port": port}) + "\n"
            return ask(trial.name, command, os.environ, asked, self.root, 1)[-1]


@contextmanager
def slowed(server: ObjectServer, place: Place) -> Iterator[int]:
    """The port of a line to the server that is as slow as that to a place."""
    port = free_port()
    numbers = (
        place.seconds_per_request,
        place.connection_bytes_per_second,
        place.line_bytes_per_second,
    )
    given = [str(port), str(server.port), *map(str, numbers)]
    line = subprocess.Popen(
        [sys.executable, "-P", str(slow_line.__file__), *given], start_new_session=True
    )
    try:
        wait_for(line, port, "the slow line")
        yield port
    finally:
        line.terminate()
        line.wait()


def _packages(store_class: str) -> str:
    names = "zarr", STORE_CLASSES[store_class]
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
