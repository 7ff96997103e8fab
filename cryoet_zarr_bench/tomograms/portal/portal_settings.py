"""Settings from the environment: how to reach the portal."""

import math
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryoet_zarr_bench.common.refusals import refused

GRAPHQL_VARIABLE = "CRYOET_PORTAL_GRAPHQL_URL"
TIMEOUT_VARIABLE = "CRYOET_PORTAL_TIMEOUT"
ATTEMPTS_VARIABLE = "CRYOET_PORTAL_ATTEMPTS"

PORTAL_GRAPHQL_URL = "https://graphql.cryoetdataportal.czscience.com/graphql"
"""The portal's own server: `cryoet_data_portal._client.DEFAULT_URL` of release 4.9.0."""

_TIMEOUT = 20.0
_ATTEMPTS = 5
_LONGEST_TIMEOUT = 3600.0
_MOST_ATTEMPTS = 20


@dataclass(frozen=True)
class PortalSettings:
    """Address of the portal's records, and how long and how often it is asked.

    `timeout` is in seconds: for a connection, and for each next part of an answer.
    """

    graphql_url: str
    timeout: float
    attempts: int


def portal_settings() -> PortalSettings:
    """Read the variables that the package's docstring lists.

    Raises:
        BadInput: one has a value that cannot be.
    """
    url = os.environ.get(GRAPHQL_VARIABLE) or PORTAL_GRAPHQL_URL
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
    except ValueError:
        usable = False
    if not usable:
        raise refused(f"{GRAPHQL_VARIABLE}={url}", "is not a URL", "give one of http or https")
    timeout = _number(TIMEOUT_VARIABLE, _TIMEOUT, _LONGEST_TIMEOUT)
    attempts = int(_number(ATTEMPTS_VARIABLE, _ATTEMPTS, _MOST_ATTEMPTS))
    return PortalSettings(url, timeout, max(attempts, 1))


def _number(variable: str, default: float, largest: float) -> float:
    text = os.environ.get(variable)
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= largest:
        raise refused(
            f"{variable}={text}", "is not usable", f"give a number up to {largest:g}, or unset it"
        )
    return number
