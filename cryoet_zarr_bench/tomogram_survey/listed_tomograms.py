"""The tomograms that a survey or a batch is given: files, folders, lists, the portal, made ones.

| text | tomograms |
|---|---|
| `folder/` | every tomogram in it and in its folders; the folder that has one is its run |
| `data/*/*.mrc` | what the pattern finds |
| `list.txt` | a line each, as `open` takes it; `#` begins a comment |
| `list.csv` | a row each: `source`, and `dataset`, `run`, `processing` where they are known |
| `portal:10445`, `portal:10445/TS_100_3` | all that the portal has of a dataset, of a run |
| `collection:200`, `collection:200+3+45` | drawn ones, see `drawn_collection`; 3 large, 45 binned |
| anything else | one tomogram, as `open` takes it |
"""

from __future__ import annotations

import csv
import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.left_out_notices import leave_out
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomogram_survey.drawn_collection import drawn_collection
from cryoet_zarr_bench.tomograms.formats.format_detection import (
    MRC_SUFFIXES,
    NUMPY_SUFFIX,
    TIFF_SUFFIXES,
    is_zarr,
)
from cryoet_zarr_bench.tomograms.synthetic_profiles import DRAWN, dataset_of, run_of
from cryoet_zarr_bench.tomograms.tomogram_sources import (
    PortalSource,
    SyntheticSource,
    parse_source,
)

_COLLECTION = re.compile(
    r"collection:(?P<small>[0-9]{1,6})"
    r"(\+(?P<large>[0-9]{1,4})(\+(?P<binned>[0-9]{1,4}))?)?",
    re.ASCII,
)
_SUFFIXES = (*MRC_SUFFIXES, *TIFF_SUFFIXES, NUMPY_SUFFIX)
_MANIFESTS = (".csv", ".txt")
_LARGEST_MANIFEST = 64 * 2**20
_COLUMNS = ("source", "dataset", "run", "processing")


@dataclass(frozen=True)
class ListedTomogram:
    """A tomogram of a list: `source` as `open` takes it, and what it belongs to.

    `processing` is what its record says of it, such as raw or denoised; None where nothing does.
    """

    source: str
    dataset: str
    run: str
    processing: str | None = None


def listed_tomograms(inputs: Sequence[str]) -> list[ListedTomogram]:
    """The tomograms that some texts mean, each once, in the order in which they are named.

    Raises:
        BadInput: a text means none, a manifest cannot be read, or the portal does not answer.
    """
    found: dict[str, ListedTomogram] = {}
    for text in inputs:
        meant = list(_meant_by(text))
        for each in meant:
            found.setdefault(each.source, each)
        if not meant:
            raise refused(text, "has no tomogram", "name files, or a folder that has some")
    if not found:
        raise BadInput("no tomogram is named: give files, a folder, a manifest, or portal:DATASET")
    return list(found.values())


def means_many(text: str) -> bool:
    """True if a text may mean many tomograms: any but the last row of the table above."""
    path = Path(text).expanduser()
    return (
        _COLLECTION.fullmatch(text) is not None
        or (path.is_dir() and not is_zarr(path))
        or (path.suffix.lower() in _MANIFESTS and path.is_file())
        or _is_pattern(text)
        or _portal_query(text) is not None
    )


def _is_pattern(text: str) -> bool:
    return not Path(text).expanduser().exists() and glob.has_magic(text) and ":" not in text


def _meant_by(text: str) -> Iterator[ListedTomogram]:
    path = Path(text).expanduser()
    if match := _COLLECTION.fullmatch(text):
        sources = drawn_collection(
            *(int(count or 0) for count in match.group("small", "large", "binned"))
        )
        yield from (_single(source) for source in sources)
    elif path.is_dir() and not is_zarr(path):
        yield from (_of_folder(each, path) for each in _tomograms_in(path))
    elif path.suffix.lower() in _MANIFESTS and path.is_file():
        yield from _of_manifest(path)
    elif _is_pattern(text):
        yield from _of_pattern(text, str(path))
    elif (asked := _portal_query(text)) is not None:
        yield from _of_portal(asked)
    else:
        yield _single(text)


def _tomograms_in(folder: Path) -> Iterator[Path]:
    """Every tomogram below a folder, sorted; a Zarr folder is one, and is not entered."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        inside = sorted(name for name in folders if not name.startswith("."))
        yield from (here / name for name in inside if is_zarr(here / name))
        folders[:] = [name for name in inside if not is_zarr(here / name)]
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in _SUFFIXES:
                yield here / name


def _of_folder(path: Path, folder: Path) -> ListedTomogram:
    run = path.parent.relative_to(folder)
    return ListedTomogram(str(path), folder.resolve().name, "." if run == Path() else str(run))


def _of_pattern(text: str, pattern: str) -> Iterator[ListedTomogram]:
    for each in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207
        path = Path(each)
        if is_zarr(path) or path.suffix.lower() in _SUFFIXES:
            yield ListedTomogram(each, text, path.parent.name or ".")


def _of_manifest(path: Path) -> Iterator[ListedTomogram]:
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise refused(path, "is too large for a manifest", "divide it")
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise refused(path, f"cannot be read ({error})", "give a text file") from error
    if path.suffix.lower() == ".txt":
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        yield from (_listed(line, path) for line in lines if line)
        return
    reader = csv.DictReader(text.splitlines())
    try:
        columns, rows = reader.fieldnames or (), list(reader)
    except csv.Error as error:
        raise refused(path, f"cannot be read ({error})", "give a table") from error
    if "source" not in columns:
        raise refused(
            path, "has no column named source", f"its first line names {','.join(_COLUMNS)}"
        )
    for row in rows:
        known = {name: (row.get(name) or "").strip() for name in _COLUMNS}
        if not known["source"]:
            continue
        plain = _listed(known["source"], path)
        yield ListedTomogram(
            plain.source,
            known["dataset"] or plain.dataset,
            known["run"] or plain.run,
            known["processing"] or plain.processing,
        )


def _listed(source: str, manifest: Path) -> ListedTomogram:
    """A line of a manifest. What cannot be opened keeps its place: it fails alone, not the list."""
    source = _beside(source, manifest)
    try:
        return _single(source)
    except BadInput:
        return ListedTomogram(source, manifest.name, source)


def _beside(source: str, manifest: Path) -> str:
    """A path in a manifest is meant from where the manifest lies, if there is such a file."""
    path = manifest.parent / source
    return str(path) if ":" not in source and path.exists() else source


def _single(text: str) -> ListedTomogram:
    """One tomogram; what it is of is told by its source, as far as that says."""
    wanted = parse_source(text)
    if isinstance(wanted, SyntheticSource) and wanted.profile == DRAWN:
        return ListedTomogram(text, str(dataset_of(wanted.seed)), str(run_of(wanted.seed)))
    if isinstance(wanted, SyntheticSource):
        return ListedTomogram(text, "synthetic", wanted.profile)
    if isinstance(wanted, PortalSource):
        return ListedTomogram(text, f"portal {wanted.dataset or '?'}", wanted.run or text)
    return ListedTomogram(text, wanted.path.parent.name or ".", wanted.path.stem)


def _portal_query(text: str) -> PortalSource | None:
    """What a text asks the portal for, where that may be many; None if it means one tomogram."""
    if not text.startswith("portal:"):
        return None
    wanted = parse_source(text)
    if not isinstance(wanted, PortalSource) or wanted.tomogram is not None:
        return None
    return wanted if wanted.voxel_spacing is None and wanted.level == 0 else None


def _of_portal(asked: PortalSource) -> Iterator[ListedTomogram]:
    from cryoet_zarr_bench.tomograms.portal.portal_answers import PortalAnswers
    from cryoet_zarr_bench.tomograms.portal.portal_records import tomograms_of
    from cryoet_zarr_bench.tomograms.portal.portal_settings import portal_settings

    found, unusable = tomograms_of(PortalAnswers(portal_settings()), asked.dataset, asked.run)
    for left_out in unusable:
        leave_out(left_out.where, left_out.why)
    for each in found:
        if each.omezarr is None:
            leave_out(f"portal tomogram {each.id}", "the portal has no OME-Zarr of it")
            continue
        yield ListedTomogram(
            f"portal:tomogram/{each.id}",
            f"portal {each.dataset_id}",
            each.run_name,
            each.processing,
        )
