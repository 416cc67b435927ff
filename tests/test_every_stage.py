"""The table of operations against the stages that read it: what an entry claims, a stage has, and the other way round."""

from __future__ import annotations

import pytest

from gradcalc.calculus.derivative_rules import CONTRACTIONS, SPECIAL
from gradcalc.codegen.rules import ARRAY_RULES as CODE
from gradcalc.graph.lowering_calls import CALLS
from gradcalc.language.parser import CALLABLE, parse
from gradcalc.language.shape_rules import OWN
from gradcalc.language.tree import names
from gradcalc.ops import NODES, SCALAR, SIGNS, SPELLINGS, TABLE, Op
from gradcalc.ops.entry import KINDS

# Why an entry lacks what the others of its kind have.
NO_VALUE = {"concat": "any number of operands", "stack": "any number of operands", "getitem": "items", "toaxis": "nobody writes it",
            "apply": "an unknown function"}  # fmt: skip
NO_CODE = {"apply": "an unknown function has none"}
NOT_IN_A_GRAPH_AS_GIVEN = {
    "eye": "written as a delta",
    "pairs": "has no derivative of its own",
    "guard": "in exported code alone",
}


def of_kind(kind: str) -> set[str]:
    return {op.name for op in NODES.values() if op.kind == kind}


def lacking(op: Op) -> list[str]:
    """The stages in which an operation is not known."""
    stages = {
        "ops: kind": op.kind in KINDS,
        "language: shape": op.signature != "own" or op.name in OWN or op.name in ("getitem", "toaxis"),
        "language: notation": bool(op.called or op.sign or op.name in ("neg", "copy", "transpose", "getitem", "toaxis", "apply")),
        "numeric: value": op.value is not None or op.name in NO_VALUE,
        "calculus: derivative": {
            "elementwise": len(op.partials) == len(op.operands) or op.name == "apply",
            "contraction": op.name in CONTRACTIONS,
            "special": op.name in SPECIAL,
            "composed": op.name in CALLS,
        }.get(op.kind, True),
        "derivation: sentence": bool(op.sentence),
        "codegen: code": bool(op.code) or op.name in NO_CODE,
        "codegen: rule": op.kind not in ("contraction", "special") or op.name in CODE or op.name in CONTRACTIONS,
    }  # fmt: skip
    return [f"{op.name}: {stage}" for stage, known in stages.items() if not known]


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_stage_knows_an_operation(op: Op) -> None:
    assert lacking(op) == []


def test_a_missing_rule_is_noticed_by_name() -> None:
    new = Op("cumsum", ("a",), "cumsum(u)", kind="contraction", signature="own")
    assert lacking(new) == [
        "cumsum: language: shape", "cumsum: numeric: value", "cumsum: calculus: derivative", "cumsum: derivation: sentence",
        "cumsum: codegen: code", "cumsum: codegen: rule",
    ]  # fmt: skip


def test_an_array_operation_without_a_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="cumsum: its kind is one of input, constant"):
        Op("cumsum", ("a",), "cumsum(u)", signature="own")


def test_no_stage_has_a_rule_for_what_is_not_in_the_table() -> None:
    assert of_kind("contraction") == set(CONTRACTIONS)
    assert of_kind("special") ^ set(SPECIAL) == set(NOT_IN_A_GRAPH_AS_GIVEN)
    assert set(CODE) <= NODES.keys()
    assert set(OWN) <= TABLE.keys()
    assert set(CALLS) <= TABLE.keys()
    assert of_kind("composed") <= set(CALLS)


@pytest.mark.parametrize("op", [op for op in TABLE.values() if op.partials], ids=lambda op: op.name)
def test_local_derivatives_are_in_the_operands_and_the_result(op: Op) -> None:
    for partial in filter(None, op.partials):
        assert set(names(parse(partial))) <= {*op.operands, "r", "pi", "e"}, op.name


def test_signs_and_words_name_one_operation_each() -> None:
    signed = [op for op in NODES.values() if op.sign]
    assert len(SIGNS) == len(signed)
    assert all(not op.called for op in signed)
    spelled = [word for op in TABLE.values() if op.called for word in (op.name, *op.spellings)]
    assert len(set(spelled)) == len(spelled)
    assert set(CALLABLE) == set(SPELLINGS) - {"√"}
    assert SCALAR["max"] == "maximum"
    assert SCALAR["exp"] == "exp"
