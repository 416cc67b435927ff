"""What a try draws depends on nothing but the seed, the exercise, the try and the name."""

from fractions import Fraction

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.vary_model import Domain
from gradcalc.language.unparse import unparse
from gradcalc.variants.draws import Entry, Source, Stream, Try, Unfit, nested, stream, values_of

STREAM = [655, 435, 720, 652, 819, 173, 872, 847, 74, 932]


def domain(text: str) -> Domain:
    """The domain of x, as a file has it."""
    return parse_exercise(f"expression: f = x\nvary: {{x: {text}}}\n").vary.domains["x"]


def draw(text: str, shape: list[int], count: int = 0) -> list[Entry]:
    return Source(domain(text), None).entries(Stream(f"test/{count}"), shape)


def test_a_stream_is_the_same_on_every_machine() -> None:
    source = stream("abc", 1, Try(17, 3), "x")
    assert [source.below(1000) for _ in range(10)] == STREAM
    assert sorted(source.shuffled(range(5))) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{integers: [-2, 2]}", "-2 -1 1 2"),
        ("{integers: [-1, 1], zero: true}", "-1 0 1"),
        ("{integers: [0, 0]}", "0"),
        ("{decimals: [-1, 1], step: 0.5}", "-1 -1/2 1/2 1"),
        ("{rationals: {numerator: [1, 2], denominator: [2, 4]}}", "1/2 1/3 1/4 1 2/3"),
        ("{choices: [1/2, 3, 1/2]}", "1/2 3 1/2"),
    ],
)
def test_the_values_of_a_domain(text: str, values: str) -> None:
    assert values_of(domain(text)) == [Fraction(word) for word in values.split()]


def test_arrays_are_as_they_have_to_be() -> None:
    for count in range(20):
        distinct = draw("{integers: [1, 4], distinct: true}", [4], count)
        assert sorted(distinct) == [1, 2, 3, 4]
        a, b, c, d = draw("{integers: [-1, 1], zero: true, rank: full}", [2, 2], count)
        assert isinstance(a, Fraction)
        assert isinstance(b, Fraction)
        assert a * d != b * c
        a, b, c, d = draw("{integers: [-9, 9], symmetric: true}", [2, 2], count)
        assert b == c
        columns = draw("{onehot: true}", [3, 2], count)
        assert sorted(columns[::2]) == sorted(columns[1::2]) == [0, 0, 1]
        rows = draw("{permutation: true}", [2, 2], count)
        assert rows in ([1, 0, 0, 1], [0, 1, 1, 0])
    whole = draw("{choices: [[1, 0], [0, 1]]}", [2])
    assert sorted(whole) == [0, 1]


def test_what_cannot_be_is_unfit() -> None:
    for text, shape in (
        ("{integers: [1, 2], distinct: true}", [3]),
        ("{integers: [1, 1], rank: full}", [2, 2]),
        ("{choices: [[1, 0]]}", [3]),
        ("{permutation: true}", [3]),
    ):
        with pytest.raises(Unfit):
            draw(text, shape)


def test_decimals_are_written_as_decimals() -> None:
    value = nested([Fraction(-1, 2), Fraction(2)], [2], decimal=True)
    assert isinstance(value, tuple)
    assert [unparse(entry) for entry in value] == ["-0.5", "2"]
    (third,) = nested([Fraction(1, 3)], [1])
    assert unparse(third) == "1/3"
