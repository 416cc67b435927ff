"""Random array programs: every answer against differences in NumPy, every way of writing it against every other.

200 programs by default; GRADCALC_RANDOM=1000 for more. Always the same ones, so a failure can be run again."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from random import Random

import pytest

from helpers.array_answers import FORMS, LAYOUTS, Question, case, check
from helpers.array_programs import Choices, Program, smallest

COUNT = int(os.environ.get("GRADCALC_RANDOM", "200"))


BATCHES = 10


def fails(choose: Choices) -> bool:
    try:
        check(*case(choose))
    except Exception:
        return True
    return False


def written(made: Program, asked: Sequence[Question], form: str, layout: str) -> str:
    words = [f"{kind} {of} by {by}" for kind, of, by in asked]
    return json.dumps(made.content(words, notation={"form": form, "layout": layout}))


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_programs(batch: int) -> None:
    """Numbers, derivatives in every layout and form, stacks and gradients are what NumPy's differences say."""
    compared = 0
    for number in range(COUNT // BATCHES):
        choose = Choices(Random(f"arrays {batch} {number}"))
        try:
            compared += check(*case(choose))
        except Exception as error:
            error.add_note(f"smallest: {written(*case(smallest(choose.made, fails)))}")
            raise
    assert compared > COUNT // BATCHES


@pytest.mark.slow
@pytest.mark.parametrize("number", range(COUNT // 25))
def test_random_stacks(number: int) -> None:
    """Programs over examples: in every form and layout, all that is written parses back to the same
    value and shape."""
    draws = (case(Choices(Random(f"stacks {number} {k}"))) for k in range(1000))
    made, asked, _, _ = next(drawn for drawn in draws if drawn[0].each)
    for form in dict.fromkeys(FORMS):
        for layout in LAYOUTS:
            try:
                check(made, asked, form, layout)
            except Exception as error:
                error.add_note(written(made, asked, form, layout))
                raise
