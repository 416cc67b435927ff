"""What quantities are known for."""

from __future__ import annotations

import random

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.ops import TABLE
from gradcalc.ops.entry import Op

POSITIVE = [op for op in TABLE.values() if op.positive]


@pytest.mark.parametrize("op", POSITIVE, ids=lambda op: op.name)
def test_what_is_positive_is_known_to_be(op: Op) -> None:
    """At random points the results are positive; so |r|, relu(r) and sign(r) say nothing."""
    rng, operand = random.Random(5), "x" if op.signature == "elementwise" else "u"
    call = op.example
    text = (
        f"expression: |\n  r = {call}\n  f = sum(r*abs(r)*(r^2)^1.5 + relu(r) + sign(r))\n"
        f"variables: {{{operand}: {'[]' if operand == 'x' else '[n]'}}}\nquestions: [df/dr]\n"
    )
    for _ in range(20):
        point = [rng.uniform(0.01, 3) for _ in range(1 if operand == "x" else 3)]
        signed = point if op.domain else [rng.choice((-1, 1)) * value for value in point]
        values = signed[0] if operand == "x" else signed
        solution = solve(parse_exercise(text + f"values: {{{operand}: {values}}}\n"))
        found = solution.forward["r"]
        assert all(value > 0 for value in (found if isinstance(found, list) else [found]))
        (answer,) = solution.answers
        assert answer.verified is not None
        assert answer.verified.ok
        assert answer.text == "5*r^4 + 1"
