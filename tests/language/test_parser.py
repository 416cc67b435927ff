"""Expressions: what is read, and what is refused in which words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.language.errors import SpanError
from gradcalc.language.parser import (
    Binary,
    Call,
    Compare,
    Index,
    Name,
    Neg,
    Num,
    Slice,
    Transpose,
    Vector,
    parse,
    unparse,
    walk,
)

FUNCTIONS = frozenset({"g", "phi"})


x, y, z = Name("x"), Name("y"), Name("z")


def num(value: int) -> Num:
    return Num(Fraction(value))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("x + y*z", Binary("+", x, Binary("*", y, z))),
        ("-x^2", Neg(Binary("^", x, num(2)))),
        ("x**y**z", Binary("^", x, Binary("^", y, z))),
        ("x - y - z", Binary("-", Binary("-", x, y), z)),
        ("-x*y", Neg(Binary("*", x, y))),
        ("x/-y*z", Binary("*", Binary("/", x, Neg(y)), z)),
        ("x^-y*z", Binary("*", Binary("^", x, Neg(y)), z)),
        ("2x", Binary("*", num(2), x)),
        ("2x^2", Binary("*", num(2), Binary("^", x, num(2)))),
        ("x - 2(y + z)", Binary("-", x, Binary("*", num(2), Binary("+", y, z)))),
        ("2e^x", Binary("*", num(2), Binary("^", Name("e"), x))),
        ("1e-3", Num(Fraction(1, 1000))),
        ("010", num(10)),
        (".5", Num(Fraction(1, 2))),
        ("2e+3", num(2000)),
        ("+x", x),
        ("x @ y.T", Binary("@", x, Transpose(y))),
        ("xᵀ", Transpose(x)),
        ("x'", Transpose(x)),
        ("x · y × z", Binary("*", Binary("*", x, y), z)),
        ("x ⊙ y ∘ z", Binary("*", Binary("*", x, y), z)),
        ("x ÷ y − z", Binary("-", Binary("/", x, y), z)),
        ("√x²", Binary("^", Call("sqrt", (x,)), num(2))),
        ("x¹²", Binary("^", x, num(12))),
        ("2*3x", Binary("*", Binary("*", num(2), num(3)), x)),
        ("sum(x, axis=(0, 1,))", Call("sum", (x,), (("axis", Vector((num(0), num(1)))),))),
        ("√x + x²", Binary("+", Call("sqrt", (x,)), Binary("^", x, num(2)))),
        ("w₀·x³", Binary("*", Name("w0"), Binary("^", x, num(3)))),
        ("|x - y|", Call("abs", (Binary("-", x, y),))),
        ("ln(x)", Call("log", (x,))),
        ("σ(z)", Call("sigmoid", (z,))),
        ("sigma(z)", Call("sigmoid", (z,))),
        ("sigma*z", Binary("*", Name("sigma"), z)),
        ("π", Name("pi")),
        ("µ + ϵ", Binary("+", Name("μ"), Name("ε"))),
        ("g''(z)", Call("g", (z,), primes=2)),
        ("[x, y]", Vector((x, y))),
        ("x[0]", Index(x, (num(0),))),
        ("x[y, :]", Index(x, (y, Slice()))),
        ("x[1:]", Index(x, (Slice(num(1)),))),
        ("x[:-1]", Index(x, (Slice(None, Neg(num(1))),))),
        ("x[::2]", Index(x, (Slice(None, None, num(2)),))),
        ("where(x >= 0, x, -x)", Call("where", (Compare(">=", x, num(0)), x, Neg(x)))),
        ("x ≠ y", Compare("!=", x, y)),
        (
            "sum(x, axis=0, keepdims=True)",
            Call("sum", (x,), (("axis", num(0)), ("keepdims", Name("True")))),
        ),
        ("sum(x, axis=(0, 1))", Call("sum", (x,), (("axis", Vector((num(0), num(1)))),))),
        ("lambda*E + I", Binary("+", Binary("*", Name("lambda"), Name("E")), Name("I"))),
        ("x  # a comment", x),
    ],
)
def test_reads(text: str, tree: Any) -> None:
    assert parse(text, FUNCTIONS) == tree


@pytest.mark.parametrize(
    ("text", "at", "message", "hint"),
    [
        ("", 0, "an expression is missing", None),
        ("x y", 2, "an operator is missing between `x` and `y`", "write x*y"),
        ("2 x 3", 4, "an operator is missing between `x` and `3`", "write 2 x*3"),
        (
            "where(x > 1 and y > 1, x, y)",
            12,
            "`and` does not combine conditions",
            "nest them: where(a, where(b, x, y), y)",
        ),
        (
            "where(x > y or y > 1, x, y)",
            12,
            "`or` does not combine conditions",
            "nest them: where(a, x, where(b, x, y))",
        ),
        ("1/2x", 2, "`2x` can be read in two ways here", "write 1/2*x or 1/(2*x)"),
        ("x^2y", 2, "`2y` can be read in two ways here", "write x^2*y or x^(2*y)"),
        ("sin x", 0, "`sin` is a function: put its argument in parentheses", "write sin(x)"),
        ("y(x + 1)", 0, "`y` is a variable, not a function", "write y*(x + 1)"),
        ("sigmod(x)", 0, "unknown function `sigmod`", "did you mean sigmoid?"),
        ("cbrt(x)", 0, "gradcalc has no function `cbrt`", "write x^(1/3)"),
        (
            "log(x, 2)",
            7,
            "`log` takes 1 argument, not 2",
            "write log(x)/log(2)",
        ),
        ("outer(x)", 0, "`outer` takes 2 arguments, not 1", None),
        ("exp(x, axis=0)", 7, "`exp` has no argument `axis`", None),
        ("sum(x, keepdims=2)", 16, "`keepdims` must be True or False", None),
        (
            "sigmoid'(x)",
            7,
            "`sigmoid'`: only the derivatives of unknown functions are written with '",
            "ask for derivatives under `questions`: [df/dx]",
        ),
        (
            "'x'",
            0,
            "`'` must follow what it transposes, A', or an unknown function, g'(z)",
            None,
        ),
        (
            "f'x'",
            2,
            "an operator is missing between `'` and `x`",
            "write f' @ x'; or use * for the elementwise product",
        ),
        ("(x + y", 0, "`(` is never closed", "write (x + y)"),
        ("x)", 1, "`)` closes nothing", "write x"),
        ("[(x])", 3, "`(` is closed by `]` instead of `)`", "write [(x)]"),
        ("x +", 2, "something is missing after `+`", None),
        ("x */ y", 3, "something is missing between `*` and `/`", None),
        (
            "(x, y)",
            2,
            "a comma is only used between arguments and entries",
            "write [x, y]",
        ),
        (
            "x < y < z",
            6,
            "comparisons cannot be chained",
            "nest them: where(a < b, where(b < c, x, y), y)",
        ),
        (
            "x.shape",
            2,
            "only .T, the transpose, can follow a point",
            "name the length, variables: {x: [n]}, and write n",
        ),
        (
            "x!",
            1,
            "gradcalc has no factorial and no `not`",
            "write where(x > 0, 0, 1) for the opposite of a condition",
        ),
        ("||x", 0, "`||` is never closed", "write ||x||"),
        (
            "x\u202ey",
            1,
            "the invisible character U+202E is not allowed in an expression",
            "delete it",
        ),
        (
            "x\u0007",
            1,
            "the invisible character U+0007 is not allowed in an expression",
            "delete it",
        ),
        ("1_000", 0, "a number cannot contain _", None),
        ("0b11", 0, "only decimal numbers are supported", "for a product write 0*b…"),
        ("1e", 0, "the exponent of this number has no digits", "for a product write 1*e"),
        ("--x", 0, "two signs in a row, `--`", "write -(-x)"),
        ("x[]", 2, "an index is missing", None),
        ("x[1:2:3:4]", 7, "`:` is not expected here", None),
        ("[]", 1, "a vector needs at least one entry", None),
        ("g()", 0, "`g` needs an argument", None),
        ("g(x, axis=0)", 0, "`g` takes no named arguments", None),
        ("sum(axis=0)", 0, "`sum` needs an array", None),
        ("sum(x, axis=0, axis=1)", 15, "`axis` is given twice", None),
        ("sum(x, axis=0, x)", 15, "named arguments must come last", None),
        (
            "x = y",
            2,
            "`=` defines a quantity; in a condition, equality is `==`",
            None,
        ),
    ],
)
def test_refuses(text: str, at: int, message: str, hint: str | None) -> None:
    with pytest.raises(SpanError) as caught:
        parse(text, FUNCTIONS, {"y"})
    assert (caught.value.start, caught.value.message, caught.value.hint) == (at, message, hint)


@pytest.mark.parametrize(
    ("fits", "exceeds", "message"),
    [
        ("x" + " " * 1999, "x" + " " * 2000, "this line has 2001 characters; the limit is 2000"),
        (
            "+".join("x" * 400),
            "+".join("x" * 401),
            "this line has more than 800 names, numbers and signs",
        ),
        ("(" * 60 + "x" + ")" * 60, "(" * 61 + "x" + ")" * 61, "nested more than 60 deep"),
        ("1" * 40, "1" * 41, "this number has 41 digits; the limit is 40"),
        ("1e400", "1e401", "the power of ten is beyond ±400"),
        ("1e-400", "1e-401", "the power of ten is beyond ±400"),
        ("n" * 64, "n" * 65, "this name has 65 characters; the limit is 64"),
    ],
)
def test_limits(fits: str, exceeds: str, message: str) -> None:
    parse(fits)
    with pytest.raises(SpanError) as caught:
        parse(exceeds)
    assert caught.value.message == message


@pytest.mark.slow
@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    st.text(alphabet="xyWT01.9e+-*/^@()[],:=<>!|'√²ᵀ·σ #\n\tsumλ\u0301\u202e", max_size=40)
    | st.text(max_size=30)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Only SpanError leaves the parser, and its offsets lie in the text."""
    tree: Any = None
    start = 0
    try:
        tree = parse(text, FUNCTIONS)
    except SpanError as error:
        start = error.start
    assert 0 <= start <= len(text)
    assert tree is None or parse(unparse(tree), FUNCTIONS) == tree


def test_spans_cover_what_was_read() -> None:
    text = "a*(b + c) - exp(d)"
    tree = parse(text)
    assert isinstance(tree, Binary)
    assert [text[slice(*part.span)] for part in walk(tree)] == [
        "a*(b + c) - exp(d)", "a*(b + c)", "a", "b + c", "b", "c", "exp(d)", "d",
    ]  # fmt: skip


def test_a_long_sum_is_no_deep_nesting() -> None:
    tree = parse("+".join(["x"] * 400))
    assert sum(1 for _ in walk(tree)) == 799
    assert unparse(tree) == " + ".join(["x"] * 400)
