"""What was done to a formula between two of its forms."""

from __future__ import annotations

import pytest

from gradcalc.derivation.form_changes import rewritings
from gradcalc.language.parser import parse, unparse
from helpers.derivations import shipped_derivation, steps


def test_what_is_done_to_a_gradient_is_named() -> None:
    """δ₁ δ₂ of seed 3: put in, multiplied out, cancelled."""
    step = steps(shipped_derivation("ex3", "full"))["z2"]
    assert step.put_in is not None
    assert step.collected is not None
    assert unparse(step.put_in) == "((1 - y)/(1 - yhat) - y/yhat)/m*(yhat*(1 - yhat))"
    assert unparse(step.collected) == "(yhat - y)/m"
    done = [(found.what, [unparse(part) for part in found.parts]) for found in step.rewritings]
    assert done == [("multiplied out", []), ("cancel", ["1 - yhat", "yhat"])]


@pytest.mark.parametrize(
    ("before", "after", "done"),
    [
        ("x*a*(1 - a)", "(1 - a)*x*a", []),
        ("-(1/m)*(a - b)", "(b - a)/m", []),
        ("a/b*b", "a", ["cancels b"]),
        ("2*x + 3*x*y - x", "x + 3*x*y", ["like terms collected"]),
        ("x*y + x*z", "x*(y + z)", ["factor out what the terms share"]),
        ("x*(y + z) + z*x", "x*y + 2*(z*x)", ["like terms collected"]),
        ("x/a + y/a", "(x + y)/a", ["factor out what the terms share"]),
        ("p*(x - mu)/sigma", "p*xhat", ["read back in the place of what defines it xhat"]),
    ],
)
def test_what_lies_between_two_forms(before: str, after: str, done: list[str]) -> None:
    found = rewritings(parse(before), parse(after))
    assert [" ".join([item.what, *map(unparse, item.parts)]) for item in found] == done
