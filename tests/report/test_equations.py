"""Long sums in pieces."""

from __future__ import annotations

import pytest

from gradcalc.language.formula_pieces import Names, math
from gradcalc.language.parser import parse
from gradcalc.report.equations import ended
from gradcalc.report.lines import text_line

NAMES = Names()


@pytest.mark.parametrize("count", [1, 5, 6, 7, 40])
def test_a_long_sum_keeps_its_ends_and_says_how_many_are_between(count: int) -> None:
    """Signs stay with their terms; a sum that is not long stays whole."""
    text = "x0" + "".join(f" {'-' if n % 2 else '+'} x{n}*y" for n in range(1, count))
    whole = (*math("f", "=", parse(text)), "  entry")
    found = text_line(ended(whole, 6, 2), NAMES)
    if count <= 6:
        assert found == text_line(whole, NAMES)
        return
    first, last = text_line(whole, NAMES).split(" + x₂")[0], f"x{count - 1}"
    assert found.startswith(f"{first} + … {count - 4} more … ")
    assert found.count("…") == 2
    subscript = last.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
    sign = "−" if (count - 1) % 2 else "+"
    assert found.endswith(f"{sign} {subscript} y  entry")
