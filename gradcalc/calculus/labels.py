"""What holds of a label, a quantity that is 0 or 1: y² is y, y (1 − y) is 0, and two cases are one
formula.
"""

from __future__ import annotations

from collections.abc import Set

import sympy as sp

from gradcalc.calculus.signs_met import operation


def labels_met(expr: sp.Expr, labels: Set[sp.Symbol]) -> sp.Expr:
    """An expression where some symbols are known to be 0 or 1."""
    if not labels:
        return expr

    def power(part: sp.Pow) -> sp.Expr:
        return part.base

    def case(part: sp.Expr) -> sp.Expr:
        condition, yes, no = part.args
        label = chosen(condition, labels)
        return part if label is None else label * yes + (1 - label) * no

    expr = expr.replace(lambda f: operation(f) == "where", case)
    raised = [p for p in expr.atoms(sp.Pow) if p.base in labels and p.exp.is_Integer and p.exp > 1]
    expr = expr.xreplace({p: power(p) for p in raised})
    factors = set(sp.Mul.make_args(expr))
    if any({label, 1 - label} <= factors or {label, label - 1} <= factors for label in labels):
        return sp.S.Zero
    return expr


def chosen(condition: sp.Expr, labels: Set[sp.Symbol]) -> sp.Expr | None:
    """y for a condition that holds where y is 1, 1 − y for one that holds where it is 0; None for
    another.
    """
    if operation(condition) not in ("eq", "ne", "gt", "ge", "lt", "le"):
        return None
    label, other = condition.args
    if label not in labels:
        label, other = other, label
    if label not in labels or not other.is_number:
        return None
    holds = [bool(holds_at(condition, label, value)) for value in (0, 1)]
    return {(False, True): label, (True, False): 1 - label}.get((holds[0], holds[1]))


def holds_at(condition: sp.Expr, label: sp.Symbol, value: int) -> bool:
    """Whether a comparison with a number holds where the label has a value."""
    left, right = (sp.Integer(value) if arg == label else arg for arg in condition.args)
    difference = left - right
    return bool(
        {
            "eq": difference == 0,
            "ne": difference != 0,
            "gt": difference > 0,
            "ge": difference >= 0,
            "lt": difference < 0,
            "le": difference <= 0,
        }[operation(condition) or "eq"]
    )
