"""Costs follow from bytes, files, requests and prices, by a formula that a test writes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_layouts import compared, layout

from cryoet_zarr_bench.analysis.recommending.collection_costs import (
    Collection,
    changing_cost,
    collection_costs,
    in_time,
    yearly_cost,
)
from cryoet_zarr_bench.analysis.recommending.storage_prices import (
    GIGABYTE,
    PRICE_LISTS,
    price_list,
)
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS

STANDARD = PRICE_LISTS["s3-standard"]
TODAY, SMALL = layout("portal-2024"), layout("zstd-3 64x64x64", stored=5 * 10**8, files=10)


def test_keeping_requests_and_egress_are_what_the_prices_say():
    collection = Collection(10 * 10**9, {"volume": 2, "xy_slice": 100}, share_out=0.5)
    cost = yearly_cost(TODAY, collection, STANDARD)
    assert cost.keeping == pytest.approx(10 * 12 * 10**9 / 2**30 * 0.023)
    assert cost.requests == pytest.approx(10 * 102 * 3 / 1000 * 0.0004)
    assert cost.egress == pytest.approx(10 * 102 * 9 / 2**30 * 0.5 * 0.09)
    assert cost.retrieval == 0
    assert cost.total == pytest.approx(cost.keeping + cost.requests + cost.egress)


def test_changing_is_reading_today_and_writing_anew():
    collection = Collection(10 * 10**9, {})
    prices = price_list("s3-infrequent", {"core_hour": 36.0})
    # 3 GETs and 9 bytes of today's, 10 PUTs of the new; decoding and 1 s of encoding on a core.
    decoding = 0.0  # nothing of the volume was timed
    expected = 10 * (
        3 / 1000 * 0.001 + 10 / 1000 * 0.01 + 9 / GIGABYTE * 0.01 + (1 + decoding) / 3600 * 36.0
    )
    assert changing_cost(SMALL, TODAY, collection, prices) == pytest.approx(expected)


def test_the_sentence_says_today_the_cheapest_and_when_it_pays():
    found = collection_costs(
        compared(TODAY, SMALL), "portal-2024", Collection(10**14, {}), STANDARD
    )
    assert found.cheapest.line is SMALL and found.today.line is TODAY
    assert found.cheapest.saved == pytest.approx(found.today.cost.total / 2)
    pays = found.cheapest.pays_after_years
    assert found.sentence == (
        "100 TB of tomograms as CryoET Data Portal cost "
        f"{found.today.cost.total:,.0f} $ a year; as zstd-3 64x64x64 "
        f"{found.cheapest.cost.total:,.0f} $; changing has paid after {in_time(pays)}."
    )
    alone = collection_costs(compared(TODAY), "portal-2024", Collection(10**12, {}), STANDARD)
    assert alone.sentence.endswith("and in no other layout less.")
    assert alone.cheapest.pays_after_years is None
    assert [in_time(years) for years in (2.04, 0.5, 0.001)] == ["2.0 years", "183 days", "1 day"]


@given(
    terabytes=st.floats(0.001, 1e6),
    reads=st.dictionaries(st.sampled_from(sorted(PATTERNS)), st.floats(0, 1e6)),
    share=st.floats(0, 1),
)
def test_twice_the_collection_costs_twice_and_a_layout_pays_only_if_it_saves(
    terabytes, reads, share
):
    once = Collection(terabytes * 1e12, reads, share)
    twice = Collection(2 * terabytes * 1e12, reads, share)
    layouts = compared(TODAY, SMALL, layout("zstd-3 32x32x32", stored=2 * 10**9))
    one, two = (collection_costs(layouts, "portal-2024", each, STANDARD) for each in (once, twice))
    assert two.cheapest.cost.total == pytest.approx(2 * one.cheapest.cost.total)
    totals = [each.cost.total for each in one.layouts]
    assert totals == sorted(totals)
    for each in one.layouts:
        assert (each.pays_after_years is not None) == (each.saved is not None and each.saved > 0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Collection(0, {}),
        lambda: Collection(float("nan"), {}),
        lambda: Collection(1, {"everything": 1}),
        lambda: Collection(1, {"volume": -1}),
        lambda: Collection(1, {"volume": float("nan")}),
        lambda: Collection(1, {}, 1.5),
        lambda: price_list("gold"),
        lambda: price_list("s3-standard", {"gigabyte_moon": 1.0}),
        lambda: price_list("s3-standard", {"gigabyte_out": -1.0}),
        lambda: price_list("s3-standard", {"gigabyte_out": float("nan")}),
    ],
)
def test_what_cannot_be_is_refused(make):
    with pytest.raises(BadInput):
        make()
