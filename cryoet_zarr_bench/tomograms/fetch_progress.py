"""Progress of fetching a tomogram, for whoever watches."""

from typing import Protocol


class Progress(Protocol):
    """Shows how far a fetch is; called from one thread."""

    def note(self, text: str) -> None:
        """Say something that a user has to know, such as what is waited for."""

    def begin(self, total: int, held: int) -> None:
        """The bytes of all objects that are needed, and how many of them were moved earlier."""

    def moved(self, count: int) -> None:
        """So many bytes more have arrived; less than 0 where some have to come again."""


class Unwatched:
    """Shows nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def begin(self, total: int, held: int) -> None:
        """Show nothing."""

    def moved(self, count: int) -> None:
        """Show nothing."""
