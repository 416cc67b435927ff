"""THE TABLE: every operation of the expression language, one entry each, a file per family.

Adding an operation is adding one entry: the parser reads its spellings, the shape rule comes from its signature,
derivatives from `partials` (elementwise) or `pullback` (everything else), numbers from `value`, words from
`sentence`, typography from `text` and `latex`, exported code from `code`. Tests walk the table.

Local derivatives are written in the expression language, in the operands' names and `r`, the operation's own
result: sigmoid's is `r*(1 - r)`.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradcalc.ops import arrays as structured
from gradcalc.ops import elementwise
from gradcalc.ops.entry import Op

TABLE: Mapping[str, Op] = {op.name: op for op in elementwise.OPS + structured.OPS}
SPELLINGS: Mapping[str, str] = {
    word: op.name for op in TABLE.values() for word in (op.name, *op.spellings)
}
