"""What meets in products and sums, and is then one: x·sign(x) is |x|, sinh x/cosh x is tanh x."""

from __future__ import annotations

import sympy as sp

from gradcalc.calculus.sympy_functions import function_class


def operation(expr: sp.Expr) -> str:
    """The operation of the table that a SymPy function stands for; "" for anything else."""
    return getattr(type(expr), "op", "")


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
