"""The exceptions that several packages know."""


class BadInput(Exception):
    """Input that cannot be used: the user's input is at fault, not the program.

    Its message is one line that says what is wrong, where, and what to do. The command line prints
    it and exits with 2.
    """


class ReleaseUnusable(BadInput):
    """A release that cannot be used, whoever tries: a result by itself, unlike other bad input."""


class NotWhatWasAsked(Exception):
    """A store, or an installation, differs from what a result would say of it."""
