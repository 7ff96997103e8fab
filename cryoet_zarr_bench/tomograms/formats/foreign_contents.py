"""What a file holds instead of a tomogram, so that a refusal names the cause and what to do."""

from collections.abc import Callable
from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused

LOOKED_AT = 1024
"""Bytes at the beginning of a file that are enough to tell."""

_ANNEX_POINTER = b"/annex/objects/"
_ANNEX_FOLDER = ("annex", "objects")
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ\0": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
}


def _is_page(beginning: bytes) -> bool:
    return beginning.lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _is_answer(beginning: bytes) -> bool:
    return beginning.lstrip().startswith(b"<?xml") and b"<Error>" in beginning


_OTHERS: tuple[tuple[Callable[[bytes], bool], str, str], ...] = (
    (_is_page, "is a web page, not a tomogram", "download the file that the page is about"),
    (_is_answer, "is a server's message of an error", "download it again"),
    (lambda b: b.startswith(b"\x89HDF\r\n"), "is an HDF5 file", "export the volume as MRC or TIFF"),
    (lambda b: b.startswith(b"PK\3\4"), "is a zip archive", "unpack it, and give what is in it"),
    (lambda b: b.startswith(b"\x89PNG"), "is a PNG picture", "give the volume, as MRC or TIFF"),
    (lambda b: b.startswith(b"\xff\xd8\xff"), "is a JPEG picture", "give the volume itself"),
)


def _is_mrc(beginning: bytes) -> bool:
    return beginning[208:211] == b"MAP"


_FORMATS: tuple[tuple[str, str, str, Callable[[bytes], bool]], ...] = (
    ("tiff", "a TIFF", ".tif", lambda b: b[:4] in (b"II*\0", b"MM\0*")),
    ("tiff", "a BigTIFF", ".tif", lambda b: b[:4] in (b"II+\0", b"MM\0+")),
    ("npy", "a file of numpy.save", ".npy", lambda b: b[:6] == b"\x93NUMPY"),
    ("mrc", "an MRC file", ".mrc", _is_mrc),
)


def refuse_foreign_contents(path: Path, kind: str | None) -> None:
    """Raise BadInput if a file that was taken for `kind` is plainly something else."""
    with path.open("rb") as file:
        beginning = file.read(LOOKED_AT)
    pointer = pointer_refusal(path, beginning)
    if pointer is not None:
        raise pointer
    # What numpy.savez writes is a zip archive, which the reader of .npy explains.
    is_archive_of_numpy = kind == "npy" and beginning.startswith(b"PK")
    # The first numbers of an MRC can look like anything.
    if is_archive_of_numpy or (kind == "mrc" and _is_mrc(beginning)):
        return
    for magic, (name, command) in _COMPRESSED.items():
        if beginning.startswith(magic):
            raise refused(path, f"is compressed with {name}", f"decompress it with {command}")
    for is_other, problem, remedy in _OTHERS:
        if is_other(beginning):
            raise refused(path, problem, remedy)
    for other, what, suffix, is_format in _FORMATS:
        if other != kind and is_format(beginning):
            raise refused(path, f"is {what}", f"let its name end in {suffix}")


def pointer_refusal(where: str | Path, beginning: bytes) -> BadInput | None:
    """The refusal of a file that git-annex or Git LFS has put in the place of the real one."""
    if beginning.startswith(_ANNEX_POINTER):
        return _not_here(where)
    if beginning.startswith(_LFS_POINTER):
        return refused(where, "is kept by Git LFS, and its content is not here", "run git lfs pull")
    return None


def is_annexed(target: Path) -> bool:
    """True if a link leads to where git-annex keeps the contents of files."""
    parts = target.parts
    return any(parts[at : at + 2] == _ANNEX_FOLDER for at in range(len(parts) - 1))


def missing_refusal(path: Path) -> BadInput:
    """The refusal of a path at which there is nothing, or a link that leads to nothing."""
    if path.is_symlink():
        target = path.readlink()
        if is_annexed(target):
            return _not_here(path)
        return refused(path, f"is a link to {target}, which does not exist", "check the link")
    return refused(path, "does not exist", "check the path")


def _not_here(where: str | Path) -> BadInput:
    return refused(
        where,
        "is kept by git-annex, and its content is not here",
        "fetch it with git annex get, or datalad get",
    )
