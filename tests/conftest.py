import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numcodecs
import pytest
import zarr
from hypothesis import settings

PROJECT = Path(__file__).resolve().parents[1]

# On a busy machine any example may take long: no test asserts on a clock.
settings.register_profile("no clock", deadline=None)
settings.load_profile("no clock")

LONGEST_FILES = (
    *("test_dashboard_in_browser.py", "test_asv_run.py", "test_bench.py", "test_publish_whole.py"),
    *("test_confirm.py", "test_measure.py", "test_confirm_worker.py", "test_ended.py"),
)
"""Files whose tests take a minute or more together: begun last they would run alone at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST_FILES)


@dataclass
class Workplace:
    """A folder in which asv can run without touching the project's own environments and results."""

    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def html(self) -> Path:
        return self.folder / "html"

    def variables(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CRYOET")}
        return {
            **kept,
            "HOME": str(self.folder / "home"),
            # The home is empty, but downloads need not be made again.
            "UV_CACHE_DIR": str(_uv_cache()),
            "PYENV_ROOT": os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv")),
            "CRYOET_WORK_FOLDER": str(self.work),
            "CRYOET_CACHE_DIR": str(self.folder / "tomograms"),
            "COLUMNS": "120",
            **more,
        }

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of this project in this place."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=PROJECT,
            env=self.variables(**more),
            capture_output=True,
            text=True,
        )

    def configuration(self, *numcodecs_columns: str | None) -> Path:
        """asv's configuration for this place, with Python 3.12 and the columns named."""
        program = (
            "import sys, json; from pathlib import Path;"
            "from cryoet_zarr_bench.asv_bridge.release_steps import Place;"
            "place = Place(*[Path(each) for each in sys.argv[1:4]], '3.12', 'testing');"
            "print(place.write_configuration(json.loads(sys.argv[4])))"
        )
        columns = json.dumps(list(numcodecs_columns) or [None])
        answer = subprocess.run(
            [sys.executable, "-c", program, self.folder, self.results, self.html, columns],
            cwd=PROJECT,
            env=self.variables(),
            capture_output=True,
            text=True,
            check=True,
        )
        return Path(answer.stdout.strip())

    def asv(self, command: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        configuration = str(self.folder / "asv.own.conf.json")
        return self.run(
            "asv", command, "--config", configuration, *arguments, CRYOET_MACHINE="testing", **more
        )


def _uv_cache() -> Path:
    return Path(os.environ.get("UV_CACHE_DIR") or Path.home() / ".cache" / "uv")


@pytest.fixture
def workplace(tmp_path):
    (tmp_path / "home").mkdir()
    return Workplace(tmp_path)


@pytest.fixture(scope="session")
def shared_workplace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "home").mkdir()
    return Workplace(folder)


@pytest.fixture(scope="module")
def own_workplace(tmp_path_factory):
    """A workplace of one file of tests: what others leave in a shared one is not there."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "home").mkdir()
    return Workplace(folder)


@pytest.fixture
def labelled_environment(tmp_path, monkeypatch):
    """This interpreter's environment, labelled with the zarr and numcodecs it truly has."""
    label = {
        "tag": "zarr-of-the-tests",
        "commit": "0" * 40,
        "packages": {"zarr": zarr.__version__, "numcodecs": numcodecs.__version__},
        "impossible": None,
    }
    (tmp_path / "installed-release.json").write_text(json.dumps(label))
    monkeypatch.setenv("ASV_ENV_DIR", str(tmp_path))
    monkeypatch.setenv("ASV_COMMIT", label["commit"])
    monkeypatch.setenv("ASV_ENV_NAME", "testing")
    monkeypatch.setenv("CRYOET_RECORD_FOLDER", str(tmp_path / "records"))
    return tmp_path


@pytest.fixture
def discover(monkeypatch):
    """A function that gives the benchmarks of a profile as asv finds them, by their names.

    `modules` are those of `benchmarks/` to give, all without it.
    """
    from asv_runner.discovery import disc_benchmarks

    def found(profile="quick", modules=()):
        monkeypatch.setenv("CRYOET_PROFILE", profile)
        monkeypatch.syspath_prepend(str(PROJECT))
        for name in [name for name in sys.modules if name.split(".")[0] == "benchmarks"]:
            monkeypatch.delitem(sys.modules, name)
        every = {each.name: each for each in disc_benchmarks(str(PROJECT / "benchmarks"))}
        return {
            name: each
            for name, each in every.items()
            if not modules or name.split(".")[0] in modules
        }

    return found
