"""The thresholds of all checks, each with its reason.

They were chosen by measurement: `docs/quality.md` has the worst figure of good tomograms beside the
figure of the mildest injected defect that each check finds.
"""

from __future__ import annotations

from dataclasses import dataclass

PASS = "pass"
WARN = "warn"
FAIL = "fail"
NOT_CHECKED = "not checked"
VERDICTS = (NOT_CHECKED, PASS, WARN, FAIL)
"""From the mildest to the worst."""


@dataclass(frozen=True)
class Limit:
    """A figure beyond `warn` is a warning, beyond `fail` a failure; None if there is no such.

    Beyond means above, or below where `least` is set.
    """

    name: str
    unit: str
    warn: float | None
    fail: float | None
    why: str
    least: bool = False

    def verdict(self, figure: float) -> str:
        """Hold a figure against the limit."""
        for verdict, bound in ((FAIL, self.fail), (WARN, self.warn)):
            if bound is not None and (figure < bound if self.least else figure > bound):
                return verdict
        return PASS

    @property
    def text(self) -> str:
        """The thresholds in the unit of the figure, such as `warn > 0.01, fail > 0.1`."""
        sign = "<" if self.least else ">"
        parts = [
            f"{verdict} {sign} {bound:g}"
            for verdict, bound in ((WARN, self.warn), (FAIL, self.fail))
            if bound is not None
        ]
        return ", ".join(parts)


NOT_FINITE = Limit(
    "NaN and infinity",
    "voxels",
    None,
    0,
    "One NaN makes the mean and every Fourier coefficient of the tomogram NaN.",
)
DYNAMIC_RANGE = Limit(
    "dynamic range",
    "bits",
    6,
    3,
    "Fewer than 64 distinct values round densities by a tenth of their standard deviation or more; "
    "8 or fewer are a mask or labels.",
    least=True,
)
SOURCE_PRECISION = Limit(
    "source precision",
    "bits",
    9,
    None,
    "Numbers that were 8-bit integers are stored in more bytes than they fill: as 8 bits they take "
    "a quarter, and they compress 2 to 4 times better than a plain float32. No fault of the data.",
    least=True,
)
CLIPPING = Limit(
    "clipping",
    "%",
    0.01,
    0.1,
    "Of good tomograms not one voxel is at an extreme beyond the number at the value next to it. "
    "Export to 8 bits by percentiles often cuts 0.1 % at either end; more is lost contrast.",
)
OUTLIERS = Limit(
    "outliers",
    "%",
    10,
    None,
    "A normal distribution has 0.27 %, tomograms with dark particles 2 to 3.2 %; with a tenth of "
    "the voxels out there, sigma does not describe the background.",
)
FARTHEST = Limit(
    "farthest voxel",
    "sigma",
    50,
    None,
    "Dark particles reach 20 sigma in 128^3 voxels; single hot voxels lie beyond, and set the "
    "range that programs display or quantise to.",
)
SKEW = Limit(
    "skew",
    "",
    3,
    None,
    "Tomograms have -1.1 to 0.3 (size of it); beyond 3 few voxels decide, as hot ones do.",
)
KURTOSIS = Limit(
    "kurtosis",
    "",
    30,
    None,
    "A normal distribution has 3, tomograms 1.6 to 6.6; beyond 30 few voxels make the variance.",
)
SIGNAL = Limit(
    "signal to noise",
    "",
    0.1,
    None,
    "White noise has 0, and so have numbers read with the wrong byte order or offset; the noisiest "
    "real volume tried has 0.9.",
    least=True,
)
WEDGE = Limit(
    "missing wedge",
    "",
    0.6,
    None,
    "Power inside over power outside: tomograms with a wedge of 60 degrees have 0.01 to 0.33, what "
    "lacks one 0.8 to 1.05. A sub-tomogram average has none to miss, so this never fails.",
)
CONSTANT = Limit(
    "constant blocks",
    "%",
    None,
    0,
    "64 equal voxels in a block do not come about by chance; lost chunks are read as zeros. One "
    "value all around is a mask or padding, which is only a warning.",
)
GAIN_STEP = Limit(
    "gain step",
    "sigma",
    6.5,
    8,
    "Standard deviations of neighbouring slices differ by up to 4.0 sigma of such differences in "
    "good tomograms; steps are taken to scatter by 1 % at least.",
)
OFFSET_STEP = Limit(
    "offset step",
    "sigma",
    6.5,
    8,
    "Means of neighbouring slices differ by up to 2.8 sigma of such differences in good "
    "tomograms; steps are taken to scatter by 1 % of the robust sigma at least.",
)
DUPLICATES = Limit(
    "duplicated slices",
    "slices",
    None,
    0,
    "Noise makes each slice another one: equal ones, or correlated to 1, are copies.",
)
SHIFT = Limit(
    "shifted slices",
    "voxels",
    0.5,
    1.5,
    "No slice of a good tomogram lies beside its neighbour. A slanting membrane can look like one "
    "voxel; two and more are a fault of alignment or assembly.",
)
UNLIKE = Limit(
    "unlike slices",
    "x",
    20,
    None,
    "What does not correlate with the slice before (1 - correlation) is up to 6.5 times the median "
    "in good tomograms; more is a slice from elsewhere, or a sharp border of the sample.",
)
