"""Whatever a text holds, it is shown as one line, and obeyed nowhere."""

import codecs
import io
import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.shown_text import (
    Markdown,
    for_html,
    for_markdown,
    for_markup,
    for_terminal,
    markdown_code,
    markdown_table,
    on_one_line,
)

NASTY = [
    *("\x1b]0;evil\x07", "\x1b[31m", "[red]x[/red]", "[link=https://e.vil]x[/link]", ":smiley:"),
    *("<img src=x onerror=alert(1)>", "<b>", "&lt;", "&#60;", "|", "`", "``", "\n", "\r\n", "\t"),
    *("\udcff", "\udc80", "\x80", "\x9b31m", "\x7f", "\u202e", "\u2066", "\u200b", "\u2028"),
    *("\ufeff", "\u3164", "\ufe0f", "\xa0", "\xad", "[x](https://e.vil)", "![x](e.vil/x.png)"),
    *("**b**", "_i_", "__b__", "~~s~~", "# h", "- l", "+ l", "1. l", "1) l", "> q", "===", "---"),
    *("https://e.vil", "www.e.vil", "$x$", "\\", "\\x1b", "\\|", "\\\\", "[1.2, 3](x)", "[1, 2]"),
    *("a", "é", "粒子", " ", "!", "x_y", "]", "[", "(", ")", "<!--", "-->", "<![CDATA[", "</td>"),
]
HOSTILE = st.lists(st.sampled_from(NASTY) | st.text(max_size=4), max_size=6).map("".join)


def undone(shown: str) -> str:
    """The text of which `for_terminal` made this."""
    escape = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt\\])")

    def one(match: re.Match[str]) -> str:
        written = match[0]
        code = int(match[1][1:], 16) if match[1][0] in "xuU" else 0
        if written.startswith("\\x") and code >= 0x80:
            return chr(0xDC00 + code)
        return chr(code) if code or written == r"\x00" else codecs.decode(written, "unicode_escape")

    return escape.sub(one, shown)


@given(HOSTILE)
@example("\\\x1b")
@example("\\x1b")
@example("\x80\udc80")
def test_every_letter_is_seen_and_no_two_texts_look_alike(text):
    shown = for_terminal(text)
    assert shown.isprintable()
    shown.encode()
    assert undone(shown) == text


@given(st.text(st.characters(categories=["L", "N", "P", "Sc", "Sm"]), max_size=40))
def test_what_can_be_shown_stays_as_it_is(text):
    text = "".join(each for each in text if each not in "\\\u115f\u1160\u3164\uffa0")
    assert for_terminal(text) == on_one_line(text) == text


def test_a_refusal_is_one_line_whatever_stands_in_it():
    line = str(BadInput("a\n\x1b[31m\udcff: no"))
    assert line == r"a\n\x1b[31m\xff: no"
    assert on_one_line(line) == line


@given(HOSTILE)
@example("\\[")
@example("\\\\[ \\[a] \\[a")
def test_rich_shows_the_very_letters(text):
    screen = io.StringIO()
    console = Console(file=screen, width=10_000, emoji=False, force_terminal=False)
    console.print(f"[bold]{for_markup(text)}[/bold]")
    assert screen.getvalue() == f"{for_terminal(text)}\n"


class Tags(HTMLParser):
    def __init__(self, page: str):
        super().__init__()
        self.tags: list[tuple[str, list]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))

    def handle_data(self, data):
        self.text += data


@given(HOSTILE)
def test_html_shows_the_very_letters(text):
    found = Tags(f'<p title="{for_html(text)}">{for_html(text)}</p>')
    assert found.tags == [("p", [("title", for_terminal(text))])]
    assert found.text == for_terminal(text)
    assert "'" not in for_html(text) and '"' not in for_html(text)


RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def rendered(markdown: str) -> Tags:
    return Tags(RENDER.render(markdown))


def letters(text: str) -> str:
    """What is left of a text where a page makes no difference between some and no spaces."""
    return re.sub(r"[ \N{OPEN BOX}\n]+", "", text)


@given(HOSTILE)
@pytest.mark.parametrize("around", ["{}", "a {} b", "# {}", "- {}", "{}(x)", "{}[x]", "**{}**: a"])
def test_markdown_shows_the_very_letters(around, text):
    plain = rendered(around.format("name" if text.strip() else ""))
    found = rendered(around.format(for_markdown(text)))
    if text.strip() and around != "**{}**: a":  # bold letters may not end in a mark
        assert [tag for tag, _ in found.tags] == [tag for tag, _ in plain.tags]
    assert {tag for tag, _ in found.tags} <= {"p", "h1", "ul", "li", "strong"}
    expected = around.strip("#- ").replace("**", "").format(for_terminal(text))
    if around != "**{}**: a":
        assert letters(found.text) == letters(expected)


@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=4), HOSTILE)
def test_a_name_makes_no_cell_and_no_row_more(rows, heading):
    table = markdown_table(
        [heading, "a"],
        [[one, markdown_code(other)] for one, other in rows],
        "-r",
    )
    found = rendered(f"{table}\n\nafter")
    tags = [tag for tag, _ in found.tags]
    assert tags.count("tr") == 1 + len(rows)
    assert (tags.count("th"), tags.count("td")) == (2, 2 * len(rows))
    assert set(tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code", "p"}
    assert tags.count("code") == len(rows)
    shown = "".join(for_terminal(one) + for_terminal(other) for one, other in rows)
    assert letters(found.text) == letters(for_terminal(heading) + "a" + shown + "after")


def test_a_table_keeps_what_was_made_on_purpose():
    rows = [[Markdown("**a**"), "**a**"], ["short"]]
    assert markdown_table(["x", "y"], rows, "-r") == (
        "| x | y |\n| --- | ---: |\n| **a** | \\*\\*a\\*\\* |\n| short | |"
    )
    assert markdown_table(["x"], [], tight_rule=True) == "| x |\n|---|"


@given(HOSTILE)
def test_no_address_becomes_a_link_where_bare_ones_do(text):
    shown = for_markdown(text)
    assert not re.search(r"(?<!\\)(https?|ftp)://|www\.", shown, re.IGNORECASE)
