"""The questions and answers of a handout."""

from __future__ import annotations

from dataclasses import replace

from gradcalc.report.blocks import Equations
from gradcalc.report.figure import Sheet
from gradcalc.report.handout import compose
from gradcalc.report.handout_model import credits
from gradcalc.report.paper_notation import paper_latex
from helpers.handouts import KEY, handout, handout_of, listed, rows_of, sentences, solved, titled


def test_an_upstream_gradient_is_written_as_it_was_given() -> None:
    def given_(upstream: str, shape: str) -> list[str]:
        made = handout_of(
            f"expression: f = 2*x\nvariables: {{x: [{shape}]}}\nupstream: {upstream}\nquestions: [dL/dx]\n"
        )
        return listed(made)["Upstream gradient:"]

    assert given_("[1/2, 3]", "2") == ["∂L/∂f = [1/2, 3]"]
    assert given_("[[1/2, 3], [0, 1]]", "2, 2") == ["∂L/∂f = [[1/2, 3], [0, 1]]"]
    assert given_("[[[1, 2]]]", "1, 1, 2") == ["(∂L/∂f)[0] = [[1, 2]]"]


def test_values_and_stacks_are_answered() -> None:
    made = handout_of(
        "expression: |\n  p[k] = s[k]^2\n  J = sum(p[k]*x, k)\nindices: {k: n}\nvalues: {s: [1, 2], x: 3}\nquestions: [value J]\n"
    )
    assert rows_of(made, made.given) == ["= s_k²", "= Σₖ p_k x"]
    assert rows_of(made, made.parts[0].key) == ["= Σₖ p_k x", "= 15"]
    made = handout_of(
        "expression: J = sum(w*x, i)\nvariables: {x: {each: i}, w: []}\nexamples: {i: m}\nquestions: [shape x]\n"
    )
    assert sentences(made, made.parts[0].key)[:2] == [
        "x: scalar",
        "Stacked over the examples: m",
    ]


def test_answers_are_derived() -> None:
    ex1, ex2 = handout("ex1"), handout("ex2")
    assert rows_of(ex1, ex1.parts[4].key) == ["= ∂f/∂q · ∂q/∂x", "= z · 1", "= z", "= −4"]
    assert rows_of(ex2, ex2.parts[0].key)[:3] == [
        "= ∂α/∂z · ∂z/∂x₀",
        "= α (1 − α) · w₀",
        "= w₀ α (1 − α)",
    ]


def test_the_gradient_of_the_loss_is_said_once_and_where_it_is_another_number() -> None:
    made = handout_of(
        "expression: |\n  q = x + y\n  f = q * z\nvalues: {x: 1, y: 2, z: 3}\nupstream: 2\nquestions: [df/dx, dq/dx]\n"
    )
    said = [sentences(made, part.key) for part in made.parts]
    assert said == [["With the upstream gradient: ∂L/∂x = 6"], []]


def test_answers_that_were_asked_are_used_in_later_ones() -> None:
    made = handout("ex3")
    assert "= δ₁ · δ₂ · δ₃ · δ₄ · δ₅" in rows_of(made, made.parts[11].key)


def test_a_formula_that_an_answer_does_not_use_is_not_given_with_it() -> None:
    made = handout("lstm-cell")
    for part in made.parts:
        for place, block in enumerate(part.key):
            if sentences(made, [block]) == ["where"]:
                after = part.key[place + 1]
                assert isinstance(after, Equations)
                assert after.rows


def test_one_entry_of_a_tensor_has_its_indices_on_the_left() -> None:
    made = handout_of(
        "expression: |\n  p[k] = exp(s[k])/sum(exp(s[l]), l)\nindices: {k: K, l: K}\nquestions: [dp/ds]\n"
        "notation: {form: index}\n"
    )
    (block, *_) = made.parts[0].key
    assert isinstance(block, Equations)
    (left,) = block.rows[0].left
    assert not isinstance(left, str)
    assert r"\frac{\partial p_{k}}{\partial s_{" in paper_latex(left, made.names)


def test_long_sums_are_broken() -> None:
    terms = " + ".join(f"a{k} * x^{k}" for k in range(2, 20))
    made = handout_of(f"expression: f = {terms}\nquestions: [df/dx]\n")
    found = rows_of(made, made.given)
    assert len(found) > 1
    assert all(len(row) < 90 for row in found)


def test_what_is_small_within_a_fraction_is_set_large() -> None:
    """A hat in a fraction in a fraction is taken for its bar."""
    made = handout("ex3")
    derived = next(block for block in made.parts[6].key if isinstance(block, Equations))
    (math,) = derived.rows[1].right
    assert not isinstance(math, str)
    assert (
        paper_latex(math, made.names)
        == r"= \frac{\displaystyle \frac{1 - y^{(i)}}{1 - \hat{y}^{(i)}} - \frac{y^{(i)}}{\hat{y}^{(i)}}}{m}"
    )


def test_a_failed_answer_is_not_shown() -> None:
    from gradcalc.numeric.verified import Verified

    solution = solved("ex1")
    wrong = replace(solution.answers[0], verified=Verified(False, "by hand", 0.5))
    made = compose(replace(solution, answers=(wrong, *solution.answers[1:])), KEY)
    assert sentences(made, made.parts[0].key) == ["This answer failed its check and is not shown."]
    assert rows_of(made, made.parts[0].key) == []
    assert made.parts[0].result == ()


def test_a_sheet_has_nothing_of_the_answers() -> None:
    made = handout("ex3", Sheet())
    assert made.solved is None
    assert not made.key
    assert [part.key for part in made.parts] == [()] * 12
    assert [part.result for part in made.parts] == [()] * 12


def test_author_and_source_are_two_sentences() -> None:
    made = titled(author="A. B.", source="a book,\n page 3")
    assert credits(made) == "Author: A. B. Source: a book, page 3"


def test_the_words_around_an_exercise_are_in_its_language() -> None:
    made = handout_of(
        "lang: de\nexpression: f = x*y\nvalues: {x: 1/3, y: 2}\nquestions: [value f, df/dx]\n"
    )
    assert made.title == "Aufgabe"
    assert listed(made) == {"Gegeben:": ["x = 1/3", "y = 2"]}
    assert sentences(made, made.given) == ["Betrachten Sie"]
