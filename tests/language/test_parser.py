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
        ("x y", 2, "missing operator before `y`", "write x*y"),
        ("2 x 3", 4, "missing operator before `3`", None),
        (
            "where(x > 1 and y > 1, x, y)",
            16,
            "missing operator before `y`",
            "conditions are nested: where(a, where(b, x, y), y)",
        ),
        (
            "where(x > y or y > 1, x, y)",
            12,
            "missing operator before `or`",
            "conditions are nested: where(a, x, where(b, x, y))",
        ),
        ("1/2x", 2, "`2x` is ambiguous here", "write the * and the parentheses you mean"),
        ("x^2y", 2, "`2y` is ambiguous here", "write the * and the parentheses you mean"),
        ("sin x", 4, "`sin` is a function: its argument stands in parentheses", "write sin(x)"),
        ("y(x + 1)", 0, "`y` is a variable, not a function", "write y*(…)"),
        ("sigmod(x)", 0, "unknown function `sigmod`", "did you mean sigmoid?"),
        ("log10(x)", 0, "there is no function `log10`", "write log(x)/log(10)"),
        (
            "log(x, 2)",
            7,
            "`log` takes 1 argument, not 2",
            "the logarithm to base b is log(x)/log(b)",
        ),
        ("outer(x)", 0, "`outer` takes 2 arguments, not 1", None),
        ("exp(x, axis=0)", 12, "`exp` has no argument `axis`", "named arguments: none"),
        ("sum(x, keepdims=1)", 16, "keepdims is True or False", None),
        (
            "sigmoid'(x)",
            7,
            "`sigmoid'`: only unknown functions are written with '",
            "declare it as {function: 1}",
        ),
        (
            "'x'",
            0,
            "`'` stands only behind what it transposes, A', or behind an unknown function, g'(z)",
            None,
        ),
        ("f'x'", 2, "missing operator before `x`", None),
        ("(x + y", 0, "`(` is never closed", None),
        ("x)", 1, "`)` closes nothing", None),
        ("[(x])", 3, "`(` is closed by `]`", None),
        ("x +", 2, "something is missing after `+`", None),
        ("x */ y", 3, "something is missing between `*` and `/`", None),
        (
            "(x, y)",
            2,
            "a comma stands only between the arguments of a function",
            "a vector is written [a, b]",
        ),
        ("x < y < z", 6, "comparisons do not chain", "compare two things at a time"),
        ("x.shape", 2, "only .T, the transpose, may stand after a point", None),
        ("x!", 1, "`!` is not part of the expression language", "there is no factorial"),
        ("||x||", 0, "`||` is not part of the expression language", "write norm(x)"),
        ("x\u202ey", 1, "the invisible character U+202E has no place in an expression", None),
        ("x\u0007", 1, "the invisible character U+0007 has no place in an expression", None),
        ("1_000", 0, "a number is written without _", None),
        ("0b11", 0, "numbers are decimal", "for a product write 0*b…"),
        ("1e", 0, "a power of ten without digits", "for a product write 1*e"),
        ("--x", 0, "two signs in a row, `--`", "write -(-x)"),
        ("x[]", 2, "an index is missing", None),
        ("x[1:2:3:4]", 7, "`:` is not expected here", None),
        ("[]", 1, "a vector without entries", None),
        ("g()", 0, "`g` without an argument", None),
        ("g(x, axis=0)", 0, "`g` takes arguments without names", None),
        ("sum(axis=0)", 0, "`sum` without an argument", None),
        ("sum(x, axis=0, axis=1)", 15, "`axis` is given twice", None),
        ("sum(x, axis=0, x)", 15, "named arguments come last", None),
        (
            "x = y",
            2,
            "`=` stands only after the name that a line defines",
            "equality in a condition is ==",
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
        ("x" + " " * 1999, "x" + " " * 2000, "a line of 2001 characters; the limit is 2000"),
        (
            "+".join("x" * 400),
            "+".join("x" * 401),
            "more than 800 names, numbers and signs in one line",
        ),
        ("(" * 60 + "x" + ")" * 60, "(" * 61 + "x" + ")" * 61, "nested more than 60 deep"),
        ("1" * 40, "1" * 41, "a number of 41 digits; the limit is 40"),
        ("1e400", "1e401", "the power of ten is beyond ±400"),
        ("1e-400", "1e-401", "the power of ten is beyond ±400"),
        ("n" * 64, "n" * 65, "a name of 65 characters; the limit is 64"),
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
