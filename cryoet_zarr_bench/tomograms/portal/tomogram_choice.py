"""Choice of one tomogram of the portal."""

from decimal import Decimal

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.portal.portal_answers import PortalAnswers
from cryoet_zarr_bench.tomograms.portal.portal_records import (
    PortalTomogram,
    tomogram_of_id,
    tomograms_of,
)
from cryoet_zarr_bench.tomograms.tomogram_sources import PortalSource

_MOST_NAMED = 5


class AmbiguousChoice(BadInput):
    """Several tomograms are meant; `candidates` are those."""

    def __init__(self, line: str, candidates: list[PortalTomogram]) -> None:
        super().__init__(line)
        self.candidates = candidates


def choose(answers: PortalAnswers, source: PortalSource) -> PortalTomogram:
    """Find the one tomogram of which all is true that `source` says.

    Raises:
        AmbiguousChoice: there are several.
        BadInput: there is none, or the portal does not answer as it should.
    """
    if source.tomogram is not None:
        tomogram = tomogram_of_id(answers, source.tomogram)
        if not _agrees(tomogram, source):
            raise refused(
                str(source),
                f"tomogram {tomogram.id} is {described(tomogram)}",
                "leave out what is not true of it",
            )
        return tomogram
    of_run, unusable = tomograms_of(answers, source.dataset, source.run)
    meant = [each for each in of_run if _agrees(each, source)]
    for each in unusable:
        spacing = each.voxel_spacing
        if len(meant) < 2 and (spacing is None or _same_spacing(spacing, source.voxel_spacing)):
            # It may be the one that is meant: no other is taken in its place.
            named = f", such as --tomogram {meant[0].id}" if meant else ""
            raise refused(each.where, each.why, f"choose another one by its id{named}")
    if not meant:
        spacings = sorted({each.voxel_spacing for each in of_run})
        known = ", ".join(f"{spacing:g}" for spacing in spacings[:_MOST_NAMED])
        raise refused(
            str(source), "the portal has no such tomogram", f"voxel spacings there: {known or '-'}"
        )
    if len(meant) > 1:
        named = ", ".join(f"{each.id} ({described(each)})" for each in meant[:_MOST_NAMED])
        more = f" and {len(meant) - _MOST_NAMED} more" if len(meant) > _MOST_NAMED else ""
        line = refused(
            str(source),
            f"{len(meant)} tomograms are meant: {named}{more}",
            "choose by voxel spacing or id, such as --tomogram "
            f"{meant[0].id} or portal:tomogram/{meant[0].id}",
        )
        raise AmbiguousChoice(str(line), meant)
    return meant[0]


def described(tomogram: PortalTomogram) -> str:
    """Describe what tells a tomogram from others, in a few words."""
    place = f"{tomogram.dataset_id}/{tomogram.run_name}@{tomogram.voxel_spacing:g}"
    return f"{place} {tomogram.processing or ''}".strip()


def _agrees(tomogram: PortalTomogram, source: PortalSource) -> bool:
    return (
        source.dataset in (None, tomogram.dataset_id)
        and source.run in (None, tomogram.run_name)
        and _same_spacing(tomogram.voxel_spacing, source.voxel_spacing)
    )


def _same_spacing(spacing: float, wanted: Decimal | None) -> bool:
    """True if `wanted` is `spacing` rounded to the digits that `wanted` has."""
    if wanted is None:
        return True
    unit = Decimal(1).scaleb(int(wanted.as_tuple().exponent))
    return abs(Decimal(repr(spacing)) - wanted) <= unit / 2
