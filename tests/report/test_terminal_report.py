"""What stands on a terminal, before any format."""

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.report.blocks import Options, Table
from gradcalc.report.terminal_report import compose_terminal


@pytest.mark.parametrize(
    ("questions", "records"),
    [("[df/dx]", True), ("[df/dc]", False), ("[df/dx, df/dc]", False)],
)
def test_one_array_alone_is_a_record_and_all_else_a_table(questions: str, records: bool) -> None:
    text = f"expression: f = c*sum(x)\nvariables: {{x: [n], c: []}}\nquestions: {questions}\n"
    blocks = compose_terminal(solve(parse_exercise(text)), Options()).blocks
    found = next(block for block in blocks if isinstance(block, Table))
    assert found.records == records


@pytest.mark.parametrize(("by", "said"), [("x", True), ("mu", False)])
def test_a_sum_over_the_examples_is_not_per_example(by: str, said: bool) -> None:
    """Also where it is written in index form, and has no stacked one."""
    text = (
        "expression: |\n  p[k] = det(S[k])^(-1/2)*exp(-(x - mu[k]).T @ inv(S[k]) @ (x - mu[k]))\n"
        "  L = sum(log(sum(p[k], k)), n)\nexamples: {n: N}\nindices: {k: K}\n"
        f"variables: {{x: {{shape: [D], each: n}}, mu: [K, D], S: [K, D, D]}}\n"
        f"questions: [dL/d{by}]\n"
    )
    blocks = compose_terminal(solve(parse_exercise(text)), Options()).blocks
    table = next(block for block in blocks if isinstance(block, Table))
    words = str(table.rows)
    assert ("per example" in words) == said
