"""The explanation as it is read, in its three details."""

from __future__ import annotations

import pytest

from gradcalc.render import table
from gradcalc.report.blocks import Note, Options, Paragraph, Report, Table
from gradcalc.report.explanation import compose_explanation, pages
from gradcalc.report.hints import compose_hint
from gradcalc.report.lines import text_line
from gradcalc.report.terminal_report import TERMINAL
from helpers.derivations import derivation_of, shipped_derivation


def report(name: str, detail: str = "normal", only: str | None = None) -> Report:
    return compose_explanation(shipped_derivation(name, detail, only), Options(detail=detail))


def record(made: Report, head: str) -> dict[str, str]:
    """The fields of a step; of several of one name the last."""
    return dict(fields(made, head))


def fields(made: Report, head: str) -> list[tuple[str, str]]:
    """The fields of a step, lines joined with |."""
    for block in made.blocks:
        if isinstance(block, Table) and block.records:
            for row in block.rows:
                if " ".join(text_line(line, made.names) for line in row[0]) == head:
                    cells = [
                        " | ".join(text_line(line, made.names) for line in cell) for cell in row[1:]
                    ]
                    return [
                        (column.title, cell)
                        for column, cell in zip(block.columns[1:], cells, strict=True)
                    ]
    raise AssertionError(f"no step {head}")


def said(made: Report) -> str:
    """All paragraphs and notes."""
    lines = [block.line for block in made.blocks if isinstance(block, Note | Paragraph)]
    return "\n".join(text_line(line, made.names) for line in lines)


def test_a_step_says_the_rule_its_general_form_the_instance_and_the_numbers() -> None:
    made = report("ex2")
    assert record(made, "1. ∂α/∂z") == {
        "used in": "α = σ(z)",
        "rule": "Sigmoid: its derivative is its value times 1 minus its value. | "
        "In general d/du σ(u) = σ(u)(1 − σ(u)); here u = z",
        "gradient": "∂α/∂z = α (1 − α) ≈ 0.1966",
    }
    assert record(made, "2. ∂α/∂x₀") == {
        "used in": "z = w₀ x₀ + w₁ x₁ + w₂",
        "rule": "Product rule: differentiate one factor and keep the other. | "
        "In general ∂(u v)/∂u = v and ∂(u v)/∂v = u, that is, (u v)' = u' v + u v'; "
        "here u = w₀, v = x₀",
        "local": "∂z/∂x₀ = w₀ = 2",
        "gradient": "∂α/∂x₀ = ∂α/∂z · ∂z/∂x₀ = ∂α/∂z · w₀ | "
        "= w₀ α (1 − α) (substituting ∂α/∂z = α (1 − α))",
        "numbers": "∂α/∂x₀ = 0.1966 · 2 ≈ 0.3932",
    }


def test_two_paths_are_added() -> None:
    (*paths, (_, total), numbers) = fields(report("diamond"), "3. ∂f/∂x")
    assert paths == [
        ("used", "x is used twice: in u and in v. Add the contributions of both paths."),
        ("through u", "u = x + 1"),
        ("rule", "Added constant: adding a constant does not change the derivative."),
        ("local", "∂u/∂x = 1"),
        ("contribution", "∂f/∂u · ∂u/∂x = ∂f/∂u · 1"),
        ("numbers", "6 · 1 = 6"),
        ("through v", "v = 2x"),
        ("rule", "Constant factor: multiply the upstream gradient by the constant."),
        ("local", "∂v/∂x = 2"),
        ("contribution", "∂f/∂v · ∂v/∂x = ∂f/∂v · 2"),
        ("numbers", "4 · 2 = 8"),
    ]
    assert total.startswith("∂f/∂x = ∂f/∂u · 1 + ∂f/∂v · 2 | = ")
    assert "(substituting ∂f/∂u = v and ∂f/∂v = u)" in total
    assert numbers == ("numbers", "∂f/∂x = 6 + 8 = 14")


def test_each_place_of_an_operand_contributes_a_term() -> None:
    step = record(report("ex3"), "2. ∂J/∂ŷ")
    assert step["terms"] == ("y log(ŷ): y · 1/ŷ | (1 − y) log(1 − ŷ): (1 − y) · 1/(1 − ŷ) · (−1)")
    ridge = record(report("ridge-regression"), "1. ∂J/∂w")
    assert ridge["terms"] == "‖X w − y‖²: 2·Xᵀ(X w − y) | λ ‖w‖²: 2λ w"


def test_the_line_of_algebra_that_decides_is_shown() -> None:
    assert record(report("ex3"), "3. ∂J/∂z₂")["gradient"].split(" | ")[1:] == [
        "= (((1 − y)/(1 − ŷ) − y/ŷ)/m) ŷ (1 − ŷ) (substituting ∂J/∂ŷ)",
        "= ((1 − y) ŷ − y (1 − ŷ))/m (multiply out and cancel)",
        "= (ŷ − y)/m",
    ]
    assert record(report("softmax-cross-entropy"), "2. ∂L/∂z")["gradient"].split(" | ")[1:] == [
        "= p ∘ (−y/p − (−(y/p)ᵀ p)) (substituting ∂L/∂p = −y/p)",
        "= −y + sum(y) p (multiply out and cancel)",
        "= p − y, since sum(y) = 1 (y is one-hot)",
    ]


def test_of_an_array_one_entry_then_the_matrix_form_then_the_shapes() -> None:
    step = record(report("ex3"), "6. ∂J/∂W₁")
    assert step["one entry"] == (
        "z₁[k] = b₁[k] + Σₐ W₁[k, a] x_a | ∂J/∂W₁[p, q] = Σᵢₖ (∂J/∂z₁)[k] 1[k = p] x_q | "
        "= Σᵢ (∂J/∂z₁)[p] x_q"
    )
    assert step["gradient"].startswith("∂J/∂W₁ = Σᵢ (∂J/∂z₁) xᵀ | = ")
    assert (
        step["shape check"]
        == "∂J/∂W₁ must be D_a₁ × D_x like W₁: (D_a₁ × 1) (1 × D_x) = D_a₁ × D_x ✓"
    )
    assert step["note"].split(" | ") == [
        "Why the transpose? x is D_x × 1, so (∂J/∂z₁) x is not defined",
        "W₁ is shared by all m examples, so its gradient is the sum of the per-example gradients",
    ]


def test_the_mistake_of_the_literal_product() -> None:
    step = record(report("ex3"), "Putting it together: ∂J/∂W₁")
    assert step["common mistake"] == (
        "multiplying the factors in the order of the chain rule. The product would be 1 × D_x, "
        "not D_a₁ × D_x."
    )
    assert step["correct"].endswith("∂J/∂W₁ = Σᵢ (δ₁ δ₂ δ₃ᵀ ∘ δ₄) δ₅")


def test_a_rule_is_named_once_it_was_stated() -> None:
    made = report("ex1")
    assert record(made, "1. ∂f/∂q")["rule"].startswith("Product rule: differentiate")
    assert record(made, "2. ∂f/∂z")["rule"] == "Product rule"
    assert record(report("ex1", "full"), "2. ∂f/∂z")["rule"].startswith("Product rule: ")


def test_on_a_screen_of_its_own_a_rule_is_said_in_full() -> None:
    film = pages(shipped_derivation("ex1"), Options())
    shown = [
        table.render(page.report, Options(width=200))
        for page in film
        if page.at in ("z", "q") and page.gradients
    ]
    assert len(shown) == 2
    assert all("Product rule: differentiate" in text and "In general" in text for text in shown)


def test_the_backward_pass_through_time_is_a_recurrence() -> None:
    made = report("rnn-through-time")
    assert record(made, "3. ∂L/∂h₂")["recurrence"] == (
        "∂L/∂hₜ = Uᵀ(∂L/∂hₜ₊₁ ∘ (1 − hₜ₊₁²)) for t = 2, 1"
    )
    assert record(made, "4. ∂L/∂h₁")["used in"] == "h₂ = tanh(W x₂ + U h₁ + b), as in step 3"
    step = fields(made, "7. ∂L/∂W")
    assert ("through h₂", "h₂ = tanh(W x₂ + U h₁ + b), as through h₃") in step
    assert ("every t", "(∂L/∂hₜ ∘ (1 − hₜ²)) xₜᵀ for t = 3, 2, 1") in step


def test_a_chain_that_changes_has_no_recurrence() -> None:
    text = """
expression: |
  h1 = tanh(w*h0)
  h2 = tanh(w*h1*h1)
  h3 = sin(w*h2)
values: {w: 1, h0: 2}
questions: [dh3/dw]
"""
    made = compose_explanation(derivation_of(text), Options())
    titles = {c.title for b in made.blocks if isinstance(b, Table) and b.records for c in b.columns}
    assert "gradient" in titles
    assert not titles & {"recurrence", "every t"}


def test_beside_a_total_derivative_the_local_one_says_what_is_held() -> None:
    step = fields(report("rosenbrock"), "3. ∂f/∂x")
    assert any(name == "contribution" for name, _ in step)
    second = next(
        fields(made, head)
        for made in [report("rosenbrock")]
        for head in heads(made)
        if head.endswith("∂g/∂x")
    )
    assert any(text.startswith("with ") and " held: ∂g/∂x = " in text for _, text in second)


def heads(made: Report) -> list[str]:
    """The headings of the steps."""
    return [
        " ".join(text_line(line, made.names) for line in row[0])
        for block in made.blocks
        if isinstance(block, Table) and block.records
        for row in block.rows
    ]


def test_negative_factors_stand_in_brackets() -> None:
    made = report("lstm-cell-scalar")
    head = next(head for head in heads(made) if head.endswith("∂h₁/∂f"))
    assert record(made, head)["numbers"] == "∂h₁/∂f = 0.5032 · (−0.5) ≈ −0.2516"


def test_what_passes_a_gradient_unchanged_is_said_in_full_detail_only() -> None:
    assert "Sum rule" not in record(report("ex2"), "3. ∂α/∂w₀")["rule"]
    assert "Sum rule" in record(report("ex2", "full"), "3. ∂α/∂w₀")["rule"]


def test_brief_is_one_line_for_each_gradient() -> None:
    made = report("ex1", "brief")
    rows = next(
        block.rows
        for block in made.blocks
        if isinstance(block, Table) and block.columns[0].title == "gradient"
    )
    assert len(rows) == 4
    assert text_line(rows[2][1][0], made.names) == "∂f/∂q · ∂q/∂x"


def test_it_ends_with_the_meaning_a_summary_the_check_and_the_signs() -> None:
    ex1, ex3 = said(report("ex1")), said(report("ex3"))
    assert "What it means: if y grows by 0.01, f changes by about −0.04." in ex1
    assert "multiply by it to get the gradients of L: ∂L/∂y = ∂L/∂f · ∂f/∂y." in ex1
    assert "4 of 4 intermediate gradients verified numerically" in ex1
    assert "Signs" not in ex1
    assert "Symbols: ∘ elementwise product; 1[u > 0] is 1 where the condition holds, else 0" in ex3
    made = report("ex1")
    rows = next(
        block.rows
        for block in made.blocks
        if isinstance(block, Table) and block.columns[0].title == "question"
    )
    assert [text_line(row[1][0], made.names) for row in rows] == ["z", "1", "1", "q", "z", "z"]


@pytest.mark.parametrize(("level", "has", "lacks"), [
    (1, "Product rule", "∂z/∂x₀"), (2, "∂z/∂x₀ = w₀", "0.3932"), (3, "numbers", "xyz"),
])  # fmt: skip
def test_hints_say_a_little_more_at_each_level(level: int, has: str, lacks: str) -> None:
    derivation = shipped_derivation("ex2", "normal", "dalpha/dx0")
    text = table.render(compose_hint(derivation, Options(), level), Options())
    assert f"Hint {level} of 3: ∂α/∂x₀" in text
    assert has in text
    assert lacks not in text


@pytest.mark.parametrize(("name", "most"), [("ex3", 150), ("lstm-cell", 200)])
def test_an_explanation_is_no_longer_than_it_has_to_be(name: str, most: int) -> None:
    made = compose_explanation(shipped_derivation(name), Options(), TERMINAL)
    assert len(table.render(made, Options()).splitlines()) <= most
