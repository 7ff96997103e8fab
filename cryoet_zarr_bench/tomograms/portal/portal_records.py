"""The portal's records of tomograms, checked: nothing else of them is used."""

import re
from dataclasses import dataclass
from typing import Any

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import check_shape, refused, shown
from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.tomograms.portal.portal_answers import PortalAnswers

_LONGEST_TEXT = 300
_DIMENSIONS = re.compile(r"\s*([0-9]{1,6})\s*,\s*([0-9]{1,6})\s*,\s*([0-9]{1,6})\s*", re.ASCII)
_S3_FOLDER = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>[^/?#]+(/[^/?#]+)*)/?"
)
_SPACINGS = 0.01, 10_000.0
"""Angstrom, the least and the most: no atom has the one, no section is as thick as the other."""
_LONGEST_KEY = 900  # S3 has 1024 bytes, of which the keys of chunks need a few


@dataclass(frozen=True)
class PortalTomogram:
    """One tomogram as the portal's records have it.

    Texts are printable and at most 300 characters. `shape` is voxels along z, y, x of level 0;
    `voxel_spacing` is in angstrom, equal along all axes. `level_shapes` are those that the
    record states, by level. `omezarr` is an `s3://` URL as the record has it, or None.
    """

    id: int
    name: str | None
    dataset_id: int
    run_id: int
    run_name: str
    deposition_id: int | None
    shape: tuple[int, int, int]
    voxel_spacing: float
    level_shapes: dict[int, tuple[int, int, int]]
    reconstruction_method: str | None
    processing: str | None
    processing_software: str | None
    author_submitted: bool | None
    omezarr: str | None


@dataclass(frozen=True)
class UnusableRecord:
    """A record of a tomogram that is left out, and why.

    `voxel_spacing` is in angstrom, None if that is what cannot be used.
    """

    id: object
    voxel_spacing: float | None
    refusal: BadInput

    @property
    def where(self) -> str:
        """Its name in a message."""
        return f"portal tomogram {shown(self.id)}"

    @property
    def why(self) -> str:
        """The fault of it."""
        return str(self.refusal).removeprefix(f"{self.where}: ")


def tomograms_of(
    answers: PortalAnswers, dataset: int | None, run: str | None
) -> tuple[list[PortalTomogram], list[UnusableRecord]]:
    """Find the tomograms of a dataset, of a run, or of a run of a dataset; sorted by run and id.

    Records that cannot be used do not keep the others from being found.

    Raises:
        BadInput: the portal does not answer as it should, or has no such dataset or run.
    """
    from cryoet_data_portal import Run, Tomogram

    of_run: list[Any] = []
    of_tomogram: list[Any] = []
    if dataset is not None:
        of_run.append(Run.dataset_id == dataset)
        of_tomogram.append(Tomogram.run.dataset_id == dataset)
    if run is not None:
        of_run.append(Run.name == run)
        of_tomogram.append(Tomogram.run.name == run)
    runs = {each.id: each for each in answers.find(Run, of_run) if type(each.id) is int}
    runs = {
        id: each
        for id, each in runs.items()
        if (dataset is None or each.dataset_id == dataset) and (run is None or each.name == run)
    }
    if not runs:
        asked = f"a run {run!r}" if dataset is None else f"dataset {dataset}"
        asked += f" with a run {run!r}" if dataset is not None and run is not None else ""
        raise refused("portal", f"has no {asked.removeprefix('a ')}", "check the id and the name")
    tomograms, unusable = [], []
    for each in answers.find(Tomogram, of_tomogram):
        try:
            run_id = _whole(each.run_id, "runId", each.id)
            if run_id in runs:
                tomograms.append(_checked(each, runs[run_id]))
        except BadInput as refusal:
            unusable.append(UnusableRecord(each.id, _spacing_or_none(each), refusal))
    return sorted(tomograms, key=lambda each: (each.run_name, each.id)), unusable


def tomogram_of_id(answers: PortalAnswers, id: int) -> PortalTomogram:
    """Find one tomogram by its id.

    Raises:
        BadInput: the portal does not answer as it should, or has no such tomogram.
    """
    from cryoet_data_portal import Run, Tomogram

    found = [each for each in answers.find(Tomogram, [Tomogram.id == id]) if each.id == id]
    if not found:
        raise refused("portal", f"has no tomogram {id}", "see `cryoet-zarr-bench tomograms`")
    runs = answers.find(Run, [Run.id == _whole(found[0].run_id, "runId", id)])
    if not runs or runs[0].id != found[0].run_id:
        raise _nonsense(id, f"it has no run {shown(found[0].run_id)}")
    return _checked(found[0], runs[0])


@dataclass(frozen=True)
class Provenance:
    """Whose a tomogram is; texts as in `PortalTomogram`, None if the portal does not say."""

    dataset_title: str | None
    deposition_title: str | None
    authors: list[str]


def provenance(answers: PortalAnswers, tomogram: PortalTomogram) -> Provenance:
    """Find the titles and authors that belong to a tomogram."""
    from cryoet_data_portal import Dataset, Deposition, TomogramAuthor

    datasets = answers.find(Dataset, [Dataset.id == tomogram.dataset_id])
    depositions = (
        []
        if tomogram.deposition_id is None
        else answers.find(Deposition, [Deposition.id == tomogram.deposition_id])
    )
    authors = answers.find(TomogramAuthor, [TomogramAuthor.tomogram_id == tomogram.id])
    names = [
        (author.author_list_order, name)
        for author in authors
        if isinstance(author.author_list_order, int) and (name := printable(author.name))
    ]
    return Provenance(
        printable(datasets[0].title) if datasets else None,
        printable(depositions[0].title) if depositions else None,
        [name for _, name in sorted(names)],
    )


def folder_of(tomogram: PortalTomogram) -> tuple[str, str]:
    """The bucket and the key prefix of a tomogram's OME-Zarr, no slash at its end.

    Raises:
        BadInput: the portal names none, or not an S3 folder.
    """
    if tomogram.omezarr is None:
        raise refused(
            f"portal tomogram {tomogram.id}",
            "has no OME-Zarr, the portal does not say where it would be",
            "choose another tomogram of this run",
        )
    return _s3_folder(tomogram.omezarr, tomogram.id)


def _s3_folder(url: Any, id: int) -> tuple[str, str]:
    match = _S3_FOLDER.fullmatch(url) if isinstance(url, str) else None
    if (
        match is None
        or not match["key"].isprintable()
        or len(match["key"].encode(errors="replace")) > _LONGEST_KEY
        or any(part in (".", "..") for part in match["key"].split("/"))
    ):
        raise _nonsense(id, f"{shown(url)} is not a folder in S3")
    return match["bucket"], match["key"]


def printable(text: Any) -> str | None:
    """A text from the portal as it may be shown and kept; None if there is none."""
    if not isinstance(text, str) or not text:
        return None
    text = for_terminal(text)
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 2]}.."


def _checked(record: Any, run: Any) -> PortalTomogram:
    id = _whole(record.id, "id", record.id)
    size = [_whole(getattr(record, f"size_{axis}"), f"size_{axis}", id) for axis in "zyx"]
    check_shape(f"portal tomogram {id}", tuple(size))
    spacing = _spacing_or_none(record)
    if spacing is None:
        raise _nonsense(id, f"its voxel spacing is {shown(record.voxel_spacing)}")
    if record.s3_omezarr_dir is not None:
        _s3_folder(record.s3_omezarr_dir, id)
    deposition = record.deposition_id
    submitted = record.is_author_submitted
    return PortalTomogram(
        id=id,
        name=printable(record.name),
        dataset_id=_whole(run.dataset_id, "datasetId", id),
        run_id=_whole(run.id, "runId", id),
        run_name=printable(run.name) or "?",
        deposition_id=None if deposition is None else _whole(deposition, "depositionId", id),
        shape=(size[0], size[1], size[2]),
        voxel_spacing=spacing,
        level_shapes=_level_shapes(record, id),
        reconstruction_method=printable(record.reconstruction_method),
        processing=printable(record.processing),
        processing_software=printable(record.processing_software),
        author_submitted=submitted if isinstance(submitted, bool) else None,
        omezarr=record.s3_omezarr_dir,
    )


def _spacing_or_none(record: Any) -> float | None:
    spacing, (least, most) = record.voxel_spacing, _SPACINGS
    # NaN is in no range; compared as it is, a whole number may have more digits than a float.
    return float(spacing) if type(spacing) in (int, float) and least <= spacing <= most else None


def _level_shapes(record: Any, id: int) -> dict[int, tuple[int, int, int]]:
    shapes = {}
    for level in range(3):
        text = getattr(record, f"scale_{level}_dimensions")
        if not text:
            continue
        match = _DIMENSIONS.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise _nonsense(id, f"its level {level} has the dimensions {shown(text)}")
        x, y, z = map(int, match.groups())
        shapes[level] = (z, y, x)
    return shapes


def _whole(value: Any, name: str, id: object) -> int:
    if type(value) is not int or value < 0:
        raise _nonsense(id, f"its {name} is {shown(value)}")
    return value


def _nonsense(id: object, problem: str) -> BadInput:
    return refused(
        f"portal tomogram {shown(id)}",
        f"its record is not usable, {problem}",
        "report it to the portal",
    )
