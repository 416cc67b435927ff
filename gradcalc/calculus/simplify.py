"""One scalar expression of entries: what meets in it and cancels, its slope, and the shortest of
its rewritings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set

import sympy as sp

from gradcalc.calculus.bounds import EXPANDED, READABLE
from gradcalc.calculus.lengths import Lengths
from gradcalc.calculus.rewrite_rules import divided, shortest
from gradcalc.calculus.signs_met import operation, signs_met
from gradcalc.calculus.sympy_functions import function_class
from gradcalc.language.errors import GradcalcError, Problem


def varying_powers(expr: sp.Expr, lengths: Lengths) -> dict[sp.Symbol, sp.Expr]:
    """Symbols for the powers with a varying exponent, so that L²ⁿ⁻¹ is P²/L: symbol -> the power
    Lⁿ it stands for.
    """
    found: dict[sp.Expr, sp.Symbol] = {}
    for power in expr.atoms(sp.Pow):
        for arg in sp.Add.make_args(power.exp):
            number, rest = arg.as_coeff_Mul()
            if rest != 1 and number.is_Integer:
                found.setdefault(power.base**rest, lengths.standing_for(power.base**rest))
    return {symbol: power for power, symbol in found.items()}


def in_powers(power: sp.Pow, symbols: Mapping[sp.Expr, sp.Symbol]) -> sp.Expr:
    """A power in those symbols: L²ⁿ⁻¹ as P²/L."""
    parts = [arg.as_coeff_Mul() for arg in sp.Add.make_args(power.exp)]
    return sp.Mul(
        *(
            symbols[power.base**r] ** n if power.base**r in symbols else power.base ** (n * r)
            for n, r in parts
        )
    )


def repeated(expr: sp.Expr) -> sp.Add | None:
    """A sum that stands in several places and holds all of its symbols, like x + b in (x + b)/(1 +
    (x + b)²): simplified as one symbol, it is not expanded.
    """
    counts = Counter(
        part for part in sp.preorder_traversal(expr) if isinstance(part, sp.Add) and part != expr
    )
    for part, count in counts.items():
        if count > 1 and not part.free_symbols & expr.xreplace({part: sp.S.One}).free_symbols:
            return part
    return None


def apart(expr: sp.Expr) -> list[sp.Expr]:
    """Factors of an expression that can be simplified one by one: they share no symbol, so nothing
    cancels between them.

    The number in front stays with what has denominators.
    """
    if isinstance(expr, sp.Add):
        common = set.intersection(*(set(sp.Mul.make_args(arg)) for arg in expr.args))
        rest = sp.Add(
            *(sp.Mul(*(f for f in sp.Mul.make_args(arg) if f not in common)) for arg in expr.args)
        )
        factors = [*common, rest]
    else:
        factors = list(sp.Mul.make_args(expr))
    groups: list[tuple[set[sp.Basic], bool, sp.Expr]] = []
    for factor in factors:
        symbols, divides = factor.free_symbols, factor.is_number or divided(factor)
        met = [
            group
            for group in groups
            if (divides and group[1] and not (symbols and group[0])) or group[0] & symbols
        ]
        groups = [group for group in groups if group not in met]
        symbols = symbols.union(*(group[0] for group in met))
        groups.append(
            (
                symbols,
                divides or any(group[1] for group in met),
                sp.Mul(*(g[2] for g in met), factor),
            )
        )
    return [group[2] for group in groups]


def assuming(expr: sp.Expr, positive: Set[sp.Symbol]) -> sp.Expr:
    """The expression where some symbols are known to be positive: sign(x) and step(x) are 1, |x|
    is x.
    """

    def known(part: sp.Expr) -> bool:
        if isinstance(part, (sp.Add, sp.Mul)):
            return all(map(known, part.args))
        if isinstance(part, sp.Pow):
            return known(part.base)
        return (
            part in positive
            or isinstance(part, sp.exp)
            or (part.is_number and bool(part.is_positive))
        )

    def met(f: sp.Expr) -> sp.Expr:
        name, arg = operation(f) or "abs", f.args[0]
        if name == "where":
            decided = operation(arg) in ("gt", "ge") and arg.args[1] == 0 and known(arg.args[0])
            return f.args[1] if decided else f
        rest = sp.Mul(*(factor for factor in sp.Mul.make_args(arg) if not known(factor)))
        if rest == arg:
            return f
        outside = arg / rest if name in ("abs", "relu") else sp.S.One
        signs = {
            "sign": sp.sign(rest),
            "step": sp.Heaviside(rest, 0),
            "half_step": sp.Heaviside(rest, sp.S.Half),
            "abs": abs(rest),
            "relu": sp.Max(rest, 0),
        }
        return outside * (signs[name] if rest.is_number else type(f)(rest))

    def speaks(part: sp.Expr) -> bool:  # SymPy makes an Abs of sqrt(x^2)
        return isinstance(part, sp.Abs) or operation(part) in functions

    functions = ("sign", "step", "half_step", "abs", "relu", "where")
    return expr.replace(speaks, met) if positive else expr


def slope(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """∂expr/∂symbol, as SymPy gives it; SymPy goes through all of the parts, and checks each
    anew.
    """
    if expr == symbol:
        return sp.S.One
    inside = [n for n, arg in enumerate(expr.args) if arg.has_free(symbol)]
    if isinstance(expr, sp.Add):
        return sp.Add(*(slope(expr.args[n], symbol) for n in inside))
    if isinstance(expr, sp.Mul):
        return sp.Add(
            *(
                sp.Mul(*expr.args[:n], slope(expr.args[n], symbol), *expr.args[n + 1 :])
                for n in inside
            )
        )
    if isinstance(expr, sp.Pow) and expr.exp.is_number:
        return expr * (slope(expr.base, symbol) * expr.exp / expr.base)
    if expr.has(
        sp.Abs, sp.sign
    ):  # SymPy's own, for sqrt(x^2), whose derivative it calls DiracDelta
        return slope(
            expr.replace(sp.Abs, function_class("abs")).replace(sp.sign, function_class("sign")),
            symbol,
        )
    if isinstance(expr, sp.Function):
        return sp.Add(*(expr.fdiff(n + 1) * slope(expr.args[n], symbol) for n in inside))
    found = sp.diff(expr, symbol)
    if found.has(sp.I, sp.nan, sp.zoo):  # (-2)^x and 0^x by x: the logarithm of the base
        what = (
            "a number that is not positive, to a power that varies, has no derivative by the "
            "exponent"
        )
        raise GradcalcError(Problem("undefined", what))
    return found


class Simplifier:
    """Shortens expressions, each once."""

    def __init__(self, lengths: Lengths) -> None:
        self.lengths = lengths
        self._tidied: dict[sp.Expr, sp.Expr] = {}

    def tidy(self, expr: sp.Expr) -> sp.Expr:
        """The shortest of a few rewritings of one group, if there is something to cancel; never
        a whole term.
        """
        if not isinstance(expr, (sp.Mul, sp.Add, sp.Pow)) or self.lengths.cost(expr) > EXPANDED:
            return expr
        has_sum = any(
            isinstance(part, sp.Add) for arg in sp.Mul.make_args(expr) for part in (arg, *arg.args)
        )
        has_power = divided(expr)
        # Without a denominator a product has nothing to cancel, and a sum can only be factored.
        if not has_power and not (has_sum and isinstance(expr, sp.Add)):
            parts = sp.Mul.make_args(signs_met(expr))
            return sp.Mul(
                *(
                    self.tidy(part) if isinstance(part, sp.Add) and len(parts) > 1 else part
                    for part in parts
                )
            )
        if len(expr.free_symbols) > READABLE:
            return expr
        if expr not in self._tidied:
            parts = apart(expr)
            if (inner := repeated(expr)) is not None:
                t = self.lengths.standing_for(inner)
                self._tidied[expr] = self.tidy(expr.xreplace({inner: t})).xreplace({t: inner})
            elif len(parts) > 1:
                self._tidied[expr] = sp.Mul(*map(self.tidy, parts))
            elif not expr.has(sp.Add):
                self._tidied[expr] = signs_met(expr)
            else:
                self._tidied[expr] = self.shortest(expr)
        return self._tidied[expr]

    def shortest(self, expr: sp.Expr) -> sp.Expr:
        """The shortest form that the rules give, powers with a varying exponent taken as they
        are.
        """
        powers = varying_powers(expr, self.lengths)
        if not powers:
            return shortest(expr, self.lengths)
        symbols = {power: symbol for symbol, power in powers.items()}
        flat = expr.replace(
            lambda part: isinstance(part, sp.Pow), lambda part: in_powers(part, symbols)
        )
        found = signs_met(shortest(flat, self.lengths).xreplace(powers))
        return self.lengths.shortest([expr, signs_met(expr), found])
