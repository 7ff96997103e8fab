"""Text from outside, made fit for where it is shown: a terminal, Markdown, HTML.

Names of files, records of the portal, messages of libraries and results may hold anything. Each
function here gives one line in which every letter can be seen, and in which nothing is a command to
whatever shows it. The measured side imports this too: the standard library and no more.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# Letters by Unicode's categories, for which `str.isprintable` is true, though nothing is drawn.
_NOT_DRAWN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_LOOKS_ESCAPED = "\\xuUnrt"


class Markdown(str):
    """Markdown that was made on purpose: `markdown_table` leaves it as it is."""

    __slots__ = ()


def for_terminal(text: object) -> str:
    r"""One line of letters that can all be seen.

    A byte that is no UTF-8, as file names may have it, becomes `\xff`; a control character, a mark
    that turns the direction of writing, a letter without width, a line break and any space but the
    plain one become what they are called, such as `\x1b`, `\u202e`, `\n`. A backslash is doubled
    where it would look like the begin of those, so that two texts never become the same one.
    """
    found = []
    letters = str(text)
    for place, letter in enumerate(letters):
        if letter == "\\":
            after = letters[place + 1 : place + 2]
            is_like_ours = after and (after in _LOOKS_ESCAPED or not _is_seen(after))
            found.append(r"\\" if is_like_ours else letter)
        else:
            found.append(letter if _is_seen(letter) else _written_out(letter))
    return "".join(found)


def on_one_line(text: object) -> str:
    """As `for_terminal`, of sentences that may have been made so already: backslashes stay."""
    return "".join(each if _is_seen(each) else _written_out(each) for each in str(text))


def _is_seen(letter: str) -> bool:
    return letter.isprintable() and not _NOT_DRAWN.match(letter)


def _written_out(letter: str) -> str:
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # how Python writes a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    # \x80 and beyond are bytes; characters of these numbers have four digits.
    return _SHORT.get(letter) or (f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}")


def for_markup(text: object) -> str:
    """As `for_terminal`, for a string in which rich reads markup such as `[red]`."""
    from rich.markup import escape

    line = for_terminal(text)
    begin = line.rstrip("\\")
    ending = len(line) - len(begin)
    # rich leaves out a backslash before a bracket that begins no tag, which `escape` does not mind.
    begin = _BACKSLASH_BEFORE_BRACKET.sub(r"\\\\", begin)
    # rich halves backslashes before a tag, which may follow.
    return escape(begin) + "\\" * 2 * ending


_BACKSLASH_BEFORE_BRACKET = re.compile(r"\\(?=\[(?![a-z#/@][^[]*\]))")


def for_html(text: object) -> str:
    """As `for_terminal`, for the text and the quoted attributes of HTML and SVG."""
    return html.escape(for_terminal(text), quote=True)


_IN_MARKDOWN = re.compile(
    r"""
      (?P<interval>\[[0-9., ]+\](?![\[(:]|$))  # a pair of figures is no link, and stays readable
    | (?P<entity>&(?=[#A-Za-z]))
    | (?P<tag><)
    | (?P<word>(?<=[^\W_])_+(?=[^\W_]))         # within a word it is no emphasis
    | (?P<address>(?<=[A-Za-z]):(?=//)|(?<=www)\.|(?<=mailto):|(?<=xmpp):)
    | (?P<ending>!$)
    | (?P<mark>[\\`*_\[\]|~$])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BEGINS_A_BLOCK = re.compile(r"([-+](?=\s|[-\s]*$)|#(?=[\s#]|$)|=+$|>)")
_BEGINS_A_LIST = re.compile(r"^([0-9]+)([.)])(?=\s|$)")


def for_markdown(text: object) -> Markdown:
    """As `for_terminal`, for the running text of Markdown and the cells of its tables.

    No tag, entity, link, image, code, emphasis, formula, cell, heading or list begins in it.
    """
    line = for_terminal(text)
    line = re.sub(r"^ +| +$", lambda spaces: "\N{OPEN BOX}" * len(spaces[0]), line)
    line = _IN_MARKDOWN.sub(_in_markdown, line)
    line = _BEGINS_A_LIST.sub(r"\1\\\2", line)
    return Markdown("\\" + line if _BEGINS_A_BLOCK.match(line) else line)


def _in_markdown(found: re.Match[str]) -> str:
    if found["interval"] or found["word"]:
        return found[0]
    if found["entity"]:
        return "&amp;"
    return "&lt;" if found["tag"] else f"\\{found[0]}"


def markdown_code(text: object) -> Markdown:
    """As `for_terminal`, as code within a cell of a table: letters as they are, in backticks."""
    line = for_terminal(text)
    longest = max(map(len, re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    space = " " if not line.strip(" ") or line[0] in "` " or line[-1] in "` " else ""
    # A table's cells are told apart before what is code in them.
    return Markdown(f"{fence}{space}{line}{space}{fence}".replace("|", "\\|"))


_RULES = {"r": "---:", "-": "---"}


def markdown_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    alignments: str = "",
    *,
    tight_rule: bool = False,
) -> str:
    """A table in Markdown. Cells are escaped but where they are `Markdown`, made on purpose.

    Args:
        headings: one a column, escaped like cells.
        rows: of cells; a row that is shorter leaves its last columns empty.
        alignments: a letter a column: `r` to the right, `-` as it comes, as do those without.
        tight_rule: the line below the headings has no spaces.
    """
    given = alignments.ljust(len(headings), "-")
    rule = "|".join(_RULES[each] if tight_rule else f" {_RULES[each]} " for each in given)
    lines = [_row(headings, len(headings)), f"|{rule}|"]
    return "\n".join([*lines, *(_row(row, len(headings)) for row in rows)])


def _row(cells: Sequence[str], columns: int) -> str:
    texts = [each if isinstance(each, Markdown) else for_markdown(each) for each in cells]
    return f"| {' | '.join(texts)} |" + " |" * (columns - len(texts))
