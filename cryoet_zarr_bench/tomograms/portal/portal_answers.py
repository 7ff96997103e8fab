"""Calls of the portal's own client, with an end to each: in time, in size, in one line."""

import functools
import queue
import re
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.tomograms.portal.portal_settings import PortalSettings

if TYPE_CHECKING:
    from cryoet_data_portal import Client

LARGEST_ANSWER = 100 << 20
"""Bytes: some 20000 tomograms with all their fields, more than the largest dataset has."""

_TIMEOUTS_IN_ALL = 6  # the client itself asks four times
_REMEDY = "try again later, or check CRYOET_PORTAL_GRAPHQL_URL"
_SERVER_ERROR = re.compile(r"too many ([0-9]{3}) error responses")


class _TooLarge(Exception):
    """An answer is larger than `LARGEST_ANSWER`."""


class PortalAnswers:
    """The portal's records, as `cryoet_data_portal` gives them: nothing in them is checked yet."""

    def __init__(self, settings: PortalSettings) -> None:
        self.settings = settings

    def find(self, model: Any, filters: list[Any]) -> list[Any]:
        """Give the records that match all filters, as objects of `model`.

        Raises:
            BadInput: the portal cannot be reached, is too slow, says no, or answers nonsense.
        """
        url = self.settings.graphql_url
        deadline = _TIMEOUTS_IN_ALL * self.settings.timeout
        try:
            client = _patient_client(self.settings)
            return list(_within(deadline, lambda: model.find(client, filters)))
        except BadInput:
            raise
        except Exception as error:
            raise refused(url, f"the portal {_said(error)}", _REMEDY) from error


@functools.lru_cache(maxsize=1)
def _patient_client(settings: PortalSettings) -> "Client":
    """The portal's client, which sets no timeout itself and takes an answer of any size.

    Kept, because it parses a schema of 200 kB.
    """
    from cryoet_data_portal import Client

    class PatientClient(Client):
        def get_client(self) -> Any:
            gql_client = super().get_client()
            transport = gql_client.transport
            transport.default_timeout = settings.timeout
            transport.kwargs = {"hooks": {"response": _bound}, "allow_redirects": False}
            execute = gql_client.execute
            gql_client.execute = lambda *asked, **how: _without_bad_dates(execute(*asked, **how))
            return gql_client

    return PatientClient(url=settings.graphql_url)


def _without_bad_dates(answer: Any) -> Any:
    """The client gives up an answer for one date that is none; no date is used here."""
    rows = [row for field in answer.values() if isinstance(field, list) for row in field]
    for row in rows:
        for name in [name for name in row if name.endswith("Date")]:
            try:
                datetime.fromisoformat(row[name])
            except (ValueError, TypeError):
                row[name] = None
    return answer


class _BoundedBody:
    """Stands for the body of an answer until `LARGEST_ANSWER` is reached."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def stream(self, amount: int, **options: Any) -> Any:
        """Give the body piece by piece, as urllib3 does; options are its own."""
        size = 0
        for piece in self._body.stream(amount, **options):
            size += len(piece)
            if size > LARGEST_ANSWER:
                self._body.close()
                raise _TooLarge
            yield piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)


def _bound(response: Any, *_: Any, **__: Any) -> Any:
    response.raw = _BoundedBody(response.raw)
    return response


def _within(seconds: float, call: Callable[[], Any]) -> Any:
    """Call in a thread of its own, which is left behind where it takes too long.

    A server that sends a byte now and then passes every timeout of a connection.
    """
    answers: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(1)

    def answer() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=answer, daemon=True).start()
    try:
        found, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"did not answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return found


def _said(error: BaseException) -> str:
    """Describe what went wrong, without repeating a hostile answer at length."""
    from gql.transport import exceptions

    if isinstance(error, TimeoutError):
        return str(error)
    chain = _causes(error)
    if any(isinstance(each, _TooLarge) for each in chain):
        return f"sends more than {LARGEST_ANSWER >> 20} MB"
    if isinstance(error, exceptions.TransportServerError):
        return f"answers with HTTP {error.code}"
    if isinstance(error, exceptions.TransportQueryError):
        messages = [each.get("message") for each in error.errors or [] if isinstance(each, dict)]
        return f"refuses the question ({shown(messages[0] if messages else str(error))})"
    if isinstance(error, exceptions.TransportConnectionFailed):
        reason = str(chain[-1])
        status = _SERVER_ERROR.search(reason)
        if status:
            return f"answers with HTTP {status[1]}, each time it is asked"
        if "timed out" in reason:
            return "does not answer in time"
        return f"cannot be reached ({type(chain[-1]).__name__}: {reason})"
    return "answers with what is not a record of the portal"


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what is behind it; urllib3 keeps that in `reason`, requests in `args`."""
    chain = [error]
    while len(chain) < 10:
        last = chain[-1]
        inner = [getattr(last, "reason", None), *last.args[:1], last.__cause__, last.__context__]
        behind = next((each for each in inner if isinstance(each, BaseException)), None)
        if behind is None or behind in chain:
            break
        chain.append(behind)
    return chain
