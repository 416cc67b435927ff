"""Elementwise operations as SymPy functions: one class per entry of the table, differentiated by
its partials.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from fractions import Fraction
from functools import cache, cached_property
from typing import Any, TypeAlias

import sympy as sp

from gradcalc.graph.model import Node
from gradcalc.language.entry_fields import partial
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.exact_numbers import square_out
from gradcalc.language.parser import Binary, Call, Compare, Expr, Name, Neg, Num
from gradcalc.language.tree import number as number_tree
from gradcalc.language.tree import product
from gradcalc.ops import SCALAR, SIGNS, TABLE

# Operations that SymPy has under its own name, with the same meaning on the reals; the others get a
# class of ours.
NATIVE: dict[str, Any] = {
    "exp": sp.exp,
    "log": sp.log,
    "sin": sp.sin,
    "cos": sp.cos,
    "tan": sp.tan,
    "asin": sp.asin,
    "acos": sp.acos,
    "atan": sp.atan,
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "tanh": sp.tanh,
    "erf": sp.erf,
    "sqrt": sp.sqrt,
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y,
    "neg": lambda x: -x,
    "copy": lambda x: x,
}


def constant(value: Fraction | str) -> sp.Expr:
    """A number of the graph, or pi or e, in SymPy."""
    if isinstance(value, str):
        return {"pi": sp.pi, "e": sp.E}[value]
    return sp.Rational(value.numerator, value.denominator)


@cache
def function_class(name: str) -> Any:
    """A SymPy function that stands for an operation of the table and is never rewritten behind
    our back.
    """
    op = TABLE[name]

    def fdiff(self: Any, argindex: int = 1) -> sp.Expr:
        slope = partial(op, argindex - 1)
        if slope is None:
            return sp.S.Zero
        names = {**dict(zip(op.operands, self.args, strict=True)), "r": self}
        return from_ast(slope, names)

    return type(
        f"op_{name}",
        (sp.Function,),
        {"fdiff": fdiff, "op": name, "is_extended_real": True, "nargs": len(op.operands)},
    )


@cache
def unknown_class(name: str, order: int, places: tuple[int, ...] = (), count: int = 1) -> Any:
    """An unknown elementwise function g, or its derivative of some order; of several arguments,
    `count`, by those in `places`.
    """

    def fdiff(self: Any, argindex: int = 1) -> sp.Expr:
        if count == 1:
            return unknown_class(name, order + 1)(*self.args)
        return unknown_class(name, 0, tuple(sorted((*places, argindex))), count)(*self.args)

    members = {
        "fdiff": fdiff,
        "op": "apply",
        "unknown": name,
        "order": order,
        "places": places,
        "is_extended_real": True,
        "nargs": count,
    }
    by = "".join(map(str, places))
    return type(f"fn_{name}_{order}{by and '_' + by}", (sp.Function,), members)


def function(node: Node, operands: Sequence[sp.Expr]) -> sp.Expr:
    """The scalar form of an elementwise node."""
    if node.op == "apply":
        order, places = node.attrs.get("order", 0), node.attrs.get("places", ())
        return unknown_class(node.attrs["function"], order, places, len(operands))(*operands)
    return apply(node.op, operands)


def apply(name: str, operands: Sequence[sp.Expr]) -> sp.Expr:
    """An operation of the table on SymPy operands."""
    if name in NATIVE:
        return NATIVE[name](*operands)
    if name in ("where",) and operands[1] == operands[2]:
        return operands[1]
    return function_class(name)(*operands)


def from_ast(tree: Expr, names: dict[str, sp.Expr]) -> sp.Expr:
    """A scalar expression of the language as SymPy, for the table's partials and forms."""
    if isinstance(tree, Num):
        return constant(tree.value)
    if isinstance(tree, Name):
        return names[tree.id] if tree.id in names else constant(tree.id)
    if isinstance(tree, Neg):
        return -from_ast(tree.arg, names)
    if isinstance(tree, (Binary, Compare)):
        return apply(SIGNS[tree.op], [from_ast(tree.left, names), from_ast(tree.right, names)])
    if isinstance(tree, Call):
        return apply(SCALAR[tree.func], [from_ast(arg, names) for arg in tree.args])
    raise TypeError(f"not a scalar expression: {tree!r}")


# ---- SymPy back to the expression language

# pi and e, and a formula for each where an author's quantity has that name
CONSTANTS: dict[sp.Expr, tuple[str, Expr]] = {
    sp.pi: ("pi", Call("acos", (Neg(Num(Fraction(1))),))),
    sp.E: ("e", Call("exp", (Num(Fraction(1)),))),
}

Leaf: TypeAlias = "Callable[[sp.Symbol], Expr]"
# What orders factors, and summands: first the part that leads over everything, then the rest.
Rank: TypeAlias = "Callable[..., tuple[Any, ...]]"
Spell: TypeAlias = "Callable[[sp.Expr], Expr | None]"


def by_text(expr: sp.Expr, summand: bool = False, beside: sp.Expr = sp.S.One) -> tuple[Any, ...]:
    """The order of factors and summands where nobody states another."""
    return (), str(expr)


def unspelled(expr: sp.Expr) -> Expr | None:
    """The spelling of an expression where nobody knows one."""
    return None


def numerals(spell: Spell) -> Spell:
    """The numbers alone as the author wrote them, and nothing else."""
    return lambda expr: spell(expr) if isinstance(expr, sp.Rational) else None


def plain_name(symbol: sp.Expr, taken: Container[str]) -> Expr:
    """A size by its name, pi and e by theirs: as acos(-1) and exp(1) where those are `taken`."""
    if symbol in CONSTANTS:
        name, formula = CONSTANTS[symbol]
        return formula if name in taken else Name(name)
    return Name(symbol.name)


def to_ast(expr: sp.Expr, leaf: Leaf, rank: Rank = by_text, spell: Spell = unspelled) -> Expr:
    """A SymPy expression of entries as one writes it: fractions with one bar, signs in front, sums
    with a plus first.

    `leaf` writes an entry, a size, pi or e (`plain_name`); `rank` orders factors and summands;
    `spell` knows how the author wrote a sum, an argument or a number.
    """
    if isinstance(expr, sp.Rational):
        written = spell(abs(expr)) or number_tree(abs(Fraction(int(expr.p), int(expr.q))))
        return Neg(written) if expr < 0 else written
    if expr.is_Symbol or expr in CONSTANTS:
        return leaf(expr)
    if isinstance(expr, sp.Add):
        return spell(expr) or sum_ast(expr, leaf, rank, spell)
    if isinstance(expr, sp.Mul):
        return product_ast(expr, leaf, rank, spell=spell)
    if isinstance(expr, sp.Pow):
        base, exponent = expr.as_base_exp()
        if divides(exponent):
            return Binary("/", Num(Fraction(1)), to_ast(1 / expr, leaf, rank, spell))
        if exponent == sp.Rational(1, 2):
            return Call("sqrt", (to_ast(base, leaf, rank, spell),))
        return Binary("^", to_ast(base, leaf, rank, spell), to_ast(exponent, leaf, rank, spell))
    args = tuple(spell(arg) or to_ast(arg, leaf, rank, spell) for arg in expr.args)
    name = getattr(type(expr), "op", None) or type(expr).__name__
    if name == "apply":
        return Call(type(expr).unknown, args, primes=type(expr).order, places=type(expr).places)
    op = TABLE.get("abs" if name == "Abs" else name)  # SymPy makes an Abs of sqrt(x^2)
    if op is None:  # infinity, or the imaginary unit
        said = "a formula has a part that is no real number, whatever the values"
        raise GradcalcError(Problem("undefined", said))
    return Compare(op.sign, args[0], args[1]) if op.sign else Call(op.called, args)


def divides(exponent: sp.Expr) -> bool:
    """Is a power with this exponent written below the bar? SymPy finds a minus in one of a − 1
    and 1 − a.
    """
    return all(arg.could_extract_minus_sign() for arg in sp.Add.make_args(exponent))


def sum_ast(expr: sp.Add, leaf: Leaf, rank: Rank, spell: Spell = unspelled) -> Expr:
    """A SymPy sum as a tree, its summands in the order of `rank`."""
    pair = difference(expr)
    args = [turned for arg in expr.args if (turned := from_one(arg)) is not None]
    args += [arg for arg in expr.args if from_one(arg) is None]
    if all(arg.could_extract_minus_sign() for arg in args):
        args = list(expr.args)
    signed = [(arg.could_extract_minus_sign() and not isinstance(arg, sp.Add), arg) for arg in args]
    # A plus leads; a bare number leads before a minus or a function and closes a polynomial. 1 − z
    # stays together.
    leads = any(minus for minus, arg in signed if arg not in pair) or not expr.is_polynomial()
    one = sp.S.One in expr.args

    falling = len(args) > 2 and len(expr.free_symbols) == 1 and expr.is_polynomial()

    def order(item: Any) -> Any:
        minus, arg = item
        beside = minus and one and (-arg).is_Symbol
        if falling:
            return (-sp.degree(arg),)
        late = Late(lambda: rank(arg, True))
        return (minus and not beside, bool(arg.is_number) != leads, not beside, late)

    total: Expr | None = None
    for minus, arg in sorted(((m, a) for m, a in signed if a not in pair[1:]), key=order):
        if arg in pair:
            number = arg.as_coeff_Mul()[0]
            piece = product_ast(
                sp.Add(*(part / number for part in pair)), leaf, rank, number, spell
            )
        else:
            piece = to_ast(-arg if minus else arg, leaf, rank, spell)
        total = (
            (Neg(piece) if minus else piece)
            if total is None
            else Binary("-" if minus else "+", total, piece)
        )
    assert total is not None
    return total


class Late:
    """A key that is computed when it is compared: what stands alone needs no rank."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self._find = find

    @cached_property
    def key(self) -> Any:
        """What is compared."""
        return self._find()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Late) and bool(self.key == other.key)

    def __lt__(self, other: Late) -> bool:
        return bool(self.key < other.key)

    __hash__ = None  # type: ignore[assignment]


def from_one(product: sp.Expr) -> sp.Expr | None:
    """−r·(1 − y) for r·(y − 1); None for anything else."""
    sums = [f for f in sp.Mul.make_args(product) if isinstance(f, sp.Add)]
    if len(sums) != 1 or len(sums[0].args) != 2 or sums[0].args[0] != -1 or not product.is_Mul:
        return None
    turned = sp.Add(*(-arg for arg in sums[0].args))
    return sp.Mul(-1, *(turned if f == sums[0] else f for f in sp.Mul.make_args(product)))


def difference(total: sp.Add) -> tuple[sp.Expr, ...]:
    """Two summands of a longer sum that are a difference times a number, the positive one first:
    μ + 2 (z − x).
    """
    by_number: dict[sp.Expr, list[sp.Expr]] = {}
    for arg in total.args:
        number = abs(arg.as_coeff_Mul()[0])
        if not arg.is_number or number.q != 1:
            by_number.setdefault(number, []).append(arg)
    for number, args in by_number.items():
        plus = sorted(args, key=lambda arg: bool(arg.could_extract_minus_sign()))
        mixed = (
            len(plus) == 2
            and plus[1].could_extract_minus_sign()
            and not plus[0].could_extract_minus_sign()
        )
        if (
            number != 1
            and mixed
            and len(total.args) > 2
            and not plus[0].free_symbols & plus[1].free_symbols
        ):
            return tuple(plus)
    return ()


def product_ast(
    expr: sp.Expr, leaf: Leaf, rank: Rank, number: sp.Rational = sp.S.One, spell: Spell = unspelled
) -> Expr:
    """number · expr; kept apart because SymPy would distribute the number over a sum."""
    inner, rest = expr.as_coeff_Mul()
    number = number * inner
    if number < 0 and (turned := as_spelled(rest, spell)) is not None:
        return product_ast(turned, leaf, rank, -number, spell)
    if number < 0:
        return Neg(product_ast(rest, leaf, rank, -number, spell))
    factors = []
    for factor in sp.Mul.make_args(rest):
        written = spell(factor) if isinstance(factor, sp.Add) else None
        if (
            isinstance(written, Binary) and written.op == "/" and isinstance(written.right, Num)
        ):  # (10 - v)/100
            number /= written.right.value
            factor = sp.Add(*(arg * written.right.value for arg in factor.args))
        factors += [factor] if factor != 1 else []
    decimal = spell(number)
    divisor = (
        spell(1 / number) if decimal is None and number.q != 1 else None
    )  # v/2.89, not 100 v/289
    above, below, factors = radicals(sp.S.One if decimal or divisor else number, factors, leaf)
    above[:0] = [decimal] if decimal else []
    below[:0] = [divisor] if divisor else []
    ends = (1 - f for f in factors if isinstance(f, sp.Add) and sp.S.One in f.args)
    slopes = {1 - f: f for f in ends if f in factors and not isinstance(f, sp.Add)}

    def order(factor: sp.Expr) -> Any:
        """s (1 − s) stands together, at the end of what comes from its line."""
        inner = slopes.get(factor, factor)
        total = isinstance(factor.as_base_exp()[0], sp.Add)
        paired = inner in slopes.values()
        chain, *rest = rank(1 - inner if paired else factor, beside=expr)
        return (
            chain,
            paired,
            not paired and total,
            *(rank(inner, beside=expr) if paired else rest),
            total,
        )

    for factor in sorted(factors, key=lambda each: Late(lambda: order(each))):
        _base, exponent = factor.as_base_exp() if isinstance(factor, sp.Pow) else (factor, sp.S.One)
        if isinstance(factor, sp.Pow) and divides(exponent):
            below.append(to_ast(1 / factor, leaf, rank, spell))
        else:
            above.append(to_ast(factor, leaf, rank, spell))
    top = product(above)
    return Binary("/", top, product(below)) if below else top


def as_spelled(product: sp.Expr, spell: Spell) -> sp.Expr | None:
    """−product with its one difference as the author wrote it: x/(eˣ − 1) for −x/(1 − eˣ); None
    where there is none.
    """
    found = []
    for factor in sp.Mul.make_args(product):
        base, exponent = factor.args if isinstance(factor, sp.Pow) else (factor, sp.S.One)
        if isinstance(base, sp.Add) and exponent.is_odd and spell(base) is None:
            turned = sp.Add(*(-arg for arg in base.args))
            if spell(turned) is not None:
                found.append((factor, turned**exponent))
    if len(found) != 1:
        return None
    factor, turned = found[0]
    return sp.Mul(*(turned if arg == factor else arg for arg in sp.Mul.make_args(product)))


def radicals(
    number: sp.Rational, factors: list[sp.Expr], leaf: Leaf
) -> tuple[list[Expr], list[Expr], list[sp.Expr]]:
    """The numbers in front of a product, above and below its bar, and its other factors: √2/2 is
    1/√2, and √2/(2√π) is 1/√(2π).
    """
    roots = [
        f
        for f in factors
        if isinstance(f, sp.Pow)
        and f.exp.is_Rational
        and f.exp.q == 2
        and (f.base.is_Rational or f.base is sp.pi)
    ]
    square = number**2 * sp.Mul(*(root**2 for root in roots))
    value, power = square.as_coeff_Mul()
    if not roots or not (power == 1 or power.as_base_exp() == (sp.pi, -1)):
        return (
            ([number_tree(number.p)] if number.p != 1 else []),
            ([number_tree(number.q)] if number.q != 1 else []),
            factors,
        )
    (top, above), (bottom, below) = (square_out(part) for part in (value.p, value.q))
    inside = [number_tree(below)] if below != 1 else []
    inside += [leaf(sp.pi)] if power != 1 else []
    up, down = ([number_tree(n)] if n != 1 else [] for n in (top, bottom))
    if above != 1 and inside:
        up.append(Call("sqrt", (Binary("/", number_tree(above), product(inside)),)))
    elif above != 1:
        up.append(Call("sqrt", (number_tree(above),)))
    elif inside:
        down.append(Call("sqrt", (product(inside),)))
    return up, down, [f for f in factors if f not in roots]


def decimals(number: sp.Rational, expr: sp.Expr) -> tuple[sp.Rational, sp.Expr]:
    """number · expr where numbers are decimals: 2.7 v² − 0.25, not 0.05 (54 v² − 5), but
    0.1 (x + y).
    """
    sums = [factor for factor in sp.Mul.make_args(expr) if isinstance(factor, sp.Add)]
    if len(sums) != 1 or all(abs(arg.as_coeff_Mul()[0]) == 1 for arg in sums[0].args):
        return number, expr
    return sp.S.One, expr / sums[0] * sp.Add(*(number * arg for arg in sums[0].args))
