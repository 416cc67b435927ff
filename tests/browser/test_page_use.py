"""The page as students use it: keys, predictions, values, hints, answers to take home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradcalc.app.export import Export, part, whole
from gradcalc.report.figure import Sheet
from helpers.browser import Tab
from helpers.played import derived, page_of, shipped

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Open = Callable[[str], "Page"]


@pytest.fixture
def opened(tab: Callable[..., Tab], tmp_path: Path) -> Open:
    """Opens the page of a shipped exercise."""

    def made(name: str) -> Page:
        path = tmp_path / f"{name}.html"
        path.write_text(page_of(derived(shipped(name))), "utf-8")
        return tab().open(path)

    return made


def drawn(page: Page, of: str) -> tuple[str, str]:
    """The value and the gradient of a quantity in the figure, as far as they are shown."""

    def text(kind: str) -> str:
        label = page.locator(f"svg.full g.{kind}[data-of={of}]:not(.unknown) text.number")
        return label.text_content() or "" if label.count() else ""

    return text("value"), text("gradient")


def test_the_walk_goes_by_keys_and_by_links(opened: Open) -> None:
    page = opened("ex2")
    assert drawn(page, "z") == ("", "")
    page.locator(".bar .next").focus()
    page.keyboard.press("ArrowRight")
    assert drawn(page, "z") == ("1", "")
    page.keyboard.press("End")
    assert (drawn(page, "z"), drawn(page, "w0")) == (("1", "0.1966"), ("2", "−0.1966"))
    page.keyboard.press("Home")
    assert drawn(page, "w0") == ("2", "")
    page.goto(f"{page.url.partition('#')[0]}#step=5")
    assert page.locator("#e1-step-5").is_visible()
    assert page.locator("svg.full g.wire.now").get_attribute("data-from") == "x0"


def test_the_figure_shows_what_the_walk_has_found(opened: Open) -> None:
    page = opened("ex1")
    seen = page.locator("svg.full g.value[data-of=q] text:visible")
    cell = page.locator(".twin tr[data-of=q] .value")
    assert (seen.all_text_contents(), cell.text_content()) == (["q", "="], "")
    page.keyboard.press("ArrowRight")  # where nothing has the focus
    assert (seen.all_text_contents(), cell.text_content()) == (["q", "=", "3"], "3")
    page.locator(".question .ask").first.focus()
    page.keyboard.press("End")  # away from the walk the key scrolls
    assert page.locator(".count").inner_text() == "2 of 8"


def test_a_rounded_number_is_not_called_equal(opened: Open) -> None:
    page = opened("ex2")
    numbers = page.locator(".step:not([hidden]) .numbers output")
    for step, said in ((2, "= 1"), (4, "≈ 0.1966"), (5, "≈ 0.1966 · 2 ≈ 0.3932")):
        page.goto(f"{page.url.partition('#')[0]}#step={step}")
        assert numbers.inner_text().strip().endswith(said)
    page.goto(f"{page.url.partition('#')[0]}#step=2")
    assert page.locator(".step:not([hidden]) div:visible math").count() == 1  # the formula


def test_a_prediction_comes_before_the_number(opened: Open) -> None:
    page = opened("ex1")
    page.locator(".predict").check()
    for _ in range(2):
        page.locator(".bar .next").click()
    page.locator(".bar .next").click()  # ∂f/∂q
    step = page.locator(".step:not([hidden])")
    assert not step.locator(".numbers").is_visible()
    assert drawn(page, "q") == ("3", "")
    step.locator(".guess input").fill("-4")
    step.locator(".guess input").press("Enter")
    assert step.locator(".guess").inner_text() == "Right. It is −4."
    assert drawn(page, "q") == ("3", "−4")
    page.keyboard.press("Enter")  # on the button again; the field for the next number follows it
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    assert page.locator(".step:not([hidden]) .guess").inner_text() == "Right. It is 3."


def test_values_are_followed_refused_and_put_back(opened: Open) -> None:
    page = opened("ex1")
    page.locator(".bar .last").click()
    x = page.locator("fieldset[data-of=x] input[type=text]")
    x.fill("1.5")
    assert (drawn(page, "q"), drawn(page, "z")) == (("6.5", "−4"), ("−4", "6.5"))
    assert "changes by −0.04" in page.locator(".nudge output").inner_text()
    x.fill("")
    assert (page.locator(".change .said").inner_text(), drawn(page, "q")[0]) == ("", "6.5")
    x.fill("1,5")
    assert page.locator(".change .said").inner_text() == "Write the number with a point: 0.5."
    assert drawn(page, "q")[0] == "6.5"
    page.locator(".reset").click()
    assert (x.input_value(), drawn(page, "q")[0]) == ("-2", "3")


def test_a_kink_is_said_where_it_is_met(opened: Open) -> None:
    page = opened("gate-max")
    said = page.locator(".change .said")
    assert said.inner_text() == ""
    inputs = page.locator(".change fieldset input[type=text]")
    inputs.nth(1).fill(inputs.nth(0).input_value())
    assert "kink" in said.inner_text()


def test_help_rises_to_the_answer(opened: Open) -> None:
    page = opened("ex1")
    question = page.locator(".question").nth(4)
    titles = []
    while (button := question.locator(".hint")).is_visible():
        button.click()
        titles.append(question.locator(".level:not([hidden]) > .title").last.inner_text())
    assert titles == ["Hint 1", "Hint 2", "The step", "The answer"]


def test_answers_can_be_taken_to_check(opened: Open, tmp_path: Path) -> None:
    page = opened("ex1")
    page.locator(".question .try .answer").nth(0).fill("z")
    page.locator(".question .try .answer").nth(4).fill('2 * "z')
    page.locator(".yaml").click()
    path = tmp_path / "answers.yaml"
    path.write_text(page.locator(".copy textarea").input_value(), "utf-8")
    assert path.read_text("utf-8") == 'answers:\n  "df/dq": "z"\n  "df/dx": "2 * \\"z"\n'


def test_a_page_without_answers_has_none(tab: Callable[..., Tab], tmp_path: Path) -> None:
    derivation = derived(shipped("ex2"))
    wanted = Export(Sheet(False))
    text = whole([part(derivation.solution, "1", "page", wanted, derivation)], "page", wanted).text
    path = tmp_path / "sheet.html"
    path.write_text(text, "utf-8")
    page = tab().open(path)
    assert page.locator(".walk, .check, .key, g.gradient").count() == 0
    assert "0.1966" not in page.content()
    page.locator("fieldset[data-of=w0] input[type=text]").fill("3")
    assert drawn(page, "z") == ("0", "")
