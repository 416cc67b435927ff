"""Pages without some of their parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gradcalc.app.page_variants import Wanted, tables
from gradcalc.exercise.load import parse_exercise
from gradcalc.language.parser import unparse
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


def test_other_numbers(tab: Callable[..., Tab], tmp_path: Path) -> None:
    """The button goes through the variants and begins again; Reset sets the exercise's own."""
    text = f"{EXERCISE.replace('df/dz]', 'df/dz, dq/dx]')}vary: {{x: {{choices: [1, 3]}}, z: {{integers: [1, 9]}}}}\n"
    source, path = tmp_path / "e.yaml", tmp_path / "page.html"
    source.write_text(text, "utf-8")
    exercise = parse_exercise(text)
    found = tables(str(source), exercise, Wanted(3))
    path.write_text(page_of(derived(exercise), variants=found), "utf-8")
    one = tab()
    page = one.open(path)
    page.locator(".bar .last").click()
    answer, verdict = page.locator(".answer").first, page.locator(".verdict").first
    local = page.locator(".question").nth(2)
    for click in range(4):
        page.locator(".other").click()
        at = found[click % 3]
        assert page.locator(".which").inner_text() == f"{click % 3 + 1} of 3"
        x, z = (int(unparse(at[name])) for name in "xz")
        assert [
            page.locator(f'fieldset[data-of="{n}"] input[type=text]').input_value() for n in "xyz"
        ] == [str(x), "5", str(z)]
        assert page.evaluate(TABLE)["x"] == [str(x), str(z)]
        assert page.evaluate(TABLE)["f"][0] == str((x + 5) * z)
        for typed, said in (
            ("z", "Right"),
            ("q", "Wrong"),
            (str(z), "formulas only"),
            ("-4", "formulas only"),
        ):
            answer.fill(typed)
            answer.press("Enter")
            assert said in verdict.inner_text(), typed
        local.locator(".answer").fill("1")
        local.locator(".ask").click()
        assert "Right" in local.locator(".verdict").inner_text()  # whatever the numbers are
    page.locator(".reset").click()
    assert page.locator(".which").inner_text() == ""
    assert page.evaluate(TABLE)["x"] == ["−2", "−4"]
    for typed, said in (("-4", "Right"), ("3", "Wrong")):
        answer.fill(typed)
        answer.press("Enter")
        assert said in verdict.inner_text(), typed
    assert (one.errors, one.requests, one.policy_reports) == ([], [], [])
