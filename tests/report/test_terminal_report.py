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
