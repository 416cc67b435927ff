"""The work on exercises: what is kept ready belongs to its exercise."""

from __future__ import annotations

from gradcalc.grading.work import FOLLOWS, MUTE, NOT, Recent, Work
from helpers.grading import CHAIN


def test_what_follows_is_that_of_the_exercise() -> None:
    """Six variants, of which four are kept ready: each has its own numbers."""
    work = Work()
    for _ in range(2):
        for z in range(1, 7):
            text = CHAIN.replace("z: 1", f"z: {z}")
            ready = work.exercise("chain", text, None)
            assert ready.mark(4, [str(z - 6), "", False], 100).right
            # v = 5 leads to dL/dv = 5, whatever z is; du/dx = 2 leads to dL/dx = 2 v
            right = str(2 * (z - 6))
            assert ready.follows(3, [right, "", False], [[0, "2", "", False]]) == (
                FOLLOWS if z != 6 else NOT
            )
            assert ready.follows(3, ["77", "", False], [[0, "2", "", False]]) == NOT


def test_an_earlier_answer_that_leaves_nothing_to_derive() -> None:
    ready = Work().exercise("chain", CHAIN, None)
    assert ready.follows(3, ["2*v", "", False], [[0, "2", "", False]]) == MUTE
    assert ready.follows(3, ["2*y*v", "", False], [[0, "2*y", "", False]]) == FOLLOWS


def test_a_policy_counts() -> None:
    ready = Work().exercise("chain", CHAIN, "mistakes: {sign: 0.5}\n")
    assert ready.mark(0, ["-y", "", False], 100).points == 0.5


def test_what_was_made_last_is_kept() -> None:
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number

    kept = Recent(2)
    for number in (1, 2, 1, 3, 1, 2):
        assert kept.get(number, lambda number=number: make(number)) == number
    assert made == [1, 2, 3, 2]
