"""A derivative as it is shown: its formula, its shape, and its number where there is one."""

from __future__ import annotations

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.formula_pieces import Number
from gradcalc.language.sizes import Shape
from gradcalc.language.tree import Expr


@dataclass(frozen=True, slots=True)
class View:
    """One way of writing an answer, e.g. per example or stacked. `value` in the shape of `shape`,
    or None.

    With `free` indices `symbolic` is one entry, as in an answer.
    """

    symbolic: Expr
    shape: Shape
    value: Number = None
    free: tuple[str, ...] = ()
