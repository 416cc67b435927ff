"""Exercise files: what they say, and every mistake at its place in words that help."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.app.console import describe
from gradcalc.exercise.author_tex import check_markdown, check_tex
from gradcalc.exercise.load import exercise_from, load_exercise, parse_exercise, with_set
from gradcalc.exercise.source import MAX_BYTES, MAX_LINES, MAX_TOTAL
from gradcalc.exercise.yaml_nodes import MAX_SCALARS
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.parser import Binary, Name, Neg, Num, unparse

SHIPPED = sorted(Path(__file__).parent.parent.joinpath("exercises").glob("*.yaml"))


def problems(text: str | bytes) -> list[Problem]:
    with pytest.raises(GradcalcError) as caught:
        parse_exercise(text, "e.yaml")
    return list(caught.value.problems)


def said(text: str | bytes) -> list[str]:
    return [describe(problem) for problem in problems(text)]


def one(text: str | bytes) -> tuple[int, int, str, str | None]:
    """Line, column, message and hint of the only problem."""
    (problem,) = problems(text)
    assert problem.place is not None
    return problem.place.line, problem.place.column, problem.message, problem.hint


def refusals(text: str | bytes) -> tuple[Problem, ...]:
    """The problems of a text that may be fine; only GradcalcError is caught."""
    try:
        parse_exercise(text, "e.yaml")
    except GradcalcError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_exercises_are_read_without_a_warning(path: Path) -> None:
    assert load_exercise(str(path)).warnings == ()


def test_an_exercise() -> None:
    exercise = parse_exercise(
        "title: T\nexpression: |\n  q = x + y\n  f = q * z  # last\nvariables: [x, y, z]\n"
        "values: {x: -2, y: 5, z: 1/3}\nupstream: {dL/df: 1}\nquestions: [df/dq, delta = dL/dx]\n",
        "e.yaml",
    )
    assert [definition.name for definition in exercise.definitions] == ["q", "f"]
    assert exercise.inputs == ("x", "y", "z")
    assert exercise.values["x"] == Neg(Num(Fraction(2)))
    assert unparse(exercise.values["z"]) == "1/3"  # type: ignore[arg-type]
    assert (exercise.loss, exercise.upstream[0].of) == ("L", "f")
    first, second = exercise.questions
    assert (first.text, first.kind, first.of, first.by, first.name, first.loss) == (
        "df/dq",
        "derivative",
        "f",
        ("q",),
        None,
        False,
    )
    assert (second.text, second.of, second.name, second.loss) == ("dL/dx", "L", "delta", True)
    place = exercise.definitions[1].place
    assert place is not None
    assert (place.line, place.column) == (4, 3)


@pytest.mark.parametrize(
    ("expression", "defined"),
    [
        ("(x + y) * z", ["f"]),
        ("f*x", ["f1"]),
        ("2", ["f"]),
        ("\n  - b = a\n  - a = x", ["b", "a"]),
        ("{b: a, a: x}", ["b", "a"]),
        ("|\n  g(t) = t^2\n  g(x)", ["f"]),
        ("|\n  a = sum(x,\n    axis=0)\n  b = a", ["a", "b"]),
        (">\n  a = x +\n  y", ["a"]),
    ],
)
def test_forms_of_the_expression(expression: str, defined: list[str]) -> None:
    exercise = parse_exercise(f"expression: {expression}\n")
    assert [definition.name for definition in exercise.definitions] == defined


def test_words_mean_what_they_say() -> None:
    """YAML 1.1 would read booleans, base eight, base sixty and strings here."""
    exercise = parse_exercise(
        "expression: y*n + no\nvariables: [y, n, no, on]\nvalues: {y: 1e-3, n: 010, no: 1.5, on: 5.}\ntitle: 1.10\n"
    )
    assert exercise.values == {
        "y": Num(Fraction(1, 1000)),
        "n": Num(Fraction(10)),
        "no": Num(Fraction(3, 2)),
        "on": Num(Fraction(5)),
    }
    assert exercise.title == "1.10"


def test_inputs_leave_out_what_is_known() -> None:
    exercise = parse_exercise(
        "expression: |\n  h(t) = t*k\n  z = g(x) + pi/m\n  p[j] = h(z) + w[j]\n  J = sum(p[j], j)\n"
        "examples: {i: m}\nindices: {j: n}\nvariables: {x: {shape: [n], each: i}, g: {function: 1}}\n"
    )
    assert exercise.inputs == ("x", "w", "k")
    assert exercise.size_names == {"m", "n"}
    assert exercise.unknown_functions == ("g",)


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("expression: |\n  q = x + 1\n  f = q * (y\n", 3, 11, "`(` is never closed", "write q * (y)"),
        ('expression: "a = \\u0078y +\\n"\n', 1, 26, "something is missing after `+`", None),
        ('expression: "a = x + \\\n\\\n  \\  y z"\n', 3, 8, "an operator is missing between `y` and `z`", "write x +   y*z"),
        ('expression: "a = x\n\n  \\\n  y"\n', 4, 3, "each of several lines needs a name", "write z = …"),
        ("expression: 'it''s + x'\n", 1, 18, "an operator is missing between `'` and `s`", "write it' @ s + x; or use * for the elementwise product"),
        ("expression: >\n  a = x +\n  y z\n", 3, 5, "an operator is missing between `y` and `z`", "write x + y*z"),
        ("expression: f = exp(x\n  + y) w\n", 2, 8, "an operator is missing between `)` and `w`", "write exp(x + y)*w"),
        ("expression: |\n  q = x\n  f = q\n  q = y\n", 4, 3, "`q` is defined twice; the first is on line 2", None),
        ("expression: |\n  a = b\n  b = c\n  c = a\n", 2, 3, "circular definitions: a needs b needs c needs a", "define one of them without the others"),
        ("expression: a = a + x\n", 1, 13, "`a` is used in its own definition", "give the new value another name: a1 = a + x"),
        ("expression: |\n  g(t) = g(t)\n  f = g(x)\n", 2, 3, "`g` is used in its own definition", "a function cannot call itself"),
        ("expression: x*w1\nvariables: [x, w2]\n", 1, 15, "unknown name `w1`", "did you mean w2?"),
        ("expression: w0x0\nvariables: [w0, x0]\n", 1, 13, "unknown name `w0x0`", "did you mean w0*x0?"),
        ("expression: c / yield\n", 1, 17, "`yield` is a keyword of Python", "to use it as a name, declare it: variables: {yield: []}"),
        ("expression: x + inf\n", 1, 17, "`inf` is not a number here", "to use it as a name, declare it: variables: {inf: []}"),
        ("expression: 2j\n", 1, 13, "complex numbers are not supported", "for a product write 2*j"),
        ("expression: x > y\n", 1, 13, "a comparison is not a number", "write where(x > y, 1, 0)"),
        ("expression: sum(x[j], j)\n", 1, 23, "`j` is not an index", "declare how far it runs: indices: {j: n}"),
        ("expression: p[k] = x[k]\n", 1, 13, "`k` is not declared as an index", "indices: {k: n}"),
        ("expression: |\n  a = x\n  y\n", 3, 3, "each of several lines needs a name", "write z = …"),
        ("expression: 9^9^9*x\n", 1, 13, "this power has more than 1,200 digits", None),
        ("expression: x\nvalues: {x: 1, z: 2}\n", 2, 16, "there is no input `z`", "inputs: x"),
        ("expression: f = x*y w\nvalues: {y: 1, w: 2}\nquestions: [df/dw]\n", 1, 21, "an operator is missing between `y` and `w`", "write x*y*w"),
        ("expression: f = x\nquestions: [d3f/dx3]\n", 2, 14, "only first and second derivatives are supported", "write df/dx, d2f/dx2 or d2f/dxdy"),
        ("expression: q = x\nvalues: {q: 1}\n", 2, 10, "`q` is computed, so it cannot be given a value", None),
        ("expression: x\nvalues: {x: true}\n", 2, 13, "`true` is not a number", "a value is a number or a constant such as 1/3, pi/4 or log(2)"),
        ("expression: x\nvalues: {x: .nan}\n", 2, 13, "`.nan` is not a finite number", None),
        ("expression: x\nvalues: {x: 1/0}\n", 2, 13, "division by zero", None),
        ("expression: x\nvalues:\n  x: [[1, 2], [3]]\n", 3, 15, "the rows of `values.x` differ: this one has shape [1], the first [2]", None),
        ("expression: x/n\nvariables: {x: [n]}\nvalues: {n: 3}\n", 3, 10, "`n` is a size, not a variable", "write sizes: {n: …}"),
        ("expression: x\nvariables: {x: {shape: [n], each: i}}\n", 2, 35, "`i` is not declared under `examples`", "add examples: {i: m}"),
        ("expression: x\nvariables: {x: [n/2]}\n", 2, 17, "`n/2` is not a size", "a size is a name, a whole number, or a sum, difference, product or power of them"),
        ("expression: x\nupstream: 2*y\n", 2, 13, "`y` is not a number", "a value is a number or a constant such as 1/3, pi/4 or log(2)"),
        ("expression: L = x*loss\nupstream: 1\n", 2, 11, "ambiguous loss name: both L and loss are already used", "choose a name: upstream: {dJ/dL: 1}"),
        ("expression: f = x\nupstream: {dL/dg: 1}\n", 2, 16, "there is no quantity `g`", "computed quantities: f"),
        ("expression: f = x\nquestions: [df/dy]\n", 2, 17, "there is no quantity `y`", "names: x, f"),
        ("expression: f = x\nquestions: [dL/dx]\n", 2, 14, "there is no quantity `L`, and no upstream gradient that would make it the loss", "add upstream: 1"),
        ("expression: f = x\nquestions: [f]\n", 2, 13, "`f` is a name, not a question", "write value f, shape f or df/dx"),
        ("expression: f = x\nquestions: [df/dx2]\n", 2, 16, "a second derivative begins with d2", "write d2f/dx2"),
        ("expression: f = x\nquestions: [f = df/dx]\n", 2, 13, "`f` is already a quantity; choose another name for the answer", None),
        ("expression: x\nnotation: {layout: jacobain}\n", 2, 20, "`notation.layout` cannot be `jacobain`", "did you mean jacobian?"),
        ("expresion: x\nexpression: x\n", 1, 1, "unknown key `expresion`", "did you mean expression?"),
        ("expression: x\nvalues:\n", 2, 8, "`values` has no value", "expected a mapping, {name: number or nested lists}"),
        ("expression: x\ntext: a $\\write18{y}$ b\n", 2, 10, "the command `\\write` is not supported", None),
        ("title: t\n", 1, 1, "the key `expression` is missing", "write for example expression: f = (x + y) * z"),
        ("expression: ' '\n", 1, 14, "the expression is empty", "write for example f = x * y"),
        ("expression: []\n", 1, 13, "`expression` is empty", "write for example f = x * y"),
        ("expression: [[x]]\n", 1, 14, "`expression[0]` must be one value, not a list", "expected an expression"),
        ("expression: {2: x}\n", 1, 14, "the left side of `=` must be a name", "write z = …, p[k] = … or g(t) = …"),
        ("expression: {f: x, g: ''}\n", 1, 23, "an expression is missing", None),
        ("expression: {f: x, g: 'y $'}\n", 1, 26, "`$` is LaTeX; an expression is written without it", "write y"),
        ("expression: |\n  p(j] = x\n", 2, 3, "the left side of `=` must be a name", "write z = …, p[k] = … or g(t) = …"),
        ("expression: |\n  p[] = x\n", 2, 3, "the left side of `=` must be a name", "write z = …, p[k] = … or g(t) = …"),
        ("expression: |\n  p[2] = x\n", 2, 5, "`2` cannot be the name of an index", None),
        ("expression: |\n  g(2) = x\n", 2, 5, "`2` cannot be the name of an argument", None),
        ("expression: |\n  g(t, t) = t\n  f = x\n", 2, 4, "the same name appears twice", None),
        ("expression: |\n  g(t) = t\n  g(t) = 2*t\n  f = g(x)\n", 3, 3, "the function `g` is defined twice", None),
        ("expression: |\n  g(t) = t\n  f = g(x, y)\n", 3, 7, "`g` takes 1 argument, not 2", None),
        ("expression: |\n  g(t) = t\n  f = g'(x)\n", 3, 7, "`g'`: only the derivatives of unknown functions are written with '", None),
        ("expression: g(x, y)\nvariables: {g: {function: 1}, x: [], y: []}\n", 1, 13, "`g` takes 1 argument, not 2", None),
        ("expression: j = x\nindices: {j: 2}\n", 1, 13, "`j` is an index, so a line cannot define it", "use another name"),
        ("expression: n = x*w\nvariables: {w: [n]}\n", 1, 13, "`n` is a size, so a line cannot define it", "use another name"),
        ("expression: g = x\nvariables: {g: {function: 1}}\n", 1, 13, "`g` is an unknown function, so a line cannot define it", "use another name"),
        ("expression: |\n  g(t) = t\n  f = g(x)\nvariables: [g, x]\n", 4, 13, "`g` is a function that a line defines, so it cannot be a variable too", "use another name"),
        ("expression: x*j\nindices: {j: 3}\nvariables: {x: [3], j: []}\n", 3, 21, "`j` is an index, so it cannot be a variable too", "use another name"),
        ("expression: x\nvariables: [x, x]\n", 2, 16, "`x` is listed twice", None),
        ("expression: x\nvariables: {x: {latex: [y]}}\n", 2, 24, "`variables.x.latex` must be one value, not a list", "expected text"),
        ("expression: x\nvariables: {x: [[2]]}\n", 2, 17, "`variables.x[0]` must be one value, not a list", "expected a size: a name, a number, or a sum or product of them"),
        ("expression: x\nvariables: {x: [0]}\n", 2, 17, "a size must be at least 1", None),
        ("expression: g(x)\nvariables: {g: {function: 1, shape: [2]}, x: []}\n", 2, 13, "an unknown function cannot have `shape`", None),
        ("expression: x\nindices: {2: n}\n", 2, 11, "`2` is not a name", "a name has letters, digits and _, and begins with a letter"),
        ("expression: x\nnotation: {latex: {2x: y}}\n", 2, 20, "`2x` is not a name", "a name has letters, digits and _, and begins with a letter"),
        ("expression: x\nnotation: {digits: 40}\n", 2, 20, "`digits` must be between 1 and 30", None),
        ("expression: x\nseed: 1.5\n", 2, 7, "`1.5` is not a whole number", "`seed` must be a whole number"),
        ("expression: x\nvalues: {2x: 1}\n", 2, 10, "`2x` is not a name", "a name has letters, digits and _, and begins with a letter"),
        ("expression: x\nvalues: {x: []}\n", 2, 13, "`values.x` has an empty list", "an array needs at least one entry"),
        ("expression: x\nvalues: {x: '[1]'}\n", 2, 14, "expected one number", "write an array as a list, without quotes"),
        ("expression: x\nvalues: {x: '" + "1+" * 1000 + "1'}\n", 2, 14, "this line has 2001 characters; the limit is 2000", "give parts of it a line of their own"),
        ("expression: f = x\nupstream: {f: 1}\n", 2, 12, "`f` is not a derivative", "write upstream: {dL/df: 1}"),
        ("expression: f = x\nupstream: {df/df: 1}\n", 2, 13, "`f` is already a quantity; choose another name for the loss", "write dL/df"),
        ("expression: f = x\nupstream: {d2x/df: 1}\n", 2, 13, "`2x` is not a name", "a name has letters, digits and _, and begins with a letter"),
        ("expression: f = x\nupstream: {dL/dx: 1}\n", 2, 16, "`x` is an input; an upstream gradient needs a computed quantity", "computed quantities: f"),
        ("expression: f = x\nupstream: {dL/df: true}\n", 2, 19, "`upstream.dL/df` cannot be `true`", "write a number, or a name that is not used yet to keep it symbolic"),
        ("expression: f = x\nupstream: x\n", 2, 11, "`upstream` cannot be `x`", "write a number, or a name that is not used yet to keep it symbolic"),
        ("expression: f = x\nupstream: 2 +\n", 2, 13, "something is missing after `+`", None),
        ("expression: |\n  q = x\n  f = q\nupstream: {dL/df: 1, dM/dq: 1}\n", 4, 22, "all upstream gradients must be those of one loss, not of L and M", "write dL/dq"),
        ("expression: f = x\nquestions: ['" + "d" * 2001 + "']\n", 2, 14, "a question has at most 2000 characters", None),
        ("expression: f = x\nquestions: [a = df/dx, a = df/df]\n", 2, 28, "two answers are called `a`", None),
        ("expression: f = x\nquestions: [{ask: a = df/dx, name: b}]\n", 2, 36, "the answer cannot be called `b`: the question already names it", None),
        ("expression: f = x\nquestions: [{ask: df/dx, name: f}]\n", 2, 32, "the answer cannot be called `f`: that is a quantity", None),
        ("expression: f = x\nquestions: [{ask: df/dx, points: -1}]\n", 2, 34, "points must be a number of at least 0", None),
        ("expression: f = x\nquestions: [2 = df/dx]\n", 2, 13, "`2` is not a name", "write for example delta1 = df/dx"),
        ("expression: f = x\nquestions: [local d2f/dx2]\n", 2, 13, "a local derivative must be a first derivative", None),
        ("expression: f = x\nupstream: 1\nquestions: [local dL/dx]\n", 3, 20, "the loss has no local derivative, because it is not a quantity of the exercise", None),
        ("expression: f = x\nquestions: [d2f/dx]\n", 2, 17, "a second derivative needs two variables", "write d2f/dx2 or d2f/dxdy"),
        ("expression: f = x\nquestions: [d2f/dyz]\n", 2, 17, "`dyz` must name two known quantities", "write d2f/dx2 or d2f/dxdy"),
        ("expression: f = x\nquestions: ['df[0]/dx']\n", 2, 14, "the entry follows the whole derivative", "write for example dJ/dW[0, 2]"),
        ("expression: f = x\nquestions: ['df/dx[]']\n", 2, 20, "a vector needs at least one entry", None),
        ("expression: f = x\nquestions: ['df/dx[[0]]']\n", 2, 19, "an entry is written [0] or [0, 2]", None),
        ("expression: f = x\nvary: {2: {uniform: [1, 2]}}\n", 2, 8, "`2` is not a name", "a name has letters, digits and _, and begins with a letter"),
        ("expression: f = x\nvary: {y: {uniform: [1, 2]}}\n", 2, 8, "there is no input `y`", "inputs: x"),
        ("expression: f = x\nvary: {x: {uniform: [1, 2, 3]}}\n", 2, 21, "`vary.x.uniform` needs two bounds, [from, to]", None),
        ("expression: f = x\nvary: {x: {uniform: [[1, 2]]}}\n", 2, 22, "`vary.x.uniform[0]` must be one value, not a list", "expected a number"),
        ("expression: f = x\nvary: {x: {uniform: 2}}\n", 2, 21, "`vary.x.uniform` must be a list, not one value", "expected a list, [number, …]"),
        ("expression: f = x\nvary: {x: {choices: [1, 2, 3], uniform: [1, 2]}}\n", 2, 11, "`vary.x` needs one of integers, choices, uniform", None),
        ("expression: f = x\nvary: {require: [f != 0, x]}\n", 2, 26, "this is not a condition", "write for example f != 0"),
        ("expression: f = x\nvary: {require: {a: 1}}\n", 2, 17, "`vary.require` must be one value or a list, not a mapping", "expected expression or [expression, …]"),
        ("~: x\nexpression: x\n", 1, 1, "a key must be a name", None),
        ("? [a]\n: x\nexpression: x\n", 1, 3, "a key must be a name", None),
        ("expression: x\n<<: {a: 1}\n", 2, 1, "YAML merge keys are not supported", "write the entries out"),
        ("- x\n", 1, 1, "the file has no keys", "write for example expression: f = x * y"),
        ("", 1, 1, "the file is empty", "write for example expression: f = x * y"),
    ],
)  # fmt: skip
def test_mistakes(text: str, line: int, column: int, message: str, hint: str | None) -> None:
    assert one(text) == (line, column, message, hint)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("expression: *w0 + 1\n", 1, 13, "a value without quotes cannot begin with `*`"),
        ("expression: f\nquestions: [*a]\n", 2, 13, "YAML reads `*a` as an alias, and aliases are not supported"),
        ("expression: |x|\n", 1, 13, "YAML reads `|` at the beginning of a value as the sign of a text block"),
        ("title: @home\n", 1, 8, "a value without quotes cannot begin with `@`"),
        ("title: `x`\n", 1, 8, "a value without quotes cannot begin with ```"),
        ("title: %x\n", 1, 8, "a value without quotes cannot begin with `%`"),
        ("title: Exercise 1: chain rule\n", 1, 18, "a value without quotes cannot contain a colon and a space"),
        ("expression: x\n  title: t\n", 2, 8, "this key is indented under a value"),
        ("title: - x\n", 1, 8, "a list cannot begin on the line of its key"),
        ("expression: {q: max(x, y), f: q}\n", 1, 17, "YAML cuts this at its commas, inside [ ] and { }"),
        ("expression: J = x\nquestions: [dJ/dx[0, 2]]\n", 2, 18, "YAML cuts this at its commas, inside [ ] and { }"),
        ("expression: [1, 2] @ x\n", 1, 20, "YAML ends the value here, because it begins with `[` as a list"),
        ('title: "unclosed\nexpression: x\n', 1, 8, "this quotation mark is never closed"),
        ('title: "a\\qb"\n', 1, 10, "YAML does not know this escape"),
        ("expression:\n\t- x\n", 2, 1, "YAML does not allow a tab here"),
        ("title: t\nexpression: x\n---\ntitle: u\n", 3, 1, "a file holds one exercise"),
        ("expression: x\nexpression: y\n", 2, 1, "duplicate key `expression` (first used on line 1)"),
        ("expression: μ\nvalues: {µ: 1, μ: 2}\n", 2, 16, "duplicate key `μ` (first used on line 2)"),
        ("expression: !!str x\n", 1, 13, "YAML reads `!!str` as a tag, and tags are not supported"),
        ("expression: &a x\n", 1, 13, "YAML reads `&a` as an anchor, and anchors are not supported"),
        ("title: 2024-01-01\nexpression: x\n", 1, 8, "`2024-01-01` looks like a date or a time"),
        ("title: 1:30\nexpression: x\n", 1, 8, "`1:30` looks like a date or a time"),
        ("expression: x\ntags: " + "[" * 17 + "]" * 17 + "\n", 2, 22, "lists and mappings are nested more than 16 deep"),
    ],
)  # fmt: skip
def test_traps_of_yaml(text: str, line: int, column: int, message: str) -> None:
    found = problems(text)[0]
    assert found.place is not None
    assert (found.place.line, found.place.column, found.message) == (line, column, message)


def test_encodings() -> None:
    text = "title: dérivée\nexpression: ŷ = x\n"
    assert parse_exercise(text.encode("utf-8-sig")).title == "dérivée"
    assert parse_exercise(text.replace("\n", "\r\n")).definitions[0].name == "ŷ"
    assert parse_exercise(text.replace("\n", "\r")).definitions[0].name == "ŷ"
    assert one(text.encode("latin-1", "replace")) == (
        1,
        9,
        "this file is not UTF-8",
        "save it as UTF-8",
    )
    assert one(text.encode("utf-16")) == (1, 1, "this file is UTF-16", "save it as UTF-8")
    assert one("title: a\x1b[31m\n") == (
        1,
        9,
        "a control character (U+001B) is not allowed",
        "delete it",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "expression: x[j]\nindices: {j: 2}\nexamples: {j: 3}\n",
            "`j` is declared under `examples` and under `indices`",
        ),
        (
            "expression: sum(x[j], j)\nindices: {j: 3}\nvariables: {x: [j]}\n",
            "`j` is both an index and a size",
        ),
    ],
)
def test_mistakes_without_a_place(text: str, message: str) -> None:
    (problem,) = problems(text)
    assert (problem.place, problem.message) == (None, message)


def test_what_libyaml_refuses_is_refused_without_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML's own reader raises a ValueError for an escape beyond Unicode."""
    monkeypatch.setattr("gradcalc.exercise.yaml_nodes._LOADER", yaml.BaseLoader)
    assert one('title: "\\UFFFFFFFF"\nexpression: x\n') == (
        1,
        1,
        "this is not valid YAML",
        None,
    )


def test_limits_of_a_file() -> None:
    head = "expression: x\n#"
    assert parse_exercise(head + "a" * (MAX_BYTES - len(head)))
    assert one(head + "a" * (MAX_BYTES - len(head) + 1024)) == (
        1,
        1,
        "the file has 257 KiB; the limit is 256 KiB",
        None,
    )
    assert parse_exercise("expression: x" + "\n" * MAX_LINES)
    assert one("expression: x" + "\n" * (MAX_LINES + 1)) == (
        1,
        1,
        "the file has 5002 lines; the limit is 5000",
        None,
    )
    assert (
        one(b"#" * (MAX_TOTAL + 1))[2]
        == f"the file has more than {MAX_TOTAL // 1024} KiB; the limit is 256 KiB"
    )
    assert (
        problems("expression: x\nvalues: {x: [" + "1," * MAX_SCALARS + "]}\n")[0].message
        == "the file has more than 50,000 values"
    )
    numbers = ", ".join(["-1.23456789012345678901234567"] * 10_000)
    assert len(parse_exercise(f"expression: x\nvalues: {{x: [{numbers}]}}\n").values["x"]) == 10_000  # type: ignore[arg-type]


def test_several_mistakes_at_once_in_order() -> None:
    found = problems(
        "expression: |\n  q = x +\n  f = q y\nvariables: [x]\nvalues: {z: 1}\nquestions: [dg/dx]\n"
    )
    assert [problem.place.line for problem in found if problem.place] == [2, 3, 5, 6]


def test_a_message_has_the_line_and_a_caret() -> None:
    assert said("expression: |\n  q = x\n  f = q * sgmoid(y)\n") == [
        "e.yaml:3:11: unknown function `sgmoid`\n      f = q * sgmoid(y)\n              ^^^^^^ did you mean sigmoid?"
    ]


def test_the_caret_stays_on_the_screen_and_under_wide_characters() -> None:
    (long,) = said("expression: " + "x + " * 100 + "y z\n")
    assert all(len(line) <= 110 for line in long.split("\n"))
    _, line, caret = long.split("\n")
    assert line[caret.index("^")] == "z"
    (wide,) = said("expression: 数 + x y\n")
    assert wide.split("\n")[2].index("^") == 4 + len("expression: 数 + x ") + 1


def test_warnings() -> None:
    def warned(text: str) -> list[str]:
        return [problem.message for problem in parse_exercise(text).warnings]

    assert warned("expression: x + 1 # and more\n") == [
        "YAML reads `# and more` as a comment, so the expression ends before it"
    ]
    assert warned("title: Sheet #2\nexpression: x\n") == [
        "YAML reads `#2` as a comment, so `title` ends before it"
    ]
    assert warned("expression: x + х\n") == ["`x` and `х` are two names but look the same in print"]
    assert warned("expression: alpha + α\n") == [
        "`alpha` and `α` are two names but look the same in print"
    ]
    assert warned("expression: w0x0 + w0\nvariables: {w0: [], x0: []}\n") == [
        "`w0x0` is a single name"
    ]
    assert warned("expression: |\n  relu(t) = t\n  relu(x)\n") == [
        "your `relu` replaces the built-in function of that name"
    ]
    assert warned("expression: |\n  tanh = x\n  dot = tanh(tanh)\n") == []


@pytest.mark.parametrize(
    ("question", "kind", "of", "by"),
    [
        ("df/dx", "derivative", "f", ("x",)),
        ("∂f/∂x", "derivative", "f", ("x",)),
        ("d f / d x", "derivative", "f", ("x",)),
        ("local df/dq", "local", "f", ("q",)),
        ("df/dx2", "derivative", "f", ("x2",)),
        ("d2f/dx22", "second", "f", ("x2", "x2")),
        ("d2f/dx2", "second", "f", ("x", "x")),
        ("∂²f/∂x∂q", "second", "f", ("x", "q")),
        ("∂²f/∂x²", "second", "f", ("x", "x")),
        ("d2f/dxddot", "second", "f", ("x", "dot")),
        ("df/ddot", "derivative", "f", ("dot",)),
        ("dloss/dx", "derivative", "loss", ("x",)),
        ("shape x", "shape", "x", ()),
        ("value q", "value", "q", ()),
        ("shape X2", "shape", "X2", ()),
        ("shape stack(x)", "shape", "stack(x)", ()),
    ],
)
def test_questions(question: str, kind: str, of: str, by: tuple[str, ...]) -> None:
    text = (
        "expression: |\n  q = x*x2\n  dot = q*L\n  f = q + dot\nvariables: {x2: {each: i}}\nexamples: {i: m}\n"
        f"upstream: 1\nquestions:\n  - {question}\n"
    )
    (read,) = parse_exercise(text).questions
    assert (read.kind, read.of, read.by, read.loss) == (kind, of, by, of == "loss")


def test_a_question_for_one_entry_and_in_long_form() -> None:
    first, second = parse_exercise(
        "expression: J = x\nquestions:\n  - g0 = dJ/dx[0, n - 1]\n  - {ask: dJ/dx, name: g, text: How?, points: 1.5}\n"
    ).questions
    assert first.entry == (Num(Fraction(0)), Binary("-", Name("n"), Num(Fraction(1))))
    assert (first.name, first.text) == ("g0", "dJ/dx[0, n - 1]")
    assert (second.name, second.prompt, second.points) == ("g", "How?", 1.5)


def test_vary() -> None:
    vary = parse_exercise(
        "expression: f = x*y\nvary: {x: {integers: [-2, 2]}, y: {choices: [1, 1/2, 3]}, require: [f != 0, x < y]}\n"
    ).vary
    assert {kind: [unparse(value) for value in drawn] for kind, drawn in vary["x"].items()} == {
        "integers": ["-2", "2"]
    }
    assert [unparse(value) for value in vary["y"]["choices"]] == ["1", "1/2", "3"]
    assert [unparse(condition) for condition in vary["require"]] == ["f != 0", "x < y"]
    (wrong,) = problems("expression: f = x\nvary: {require: f +}\n")
    assert wrong.message == "something is missing after `+`"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("i", "`i` is an index, so it has no value", None),
        ("g", "`g` is a function, so it has no value", None),
        ("pi", "`pi` is a constant", "to use it as a variable, declare it: variables: {pi: []}"),
        ("X", "`X` is the stack of `x`", "give it under the name x"),
        ("ww", "there is no input `ww`", "did you mean w?"),
    ],
)
def test_what_takes_no_value(name: str, message: str, hint: str | None) -> None:
    text = "expression: J = sum(g(x*w), i)\nexamples: {i: m}\nvariables: {x: {each: i}, w: [], g: {function: 1}}\n"
    assert one(f"{text}values: {{{name}: 1}}\n") == (4, 10, message, hint)


def test_upstream() -> None:
    def upstream(text: str) -> Any:
        exercise = parse_exercise(f"expression: |\n  q = x\n  f = q*L\n{text}\n")
        return exercise.loss, [(part.of, part.value) for part in exercise.upstream]

    one, two = Num(Fraction(1)), Num(Fraction(2))
    assert upstream("upstream: 1") == ("loss", [(None, one)])
    assert upstream("upstream: {dℓ/df: 1, dℓ/dq: [1, 2]}") == ("ℓ", [("f", one), ("q", (one, two))])
    assert upstream("upstream: {dJ/df: G}") == ("J", [("f", Name("G"))])


def test_settings_replace_values() -> None:
    exercise = parse_exercise("expression: x*w\nvariables: {w: [n]}\nvalues: {x: 1}\n")
    assert with_set(exercise, "x=pi").values["x"] == Name("pi")
    changed = with_set(exercise, "x=-1/3", "w=[1, 2]", "n=2")
    assert unparse(changed.values["x"]) == "-1/3"  # type: ignore[arg-type]
    assert (len(changed.values["w"]), changed.sizes) == (2, {"n": 2})  # type: ignore[arg-type]
    for setting, message in {
        "x": "`x` has no `=`",
        "y=1": "there is no input `y`",
        "x=w": "`w` is not a number",
        "w=[[1],2]": "the rows have different lengths",
        "n=1/2": "the size `n` must be a whole number of at least 1",
    }.items():
        with pytest.raises(GradcalcError) as caught:
            with_set(exercise, setting)
        assert caught.value.problems[0].message == message


def test_from_python_data() -> None:
    exercise = exercise_from(
        {"expression": ["q = x", "f = q*w"], "values": {"x": -0.5, "w": [1, 2]}, "seed": 3}
    )
    assert unparse(exercise.values["x"]) == "-0.5"  # type: ignore[arg-type]
    assert exercise.seed == 3
    assert exercise_from({"expression": "w", "values": {"w": np.eye(2)}}).values == exercise_from(
        {"expression": "w", "values": {"w": [[1.0, 0.0], [0.0, 1.0]]}}
    ).values  # fmt: skip
    with pytest.raises(GradcalcError) as caught:
        exercise_from({"expression": "x", "values": {"x": float("inf")}, "colour": None})
    assert [problem.slug for problem in caught.value.problems] == ["key", "number"]


def test_files_that_cannot_be_read() -> None:
    for path in ("no/such/file.yaml", "a\0b", str(Path(__file__).parent)):
        with pytest.raises(GradcalcError) as caught:
            load_exercise(path)
        assert caught.value.problems[0].message.startswith("cannot read this file: ")


@pytest.mark.parametrize(
    "text",
    [
        "\\frac{x}{2}",
        "\\hat{y}^{(i)}",
        "\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}",
        "x_1 + \\{a\\}",
    ],
)
def test_tex_that_may_be_written(text: str) -> None:
    assert list(check_tex(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "\\input{x}",
        "\\write18{x}",
        "\\def\\x{}",
        "{x",
        "x}",
        "\\begin{verbatim}",
        "\\end{matrix}",
        "a & b",
        "x % y",
        "^^41",
        "#1",
        "\\csname",
        "\\@",
    ],
)
def test_tex_that_may_not(text: str) -> None:
    assert list(check_tex(text))
    assert list(check_markdown(f"a ${text}$ b"))


def test_a_single_dollar_is_a_dollar() -> None:
    assert list(check_markdown("It costs 5$ or ${7*7}, \\input{x}")) == []


PIECES = [
    "expression:", "variables:", "values:", "upstream:", "questions:", "indices:", "examples:", "notation:", "vary:", "sizes:",
    " ", "\n", "\n  ", "- ", "{", "}", "[", "]", ", ", ": ", "x", "f = ", "x + y", "p[k]", "g(t) = ", "df/dx", "d2f/dx2", "dL/df",
    "1", "-0.5", "1e9", "'", '"', "|", ">", "*", "&a", "!!t", "#", "\t", "\\u202e", "\0", "é", "each: i", "shape:", "function: 1",
    "digits: 4", "integers: [1, 2]", "require:", "ask:", "~", "<<", "2024-01-01", "$\\x$", "---", "(", ")",
]  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
    | st.text(max_size=60)
    | st.binary(max_size=60)
)
def test_any_file_is_read_or_refused(text: str | bytes) -> None:
    """Only GradcalcError leaves the reader, and every problem has its place."""
    for problem in refusals(text):
        assert describe(problem).startswith("e.yaml:")
        assert len(describe(problem).split("\n")) <= 3


def test_damaged_exercises_are_read_or_refused() -> None:
    """Shipped exercises with characters dropped, doubled and swapped."""
    chance = random.Random(1)
    for path in SHIPPED[:40]:
        text = path.read_text("utf-8")
        for _ in range(5):
            at = chance.randrange(len(text))
            piece = chance.choice(PIECES)
            damaged = (
                text[:at]
                + chance.choice(["", piece, text[at : at + 2] * 2])
                + text[at + chance.randrange(3) :]
            )
            assert all(describe(problem).startswith("e.yaml:") for problem in refusals(damaged))
