"""Every shipped exercise explained in every detail, drawn at every width and written in every format."""

from __future__ import annotations

import pytest

from gradcalc.render import render_as, table
from gradcalc.render.derivation_json import document
from gradcalc.report.blocks import Options
from gradcalc.report.explanation import DETAILS, compose_explanation, pages
from helpers.derivations import shipped_derivation
from helpers.paths import EXERCISES


@pytest.mark.slow
@pytest.mark.parametrize("detail", ["brief", "normal", "full"])
@pytest.mark.parametrize(
    "name",
    [
        "ex1",
        "ex2",
        "ex3",
        "attention",
        "softmax-by-entries",
        "hessian-two-variables",
        "jacobian-layouts",
        "relu-kink",
    ],
)
def test_every_page_is_drawn_at_every_width(name: str, detail: str) -> None:
    derivation = shipped_derivation(name, detail)
    for options in (
        Options(width=60, detail=detail),
        Options(width=200, ascii=True, detail=detail),
    ):
        for page in pages(derivation, options):
            assert table.render(page.report, options)
        text = table.render(compose_explanation(derivation, options), options)
        assert not options.ascii or text.isascii()
        assert max(map(len, text.splitlines())) <= options.width or not text.isascii()


NAMES = sorted(path.stem for path in EXERCISES.glob("*.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "detail"), [(name, DETAILS[k % 3]) for k, name in enumerate(NAMES)]
)
def test_every_exercise_explains_every_step(name: str, detail: str) -> None:
    """Each in one detail: every path has a rule and its sentence, no step is wrong, every format writes it."""
    derivation = shipped_derivation(name, detail)
    for one in derivation.passes:
        for step in one.steps:
            assert step.verified is None or step.verified.ok is not False
            assert all(path.rules or path.through is None for path in step.paths)
            assert all(rule.sentence for path in step.paths for rule in path.rules)
    options = Options(detail=detail)
    report = compose_explanation(derivation, options)
    assert all(render_as(format, [report], options) for format in ("table", "markdown", "plain"))
    assert document(derivation)["passes"] or not derivation.passes
