"""Every codec there is: its names, what it is in each Zarr format, how it is known on the disk.

A codec is added by one entry of `FAMILIES`. Engines, the check of metadata and of chunk headers and
of what is read back all derive from it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cryoet_zarr_bench.storage.codecs import chunk_headers, lossy_formulas
from cryoet_zarr_bench.storage.codecs.chunk_headers import SHUFFLES, HeaderCheck
from cryoet_zarr_bench.storage.codecs.value_scaling import Scaling

BLOSC_COMPRESSORS = ("lz4", "lz4hc", "blosclz", "zlib", "zstd")

BLOSC_ZSTD_LEVELS = {1: 1, 2: 3, 3: 5, 4: 7, 5: 9, 6: 11, 7: 13, 8: 15, 9: 22}
"""Blosc's own level -> the level of zstd that it compresses with: `blosc-zstd-5` is zstd's level 9.

Source: zstd_wrap_compress of c-blosc 1.x (blosc/blosc.c), `clevel = (clevel < 9) ? clevel * 2 - 1 :
ZSTD_maxCLevel()`, and 22 is zstd's highest. A test compares the bytes."""

Place = Literal["filter", "serializer", "compressor"]
"""Where in Zarr format 3 a step belongs: from array to array, array to bytes, bytes to bytes."""


class Unsuited(ValueError):
    """A codec cannot take this tomogram, in whatever library: the message says why."""


@dataclass(frozen=True)
class Given:
    """Inputs of a step: the groups of its name, the dtype and spread of the values.

    `chunks` is the shape (z, y, x) of a chunk in voxels.
    """

    groups: tuple[str, ...]
    dtype: np.dtype
    scaling: Scaling | None
    chunks: tuple[int, int, int]

    def number(self, group: int = 0) -> int:
        """A group of the name, as a number."""
        return int(self.groups[group])

    def spread(self) -> Scaling:
        """The spread of the tomogram's values; Unsuited if it was not looked at."""
        if self.scaling is None:
            raise Unsuited("this codec depends on the spread of a tomogram's values, not known yet")
        return self.scaling


@dataclass(frozen=True)
class Step:
    """One step of a codec, settled for a tomogram.

    `config` is what numcodecs calls its config: an `id` and settings. `native` is its name and
    configuration in Zarr format 3 where the format has a codec of its own; else it is numcodecs'
    one under the name `numcodecs.ID`. `dtype` is that of the values behind it. `header` checks
    the chunks that it makes as the last step. `formula` is what numpy makes of the values where
    the step loses something, None if it loses nothing; `tolerance` is by how much, at most, a
    value may be off where there is no formula.
    """

    config: dict[str, Any]
    dtype: np.dtype
    native: tuple[str, dict[str, Any]] | None = None
    header: HeaderCheck | None = None
    formula: Callable[[np.ndarray], np.ndarray] | None = None
    tolerance: float | None = None

    @property
    def format_3(self) -> dict[str, Any]:
        """The step as the metadata of Zarr format 3 has it."""
        if self.native is not None:
            name, configuration = self.native
            return {"name": name, "configuration": configuration}
        settings = {key: value for key, value in self.config.items() if key != "id"}
        return {"name": f"numcodecs.{self.config['id']}", "configuration": settings}


@dataclass(frozen=True)
class Family:
    """Codecs that differ in their settings alone.

    `pattern` is a regular expression for their names; its groups reach `make` in `Given.groups`.
    `lossless` is whether every bit comes back. `of_every_release` is false where a release has to
    be tried, since not every one can: see `codec_trial`. `scaled` says that the
    settings depend on the tomogram's values. `before_compressor` says that bytes are what it takes,
    and that others take what it makes: a filter in Zarr format 2. `changes_its_input` says that
    some release of numcodecs writes into the voxels it is given.
    """

    pattern: str
    place: Place
    make: Callable[[Given], Step]
    lossless: bool = True
    of_every_release: bool = False
    scaled: bool = False
    before_compressor: bool = False
    changes_its_input: bool = False


def _blosc(given: Given) -> Step:
    compressor, level, shuffle, block_size = given.groups
    block = 2**20 if block_size else 0
    settings = {"cname": compressor, "clevel": int(level), "blocksize": block}
    return Step(
        {"id": "blosc", **settings, "shuffle": SHUFFLES.index(shuffle)},
        given.dtype,
        ("blosc", {"typesize": given.dtype.itemsize, **settings, "shuffle": shuffle}),
        chunk_headers.blosc(compressor, shuffle, block),
    )


def _zstd(given: Given) -> Step:
    settings = {"level": given.number()}
    native = {**settings, "checksum": False}
    return Step({"id": "zstd", **settings}, given.dtype, ("zstd", native), chunk_headers.ZSTD)


def _gzip(given: Given) -> Step:
    settings = {"level": given.number()}
    return Step({"id": "gzip", **settings}, given.dtype, ("gzip", settings), chunk_headers.GZIP)


def _lz4(given: Given) -> Step:
    config = {"id": "lz4", "acceleration": given.number()}
    return Step(config, given.dtype, header=chunk_headers.check_lz4)


def _bz2(given: Given) -> Step:
    config = {"id": "bz2", "level": given.number()}
    return Step(config, given.dtype, header=chunk_headers.bzip2(given.number()))


def _lzma(given: Given) -> Step:
    xz, default_check = 1, -1  # lzma.FORMAT_XZ; CRC64
    settings = {"format": xz, "check": default_check, "preset": given.number(), "filters": None}
    return Step({"id": "lzma", **settings}, given.dtype, header=chunk_headers.XZ)


def _shuffle(given: Given) -> Step:
    return Step({"id": "shuffle", "elementsize": given.dtype.itemsize}, given.dtype)


def _delta(given: Given) -> Step:
    # The bits of floats as integers: differences of floats are rounded, those of integers wrap.
    kind = "u" if given.dtype.kind == "f" else given.dtype.kind
    bits = np.dtype(f"{kind}{given.dtype.itemsize}").newbyteorder("<").str
    return Step({"id": "delta", "dtype": bits, "astype": bits}, np.dtype(bits))


def _pcodec(given: Given) -> Step:
    if given.dtype.itemsize == 1:
        raise Unsuited("PCodec is for values of 2, 4 or 8 bytes")
    # 2^18 values, numcodecs' own choice, are a chunk of 64 x 64 x 64.
    settings = {"level": given.number(), "mode_spec": "auto", "equal_pages_up_to": 2**18}
    return Step({"id": "pcodec", **settings}, given.dtype, header=chunk_headers.PCO)


def _zfp(given: Given, settings: dict[str, Any], mode: int, tolerance: float | None) -> Step:
    if given.dtype.name not in ("float32", "float64", "int32", "int64"):
        raise Unsuited(f"ZFP is for values of 4 or 8 bytes, not for {given.dtype.name}")
    config = {"id": "zfpy", **settings}
    return Step(config, given.dtype, header=chunk_headers.zfp(mode), tolerance=tolerance)


_FIXED_RATE, _FIXED_PRECISION, _FIXED_ACCURACY = 2, 3, 4  # zfpy.mode_...


def _zfp_reversible(given: Given) -> Step:
    # numcodecs cannot say zfpy.mode_reversible; zfpy takes a fixed accuracy of -1 for that.
    settings = {"mode": _FIXED_ACCURACY, "tolerance": -1}
    return _zfp(given, settings, chunk_headers.ZFP_REVERSIBLE, None)


def _zfp_accuracy(given: Given) -> Step:
    tolerance = _positive(given.spread().sigma) / given.number()
    settings = {"mode": _FIXED_ACCURACY, "tolerance": tolerance}
    return _zfp(given, settings, chunk_headers.zfp_accuracy(tolerance), tolerance)


def _zfp_precision(given: Given) -> Step:
    settings = {"mode": _FIXED_PRECISION, "precision": given.number()}
    return _zfp(given, settings, chunk_headers.zfp_precision(given.number()), np.inf)


def _zfp_rate(given: Given) -> Step:
    settings = {"mode": _FIXED_RATE, "rate": given.number()}
    return _zfp(given, settings, chunk_headers.zfp_rate(given.number()), np.inf)


def _sz3(given: Given) -> Step:
    if given.dtype.kind != "f" or given.dtype.itemsize < 4:
        raise Unsuited(f"SZ3 is used for floats of 4 or 8 bytes, not for {given.dtype.name}")
    tolerance = _positive(given.spread().sigma) / given.number()
    settings = {"mode": "abs", "abs": tolerance, "rel": 0.0}
    # In format 2 a compressor is not told what it has to decode to.
    voxels = {"shape": list(given.chunks), "dtype": _little(given.dtype)}
    return Step(
        {"id": "imagecodecs_sz3", **voxels, **settings},
        given.dtype,
        ("imagecodecs_sz3", settings),
        chunk_headers.SZ3,
        tolerance=tolerance,
    )


def _jpeg_2000_reversible(given: Given) -> Step:
    return _jpeg_2000_of(given, {"reversible": True}, None)


def _jpeg_2000(given: Given) -> Step:
    return _jpeg_2000_of(given, {"level": given.number()}, np.inf)


def _jpeg_2000_of(given: Given, quality: dict[str, Any], tolerance: float | None) -> Step:
    if given.dtype.kind not in "iu" or given.dtype.itemsize > 2:
        raise Unsuited(f"JPEG 2000 is for integers of 8 or 16 bits, not for {given.dtype.name}")
    # XY slices are the components of one image, none of them mixed with another.
    settings: dict[str, Any] = {"codecformat": "j2k", "planar": True, "mct": False, "numthreads": 1}
    settings |= quality
    return Step(
        {"id": "imagecodecs_jpeg2k", **settings},
        given.dtype,
        ("imagecodecs_jpeg2k", settings),
        chunk_headers.JPEG_2000,
        tolerance=tolerance,
    )


def _bitround(given: Given) -> Step:
    if given.dtype.kind != "f" or given.number() > np.finfo(given.dtype).nmant:
        raise Unsuited(f"{given.dtype.name} has no mantissa of {given.groups[0]} bits or more")
    rounded = lossy_formulas.bit_rounding(given.number())
    return Step({"id": "bitround", "keepbits": given.number()}, given.dtype, formula=rounded)


def _float16(given: Given) -> Step:
    if given.dtype.kind != "f":
        raise Unsuited(f"float16 is for floats, not for {given.dtype.name}")
    half = np.dtype("<f2")
    settings = {"encode_dtype": half.str, "decode_dtype": _little(given.dtype)}
    return Step({"id": "astype", **settings}, half, formula=lossy_formulas.cast_to(half))


def _scaled_to_range(given: Given) -> Step:
    spread, integer = given.spread(), np.dtype(f"<i{given.number() // 8}")
    width, steps = spread.highest - spread.lowest, 2 * np.iinfo(integer).max
    middle = spread.lowest + width / 2
    return _in_integers(given, middle, steps / width if width else 1.0, integer)


def _quantised(given: Given) -> Step:
    spread = given.spread()
    step = _positive(spread.sigma) / given.number()
    largest = max(abs(spread.lowest), abs(spread.highest)) / step
    integer = next((f"<i{n}" for n in (1, 2, 4) if largest < np.iinfo(f"i{n}").max), None)
    if integer is None:
        raise Unsuited(f"{largest:.3g} steps from zero are more than an integer of 32 bits has")
    return _in_integers(given, 0.0, 1 / step, np.dtype(integer))


def _in_integers(given: Given, offset: float, scale: float, integer: np.dtype) -> Step:
    if not given.spread().all_finite:
        raise Unsuited("integers cannot stand for the NaN or infinity that the tomogram has")
    formula = lossy_formulas.scaling(offset, scale, integer)
    if given.dtype.kind in "iu":
        ends = np.array([given.spread().lowest, given.spread().highest], given.dtype)
        # Half a step is what rounding takes away, and up to 1 what the cast to whole numbers does.
        if np.any(np.abs(formula(ends).astype("float64") - ends) > 1 / scale + 1):
            raise Unsuited(f"rounded, the largest values would wrap around in {given.dtype.name}")
    voxels = {"dtype": _little(given.dtype), "astype": integer.str}
    config = {"id": "fixedscaleoffset", "offset": offset, "scale": scale, **voxels}
    return Step(config, integer, formula=formula)


def _positive(sigma: float) -> float:
    if not sigma > 0:
        raise Unsuited("all values of the tomogram are the same: there is no sigma to divide")
    return sigma


def _little(dtype: np.dtype) -> str:
    return dtype.newbyteorder("<").str


_BLOSC_NAME = rf"blosc-({'|'.join(BLOSC_COMPRESSORS)})-([1-9])-({'|'.join(SHUFFLES)})(-1MiB)?"

FAMILIES = (
    Family(_BLOSC_NAME, "compressor", _blosc, of_every_release=True),
    Family(r"zstd-([0-9]|1\d|2[0-2])", "compressor", _zstd, of_every_release=True),
    Family(r"gzip-([1-9])", "compressor", _gzip, of_every_release=True),
    Family(r"lz4-([1-9]\d?)", "compressor", _lz4),
    Family(r"bz2-([1-9])", "compressor", _bz2),
    Family(r"lzma-(\d)", "compressor", _lzma),
    Family(r"shuffle", "compressor", _shuffle, before_compressor=True),
    Family(r"delta", "filter", _delta),
    Family(r"pcodec-(\d|1[0-2])", "serializer", _pcodec),
    Family(r"zfp-reversible", "serializer", _zfp_reversible),
    Family(r"zfp-accuracy-([1-9]\d*)", "serializer", _zfp_accuracy, lossless=False, scaled=True),
    Family(r"zfp-precision-([1-9]\d?)", "serializer", _zfp_precision, lossless=False),
    Family(r"zfp-rate-([1-9]\d?)", "serializer", _zfp_rate, lossless=False),
    Family(r"sz3-accuracy-([1-9]\d*)", "serializer", _sz3, lossless=False, scaled=True),
    Family(r"jpeg2000", "serializer", _jpeg_2000_reversible),
    Family(r"jpeg2000-([1-9]\d?)", "serializer", _jpeg_2000, lossless=False),
    Family(r"bitround-([1-9]\d?)", "filter", _bitround, lossless=False, changes_its_input=True),
    Family(r"float(16)", "filter", _float16, lossless=False),
    Family(r"int(16|8)", "filter", _scaled_to_range, lossless=False, scaled=True),
    Family(r"quantise-([1-9]\d*)", "filter", _quantised, lossless=False, scaled=True),
)
"""What a part of a codec's name can be. Levels are on each library's own scale.

| name | what it is |
|---|---|
| `blosc-COMPRESSOR-LEVEL-SHUFFLE` | Blosc 1; with `-1MiB` at the end in blocks of 1 MiB |
| `zstd-LEVEL`, `gzip-LEVEL` | as both Zarr formats have them |
| `lz4-ACCELERATION`, `bz2-LEVEL`, `lzma-PRESET` | numcodecs' |
| `shuffle` | bytes of the same significance together, before a compressor |
| `delta` | differences to the voxel before, in C order, of floats' bits as integers |
| `pcodec-LEVEL` | PCodec, 2^18 values a page |
| `zfp-reversible` | ZFP without loss |
| `zfp-accuracy-N` | ZFP, off by sigma / N at most |
| `zfp-precision-N`, `zfp-rate-N` | ZFP with N bit planes, or N bits a voxel |
| `sz3-accuracy-N` | SZ3, off by sigma / N at most; of the package imagecodecs |
| `jpeg2000` | JPEG 2000 without loss, of each XY slice as integers; of imagecodecs |
| `jpeg2000-N` | the same at about N dB of the integers' whole range, 65535 of int16 |
| `bitround-N` | N bits of the mantissa are kept |
| `float16` | values cast to half precision; below 2^-14 it has fewer bits and is slow to cast |
| `int16`, `int8` | the tomogram's range scaled to that of the integer |
| `quantise-N` | multiples of sigma / N, as integers of as few bytes as hold them |

sigma is the standard deviation of the tomogram's values."""

_PATTERNS = tuple((re.compile(family.pattern, re.ASCII), family) for family in FAMILIES)


@functools.cache
def family_of(part: str) -> tuple[Family, tuple[str, ...]]:
    """The family of a part of a codec's name, and the groups of the name; ValueError if none."""
    for pattern, family in _PATTERNS:
        if found := pattern.fullmatch(part):
            return family, found.groups()
    raise ValueError(f"no codec is called {part!r}")
