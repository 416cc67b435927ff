"""Variants judged by another program: nice, telling, all different, and the same whatever is asked
for beside them.
"""

from fractions import Fraction
from hashlib import sha256
from itertools import pairwise

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.language.errors import GradcalcError
from gradcalc.language.parser import unparse
from gradcalc.variants.engine import Found
from gradcalc.variants.search import Search
from helpers.variants import nice, slope

EX1 = """\
expression: |
  q = x + y
  f = q * z
values: {x: 1, y: 2, z: 3}
questions: [df/dq, dq/dx, df/dz, df/dx, value f]
vary:
  x: {integers: [-9, 9]}
  y: {decimals: [-4, 4], step: 0.5}
  z: {rationals: {numerator: [-6, 6], denominator: [2, 3]}}
  require: [x < y + 10, q != 1]
"""
NEURON = """\
expression: |
  z = w*x + b
  a = sigmoid(z)
values: {w: 1, x: 2, b: 0}
questions: [da/dz, da/dw, da/dx, da/db]
vary:
  w: {integers: [-4, 4]}
  x: {integers: [-4, 4]}
  b: {aim: ['z = log(3)', 'z = -log(3)', 'z = log(2)', 'z = -log(2)']}
"""


def search(text: str, seed: int = 1) -> Search:
    exercise = parse_exercise(text)
    return Search(exercise, exercise.vary, sha256(text.encode()).hexdigest(), seed)


def scalars(found: Found) -> dict[str, Fraction]:
    return {name: Fraction(unparse(value)) for name, value in found.values.items()}


def test_every_number_is_nice_and_no_common_mistake_gives_the_right_one() -> None:
    made = list(search(EX1).variants(60))
    assert len(made) == 60

    def q(at: dict[str, Fraction]) -> Fraction:
        return at["x"] + at["y"]

    def f(at: dict[str, Fraction]) -> Fraction:
        return q(at) * at["z"]

    for one in made:
        at = scalars(one)
        right = {
            "df/dq": at["z"],
            "df/dz": slope(f, at, "z"),
            "df/dx": slope(f, at, "x"),
            "f": f(at),
        }
        assert [one.answers[k] for k in (0, 2, 3, 4)] == [float(v) for v in right.values()]
        assert all(map(nice, [*at.values(), q(at), *right.values()]))
        assert all(right.values())
        assert len({right["df/dz"], right["df/dx"], right["f"], Fraction(1)}) == 4
        assert at["x"] < at["y"] + 10
        assert q(at) != 1
        # the sign, the other factor, a term left out, the product itself, twice
        for wrong in (at["x"], at["y"], at["z"], f(at), 2 * q(at), q(at) * 2, at["x"] - at["y"]):
            assert wrong != right["df/dz"]
        for wrong in (q(at), f(at), at["x"], at["y"], 1 + at["z"], 2 * at["z"]):
            assert wrong != right["df/dx"]


def test_all_are_different() -> None:
    made = list(search(EX1).variants(80))
    assert len({one.key for one in made}) == 80


def test_a_variant_is_the_same_however_many_there_are() -> None:
    few, many = (list(search(EX1).variants(count)) for count in (12, 60))
    assert few == many[:12]
    assert list(search(EX1, seed=2).variants(12)) != few


def test_aims_are_met_exactly() -> None:
    made = list(search(NEURON).variants(25))
    assert len(made) == 25
    targets = set()
    for one in made:
        w, x = (Fraction(unparse(one.values[name])) for name in ("w", "x"))
        log, sign, rest = unparse(one.values["b"]).partition(" ")
        assert log.startswith("log(")
        assert sign
        inside = Fraction(log.removeprefix("log(").removesuffix(")"))
        assert w * x + Fraction(rest.replace(" ", "")) == 0
        a = inside / (1 + inside)
        targets.add(inside)
        right = [a * (1 - a), a * (1 - a) * x, a * (1 - a) * w, a * (1 - a)]
        assert list(one.answers) == pytest.approx([float(value) for value in right], rel=1e-15)
        assert all(map(nice, right[1:3]))  # 3/16 is an aimed constant
    assert targets == {Fraction(3), Fraction(1, 3), Fraction(2), Fraction(1, 2)}


def test_both_sides_of_a_kink_occur() -> None:
    made = list(
        search(
            "expression: |\n  z = w*x\n  a = where(z > 0, 2*z, 3*z)\n"
            "questions: [da/dx]\nvary: {w: {integers: [2, 9]}, x: {integers: [-9, 9]}}\n"
        ).variants(6)
    )
    assert {sign for one in made for _, sign in one.sides} == {1, -1}


def test_functions_and_sizes_vary_the_structure() -> None:
    text = (
        "expression: |\n  z = sum(w * x)\n  a = tanh(z)\n"
        "variables: {w: [n], x: [n]}\nsizes: {n: 2}\nquestions: [dz/dx, value a]\n"
        "vary:\n  n: {sizes: [2, 3]}\n  tanh: {functions: [sigmoid, exp]}\n"
        "  w: {decimals: [-1, 1]}\n  x: {decimals: [-1, 1]}\n  nice: {except: all}\n"
    )
    made = list(search(text).variants(12))
    assert {one.sizes["n"] for one in made} == {2, 3}
    assert {one.functions["tanh"] for one in made} == {"sigmoid", "exp"}
    assert all(len(one.answers[0]) == one.sizes["n"] for one in made)


def test_where_there_are_too_few_the_search_stops_and_says_why() -> None:
    of = search(
        "expression: f = x*y\nquestions: [df/dx]\nvary: {x: {integers: [2, 3]}, y: {integers: [2, 4]}}\n"
    )
    made = list(of.variants(10, most=300))
    assert of.tally.stopped == len(made) + 1
    kinds = {reason.kind for reason in of.tally.rejected}
    assert "duplicate" in kinds
    assert of.tally.tries == sum(of.tally.rejected.values()) + len(made)


def test_an_unknown_name_in_a_condition_is_refused() -> None:
    with pytest.raises(GradcalcError, match="`require` names `g`, which is not here"):
        search("expression: f = x\nvary: {x: {integers: [1, 3]}, require: g > 0}\n")


def test_aims_that_cannot_be_are_refused() -> None:
    head = "expression: |\n  z = x + b\n  y = x*c\nvalues: {x: 1, b: 1, c: 1}\nquestions: [dy/dx]\n"
    with pytest.raises(GradcalcError, match="`y` does not depend on `b`, so b cannot aim at it"):
        list(search(head + "vary: {b: {aim: 'y = 2'}}\n").variants(1))
    both = "expression: |\n  z = b + c\n  y = b*c\nvalues: {b: 1, c: 1}\nquestions: [dy/db]\n"
    both += "vary: {b: {aim: 'z = 2'}, c: {aim: 'y = 2'}}\n"
    with pytest.raises(GradcalcError, match="aim at quantities that depend on each other"):
        list(search(both).variants(1))


def test_a_mistake_that_no_value_tells_apart_is_named() -> None:
    text = (
        "expression: |\n  z = w*x\n  a = relu(z)\nquestions: [da/dw]\n"
        "vary: {w: {integers: [1, 20]}, x: {integers: [1, 20]}}\n"
    )
    of = search(text)
    made = list(of.variants(2))
    assert len(made) == 2
    assert all(a.answers != b.answers for a, b in pairwise(made))
    slugs = {one.mistake.slug for one in of.first.never.values()}
    assert "wrong-local-derivative" in slugs or "local-factor-missing" in slugs
