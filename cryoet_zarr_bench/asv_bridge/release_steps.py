"""Steps of a history run: which releases, where their results go, which are done."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asv.util import load_json

from cryoet_zarr_bench.common.project_folders import HISTORY, PROJECT, WORK
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.releases.catalogue import Release


@dataclass(frozen=True)
class Step:
    """One call of asv: a release of the history in one environment (a column of the matrix).

    `numcodecs` is the column's pin, None for the release's own pair. `again` is empty,
    or says when a release is measured once more in the same run, to see how far its figures spread;
    the results of that are kept apart.
    """

    release: Release
    numcodecs: str | None = None
    again: str = ""

    @property
    def title(self) -> str:
        """The step as shown on the screen."""
        title = f"zarr {self.release.zarr}, numcodecs {self.numcodecs or self.release.numcodecs}"
        return f"{title}, once more" if self.again else title

    @property
    def name(self) -> str:
        """A text that tells the step from all others."""
        return " ".join(f"{self.release.tag} {self.numcodecs or ''} {self.again}".split())


@dataclass(frozen=True)
class Place:
    """Folders of a run: asv's configurations and log are in `folder`.

    `python` is the version measured with, such as `3.12`; `machine` the name that results are filed
    under, asv's own name for this machine where None.
    """

    folder: Path
    results: Path
    html: Path
    python: str
    machine: str | None = None

    @classmethod
    def of_history(cls, machine: str, project: Path = PROJECT) -> Place:
        """The committed results and the published dashboard."""
        results, html = project / "results", project / "html"
        return cls(WORK / "history", results, html, choose_python(None), machine)

    @property
    def log(self) -> Path:
        """All that asv printed."""
        return self.folder / "asv.log"

    @property
    def for_repeats(self) -> Place:
        """Folders for the results of repeats, until they are summed up."""
        folder = self.folder / "again"
        return replace(self, folder=folder, results=folder / "results", html=folder / "html")

    def write_configuration(self, numcodecs: list[str | None]) -> Path:
        """Write asv's configuration: the project's own with these folders and these columns."""
        configuration = load_json(str(PROJECT / "asv.conf.json"), js_comments=True)
        configuration |= {
            "pythons": [self.python],
            "matrix": {"req": {"numcodecs": numcodecs}},
            "repo": str(HISTORY),
            "env_dir": str(WORK / "env"),
            "benchmark_dir": str(PROJECT / configuration["benchmark_dir"]),
            "results_dir": str(self.results),
            "html_dir": str(self.html),
        }
        columns = "-".join(pin or "own" for pin in numcodecs)
        path = self.folder / f"asv.{columns}.conf.json"
        write_whole(path, json.dumps(configuration, indent=1))
        return path


class Progression:
    """Steps of a run that are done, kept on the disk while the run is unfinished.

    A run that was interrupted is gone on with where the next one has the same purpose; a finished
    one is forgotten, so that the next run measures everything again.
    """

    def __init__(self, path: Path, purpose: dict[str, Any]) -> None:
        self._path = path
        self._purpose = json.loads(json.dumps(purpose))
        self._done: list[str] = []
        try:
            content = json.loads(path.read_text())
            if content["purpose"] == self._purpose:
                self._done = list(content["done"])
        except (OSError, ValueError, KeyError, TypeError):
            pass

    def is_done(self, step: Step) -> bool:
        """True if the interrupted run had finished the step."""
        return step.name in self._done

    def add(self, step: Step) -> None:
        """Keep that a step is done."""
        self._done.append(step.name)
        write_whole(self._path, json.dumps({"purpose": self._purpose, "done": self._done}))

    def forget(self) -> None:
        """The run is complete."""
        self._path.unlink(missing_ok=True)
