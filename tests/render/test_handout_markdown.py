"""Handouts in Markdown."""

from __future__ import annotations

from gradcalc.render import handout_markdown, latex
from helpers.handouts import titled


def test_code_of_strangers_holds_no_control_characters() -> None:
    page = handout_markdown.page(titled(text="`a\x1b[2Jb` and\n\n```\n\u202ec\x07\n```\n"), "a.svg")
    assert r"`a\x1b[2Jb`" in page
    assert "```\n\\u202ec\\x07\n```" in page


def test_author_and_source_are_two_sentences() -> None:
    made = titled(author="A. B.", source="a book,\n page 3")
    assert handout_markdown.page(made, "a.svg").endswith(
        "\n*Author: A. B. Source: a book, page 3*\n"
    )
    assert "Author: A. B. Source: a book, page 3" in latex.question(made)
