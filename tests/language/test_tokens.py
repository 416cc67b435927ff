"""Names in their canonical form."""

from __future__ import annotations

import pytest

from gradcalc.language.errors import SpanError
from gradcalc.language.tokens import canonical, read_name


def test_names_are_compared_in_canonical_form() -> None:
    assert canonical("y\u0302") == "ŷ"
    assert read_name("θ₁") == "θ1"
    for text in ("", "2x", "x y", "x*y", "²"):
        with pytest.raises(SpanError):
            read_name(text)
