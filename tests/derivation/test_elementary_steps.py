"""The operations inside one definition, one by one."""

from __future__ import annotations

from gradcalc.language.parser import unparse
from gradcalc.language.tree import Name
from helpers.derivations import derivation_of, shipped_derivation, steps, wire


def test_the_operations_of_a_definition_one_by_one() -> None:
    found = derivation_of("{expression: 'f = sin(x^2) * exp(-x)', values: {x: 1}}")
    (path,) = steps(found)["x"].paths
    gates = {
        (gate.operation, unparse(gate.operand)): gate.local and unparse(gate.local)
        for gate in path.gates
    }
    assert gates == {
        ("mul", "sin(x^2)"): "exp(-x)", ("mul", "exp(-x)"): "sin(x^2)", ("exp", "-x"): "exp(-x)", ("neg", "x"): "-1",
        ("sin", "x^2"): "cos(x^2)", ("pow", "x"): "2*x",
    }  # fmt: skip
    assert sum(gate.operand == Name("x") for gate in path.gates) == 2


def test_entries_behind_the_matrix_rule() -> None:
    path = wire(shipped_derivation("ex3", "full"), "W1", "z1")
    found = path.entries
    assert found is not None
    assert found.definition is not None
    assert (unparse(found.definition.symbolic), found.definition.free) == (
        "b1[k] + sum(W1[k, a]*x[a], a)",
        ("k",),
    )
    assert (unparse(found.local.symbolic), found.local.free) == (
        "where(k == p, x[q], 0)",
        ("k", "p", "q"),
    )
    assert (unparse(found.product.symbolic), found.product.free) == (
        "sum(dJ_dz1[p]*x[q], i)",
        ("p", "q"),
    )
