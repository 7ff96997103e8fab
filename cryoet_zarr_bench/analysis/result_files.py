"""asv's result files, checked before anything is made of them.

Results are exchanged between machines and merged by hand, so a file may be anything. One that is
not what asv writes is left out, with a line that says why, by every command that reads results:
those of this project and asv's own.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from cryoet_zarr_bench.common.json_lines import UNUSABLE, in_short
from cryoet_zarr_bench.common.left_out_notices import leave_out
from cryoet_zarr_bench.releases.release_commits import is_release

MACHINE_FILE = "machine.json"

_LARGEST_FILE = 1 << 28
"""Bytes; asv's files of the whole grid have a thousandth of that."""

_MOST_CELLS = 1 << 20
"""Of one benchmark: a list of parameters that multiplies to more is made up."""

_NOT_RESULTS = (MACHINE_FILE, "benchmarks.json")

_Numbers = list[float | None] | None


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Machine(_Strict):
    """asv's description of a machine; each field but the name may be missing."""

    machine: Annotated[str, Field(min_length=1)]
    version: int
    arch: str = "unknown"
    cpu: str = "unknown"
    num_cpu: str = "unknown"
    os: str = "unknown"
    ram: str = "unknown"


class _ResultFile(_Strict):
    commit_hash: Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
    env_name: str
    date: int
    params: dict[str, str | None]
    python: str
    requirements: dict[str, str | None]
    env_vars: dict[str, str] = {}
    result_columns: list[str]
    results: dict[str, list[Any]]
    durations: dict[str, float] = {}
    version: int


_KINDS: dict[str, Any] = {
    "result": _Numbers,
    "params": list[list[str]],
    "version": str,
    "started_at": int | None,
    "duration": float | None,
    "stats_ci_99_a": _Numbers,
    "stats_ci_99_b": _Numbers,
    "stats_q_25": _Numbers,
    "stats_q_75": _Numbers,
    "stats_number": _Numbers,
    "stats_repeat": _Numbers,
    "samples": list[list[float] | None] | None,
    "profile": str | None,
}

_COLUMNS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind, config=ConfigDict(strict=True)) for name, kind in _KINDS.items()
}
"""The columns of asv's result files: https://asv.readthedocs.io/en/stable/dev.html"""

_ONE_A_CELL = tuple(
    name for name in _COLUMNS if name in ("result", "samples") or name.startswith("stats_")
)


def result_paths(folder: Path) -> Iterator[Path]:
    """The usable result files of every machine under a folder of results, in the order of names."""
    for machine in sorted(folder.iterdir()) if folder.is_dir() else ():
        if machine.is_dir():
            yield from result_paths_of(machine)


def result_paths_of(machine: Path) -> Iterator[Path]:
    """The usable result files of one machine; none where its description cannot be used."""
    files = [path for path in sorted(machine.glob("*.json")) if path.name not in _NOT_RESULTS]
    if files and described_machine(machine) is not None:
        yield from (path for path in files if is_usable(path))


def described_machine(machine: Path) -> dict[str, str] | None:
    """asv's description of the machine that a results folder belongs to; None if it is unusable."""
    return _described(machine / MACHINE_FILE, *_state(machine / MACHINE_FILE))


@functools.lru_cache(maxsize=256)
def _described(path: Path, *state: int) -> dict[str, str] | None:
    try:
        found = _Machine.model_validate(_parsed(path))
        if found.machine != path.parent.name:
            raise ValueError(f"it names another machine, {found.machine!r}")
    except (OSError, *UNUSABLE) as error:
        leave_out(path.parent, f"its {MACHINE_FILE} cannot be used ({_why(error)})")
        return None
    return found.model_dump(exclude={"version"})


def is_usable(path: Path) -> bool:
    """True if a file is a result file of asv for a release of the catalogue; otherwise says why
    not.
    """
    return _parameters(path, *_state(path)) is not None


def parameters_of(path: Path) -> tuple[tuple[str, str, list[list[str]]], ...]:
    """Each benchmark of a usable result file: its name, its version, and the values of its axes."""
    return _parameters(path, *_state(path)) or ()


@functools.lru_cache(maxsize=4096)
def _parameters(path: Path, *state: int) -> tuple[tuple[str, str, list[list[str]]], ...] | None:
    """None if the file cannot be used, which is said."""
    try:
        content = _parsed(path)
        check_result(content, path.parent.name)
    except (OSError, *UNUSABLE) as error:
        leave_out(path, _why(error))
        return None
    rows = {
        name: dict(zip(content["result_columns"], row, strict=False))
        for name, row in content["results"].items()
    }
    return tuple((name, row.get("version", ""), row["params"]) for name, row in rows.items())


def check_result(content: Any, machine: str) -> None:
    """Raise ValueError unless this is the content of a result file of that machine."""
    found = _ResultFile.model_validate(content)
    if found.params.get("machine") != machine:
        raise ValueError(f"it is of the machine {found.params.get('machine')!r}")
    if not found.params.get("python"):
        raise ValueError("it does not say by which Python it was measured")
    if not is_release(found.commit_hash):
        raise ValueError(f"its commit {found.commit_hash} is no release of the catalogue")
    unknown = set(found.result_columns) - set(_COLUMNS)
    if unknown or not {"result", "params"} <= set(found.result_columns):
        raise ValueError(f"its columns are not those of asv: {found.result_columns}")
    for benchmark, row in found.results.items():
        try:
            _check_row(benchmark, dict(zip(found.result_columns, row, strict=False)))
        except (ValidationError, ValueError) as error:
            raise ValueError(f"{benchmark}: {_why(error)}") from error


def _check_row(benchmark: str, row: dict[str, Any]) -> None:
    for column, value in row.items():
        _COLUMNS[column].validate_python(value)
    if "params" not in row:
        raise ValueError("it has no parameters")
    cells = math.prod(len(axis) for axis in row["params"])
    if cells > _MOST_CELLS:
        raise ValueError(f"its parameters make {cells} cells")
    for column in _ONE_A_CELL:
        if row.get(column) is not None and len(row[column]) != cells:
            raise ValueError(f"it has {len(row[column])} of {column} for {cells} cells")
    figures = [value for value in row.get("result") or () if value is not None]
    if any(math.isinf(value) for value in figures):
        raise ValueError("it has a figure that is infinite")
    if ".time_" in benchmark and any(value <= 0 for value in figures):
        raise ValueError("it has a time that is not above 0")


def read_record(result: Path) -> dict[str, Any]:
    """Read the record beside a result file; empty if nothing usable is there."""
    return read_record_file(record_path(result))


def read_record_file(path: Path) -> dict[str, Any]:
    """The content of a record; empty if there is none, or where it is none, which is said."""
    if not path.exists():
        return {}
    try:
        found = _parsed(path)
        _RECORD.validate_python(found)
    except (OSError, *UNUSABLE) as error:
        leave_out(path, _why(error))
        return {}
    return dict(found)


class _Environment(_Strict):
    file_system: str = "unknown"
    cores: int | None = None


class _TomogramOfRecord(_Strict):
    shape: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=3, max_length=3)]
    dtype: Annotated[str, Field(pattern="^(u?int(8|16)|float(16|32))$")]


class _Conditions(_Strict):
    samples: list[Annotated[list[float | None], Field(min_length=2)]] = []
    canary_spread: float | None = None
    noisy: bool | None = None


class _Damage(_Strict):
    bound: float | None = None


class _Portability(_Strict):
    """Readings of stores, as `portability_stores.PortabilityReadings.described` writes them."""

    missing: dict[str, str]
    versions: dict[str, str]
    configs: list[str]
    outcomes: dict[str, dict[str, str]]
    reasons: dict[str, dict[str, list[str]]]
    impossible: dict[str, dict[str, str]]
    failed: dict[str, dict[str, str]]


class _Record(_Strict):
    """The fields of a record that programs read; the rest of it is for people."""

    release: str | None = None
    profile: str = "quick"
    environment: _Environment = _Environment()
    tomogram: _TomogramOfRecord | None = None
    conditions: _Conditions = _Conditions()
    damage: _Damage = _Damage()
    failed: dict[str, str] = {}
    stores: dict[str, dict[str, Any]] = {}
    portability: _Portability | None = None


_RECORD = TypeAdapter(_Record)


def record_path(result: Path) -> Path:
    """Path of the record of a result file."""
    return result.with_suffix(".record.jsonl")


def _parsed(path: Path) -> Any:
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"it has {path.stat().st_size} bytes")
    return json.loads(path.read_text(encoding="utf-8"))


def _state(path: Path) -> tuple[int, ...]:
    """State of a file, different once its content changes; empty if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _why(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        return f"{place or 'it'}: {first['msg']}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return f"it is no JSON ({in_short(error)})"
    return in_short(error)
