"""Random scalars at hard points: every number that is shown is right to 1e-12, or a kink is named, or it is refused.

Ties, branch points, zeros, ±1000, 1e±8. The oracle is mpmath with 2,500 digits and one-sided differences; it shares
nothing with gradcalc but the syntax tree. 60 computations by default; GRADCALC_RANDOM=2000 for more.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from
from gradcalc.language.errors import GradcalcError
from gradcalc.language.parser import parse
from gradcalc.ops import TABLE
from helpers.hard_points import STEPS, Outside, agree, close, drawn, judged, number

COUNT = int(os.environ.get("GRADCALC_RANDOM", "60"))
BATCHES = 6


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_scalars_at_hard_points(batch: int) -> None:
    random, verdicts = Random(f"hard {batch}"), []
    for _ in range(COUNT // BATCHES):
        formula, values = drawn(random)
        try:
            verdicts += [(kind, (formula, values, what)) for kind, what in judged(formula, values)]
        except GradcalcError as error:  # a constant part may turn out undefined or absurd
            if {problem.slug for problem in error.problems} != {"undefined"}:
                raise
    assert [item for item in verdicts if item[0] in ("wrong", "silent", "false", "needless")] == []
    told = [item for item in verdicts if item[0] in ("right", "refused")]
    refused = [item for item in told if item[0] == "refused"]
    assert len(refused) <= 1 + len(told) // 50, refused
    assert len(told) >= COUNT // BATCHES


@pytest.mark.parametrize(
    ("formula", "values", "kind"),
    [
        ("softsign(x)", {"x": "0"}, "right"), ("abs(cos(x))", {"x": "pi/2"}, "right"), ("max(silu(x), x)", {"x": "100"}, "right"),
        ("exp(x)*(1 - sigmoid(x))", {"x": "200"}, "right"), ("where(x == 1, 7, x)", {"x": "1"}, "right"), ("sqrt(x^4)", {"x": "0"}, "right"),
        ("where(x > 0, x*log(x), 0)", {"x": "-1"}, "right"), ("gelu(x)", {"x": "-30"}, "right"), ("x^y", {"x": "0", "y": "2"}, "right"),
        ("(1 - cos(x))/x^2", {"x": "1e-35"}, "right"), ("log(1 - tanh(x)^2)", {"x": "400"}, "right"), ("elu(x)", {"x": "0"}, "right"),
        ("max(x, y)", {"x": "1", "y": "1.0000000000000000000000001"}, "right"), ("relu(x)^2", {"x": "0"}, "right"),
    ],
)  # fmt: skip
def test_kinds_of_hard_points(formula: str, values: dict[str, str], kind: str) -> None:
    """One of each kind that was wrong once."""
    assert {verdict for verdict, _ in judged(formula, values)} == {kind}


SCALARS = [  # without what mpmath needs minutes for at so many digits
    op for op in TABLE.values()
    if op.called and op.kind == "elementwise" and op.partials and op.name not in ("where", "stop_gradient", "half_step", "digamma", "polygamma")
]  # fmt: skip


FORMULAS = {
    **{name: f"{name}(x, 1)" for name in ("max", "min", "hypot", "atan2")},
    "clip": "clip(x, 0, 2)", "polygamma": "polygamma(1, x)",
}  # fmt: skip


def quotients(formula: str, x: str, order: int) -> list[Any]:
    """Difference quotients of the first or second order, from the right and the left."""
    tree, at = parse(formula), number(parse(x), {})
    found = []
    for step in STEPS:
        for side in (step, -step):
            here, one, two = (number(tree, {"x": at + k * side}) for k in range(3))
            found.append((one - here) / side if order == 1 else (two - 2 * one + here) / side**2)
    return found


@pytest.mark.parametrize("x", ["0", "1", "-1"])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", [op.called for op in SCALARS])
def test_every_kink_of_the_table_is_known(name: str, order: int, x: str) -> None:
    """Derivatives from the two sides differ, and then alone, where a warning names the convention."""
    formula = FORMULAS.get(name, f"{name}(x)")
    question = "df/dx" if order == 1 else "d2f/dx2"
    content = {"expression": [f"f = {formula}"], "values": {"x": x}, "questions": [question]}
    (answer,) = solve(exercise_from(content)).answers
    try:
        sides = [quotients(formula, x, k) for k in range(1, order + 1)]
    except (Outside, ArithmeticError, ValueError):
        return
    named = any(warning.slug == "kink" for warning in answer.warnings)
    if all(map(agree, sides)):
        assert not named
        assert close(answer.value, sides[-1][0]), (answer.value, sides[-1][0])
    else:
        assert named or answer.value is None, answer.value
