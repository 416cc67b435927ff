"""The edits of family 3 for operations entry by entry: an operation with the same value, and one
local derivative that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from typing import TypeAlias

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import parse, unparse
from gradcalc.language.tree import Binary, Call, Expr, Name, Neg, Num, names, substitute, walk
from gradcalc.marking.candidates import Scene, shown
from gradcalc.marking.formula_slips import slips
from gradcalc.marking.variations import ONE, TWO, Site, held, put, with_slopes
from gradcalc.ops import SIGNS, TABLE, WRITTEN

# The words of a fault, and the expression that stands in the place of the part.
Edit: TypeAlias = "tuple[dict[str, str], Expr]"


@dataclass(frozen=True, slots=True)
class Slope:
    """An operand of an operation entry by entry, and the local derivative by it."""

    operand: Expr
    partial: Expr
    pattern: Expr  # in the operands' names and `r`, the result


@cache
def _partials(func: str) -> tuple[tuple[str, ...], tuple[Expr, ...]]:
    op = TABLE[func]
    texts = list(op.partials)
    for name, written in WRITTEN.items():
        texts = [text.replace(f"{name}(", f"{written}(") for text in texts]
    return op.operands, tuple(parse(text) if text else Num(Fraction(0)) for text in texts)


def slopes_of(expr: Expr) -> list[Slope]:
    """The operands of an operation entry by entry with their local derivatives; none for others."""
    arguments: tuple[Expr, ...]
    match expr:
        case Binary(op, left, right) if op != "@":
            func, arguments = SIGNS[op], (left, right)
        case Neg(arg):
            func, arguments = "neg", (arg,)
        case Call("max" | "min", (left, right), ()):
            func, arguments = {"max": "maximum", "min": "minimum"}[expr.func], (left, right)
        case Call(func, arguments, ()) if func in TABLE and TABLE[func].partials:
            pass
        case _:
            return []
    operands, partials = _partials(func)
    if len(arguments) > len(operands) or func in ("where", "stop_gradient"):
        return []
    given = dict(zip(operands, arguments, strict=False))
    for name in operands[len(arguments) :]:
        given[name] = parse(TABLE[func].parameters[name])
    given["r"] = expr
    found = []
    for name, argument, partial in zip(operands, arguments, partials, strict=False):
        if name not in TABLE[func].parameters and any(names(argument)):
            found.append(Slope(argument, substitute(partial, given), partial))
    return found


def with_slope(site: Site, slopes: Sequence[Slope], at: int, slope: Expr) -> Expr:
    """The part with another local derivative by one of its operands."""
    chosen = [slope if k == at else one.partial for k, one in enumerate(slopes)]
    return with_slopes(site.expr, [(s, one.operand) for s, one in zip(chosen, slopes, strict=True)])


def is_function(expr: Expr) -> bool:
    """Is it a call, and no operation with a sign?"""
    return isinstance(expr, Call)


# ---- the edits


def left_out(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """1 for a local derivative."""
    if (isinstance(site.expr, Binary) and site.expr.op in "+-") or isinstance(site.expr, Neg):
        return
    for k, one in enumerate(slopes):
        yield {"operand": shown(one.operand)}, with_slope(site, slopes, k, ONE)
    if len(slopes) > 1 and isinstance(site.expr, Binary):
        return


def opposite(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """A local derivative with the opposite sign."""
    for k, one in enumerate(slopes):
        new = one.partial.arg if isinstance(one.partial, Neg) else Neg(one.partial)
        yield {"operand": shown(one.operand)}, with_slope(site, slopes, k, new)


def stopped(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """0 for a local derivative: one term of the product rule, one path."""
    if len(slopes) < 2:
        return
    for k, one in enumerate(slopes):
        path = (*site.path, k)
        assert site.quantity is not None
        new = put(site.expr, (k,), held(one.operand)) if not _option(site, k) else site.expr
        if path and new != site.expr:
            yield {"operand": shown(one.operand)}, new


def _option(site: Site, k: int) -> bool:
    return isinstance(site.expr, Call) and k >= len(site.expr.args)


def own_input(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """x for y in the derivative of x*y by x."""
    if not (isinstance(site.expr, Binary) and site.expr.op == "*"):
        return
    for k, one in enumerate(slopes):
        yield {"operand": shown(one.operand)}, with_slope(site, slopes, k, one.operand)


def own_inputs(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """The same for both factors at once."""
    if isinstance(site.expr, Binary) and site.expr.op == "*" and len(slopes) == 2:
        yield {}, with_slopes(site.expr, [(one.operand, one.operand) for one in slopes])


def kept(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """f(x) for f'(x)."""
    if is_function(site.expr) and site.expr != slopes[0].partial:
        yield {}, with_slope(site, slopes, 0, site.expr)


SISTERS = (
    ("sigmoid", "tanh", "relu", "exp", "softplus", "silu"),
    ("sin", "cos", "tan"),
    ("asin", "acos", "atan", "tan", "sin", "cos", "tanh"),
    ("exp", "log", "log2", "log10", "sqrt"),
    ("sinh", "cosh", "tanh"),
    ("relu", "abs", "step", "sign", "sigmoid"),
    ("erf", "gelu", "exp"),
    ("softplus", "softsign", "log"),
)


def like_a_sister(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """g'(x) for f'(x), where f and g are easily taken for each other."""
    if not isinstance(site.expr, Call) or len(slopes) != 1:
        return
    func, operand = site.expr.func, slopes[0].operand
    sisters = dict.fromkeys(s for group in SISTERS if func in group for s in group if s != func)
    for sister in sisters:
        if sister not in TABLE:
            continue
        (partial,) = _partials(sister)[1][:1]
        for result in (Call(sister, (operand,)), site.expr):
            slope = substitute(partial, {"x": operand, "r": result})
            fill = {"other": f"`{unparse(slope)}`", "sister": sister}
            yield fill, with_slope(site, slopes, 0, slope)
            if "r" not in names(partial):
                break


def as_a_power(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """x*e^(x - 1) for e^x, and n*x^(n - 1) with the wrong rule of the two for a^x."""
    match site.expr:
        case Call("exp", (u,)):
            slope: Expr = Binary("*", u, Call("exp", (Binary("-", u, ONE),)))
            yield {"other": shown(slope)}, with_slope(site, slopes, 0, slope)
        case Binary("^", base, exponent) if len(slopes) == 1 and slopes[0].operand == exponent:
            slope = Binary("*", exponent, Binary("^", base, Binary("-", exponent, ONE)))
            yield {"other": shown(slope)}, with_slope(site, slopes, 0, slope)


def power_slips(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """What people write for n*x^(n - 1), and for 1/(2*sqrt(x))."""
    match site.expr:
        case Binary("^", base, Num(n) | Neg(Num(n))) if base == slopes[0].operand:
            n = -n if isinstance(site.expr.right, Neg) else n
        case Call("sqrt", (base,)):
            n = Fraction(1, 2)
        case Binary("/", Num(), base) if len(slopes) == 1:
            n = Fraction(-1)
        case _:
            return
    factor: Expr = ONE
    if isinstance(site.expr, Binary) and site.expr.op == "/":
        factor = site.expr.left
    forms = [
        (Fraction(1), n - 1),
        (n, n),
        (Fraction(1), n),
        (n, n - 2),
        (n, n + 1),
        (n - 1, n - 1),
        (n, Fraction(0)),
        (n, Fraction(1)),
        (Fraction(1), n + 1),
        (1 / (n + 1) if n != -1 else Fraction(1), n + 1),
        (1 / n, n - 1),
        (n + 1, n),
        (n - 1, n - 2),
        (n * n, n - 1),
        (2 * n, n - 1),
        (-n, n - 1),
    ]
    for coefficient, exponent in dict.fromkeys(forms):
        if (coefficient, exponent) == (n, n - 1) or (coefficient == 1 and exponent == 0):
            continue
        slope = _monomial(coefficient, base, exponent)
        if factor != ONE:
            slope = Binary("*", factor, slope)
        yield {"other": shown(slope)}, with_slope(site, slopes, 0, slope)


def _number(value: Fraction) -> Expr:
    top: Expr = Num(Fraction(abs(value.numerator)))
    if value.denominator != 1:
        top = Binary("/", top, Num(Fraction(value.denominator)))
    return Neg(top) if value < 0 else top


def _monomial(coefficient: Fraction, base: Expr, exponent: Fraction) -> Expr:
    power = base if exponent == 1 else Binary("^", base, _number(exponent))
    if exponent == 0:
        return _number(coefficient)
    return power if coefficient == 1 else Binary("*", _number(coefficient), power)


def quotient_slips(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """What people write for -x/y^2 in the derivative of x/y by y."""
    match site.expr:
        case Binary("/", top, bottom) if any(one.operand == bottom for one in slopes):
            k = next(k for k, one in enumerate(slopes) if one.operand == bottom)
            square: Expr = Binary("^", bottom, TWO)
            forms: list[Expr] = [
                Neg(Binary("/", top, bottom)),
                Neg(Binary("/", ONE, square)),
                Neg(top),
                Binary("/", ONE, bottom),
            ]
            for slope in forms:
                yield (
                    {"operand": shown(bottom), "other": shown(slope)},
                    with_slope(site, slopes, k, slope),
                )


def slipped(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """The formula of a local derivative with one slip in it: 1 - h for 1 - h^2."""
    if not is_function(site.expr) or len(slopes) != 1:
        return
    one = slopes[0]
    given = {"x": one.operand, "r": site.expr}
    for wrong in slips(one.pattern):
        slope = substitute(wrong, given)
        yield {"other": shown(slope)}, with_slope(site, slopes, 0, slope)


def elsewhere(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """The derivative at another place: at the result, at a part of the argument, at an input."""
    if not is_function(site.expr) or len(slopes) != 1:
        return
    one = slopes[0]
    if not names(one.pattern):
        return
    shape = scene.shape(site.expr)
    places: dict[Expr, None] = {site.expr: None}
    for inner in walk(one.operand):
        if names(inner) and inner != one.operand:
            places[inner] = None
    for name in (*scene.bys, *scene.graph.quantities, *scene.graph.inputs):
        if scene.shapes.get(name) == shape:
            places[Name(name)] = None
    assert isinstance(site.expr, Call)
    for place in places:
        if scene.shape(place) not in (shape, ()):
            continue
        there = Call(site.expr.func, (place, *site.expr.args[1:]), site.expr.kwargs)
        found = {substitute(one.pattern, {"x": place, "r": there}): None}
        if "r" in names(one.pattern):  # the formula in the result, with another in its stead
            found[substitute(one.pattern, {"x": one.operand, "r": place})] = None
        for slope in found:
            if slope != one.partial:
                yield (
                    {"place": shown(place), "other": shown(slope)},
                    with_slope(site, slopes, 0, slope),
                )


def twice_in(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """f'(x)^2 for f'(x)."""
    if is_function(site.expr) and len(slopes) == 1 and names(slopes[0].partial):
        yield {}, with_slope(site, slopes, 0, Binary("^", slopes[0].partial, TWO))


def reversed_mask(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """f'(-x) for f'(x), where f has a kink."""
    match site.expr:
        case Call(func, (operand, *rest)) if len(slopes) == 1 and TABLE[func].smooth:
            turned = (Neg(operand), *rest)
            given: dict[str, Expr] = dict(zip(TABLE[func].operands, turned, strict=False))
            given["r"] = Call(func, turned)
            yield {}, with_slope(site, slopes, 0, substitute(slopes[0].pattern, given))
        case Call("max" | "min", (left, right)) if len(slopes) == 2:
            yield (
                {},
                with_slopes(site.expr, [(slopes[1].partial, left), (slopes[0].partial, right)]),
            )


def no_mask(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """1/2 or 1 for both derivatives of a maximum."""
    match site.expr:
        case Call("max" | "min", (left, right)) if len(slopes) == 2:
            half = Binary("/", ONE, TWO)
            yield {"other": "1/2"}, with_slopes(site.expr, [(half, left), (half, right)])
            yield {"other": "1"}, with_slopes(site.expr, [(ONE, left), (ONE, right)])


def times_two(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """Twice a local derivative, or half of it."""
    for k, one in enumerate(slopes):
        if isinstance(site.expr, Neg):
            continue
        for word, factor in (("doubled", TWO), ("halved", Binary("/", ONE, TWO))):
            fill = {"operand": shown(one.operand), "share": word}
            yield fill, with_slope(site, slopes, k, Binary("*", factor, one.partial))
