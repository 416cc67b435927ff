"""Formulas read backwards: an expression with a formula inside it read as the name of what it
defines.
"""

from __future__ import annotations

from collections.abc import Set

import sympy as sp

from gradcalc.calculus import bounded
from gradcalc.calculus.bounds import EXPANDED, SEARCHED
from gradcalc.calculus.effort import expandable
from gradcalc.calculus.lengths import Lengths
from gradcalc.calculus.rewrite_rules import divided, within_sum
from gradcalc.calculus.signs_met import signs_met
from gradcalc.calculus.sympy_functions import divides, function_class


def folded(expr: sp.Expr, formula: sp.Expr, own: sp.Symbol, lengths: Lengths) -> sp.Expr:
    """`expr` with `formula` read as `own`, as it stands and as part of a product or a sum; of a
    root of a sum or a reciprocal, its powers too: with v = √u, 1/√u is 1/v and an unnamed u is v².
    """
    if (
        isinstance(formula, sp.Pow)
        and formula.exp.is_Rational
        and (not formula.exp.is_Integer or formula.exp == -1)
    ):
        return folded_powers(expr, formula, own, lengths)
    roots = [
        f
        for f in sp.Mul.make_args(formula)
        if isinstance(f, sp.Pow) and f.exp.is_Rational and not f.exp.is_Integer
    ]
    if len(roots) == 1 and all(
        f.is_number or f.is_integer for f in (formula / roots[0]).free_symbols
    ):
        return folded_powers(expr, roots[0], own / (formula / roots[0]), lengths)  # v = √(u/n)
    expr = expr.xreplace({formula: own})
    if isinstance(formula, sp.Mul) and lengths.cost(formula) > 2:
        return expr.replace(
            lambda part: isinstance(part, sp.Mul), lambda part: within_product(part, formula, own)
        )
    if isinstance(formula, sp.Add):
        return expr.replace(
            lambda part: isinstance(part, sp.Add), lambda part: within_sum(part, formula, own)
        )
    return expr


def of_names(formula: sp.Expr, lengths: Lengths) -> bool:
    """Is it a product, a quotient or a power of named quantities?"""
    factors = [factor.as_base_exp() for factor in sp.Mul.make_args(formula)]
    return not formula.is_Symbol and all(
        base.is_Atom and exponent.is_Integer and not lengths.written_out(base)
        for base, exponent in factors
    )


def varying(formula: sp.Expr) -> set[sp.Symbol]:
    """The entries in an expression; sizes are numbers."""
    return {symbol for symbol in formula.free_symbols if not symbol.is_integer}


def folded_powers(expr: sp.Expr, formula: sp.Pow, own: sp.Symbol, lengths: Lengths) -> sp.Expr:
    """`expr` with powers of the base of `formula` read as powers of `own`: with r = x^(1/2), x is
    r².
    """
    base, exponent = formula.args
    if base.is_Symbol and (exponent == -1 or lengths.given(base)):
        return expr.xreplace({formula: own})  # 1/r² and 1/√t stay
    powers = {
        p: p.exp / exponent for p in expr.atoms(sp.Pow) if p.base == base and p.exp.is_Rational
    }
    read = expr.xreplace({p: own**power for p, power in powers.items() if power.is_Integer})
    inner = [part for part in sp.Mul.make_args(base) if lengths.written_out(part)]
    if len(inner) == 1 and (1 / exponent).is_Integer and exponent > 0:
        scale = base / inner[0]
        if all(symbol.is_integer for symbol in scale.free_symbols):  # numbers and sizes
            return read.xreplace({inner[0]: own ** (1 / exponent) / scale})
    return read


def factors(expr: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """The factors of a product with their exponents; exp(2u) is exp(u) twice."""
    found: dict[sp.Expr, sp.Expr] = {}
    for factor in sp.Mul.make_args(expr):
        base, exponent = factor.args if isinstance(factor, sp.Pow) else (factor, sp.S.One)
        if isinstance(base, sp.exp):
            number, rest = base.args[0].as_coeff_Mul()
            base, exponent = (
                (sp.exp(rest), exponent * number) if number.is_Integer else (base, exponent)
            )
        if not base.is_Rational:
            found[base] = exponent
    return found


def within_product(product: sp.Mul, formula: sp.Mul, own: sp.Symbol) -> sp.Expr:
    """a·u/v·b as a·q·b for q = u/v, as often as it is in there."""
    have, need = factors(product), factors(formula)
    if any(1 - base in have for base in need):
        return product  # s(1 − s) stays together
    times = [have.get(base, sp.S.Zero) / exponent for base, exponent in need.items()]
    if not times or not all(number.is_Rational and number >= 1 for number in times):
        return product
    count = sp.floor(min(times))
    return product / formula**count * own**count


def units_read(expr: sp.Expr) -> sp.Expr:
    """Sigmoids and tanh that were written out: 1/(1 + eᵛ) is σ(−v), (eʷ − 1)/(eʷ + 1) is
    tanh(w/2).
    """
    for kind in (sp.Mul, sp.Pow):  # whole products before the powers in them
        expr = expr.replace(lambda part, kind=kind: isinstance(part, kind), unit_read)
    return expr


def unit_read(product: sp.Expr) -> sp.Expr:
    """A product with its 1/(1 + eᵛ) read as σ(−v), and (eʷ − 1)/(eʷ + 1) as tanh(w/2)."""
    have = factors(product)
    for base, exponent in have.items():
        rest = base - 1
        if (
            not isinstance(base, sp.Add)
            or not isinstance(rest, sp.exp)
            or not exponent.is_Integer
            or exponent >= 0
        ):
            continue
        (power,) = rest.args
        if have.get(rest - 1) == -exponent:
            return unit_read(
                product / base**exponent / (rest - 1) ** -exponent * sp.tanh(power / 2) ** -exponent
            )
        sigmoid = function_class("sigmoid")
        if rest in sp.Mul.make_args(product) and exponent == -1:
            return unit_read(product * base / rest * sigmoid(power))
        return unit_read(product / base**exponent * sigmoid(-power) ** -exponent)
    return product


def shorter(
    derivative: sp.Expr,
    formula: sp.Expr,
    own: sp.Symbol,
    positive: Set[sp.Expr],
    lengths: Lengths,
) -> sp.Expr:
    """`derivative` with `formula` read as `own`, where that is shorter and divides by nothing
    new that may be 0.
    """
    if lengths.cost(derivative) > EXPANDED:
        return lengths.shortest([derivative, folded(derivative, formula, own, lengths)])
    if any(not power.exp.is_number for power in derivative.atoms(sp.Pow)):
        derivative = bounded.powsimp(derivative)
    whole = any(
        isinstance(part, sp.exp) or (isinstance(part, sp.Pow) and not part.exp.is_number)
        for part in sp.Mul.make_args(formula)
    )
    read = derivative.xreplace({formula: own})
    # A sum of fractions cancels by itself, where it has no functions in it.
    rational = (
        isinstance(derivative, sp.Add)
        and divided(formula)
        and formula.is_rational_function()
        and not any(map(lengths.written_out, formula.free_symbols))
    )
    if not whole and not rational and not of_names(formula, lengths):
        met = (formula, signs_met(formula))
        tries = (folded(derivative, form, own, lengths) for form in met)
        read = next((form for form in tries if form != derivative), read)
    candidates = [derivative, read]
    if divided(formula) and isinstance(derivative, sp.Add):
        candidates += [bounded.together(derivative), bounded.together(read)]
    apart = any(
        1 - base in factors(arg)
        for arg in sp.Add.make_args(derivative)
        for base in factors(formula)
    )
    if whole and not apart:
        ratio = sp.Add(*(bounded.powsimp(arg / formula) for arg in sp.Add.make_args(derivative)))
        read = folded(ratio, formula, own, lengths) * own
        few = quantities(read) <= quantities(derivative) + ratio.has(formula) or 2 * lengths.cost(
            read
        ) < lengths.cost(derivative)
        new = divisors(ratio) - divisors(derivative)
        if few and (
            not new or (isinstance(formula, sp.Mul) and all({n, -n} & positive for n in new))
        ):
            candidates.append(read)
    if divided(formula):
        candidates += by_itself(derivative, formula, own, lengths)
    return lengths.shortest(candidates)


def by_itself(
    derivative: sp.Expr, formula: sp.Expr, own: sp.Symbol, lengths: Lengths
) -> list[sp.Expr]:
    """The derivative of a fraction of functions by the fraction itself, where it then divides by
    nothing: p (1 − p) for p = e¹/(e¹ + e²), 1 − g² for a tanh that is written out.
    """
    found: list[sp.Expr] = []
    for part in sorted(formula.atoms(sp.Function, sp.exp), key=str):
        t = lengths.standing_for(part)
        solved = solve_for(t, formula.xreplace({part: t}), own, lengths)
        if solved is not None and derivative.has(part) and expandable(derivative):
            read = bounded.factor(
                bounded.cancel(derivative.xreplace({part: t}).xreplace({t: solved}))
            )
            found += [read] if not divided(read) and not read.has(part) else []
    return found


def divisors(expr: sp.Expr) -> set[sp.Expr]:
    """What an expression divides by, each factor up to a number; a tangent divides by its
    cosine.
    """
    powers = (p for p in sp.preorder_traversal(expr) if isinstance(p, sp.Pow) and divides(p.exp))
    factors = {factor for power in powers for factor in sp.Mul.make_args(power.base)}
    factors |= {sp.cos(tangent.args[0]) for tangent in expr.atoms(sp.tan)}
    return {min(sum_, -sum_, key=str) for sum_ in (factor.primitive()[1] for factor in factors)}


def quantities(expr: sp.Expr) -> int:
    """How many entries (sizes not counted) an expression has."""
    return sum(not symbol.is_integer for symbol in expr.free_symbols)


def solve_for(
    symbol: sp.Symbol, formula: sp.Expr, own: sp.Symbol, lengths: Lengths
) -> sp.Expr | None:
    """own = formula solved for `symbol`, where it is linear-fractional in it; None otherwise."""
    if lengths.cost(formula) > SEARCHED or not expandable(formula):
        return None
    top, bottom = sp.fraction(bounded.together(formula))
    equation = bounded.expand(own * bottom - top)
    slope = sp.diff(equation, symbol)
    if slope == 0 or slope.has(symbol):
        return None
    return bounded.cancel(-bounded.expand(equation - slope * symbol) / slope)
