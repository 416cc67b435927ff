"""Variants judged by a program of its own: it reads the YAML that was written, computes with
fractions, and shares nothing with what drew them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

Numbers = Mapping[str, Fraction]


def values(path: Path) -> dict[str, Fraction]:
    """The scalar values of a variant."""
    data = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)
    return {name: Fraction(text) for name, text in data["values"].items()}


def number_of(path: Path) -> dict[str, Any]:
    """What the file says of itself."""
    data = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)
    return dict(data["variant"])


def nice(value: Fraction, size: int = 100) -> bool:
    """A denominator of at most 12, or at most two decimals; below 100."""
    short = value.denominator <= 12 or (value * 100).denominator == 1
    return short and abs(value) < size


def slope(of: Callable[[Numbers], Fraction], at: Numbers, by: str) -> Fraction:
    """The derivative of a polynomial of degree 2 at most, by one of its variables: exactly."""
    up, down = ({**at, by: at[by] + sign} for sign in (1, -1))
    return (of(up) - of(down)) / 2
