"""Authors' texts in Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.exercise import markdown as md
from gradcalc.language.errors import SpanError


def test_markdown_blocks() -> None:
    text = "Let $q = x$ and **b *c***.\n\n- one\n  more\n- two\n\n  para\n\n2. x\n3. y\n\n# T #\n\n```\n$code$\n```\n"
    blocks = md.read(text)
    assert [type(block).__name__ for block in blocks] == [
        "Paragraph",
        "Items",
        "Items",
        "Title",
        "Listing",
    ]
    assert blocks[1] == md.Items(
        (
            (md.Paragraph((md.Words("one more"),)),),
            (md.Paragraph((md.Words("two"),)), md.Paragraph((md.Words("para"),))),
        )
    )
    assert isinstance(blocks[2], md.Items)
    assert (blocks[2].ordered, blocks[2].start) == (True, 2)
    assert blocks[4] == md.Listing("$code$")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("$5 and $6", (md.Words("$5 and $6"),)),
        ("a $ b $ c", (md.Words("a $ b $ c"),)),
        (r"\$x\$ \*a\*", (md.Words("$x$ *a*"),)),
        ("$x$", (md.Formula("x"),)),
        ("$$x^2$$", (md.Formula("x^{2}", True),)),
        ("`$x$`", (md.Code("$x$"),)),
        ("<b>&amp;", (md.Words("<b>&amp;"),)),
        ("[a](javascript:x)", (md.Words("[a](javascript:x)"),)),
        ("[a](https://b.c/d)", (md.Link((md.Words("a"),), "https://b.c/d"),)),
        ("snake_case_name", (md.Words("snake_case_name"),)),
        ("a  \nb", (md.Words("a"), md.Break(), md.Words("b"))),
        ("$$a\n b$$ c", (md.Formula("a b", True), md.Words(" c"))),
        ("*a `b* c` d*", (md.Emphasis((md.Words("a "), md.Code("b* c"), md.Words(" d"))),)),
        ("*a *c*", (md.Words("*a "), md.Emphasis((md.Words("c"),)))),
        ("[a](b.md)", (md.Words("[a](b.md)"),)),
        ("![a](b.png)", (md.Image("b.png", "a"),)),
        ("_e_", (md.Emphasis((md.Words("e"),)),)),
    ],
)
def test_markdown_lines(text: str, parts: tuple[md.Inline, ...]) -> None:
    (block,) = md.read(text)
    assert isinstance(block, md.Paragraph)
    assert block.parts == parts


@pytest.mark.parametrize(
    "path", ["../a.png", "/a.png", "https://b.c/a.png", "a/../../b.png", "a.exe"]
)
def test_a_picture_is_a_file_in_the_exercises_folder(path: str) -> None:
    problems: list[SpanError] = []
    text = f"See ![it]({path})."
    md.read(text, problems)
    (problem,) = problems
    assert problem.message == "a picture is a file in the exercise's folder or below it"
    assert text[problem.start : problem.end] == path


def test_tables_quotations_and_rules() -> None:
    table, quotation, rule = md.read("|a|$x$|\n|-|:-:|\n|1|2|\n\n> b\n\n---\n")
    one = (md.Words("1"),), (md.Words("2"),)
    assert table == md.Table(("left", "center"), (((md.Words("a"),), (md.Formula("x"),)), one))
    assert quotation == md.Quotation((md.Paragraph((md.Words("b"),)),))
    assert rule == md.Rule()


def test_a_list_ends_where_something_else_begins() -> None:
    item = md.Items(((md.Paragraph((md.Words("a b"),)),), (md.Paragraph((md.Words("c"),)),)))
    assert md.read("- a\nb\n- c") == (item,)
    with pytest.raises(SpanError, match="is not supported"):
        md.read("- a $\\x$")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    problems: list[SpanError] = []
    md.read(text, problems)
    for problem in problems:
        assert 0 <= problem.start <= len(text)
