"""gradcalc export --to page --variants: the numbers of variants on a page, and where it has none."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from gradcalc.app.cli import run
from gradcalc.app.page_variants import Wanted, tables
from gradcalc.app.shipped import open_exercise
from gradcalc.language.errors import GradcalcError

EXERCISE = """\
expression: |
  q = x + w[0]
  f = q * z
variables: {w: [2]}
values: {x: -2, w: [5, 1], z: -4}
questions: [df/dx, df/dz]
"""
VARY = "vary: {x: {integers: [-9, 9]}, w: {integers: [1, 9]}, z: {choices: [1/2, -3, 4]}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "product.yaml"
    path.write_text(EXERCISE + VARY)
    return path


def data(path: Path) -> dict[str, Any]:
    """What the script of a page reads of its exercise."""
    found = re.findall(r'<script type="application/json">(.*?)</script>', path.read_text("utf-8"))
    read: dict[str, Any] = json.loads(found[-1])
    return read


def test_a_page_has_the_numbers_that_vary_draws(file: Path, tmp_path: Path) -> None:
    page, out = tmp_path / "page.html", tmp_path / "out"
    assert (
        run(
            ["export", str(file), "--to", "page", "--variants", "6", "--seed", "3", "-o", str(page)]
        )
        == 0
    )
    assert run(["vary", str(file), "-n", "6", "--seed", "3", "-o", str(out)]) == 0
    rows = list(csv.DictReader(io.StringIO((out / "variants.csv").read_text())))
    number = {"1/2": 0.5, "-3": -3, "4": 4}
    assert data(page)["variants"] == [
        {"x": int(row["x"]), "w": json.loads(row["w"]), "z": number[row["z"]]} for row in rows
    ]
    assert [one.get("range") for one in data(page)["fields"]] == [None, [-9, 9], None]
    first = page.read_bytes()
    assert (
        run(
            ["export", str(file), "--to", "page", "--variants", "6", "--seed", "3", "-o", str(page)]
        )
        == 0
    )
    assert page.read_bytes() == first
    assert run(["export", str(file), "--to", "page", "--variants", "6", "-o", str(page)]) == 0
    assert page.read_bytes() != first


def test_a_page_without_variants_has_no_button(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run(["export", str(file), "--to", "page", "-o", str(page)]) == 0
    assert "variants" not in data(page)
    assert 'class="other"' not in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("more", "message", "hint"),
    [
        ("", "this exercise does not say what varies", "add --auto, or write `vary`"),
        (
            VARY + "page: {parts: [walk]}\n",
            "other numbers need the part `values` of the page",
            "write page: {parts: [values, …]}",
        ),
        ("vary: {x: {choices: [1, 2]}}\n", "found 1 of 3 variants", "gradcalc vary FILE -n 3 says"),
    ],
)
def test_where_a_page_has_no_other_numbers(
    more: str, message: str, hint: str, tmp_path: Path
) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(EXERCISE + more)
    with pytest.raises(GradcalcError) as caught:
        tables(str(path), open_exercise(str(path)), Wanted(3))
    (problem,) = caught.value.problems
    assert problem.message == message
    assert str(problem.hint).replace(str(path), "FILE").startswith(hint)


@pytest.mark.parametrize(
    ("vary", "what"),
    [
        ("{n: {sizes: [2, 4]}, z: {choices: [1, 2]}}", "sizes"),
        ("{tanh: {functions: [tanh, exp]}}", "functions"),
    ],
)
def test_a_page_varies_values_alone(vary: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(
        "expression: f = z * sum(tanh(w))\nvariables: {w: [n]}\nsizes: {n: 2}\n"
        f"values: {{w: [5, 1], z: -4}}\nvary: {vary}\n"
    )
    with pytest.raises(GradcalcError, match=f"varies in its {what}") as caught:
        tables(str(path), open_exercise(str(path)), Wanted(3))
    assert caught.value.problems[0].place is not None
    assert "export DIR --to page" in str(caught.value.problems[0].hint)


def test_auto_chooses_what_varies(tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(EXERCISE)
    found = tables(str(path), open_exercise(str(path)), Wanted(4, auto=True))
    assert len(found) == 4
    assert {*found[0]} == {"x", "w", "z"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "html", "--variants", "3"], "--variants is for pages: --to page"),
        (["--to", "latex", "--no-answers"], "--no-answers is for pages: --to page"),
        (["--to", "page", "--seed", "3"], "--seed needs --variants N"),
        (["--to", "page", "--auto"], "--auto needs --variants N"),
        (
            ["--to", "page", "--variants", "3", "--set", "x=3"],
            "--variants draws the values: leave out --set",
        ),
        (["--to", "page", "--variants", "1001"], "Invalid value for '--variants'"),
    ],
)
def test_options_of_pages_that_do_not_fit(
    words: list[str], message: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(file), *words]) == 2
    assert message in capsys.readouterr().err
