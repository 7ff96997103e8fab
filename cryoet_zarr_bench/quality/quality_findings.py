"""Report of quality control, and its JSON, which reads back as the same."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.voxel_spacing import Spacing
from cryoet_zarr_bench.quality.quality_limits import FAIL, NOT_CHECKED, VERDICTS, Limit

if TYPE_CHECKING:
    import pandas as pd

REPORT_FORMAT = 1


@dataclass(frozen=True)
class Check:
    """One check: `figure` in `unit` against `threshold`, the verdict, and what it means in a line.

    `why` is the reason of the threshold. `figure` is None if nothing could be checked.
    """

    name: str
    figure: float | None
    unit: str
    threshold: str
    verdict: str
    says: str
    why: str


@dataclass(frozen=True)
class Statistics:
    """Figures of the finite voxels, in the unit of the densities; None if there are none.

    `percentiles` are pairs of percentage and density. `sigma` is the robust standard deviation.
    `distinct` counts distinct values, None if they are more than 65 536. `kurtosis` is 3 for a
    normal distribution. `noise` is the standard deviation of white noise in the tomogram.
    """

    voxels: int
    not_finite: int
    mean: float | None
    std: float | None
    minimum: float | None
    maximum: float | None
    percentiles: tuple[tuple[float, float | None], ...]
    sigma: float | None
    skew: float | None
    kurtosis: float | None
    distinct: int | None
    source_precision: str
    noise: float | None


@dataclass(frozen=True)
class QualityReport:
    """The answer of quality control. `shape` is z, y, x; `voxel_spacing` in angstrom along them.

    `slice_means` and `slice_stds` have one element an XY slice, None for one without finite voxels.
    `notes` say which rule was used where the source leaves open what it holds.
    """

    name: str
    source: str
    shape: tuple[int, int, int]
    dtype: str
    voxel_spacing: Spacing | None
    sha256: str
    statistics: Statistics
    checks: tuple[Check, ...]
    slice_means: tuple[float | None, ...]
    slice_stds: tuple[float | None, ...]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The worst of all checks."""
        found = {check.verdict for check in self.checks}
        return next((each for each in reversed(VERDICTS) if each in found), NOT_CHECKED)

    @property
    def passed(self) -> bool:
        """True if no check failed."""
        return self.verdict != FAIL

    def to_frame(self) -> pd.DataFrame:
        """The checks as a table: a row for each, its figure NaN if nothing was checked."""
        import pandas as pd

        columns = ("check", "figure", "unit", "threshold", "verdict", "says")
        rows = [(c.name, c.figure, c.unit, c.threshold, c.verdict, c.says) for c in self.checks]
        return pd.DataFrame(rows, columns=list(columns))


def judged(limit: Limit, figure: float, says: str, at_least: str = NOT_CHECKED) -> Check:
    """Hold a figure against its limit; NaN is not checked. `at_least` can make it worse."""
    if math.isnan(figure):
        return Check(limit.name, None, limit.unit, limit.text, NOT_CHECKED, says, limit.why)
    verdict = max(limit.verdict(figure), at_least, key=VERDICTS.index)
    return Check(limit.name, float(figure), limit.unit, limit.text, verdict, says, limit.why)


def known(figure: float) -> float | None:
    """A figure as a report holds it: None for NaN, which would not even equal itself."""
    return None if math.isnan(figure) else float(figure)


def report_json(report: QualityReport) -> str:
    """Write a report as JSON; infinity, for which JSON has no word, becomes an object."""
    fields = {"format": REPORT_FORMAT, "verdict": report.verdict, **asdict(report)}
    return json.dumps(_without_infinity(fields), indent=1, allow_nan=False) + "\n"


def read_report(text: str) -> QualityReport:
    """Read what `report_json` wrote.

    Raises:
        BadInput: it is anything else.
    """
    try:
        fields = _with_infinity(json.loads(text))
        if fields.pop("format") != REPORT_FORMAT:
            raise ValueError("it has another format")
        verdict = fields.pop("verdict")
        statistics = Statistics(**_tuples(fields.pop("statistics")))
        checks = tuple(Check(**check) for check in fields.pop("checks"))
        report = QualityReport(statistics=statistics, checks=checks, **_tuples(fields))
        if report.verdict != verdict:
            raise ValueError("its verdict is not that of its checks")
        return report
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput(
            f"not a report of quality control ({reason}); make it again by qc --json"
        ) from error


def _without_infinity(value: Any) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return {"infinite": math.copysign(1, value)}
    if isinstance(value, dict):
        return {key: _without_infinity(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinity(each) for each in value]
    return value


def _with_infinity(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"infinite"}:
            return math.copysign(math.inf, value["infinite"])
        return {key: _with_infinity(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_infinity(each) for each in value]
    return value


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    def frozen(value: Any) -> Any:
        return tuple(map(frozen, value)) if isinstance(value, list) else value

    return {key: frozen(value) for key, value in fields.items()}
