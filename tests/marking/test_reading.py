"""The text of an answer as a formula, a number or a shape."""

from __future__ import annotations

import pytest

from gradcalc.language.errors import SpanError
from gradcalc.language.parser import unparse
from gradcalc.marking.reading import Words, read_formula, read_number, read_rows, read_shape

WORDS = Words(
    frozenset(("x", "y", "z", "w_0", "X", "G", "Z", "dL_dZ", "m", "i")),
    frozenset(("g",)),
    frozenset(("z",)),
    {("L", "Z"): "dL_dZ"},
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("(x+1)(x-1)", "(x + 1)*(x - 1)"),
        ("(x+1)x", "(x + 1)*x"),
        ("x(y+1)", "x*(y + 1)"),
        ("2x(y+1)", "2*x*(y + 1)"),
        ("sin(x)(1-y)", "sin(x)*(1 - y)"),
        ("x²(y+1)", "x^2*(y + 1)"),
        ("(x)(y)(x)", "x*y*x"),
        ("g(x)(y)", "g(x)*y"),
        ("-(x)(y)", "-x*y"),
        ("(x+1)^2(y)", None),
        ("G * (Z > 0)", "G*where(Z > 0, 1, 0)"),
        ("1 - (x > 0)", "1 - where(x > 0, 1, 0)"),
        ("1[x > 0]*y", "where(x > 0, 1, 0)*y"),
        ("where(x > 0, y, 0)", "where(x > 0, y, 0)"),
        ("where((x > 0) > 0, y, 0)", "where(where(x > 0, 1, 0) > 0, y, 0)"),
        ("|x|", "abs(x)"),
        ("max(x)", "max(x)"),
        ("dL/dZ * x", "dL_dZ*x"),
        ("∂L/∂Z * x", "dL_dZ*x"),
        ("sum(X[j], j)", "sum(X[j], j)"),
        ("x−y·π", "x - y*pi"),
    ],
)
def test_answers_are_read_kindly(text: str, meant: str | None) -> None:
    if meant is None:
        with pytest.raises(SpanError):
            read_formula(text, WORDS)
    else:
        assert unparse(read_formula(text, WORDS)) == meant


@pytest.mark.parametrize(
    ("text", "start", "message", "hint"),
    [
        ("x y", 2, "an operator is missing between `x` and `y`", "write x*y"),
        ("xy", 0, "unknown name `xy`", None),
        ("w0*x", 0, "unknown name `w0`", "did you mean w_0?"),
        ("3,6", 0, "a decimal has a point, not a comma", "write 3.6"),
        ("x + 1,5", 4, "a decimal has a point, not a comma", "write 1.5"),
        ("x # no", 2, "an answer has no comment", None),
        ("x = 2", 2, "an answer is a formula alone, without `=`", "write what stands on its right"),
        ("x > y", 0, "a comparison alone is no answer", None),
        ("x == y", 0, "a comparison alone is no answer", None),
        ("inf", 0, "`inf` is no answer", None),
        ("nan*x", 0, "`nan` is no answer", None),
        ("1j", 1, "unknown name `j`", None),
        ("sin", 0, "`sin` is a function: put its argument in parentheses", None),
        ("z + 1", 0, "`z` is what is asked for, or made of it", "write it in what it is made of"),
        ("1/(x)(y)", 5, "an operator is missing between `)` and `(`", None),
        ("1/0", 0, "division by zero", None),
        ("matrix_power(X, 1000)", 16, "a power of a matrix is a whole number up to 100", None),
    ],
)
def test_what_is_no_answer_is_refused_at_its_place(
    text: str, start: int, message: str, hint: str | None
) -> None:
    with pytest.raises(SpanError) as found:
        read_formula(text, WORDS)
    assert found.value.message.startswith(message)
    assert found.value.start == start
    assert hint is None or found.value.hint == hint


def test_numbers_are_constants_lists_and_rows() -> None:
    assert read_rows("1 2; 3 4") == "[[1, 2], [3, 4]]"
    assert read_rows("1 -2 3e-1") == "[1, -2, 3e-1]"
    assert read_rows("1/3") is None
    assert read_rows("2") is None
    value = read_number("1/3 2; pi 4".replace("pi", "1"))
    assert isinstance(value, tuple)
    assert len(value) == 2
    assert read_number("[1, [2]]".replace("[2]", "2")) != ()
    with pytest.raises(SpanError, match="different lengths"):
        read_number("[[1, 2], [3]]")
    with pytest.raises(SpanError, match="not a number"):
        read_number("[x, 1]")
    with pytest.raises(SpanError, match="a decimal has a point"):
        read_number("3,6")


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("[D, m]", ["D", "m"]),
        ("(D, m)", ["D", "m"]),
        ("D x m", ["D", "m"]),
        ("D×m×3", ["D", "m", "3"]),
        ("[D - 1, 2*m]", ["D - 1", "2*m"]),
        ("[D]", ["D"]),
        ("(D,)", ["D"]),
        ("[]", []),
        ("scalar", []),
    ],
)
def test_shapes_are_read_as_they_are_written(text: str, sizes: list[str]) -> None:
    assert [unparse(size) for size in read_shape(text, {"D", "m"})] == sizes


def test_a_size_that_there_is_not_is_refused_at_its_place() -> None:
    with pytest.raises(SpanError) as found:
        read_shape("[D_a, m]", {"D_a1", "m"})
    assert (found.value.start, found.value.hint) == (1, "did you mean D_a1?")
    with pytest.raises(SpanError):
        read_shape("[D, , m]", {"D", "m"})
