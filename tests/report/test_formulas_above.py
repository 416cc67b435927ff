"""What answers give of the formulas that they rest on."""

from __future__ import annotations

import random

import pytest

from gradcalc.derivation.answer_model import LINKS, Answer
from gradcalc.exercise.model import Question
from gradcalc.language.named_formulas import Formulas, Named, Pair
from gradcalc.language.parser import Name
from gradcalc.report.formulas_above import FormulasAbove


def answers(rng: random.Random, count: int) -> list[Answer]:
    """Answers that rest on formulas which rest on others; some are formulas themselves."""
    named: list[Named] = []
    found = []
    for n in range(count):
        uses = tuple(rng.sample(named, min(len(named), rng.randrange(3))))
        named.append(Named(f"df_dx{n}", Name(f"v{n}"), uses, n))
        direct = tuple(rng.sample(named, min(len(named), 1 + rng.randrange(2))))
        question = Question("", "derivative", "f", (f"x{n}",))
        expr = Name(f"v{n}") if rng.random() < 0.3 else Name("other")
        found.append(Answer(question, "derivative", expr, (), "gradient", where=Formulas(direct)))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_each_formula_is_given_once_and_all_of_them_are(seed: int) -> None:
    """What an answer uses is given with it, is an answer above, or was given above; nothing is
    given twice; and it is said whether something was left out.
    """
    above = FormulasAbove(once=True)
    given: set[Pair] = set()
    called: set[tuple[str, object]] = set()
    for answer in answers(random.Random(seed), 40):
        new, all_ = above.new(answer)
        assert not given & set(new)
        said = new + [pair for pair in answer.where if pair in given or pair in called]
        assert set(answer.where) == set(said)
        assert all_ == (len(new) == len(answer.where))
        given.update(new)
        called.add((answer.name, answer.symbolic))


def test_few_formulas_are_given_again() -> None:
    """An answer that needs few stands for itself; one that needs many refers to those above."""
    above = FormulasAbove(once=False)
    few = [Named(f"df_dy{n}", Name(f"v{n}"), (), n) for n in range(LINKS)]
    more = [Named(f"df_dz{n}", Name(f"w{n}"), (), n) for n in range(LINKS)]
    question = Question("", "derivative", "f", ("x",))

    def answer(*direct: Named) -> Answer:
        where = Formulas(direct)
        return Answer(question, "derivative", Name("g"), (), "gradient", where=where)

    assert above.new(answer(*few)) == ([(one.name, one.formula) for one in few], True)
    assert above.new(answer(*few)) == ([(one.name, one.formula) for one in few], True)
    assert above.new(answer(*few, *more)) == ([(one.name, one.formula) for one in more], False)
