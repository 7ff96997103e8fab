"""The one exception that means: the user's input is at fault, not the program."""


class BadInput(Exception):
    """Input that cannot be used.

    Its message is one line that says what is wrong, where, and what to do. The command line prints
    it and exits with 2.
    """
