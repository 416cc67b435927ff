"""The names that formulas are printed with: stacks, named gradients."""

from __future__ import annotations

from gradcalc.graph.printed_names import printed_names
from gradcalc.language.formula_pieces import Math
from gradcalc.language.parser import Name, parse
from gradcalc.report.lines import text_line
from helpers import handmade_solutions as solutions


def test_names_of_a_graph_include_stacks_and_named_gradients() -> None:
    solution = solutions.ex3()
    names = printed_names(solution.graph, solution.answers[-1].where)
    assert names.shapes["X"] == solutions.shape("D_x", "m")
    assert names.shapes["Y"] == solutions.shape(1, "m")
    assert names.shapes["dZ1"] == solutions.shape("D_a1", "m")
    assert names.each == {"x", "y", "z1", "a1", "z2", "yhat", "L"}
    assert names.latex == {"yhat": r"\hat y"}


def test_named_gradients_are_written_as_the_derivatives_they_are() -> None:
    solution = solutions.ex3()
    names = printed_names(solution.graph, [("dJ_dz1", parse("W2.T @ (Yhat - Y)"))])
    assert names.partials["dJ_dz1"] == ("J", "z1")
    assert text_line((Math((Name("dJ_dz1"),)),), names) == "∂J/∂z₁"
