"""`measure`: what storing a tomogram in each of several ways costs, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from cryoet_zarr_bench.api.tomogram_inputs import TomogramLike, parsed_config, prepared
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.measured.measurement_worker import WRITE
from cryoet_zarr_bench.measurement.fresh_processes import measure_configs
from cryoet_zarr_bench.measurement.measured_environments import environment_of
from cryoet_zarr_bench.measurement.measurement_table import measurement_table
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.patterns.access_patterns import ACCESS_PATTERNS

if TYPE_CHECKING:
    import pandas as pd

_SHORT = {"write": WRITE, "read": "volume", "slice": "xy_slice"}
_NOT_STORED = "coarse_level"
"""The pattern that needs a pyramid, which these stores do not have."""

PATTERNS = (*_SHORT, *(name for name in ACCESS_PATTERNS if name != _NOT_STORED))
"""What can be measured: writing, and every way of reading."""


def measure(
    tomogram: TomogramLike,
    configs: str | StorageConfig | Iterable[str | StorageConfig],
    *,
    patterns: Sequence[str] = ("write", "read", "slice"),
    zarr: str | None = None,
    numcodecs: str | None = None,
    repeat: int = 5,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Measure how a tomogram is stored: seconds to write and read, bytes, files, requests.

    Every store is verified before it is timed, bit by bit. Each of `repeat` fresh processes has one
    core and one thread, and times every config after a call that warms up. Reading is from warm
    page cache, writing ends in the page cache; stores lie in memory where they fit.

    Args:
        tomogram: an opened one, a source that `open` takes, or an array with the axes z, y, x, of
            int8, uint8, int16, uint16, float16 or float32.
        configs: names such as `"zstd-5 64x64x64"`, `"zstd-5 64x64x64 v2"` for Zarr format 2, or
            `"shuffle+zstd-3 128x128x128 in 256x640x640"` for shards; or `StorageConfig` objects.
        patterns: what to time: `"write"`, `"read"` (all of it), `"slice"` (one XY slice),
            `"xz_slice"`, `"yz_slice"`, `"particles"`, `"patches"`, `"tiles"`, `"open"`.
        zarr: a release to measure in, such as `"3.1.6"`; what is installed here without it.
        numcodecs: a version to go with `zarr`; without it the one current at the time.
        repeat: how many fresh processes time each config.
        progress: told how many processes are done, of how many.

    Returns:
        A pandas DataFrame with a row for each config: `config`; for each pattern `PATTERN_s` and
        `PATTERN_cpu_s`, seconds by the wall clock and the CPU clock, medians over the processes,
        and `PATTERN_spread`, (largest - smallest) / median of the processes' wall times; `ratio`,
        bytes in memory over bytes stored; `stored_bytes` and `files`, metadata included; `gets`,
        the GET requests that an XY slice takes from an object store, opening included, and
        `PATTERN_gets` for other ways of reading; `reason`, why there are no figures, or empty.

    Raises:
        BadInput: the tomogram, a config, a pattern or the release cannot be used, or another run is
            measuring on this machine.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> found = czb.measure("synthetic:10A@32", "zstd-5 32x32x32", repeat=2)
        >>> list(found.columns)[:4]
        ['config', 'write_s', 'write_cpu_s', 'write_spread']
        >>> bool(found.ratio[0] > 1), int(found.files[0]), bool(found.gets[0] > 0)
        (True, 2, True)
    """
    wanted = _configs(configs)
    columns = _patterns(patterns)
    if repeat < 1:
        raise refused(f"repeat={repeat}", "is no number of processes", "give 1 or more")
    with prepared(tomogram) as ready:
        environment = environment_of(zarr, numcodecs)
        measured = measure_configs(
            ready, wanted, list(dict.fromkeys(columns.values())), environment, repeat, progress
        )
    table = measurement_table(measured, columns)
    table.attrs = {**environment.packages, "tomogram": ready.name, "processes": repeat}
    return table


def _configs(
    configs: str | StorageConfig | Iterable[str | StorageConfig],
) -> dict[str, StorageConfig]:
    given = [configs] if isinstance(configs, str | StorageConfig) else list(configs)
    if not given:
        raise refused("configs", "is empty", "give one, such as 'zstd-5 64x64x64'")
    # One row for each, however often and with whatever spaces it is named.
    return {config.text: config for config in map(parsed_config, given)}


def _patterns(patterns: Sequence[str]) -> dict[str, str]:
    unknown = [name for name in patterns if name not in PATTERNS]
    if unknown or not patterns:
        named = ", ".join(map(repr, unknown)) or "nothing"
        raise refused("patterns", f"has {named}", f"give some of {', '.join(PATTERNS)}")
    return {name: _SHORT.get(name, name) for name in patterns}
