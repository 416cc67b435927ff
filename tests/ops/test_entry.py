"""What an entry says beside its name: its kind, its sign, its word."""

from __future__ import annotations

import pytest

from gradcalc.calculus.derivative_rules import CONTRACTIONS, SPECIAL
from gradcalc.graph.lowering_calls import CALLS
from gradcalc.language.parser import CALLABLE, parse
from gradcalc.language.tree import names
from gradcalc.ops import NODES, SCALAR, SIGNS, SPELLINGS, TABLE, WRITTEN, Op

# Special, but not by a rule of their own, or the other way round.
ELSEWHERE = {"eye": "a constant, written as a delta", "pairs": "has no derivative of its own", "guard": "in exported code alone"}  # fmt: skip


def of_kind(kind: str) -> set[str]:
    return {op.name for op in NODES.values() if op.kind == kind}


def test_the_kind_says_where_the_rule_is() -> None:
    assert of_kind("contraction") == set(CONTRACTIONS)
    assert of_kind("special") ^ set(SPECIAL) == set(ELSEWHERE)
    assert of_kind("composed") <= set(CALLS)
    assert {name for name, op in TABLE.items() if op.partials} == of_kind("elementwise") - {"apply"}


@pytest.mark.parametrize("kind", ["", "elementwise", "contracton"])
def test_an_operation_on_whole_arrays_without_a_kind_is_refused(kind: str) -> None:
    given = {"kind": kind} if kind else {}
    with pytest.raises(ValueError, match="cummax: its kind is one of input, constant"):
        Op("cummax", ("a",), "cummax(u)", signature="own", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("op", [op for op in TABLE.values() if op.partials], ids=lambda op: op.name)
def test_local_derivatives_are_in_the_operands_and_the_result(op: Op) -> None:
    for partial in filter(None, op.partials):
        assert set(names(parse(partial, WRITTEN))) <= {*op.operands, "r", "pi", "e"}, op.name


def test_signs_and_words_name_one_operation_each() -> None:
    signed = [op for op in NODES.values() if op.sign]
    assert len(SIGNS) == len(signed)
    assert not any(op.called for op in signed)
    spelled = [word for op in TABLE.values() if op.called for word in (op.name, *op.spellings)]
    assert len(set(spelled)) == len(spelled)
    assert set(CALLABLE) == set(SPELLINGS) - {"√"}
    assert (SCALAR["max"], SCALAR["exp"]) == ("maximum", "exp")
