"""The layout that is recommended for a purpose at a place, in figures and in words.

This is the one place that names a winner: pages, commands, documents and the API take theirs here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cryoet_zarr_bench.analysis.layout_comparison import (
    TERABYTE,
    TODAY,
    ComparedLayouts,
    is_file,
    title_of,
)
from cryoet_zarr_bench.analysis.recommending.collection_costs import keeping_dollars
from cryoet_zarr_bench.analysis.recommending.ranked_layouts import (
    RankedLayout,
    figure_of,
    ranked_layout,
    unable_readers,
)
from cryoet_zarr_bench.analysis.recommending.storage_prices import PRICE_LISTS, USUAL_PRICES
from cryoet_zarr_bench.analysis.recommending.storage_purposes import FIGURES, StoragePurpose
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.reading_places import FILE_SYSTEMS
from cryoet_zarr_bench.tomogram_survey.findings.byte_spreads import ByteSpread, ByteSpreads

TIED = 1.05
"""Layouts whose loss is at most so many times the best one's are tied with it: modelled seconds are
known no better."""

MOST_TIED = 3
"""Tied layouts that are named."""


@dataclass(frozen=True)
class Recommendation:
    """What is recommended for a purpose at a place, of the layouts of one tomogram.

    `ranking` has every Zarr layout, the best first. `tied` are those that are as good as it.
    `today` is the layout that the answer is held against, `file` the MRC as it is; None where they
    were not measured. `spreads` tell how far layouts lie apart on other tomograms.
    """

    purpose: StoragePurpose
    place: str
    tomogram: str
    machine: str
    ranking: tuple[RankedLayout, ...]
    today: RankedLayout | None
    file: RankedLayout | None
    spreads: ByteSpreads = field(default_factory=ByteSpreads)

    @property
    def spread(self) -> ByteSpread | None:
        """Bytes of the pick over those of today's layout, from tomogram to tomogram, if known."""
        if self.today is None:
            return None
        return self.spreads.between(self.pick.line.names, self.today.line.names)

    @property
    def pick(self) -> RankedLayout:
        """The layout that is recommended."""
        return self.ranking[0]

    @property
    def tied(self) -> list[RankedLayout]:
        """The others that are as good as it."""
        return [each for each in self.ranking[1:] if 1 + each.loss <= TIED * (1 + self.pick.loss)]

    @property
    def front(self) -> list[RankedLayout]:
        """Those that no other beats in bytes and in seconds of the main pattern, smallest first.

        What is larger is on it only if it is read faster.
        """
        by_size = sorted(
            self.ranking, key=lambda each: (each.line.stored_bytes, self.main_seconds(each))
        )
        kept: list[RankedLayout] = []
        for each in by_size:
            if not kept or self.main_seconds(each) < self.main_seconds(kept[-1]):
                kept.append(each)
        return kept

    def main_seconds(self, each: RankedLayout) -> float:
        """Seconds of what is read most for the purpose, with decoding."""
        return figure_of(each.line, self.purpose.main_pattern, self.place)

    def held_against(self, today: str) -> Recommendation:
        """The same, held against another layout, by its name or config."""
        ranked = [*self.ranking, *([self.file] if self.file is not None else [])]
        return replace(self, today=next((r for r in ranked if r.line.layout == today), None))

    @property
    def pick_in_words(self) -> str:
        """The pick's name where it has one, its codecs, chunks, shards and format."""
        line = self.pick.line
        title = title_of(line.layout)
        return in_chunks(line) if title == line.layout else f"as {title}: {in_chunks(line)}"

    @property
    def tied_in_words(self) -> str:
        """The names of what is as good, of many the first and how many more; "" of none."""
        named = ", ".join(title_of(each.line.layout) for each in self.tied[:MOST_TIED])
        more = len(self.tied) - MOST_TIED
        return f"{named} and {more} more" if more > 0 else named

    @property
    def main_reading(self) -> str:
        """What is read most for the purpose, in words."""
        return FIGURES[self.purpose.main_pattern].removeprefix("seconds, ")

    @property
    def gain(self) -> GainOverToday | None:
        """What the pick gains; None without a layout of today, or where that is the pick."""
        if self.today is None or self.today.line is self.pick.line:
            return None
        both = (self.pick, self.today)
        prices = PRICE_LISTS[USUAL_PRICES]
        pick, today = (
            keeping_dollars(each.line, prices) * TERABYTE / each.line.raw_bytes for each in both
        )
        return GainOverToday(
            self.pick.line.stored_bytes / self.today.line.stored_bytes - 1,
            "{:.3g} s instead of {:.3g} s".format(*map(self.main_seconds, both)),
            None if self.place in FILE_SYSTEMS else (pick, today),
        )

    @property
    def parts(self) -> Statement:
        """The sentence in parts: the pick, what it gains, what is as good, and who cannot."""
        return _stated(self)

    @property
    def sentence(self) -> str:
        """Two to four sentences: the pick, against today's layout, what is as good, who cannot."""
        return self.parts.whole


@dataclass(frozen=True)
class GainOverToday:
    """What the pick gains over today's layout.

    `stored` is by what part it takes more bytes, less than 0 if fewer; `seconds` says those of what
    is read most, its and today's; `dollars` are of keeping a TB of tomograms for a year by
    `USUAL_PRICES`, its and today's, None on a file system.
    """

    stored: float
    seconds: str
    dollars: tuple[float, float] | None


@dataclass(frozen=True)
class Statement:
    """A recommendation in words; parts that say nothing are empty."""

    pick: str
    against: str
    tied: str
    unable: str

    @property
    def whole(self) -> str:
        """All of it."""
        return " ".join(filter(None, (self.pick, self.against, self.tied, self.unable)))


def recommend(
    compared: ComparedLayouts,
    purpose: StoragePurpose,
    place: str,
    today: str = TODAY,
    readers: Sequence[str] = (),
) -> Recommendation | None:
    """Rank the layouts of a tomogram; None if none of them can be recommended.

    Args:
        compared: the layouts that were measured.
        purpose: what counts.
        place: where it is read from, a key of `reading_places.PLACES`.
        today: the layout that the answer is held against, by its name or config.
        readers: beginnings of engines' names that have to be able to read it, as `tensorstore`.
    """
    lines = [line for line in compared.lines if place in line.places]
    best = {
        figure: min((figure_of(line, figure, place) for line in lines), default=0.0)
        for figure in purpose.weights
    }
    ranked = {line.layout: ranked_layout(line, purpose, place, best) for line in lines}
    fit = [each for each in ranked.values() if not is_file(each.line) and _fits(each.line, readers)]
    if not fit:
        return None
    # Of equal ones the smaller; then by name, so that the same results give the same answer.
    ranking = sorted(fit, key=lambda each: (each.loss, each.line.stored_bytes, each.line.layout))
    return Recommendation(
        purpose,
        place,
        compared.tomogram,
        compared.machine,
        tuple(ranking),
        ranked.get(today),
        next((each for each in ranked.values() if is_file(each.line)), None),
        compared.spreads,
    )


def _fits(line: LayoutLine, readers: Sequence[str]) -> bool:
    """True if for each beginning of a name there are engines, and one of them reads the layout."""
    return all(
        any(name.startswith(reader) and not reason for name, reason in line.readers.items())
        for reader in readers
    )


def _stated(found: Recommendation) -> Statement:
    unable = unable_readers(found.pick.line)
    return Statement(
        f"For {found.purpose.title} from {place_in_words(found.place)}: {found.pick_in_words}.",
        _against(found),
        f"As good: {found.tied_in_words}." if found.tied else "",
        f"Not read by {', '.join(unable)}." if unable else "",
    )


def place_in_words(place: str) -> str:
    """A place as a sentence has it."""
    return place if place in FILE_SYSTEMS else f"S3 ({place})"


def in_chunks(line: LayoutLine) -> str:
    """Codecs, chunks, shards and format of a layout's finest level."""
    finest = line.levels[0]
    chunks = "x".join(map(str, finest.chunks))
    shards = "" if finest.shards is None else f" in shards of {'x'.join(map(str, finest.shards))}"
    return f"{finest.codecs}, chunks of {chunks}{shards}, format {finest.zarr_format}"


def _against(found: Recommendation) -> str:
    if found.today is None:
        return ""
    gain = found.gain
    if gain is None:
        return "That is today's layout."
    spread = "" if found.spread is None else f" ({found.spread.sentence})"
    said = (
        f"Against {title_of(found.today.line.layout)} it takes {_percent(gain.stored)} "
        f"bytes{spread} and {gain.seconds} ({found.main_reading})"
    )
    if gain.dollars is None:
        return f"{said}."
    return (
        f"{said}; keeping a TB of tomograms costs {gain.dollars[0]:.0f} $ a year instead of "
        f"{gain.dollars[1]:.0f} $ ({PRICE_LISTS[USUAL_PRICES].title})."
    )


def _percent(change: float) -> str:
    return f"{100 * abs(change):.1f} % {'fewer' if change < 0 else 'more'}"
