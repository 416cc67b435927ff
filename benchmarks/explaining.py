"""`explain`, whole and of one answer, beside `solve` on the same computation; and second derivatives.

`python -m benchmarks.explaining` prints a line for each computation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks import clock

NESTS = (10, 20)  # functions within one another
LINES = (100, 300)
FUNCTIONS = ("sin", "exp", "tanh")


def nest(depth: int) -> dict[str, Any]:
    """tanh(exp(sin(… x))), twice differentiated."""
    text = "x"
    for number in range(depth):
        text = f"{FUNCTIONS[number % 3]}({text})"
    return {"expression": {"f": text}, "values": {"x": 0.3}, "questions": ["d2f/dx2"]}


def chain(lines: int) -> dict[str, Any]:
    """Sigmoids after one another, by all parameters."""
    before, made = "x", {}
    for number in range(lines):
        made[f"a{number}"] = f"sigmoid(w*{before} + b)"
        before = f"a{number}"
    asked = [f"d{before}/d{name}" for name in "wxb"]
    return {"expression": made, "values": {"w": 0.9, "x": 0.5, "b": 0.1}, "questions": asked}


def took(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds, and what came out."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def solved(data: dict[str, Any]) -> tuple[float, bool]:
    """`solve`, printed for a terminal; whether all was verified."""
    from gradcalc.derivation.solve import solve
    from gradcalc.exercise.load import exercise_from
    from gradcalc.render.table import render
    from gradcalc.report.blocks import Options

    def work() -> Any:
        solution = solve(exercise_from(data))
        render(solution, Options())
        return solution

    seconds, solution = took(work)
    return seconds, all(answer.verified.ok for answer in solution.answers)


def explained(data: dict[str, Any], only: str | None = None) -> float:
    """`explain`, of one answer only where it is named, printed for a terminal."""
    from gradcalc.derivation.derive_steps import explained
    from gradcalc.exercise.load import exercise_from
    from gradcalc.render.table import render
    from gradcalc.report.blocks import Options
    from gradcalc.report.explanation import compose_explanation
    from gradcalc.report.terminal_report import TERMINAL

    def work() -> None:
        found = explained(exercise_from(data), "normal", only)
        render(compose_explanation(found, Options(), TERMINAL), Options())

    return took(work)[0]


if __name__ == "__main__":
    solved(nest(2)), explained(chain(3))  # what happens only once
    clock.say(loaded=True)
    for depth in NESTS:
        seconds, right = solved(nest(depth))
        clock.say(what=f"second derivative, {depth} functions", solve=seconds, right=right)
    for lines in LINES:
        data = chain(lines)
        seconds, right = solved(data)
        clock.say(
            what=f"sigmoid chain, {lines} lines", solve=seconds, right=right,
            explain=explained(data), one=explained(data, data["questions"][1]),
        )  # fmt: skip
