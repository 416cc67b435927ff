"""The keys vary and variant are read, and what is wrong with them is said at its place."""

from fractions import Fraction

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.language.errors import GradcalcError
from gradcalc.language.unparse import unparse

BASE = """\
expression: |
  z = W @ x + b
  a = sigmoid(z)
variables: {W: [n, m], x: [m], b: [n]}
sizes: {n: 2, m: 3}
"""


def read(text: str) -> object:
    return parse_exercise(BASE + text, "a.yaml")


def test_every_kind_of_domain() -> None:
    vary = parse_exercise(
        BASE + "vary:\n"
        "  W: {integers: [-2, 2], rank: full, zero: true}\n"
        "  x: {rationals: {numerator: [1, 5], denominator: [2, 4]}, distinct: true}\n"
        "  b: {aim: ['z = log(3)', 'z = [0, log(2)]']}\n"
        "  n: {sizes: [2, 4]}\n"
        "  sigmoid: {functions: [tanh, sigmoid]}\n"
        "  nice: {decimals: 1, except: [L, 'dL/dz'], kinks: yes, discriminate: no}\n"
    ).vary
    domains = vary.domains
    assert (domains["W"].full_rank, domains["W"].zero) == (True, True)
    assert (domains["x"].high, domains["x"].below, domains["x"].distinct) == (5, (2, 4), True)
    assert [aim.quantity for aim in domains["b"].aims] == ["z", "z"]
    second = domains["b"].aims[1].value
    assert isinstance(second, tuple)
    assert [unparse(entry) for entry in second] == ["0", "log(2)"]
    assert (domains["n"].kind, domains["n"].low, domains["n"].high) == ("sizes", 2, 4)
    assert domains["sigmoid"].functions == ("tanh", "sigmoid")
    assert vary.nice.exempt == {"L", "dL/dz"}
    assert (vary.nice.decimals, vary.nice.denominator, vary.nice.size) == (1, 12, 100)
    assert (vary.nice.kinks, vary.nice.zeros, vary.nice.discriminate) == (True, False, False)


def test_decimals_have_a_step_and_reals_two_decimals() -> None:
    vary = parse_exercise(
        "expression: f = nice*x*y\n"
        "vary: {x: {decimals: [-1, 1], step: 0.5}, y: {uniform: [0, 1]}, "
        "inputs: {nice: {integers: [1, 3]}}, nice: no}\n"
    ).vary
    assert vary.domains["x"].step == Fraction(1, 2)
    assert vary.domains["y"].step == Fraction(1, 100)
    assert vary.domains["nice"].high == 3
    assert not vary.nice.numbers


def test_a_variant_says_which_it_is() -> None:
    text = "expression: f = x\nvariant: {of: " + "0f" * 32 + ", seed: 1, number: 17}\n"
    variant = parse_exercise(text).variant
    assert variant is not None
    assert (variant.seed, variant.number, len(variant.mark)) == (1, 17, 4)


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("vary: {c: {integers: [1, 2]}}", 6, 8, "there is no input `c`", "inputs: W, x, b"),
        ("vary: {n: {integers: [1, 2]}}", 6, 8, "`n` is a size", "write n: {sizes: [2, 4]}"),
        ("vary: {k: {sizes: [1, 2]}}", 6, 8, "there is no size `k`", None),
        ("vary: {tanh: {functions: [relu]}}", 6, 8, "the exercise has no function `tanh`", None),
        ("vary: {sigmoid: {functions: [tanf]}}", 6, 30, "`tanf` is no function of one number", "did you mean tanh?"),
        ("vary: {x: {integers: [3, 1]}}", 6, 22, "`vary.x.integers` goes from the larger number to the smaller one", "write [1, 3]"),
        ("vary: {x: {integers: [0.5, 1]}}", 6, 23, "`0.5` is not a whole number", None),
        ("vary: {x: {decimals: [0, 1], step: 0}}", 6, 36, "a step is larger than 0", None),
        ("vary: {x: {uniform: [0, 1000000]}}", 6, 21, "`vary.x.uniform` has more than 1,000,000 values", "use a shorter range or a larger step"),
        ("vary: {x: {rationals: {numerator: [1, 2], denominator: [0, 2]}}}", 6, 23, "a denominator is at least 1", None),
        ("vary: {x: {aim: z}}", 6, 17, "this is no aim", "write aim: 'z = log(3)'"),
        ("vary: {b: {aim: 'y = log(3)'}}", 6, 18, "`y` is no quantity that is computed", "quantities: z, a"),
        ("vary: {b: {aim: 'z = log(c)'}}", 6, 26, "`c` is not a number", None),
        ("vary: {nice: {size: 10}}", 6, 7, "`vary` names no input", "write for example x: {integers: [-5, 5]}"),
        ("vary: {x: {distinct: true}}", 6, 11, "`vary.x` needs one of integers, decimals, rationals, choices, uniform, aim, sizes, functions", None),
        ("variant: {of: 12, seed: 1, number: 2}", 6, 15, "`variant.of` is the SHA-256 of a file: 64 digits", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_place(
    text: str, line: int, column: int, message: str, hint: str | None
) -> None:
    with pytest.raises(GradcalcError) as error:
        read(text + "\n")
    (problem,) = error.value.problems
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (line, column)
    assert (problem.message, problem.hint) == (message, hint)
