"""Tomograms of any bits, and the files that the tests of conversion begin with."""

from pathlib import Path

import mrcfile
import numpy as np
import tifffile

DTYPES = ("int8", "uint8", "int16", "uint16", "float16", "float32")
SPACING = (12.5, 10.012, 9.876543)


def any_bits(shape=(9, 14, 11), dtype="float32", seed=0) -> np.ndarray:
    """Random bits: of floats NaN payloads, infinities and denormals; -0.0 as well."""
    kind = np.dtype(dtype)
    content = np.random.default_rng(seed).bytes(int(np.prod(shape)) * kind.itemsize)
    data = np.frombuffer(content, kind).reshape(shape).copy()
    if kind.kind == "f":
        data.flat[:4] = [-0.0, np.nan, -np.inf, np.inf]
        bits = data.view(f"u{kind.itemsize}")
        bits.flat[1] |= 5  # a payload
    return data


def densities(shape=(9, 14, 11), dtype="float32", seed=0) -> np.ndarray:
    """Voxels as a tomogram has them: finite, and unlike any fill value."""
    return np.random.default_rng(seed).normal(3, 30, shape).clip(-120, 120).astype(dtype)


def write_source(path: Path, data: np.ndarray, spacing=SPACING) -> Path:
    """Write by the libraries' own means, not by this project's."""
    if path.name.endswith(".npy"):
        np.save(path, data)
    elif path.name.endswith((".tif", ".tiff")):
        ome = ".ome." in path.name
        z, y, x = spacing
        metadata: dict[str, object] = {"axes": "ZYX"}
        if ome:
            for axis, step in zip("ZYX", spacing, strict=True):
                metadata |= {f"PhysicalSize{axis}": step, f"PhysicalSize{axis}Unit": "Å"}
            options = {"ome": True}
        else:
            metadata |= {"spacing": z, "unit": "angstrom"}
            options = {"imagej": True, "resolution": (1 / x, 1 / y)}
        tifffile.imwrite(path, data, photometric="minisblack", metadata=metadata, **options)
    else:
        with mrcfile.new(path, overwrite=True) as file:
            file.set_data(data)
            file.voxel_size = spacing[::-1]
    return path


def bits(data) -> bytes:
    """What two tomograms have to have in common, beside shape and dtype."""
    return np.ascontiguousarray(data).tobytes()


def names_in(folder: Path) -> list[str]:
    """What lies in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())
