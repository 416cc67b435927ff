"""Trees written as text that reads back to the same tree."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.language.parser import (
    CALLABLE,
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
    number,
    parse,
    unparse,
)

FUNCTIONS = frozenset({"g", "phi"})


x, y, z = Name("x"), Name("y"), Name("z")


def num(value: int) -> Num:
    return Num(Fraction(value))


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Binary("-", x, Binary("-", y, z)), "x - (y - z)"),
        (Binary("*", Binary("+", x, y), z), "(x + y)*z"),
        (Binary("^", Binary("^", x, y), z), "(x^y)^z"),
        (Binary("^", Neg(x), num(2)), "(-x)^2"),
        (Neg(Binary("*", x, y)), "-x*y"),
        (Binary("*", Neg(x), y), "(-x)*y"),
        (Neg(Neg(x)), "-(-x)"),
        (Neg(Binary("+", x, y)), "-(x + y)"),
        (Transpose(Binary("@", x, y)), "(x @ y).T"),
        (Index(num(2), (num(0),)), "(2)[0]"),
        (Num(Fraction(-2)), "-2"),
        (Num(Fraction(1, 3)), "1/3"),
        (Binary("*", Num(Fraction(-1, 2)), x), "-1/2*x"),
        (Binary("^", x, Num(Fraction(-1, 2))), "x^(-1/2)"),
        (Num(Fraction(10**400)), "1e400"),
    ],
)
def test_writes(tree: Any, text: str) -> None:
    assert unparse(tree) == text


@pytest.mark.parametrize("text", ["0.5*x", "1e-5", "0.044715", "123.25", "3e-200", "1e300"])
def test_decimals_stay_as_written(text: str) -> None:
    assert unparse(parse(text)) == text


def test_a_decimal_too_long_for_a_literal_keeps_its_value() -> None:
    tree = parse("1.5e-400")
    assert unparse(tree) == "3/2e400"
    assert rational(parse("3/2e400")) == rational(tree)


NAMES = st.sampled_from(["x", "y", "W1", "α", "ŷ", "lambda", "E", "D_a1", "sigma"]).map(Name)


NUMBERS = st.integers(0, 10**45).map(lambda n: parse("1e44") if n > 10**40 else num(n))


ELEMENTWISE = sorted(
    set(CALLABLE.values()) & {"exp", "log", "sigmoid", "relu", "tanh", "tr", "inv"}
)


BOUNDS = st.none() | st.deferred(lambda: TREES)


SLICES = st.builds(Slice, BOUNDS, BOUNDS, BOUNDS)


TREES: st.SearchStrategy[Any] = st.deferred(
    lambda: st.one_of(
        NAMES,
        NUMBERS,
        st.builds(Neg, TREES),
        st.builds(Transpose, TREES),
        st.builds(Binary, st.sampled_from("+-*/^@"), TREES, TREES),
        st.builds(Compare, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), TREES, TREES),
        st.builds(lambda f, a: Call(f, (a,)), st.sampled_from(ELEMENTWISE), TREES),
        st.builds(lambda a, n: Call("g", (a,), primes=n), TREES, st.integers(0, 3)),
        st.builds(
            lambda a, b: Call("sum", (a,), (("axis", b), ("keepdims", Name("True")))), TREES, TREES
        ),
        st.builds(lambda c, a, b: Call("where", (c, a, b)), TREES, TREES, TREES),
        st.builds(
            lambda b, i: Index(b, tuple(i)), TREES, st.lists(TREES | SLICES, min_size=1, max_size=3)
        ),
        st.builds(lambda i: Vector(tuple(i)), st.lists(TREES, min_size=1, max_size=3)),
    )
)


@pytest.mark.slow
@settings(max_examples=400, deadline=None, derandomize=True)
@given(TREES)
def test_what_is_written_reads_back(tree: Any) -> None:
    text = unparse(tree)
    assert parse(text, FUNCTIONS) == tree
    assert unparse(parse(text, FUNCTIONS)) == text


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.fractions(), st.fractions(), st.sampled_from("+-*/"), st.booleans())
def test_numbers_of_the_program_keep_their_value(
    a: Fraction, b: Fraction, op: str, swapped: bool
) -> None:
    inner = Binary(op, Num(b), Num(a)) if op != "/" or a else Num(b)
    tree = Binary("-", inner, Num(a)) if swapped else Binary("*", Num(a), inner)
    assert rational(parse(unparse(tree))) == rational(tree)
    assert unparse(number(a)) == unparse(Num(a))


def rational(tree: Any) -> Fraction:
    match tree:
        case Num(value):
            return value
        case Neg(arg):
            return -rational(arg)
        case Binary(op, left, right):
            a, b = rational(left), rational(right)
            return a + b if op == "+" else a - b if op == "-" else a * b if op == "*" else a / b
    raise AssertionError(tree)
