"""Every mistake in an exercise at its place, in words that help."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.language.parser import Num
from helpers.mistakes import one, problems


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


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("expression: |\n  q = x + 1\n  f = q * (y\n", 3, 11, "`(` is never closed", None),
        ('expression: "a = \\u0078y +\\n"\n', 1, 26, "something is missing after `+`", None),
        ('expression: "a = x + \\\n\\\n  \\  y z"\n', 3, 8, "missing operator before `z`", "write y*z"),
        ('expression: "a = x\n\n  \\\n  y"\n', 4, 3, "of several lines each has a name", "write z = …"),
        ("expression: 'it''s + x'\n", 1, 18, "missing operator before `s`", None),
        ("expression: >\n  a = x +\n  y z\n", 3, 5, "missing operator before `z`", "write y*z"),
        ("expression: f = exp(x\n  + y) w\n", 2, 8, "missing operator before `w`", None),
        ("expression: |\n  q = x\n  f = q\n  q = y\n", 4, 3, "a second definition of `q`; the first is on line 2", None),
        ("expression: |\n  a = b\n  b = c\n  c = a\n", 2, 3, "a cycle: a needs b needs c needs a", "a quantity is computed from earlier ones"),
        ("expression: a = a + x\n", 1, 13, "`a` is defined by itself", None),
        ("expression: g(t) = g(t)\n", 1, 13, "`g` is defined by itself", None),
        ("expression: x*w1\nvariables: [x, w2]\n", 1, 15, "unknown name `w1`", "did you mean w2?"),
        ("expression: w0x0\nvariables: [w0, x0]\n", 1, 13, "unknown name `w0x0`", "did you mean w0*x0?"),
        ("expression: c / yield\n", 1, 17, "`yield` reads as a statement of Python", "to use it as a name, declare it under variables"),
        ("expression: x + inf\n", 1, 17, "`inf` is no number here", "to use it as a name, declare it under variables"),
        ("expression: 2j\n", 1, 13, "there are no complex numbers here", "for a product write 2*j"),
        ("expression: x > y\n", 1, 13, "a comparison is no quantity", "write where(x > y, 1, 0)"),
        ("expression: sum(x[j], j)\n", 1, 23, "`j` is not an index", "declare it: indices: {j: n}"),
        ("expression: p[k] = x[k]\n", 1, 13, "`k` is not declared as an index", "indices: {k: n}"),
        ("expression: |\n  a = x\n  y\n", 3, 3, "of several lines each has a name", "write z = …"),
        ("expression: 9^9^9*x\n", 1, 13, "a power of more than 1,200 digits", None),
        ("expression: x\nvalues: {x: 1, z: 2}\n", 2, 16, "there is no input `z`", None),
        ("expression: f = x*y w\nvalues: {y: 1, w: 2}\nquestions: [df/dw]\n", 1, 21, "missing operator before `w`", "write y*w"),
        ("expression: f = x\nquestions: [d3f/dx3]\n", 2, 14, "derivatives go up to the second", "write df/dx, d2f/dx2 or d2f/dxdy"),
        ("expression: q = x\nvalues: {q: 1}\n", 2, 10, "`q` is computed, so it takes no value", None),
        ("expression: x\nvalues: {x: true}\n", 2, 13, "`true` is not a number", "a value is a number or a constant expression, 1/3, pi/4, log(2)"),
        ("expression: x\nvalues: {x: .nan}\n", 2, 13, "`.nan` is no number", None),
        ("expression: x\nvalues: {x: 1/0}\n", 2, 13, "division by zero", None),
        ("expression: x\nvalues:\n  x: [[1, 2], [3]]\n", 3, 15, "`values.x` is ragged: this entry has the shape [1], the first has [2]", None),
        ("expression: x/n\nvariables: {x: [n]}\nvalues: {n: 3}\n", 3, 10, "`n` is a size", "give its number as sizes: {n: …}"),
        ("expression: x\nvariables: {x: {shape: [n], each: i}}\n", 2, 35, "`i` runs over no examples", "examples: {i: m}"),
        ("expression: x\nvariables: {x: [n/2]}\n", 2, 17, "`n/2` is not a size", "a size is a name, a whole number, or a sum, difference or product of them"),
        ("expression: x\nupstream: 2*y\n", 2, 13, "`y` is not a number", "a value is a number or a constant expression, 1/3, pi/4, log(2)"),
        ("expression: L = x*loss\nupstream: 1\n", 2, 11, "which name the loss has is not clear: L and loss are quantities of the exercise", "name it: upstream: {dJ/dL: 1}"),
        ("expression: f = x\nupstream: {dL/dg: 1}\n", 2, 16, "there is no quantity `g`", "upstream gradients stand at computed quantities"),
        ("expression: f = x\nquestions: [df/dy]\n", 2, 17, "there is no quantity `y`", None),
        ("expression: f = x\nquestions: [dL/dx]\n", 2, 14, "`L` is no quantity here, and there is no upstream gradient", "with `upstream: 1` it is the loss behind the output"),
        ("expression: f = x\nquestions: [f]\n", 2, 13, "`f` is not a question", "write value f, shape f, or a derivative, df/df"),
        ("expression: f = x\nquestions: [df/dx2]\n", 2, 16, "a second derivative begins with d2", "write d2f/dx2"),
        ("expression: f = x\nquestions: [f = df/dx]\n", 2, 13, "`f` is a quantity already; the answer needs a name of its own", None),
        ("expression: x\nnotation: {layout: jacobain}\n", 2, 20, "`notation.layout` cannot be `jacobain`", "did you mean jacobian?"),
        ("expresion: x\nexpression: x\n", 1, 1, "unknown key `expresion`", "did you mean expression?"),
        ("expression: x\nvalues:\n", 2, 8, "`values` has no value", "wanted: a mapping, name: number or nested lists"),
        ("expression: x\ntext: a $\\write18{y}$ b\n", 2, 10, "the command `\\write` may not be used here", None),
        ("title: t\n", 1, 1, "the key `expression` is missing", "for example expression: f = (x + y) * z"),
        ("expression: ' '\n", 1, 14, "an empty expression", "for example f = x * y"),
        ("expression: []\n", 1, 13, "`expression` defines nothing", "for example f = x * y"),
        ("expression: [[x]]\n", 1, 14, "`expression[0]` is a list", "wanted: an expression"),
        ("expression: {2: x}\n", 1, 14, "the left side of `=` is not a name", "write z = …, p[k] = … or g(t) = …"),
        ("expression: {f: x, g: ''}\n", 1, 23, "an expression is missing", None),
        ("expression: {f: x, g: 'y $'}\n", 1, 26, "`$` is not part of the expression language", "an expression stands without $"),
        ("expression: |\n  p(j] = x\n", 2, 3, "the left side of `=` is not a name", "write z = …, p[k] = … or g(t) = …"),
        ("expression: |\n  p[] = x\n", 2, 3, "the left side of `=` is not a name", "write z = …, p[k] = … or g(t) = …"),
        ("expression: |\n  p[2] = x\n", 2, 5, "`2` is not the name of an index", None),
        ("expression: |\n  g(2) = x\n", 2, 5, "`2` is not the name of an argument", None),
        ("expression: |\n  g(t, t) = t\n  f = x\n", 2, 4, "a name stands twice", None),
        ("expression: |\n  g(t) = t\n  g(t) = 2*t\n  f = g(x)\n", 3, 3, "a second definition of `g`", None),
        ("expression: |\n  g(t) = t\n  f = g(x, y)\n", 3, 7, "`g` takes 1 argument, not 2", None),
        ("expression: |\n  g(t) = t\n  f = g'(x)\n", 3, 7, "`g'`: only unknown functions are written with '", None),
        ("expression: g(x, y)\nvariables: {g: {function: 1}, x: [], y: []}\n", 1, 13, "`g` takes 1 argument, not 2", None),
        ("expression: j = x\nindices: {j: 2}\n", 1, 13, "`j` is an index and cannot be defined", "use another name"),
        ("expression: n = x*w\nvariables: {w: [n]}\n", 1, 13, "`n` is a size and cannot be defined", "use another name"),
        ("expression: g = x\nvariables: {g: {function: 1}}\n", 1, 13, "`g` is an unknown function and cannot be defined", "use another name"),
        ("expression: |\n  g(t) = t\n  f = g(x)\nvariables: [g, x]\n", 4, 13, "`g` is a function that a line defines and cannot be a variable too", "use another name"),
        ("expression: x*j\nindices: {j: 3}\nvariables: {x: [3], j: []}\n", 3, 21, "`j` is an index and cannot be a variable too", "use another name"),
        ("expression: x\nvariables: [x, x]\n", 2, 16, "`x` stands twice", None),
        ("expression: x\nvariables: {x: {latex: [y]}}\n", 2, 24, "`variables.x.latex` is a list", "wanted: text"),
        ("expression: x\nvariables: {x: [[2]]}\n", 2, 17, "`variables.x[0]` is a list", "wanted: a size: a name, a number, or a sum or product of them"),
        ("expression: x\nvariables: {x: [0]}\n", 2, 17, "a size is at least 1", None),
        ("expression: g(x)\nvariables: {g: {function: 1, shape: [2]}, x: []}\n", 2, 13, "an unknown function has no `shape`", None),
        ("expression: x\nindices: {2: n}\n", 2, 11, "`2` is not a name", "letters, digits and _, a letter first"),
        ("expression: x\nnotation: {latex: {2x: y}}\n", 2, 20, "`2x` is not a name", "letters, digits and _, a letter first"),
        ("expression: x\nnotation: {digits: 40}\n", 2, 20, "`digits` is between 1 and 30", None),
        ("expression: x\nseed: 1.5\n", 2, 7, "`1.5` is not a whole number", "`seed` is a whole number"),
        ("expression: x\nvalues: {2x: 1}\n", 2, 10, "`2x` is not a name", "letters, digits and _, a letter first"),
        ("expression: x\nvalues: {x: []}\n", 2, 13, "`values.x` has an empty list", "an array has at least one entry"),
        ("expression: x\nvalues: {x: '[1]'}\n", 2, 14, "one number is wanted here", "an array is written as a YAML list"),
        ("expression: x\nvalues: {x: '" + "1+" * 1000 + "1'}\n", 2, 14, "a line of 2001 characters; the limit is 2000", "name parts of it"),
        ("expression: f = x\nupstream: {f: 1}\n", 2, 12, "`f` is not a derivative", "write dL/df: 1"),
        ("expression: f = x\nupstream: {df/df: 1}\n", 2, 13, "`f` is a quantity of the exercise, so it cannot be the loss behind it", "call the loss loss: dloss/df"),
        ("expression: f = x\nupstream: {d2x/df: 1}\n", 2, 13, "`2x` is not a name", "letters, digits and _, a letter first"),
        ("expression: f = x\nupstream: {dL/dx: 1}\n", 2, 16, "`x` is an input", "upstream gradients stand at computed quantities"),
        ("expression: f = x\nupstream: {dL/df: true}\n", 2, 19, "`upstream.dL/df` cannot be `true`", "a name that is not used yet keeps it symbolic"),
        ("expression: f = x\nupstream: x\n", 2, 11, "`upstream` cannot be `x`", "a name that is not used yet keeps it symbolic"),
        ("expression: f = x\nupstream: 2 +\n", 2, 13, "something is missing after `+`", None),
        ("expression: |\n  q = x\n  f = q\nupstream: {dL/df: 1, dM/dq: 1}\n", 4, 22, "two losses, L and M", "the upstream gradients are those of one loss"),
        ("expression: f = x\nquestions: ['" + "d" * 2001 + "']\n", 2, 14, "a question of 2001 characters", None),
        ("expression: f = x\nquestions: [a = df/dx, a = df/df]\n", 2, 28, "a second answer is called `a`", None),
        ("expression: f = x\nquestions: [{ask: a = df/dx, name: b}]\n", 2, 36, "the answer cannot be called `b`: the question names it already", None),
        ("expression: f = x\nquestions: [{ask: df/dx, name: f}]\n", 2, 32, "the answer cannot be called `f`: it is a quantity already", None),
        ("expression: f = x\nquestions: [{ask: df/dx, points: -1}]\n", 2, 34, "points are a number from 0", None),
        ("expression: f = x\nquestions: [2 = df/dx]\n", 2, 13, "`2` is not a name", "name an answer as delta1 = df/dx"),
        ("expression: f = x\nquestions: [local d2f/dx2]\n", 2, 13, "local derivatives are first derivatives", None),
        ("expression: f = x\nupstream: 1\nquestions: [local dL/dx]\n", 3, 20, "the loss is no quantity of the graph, so it has no local derivative", None),
        ("expression: f = x\nquestions: [d2f/dx]\n", 2, 17, "a second derivative has two denominators", "write d2f/dx2 or d2f/dxdy"),
        ("expression: f = x\nquestions: [d2f/dyz]\n", 2, 17, "`dyz` does not name two known quantities", "write d2f/dx2 or d2f/dxdy"),
        ("expression: f = x\nquestions: ['df[0]/dx']\n", 2, 14, "an entry stands behind the whole derivative", "write dJ/dW[0, 2]"),
        ("expression: f = x\nquestions: ['df/dx[]']\n", 2, 20, "a vector without entries", None),
        ("expression: f = x\nquestions: ['df/dx[[0]]']\n", 2, 19, "an entry is [0] or [0, 2]", None),
        ("expression: f = x\nvary: {2: {uniform: [1, 2]}}\n", 2, 8, "`2` is not a name", "letters, digits and _, a letter first"),
        ("expression: f = x\nvary: {y: {uniform: [1, 2]}}\n", 2, 8, "there is no input `y`", None),
        ("expression: f = x\nvary: {x: {uniform: [1, 2, 3]}}\n", 2, 21, "`vary.x.uniform` has two bounds, [from, to]", None),
        ("expression: f = x\nvary: {x: {uniform: [[1, 2]]}}\n", 2, 22, "`vary.x.uniform[0]` is a list", "wanted: a number"),
        ("expression: f = x\nvary: {x: {uniform: 2}}\n", 2, 21, "`vary.x.uniform` is one value", "wanted: a list, [number, …]"),
        ("expression: f = x\nvary: {x: {choices: [1, 2, 3], uniform: [1, 2]}}\n", 2, 11, "`vary.x` wants one of integers, choices, uniform", None),
        ("expression: f = x\nvary: {require: [f != 0, x]}\n", 2, 26, "not a condition", "for example f != 0"),
        ("expression: f = x\nvary: {require: {a: 1}}\n", 2, 17, "`vary.require` is a mapping", "wanted: expression or [expression, …]"),
        ("~: x\nexpression: x\n", 1, 1, "a key is a name, not a list, a mapping or nothing", None),
        ("? [a]\n: x\nexpression: x\n", 1, 3, "a key is a name, not a list, a mapping or nothing", None),
        ("expression: x\n<<: {a: 1}\n", 2, 1, "merge keys have no place here", "write the entries out"),
        ("- x\n", 1, 1, "an exercise is a mapping of keys", "begin with expression: f = x * y"),
        ("", 1, 1, "the file is empty", "an exercise has an `expression`"),
    ],
)  # fmt: skip
def test_mistakes(text: str, line: int, column: int, message: str, hint: str | None) -> None:
    assert one(text) == (line, column, message, hint)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "expression: x[j]\nindices: {j: 2}\nexamples: {j: 3}\n",
            "`j` stands under `examples` and under `indices`",
        ),
        (
            "expression: sum(x[j], j)\nindices: {j: 3}\nvariables: {x: [j]}\n",
            "`j` is an index and a size",
        ),
    ],
)
def test_mistakes_without_a_place(text: str, message: str) -> None:
    (problem,) = problems(text)
    assert (problem.place, problem.message) == (None, message)


def test_several_mistakes_at_once_in_order() -> None:
    found = problems(
        "expression: |\n  q = x +\n  f = q y\nvariables: [x]\nvalues: {z: 1}\nquestions: [dg/dx]\n"
    )
    assert [problem.place.line for problem in found if problem.place] == [2, 3, 5, 6]
