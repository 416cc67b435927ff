"""Every mistake in an exercise at its place, in words that help."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.graph.build import build
from gradcalc.language.errors import GradcalcError
from gradcalc.language.parser import Num, unparse
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
        ("expression: sum(x^2, j)\n", 1, 22, "`j` is not an index", "declare how far it runs: indices: {j: n}"),
        ("expression: p[k] = x\n", 1, 13, "`k` is not declared as an index", "indices: {k: n}"),
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
        ("expression: f = x\nupstream: {}\nquestions: [dL/dx]\n", 3, 14, "there is no quantity `L`, and no upstream gradient that would make it the loss", "add upstream: 1"),
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
        ("expression: g(x, y)\nvariables: {g: {function: 1}, x: [], y: []}\n", 1, 13, "`g` takes 1 argument, not 2", "declare variables: {g: {function: 2}}"),
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
        ("expression: f = x\nvary: {x: {choices: [1, 2, 3], uniform: [1, 2]}}\n", 2, 11, "`vary.x` needs one of integers, decimals, rationals, choices, uniform, aim, sizes, functions", None),
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


def test_several_mistakes_at_once_in_order() -> None:
    found = problems(
        "expression: |\n  q = x +\n  f = q y\nvariables: [x]\nvalues: {z: 1}\nquestions: [dg/dx]\n"
    )
    assert [problem.place.line for problem in found if problem.place] == [2, 3, 5, 6]


UPSTREAM = """
expression: Z = X @ W
variables: {X: [N, d], W: [d, k], G: {shape: [N, k], latex: '\\bar{Z}'}}
upstream: {dL/dZ: G}
"""


def test_the_symbol_of_an_upstream_gradient_may_be_declared() -> None:
    exercise = parse_exercise(UPSTREAM + "values: {X: [[1, 2]], W: [[1], [1]], G: [[3]]}\n")
    assert exercise.inputs == ("X", "W")
    assert [unparse(size) for size in exercise.variables["Z"].shape or ()] == ["N", "k"]
    assert exercise.notation.latex["G"] == r"\bar{Z}"
    solution = solve(exercise)
    assert solution.gradients["W"].value == [[3], [6]]
    assert solution.gradients["W"].text == "X.T @ G"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ("{X: [N, d], W: [d, k], G: [N, d]}", "Z is declared N×d, but `X @ W` is N×k"),
        (
            "{X: [N, d], W: [d, k], Z: [N, k], G: [N, d]}",
            "`G` is the gradient at Z, which is [N, k]",
        ),
    ],
)
def test_an_upstream_gradient_has_the_shape_of_its_quantity(variables: str, message: str) -> None:
    text = f"expression: Z = X @ W\nvariables: {variables}\nupstream: {{dL/dZ: G}}\n"
    with pytest.raises(GradcalcError) as caught:
        build(parse_exercise(text))
    assert [problem.message for problem in caught.value.problems] == [message]


def test_a_variable_of_a_line_is_no_symbol() -> None:
    text = "expression: Z = X + G\nupstream: {dL/dZ: G}\nvariables: {X: [n], G: [n]}\n"
    with pytest.raises(GradcalcError, match="cannot be `G`"):
        parse_exercise(text)


@pytest.mark.parametrize(
    ("page", "parts"),
    [
        ("", ("walk", "values", "check")),
        ("page: {}", ("walk", "values", "check")),
        ("page: {parts: [check, walk, walk]}", ("walk", "check")),
        ("page: {parts: []}", ()),
    ],
)
def test_the_parts_of_a_page_stand_in_its_order(page: str, parts: tuple[str, ...]) -> None:
    assert parse_exercise(f"expression: f = x*y\n{page}\n").page_parts == parts


@pytest.mark.parametrize(
    ("page", "column", "message", "hint"),
    [
        (
            "{parts: [walk, valeus]}",
            22,
            "`page.parts[1]` cannot be `valeus`",
            "did you mean values?",
        ),
        (
            "{parts: [key]}",
            16,
            "`page.parts[0]` cannot be `key`",
            "choose from walk, values, check",
        ),
        ("{parts: walk}", 15, "`page.parts` must be a list, not one value", "write parts: [walk]"),
        ("{part: [walk]}", 8, "unknown key `part` in `page`", "did you mean parts?"),
    ],
)
def test_a_part_that_a_page_does_not_have(page: str, column: int, message: str, hint: str) -> None:
    found = one(f"expression: f = x*y\npage: {page}\n")
    assert found == (2, column, message, hint)
