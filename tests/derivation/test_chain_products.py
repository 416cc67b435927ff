"""The product of a chain as it stands, and the order that conforms."""

from __future__ import annotations

from gradcalc.language.parser import unparse
from helpers.derivations import shipped_derivation


def test_the_literal_product_of_a_chain_and_what_conforms() -> None:
    """Seed 3: δ₁ δ₂ δ₃ δ₄ δ₅ has the wrong shape, δ₁ δ₂ (δ₃ᵀ ∘ δ₄) δ₅ the right one."""
    (one,) = shipped_derivation("ex3").assemblies
    assert [factor.name for factor in one.factors] == [
        "delta1",
        "delta2",
        "delta3",
        "delta4",
        "delta5",
    ]
    assert [tuple(map(str, factor.shape)) for factor in one.factors] == [
        ("1", "1"),
        ("1", "1"),
        ("1", "D_a1"),
        ("D_a1", "1"),
        ("1", "D_x"),
    ]
    assert one.literal is not None
    assert (tuple(map(str, one.literal)), tuple(map(str, one.shape))) == (
        ("1", "D_x"),
        ("D_a1", "D_x"),
    )
    assert unparse(one.product) == "sum(delta1*delta2*delta3.T*delta4 @ delta5, i)"
