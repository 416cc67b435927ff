"""One scalar expression of entries: what meets in it and cancels, its slope, and the shortest of
its rewritings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set

import sympy as sp

from gradcalc.calculus.effort import Effort
from gradcalc.calculus.lengths import Lengths, complements
from gradcalc.calculus.sympy_functions import divides, function_class
from gradcalc.language.errors import GradcalcError, Problem


def complemented(total: sp.Add) -> sp.Expr:
    """σ − σ² in a sum as σ·(1 − σ)."""
    for linear, square, base in complements(total):
        if linear in total.args and square in total.args:
            total = total - linear - square + sp.Mul(linear, 1 - base)
    return total


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


def roots_met(expr: sp.Expr, lengths: Lengths) -> list[sp.Expr]:
    """With the one square root of a sum in it as a symbol: 1/t + v²/(c² t³) is 1/t³, where t² is
    1 − v²/c².
    """
    roots = {
        p.base
        for p in expr.atoms(sp.Pow)
        if p.exp.is_Rational and p.exp.q == 2 and isinstance(p.base, sp.Add)
    }
    if len(roots) != 1:
        return []
    (base,) = roots
    t = lengths.standing_for(sp.sqrt(base))
    flat = expr.replace(
        lambda p: isinstance(p, sp.Pow) and p.base == base, lambda p: t ** (2 * p.exp)
    )
    top, bottom = sp.fraction(sp.together(flat.xreplace({base: t**2})))
    terms = sp.Poly(top, t).terms()
    reduced = sp.Add(
        *(coefficient * base ** (power // 2) * t ** (power % 2) for (power,), coefficient in terms)
    )
    above = sp.factor(sp.cancel(reduced))
    found = [sp.cancel(part) / bottom for part in (above, above / base)]
    return [
        expr.xreplace({t: sp.sqrt(base)})
        for expr in (sp.cancel(found[0]), sp.cancel(found[1] * t**2))
    ]


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


def divided(expr: sp.Expr) -> bool:
    """Does it have a denominator anywhere?"""
    return any(divides(power.exp) for power in expr.atoms(sp.Pow))


def linear(expr: sp.Expr) -> bool:
    """Is it a sum that is linear in a symbol of one product? It then has no factors but those
    that all summands share.
    """
    if not isinstance(expr, sp.Add):
        return False
    counts = Counter(symbol for arg in expr.args for symbol in arg.free_symbols)
    for arg in expr.args:
        factors = sp.Mul.make_args(arg)
        if any(isinstance(factor, sp.Add) for factor in factors):
            continue
        for n, factor in enumerate(factors):
            rest = (*factors[:n], *factors[n + 1 :])
            if (
                factor.is_Symbol
                and counts[factor] == 1
                and not any(other.has(factor) for other in rest)
            ):
                return True
    return False


def signs_met(expr: sp.Expr) -> sp.Expr:
    """What meets in products and sums: x·sign(x) is |x|, sinh x/cosh x is tanh x, and 1 − σ(−x) is
    σ(x); cases of one condition are one case.
    """
    for f in expr.atoms(sp.Function):
        if (
            operation(f) == "sigmoid"
            and f.args[0].could_extract_minus_sign()
            and not slope_of(f, expr)
        ):
            expr = expr.subs(1 - f, type(f)(-f.args[0]))
    expr = expr.replace(lambda part: isinstance(part, (sp.Mul, sp.Pow)), factors_met)
    return expr.replace(lambda part: isinstance(part, sp.Add), cases_met)


def slope_of(f: sp.Expr, expr: sp.Expr) -> bool:
    """Does f (1 − f), the slope of a sigmoid, stand in it?"""
    return any(
        {f, 1 - f} <= set(part.args)
        for part in sp.preorder_traversal(expr)
        if isinstance(part, sp.Mul)
    )


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
        name, arg = operation(f), f.args[0]
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

    functions = ("sign", "step", "half_step", "abs", "relu", "where")
    return expr.replace(lambda part: operation(part) in functions, met) if positive else expr


def operation(expr: sp.Expr) -> str:
    """The operation of the table that a SymPy function stands for; "" for anything else."""
    return getattr(type(expr), "op", "")


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


MET = {("sign", "abs"): "", ("step", "relu"): "relu"}  # f(x)·g(x) is h(x); "" is x itself

QUOTIENTS = {sp.cosh: (sp.sinh, sp.tanh), sp.cos: (sp.sin, sp.tan)}


def factors_met(product: sp.Expr) -> sp.Expr:
    """The factors of a product that say something together: x·xⁿ, x·sign(x), |x|²,
    relu(x)·step(x), sinh(x)/cosh(x).
    """
    powers = product.as_powers_dict()
    bases = [factor.as_base_exp()[0] for factor in sp.Mul.make_args(product)]
    for base, exponent in powers.items():
        if not exponent.is_number and not base.is_number and bases.count(base) > 1:  # x·xⁿ
            return factors_met(
                sp.Mul(
                    *(f for f in sp.Mul.make_args(product) if f.as_base_exp()[0] != base),
                    base**exponent,
                )
            )
    for factor, exponent in powers.items():
        name, arg = operation(factor), factor.args[0] if factor.args else None
        if name == "step" and exponent.is_integer and exponent > 1:
            return factors_met(product / factor ** (exponent - 1))
        if name == "sign" and arg in powers and abs(powers[arg]) == 1:
            return factors_met(product / factor * (function_class("abs")(arg) / arg) ** powers[arg])
        for other in powers:
            met = (
                MET.get((name, operation(other)))
                if exponent == 1 and other.args[:1] == (arg,)
                else None
            )
            if met is not None and powers[other].is_integer:
                return factors_met(
                    product / factor / other * (function_class(met)(arg) if met else arg)
                )
        if type(factor) in QUOTIENTS and exponent.could_extract_minus_sign():
            above, name = QUOTIENTS[type(factor)]
            if above(arg) in powers and powers[above(arg)] == -exponent:
                return factors_met(
                    product / factor**exponent / above(arg) ** -exponent * name(arg) ** -exponent
                )
    even = [
        factor
        for factor, exponent in powers.items()
        if operation(factor) == "abs" and exponent.is_even
    ]
    return product.subs({factor: factor.args[0] for factor in even}) if even else product


def cases_met(total: sp.Add) -> sp.Expr:
    """a·where(c, p, q) + b·where(c, r, s) is where(c, a·p + b·r, a·q + b·s)."""
    cases: dict[sp.Expr, list[tuple[sp.Expr, sp.Expr]]] = {}
    for arg in total.args:
        found = [factor for factor in sp.Mul.make_args(arg) if operation(factor) == "where"]
        if len(found) == 1:
            cases.setdefault(found[0].args[0], []).append((arg, found[0]))
    for condition, met in cases.items():
        if len(met) > 1:
            yes, no = (sp.Add(*(arg / case * case.args[n] for arg, case in met)) for n in (1, 2))
            rest = sp.Add(*(arg for arg in total.args if all(arg != other for other, _ in met)))
            return rest + (yes if yes == no else function_class("where")(condition, yes, no))
    return total


FACTORED = 6  # symbols: of a polynomial in more only common factors are looked for


class Simplifier:
    """Shortens expressions within a budget. `factoring`: sums are factored, not only what their
    summands share.
    """

    def __init__(self, lengths: Lengths, factoring: bool = True) -> None:
        self.lengths, self.factoring = lengths, factoring
        self.effort = Effort()
        self._tidied: dict[sp.Expr, sp.Expr] = {}

    def tidy(self, expr: sp.Expr) -> sp.Expr:
        """The shortest of a few rewritings of one group, if there is something to cancel; never
        a whole term.
        """
        if not isinstance(expr, (sp.Mul, sp.Add, sp.Pow)) or self.lengths.cost(expr) > 64:
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
        if len(expr.free_symbols) > 12:
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
                affordable = self.effort.affords(expr, self.lengths.cost(expr))
                self._tidied[expr] = (
                    self.lengths.shortest(self.rewritings(expr)) if affordable else expr
                )
        return self._tidied[expr]

    def rewritings(self, expr: sp.Expr) -> list[sp.Expr]:
        """Equal expressions, the given one first."""
        found = [expr]
        expr = signs_met(expr)
        if expr not in found:
            found.append(expr)
        powers = varying_powers(expr, self.lengths)
        if powers:
            symbols = {power: symbol for symbol, power in powers.items()}
            flat = expr.replace(
                lambda part: isinstance(part, sp.Pow), lambda part: in_powers(part, symbols)
            )
            return found + [signs_met(again.xreplace(powers)) for again in self.rewritings(flat)]
        try:
            rooted = roots_met(expr, self.lengths) if divided(expr) else []
        except (sp.PolynomialError, NotImplementedError, RecursionError):
            rooted = []
        found += [again for again in rooted if again not in found]
        factor = sp.factor if len(expr.free_symbols) <= FACTORED else sp.factor_terms
        whole = (
            (factor, sp.factor_terms) if self.factoring and not linear(expr) else (sp.factor_terms,)
        )
        for rewrite in (sp.cancel, factor, sp.factor_terms) if divided(expr) else whole:
            try:
                result = rewrite(expr)
            except (sp.PolynomialError, NotImplementedError, RecursionError):
                continue
            if result not in found:
                found.append(result)
                if rewrite is sp.cancel:
                    rewritten = [sp.factor_terms(result)]
                    if self.lengths.cost(result) < 30:
                        top, bottom = sp.fraction(result)
                        rewritten += [factor(result), sp.factor_terms(top) / factor(bottom)]
                    found += [again for again in rewritten if again not in found]
        read = [
            again.replace(lambda part: isinstance(part, sp.Add), complemented) for again in found
        ]
        return found + [again for again in read if again not in found]
