"""The pictures of the page of quality control, drawn by matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoet_zarr_bench.quality.power_spectrum import MAXIMUM_TILT, PowerSpectrum, shell_power
from cryoet_zarr_bench.quality.views import View, Views
from cryoet_zarr_bench.quality.voxel_survey import OUTLIER_SIGMAS, Survey

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_BLUE, _ORANGE, _GREY, _MISSING = "#2b6ca3", "#d4721f", "#8a8a8a", "#e0457b"
_MOST_BOXES = 32
_GAP = 0.45  # inches between slices
_THINNEST = 0.03  # of the longest side: a single slice is still seen
_DECADES = 6  # of power that the section shows


def draw_slices(part: SubFigure, shown: Views, contrast: tuple[float, float]) -> None:
    """The XY, XZ and YZ slices through the centre, side by side at one scale where they fit."""
    named = (("XY", shown.xy, "x", "y"), ("XZ", shown.xz, "x", "z"), ("YZ", shown.yz, "z", "y"))
    longest = max(_side(view, axis) for _, view, _, _ in named for axis in (0, 1))
    sides = [
        [max(_side(view, axis), longest * _THINNEST) for axis in (0, 1)] for _, view, _, _ in named
    ]
    inches = part.bbox.width / part.figure.dpi, part.bbox.height / part.figure.dpi
    room = inches[0] - 4 * _GAP, inches[1] - 1.6 * _GAP
    scale = min(
        room[0] / sum(width for _, width in sides), room[1] / max(height for height, _ in sides)
    )
    gap = (inches[0] - scale * sum(width for _, width in sides)) / 4
    left = gap
    bar = _round_length(min(sides[0][1] / 4, *(0.8 * width for _, width in sides)))
    for (name, view, right, down), (height, width) in zip(named, sides, strict=True):
        bottom = inches[1] - 0.75 * _GAP - scale * height
        box = (
            left / inches[0],
            bottom / inches[1],
            scale * width / inches[0],
            scale * height / inches[1],
        )
        ax = part.add_axes(box)
        left += scale * width + gap
        _draw_view(ax, view, contrast)
        ax.set_aspect("auto")
        ax.set_title(f"{name} slice through the centre", fontsize=11)
        ax.set_xlabel(right, fontsize=9, labelpad=2)
        ax.set_ylabel(down, fontsize=9, labelpad=2)
        _draw_scale_bar(ax, view, bar)


def draw_nine_panels(part: SubFigure, shown: Views, contrast: tuple[float, float]) -> None:
    """XY slices at equal distances along z."""
    part.suptitle("XY slices along z", fontsize=11, y=0.985)
    axes = part.subplots(3, 3).reshape(-1)
    part.subplots_adjust(left=0.065, right=0.99, top=0.93, bottom=0.05, wspace=0.06, hspace=0.16)
    for ax in axes[len(shown.along_z) :]:
        ax.set_axis_off()
    for ax, (z, view) in zip(axes, shown.along_z, strict=False):
        _draw_view(ax, view, contrast)
        ax.set_title(f"z {z}", fontsize=9, pad=3)


def draw_histogram(ax: Axes, found: Survey) -> None:
    """Counts of densities within 8 sigma, with the normal distribution of median and sigma."""
    ax.set_title("Densities", fontsize=11)
    histogram = found.histogram
    if not np.isfinite(histogram.edges).all():
        _draw_nothing(ax, "no voxel is finite")
        return
    ax.stairs(histogram.counts, histogram.edges, fill=True, color=_BLUE, alpha=0.75)
    centres = (histogram.edges[1:] + histogram.edges[:-1]) / 2
    if found.sigma > 0:
        bin_width = histogram.edges[1] - histogram.edges[0]
        normal = np.exp(-(((centres - found.median) / found.sigma) ** 2) / 2)
        normal *= found.moments.count * bin_width / (found.sigma * math.sqrt(2 * math.pi))
        ax.plot(centres, normal, color=_ORANGE, lw=1.5, label="normal distribution")
        for side in (-1, 1):
            edge = found.median + side * OUTLIER_SIGMAS * found.sigma
            ax.axvline(edge, color=_GREY, lw=1, ls="--", label="3 sigma" if side > 0 else None)
        ax.legend(fontsize=8, loc="upper left", framealpha=0.9, edgecolor="none")
    ax.set_yscale("log")
    top = max(10.0, float(histogram.counts.max()))
    ax.set_ylim(0.5, top * 20)
    ax.set_xlim(histogram.edges[0], histogram.edges[-1])
    ax.set_xlabel("density", fontsize=9)
    ax.set_ylabel("voxels", fontsize=9)
    ax.ticklabel_format(axis="x", style="sci", scilimits=(-3, 4), useMathText=False)
    _tidy(ax)


def draw_box_plots(ax: Axes, found: Survey) -> None:
    """Quartiles, minimum and maximum of XY slices, at most 32 of them."""
    ax.set_title("Densities by XY slice", fontsize=11)
    quartiles = found.profile.quartiles
    stride = -(-len(quartiles) // _MOST_BOXES)
    known = [z for z in range(0, len(quartiles), stride) if np.isfinite(quartiles[z]).all()]
    if not known:
        _draw_nothing(ax, "no voxel is finite")
        return
    names = ("whislo", "q1", "med", "q3", "whishi")
    boxes: list[dict[str, Any]] = [
        {**dict(zip(names, quartiles[z].tolist(), strict=True)), "fliers": []} for z in known
    ]
    width = 0.65 * stride
    ax.bxp(
        boxes,
        positions=known,
        widths=width,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": _BLUE, "alpha": 0.75, "lw": 0.6},
        medianprops={"color": "white", "lw": 1.2},
        whiskerprops={"color": _GREY, "lw": 0.7},
        capprops={"color": _GREY, "lw": 0.7},
    )
    ax.set_xlim(-width, len(quartiles) - 1 + width)
    ax.set_xlabel("z of the slice; whiskers reach minimum and maximum", fontsize=9)
    ax.set_ylabel("density", fontsize=9)
    ax.ticklabel_format(axis="y", style="sci", scilimits=(-3, 4), useMathText=False)
    _tidy(ax)


def draw_section(ax: Axes, spectrum: PowerSpectrum | None) -> None:
    """The power over kx and kz, averaged along ky, with the borders of the wedge."""
    ax.set_title("Power spectrum and missing wedge", fontsize=11)
    if spectrum is None:
        _draw_nothing(ax, "too small, or too incomplete, for a spectrum")
        return
    power = np.fft.fftshift(spectrum.power.mean(axis=1))
    power = np.log10(np.maximum(power, power.max() * 10.0**-_DECADES) / power.max())
    depth, width = power.shape
    # Pixels are centred on their frequencies, and the zero frequency is one of them.
    edges = [(-(n // 2) - 0.5) / n for n in (width, depth)]
    extent = (edges[0], edges[0] + 1, edges[1] + 1, edges[1])
    image = ax.imshow(power, extent=extent, cmap="magma", interpolation="nearest", aspect="equal")
    reach = 0.5 / math.tan(math.radians(MAXIMUM_TILT))
    for side in (-1, 1):
        label = f"±{MAXIMUM_TILT:.0f}° about y" if side > 0 else None
        ax.plot([-side * reach, side * reach], [-0.5, 0.5], color="#5fd3ff", lw=1.1, label=label)
    ax.set_xlim(-0.5, 0.5)
    ax.set_ylim(-0.5, 0.5)
    ax.legend(fontsize=8, loc="lower right", framealpha=0.6)
    ax.set_xlabel("kx, cycles per voxel", fontsize=9)
    ax.set_ylabel("kz, cycles per voxel", fontsize=9)
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.046, pad=0.03)
    bar.set_label("log10 of power", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    ax.tick_params(labelsize=8)


def draw_shells(
    ax: Axes, spectrum: PowerSpectrum | None, spacing: tuple[float, float, float] | None
) -> None:
    """Power by shell, outside and inside of the wedge."""
    ax.set_title("Power by shell", fontsize=11)
    if spectrum is None:
        _draw_nothing(ax, "too small, or too incomplete, for a spectrum")
        return
    power = shell_power(spectrum)
    ax.plot(power.radius[1:], power.outside[1:], color=_BLUE, lw=1.6, label="outside of the wedge")
    ax.plot(power.radius[1:], power.inside[1:], color=_ORANGE, lw=1.6, label="inside of it")
    ax.set_yscale("log")
    ax.set_xlim(0, 0.5)
    ax.legend(fontsize=8, frameon=False)
    ax.set_xlabel("cycles per voxel", fontsize=9)
    ax.set_ylabel("mean power", fontsize=9)
    if spacing is not None and len(set(spacing)) == 1:
        ticks = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
        ax.set_xticks(ticks, [f"{tick:.1f}\n{spacing[0] / tick:.3g} Å" for tick in ticks])
        ax.set_xlabel("cycles per voxel, period", fontsize=9)
    _tidy(ax)


def _draw_view(ax: Axes, view: View, contrast: tuple[float, float]) -> None:
    import matplotlib

    grey = matplotlib.colormaps["gray"].with_extremes(bad=_MISSING)
    low, high = contrast
    if not low < high:
        low, high = (low - 1, low + 1) if math.isfinite(low) else (0.0, 1.0)
    aspect = 1.0 if view.spacing is None else view.spacing[0] / view.spacing[1]
    pixels = np.ma.masked_invalid(view.pixels)
    ax.imshow(pixels, cmap=grey, vmin=low, vmax=high, aspect=aspect, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])


def _side(view: View, axis: int) -> float:
    spacing = 1.0 if view.spacing is None else view.spacing[axis]
    return float(view.pixels.shape[axis] * view.binning * spacing)


def _draw_scale_bar(ax: Axes, view: View, length: float) -> None:
    """A bar of a length in angstrom, or in voxels without a spacing, in a corner of the slice."""
    voxel = 1.0 if view.spacing is None else view.spacing[1]
    pixels = length / voxel / view.binning
    height, width = view.pixels.shape
    text = f"{length:g} voxels"
    if view.spacing is not None:
        text = f"{length / 10:g} nm" if length >= 10 else f"{length:g} Å"
    style = {"boxstyle": "square,pad=0.25", "fc": "black", "ec": "none", "alpha": 0.65}
    x, y = 0.04 * width, 0.955 * height
    for colour, thick in (("black", 7), ("white", 4)):
        ax.plot([x, x + pixels], [y, y], color=colour, lw=thick, solid_capstyle="butt")
    ax.annotate(
        text,
        (x, y),
        xytext=(0, 6),
        textcoords="offset points",
        color="white",
        fontsize=9,
        bbox=style,
        va="bottom",
    )


def _round_length(length: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not beyond a length."""
    power = 10.0 ** math.floor(math.log10(length))
    return next(factor * power for factor in (5, 2, 1) if factor * power <= length * 1.0000001)


def _draw_nothing(ax: Axes, reason: str) -> None:
    ax.text(0.5, 0.5, reason, ha="center", va="center", fontsize=9, transform=ax.transAxes)
    ax.set_xticks([])
    ax.set_yticks([])


def _tidy(ax: Axes) -> None:
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)
