"""A search that follows the path of another finds what a search of its own finds."""

from __future__ import annotations

import random

import pytest
import sympy as sp

from gradcalc.calculus.derivative_rules import RULES
from gradcalc.calculus.name_search import Search
from gradcalc.calculus.quantities import Quantities
from gradcalc.calculus.reading import NodeSet, Reading
from gradcalc.calculus.same_search import Searches
from gradcalc.calculus.same_shape import LENGTHS
from gradcalc.calculus.surroundings import Around, Solving
from gradcalc.exercise.load import parse_exercise
from gradcalc.graph.build import build

LINES = (
    "{} = sigmoid({})",
    "{} = {}*{}",
    "{} = 1 + exp(-{})",
    "{} = 1/{}",
    "{} = {} - {}",
    "{} = sqrt({}^2 + {}^2)",
    "{} = {}",
    "{} = {}/{}",
    "{} = tanh({})*{}",
)
SLOPES = (
    lambda a, b, c: a * (1 - a) * b,
    lambda a, b, c: a / b**2,
    lambda a, b, c: 1 / (1 + a) - 1 / (1 + a) ** 2,
    lambda a, b, c: b * c + a * c,
    lambda a, b, c: a * b / (b * c),
    lambda a, b, c: c / sp.sqrt(a**2 + b**2),
)


def program(rng: random.Random, block: int, times: int) -> str:
    """The same few lines again and again, each time on what came out before."""
    forms = [rng.choice(LINES) for _ in range(block)]
    back = [[rng.randrange(1, 4) for _ in form.split("{}")] for form in forms]
    names = ["x", "y", "w"]
    lines = []
    for n in range(block * times):
        form, steps = forms[n % block], back[n % block]
        name = f"a{n}"
        lines.append(form.format(name, *(names[-step] for step in steps)))
        names.append(name)
    return "expression: |\n  " + "\n  ".join(lines)


@pytest.mark.parametrize("seed", range(6))
def test_a_path_leads_where_a_search_of_its_own_leads(seed: int) -> None:
    """Expressions of entries near a line, at this line and at those like it."""
    rng = random.Random(seed)
    block, times = 4, 9
    graph = build(parse_exercise(program(rng, block, times)))
    quantities = Quantities(graph, RULES)
    lengths, solving = quantities.entries.lengths, Solving(quantities)
    search = Search(LENGTHS).shortened
    followed = Searches(search, lengths)
    found, along = 0, 0
    for slope in SLOPES:
        back, near = rng.randrange(block), [rng.randrange(4) for _ in range(3)]
        for turn in range(3, times):
            line = block * turn - back
            of = graph.names[f"a{line}"]
            reading = Reading(NodeSet(quantities.made_from(of)), of)
            around = Around(quantities, reading, solving)
            numbers = [graph.names[f"a{line - n}"] for n in near]
            expr = slope(*(quantities.entry(number, ()) for number in numbers))
            if expr.is_number:
                continue
            alone = Search(lengths).shortened(expr, around, True, False)
            before = paths(followed)
            assert followed.found(expr, around, True, False) == alone
            found, along = found + 1, along + (paths(followed) == before)
    assert along >= found / 2  # paths are followed, not only made


def paths(searches: Searches) -> int:
    """How many paths end somewhere."""
    stack, count = list(searches._paths.values()), 0
    while stack:
        path = stack.pop()
        count += path.found is not None
        stack += path.branches.values()
    return count
