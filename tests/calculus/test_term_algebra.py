"""Sums and products of terms."""

from __future__ import annotations

import pytest
import sympy as sp

from gradcalc.calculus.term_algebra import Algebra
from gradcalc.calculus.terms import Entries

a, b, c, d, e = sp.symbols("a b c d e", real=True)


def test_a_product_of_many_gates_costs_no_expansion(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    factor = sp.factor

    def counted(expr: sp.Expr) -> sp.Expr:
        seen.append(len(expr.free_symbols))
        return factor(expr)

    monkeypatch.setattr(sp, "factor", counted)
    gates = a * (1 - a) * b * (1 - b) * (1 - c**2) * (d - e / d) / c
    tidied = Algebra(Entries()).tidy(gates)
    assert max(seen, default=0) <= 3
    assert sp.simplify(tidied - gates) == 0
