"""Expressions: what is read, what is refused and in which words, and the way back to text."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.language.constant_checks import MAX_EXPONENT, check_constants
from gradcalc.language.errors import SpanError, closest
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
    callable_names,
    names,
    number,
    parse,
    unparse,
    walk,
)
from gradcalc.language.statements import statements
from gradcalc.language.tokens import canonical, read_name

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
        ("log10(x)", 0, "gradcalc has no function `log10`", "write log(x)/log(10)"),
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
        ("||x", 0, "`||` is never closed", "write norm(x)"),
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


@pytest.mark.parametrize(
    "text",
    [
        "10^400*x",
        "(-1)^(10^30 + 1)",
        "2^4095",
        f"x^{MAX_EXPONENT}",
        "0^0",
        "1/x",
        "1e300*1e300",
        "exp(1000)",
        "x/(1 - 1/2)",
        "log(2)",
    ],
)
def test_constants_that_are_fine(text: str) -> None:
    check_constants(parse(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9^9^9^9", "this power has more than 1,200 digits"),
        ("2^4097", "this power has more than 1,200 digits"),
        ("(1/3)^(10^9)", "this power has more than 1,200 digits"),
        ("e^e^e^e^e", "this power has more than 1,200 digits"),
        (f"x^{MAX_EXPONENT + 1}", "the exponent is beyond ±100,000"),
        ("1e400*1e400*1e400*1e400", "this constant has more than 1,200 digits"),
        ("exp(3000)", "exp of a constant gives more than 1,200 digits"),
        ("x/(1 - 1)", "division by zero"),
        ("0^(-1)", "division by zero"),
        ("π/0", "division by zero"),
        ("log(0)", "the logarithm of 0 is undefined"),
        ("log(1 - 2)", "the logarithm of a negative number is undefined"),
        ("sqrt(-2)", "the square root of a negative number is undefined"),
        ("asin(2)", "asin is defined from -1 to 1 only"),
        ("(-8)^(1/3)", "a negative number to a power that is not whole has no real value"),
        ("zeros(10^9)", "this array has more than 1,000,000 entries"),
        ("eye(1001)", "this array has more than 1,000,000 entries"),
    ],
)
def test_constants_that_are_not(text: str, message: str) -> None:
    with pytest.raises(SpanError) as caught:
        check_constants(parse(text))
    assert caught.value.message == message


def test_declared_constants_are_variables() -> None:
    check_constants(parse("1/(e - e)^0"), {"e"})
    check_constants(parse("log(pi - 4)"), {"pi"})


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
    set(callable_names().values()) & {"exp", "log", "sigmoid", "relu", "tanh", "tr", "inv"}
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


@settings(max_examples=400, deadline=None, derandomize=True)
@given(TREES)
def test_what_is_written_reads_back(tree: Any) -> None:
    text = unparse(tree)
    assert parse(text, FUNCTIONS) == tree
    assert unparse(parse(text, FUNCTIONS)) == text


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


def test_names_come_in_order_and_without_options() -> None:
    assert names(parse("sum(b*a[j], axis=0, keepdims=True) + b")) == ("b", "a", "j")


def test_a_long_sum_is_no_deep_nesting() -> None:
    tree = parse("+".join(["x"] * 400))
    assert sum(1 for _ in walk(tree)) == 799
    assert unparse(tree) == " + ".join(["x"] * 400)


def test_lines() -> None:
    lines, wrong = statements(
        "# first\nq = x + y  # sum\ng(t) = 1/(1 +\n   t)\n\np[k] = exp(s[k])\na = b = c\n2 = x\n"
    )
    assert [(line.name, line.kind, line.params) for line in lines] == [
        ("q", "quantity", ()), ("g", "function", ("t",)), ("p", "entries", ("k",)),
    ]  # fmt: skip
    assert [error.message for error, _ in wrong] == [
        "a line has one `=`, after the name that it defines",
        "the left side of `=` must be a name",
    ]
    assert unparse(lines[1].parse(frozenset(), frozenset())) == "1/(1 + t)"


def test_a_forgotten_parenthesis_does_not_swallow_the_next_line() -> None:
    lines, _ = statements("a = exp(x\nb = sum(y,\n  axis=0)\n")
    assert [line.name for line in lines] == ["a", "b"]


def test_names_are_compared_in_canonical_form() -> None:
    assert canonical("y\u0302") == "ŷ"
    assert read_name("θ₁") == "θ1"
    for text in ("", "2x", "x y", "x*y", "²"):
        with pytest.raises(SpanError):
            read_name(text)


def test_suggestions_prefer_equal_length() -> None:
    assert closest("w3", ["w", "w2", "v33"]) == "w2"
    assert closest("alhpa", ["alpha", "beta"]) == "alpha"
    assert closest("q", ["x", "y"]) is None
