"""Meaning of uv's answers: versions conflict, the index lacks one, or it is out of reach.

Only the first makes a pair n/a. Of the others the one says something about the index, the other
about the network, and neither anything about the versions.
"""

from __future__ import annotations

import re

_NO_SOLUTION = "No solution found"

_OUT_OF_REACH = (
    "Failed to fetch",
    "Failed to download",
    "error sending request",
    "Request failed after",
    "HTTP status server error",
    "HTTP status client error",
    "error decoding response body",
    "Unsupported `Content-Type`",
    "unexpected JSON",
    "unexpected HTML",
    "could not be queried",
    "401 Unauthorized",
    "403 Forbidden",
    "network was disabled",
)
"""uv asked the index or a server of files, and got no answer or one that it cannot use."""

_NOT_THERE = ("there is no version of ", "not found in the", "could not be found")
"""The index answers, and has not, or not yet, what is asked for."""

_URL = re.compile(r"(https?://)(?:[^/\s@]*@)?([^\s`)>,]+)")

_LONGEST = 200  # characters of uv's own words


def is_out_of_reach(said: str) -> bool:
    """Return whether uv failed for want of an answer from the package index."""
    return any(phrase in said for phrase in _OUT_OF_REACH)


def is_missing(said: str) -> bool:
    """Return whether the index answers but does not have something that was asked for."""
    if _NO_SOLUTION not in said or is_out_of_reach(said):
        return False
    return any(phrase in said for phrase in _NOT_THERE)


def is_refusal(said: str) -> bool:
    """Return whether what uv said means that the versions refuse each other.

    The same headline stands over a version that the index does not show, or not yet, and over a
    package missing from the cache without a network. Those say nothing about the versions.
    """
    return _NO_SOLUTION in said and not is_out_of_reach(said) and not is_missing(said)


def one_line(said: str) -> str:
    """The output of uv, on one line."""
    return " ".join(said.split())


def fault(said: str) -> str:
    """The reason why uv failed and what to do, on one line of bounded length."""
    line = one_line(said)
    line = line[max(line.find("error:"), 0) :].removeprefix("error: ")
    reason = re.split(r"(?:cause|hint): ", line)[-1].rstrip(".")
    if is_out_of_reach(line):
        found = _URL.search(line)
        where = f"{found[1]}{found[2]}: " if found else ""
        return (
            f"the package index could not be reached: {where}{_bounded(reason)}; check the network "
            "and the index (UV_DEFAULT_INDEX), then run the same command again"
        )
    if is_missing(line):
        return (
            f"the package index does not have what is needed: {_bounded(reason)}; check the index "
            "(UV_DEFAULT_INDEX), then run the same command again"
        )
    return _bounded(line) or "uv said nothing"


def _bounded(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
