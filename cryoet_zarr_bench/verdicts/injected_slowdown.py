"""A release changed on purpose, to prove that a slowdown is seen, and that nothing else is.

The package is a real one: zarr as it was installed, with one module more, built into a wheel of its
own version (`3.4.2+slower.20`), which an installer installs and the identity check finds. The
module makes calls slower, or does nothing but take memory, so that all that is imported after it
lies elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import re
import zipfile
from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput

_MODULE = '''"""Makes the calls that the suite times do {percent} % more work of the CPU.

The work is done before the call, as much as the last call of the same function tells. Done after
it, it would be timed together with what the threads of the library do once they have answered.
"""

import functools
import time

import zarr
import zarr.core.array

_last = {{}}
_within = False


def _slowed(function):
    @functools.wraps(function)
    def slower(*arguments, **options):
        global _within
        if _within:
            return function(*arguments, **options)
        _within = True
        try:
            end = time.process_time() + _last.get(function, 0) * {percent} / 100
            while time.process_time() < end:
                pass
            begin = time.process_time()
            result = function(*arguments, **options)
            _last[function] = time.process_time() - begin
            return result
        finally:
            _within = False

    return slower


for _name in {of_arrays}:
    setattr(zarr.core.array.Array, _name, _slowed(getattr(zarr.core.array.Array, _name)))
for _name in {of_zarr}:
    setattr(zarr, _name, _slowed(getattr(zarr, _name)))
'''

EVERY_CALL = (("__getitem__", "__setitem__"), ("create_array", "open_array"))
"""The calls that can be made slower: methods of an array, and functions of zarr."""

READING = (("__getitem__",), ())
"""Reading alone."""

_SHIFTING = '''"""Takes memory and does nothing with it."""

import random

_sizes = random.Random({number})
_kept = [bytes(_sizes.randrange(1, 100_000)) for _ in range(200)]
'''

_VERSION = re.compile(r"^Version: .*$", re.MULTILINE)


def slower_wheel(
    site_packages: Path,
    percent: int,
    folder: Path,
    calls: tuple[tuple[str, ...], tuple[str, ...]] = EVERY_CALL,
) -> Path:
    """Build a wheel of the zarr 3 in `site_packages` that works `percent` % longer at some calls.

    Slower are creating and opening an array, writing and reading it, or what `calls` names: before
    each the CPU is kept busy for that part of the CPU time that the last such call took. The wheel
    is put into `folder`. Raises BadInput if there is no zarr 3.
    """
    of_arrays, of_zarr = calls
    module = _MODULE.format(percent=percent, of_arrays=of_arrays, of_zarr=of_zarr)
    label = f"slower.{percent}" if calls == EVERY_CALL else f"slower.{percent}.in.part"
    return _wheel_with(module, label, site_packages, folder)


def shifted_wheel(site_packages: Path, number: int, folder: Path) -> Path:
    """Build a wheel of the zarr 3 in `site_packages` that lies elsewhere in memory, and no slower.

    `number` decides how much is taken. The wheel is put into `folder`. Raises BadInput if there is
    no zarr 3.
    """
    module = _SHIFTING.format(number=number)
    return _wheel_with(module, f"shifted.{number}", site_packages, folder, first=True)


def _wheel_with(
    module: str, label: str, site_packages: Path, folder: Path, first: bool = False
) -> Path:
    """The wheel with a module that is imported after all of zarr, or before it."""
    found = [*importlib.metadata.distributions(name="zarr", path=[str(site_packages)])]
    if len(found) != 1 or found[0].version.startswith("2."):
        raise BadInput(f"{site_packages}: no zarr 3 is installed there to be changed")
    distribution = found[0]
    released = distribution.version.split("+")[0]
    version = f"{released}+{label}"
    contents = {
        str(file): Path(str(distribution.locate_file(file))).read_bytes()
        for file in distribution.files or ()
        if str(file).startswith("zarr/") and "__pycache__" not in str(file)
    }
    # What the module says of itself is checked as well as what its metadata says.
    own_version = contents["zarr/_version.py"].decode()
    contents["zarr/_version.py"] = own_version.replace(f"'{released}'", f"'{version}'").encode()
    contents["zarr/_injected.py"] = module.encode()
    contents["zarr/__init__.py"] = _with_import(contents["zarr/__init__.py"], first)
    information = f"zarr-{version}.dist-info"
    metadata = distribution.read_text("METADATA") or ""
    contents[f"{information}/METADATA"] = _VERSION.sub(f"Version: {version}", metadata, 1).encode()
    contents[f"{information}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: cryoet-zarr-bench\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n"
    )
    record = "".join(
        f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in contents.items()
    )
    contents[f"{information}/RECORD"] = f"{record}{information}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"zarr-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            # A fixed date, so that the same package is the same wheel, byte for byte.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content)
    return wheel


def _with_import(content: bytes, first: bool) -> bytes:
    line = b"from zarr import _injected as _injected\n"
    if not first:
        return content + b"\n" + line
    # Before anything else of zarr, behind what has to be the first statement of a module.
    head, found, rest = content.partition(b"from zarr")
    return head + line + found + rest


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
