"""Signs of terms: what is drawn in front as a number, which difference takes a minus in, which
way round a sum stands.
"""

from __future__ import annotations

import sympy as sp

from gradcalc.calculus.signs_met import operation
from gradcalc.calculus.terms import Entries, Facts, Key, Term, minus
from gradcalc.language.fast_dataclasses import replace


class Signs:
    """Numbers and signs of the groups of terms over one table of entries."""

    def __init__(self, entries: Entries, facts: Facts) -> None:
        self.entries, self.facts = entries, facts

    def content(self, expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """(number, rest): numeric content and sign of a group; the constant of a sum is made
        positive.
        """
        number, rest = sp.S.One, []
        for factor in sp.Mul.make_args(expr):
            if factor.is_Rational:
                number *= factor
                continue
            base, exponent = (
                factor.as_base_exp() if isinstance(factor, sp.Pow) else (factor, sp.S.One)
            )
            if isinstance(base, sp.Add) and exponent.is_Integer:
                inner, sum_ = base.primitive()
                if inner.q != 1 and any(arg.as_coeff_Mul()[0].q == 1 for arg in base.args):
                    inner, sum_ = sp.S.One, base  # v + 1/2 stays
                if self.negative(sum_):
                    inner, sum_ = -inner, sp.Add(*(-arg for arg in sum_.args))
                if inner != 1:
                    number *= inner**exponent
                    factor = sum_**exponent
            rest.append(factor)
        inner, product = sp.Mul(*rest).as_coeff_Mul()
        return number * inner, product

    def negative(self, sum_: sp.Add) -> bool:
        """Would one rather write −(…)? Its constant is negative, or, without one, most of its
        terms are.
        """
        constant = next((arg for arg in sum_.args if not self.entries.entries(arg)), None)
        if not self.entries.entries(sum_):
            return False  # n − 1
        if constant is not None:
            return bool(constant.could_extract_minus_sign())
        signs = [bool(arg.as_coeff_Mul()[0] < 0) for arg in sum_.args]
        if 2 * sum(signs) != len(signs):
            return 2 * sum(signs) > len(signs)
        # A tie: a computed quantity (ŷ) stands first with a plus, the given one (y) is subtracted.
        first = max(sum_.args, key=self.precedence)
        return bool(first.as_coeff_Mul()[0] < 0)

    def precedence(self, arg: sp.Expr) -> tuple[bool, str]:
        """Of two summands the one with the greater precedence stands first."""
        found = self.entries.entries(arg)
        name = max((s.name for s, _, _ in found), default="")
        return any(self.facts.computed(q) for _, q, _ in found), "".join(
            chr(0x10FFFF - ord(c)) for c in name
        )

    def facing(self, term: Term) -> Term:
        """The term with its minus taken into a difference of any length: −(Λz + μ − x) zᵀ as (x
        − Λz − μ) zᵀ.
        """
        if not minus(term.coef):
            return term
        coef, groups = self.turned(term.coef, dict(term.groups), longest=4)
        return replace(term, coef=coef, groups=groups)

    def turned(
        self, coef: sp.Expr, groups: dict[Key, sp.Expr], longest: int = 2
    ) -> tuple[sp.Expr, dict[Key, sp.Expr]]:
        """−(μ − x) as (x − μ): a difference takes the sign in, where nothing speaks for its own
        order.
        """
        sums = (
            f for expr in groups.values() for f in sp.Mul.make_args(expr) if isinstance(f, sp.Add)
        )
        differences = [total for total in sums if any(minus(arg) for arg in total.args)]
        if len(differences) != 1:
            return coef, groups  # −(x − μ)(x − μ)ᵀ keeps its sign in front
        for key, expr in groups.items():
            for factor in sp.Mul.make_args(expr):
                if not isinstance(factor, sp.Add):
                    continue
                constant = any(not self.entries.entries(arg) for arg in factor.args)
                negative = any(minus(arg) for arg in factor.args)
                lone = len(groups) == 1 and factor == expr
                bare = (
                    constant
                    and abs(coef.as_coeff_Mul()[0].p) == 1
                    and not self.is_slope(factor, expr)
                )
                if negative and (lone or bare or (len(factor.args) <= longest and not constant)):
                    turned = sp.Add(*(-arg for arg in factor.args))
                    # Only the factor itself: the same difference may stand in a function beside it.
                    parts = [turned if part == factor else part for part in sp.Mul.make_args(expr)]
                    return -coef, {**groups, key: sp.Mul(*parts)}
        return coef, groups

    def is_slope(self, factor: sp.Add, product: sp.Expr) -> bool:
        """1 − s beside s, or 1 − t² for t = tanh: it keeps its order, though the product is
        negative.
        """
        (rest,) = factor.args[1:] if len(factor.args) == 2 else (factor,)
        base = (-rest).as_base_exp()[0]
        found = self.entries.entry(base) if base.is_Symbol else None
        made_by = self.facts.made_by(found[0]) if found else operation(base) or str(base.func)
        return made_by in ("tanh", "sigmoid") or base in sp.Mul.make_args(product)
