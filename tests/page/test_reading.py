"""The page reads what Python reads: the same trees at the same offsets, and it refuses the same texts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gradcalc.exercise.load import load_exercise
from gradcalc.language.errors import SpanError
from gradcalc.language.parser import parse, unparse
from gradcalc.marking.reading import Words, read_formula
from helpers.page import node, of_page, of_python, run
from helpers.paths import ROOT, SHIPPED

FUNCTIONS = ("g", "u", "φ")
KNOWN = ("x", "y", "A", "X")
ANSWERS = Words(
    frozenset(("x", "y", "z", "w_0", "X", "G", "Z", "dL_dZ", "m", "i")),
    frozenset(("g",)),
    frozenset(("z",)),
    {("L", "Z"): "dL_dZ"},
    arguments={"g": 1},
)
SIGNS = "+-*/^@()[],.:=<>|'√ᵀ 0123456789xyzAWσeE_²₁∂dg&;{}πΣ−·"


@cache
def texts() -> tuple[str, ...]:
    """Every formula of the exercises and of the test data, and each with a slip of the hand."""
    found = [
        text
        for path in SHIPPED
        for line in load_exercise(str(path)).definitions
        for text in (unparse(line.expr), line.source.value)
    ]
    for path in sorted(ROOT.glob("tests/marking/**/*.tsv")):
        found += [cell for row in _rows(path) for cell in row[:3]]
    for row in _rows(ROOT / "tests" / "messages" / "typed_mistakes.tsv"):
        found += [row[1], row[1].partition("= ")[2]]
    found = list(dict.fromkeys(found))
    random = Random(1)
    slips = [_slip(text, random) for text in found for _ in range(2)]
    return (*found, *slips)


def _rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text("utf-8").splitlines()]


def _slip(text: str, random: Random) -> str:
    at, kept = random.randrange(len(text) + 1), random.randrange(2)
    return text[:at] + random.choice([*SIGNS, ""]) + text[at + kept :]


def python(text: str) -> Any:
    try:
        return of_python(parse(text, frozenset(FUNCTIONS), frozenset(KNOWN)))
    except SpanError:
        return None


def test_the_same_trees() -> None:
    words = {"functions": FUNCTIONS, "known": KNOWN}
    found = run([["parse", text, words] for text in texts()])
    for text, answer in zip(texts(), found, strict=True):
        page = None if "problem" in answer else of_page(answer)
        assert page == python(text), text
    assert sum("problem" not in answer for answer in found) > 1000


def test_answers_are_read_as_kindly() -> None:
    """`dL/dZ`, `)(`, a comparison as an indicator, names that may not stand there."""
    words = {
        "answer": True,
        "known": sorted(ANSWERS.known),
        "functions": sorted(ANSWERS.functions),
        "forbidden": sorted(ANSWERS.forbidden),
        "partials": {"L Z": "dL_dZ"},
        "arguments": {"g": 1},
    }
    given = [text.replace("f'", "g'") for text in texts()] + SPELLINGS
    found = run([["parse", text, words] for text in given])
    read = 0
    for text, answer in zip(given, found, strict=True):
        tree = _answer(text)
        if tree == "an absurd constant":  # which the page finds when it evaluates it
            continue
        page = None if "problem" in answer else _without_spans(of_page(answer))
        assert page == tree, (text, answer)
        read += tree is not None
    assert read > 20


def _answer(text: str) -> Any:
    try:
        return _without_spans(of_python(read_formula(text, ANSWERS)))
    except SpanError as error:
        return "an absurd constant" if error.slug == "constant" else None


SPELLINGS = [
    "(x+1)(x-1)", "(x+1)x", "x(y+1)", "2x(y+1)", "sin(x)(1-y)", "x²(y+1)", "(x)(y)(x)", "g(x)(y)",
    "-(x)(y)", "(x+1)^2(y)", "G * (Z > 0)", "1 - (x > 0)", "1[x > 0]*y", "where(x > 0, y, 0)",
    "where((x > 0) > 0, y, 0)", "|x|", "max(x)", "dL/dZ * x", "∂L/∂Z * x", "sum(X[j], j)",
    "x−y·π", "g'(x)", "g(x, y)", "x > 0", "1/(x)(y)", "1/(x)y", "3,6", "x = 3", "x # half",
    "sum(X[j, k], j, k > 0)", "I", "X T", "inf", "eye(m)[i]", "matrix_power(X, 101)", "w0*x",
    "sum(x*(y > 0), i)", "z", "x/0", "1/log(1/0)", "sqrt(-2)*x", "(-8)^(1/3)", "x/(1 - 1)", "0^-1", "acos(2)", "x == y", "max(x, y > 0)", "[x, y > 0]", "X[(y > 0), :]",
]  # fmt: skip


def _without_spans(tree: Any) -> Any:
    """Products and indicators that are put in stand where nothing was written."""
    if isinstance(tree, tuple):
        return tuple(_without_spans(part) for part in tree if not isinstance(part, int))
    return tree


@pytest.mark.parametrize(
    ("text", "start", "message", "hint"),
    [
        ("2x +", 3, "something is missing after `+`", ""),
        ("(x", 0, "`(` is never closed", ""),
        ("x y", 2, "an operator is missing between `x` and `y`", "write * for a product"),
        ("sgn(x)", 0, "gradcalc has no function `sgn`", "write sign(A)"),
        ("sinn(x)", 0, "unknown function `sinn`", "did you mean sign?"),
        ("x^T", None, "", ""),
        ("sin²(x)", 0, "put the power after the argument of `sin`", "write sin(…)^2"),
        ("x – y", 2, "`–` is a dash, not a minus sign", "write -"),
        ("softmax(A, axs=0)", 0, "`softmax` has no argument `axs`", "axis="),
        ("(" * 80 + "x", 61, "nested more than 60 deep", ""),
        ("x" * 2001, 0, "this line has 2001 characters; the limit is 2000", ""),
    ],
)
def test_what_is_wrong_is_said(text: str, start: int | None, message: str, hint: str) -> None:
    (found,) = run([["parse", text, {"known": ["x", "y"]}]])
    if start is None:
        assert "problem" not in found
    else:
        assert (found["start"], found["message"], found["hint"]) == (start, message, hint)


def test_the_scripts_are_read_by_node() -> None:
    assert node()
