"""Figures in TikZ."""

from __future__ import annotations

from gradcalc.render import tikz
from helpers.handouts import handout


def test_a_tikz_picture_needs_no_library() -> None:
    assert "usetikzlibrary" not in tikz.draw(handout("ex1").blank)
