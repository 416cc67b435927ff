"""The rules by which one scalar expression of entries is rewritten, a row a rule.

`shortest` tries them: on the expression, and those that are cheap once more on what came out. Each
gives an expression that is equal; the shortest is taken, and what nobody has to read is left out:
no exponential is pulled apart, and no sum is factored further than what its summands share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import sympy as sp

from gradcalc.calculus import bounded
from gradcalc.calculus.bounds import SHORT
from gradcalc.calculus.effort import expandable
from gradcalc.calculus.lengths import Lengths, complements
from gradcalc.calculus.same_shape import LENGTHS, renamed, shape
from gradcalc.calculus.signs_met import signs_met
from gradcalc.calculus.sympy_functions import divides


class Rule(NamedTuple):
    """`applies` says where a rule is tried, `rewrite` what it gives. `cheap`: it expands nothing,
    so that it is tried again on what the others give.
    """

    name: str
    applies: Callable[[sp.Expr], bool]
    rewrite: Callable[[sp.Expr, Lengths], Iterator[sp.Expr]]
    cheap: bool = False


def divided(expr: sp.Expr) -> bool:
    """Does it have a denominator anywhere?"""
    return any(divides(power.exp) for power in expr.atoms(sp.Pow))


def rational(expr: sp.Expr) -> bool:
    """Is it a fraction that is short enough to be expanded?"""
    return divided(expr) and expandable(expr)


def summed(expr: sp.Expr) -> bool:
    """Is there a sum in it?"""
    return bool(expr.has(sp.Add))


def shares(expr: sp.Expr) -> bool:
    """May its summands share something, or a sum in it be drawn out?"""
    if not isinstance(expr, sp.Add) or divided(expr):
        return summed(expr)
    factors = [sp.Mul.make_args(arg) for arg in expr.args]
    bases = [{f.as_base_exp()[0] for f in parts if not f.is_number} for parts in factors]
    numbers = [arg.as_coeff_Mul()[0] for arg in expr.args]
    plain = any(abs(number) == 1 for number in numbers)
    return not plain or bool(set.intersection(*bases)) or nested(expr)


def nested(expr: sp.Expr) -> bool:
    """Is a sum a factor of something in it?"""
    return any(
        isinstance(factor.as_base_exp()[0], sp.Add)
        for arg in sp.Add.make_args(expr)
        for factor in sp.Mul.make_args(arg)
    )


# ---- the rewritings


def meet(expr: sp.Expr, lengths: Lengths) -> Iterator[sp.Expr]:
    """What says something together: x·sign(x) is |x|."""
    yield signs_met(expr)


def cancel(expr: sp.Expr, lengths: Lengths) -> Iterator[sp.Expr]:
    """Numerator and denominator without what they share, expanded; and factored what is below."""
    found = bounded.cancel(expr)
    yield found
    if len(expr.free_symbols) <= SHORT:
        top, bottom = sp.fraction(found)
        yield bounded.factor_terms(top) / bounded.factor(bottom)


def factor(expr: sp.Expr, lengths: Lengths) -> Iterator[sp.Expr]:
    """One fraction, factored above and below."""
    yield bounded.factor(expr)


def draw_out(expr: sp.Expr, lengths: Lengths) -> Iterator[sp.Expr]:
    """What all summands share, in front of them."""
    yield bounded.factor_terms(expr)


def within_sum(total: sp.Add, formula: sp.Add, own: sp.Symbol) -> sp.Expr:
    """v − a₁v₁ − a₂v₂ as v − o for o = a₁v₁ + a₂v₂."""
    have, need = total.as_coefficients_dict(), formula.as_coefficients_dict()
    ratios = {have.get(term, sp.S.Zero) / number for term, number in need.items()}
    if len(ratios) != 1 or 0 in ratios:
        return total
    (ratio,) = ratios
    return total - ratio * formula + ratio * own


def one_sign(expr: sp.Expr, lengths: Lengths) -> Iterator[sp.Expr]:
    """A sum that stands beside its own summands, or with the other sign: 1 + t + s (1 + t)."""
    for factor in sp.Mul.make_args(expr) if isinstance(expr, sp.Mul) else ():
        if isinstance(factor, sp.Add):
            yield from (expr / factor * form for form in one_sign(factor, lengths))
    if not isinstance(expr, sp.Add):
        return
    bases = {f.as_base_exp()[0] for arg in expr.args for f in sp.Mul.make_args(arg)}
    for total in sorted((base for base in bases if isinstance(base, sp.Add)), key=str):
        with_it = [arg for arg in expr.args if arg.free_symbols & total.free_symbols]
        if len(with_it) > 1:
            t = lengths.standing_for(total)
            read = within_sum(expr.xreplace({total: t, -total: -t}), total, t)
            yield bounded.factor_terms(read).xreplace({t: total})
            own = [arg / t for arg in sp.Add.make_args(read) if t in sp.Mul.make_args(arg)]
            rest = (arg for arg in sp.Add.make_args(read) if t not in sp.Mul.make_args(arg))
            yield sp.Add(*rest, sp.Mul(t, sp.Add(*own))).xreplace({t: total})


def one_bar(expr: sp.Expr, lengths: Lengths) -> Iterator[sp.Expr]:
    """Over one denominator where that is shorter, nothing expanded, roots as they are."""
    roots = {
        power: lengths.standing_for(power)
        for power in sorted(expr.atoms(sp.Pow), key=str)
        if not power.exp.is_Integer
    }
    found = bounded.together(expr.xreplace(roots)).xreplace(
        {t: power for power, t in roots.items()}
    )
    if lengths.cost(found) < lengths.cost(expr):
        yield found


def multiply_out(expr: sp.Expr, lengths: Lengths) -> Iterator[sp.Expr]:
    """A factor that is a sum of fractions, multiplied by the other factors one by one."""
    factors = sp.Mul.make_args(expr)
    for total in factors:
        if isinstance(total, sp.Add) and divided(total):
            rest = sp.Mul(*(other for other in factors if other != total))
            yield sp.Add(*(rest * arg for arg in total.args))


def complement(expr: sp.Expr, lengths: Lengths) -> Iterator[sp.Expr]:
    """σ − σ² in its sums as σ (1 − σ)."""
    yield expr.replace(lambda part: isinstance(part, sp.Add), complemented)


def complemented(total: sp.Add) -> sp.Expr:
    """σ − σ² in a sum as σ·(1 − σ)."""
    for linear, square, base in complements(total):
        if linear in total.args and square in total.args:
            total = total - linear - square + sp.Mul(linear, 1 - base)
    return total


def meet_roots(expr: sp.Expr, lengths: Lengths) -> Iterator[sp.Expr]:
    """With the one square root of a sum in it as a symbol: 1/t + v²/(c² t³) is 1/t³, where t² is
    1 − v²/c².
    """
    roots = {
        p.base
        for p in expr.atoms(sp.Pow)
        if p.exp.is_Rational and p.exp.q == 2 and isinstance(p.base, sp.Add)
    }
    if len(roots) != 1:
        return
    (base,) = roots
    t = lengths.standing_for(sp.sqrt(base))
    flat = expr.replace(
        lambda p: isinstance(p, sp.Pow) and p.base == base, lambda p: t ** (2 * p.exp)
    )
    top, bottom = sp.fraction(bounded.together(flat.xreplace({base: t**2})))
    terms = bounded.coefficients(top, t)
    reduced = sp.Add(
        *(coefficient * base ** (power // 2) * t ** (power % 2) for power, coefficient in terms)
    )
    above = bounded.factor(bounded.cancel(reduced))
    found = [bounded.cancel(part) / bottom for part in (above, above / base)]
    for form in (bounded.cancel(found[0]), bounded.cancel(found[1] * t**2)):
        yield form.xreplace({t: sp.sqrt(base)})


def expand(expr: sp.Expr, lengths: Lengths) -> Iterator[sp.Expr]:
    """Powers of sums expanded."""
    yield bounded.factor_terms(bounded.expand(expr))


def squared(expr: sp.Expr) -> bool:
    """Is a power of a sum among the summands: 1 − (2g − 1)² is 4g (1 − g)?"""
    powers = (part for part in expr.atoms(sp.Pow) if isinstance(part.base, sp.Add))
    whole = isinstance(expr, sp.Add) and not divided(expr)
    return whole and any(power.exp.is_Integer for power in powers) and expandable(expr)


RULES = (
    Rule("meet", lambda e: True, meet, cheap=True),
    Rule("roots", rational, meet_roots),
    Rule("cancel", rational, cancel),
    Rule("factor", lambda e: rational(e) and few(e), factor),
    Rule("draw out", shares, draw_out, cheap=True),
    Rule("one sign", nested, one_sign, cheap=True),
    Rule("one bar", divided, one_bar, cheap=True),
    Rule("expand", squared, expand),
    Rule("multiply out", divided, multiply_out, cheap=True),
    Rule("complement", summed, complement, cheap=True),
)


def few(expr: sp.Expr) -> bool:
    """Has it few enough symbols to be factored?"""
    return len(expr.free_symbols) <= SHORT


# ---- the search


def shortest(expr: sp.Expr, lengths: Lengths) -> sp.Expr:
    """The shortest of the forms of an expression that the rules give in two rounds."""
    numbered, symbols = shape(expr, lengths)
    return renamed(_shortest(numbered), symbols)


@lru_cache(maxsize=20_000)
def _shortest(expr: sp.Expr) -> sp.Expr:
    """Of one shape. Exponentials are taken as they are; only in fractions do they meet: e²ˣ − 1
    over eˣ + 1 is eˣ − 1.
    """
    exps = {part: LENGTHS.standing_for(part) for part in sorted(expr.atoms(sp.exp), key=str)}
    back = {symbol: part for part, symbol in exps.items()}
    found = [form.xreplace(back) for form in searched(expr.xreplace(exps), LENGTHS)]
    if len(exps) > 1 and divided(expr):
        known = set(exps)
        found += (form for form in searched(expr, LENGTHS) if form.atoms(sp.exp) <= known)
    return LENGTHS.shortest(found)


def searched(expr: sp.Expr, lengths: Lengths) -> list[sp.Expr]:
    """Forms of an expression, itself first."""
    found = [expr, *forms(expr, RULES, lengths)]
    again = [rule for rule in RULES if rule.cheap and (divided(expr) or rule.rewrite is one_sign)]
    for form in found[1:]:
        found += (one for one in forms(form, again, lengths) if one not in found)
    return found


def forms(expr: sp.Expr, rules: Sequence[Rule], lengths: Lengths) -> list[sp.Expr]:
    """What the rules make of an expression, each once."""
    found: list[sp.Expr] = []
    for rule in rules:
        if not rule.applies(expr):
            continue
        try:
            made = list(rule.rewrite(expr, lengths))
        except (sp.PolynomialError, NotImplementedError, RecursionError):
            continue
        found += (form for form in made if form != expr and form not in found)
    return found
