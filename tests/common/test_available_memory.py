"""What holds this process to less memory than the machine has, and what is said of it."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from typer.testing import CliRunner

from cryoet_zarr_bench import cli
from cryoet_zarr_bench.common.available_memory import (
    group_bounds,
    is_out_of_memory,
    process_bounds,
    tightest_bound,
)

PROJECT = Path(__file__).resolve().parents[2]
GB = 1 << 30


def made_up_root(folder: Path, groups: str, files: dict[str, str]) -> Path:
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/cgroup").write_text(groups)
    for name, text in files.items():
        file = folder / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
    return folder


V1 = "9:name=systemd:/\n4:memory:/jobs/one\n2:cpu,cpuacct:/\n0::/\n"


@pytest.mark.parametrize(
    ("groups", "files", "limits"),
    [
        ("0::/jobs/one\n", {"jobs/one/memory.max": 7, "memory.max": 9}, {7, 9}),
        ("0::/jobs/one\n", {"jobs/memory.max": 7, "jobs/one/memory.max": "max"}, {7}),
        ("0::/jobs/one\n", {"jobs/one/memory.high": 5, "jobs/memory.high": "max"}, {5}),
        ("0::/jobs/one\n", {"jobs/two/memory.max": 3}, set()),
        ("0::/not/seen/in/a/container\n", {"memory.max": 7}, {7}),
        ("0::/../../elsewhere\n", {"memory.max": 7, "elsewhere/memory.max": 3}, {7}),
        ("0::/a b:c\n", {"a b:c/memory.max": 7}, {7}),
        (V1, {"memory/jobs/one/memory.limit_in_bytes": 7}, {7}),
        (V1, {"memory/jobs/memory.limit_in_bytes": 6, "memory/memory.limit_in_bytes": 8}, {6, 8}),
        (V1, {"memory/jobs/two/memory.limit_in_bytes": 6}, set()),
        ("3:cpu,memory:/a\n0::/\n", {"memory/a/memory.limit_in_bytes": 6}, {6}),
        (V1, {"unified/memory.max": 7}, {7}),
        (V1, {"memory/jobs/one/memory.limit_in_bytes": "nonsense"}, set()),
        (V1, {"memory/jobs/one/memory.limit_in_bytes": "-1"}, set()),
        ("", {"jobs/one/memory.max": 7}, set()),
        ("nonsense\n\n::\n", {}, set()),
    ],
)
def test_limits_of_a_group_and_of_those_around_it(tmp_path, groups, files, limits):
    root = made_up_root(tmp_path, groups, files)
    bounds = group_bounds(root)
    assert {bound.bytes for bound in bounds} == limits
    for bound in bounds:
        assert str(tmp_path / "sys/fs/cgroup") in bound.named


def test_the_tightest_of_all_bounds_counts_and_is_named(tmp_path):
    without = made_up_root(tmp_path / "without", V1, {})
    machine = tightest_bound(without)
    assert machine.bytes == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = {
        "memory/jobs/memory.limit_in_bytes": 4096,
        "memory/memory.limit_in_bytes": 2**63 - 4096,
    }
    within = made_up_root(tmp_path / "within", V1, limits)
    assert tightest_bound(within).bytes == 4096
    assert "memory/jobs/memory.limit_in_bytes" in tightest_bound(within).named


def test_what_is_mapped_already_is_no_longer_left(tmp_path, monkeypatch):
    limits = {resource.RLIMIT_AS: 10 << 20, resource.RLIMIT_DATA: resource.RLIM_INFINITY}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (limits[kind], limits[kind]))
    root = made_up_root(tmp_path, "", {})
    assert [bound.bytes for bound in process_bounds(root)] == [10 << 20]
    (root / "proc/self/status").write_text("Name:\tVm kB\nVmSize:\t 4096 kB\nVmData:\t 1024 kB\n")
    assert [bound.bytes for bound in process_bounds(root)] == [6 << 20]
    limits[resource.RLIMIT_DATA] = 512 << 10
    space, data = process_bounds(root)
    assert (space.bytes, data.bytes) == (6 << 20, 0)
    assert "RLIMIT_AS" in space.named and "RLIMIT_DATA" in data.named


def under_a_limit(kind: int, limit: int, *arguments: str, folder: Path) -> tuple[int, str]:
    """The exit code of a command that may take so many bytes, and what it says."""
    answer = subprocess.run(
        [sys.executable, "-m", "cryoet_zarr_bench", *arguments],
        cwd=PROJECT,
        # Each thread of a BLAS takes address space of its own.
        env={**os.environ, "CRYOET_CACHE_DIR": str(folder / "cache"), "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(kind, (limit, limit)),
        capture_output=True,
        text=True,
    )
    return answer.returncode, answer.stderr


def sparse_npy(path: Path, shape: tuple[int, int, int], dtype: str = "float32") -> Path:
    with path.open("wb") as file:
        header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + int(np.prod(shape)) * np.dtype(dtype).itemsize)
    return path


@pytest.mark.parametrize(
    ("kind", "named"),
    [(resource.RLIMIT_AS, "RLIMIT_AS"), (resource.RLIMIT_DATA, "RLIMIT_DATA")],
)
def test_a_slice_that_fits_the_machine_and_not_the_limit_is_refused(tmp_path, kind, named):
    path = sparse_npy(tmp_path / "wide.npy", (2, 20000, 20000))
    for command in (["qc", str(path)], ["convert", str(path), str(tmp_path / "a.mrc")]):
        code, said = under_a_limit(kind, 2 * GB, *command, folder=tmp_path)
        assert code == 2, said
        assert said.count("\n") == 1, said
        assert str(path) in said and named in said and "GB of memory" in said


def test_a_synthetic_tomogram_that_does_not_fit_the_limit_is_refused(tmp_path):
    source = "synthetic:10A@100x1500x1500"
    code, said = under_a_limit(resource.RLIMIT_AS, 2 * GB, "qc", source, folder=tmp_path)
    assert (code, said.count("\n")) == (2, 1), said
    assert source in said and "RLIMIT_AS" in said


def test_a_file_larger_than_the_limit_is_read_in_parts(tmp_path):
    """Address space is what such a limit counts, so the file must not be mapped as a whole."""
    path = sparse_npy(tmp_path / "large.npy", (700, 1000, 1000))
    crop = ("--crop", "16,32,32")
    code, said = under_a_limit(resource.RLIMIT_AS, 2 * GB, "qc", str(path), *crop, folder=tmp_path)
    assert code in (0, 1), said
    with mrcfile.new_mmap(tmp_path / "large.mrc", (700, 1000, 1000), mrc_mode=2) as file:
        file.update_header_from_data()
    path = tmp_path / "large.mrc"
    code, said = under_a_limit(resource.RLIMIT_AS, 2 * GB, "qc", str(path), *crop, folder=tmp_path)
    assert code in (0, 1), said


class Unmappable(ImportError):
    pass


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        np._core._exceptions._ArrayMemoryError((1 << 40,), np.dtype("u1")),
        OSError(12, "Cannot allocate memory"),
        Unmappable("libz.so.1: failed to map segment from shared object"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    ("command", "where"),
    [
        (["qc", "synthetic:10A@8"], "cryoet_zarr_bench.commands.qc_command.run_quality_control"),
        (["bench"], "cryoet_zarr_bench.commands.bench_command.run_main_job"),
        (["tomograms"], "cryoet_zarr_bench.commands.fetch_command.list_cache"),
        (["readme"], "cryoet_zarr_bench.reports.documents.all_documents.update_documents"),
        (["releases", "list"], "cryoet_zarr_bench.commands.releases_command.load_catalogue"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_memory_that_runs_out_all_the_same_is_one_line(monkeypatch, command, where, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(where, fail)
    outcome = CliRunner().invoke(cli.app, command)
    assert outcome.exit_code == 2, outcome.exception
    assert outcome.stderr.startswith(f"error: {command[0]}: memory ran out")
    assert outcome.stderr.count("\n") == 1


def test_other_errors_are_not_taken_for_it():
    for error in (OSError(28, "No space left"), ImportError("No module named x"), ValueError()):
        assert not is_out_of_memory(error)
