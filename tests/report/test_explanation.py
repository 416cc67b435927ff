"""The explanation as it is read, in its three details."""

from __future__ import annotations

from gradcalc.render import table
from gradcalc.report.blocks import Note, Options, Report, Table
from gradcalc.report.explanation import compose_explanation, pages
from gradcalc.report.lines import text_line
from helpers.derivations import shipped_derivation


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


def test_a_step_says_the_rule_its_formula_the_instance_and_the_numbers() -> None:
    assert record(report("ex2"), "2. ∂L/∂z") == {
        "used in": "α = σ(z)",
        "rule": "The derivative of the sigmoid is its value times one minus its value | in general ∂σ(x)/∂x = σ(x)(1 − σ(x))",
        "local": "∂α/∂z = α (1 − α) ≈ 0.1966",
        "gradient": "∂L/∂z = ∂L/∂α · ∂α/∂z = ∂L/∂α · α (1 − α) | = α (1 − α), with ∂L/∂α put in",
        "numbers": "∂L/∂z = 1 · 0.1966 ≈ 0.1966",
    }


def test_two_paths_are_added() -> None:
    (*paths, (_, total), numbers) = fields(report("diamond"), "3. ∂f/∂x")
    assert paths == [
        ("used", "x is used twice: in v and in u. Add the contributions of both paths."),
        ("through v", "v = 2x"),
        ("rule", "A constant factor stays: the upstream gradient is multiplied by it"),
        ("local", "∂v/∂x = 2"),
        ("hands back", "∂f/∂v · ∂v/∂x = ∂f/∂v · 2"),
        ("numbers", "4 · 2 = 8"),
        ("through u", "u = x + 1"),
        (
            "rule",
            "A constant that is added has no influence: the gradient passes unchanged | in general ∂(x + y)/∂x = 1",
        ),
        ("local", "∂u/∂x = 1"),
        ("hands back", "∂f/∂u · ∂u/∂x = ∂f/∂u · 1"),
        ("numbers", "6 · 1 = 6"),
    ]
    assert total.startswith("∂f/∂x = ∂f/∂v · 2 + ∂f/∂u · 1 | = ")
    assert total.endswith(", with ∂f/∂v and ∂f/∂u put in")
    assert numbers == ("numbers", "∂f/∂x = 8 + 6 = 14")


def test_a_matrix_product_has_a_shape_under_every_factor() -> None:
    step = record(report("ex3"), "10. ∂J/∂W₁")
    assert step["shapes"] == " ∂J/∂z₁      xᵀ    →  D_a₁ × D_x\nD_a₁ × 1  1 × D_x"
    assert step["because"].startswith(
        "∂J/∂W₁ must have the shape of W₁, D_a₁ × D_x; ∂J/∂z₁ is D_a₁ × 1 and xᵀ is 1 × D_x"
    )
    assert "in the chain it stands on the right" in step["local"]


def test_the_trap_of_the_literal_product() -> None:
    step = record(report("ex3"), "Putting it together: ∂J/∂W₁")
    assert step["the trap"] == "multiplied as they stand they give 1 × D_x, not D_a₁ × D_x"
    assert step["what conforms"].endswith("∂J/∂W₁ = Σᵢ (δ₁ δ₂ δ₃ᵀ ∘ δ₄) δ₅")
    assert step["stacked"].startswith("= (W₂ᵀ(Ŷ − Y) ∘ 1[Z₁ > 0]) Xᵀ / m")


def test_a_rule_is_said_in_short_once_it_stands_above() -> None:
    made = report("ex1")
    assert record(made, "2. ∂L/∂z")["rule"].startswith(
        "The product gate swaps its inputs: each factor gets"
    )
    assert (
        record(made, "3. ∂L/∂q")["rule"]
        == "The product gate swaps its inputs | in general ∂(x y)/∂x = y"
    )
    assert record(report("ex1", "full"), "3. ∂L/∂q")["rule"].startswith(
        "The product gate swaps its inputs: each factor"
    )


def test_on_a_screen_of_its_own_a_rule_is_said_in_full() -> None:
    film = pages(shipped_derivation("ex1"), Options())
    said = [
        table.render(page.report, Options(width=200))
        for page in film
        if page.at in ("z", "q") and page.gradients
    ]
    assert all(
        "The product gate swaps its inputs: each factor" in text and "in general" in text
        for text in said
    )


def test_beside_a_total_derivative_the_local_one_says_what_is_held() -> None:
    step = fields(report("rosenbrock"), "8. ∂g/∂x")
    assert ("local", "with v and u held: ∂g/∂x = −4b v = 176") in step
    assert ("numbers", "∂g/∂x = 176 + 1152 + 2 = 1330") in step


def test_negative_factors_stand_in_brackets() -> None:
    step = record(report("lstm-cell-scalar"), "9. ∂L/∂o")
    assert step["numbers"] == "∂L/∂o = 1 · (−0.05900) ≈ −0.05900"


def test_sums_are_spelled_out_in_full_detail_only() -> None:
    assert "The sum gate" not in record(report("ex2"), "3. ∂L/∂w₀")["rule"]
    assert "The sum gate" in record(report("ex2", "full"), "3. ∂L/∂w₀")["rule"]


def test_brief_is_one_line_for_each_gradient() -> None:
    made = report("ex1", "brief")
    rows = next(
        block.rows
        for block in made.blocks
        if isinstance(block, Table) and block.columns[0].title == "gradient"
    )
    assert len(rows) == 5
    assert text_line(rows[1][1][0], made.names) == "∂L/∂f · ∂f/∂z"


def test_the_steps_say_that_they_were_checked() -> None:
    notes = [
        text_line(block.line, report("ex1").names)
        for block in report("ex1").blocks
        if isinstance(block, Note)
    ]
    assert (
        "steps checked: the value of 5 of 5 gradients on the way agrees with the numeric derivative"
        in notes
    )
