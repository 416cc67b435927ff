"""Walks the table of operations × the stages: each stage knows each operation, or a reason why not is named here.

A missing one fails with the operation's name, the stage's name, and the place where it belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from gradcalc.calculus.derivative_rules import CONTRACTIONS, SPECIAL
from gradcalc.codegen.rules import ARRAY_RULES
from gradcalc.derivation.general_rules import LETTERS
from gradcalc.language import formula
from gradcalc.language.formula_pieces import Names
from gradcalc.language.parser import parse
from gradcalc.language.shape_rules import OWN, parsed
from gradcalc.numeric import array_operations
from gradcalc.ops import TABLE, Op

BY_RULE = ("reduction", "same")  # signatures that say the shape by themselves
NAMES = Names(shapes={**LETTERS, "x": (), "y": ()}, functions=frozenset("g"))
TESTS = ("lt", "le", "gt", "ge", "eq", "ne")
LOWERED = "written in simpler operations when the graph is built: graph/lowering_calls.py"


@dataclass(frozen=True, slots=True)
class Stage:
    """`knows`: whether it knows an operation; `place`: where it belongs; `reasons`: why some operations are not there."""

    name: str
    place: str
    knows: Callable[[Op], bool]
    reasons: Mapping[str, str]


def has_shape(op: Op) -> bool:
    if op.signature == "own":
        return op.name in OWN
    return op.signature in ("elementwise", *BY_RULE) or len(parsed(op.signature)[0]) == len(
        op.operands
    ) - len(op.parameters)


def has_value(op: Op) -> bool:
    return op.value is not None or op.name in array_operations.CALLS


def has_derivative(op: Op) -> bool:
    elementwise = bool(op.partials) and len(op.partials) == len(op.operands)
    return elementwise or op.name in CONTRACTIONS or op.name in SPECIAL


def has_words(op: Op) -> bool:
    return bool(op.sentence) and not op.sentence.endswith(".")


def has_code(op: Op) -> bool:
    """A spelling entry by entry and over axes; else a rule for its axes, or the terms that define it."""
    if op.signature in ("elementwise", "reduction"):
        return bool(op.code)
    return op.name in ARRAY_RULES or op.name in CONTRACTIONS


def has_typography(op: Op) -> bool:
    """Its name in text and in TeX, or a form of its own, as A ⊗ B."""
    if (op.text and op.latex) or not op.example:
        return bool(op.text and op.latex)
    printed = formula.latex(parse(op.example, functions={"g"}), NAMES)
    return r"\operatorname" not in printed


STAGES = (
    Stage("shape", "`signature` of its entry, or OWN in language/shape_rules.py", has_shape, {
        "getitem": "indexing is a form of the language, not a call: shape_rules.indexed",
        "toaxis": "made by the graph alone, which knows the shape",
        "free": "made by the graph alone, which knows the shape",
    }),
    Stage("value", "`value` of its entry, or CALLS in numeric/array_operations.py", has_value, {
        "getitem": "indexing is a form of the language: numeric/array_operations.py",
        "toaxis": "nobody writes it: an index of a line becomes an axis",
        "free": "nobody writes it: the numbers are those of the input",
        "apply": "an unknown function has no value",
    }),
    Stage("local derivative", "`partials` of its entry, or CONTRACTIONS or SPECIAL in calculus/derivative_rules.py", has_derivative, {
        **dict.fromkeys(TESTS, "a condition has no gradient"),
        "ones": "a constant", "zeros": "a constant",
        "transpose": "the same entries with their indices swapped", "toaxis": "the same entries",
        "apply": "the derivative of an unknown function g is g'",
        **dict.fromkeys(("dot", "var", "matrix_power"), LOWERED),
    }),
    Stage("words", "`sentence` of its entry, without a full stop", has_words, {}),
    Stage("code", "`code` of its entry, or ARRAY_RULES in codegen/rules.py", has_code, {
        "apply": "an unknown function has no code",
        **dict.fromkeys(("ones", "zeros"), "a number that is stretched"),
        "transpose": "an order of axes", "toaxis": "an order of axes",
        **dict.fromkeys(("dot", "matrix_power"), LOWERED),
    }),
    Stage("typography", "`text` and `latex` of its entry, or call() in language/formula.py", has_typography, {
        "toaxis": "nobody reads it", "free": "nobody reads it",
        **dict.fromkeys(
            ("sum", "mean", "var", "prod", "logsumexp", "softmax", "log_softmax", "tr", "diag", "vec", "concat", "stack"),
            "written with the name that it has in the language",
        ),
    }),
)  # fmt: skip


def missing(table: Mapping[str, Op]) -> list[str]:
    """What a stage lacks, a line each; and reasons that are no longer needed."""
    found = []
    for stage in STAGES:
        for op in table.values():
            if stage.knows(op) == (op.name in stage.reasons):
                found.append(
                    f"{op.name}: the stage '{stage.name}' knows it, and a reason is named why not"
                    if stage.knows(op)
                    else f"{op.name}: the stage '{stage.name}' does not know it; it belongs into {stage.place}"
                )
        found += [
            f"{name}: no operation, but a reason at '{stage.name}'"
            for name in stage.reasons
            if name not in TABLE
        ]
    return found


def test_every_stage_knows_every_operation() -> None:
    assert missing(TABLE) == []


@pytest.mark.parametrize(
    ("name", "change", "stage", "place"),
    [
        ("det", {"signature": "own"}, "shape", "OWN in language/shape_rules.py"),
        ("tanh", {"value": None}, "value", "CALLS in numeric/array_operations.py"),
        ("tanh", {"partials": ()}, "local derivative", "CONTRACTIONS or SPECIAL in calculus/derivative_rules.py"),
        ("kron", {"sentence": ""}, "words", "`sentence` of its entry"),
        ("silu", {"code": ""}, "code", "`code` of its entry"),
        ("silu", {"text": ""}, "typography", "`text` and `latex` of its entry"),
    ],
)  # fmt: skip
def test_a_field_that_is_left_out_is_noticed(
    name: str, change: dict[str, Any], stage: str, place: str
) -> None:
    (line,) = missing({**TABLE, name: replace(TABLE[name], **change)})
    assert line.startswith(f"{name}: the stage '{stage}' does not know it; it belongs into ")
    assert place in line


@pytest.mark.parametrize(
    ("rules", "operation", "stage"),
    [
        (OWN, "kron", "shape"),
        (CONTRACTIONS, "kron", "local derivative"),
        (SPECIAL, "inv", "local derivative"),
        (ARRAY_RULES, "inv", "code"),
    ],
)
def test_a_rule_that_is_taken_away_is_noticed(
    rules: Any, operation: str, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(rules, operation)
    (line,) = missing(TABLE)
    assert line.startswith(f"{operation}: the stage '{stage}' does not know it; it belongs into ")


def test_an_operation_that_is_added_is_asked_for_at_every_stage() -> None:
    new = Op("cummax", ("a",), "sum(u)", kind="contraction", signature="own")
    assert [line.partition("; ")[0] for line in missing({**TABLE, "cummax": new})] == [
        f"cummax: the stage '{stage.name}' does not know it" for stage in STAGES
    ]


def test_a_reason_that_is_no_longer_needed_is_noticed() -> None:
    ones = replace(TABLE["ones"], partials=("0",))
    assert missing({**TABLE, "ones": ones}) == [
        "ones: the stage 'local derivative' knows it, and a reason is named why not"
    ]
