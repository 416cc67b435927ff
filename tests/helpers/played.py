"""Exercises as pages to play with, and what a browser shows of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradcalc.app.command_parts import adjusted
from gradcalc.app.export import Export, part, whole
from gradcalc.app.shipped import exercise_text
from gradcalc.derivation.derive_steps import explained
from gradcalc.derivation.step_model import Derivation
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.exercise.vary_model import Drawn
from gradcalc.report.figure import Sheet

if TYPE_CHECKING:
    from playwright.sync_api import Page

DIGITS = 13  # printed, so that numbers can be compared
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
# The number of each step as texts: one, or the entries of a matrix.
NUMBERS = """() => [...document.querySelectorAll('.step')].map(step => {
    const output = step.querySelector('.numbers output'), text = output?.textContent ?? '';
    const table = output?.querySelector(':scope > math:last-child:has(mtable)');
    return table ? [...table.querySelectorAll('mtd')].map(cell => cell.textContent)
        : [/[=≈] ([^=≈]*)$/.exec(text)?.[1] ?? text];
})"""


def shipped(name: str) -> Exercise:
    return parse_exercise(exercise_text(name), f"{name}.yaml")


def page_of(
    derivation: Derivation,
    digits: int | None = None,
    variants: Sequence[Mapping[str, Drawn]] = (),
) -> str:
    """The page of one exercise, with all that it can do."""
    wanted = Export(Sheet(True, digits=digits), variants=variants)
    made = part(derivation.solution, "1", "page", wanted, derivation)
    return whole([made], "page", wanted).text


def derived(exercise: Exercise, settings: tuple[str, ...] = ()) -> Derivation:
    """The derivation at other values: x=3."""
    return explained(adjusted(exercise, settings, None, None, None))


def expected(derivation: Derivation) -> list[Any]:
    """The number of each step of the walk, None where it has none."""
    forward = [quantity.value for quantity in derivation.forward if quantity.expr is not None]
    backward = [step.value for one in derivation.passes for step in one.steps]
    return [None, *forward, *backward, None]


def walked(page: Page) -> list[list[float | None]]:
    """The numbers that the steps show, the walk gone to its end key by key."""
    page.locator(".bar .first").focus()
    page.keyboard.press("Home")
    count = page.locator(".step").count()
    for number in range(1, count + 1):
        assert page.locator(f"#e1-step-{number}").is_visible(), number
        page.keyboard.press("ArrowRight")
    found: list[list[str]] = page.evaluate(NUMBERS)
    return [[_number(text) for text in texts] for texts in found]


def _number(text: str) -> float | None:
    found = re.fullmatch(r"(-?[\d.]+)(?:·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", text.strip().replace("−", "-"))
    return float(f"{found[1]}e{(found[2] or '0').translate(RAISED)}") if found else None


def off(shown: list[list[float | None]], wanted: list[Any]) -> list[tuple[int, Any, Any]]:
    """The steps whose numbers are not those wanted, to 1e-9."""
    assert len(shown) == len(wanted)
    found = []
    for number, (got, want) in enumerate(zip(shown, wanted, strict=True), 1):
        flat = _flat(want)
        fits = len(got) == len(flat) and all(
            one is not None and abs(one - other) <= 1e-9 * abs(other) + 1e-12
            for one, other in zip(got, flat, strict=True)
        )
        if want is not None and not fits:
            found.append((number, got, want))
    return found


def _flat(value: Any) -> list[Any]:
    return [one for row in value for one in _flat(row)] if isinstance(value, list) else [value]
