"""What keeping and reading objects costs: price lists, each with its source and date."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cryoet_zarr_bench.common.refusals import refused

GIGABYTE = 2**30
"""Bytes that S3 bills as one gigabyte."""

AMAZON = "https://aws.amazon.com/s3/pricing/"


@dataclass(frozen=True)
class PriceList:
    """Prices in US dollars; `name` is that of the list, `as_of` the day it was looked up.

    `gigabyte_month` is for keeping, `gigabyte_out` for what leaves the region, `gigabyte_retrieved`
    for each read where the class asks for it; `core_hour` is what an hour of one core costs that
    encodes anew.
    """

    name: str
    title: str
    gigabyte_month: float
    thousand_puts: float
    thousand_gets: float
    gigabyte_retrieved: float = 0.0
    gigabyte_out: float = 0.09
    core_hour: float = 0.05
    source: str = AMAZON
    as_of: str = "2026-11-29"


PRICE_LISTS = {
    prices.name: prices
    for prices in (
        PriceList("s3-standard", "S3 Standard", 0.023, 0.005, 0.0004),
        PriceList("s3-infrequent", "S3 Standard-Infrequent Access", 0.0125, 0.01, 0.001, 0.01),
        PriceList("s3-glacier-instant", "S3 Glacier Instant Retrieval", 0.004, 0.02, 0.01, 0.03),
    )
}
"""List prices of Amazon in us-east-1, first tier, as they are widely quoted; volume discounts and
free allowances left out. `core_hour` is that of a general-purpose instance, rounded."""

USUAL_PRICES = "s3-standard"

_EDITABLE = (
    "gigabyte_month",
    "thousand_puts",
    "thousand_gets",
    "gigabyte_retrieved",
    "gigabyte_out",
    "core_hour",
)


def price_list(name: str, changed: dict[str, float] | None = None) -> PriceList:
    """The prices of a list, some of them replaced by one's own.

    Raises:
        BadInput: there is no such list or price, or a price is negative or no number.
    """
    if name not in PRICE_LISTS:
        raise refused(name, "is no list of prices", f"use one of {', '.join(PRICE_LISTS)}")
    for key, price in (changed or {}).items():
        if key not in _EDITABLE:
            raise refused(key, "is no price", f"use one of {', '.join(_EDITABLE)}")
        if not 0 <= price < float("inf"):
            raise refused(key, f"is {price}", "give 0 or more dollars")
    if not changed:
        return PRICE_LISTS[name]
    mine: dict[str, Any] = {**changed, "source": "your own prices"}
    return replace(PRICE_LISTS[name], **mine)
