"""Pages without some of their parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gradcalc.exercise.load import parse_exercise
from helpers.browser import Tab
from helpers.played import derived, page_of

pytestmark = pytest.mark.browser

EXERCISE = """\
expression: |
  q = x + y
  f = q * z
values: {x: -2, y: 5, z: -4}
questions: [df/dx, df/dz]
"""
# Names of quantities -> value and gradient, as the table beside the figure has them.
TABLE = """() => Object.fromEntries([...document.querySelectorAll('.twin tbody tr')].map(row =>
    [row.dataset.of, [row.querySelector('.value').textContent, row.querySelector('.gradient .number').textContent]]))
"""
LABELS = "() => [...document.querySelectorAll('svg.full g.gradient')].map(one => one.textContent)"


@pytest.mark.parametrize("parts", ["[]", "[walk]", "[values]", "[check]", "[values, check]"])
def test_a_page_works_without_its_other_parts(
    parts: str, tab: Callable[..., Tab], tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        page_of(derived(parse_exercise(f"{EXERCISE}page: {{parts: {parts}}}\n"))), "utf-8"
    )
    one = tab()
    page = one.open(path)
    if "walk" in parts:
        page.locator(".bar .last").click()
    if "check" in parts:
        page.locator(".answer").first.fill("z")
        page.locator(".ask").first.click()
        assert "Right" in page.locator(".verdict").first.inner_text()
    table = page.evaluate(TABLE)
    if "walk" in parts or "values" in parts:
        assert table == {
            "x": ["−2", "−4"], "y": ["5", ""], "z": ["−4", "3"], "q": ["3", "−4"], "f": ["−12", ""],
        }  # fmt: skip
    else:
        assert {gradient for _, gradient in table.values()} == {""}
        assert page.evaluate(LABELS) == []
    if "values" in parts:
        page.locator('fieldset[data-of="z"] input[type=text]').fill("7")
        assert page.evaluate(TABLE)["f"] == ["21", ""]
        assert page.evaluate(TABLE)["x"] == ["−2", "7"]
    assert (one.errors, one.requests, one.policy_reports) == ([], [], [])
