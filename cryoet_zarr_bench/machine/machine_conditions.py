"""Description of a machine, and its conditions while it measured.

Each reading comes from a file of Linux or from the interpreter. What a system does not have, such
as pressure on macOS, is None; nothing here raises.
"""

from __future__ import annotations

import os
import platform
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.short_numbers import short

_THREAD_VARIABLE = re.compile(r"BLOSC_\w+|\w*(THREADS|MAX_WORKERS)|ZARR_ASYNC__CONCURRENCY")


@dataclass(frozen=True)
class Moment:
    """State of a machine at one time; None for what it does not tell.

    `time` is in seconds since 1970, `load` the load average over 1, 5 and 15 minutes. Ticks
    (hundredths of a second of one CPU) count from the start of the machine: `steal_ticks` were
    given to other machines by the host of this virtual one, `total_ticks` are all there were.
    Pressures are the percentage of the last 10 seconds in which something waited for the CPU, the
    disk or memory. `memory_available` is in bytes.
    """

    time: int
    load: list[float] | None
    steal_ticks: int | None
    idle_ticks: int | None
    total_ticks: int | None
    cpu_pressure: float | None
    io_pressure: float | None
    memory_pressure: float | None
    memory_available: int | None


def read_moment(root: Path = Path("/")) -> Moment:
    """Read the current state of the machine; `root` is where its `proc` folder is."""
    steal, idle, total = _ticks(root) or (None, None, None)
    return Moment(
        time=round(time.time()),
        load=_load(),
        steal_ticks=steal,
        idle_ticks=idle,
        total_ticks=total,
        cpu_pressure=_pressure(root, "cpu"),
        io_pressure=_pressure(root, "io"),
        memory_pressure=_pressure(root, "memory"),
        memory_available=_memory_available(root),
    )


def stamp() -> dict[str, Any]:
    """When, in UTC, and under which load average something was measured: for a line of results."""
    return {
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "load": round(os.getloadavg()[0], 2),
    }


def steal_fraction(before: Moment, now: Moment) -> float | None:
    """The fraction of CPU time that the host gave to others between two moments.

    None if it is not told or no time has passed.
    """
    if (
        before.steal_ticks is None
        or before.total_ticks is None
        or now.steal_ticks is None
        or now.total_ticks is None
        or now.total_ticks <= before.total_ticks
    ):
        return None
    return (now.steal_ticks - before.steal_ticks) / (now.total_ticks - before.total_ticks)


def describe_machine(root: Path = Path("/")) -> dict[str, Any]:
    """Describe what stays the same during a run; `root` is where the folders `proc` and `sys` are.

    `cpu_flags` are the CPU's features in one text; `virtual` is whether the CPU says that it is
    one of a virtual machine; `container` names the kind of container where it leaves a sign.
    `thread_variables` are the environment variables that set numbers of threads, and those by which
    Blosc is overruled.
    """
    cpu = _first_cpu(root)
    return {
        "kernel": platform.release(),
        "cpu_model": cpu.get("model name"),
        "cpu_flags": cpu.get("flags", cpu.get("Features")),
        "cpus": os.cpu_count(),
        "usable_cpus": _usable_cpus(),
        "governor": _text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "clock_source": _text(
            root / "sys/devices/system/clocksource/clocksource0/current_clocksource"
        ),
        "transparent_huge_pages": _chosen(root / "sys/kernel/mm/transparent_hugepage/enabled"),
        "address_randomisation": _text(root / "proc/sys/kernel/randomize_va_space"),
        "virtual": "hypervisor" in cpu["flags"].split() if "flags" in cpu else None,
        "container": _container(root),
        "thread_variables": {
            name: value
            for name, value in sorted(os.environ.items())
            if _THREAD_VARIABLE.fullmatch(name)
        },
    }


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except (OSError, ValueError):
        return None


def _chosen(path: Path) -> str | None:
    """The word in brackets of a setting such as `always [madvise] never`."""
    found = re.search(r"\[(\w+)\]", _text(path) or "")
    return found and found[1]


def _first_cpu(root: Path) -> dict[str, str]:
    text = _text(root / "proc/cpuinfo") or ""
    pairs = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _usable_cpus() -> int | None:
    """On how many CPUs this process may run."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return None


def _container(root: Path) -> str | None:
    hints = {"docker": root / ".dockerenv", "podman": root / "run/.containerenv"}
    kinds = [kind for kind, path in hints.items() if path.exists()]
    return kinds[0] if kinds else None


def _load() -> list[float] | None:
    try:
        return [short(average) for average in os.getloadavg()]
    except (AttributeError, OSError):
        return None


def _ticks(root: Path) -> tuple[int, int, int] | None:
    """Ticks of steal, idle ones, and all, over all CPUs."""
    found = re.match(r"cpu +(\d+(?: \d+){7})", _text(root / "proc/stat") or "")
    if found is None:
        return None
    # User, nice, system, idle, waiting for disks, interrupts, soft interrupts, steal. The guests'
    # ticks that follow are counted among the user's.
    ticks = [int(each) for each in found[1].split()]
    return ticks[7], ticks[3], sum(ticks)


def _pressure(root: Path, resource: str) -> float | None:
    text = _text(root / "proc/pressure" / resource) or ""
    found = re.search(r"^some avg10=(\d+(?:\.\d+)?)", text, re.MULTILINE)
    return float(found[1]) if found else None


def _memory_available(root: Path) -> int | None:
    text = _text(root / "proc/meminfo") or ""
    found = re.search(r"^MemAvailable: +(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None
