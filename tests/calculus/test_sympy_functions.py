"""SymPy's expressions written in the expression language."""

from __future__ import annotations

import pytest
import sympy as sp

from gradcalc.calculus.sympy_functions import to_ast
from gradcalc.language.errors import GradcalcError
from gradcalc.language.parser import Name, unparse


def written(expr: sp.Expr) -> str:
    return unparse(to_ast(expr, lambda symbol: Name(symbol.name)))


@pytest.mark.parametrize("strange", [sp.zoo, sp.oo, sp.I, sp.nan])
def test_what_is_no_real_number_is_refused_and_not_written(strange: sp.Expr) -> None:
    x = sp.Symbol("x")
    assert written(sp.tanh(x) ** 2) == "tanh(x)^2"
    with pytest.raises(GradcalcError, match="no real number, whatever the values"):
        written(strange)
