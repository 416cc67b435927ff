"""The questions and answers of a handout."""

from __future__ import annotations

from dataclasses import replace

from gradcalc.report.figure import Sheet
from gradcalc.report.handout import compose
from gradcalc.report.handout_model import Derived, plain
from helpers.handouts import handout, handout_of, solved

# ---- Markdown


def test_an_upstream_gradient_is_written_as_it_was_given() -> None:
    def given_(upstream: str, shape: str) -> str:
        made = handout_of(
            f"expression: f = 2*x\nvariables: {{x: [{shape}]}}\nupstream: {upstream}\nquestions: [dL/dx]\n"
        )
        return "; ".join(plain(said) for said in made.given if not isinstance(said, Derived))

    assert "∂L/∂f = [1/2, 3]." in given_("[1/2, 3]", "2")
    assert "∂L/∂f = [[1/2, 3], [0, 1]]." in given_("[[1/2, 3], [0, 1]]", "2, 2")
    assert "Upstream" not in given_("[[[1, 2]]]", "1, 1, 2")  # no way to write it on paper


def test_values_and_stacks_are_answered() -> None:
    made = handout_of(
        "expression: |\n  p[k] = s[k]^2\n  J = sum(p[k]*x, k)\nindices: {k: n}\nvalues: {s: [1, 2], x: 3}\nquestions: [value J]\n"
    )
    assert [row.right.text for row in made.given[1].rows] == ["= s_k²", "= Σₖ p_k x"]  # type: ignore[union-attr]
    assert [row.right.text for row in made.parts[0].key[0].rows] == ["= Σₖ p_k x", "= 15"]  # type: ignore[union-attr]
    made = handout_of(
        "expression: J = sum(w*x, i)\nvariables: {x: {each: i}, w: []}\nexamples: {i: m}\nquestions: [shape x]\n"
    )
    assert [plain(said) for said in made.parts[0].key][:2] == [
        "x: scalar",
        "stacked over the examples: m",
    ]  # type: ignore[arg-type]


# ---- the document


def rows(name: str, number: int) -> list[str]:
    return [
        row.right.text
        for step in handout(name).parts[number].key
        if isinstance(step, Derived)
        for row in step.rows
    ]


def test_answers_are_derived() -> None:
    assert rows("ex1", 4) == ["= ∂f/∂q · ∂q/∂x", "= z · 1", "= z", "= −4"]
    assert rows("ex2", 0)[:3] == ["= ∂α/∂z · ∂z/∂x₀", "= α (1 − α) · w₀", "= w₀ α (1 − α)"]
    steps = [plain(step) for step in handout("ex1").parts[4].key if not isinstance(step, Derived)]
    assert steps == ["With the upstream gradient: ∂L/∂x = −4"]


def test_long_sums_are_broken() -> None:
    terms = " + ".join(f"a{k} * x^{k}" for k in range(2, 20))
    made = handout_of(f"expression: f = {terms}\nquestions: [df/dx]\n")
    first = next(step for step in made.given if isinstance(step, Derived))
    assert len(first.rows) > 1
    assert all(len(row.right.text) < 90 for row in first.rows)


def test_what_is_small_within_a_fraction_is_set_large() -> None:
    """A hat in a fraction in a fraction is taken for its bar."""
    derived = next(step for step in handout("ex3").parts[6].key if isinstance(step, Derived))
    assert (
        derived.rows[1].right.latex
        == r"= \frac{\displaystyle \frac{1 - y^{(i)}}{1 - \hat{y}^{(i)}} - \frac{y^{(i)}}{\hat{y}^{(i)}}}{m}"
    )


def test_a_failed_answer_is_not_shown() -> None:
    from gradcalc.numeric.verified import Verified

    solution = solved("ex1")
    wrong = replace(solution.answers[0], verified=Verified(False, "by hand", 0.5))
    made = compose(replace(solution, answers=(wrong, *solution.answers[1:])), Sheet())
    assert [plain(step) for step in made.parts[0].key if not isinstance(step, Derived)] == [
        "This answer failed its check and is not shown."
    ]
