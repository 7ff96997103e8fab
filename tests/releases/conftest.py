"""A package index on the loopback, and small catalogues."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fake_package_index import START, FakeIndex

from cryoet_zarr_bench.releases.catalogue import Catalogue, Release


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIndex]:
    fake = FakeIndex()
    monkeypatch.setenv("CRYOET_PACKAGE_INDEX", fake.origin)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    fake.add("zarr", "2.18.0", 0)
    fake.add("numcodecs", "0.12.1", -200)
    fake.add("numcodecs", "0.13.0", 60)
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


def _release(
    tag: str, zarr: str, numcodecs: str, parent: str | None, day: int, branch: str = "3.x"
) -> Release:
    date = START + timedelta(days=day)
    changed: Any = tag.split("-")[0]
    return Release(tag, zarr, numcodecs, changed, branch, parent, date, date)


@pytest.fixture
def small_catalogue() -> Catalogue:
    return Catalogue(
        (
            _release("zarr-2.18.0", "2.18.0", "0.13.0", None, 0),
            _release("numcodecs-0.13.1", "2.18.0", "0.13.1", "zarr-2.18.0", 10),
            _release("zarr-3.0.0", "3.0.0", "0.13.1", "numcodecs-0.13.1", 20),
            _release("zarr-2.18.4", "2.18.4", "0.13.1", "numcodecs-0.13.1", 30, "2.x"),
            _release("zarr-3.0.1", "3.0.1", "0.13.1", "zarr-3.0.0", 40),
        )
    )
