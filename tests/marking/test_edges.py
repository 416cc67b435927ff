"""Places beside the edges of functions made of pieces."""

from __future__ import annotations

from gradcalc.exercise.load import exercise_from
from gradcalc.language.parser import parse, unparse
from gradcalc.marking.asked import Asked
from gradcalc.marking.edges import beside
from gradcalc.marking.functions import written
from gradcalc.marking.points import ends_of_pieces


def test_an_edge_of_the_answer_alone_is_looked_at_on_both_sides() -> None:
    of = Asked(exercise_from({"expression": "f = relu(x)", "questions": ["df/dx"]}))
    answer = written(parse("step(x - 2)"), of.places.computation)
    found = [end.at(place, 120).data for place in beside(answer, of.right(0), of.places)
             for end in answer.arguments]  # fmt: skip
    assert len(found) >= 6
    assert any(0 < float(x.p) / float(x.q) < 0.01 for x in found)
    assert any(-0.01 < float(x.p) / float(x.q) < 0 for x in found)


def test_an_edge_that_both_have_is_none() -> None:
    of = Asked(exercise_from({"expression": "f = relu(2*x)", "questions": ["df/dx"]}))
    answer = written(
        parse("2*(x > 0)".replace("(x > 0)", "where(x > 0, 1, 0)")), of.places.computation
    )
    assert list(beside(answer, of.right(0), of.places)) == []


def test_where_pieces_end() -> None:
    expr = parse("where(x > 1, relu(y - 2), max(x, y)) + sum(step(X[i]), i) + exp(z)")
    assert [unparse(end) for end in ends_of_pieces(expr)] == ["x - y", "y - 2", "x - 1"]
