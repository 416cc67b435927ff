"""What a report says of a solution, before any format draws it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradcalc.derivation.answer_model import Local, Solution, Verified
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from, parse_exercise
from gradcalc.language.errors import Problem
from gradcalc.language.parser import Name, parse
from gradcalc.render.table import render
from gradcalc.report.answer_report import compose_solution
from gradcalc.report.blocks import Note, Options, Report, Table
from gradcalc.report.lines import plain_line, text_line
from helpers import handmade_solutions as solutions
from helpers.answers import Solved, solved


def page(result: Solved) -> str:
    return render(result.solution, Options(width=100))


def test_the_direct_path_is_not_the_whole_derivative() -> None:
    result = solved("u = x^2; f = u*x", "df/dx", values={"x": 3})
    assert "∂f/∂u · ∂u/∂x + local ∂f/∂x = x · 2x + u" in page(result)
    assert [[local.label for local in path] for path in result["df/dx"].chain] == [
        ["df/du", "du/dx"],
        ["df/dx"],
    ]


def test_what_has_no_value_is_said_once() -> None:
    result = solved("f = log(x)", "df/dx", values={"x": -2})
    assert "∂f/∂x: no value here: log of -2 is undefined" in page(result)


def test_an_upstream_gradient_that_lacks_a_value_is_named() -> None:
    result = solved("p = x*y", "dL/dx", values={"x": 1, "y": 2}, upstream={"dL/dp": "G"})
    assert "G has no value, so results that depend on it stay symbolic" in page(result)


def report(solution: Solution, **options: object) -> Report:
    return compose_solution(solution, Options(**options))  # type: ignore[arg-type]


def tables(made: Report) -> list[Table]:
    return [block for block in made.blocks if isinstance(block, Table)]


def row(made: Report, question: str) -> dict[str, str]:
    """The cells of the row that answers `question`, by title, lines joined with |."""
    for table in tables(made):
        for cells in table.rows:
            if " ".join(map(plain_line, cells[0])) == question:
                texts = [
                    " | ".join(text_line(line, made.names) for line in cell) for cell in cells[1:]
                ]
                return {
                    column.title: text
                    for column, text in zip(table.columns[1:], texts, strict=True)
                    if text
                }
    raise AssertionError(f"no row {question}")


def notes(made: Report, kind: str) -> list[str]:
    return [
        text_line(block.line, made.names)
        for block in made.blocks
        if isinstance(block, Note) and block.kind == kind
    ]


def test_a_chain_is_shown_with_its_local_derivatives() -> None:
    assert row(report(solutions.ex1()), "df/dx") == {
        "chain rule": "∂f/∂q · ∂q/∂x | = z · 1", "derivative": "z", "value": "−4", "with upstream": "−4",
    }  # fmt: skip


def test_only_a_few_paths_are_written_out() -> None:
    solution = solutions.ex1()
    path = (Local("df/dq", None), Local("dq/dx", None))
    many = replace(
        solution, answers=(replace(solution.answers[4], chain=(path,) * 10, chain_rest=5),)
    )
    assert row(report(many), "df/dx")["chain rule"].endswith("+ ∂f/∂q · ∂q/∂x | and 12 more paths")
    assert row(report(many, detail="full"), "df/dx")["chain rule"].endswith("and 5 more paths")


def test_of_a_long_path_the_ends_are_written_out() -> None:
    lines = [f"x{k + 1} = sin(x{k})" for k in range(40)]
    found = solve(exercise_from({"expression": lines, "questions": ["dx40/dx0"]}))
    assert [local.label for local in found.answers[0].chain[0]] == [
        "dx40/dx39", "dx39/dx38", "dx38/dx37", "…", "dx3/dx2", "dx2/dx1", "dx1/dx0",
    ]  # fmt: skip
    chain = row(report(found), "dx40/dx0")["chain rule"]
    assert chain == "∂x₄₀/∂x₃₉ · ∂x₃₉/∂x₃₈ · ∂x₃₈/∂x₃₇ · … · ∂x₃/∂x₂ · ∂x₂/∂x₁ · ∂x₁/∂x₀"


def test_very_many_named_gradients_are_listed_once() -> None:
    solution = solutions.ex1()
    where = tuple((f"g{k}", parse(f"{k}*x")) for k in range(30))
    first = replace(solution.answers[4], where=where)
    second = replace(solution.answers[5], where=(*where, ("h", parse("y"))))
    made = report(replace(solution, answers=(first, second)))
    assert row(made, "df/dx")["where"].count("=") == 30
    assert row(made, "df/dy")["where"] == "h = y | and the formulas above"


def test_the_expansion_is_shown_where_it_differs() -> None:
    made = report(solutions.ex1())
    assert row(made, "df/dz") == {
        "derivative": "q",
        "in the inputs": "x + y",
        "value": "3",
        "with upstream": "3",
    }
    assert "in the inputs" not in row(made, "df/dq")


def test_several_paths_are_added() -> None:
    solution = solutions.ex1()
    paths = (
        (Local("df/dd", Name("e1")), Local("dd/da", Name("b"))),
        (Local("df/de", Name("d")), Local("de/da", solutions.ONE)),
    )
    made = report(
        replace(solution, answers=(replace(solution.answers[0], chain=paths, chain_rest=3),))
    )
    assert row(made, "df/dq")["chain rule"] == (
        "∂f/∂d · ∂d/∂a | + ∂f/∂e · ∂e/∂a | and 3 more paths | = e₁ · b | + d · 1 | + …"
    )


def test_an_answer_that_failed_its_check_is_an_error_and_is_not_shown() -> None:
    made = report(solutions.wrong())
    assert row(made, "df/dq") == {"derivative": "failed the check"}
    (error,) = notes(made, "error")
    assert (
        error
        == "∂f/∂q failed the check against central differences in 60-digit arithmetic (relative difference 0.5); it is not shown."
    )
    assert notes(made, "check") == [
        "checked: 1 of 2 against central differences in 60-digit arithmetic, largest relative difference 1e-15"
    ]
    assert notes(made, "note") == ["not checked: ∂q/∂x (no point in the domain)"]


@pytest.mark.parametrize(
    ("exact", "value", "shown"),
    [
        ("1/3", 1 / 3, "1/3 ≈ 0.3333"), ("-1/3", -1 / 3, "−1/3 ≈ −0.3333"), ("pi/4", 0.7853981633974483, "π/4 ≈ 0.7854"),
        ("5/4", 1.25, "1.25"), ("121/100", 1.21, "1.21"), ("3", 3, "3"), ("log(2)", 0.6931471805599453, "log(2) ≈ 0.6931"),
        ("exp(log(4)/2)", 2.0, "2"), ("sigmoid(log(3))", 0.7500000000000001, "0.75"),
    ],
)  # fmt: skip
def test_exact_values_stand_beside_their_decimal_where_they_say_more(
    exact: str, value: float, shown: str
) -> None:
    solution = solutions.ex1()
    made = report(
        replace(solution, answers=(replace(solution.answers[0], value=value, exact=parse(exact)),))
    )
    assert row(made, "df/dq")["value"] == shown


def test_digits_come_from_the_options_then_from_the_exercise() -> None:
    solution = solutions.ex2()
    assert row(report(solution), "dalpha/dx0")["value"] == "0.3932"
    assert row(report(solution, digits=9), "dalpha/dx0")["value"] == "0.393223866"


def test_exact_values_stand_beside_decimals_of_any_length_those_of_inputs_too() -> None:
    exercise = parse_exercise("expression: f = x^2/3\nvalues: {x: 1/7}\nquestions: [value f]\n")
    for digits, x, f in (
        (4, "1/7 ≈ 0.1429", "1/147 ≈ 0.006803"),
        (13, "1/7 ≈ 0.1428571428571", "1/147 ≈ 0.006802721088435"),
        (
            30,
            "1/7 ≈ 0.14285714285714285",
            "1/147 ≈ 0.006802721088435374",
        ),  # what a float holds, and no more
    ):
        made = report(solve(exercise), digits=digits)
        assert (row(made, "x")["value"], row(made, "f")["value"]) == (x, f)


def test_columns_without_content_are_left_out() -> None:
    solution = solutions.ex1()
    bare = replace(
        solution,
        forward={},
        inputs={},
        answers=tuple(replace(a, value=None, with_upstream=None) for a in solution.answers),
    )
    assert [[column.title for column in table.columns] for table in tables(report(bare))] == [
        ["quantity", "expression"],
        ["question", "chain rule", "derivative", "in the inputs"],
    ]


def test_arrays_come_as_records_with_their_views_and_shapes() -> None:
    made = report(solutions.ex3())
    assert row(made, "delta1 = dJ/dyhat") == {
        "chain rule": "∂J/∂L · ∂L/∂ŷ", "per example": "−(1/m)(y/ŷ − (1 − y)/(1 − ŷ))", "stacked": "−(1/m)(Y/Ŷ − (1 − Y)/(1 − Ŷ))",
        "simplified": "(ŷ − y)/(m ŷ (1 − ŷ))", "shape": "1 × 1 per example, 1 × m stacked", "value": "[[−0.6560, 0.9069]]",
    }  # fmt: skip
    assert row(made, "delta5 = dz1/dW1")["entry"] == "(k, p, q)"
    assert row(made, "dJ/dW1")["where"] == "dZ₁ = W₂ᵀ(Ŷ − Y) ∘ 1[Z₁ > 0]"
    assert "so W1 is D_a1×D_x" in " ".join(
        plain_line(line) for t in tables(made) for r in t.rows for c in r for line in c
    )


def test_shapes_of_the_factors_stand_under_the_chain() -> None:
    solution = solutions.ex3()
    answer = solution.answers[-1]
    path = tuple(
        replace(local, shape=solutions.shape(1, "m") if i else ())
        for i, local in enumerate(answer.chain[0][:2])
    )
    made = report(replace(solution, answers=(replace(answer, chain=(path,)),)))
    assert row(made, "dJ/dW1")["chain rule"] == "∂J/∂L · ∂L/∂ŷ | shapes: scalar; 1 × m"


def test_the_layout_is_said_once_where_all_share_it() -> None:
    solution = solutions.ex3()
    lines = [plain_line(block.line) for block in report(solution).blocks if hasattr(block, "line")]
    assert sum(line.startswith("Layout gradient: ") for line in lines) == 1
    mixed = replace(
        solution, answers=(*solution.answers[:-1], replace(solution.answers[-1], layout="jacobian"))
    )
    assert row(report(mixed), "dJ/dW1")["layout"] == "jacobian"


def test_a_warning_is_said_once_for_all_its_answers() -> None:
    solution = solutions.ex1()
    kink = Problem("kink", "relu'(0) = 0 by convention")
    same = replace(
        solution,
        warnings=(kink,),
        answers=tuple(replace(a, warnings=(kink,)) for a in solution.answers[:2]),
    )
    assert notes(report(same), "warning") == ["∂f/∂q, ∂q/∂x: relu'(0) = 0 by convention"]


def test_nothing_is_claimed_where_nothing_was_checked() -> None:
    solution = solutions.ex1()
    unchecked = replace(
        solution, answers=tuple(replace(a, verified=None) for a in solution.answers)
    )
    assert notes(report(unchecked), "check") == []
    reasons = replace(
        solution,
        answers=(
            replace(solution.answers[0], verified=Verified(None, reason="unknown function g")),
        ),
    )
    assert notes(report(reasons), "note") == ["not checked: ∂f/∂q (unknown function g)"]
