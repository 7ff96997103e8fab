"""One file with all results of a machine: packed so that it is whole, unpacked as if hostile."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import zipfile
import zlib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cryoet_zarr_bench.asv_bridge.machine_names import machine_name
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.json_lines import in_short
from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.common.whole_files import whole_file

MANIFEST = "submission.json"
"""In the packed file: the machine, and the SHA-256 of every other file."""

VERSION = 1

MOST_FILES = 2000
MOST_BYTES = 1 << 28
"""Of all files together, unpacked; the history of the first machine has a twentieth of that."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+-]{0,199}\.(?:json|jsonl)", re.ASCII)
_BLOCK = 1 << 20


class Manifest(BaseModel):
    """What the packed file says of itself: `files` are the digests of the others by their names."""

    model_config = ConfigDict(strict=True)

    version: int
    machine: str
    packed_by: str
    files: dict[str, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


def pack(machine: Path, target: Path) -> Manifest:
    """Write all results of a machine's folder into one file, whole or not at all.

    The same results give the same bytes.

    Raises:
        BadInput: the folder has none, or too many.
    """
    files = sorted(path for path in machine.glob("*.json*") if _NAME.fullmatch(path.name))
    if not files:
        raise refused(machine, "has no results", "measure some: cryoet-zarr-bench bench")
    if len(files) > MOST_FILES or sum(path.stat().st_size for path in files) > MOST_BYTES:
        raise refused(machine, "has more results than can be submitted", "leave some out")
    contents = {path.name: path.read_bytes() for path in files}
    manifest = Manifest(
        version=VERSION,
        machine=machine.name,
        packed_by=f"cryoet-zarr-bench {importlib.metadata.version('cryoet-zarr-bench')}",
        files={name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    )
    told = json.dumps(manifest.model_dump(), indent=1).encode()
    with whole_file(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in {MANIFEST: told, **contents}.items():
            # Without the time of now, which would make each file another one.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)
    return manifest


def unpack(packed: Path, folder: Path) -> Path:
    """Unpack a file into a folder under the name of its machine; that folder's path.

    Raises:
        BadInput: it is no such file, was changed, or has what nobody asked for.
    """
    try:
        with zipfile.ZipFile(packed) as found:
            manifest = _manifest(packed, found)
            machine = folder / machine_name(manifest.machine, f"{packed}: its machine")
            machine.mkdir()
            left = MOST_BYTES
            for name, digest in manifest.files.items():
                content = _content(packed, found, name, left)
                left -= len(content)
                if hashlib.sha256(content).hexdigest() != digest:
                    raise _spoiled(packed, f"{name} is not what was packed")
                (machine / name).write_bytes(content)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _spoiled(packed, in_short(error)) from error
    except (RuntimeError, ValidationError, ValueError) as error:
        raise _spoiled(packed, in_short(error)) from error
    return machine


def _manifest(packed: Path, found: zipfile.ZipFile) -> Manifest:
    names = found.namelist()
    if len(names) > MOST_FILES + 1 or len(set(names)) != len(names) or MANIFEST not in names:
        raise _spoiled(packed, f"it has no {MANIFEST}, or too many files")
    manifest = Manifest.model_validate_json(_content(packed, found, MANIFEST, MOST_BYTES))
    if manifest.version != VERSION:
        raise refused(
            packed,
            f"was packed by a later version ({shown(manifest.packed_by)})",
            "update cryoet-zarr-bench",
        )
    if set(manifest.files) != set(names) - {MANIFEST}:
        raise _spoiled(packed, "its list of files is not that of its files")
    strange = [name for name in manifest.files if _NAME.fullmatch(name) is None]
    if strange or len({name.lower() for name in names}) != len(names):
        raise _spoiled(packed, f"a file has the name {shown(strange[0] if strange else names)}")
    return manifest


def _content(packed: Path, found: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file's content; what unpacks to more than `most` bytes is not read to its end."""
    content = bytearray()
    with found.open(name) as file:
        while block := file.read(_BLOCK):
            content += block
            if len(content) > most:
                raise _spoiled(packed, f"it unpacks to more than {MOST_BYTES >> 20} MiB")
    return bytes(content)


def _spoiled(packed: Path, why: str) -> BadInput:
    return refused(packed, f"cannot be accepted ({why})", "have it packed again: submit")
