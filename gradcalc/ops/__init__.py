"""THE TABLE: every operation of the expression language, one entry each, a file per family.

Adding an operation is adding one entry: the parser reads its spellings, the shape rule comes from its signature,
derivatives from `partials` (elementwise) or from the rule under its name in calculus/derivative_rules.py (what has a
`kind` of its own), numbers from `value`, words from `sentence`, typography from `text` and `latex`, exported code from
`code`. Tests walk the table.

Local derivatives are written in the expression language, in the operands' names and `r`, the operation's own
result: sigmoid's is `r*(1 - r)`.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradcalc.ops import arrays, elementwise, internal
from gradcalc.ops.entry import Op

TABLE: Mapping[str, Op] = {op.name: op for op in elementwise.OPS + arrays.OPS}
# Whatever a node of a graph may be: those, and what nobody writes.
NODES: Mapping[str, Op] = {**TABLE, **{op.name: op for op in internal.OPS}}

# Every word that may be called, with the operation it means: ln -> log.
SPELLINGS: Mapping[str, str] = {
    word: op.name
    for op in TABLE.values()
    if op.called and not op.written
    for word in (op.name, *op.spellings)
}
# Sign -> operation: + -> add, < -> lt, @ -> matmul.
SIGNS: Mapping[str, str] = {op.sign: op.name for op in TABLE.values() if op.sign}
# What a function in a formula means for numbers: max -> maximum, exp -> exp.
SCALAR: Mapping[str, str] = {
    op.called: op.name for op in TABLE.values() if op.called and op.kind == "elementwise"
}
# What only the table itself calls, and a text writes under another name: half_step, as step.
WRITTEN: Mapping[str, str] = {op.name: op.written for op in TABLE.values() if op.written}
COMPARISONS = frozenset(op.name for op in TABLE.values() if op.kind == "comparison")
