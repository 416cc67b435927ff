"""The sentences that say why: sums over examples, masks, stretched axes, paths without a gradient."""

from __future__ import annotations

from gradcalc.language.parser import unparse
from gradcalc.report.lines import plain_line, text_line
from helpers.derivations import derivation_of, shipped_derivation, steps, wire

NETWORK = """
expression: |
  z = W @ x + b
  a = relu(z)
  J = 1/m * sum(v.T @ a, i)
examples: {i: m}
variables:
  x: {shape: [d, 1], each: i}
  z: {shape: [h, 1]}
  v: {shape: [h, 1]}
sizes: {d: 2, h: 3, m: 4}
seed: 3
questions: [{ask: dz/dW, name: delta}, dJ/dW]
"""


# ---- the table


def test_a_constant_factor_has_a_sentence_of_its_own() -> None:
    found = derivation_of("{expression: 'f = 3 * x^2', values: {x: 2}}", "full")
    (path,) = steps(found)["x"].paths
    assert [rule.operation for rule in path.rules] == ["mul", "pow"]
    assert path.rules[0].sentence.startswith("constant factor: ")
    assert path.rules[1].sentence.startswith("power rule: ")


# ---- steps


def test_what_is_shared_by_the_examples_is_summed_over_them() -> None:
    path = wire(derivation_of(NETWORK), "W", "z")
    assert unparse(path.product.symbolic) == "sum(dJ_dz @ x.T, i)"
    said = [text_line(line, derivation_of(NETWORK).names) for line in path.because]
    assert said == [
        "∂J/∂W must be h × d like W: (h × 1) (1 × d) = h × d ✓",
        "why the transpose? x is d × 1, so (∂J/∂z) x is not defined",
        "W is shared by all m examples, so its gradient is the sum of the per-example gradients",
    ]


def test_a_mask_is_entry_by_entry() -> None:
    found = derivation_of(NETWORK)
    path = wire(found, "z", "a")
    assert unparse(path.product.symbolic) == "dJ_da*step(z)"
    assert path.shorthand is not None
    assert path.shorthand.sentence.endswith("elementwise multiplication by its diagonal")
    assert path.shapes is not None
    assert (
        text_line((path.shapes,), found.names) == "∂J/∂a  ∘  1[z > 0]  →  h × 1\nh × 1      h × 1"
    )


def test_what_is_stretched_is_added_up_along_the_axis() -> None:
    path = wire(shipped_derivation("batch-normalisation"), "beta", "Y")
    known = shipped_derivation("batch-normalisation").names
    assert text_line(path.because[-1], known) == (
        "β is broadcast to m entries, so its gradient is the sum over those m entries"
    )


def test_a_path_on_which_nothing_comes_back_says_so() -> None:
    path = wire(shipped_derivation("batch-normalisation"), "mu", "v")
    assert plain_line(path.because[0]).startswith("this path contributes 0")
    path = wire(shipped_derivation("layer-normalisation"), "mu", "sigma")
    assert text_line(path.because[0], shipped_derivation("layer-normalisation").names) == (
        "this path contributes 0, because deviations from the mean sum to zero: sum(x − μ) = 0"
    )


def test_a_rule_that_is_0_by_itself_needs_no_other_reason() -> None:
    text = "{expression: 's = sign(x)\n\nf = sum(s*w)', variables: {x: [3], w: [3]}, questions: [df/dx]}"
    assert wire(derivation_of(text), "x", "s").because == ()


def test_what_is_only_compared_hands_nothing_back_and_says_why() -> None:
    (path,) = steps(
        derivation_of("{expression: 'f = where(y > 1, 2*x, x)', values: {x: 3, y: 2}}")
    )["y"].paths
    assert [rule.sentence for rule in path.rules] == [
        "comparison: a condition is true or false, so no gradient passes through it"
    ]
    assert path.because == ()
