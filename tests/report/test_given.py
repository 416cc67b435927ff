"""What is given: every number that a key uses is on its sheet, in text, and nothing is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import pytest

from gradcalc.app.export import Export, export
from gradcalc.app.shipped import exercise_text, titles
from gradcalc.derivation.answer_model import Solution
from gradcalc.exercise.load import parse_exercise
from gradcalc.language.parser import Num, walk
from gradcalc.report.figure import Sheet, sketch
from gradcalc.report.handout import compose
from helpers.handouts import handout_of, listed, rows_of

POWER = re.compile(r"10(?:\^\{|\s+)([−-]\s*\d+)")
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:\s*\\cdot\s*10\^\{-?\d+\})?")


# Kinds that the shipped exercises have few of: drawn values of every order, scalars beside arrays, upstream arrays.
OWN = {
    "mixed": "expression: f = a*sum(A@x)\nvariables: {A: [m, n], x: [n], a: []}\nsizes: {m: 7, n: 31}\nseed: 3\nvalues: {a: 2.125}\n",
    "cube": "expression: f = sum(T)\nvariables: {T: [2, 3, 4]}\nseed: 4\n",
    "upstream": "expression: Z = A@B\nvariables: {A: [3, 5], B: [5, 2]}\nseed: 5\nupstream: [[1.5, 3], [4, 5], [6, 7]]\n",
    "constants": "text: See the graph.\nexpression: f = 0.75*x^3 + 12\nvalues: {x: 1e-7}\n",
    "examples": "expression: |\n  z = w @ x\n  J = sum((z - y)^2, i)/m\nexamples: {i: m}\nsizes: {m: 33}\n"
    "variables: {w: [4], x: {shape: [4], each: i}, y: {shape: [], each: i}}\nseed: 6\n",
}


def exercises() -> list[str]:
    return [*titles(), *OWN]


@cache
def sketched(name: str) -> Solution:
    return sketch(parse_exercise(OWN.get(name) or exercise_text(name), name))


def numbers_in(tex: str) -> set[Fraction]:
    """Every number that a text shows, whatever its sign."""
    found = set()
    for word in NUMBER.findall(tex):
        mantissa, _, power = word.partition("\\cdot")
        scale = Fraction(10) ** int(re.findall(r"-?\d+", power.split("^")[1])[0]) if power else 1
        found.add(Fraction(mantissa.strip()) * scale)
    found |= {Fraction(10) ** int(re.sub("−\\s*", "-", power)) for power in POWER.findall(tex)}
    return found


def entries(value: object) -> Iterator[float]:
    if isinstance(value, list):
        for item in value:
            yield from entries(item)
    elif isinstance(value, int | float):
        yield value


def used(solution: Solution) -> set[Fraction]:
    """The numbers that answers are computed from: of the inputs, and in the definitions."""
    exercise = solution.graph.exercise
    found = set()
    for name, value in solution.inputs.items():
        if name not in exercise.values:  # drawn: decimals of two digits
            found |= {Fraction(str(abs(number))) for number in entries(value)}
    trees = [definition.expr for definition in exercise.definitions]
    stack = [*exercise.values.values(), *(item.value for item in exercise.upstream)]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack += item
        else:
            trees.append(item)
    found |= {abs(part.value) for tree in trees for part in walk(tree) if isinstance(part, Num)}
    return {number for number in found if number not in (0, 1, 2)}


@pytest.mark.slow
@pytest.mark.parametrize("to", ["latex", "html", "markdown"])
def test_every_number_that_the_key_uses_is_on_the_sheet(to: str) -> None:
    missing = {}
    for name in exercises():
        solution = sketched(name)
        text = export([solution], to, Export(Sheet())).text
        if to == "html":
            text = re.sub(r"<svg.*?</svg>|<style>.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL)
        else:
            text = re.sub(
                r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", " ", text, flags=re.DOTALL
            )
        there = numbers_in(text.replace("{,}", ""))
        there |= {
            one / other for one in there for other in there if other and one < 50 and other < 50
        }
        if lost := used(solution) - there:
            missing[name] = sorted(map(str, lost))[:5]
    assert missing == {}


@pytest.mark.slow
def test_sheet_and_key_give_the_same_and_leave_nothing_out() -> None:
    for name in exercises():
        solution = sketched(name)
        sheet = compose(solution, Sheet())
        assert sheet.given == compose(solution, Sheet(solution=True)).given
        inputs = [name for name in solution.graph.inputs if solution.inputs.get(name) is not None]
        said = listed(sheet).get(sheet.words.given, [])
        assert len(said) >= len(inputs), name
        assert not any("…" in line or "undefined" in line for line in said), name


def test_large_matrices_are_given_in_parts_and_long_vectors_as_rows() -> None:
    row = ", ".join(f"{k}.25" for k in range(30))
    made = handout_of(
        f"expression: f = sum(X) + sum(v)\nvalues: {{X: [[{row}]], v: [1, 2, 3, 4, 5, 6, 7]}}\n"
    )
    given = listed(made)["Given:"]
    assert [line.partition(" = ")[0] for line in given] == [
        "X[:, 0:10]",
        "X[:, 10:19]",
        "X[:, 19:28]",
        "X[:, 28:30]",
        "v",
    ]
    assert given[-1] == "v = [1, 2, 3, 4, 5, 6, 7]"


def test_stacks_are_named_as_stacks_and_values_stay_as_the_author_wrote_them() -> None:
    made = handout_of(
        "expression: J = sum(w*x, i)\nvariables: {x: {each: i}, w: {shape: [], description: the weight}}\n"
        "examples: {i: m}\nvalues: {x: [1/3, 0.1], w: pi/4}\nquestions: [dJ/dw]\n"
    )
    assert listed(made)["Given:"] == ["X = [1/3, 0.1] (column i is x)", "w = π/4 (the weight)"]


def test_a_computation_that_the_statement_gives_is_not_said_twice() -> None:
    text = "text: Let $q = x + y$ and $f(x) = 0.5 q z$.\nexpression: |\n  q = x + y\n  f = 0.5 * q * z\n"
    assert rows_of(handout_of(text), handout_of(text).given) == []
    other = text.replace("0.5 q", "q")  # a number is missing in the words
    assert rows_of(handout_of(other), handout_of(other).given) == ["= x + y", "= 0.5q z"]
