"""Extend the catalogue by the releases that it has not yet: at its end, and only there."""

from collections.abc import Sequence
from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.whole_files import whole_file
from cryoet_zarr_bench.releases.catalogue import (
    DEFAULT_CATALOGUE,
    PROJECTS,
    Catalogue,
    LeftOut,
    Release,
    dump_catalogue,
    load_catalogue,
)
from cryoet_zarr_bench.releases.catalogue_steps import Installable, first_step, next_steps
from cryoet_zarr_bench.releases.package_index import final_versions
from cryoet_zarr_bench.releases.resolver import Resolver


def update_catalogue(
    path: Path = DEFAULT_CATALOGUE, resolver: Installable | None = None
) -> list[Release]:
    """Append the new releases to a catalogue and return them.

    Existing entries are never changed nor reordered. The file is replaced at once, when all is
    known; when nothing is new it is not touched. A file that does not exist is made, with the
    whole history.

    Args:
        path: the catalogue file.
        resolver: whether a version of zarr and one of numcodecs install together; uv is asked
            unless one is given.

    Raises:
        BadInput: the catalogue is not sound or cannot be written, or the package index or uv
            could not be asked. The file is as it was.
    """
    path = Path(path)
    old = load_catalogue(path) if path.exists() else Catalogue(releases=())
    uploads = [upload for project in PROJECTS for upload in final_versions(project)]
    works = resolver if resolver is not None else Resolver(old.held)
    first = [] if old.releases else [first_step(uploads)]
    steps, left_out = next_steps([*old.releases, *first], uploads, works)
    releases = (*old.releases, *first, *steps)
    new = Catalogue(releases, old.held, _merged(old.left_out, left_out, releases))
    if new != old:
        _write(path, dump_catalogue(new))
    return [*first, *steps]


def _merged(
    old: Sequence[LeftOut], new: Sequence[LeftOut], releases: Sequence[Release]
) -> tuple[LeftOut, ...]:
    """Return what is left out now, with what the index does not show any more kept as it was."""
    stepped = {(release.changed, release.version(release.changed)) for release in releases}
    entries = {(entry.project, entry.version): entry for entry in (*old, *new)}
    return tuple(entry for key, entry in entries.items() if key not in stepped)


def _write(path: Path, text: str) -> None:
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        with whole_file(path, mode) as file:
            file.write(text.encode())
    except OSError as error:
        raise BadInput(f"cannot write the catalogue {path}: {error}") from error
