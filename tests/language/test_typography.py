"""Names, numbers and strangers' texts as they are printed."""

from __future__ import annotations

import pytest

from gradcalc.language.typography import for_terminal, name_latex, name_text, number, to_ascii


@pytest.mark.parametrize(
    ("name", "line", "tex", "ascii"),
    [
        ("w0", "w₀", "w_0", "w0"), ("w_0", "w₀", "w_0", "w_0"), ("yhat", "ŷ", r"\hat{y}", "yhat"), ("Yhat", "Ŷ", r"\hat{Y}", "Yhat"),
        ("D_a1", "D_a₁", "D_{a_1}", "D_a1"), ("D_x", "D_x", "D_x", "D_x"), ("theta", "θ", r"\theta", "theta"), ("θ", "θ", r"\theta", "theta"),
        ("delta1", "δ₁", r"\delta_1", "delta1"), ("logits", "logits", r"\mathit{logits}", "logits"), ("bn2", "bn₂", r"\mathit{bn}_2", "bn2"),
        ("dO", "dO", r"\mathit{dO}", "dO"), ("x1w1", "x1w1", r"\mathit{x1w1}", "x1w1"), ("h_prev", "h_prev", r"h_{\mathit{prev}}", "h_prev"),
        ("mu_hat", "μ̂", r"\hat{\mu}", "mu_hat"), ("a__b", "a__b", r"\mathit{a\_\_b}", "a__b"), ("变1", "变₁", r"\text{变}_1", "\\u53d81"),
    ],
)  # fmt: skip
def test_names(name: str, line: str, tex: str, ascii: str) -> None:
    assert (name_text(name), name_latex(name), to_ascii(name)) == (line, tex, ascii)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (1 / 3, "0.3333"), (0.5, "0.5"), (1.20004, "1.200"), (0.1 + 0.2, "0.3"), (3.0, "3"), (-12, "-12"), (-0.0, "0"), (1e-7, "1e-7"),
        (1.23456e-7, "1.235e-7"), (123456.789, "123457"), (1234567.8, "1.235e6"), (1e300, "1e300"), (10**400, "1e400"), (10**18, str(10**18)),
        (0.99999, "1.000"), (5e-324, "5e-324"),
    ],
)  # fmt: skip
def test_numbers(value: float, word: str) -> None:
    assert number(value, 4) == word


def test_numbers_are_finite() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not a finite number"):
            number(value)


def test_what_a_stranger_wrote_becomes_visible() -> None:
    assert (
        for_terminal("a\x1b[31m\u202eb\x7f\x85\ud800\n[/foo]")
        == "a\\x1b[31m\\u202eb\\x7f\\x85\\ud800 [/foo]"
    )
    assert for_terminal("é ∂ 变", ascii=True) == "e d \\u53d8"
