"""Numbers on the page are written as Python writes them."""

from __future__ import annotations

import random

from gradcalc.language.typography import number
from helpers.page import run

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def on_paper(text: str) -> str:
    """1e-7 as the page writes it: 1·10⁻⁷, and a minus sign for a hyphen."""
    mantissa, _, power = text.partition("e")
    return mantissa.replace("-", "−") + (f"·10{power.translate(RAISED)}" if power else "")


def test_numbers_are_rounded_as_python_rounds_them() -> None:
    draw = random.Random(1)
    values = [0.0, 1.0, -2.0, 0.5, 0.265, 0.275, 1.005, 2.675, 1e-7, 1.5e-5, 123456.5, 1e15, -1e22]
    values += [draw.choice((-1, 1)) * 10 ** draw.uniform(-12, 12) for _ in range(1500)]
    values += [draw.randrange(-(10**6), 10**6) / 1000 for _ in range(1500)]  # ties among them
    cases = [(value, digits) for value in values for digits in (2, 4, 13)]
    shown = run([["shown", value, digits] for value, digits in cases])
    wrong = [
        (value, digits, text)
        for (value, digits), text in zip(cases, shown, strict=True)
        if text != on_paper(number(value, digits))
    ]
    assert wrong == []
