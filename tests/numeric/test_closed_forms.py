"""Fractions, and fractions plus multiples of logarithms and of pi, stay exact."""

from fractions import Fraction

import pytest

from gradcalc.language.parser import parse
from gradcalc.numeric.closed_forms import (
    Form,
    as_fraction,
    exact_numbers,
    full_rank,
    is_rational,
    rational,
    same,
    solution,
)
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.tensor import Env


def value(text: str) -> object:
    with exact_numbers().working():
        return evaluate(parse(text), Env(exact_numbers(), {})).data


@pytest.mark.parametrize(
    ("text", "fraction"),
    [
        ("sigmoid(log(3))", "3/4"),
        ("1 - sigmoid(-log(3))", "3/4"),
        ("log(3)/log(9)", "1/2"),
        ("tanh(log(2)/2)", "1/3"),
        ("exp(2*log(3) - log(2))", "9/2"),
        ("sinh(log(2)) + cosh(log(2))", "2"),
        ("expm1(log(3))", "2"),
        ("sin(pi/6)", "1/2"),
        ("cos(pi)", "-1"),
        ("atan(1)/pi", "1/4"),
        ("log(12) - log(3) - 2*log(2)", "0"),
        ("sqrt(9/4)", "3/2"),
        ("sum(softmax([0, log(2), log(3)]))", "1"),
        ("where(log(2) > 1/2, 1, 2)", "1"),
        ("max(log(2), log(3)) - log(3)", "0"),
        ("tr(inv([[1, 2], [3, 4]]))", "-5/2"),
    ],
)
def test_what_is_a_fraction_is_known_to_be_one(text: str, fraction: str) -> None:
    assert as_fraction(value(text)) == Fraction(fraction)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("softplus(log(3))", "2*log(2)"),
        ("relu(log(3) - 1)", "-1 + 1*log(3)"),
        ("logsumexp([0, log(2)])", "1*log(3)"),
        ("silu(log(3))", "3/4*log(3)"),
        ("2*pi - log(2)/3", "2*pi + -1/3*log(2)"),
    ],
)
def test_what_is_a_form_stays_one(text: str, shown: str) -> None:
    found = value(text)
    assert isinstance(found, Form)
    assert repr(found) == shown


@pytest.mark.parametrize("text", ["exp(1)", "log(2)*log(3)", "2^(1/2)", "1/log(2)", "log(3)^2"])
def test_what_is_neither_is_never_taken_for_a_fraction(text: str) -> None:
    found = value(text)
    assert not is_rational(found)
    assert not isinstance(found, Form)
    assert as_fraction(found) is None
    assert not same(found, found)


def test_forms_are_equal_by_their_parts() -> None:
    assert value("log(2) + 1") == value("1 + log(2)")
    assert hash(value("log(4)")) == hash(value("2*log(2)"))
    assert value("log(2)") != value("log(3)")


def test_linear_systems_and_ranks() -> None:
    rows = [[rational(2), rational(1)], [rational(0), rational(1)]]
    assert solution(rows, [rational(4), rational(5)]) == [rational(2), rational(3)]
    assert solution([[rational(0)]], [rational(1)]) is None
    assert solution([rows[0], rows[0]], [rational(1), rational(1)]) is None
    assert full_rank([Fraction(n) for n in (1, 2, 3, 4)], 2, 2)
    assert not full_rank([Fraction(n) for n in (1, 2, 2, 4)], 2, 2)
