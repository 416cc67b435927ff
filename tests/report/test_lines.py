"""Lines of text and mathematics: arrays and derivatives."""

from __future__ import annotations

from gradcalc.language.formula_pieces import Names, Partial
from gradcalc.language.parser import parse
from gradcalc.report.lines import array_latex, array_text, partial_latex


def test_arrays_are_laid_out_and_large_ones_shortened() -> None:
    assert array_text([[1, -0.5], [10.25, 0.125]], 4, "-") == "[[    1, -0.5  ],\n [10.25,  0.125]]"
    assert array_text([1, 2.5, None], 4) == "[1, 2.5, undefined]"
    entry = Partial("J", ("W",), entry=(parse("0"), parse("n - 1")))
    assert partial_latex(entry, Names()) == r"\left[\frac{\partial J}{\partial W}\right]_{0,n - 1}"
    assert array_latex(None, 4) == r"\text{undefined}"
    assert array_text([[i * j for j in range(20)] for i in range(20)], 4).count("\n") == 6
    assert max(map(len, array_text([[1.234567] * 9] * 2, 9, "-", width=30).splitlines())) <= 30
    assert array_text([], 4) == "[]"
    assert (
        array_latex([[1, 2], [3, -1e-9]], 4)
        == r"\begin{bmatrix} 1 & 2 \\ 3 & -10^{-9} \end{bmatrix}"
    )
