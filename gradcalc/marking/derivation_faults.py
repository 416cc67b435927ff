"""Family 3: one fault in the derivation. Each is an exercise with the same values and one
derivative that is wrong, and the solver differentiates it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from typing import TypeAlias

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import parse, unparse
from gradcalc.language.tree import Binary, Call, Expr, Name, Neg, Num, names, substitute, walk
from gradcalc.marking.candidates import Candidate, Found, Scene, sentence, shown
from gradcalc.marking.formula_slips import slips
from gradcalc.marking.model import Mistake
from gradcalc.marking.structured_faults import STRUCTURED
from gradcalc.marking.variations import (
    ONE,
    TWO,
    Site,
    differentiated_as,
    edited_at,
    exercise_sites,
    held,
    put,
    sites,
    with_slopes,
)
from gradcalc.ops import SIGNS, TABLE

# The words of a fault, and the expression that stands in the place of the part.
Edit: TypeAlias = "tuple[dict[str, str], Expr]"
Edits: TypeAlias = "Callable[[Scene, Site, Sequence[Slope]], Iterator[Edit]]"


@dataclass(frozen=True, slots=True)
class Slope:
    """An operand of an operation entry by entry, and the local derivative by it."""

    operand: Expr
    partial: Expr
    pattern: Expr  # in the operands' names and `r`, the result


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the table. `sentence`: after "This is what comes out if", with {part}, {operand},
    {other}; `where`: the operations it applies to.
    """

    slug: str
    sentence: str
    where: str
    edits: Edits


@cache
def _partials(func: str) -> tuple[tuple[str, ...], tuple[Expr, ...]]:
    op = TABLE[func]
    return op.operands, tuple(parse(text) if text else Num(Fraction(0)) for text in op.partials)


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


def _with(site: Site, slopes: Sequence[Slope], at: int, slope: Expr) -> Expr:
    """The part with another local derivative by one of its operands."""
    chosen = [slope if k == at else one.partial for k, one in enumerate(slopes)]
    return with_slopes(site.expr, [(s, one.operand) for s, one in zip(chosen, slopes, strict=True)])


def _function(expr: Expr) -> bool:
    return isinstance(expr, Call)


# ---- the edits


def left_out(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    if (isinstance(site.expr, Binary) and site.expr.op in "+-") or isinstance(site.expr, Neg):
        return
    for k, one in enumerate(slopes):
        yield {"operand": shown(one.operand)}, _with(site, slopes, k, ONE)
    if len(slopes) > 1 and isinstance(site.expr, Binary):
        return


def opposite(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    for k, one in enumerate(slopes):
        new = one.partial.arg if isinstance(one.partial, Neg) else Neg(one.partial)
        yield {"operand": shown(one.operand)}, _with(site, slopes, k, new)


def stopped(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
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
    if not (isinstance(site.expr, Binary) and site.expr.op == "*"):
        return
    for k, one in enumerate(slopes):
        yield {"operand": shown(one.operand)}, _with(site, slopes, k, one.operand)


def own_inputs(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    if isinstance(site.expr, Binary) and site.expr.op == "*" and len(slopes) == 2:
        yield {}, with_slopes(site.expr, [(one.operand, one.operand) for one in slopes])


def kept(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    if _function(site.expr) and site.expr != slopes[0].partial:
        yield {}, _with(site, slopes, 0, site.expr)


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
            yield fill, _with(site, slopes, 0, slope)
            if "r" not in names(partial):
                break


def as_a_power(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """x*e^(x - 1) for e^x, and n*x^(n - 1) with the wrong rule of the two for a^x."""
    match site.expr:
        case Call("exp", (u,)):
            slope: Expr = Binary("*", u, Call("exp", (Binary("-", u, ONE),)))
            yield {"other": shown(slope)}, _with(site, slopes, 0, slope)
        case Binary("^", base, exponent) if len(slopes) == 1 and slopes[0].operand == exponent:
            slope = Binary("*", exponent, Binary("^", base, Binary("-", exponent, ONE)))
            yield {"other": shown(slope)}, _with(site, slopes, 0, slope)


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
        yield {"other": shown(slope)}, _with(site, slopes, 0, slope)


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
                    _with(site, slopes, k, slope),
                )


def slipped(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """The formula of a local derivative with one slip in it: 1 - h for 1 - h^2."""
    if not _function(site.expr) or len(slopes) != 1:
        return
    one = slopes[0]
    given = {"x": one.operand, "r": site.expr}
    for wrong in slips(one.pattern):
        slope = substitute(wrong, given)
        yield {"other": shown(slope)}, _with(site, slopes, 0, slope)


def elsewhere(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    """The derivative at another place: at the result, at a part of the argument, at an input."""
    if not _function(site.expr) or len(slopes) != 1:
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
                    _with(site, slopes, 0, slope),
                )


def reversed_mask(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    match site.expr:
        case Call(func, (operand, *rest)) if len(slopes) == 1 and TABLE[func].smooth:
            given: dict[str, Expr] = {
                "x": Neg(operand),
                "r": Call(func, (Neg(operand), *rest)),
            }
            yield {}, _with(site, slopes, 0, substitute(slopes[0].pattern, given))
        case Call("max" | "min", (left, right)) if len(slopes) == 2:
            yield (
                {},
                with_slopes(site.expr, [(slopes[1].partial, left), (slopes[0].partial, right)]),
            )


def no_mask(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    match site.expr:
        case Call("max" | "min", (left, right)) if len(slopes) == 2:
            half = Binary("/", ONE, TWO)
            yield {"other": "1/2"}, with_slopes(site.expr, [(half, left), (half, right)])
            yield {"other": "1"}, with_slopes(site.expr, [(ONE, left), (ONE, right)])


def times_two(scene: Scene, site: Site, slopes: Sequence[Slope]) -> Iterator[Edit]:
    for k, one in enumerate(slopes):
        if isinstance(site.expr, Neg):
            continue
        for word, factor in (("doubled", TWO), ("halved", Binary("/", ONE, TWO))):
            fill = {"operand": shown(one.operand), "share": word}
            yield fill, _with(site, slopes, k, Binary("*", factor, one.partial))


TABLE_3: tuple[Fault, ...] = (
    Fault("local-factor-missing", "the derivative of {part} by {operand} is left out",
          "an operation entry by entry", left_out),
    Fault("sign-in-term", "the derivative of {part} by {operand} has the opposite sign",
          "an operation entry by entry", opposite),
    Fault("path-missing", "the path through {operand} in {part} is left out",
          "an operation with several operands", stopped),
    Fault("swapped-inputs",
          "the derivative of {part} by {operand} is taken to be {operand}, not the other factor",
          "a product", own_input),
    Fault("swapped-inputs", "each factor of {part} gets itself, not the other factor",
          "a product", own_inputs),
    Fault("not-differentiated", "{part} is kept, and not differentiated", "a function", kept),
    Fault("wrong-local-derivative", "the derivative of {part} is taken to be {other}, as for {sister}",
          "a function", like_a_sister),
    Fault("wrong-local-derivative", "the derivative of {part} is taken to be {other}",
          "an exponential, by the rule for powers", as_a_power),
    Fault("power-slip", "the derivative of {part} is taken to be {other}",
          "a power, a square root, a reciprocal", power_slips),
    Fault("wrong-local-derivative", "the derivative of {part} by {operand} is taken to be {other}",
          "a quotient", quotient_slips),
    Fault("wrong-place", "the derivative of {part} is taken at {place}, as {other}",
          "a function", elsewhere),
    Fault("wrong-local-derivative", "the derivative of {part} is taken to be {other}",
          "a function", slipped),
    Fault("wrong-local-derivative", "the derivative of {part} is taken for the other side of the kink",
          "a function with a kink", reversed_mask),
    Fault("wrong-local-derivative",
          "the derivative of {part} by each of its operands is taken to be {other}",
          "a maximum, a minimum", no_mask),
    Fault("constant-factor", "the derivative of {part} by {operand} is {share}",
          "an operation entry by entry", times_two),
)  # fmt: skip


def derivation_faults(scene: Scene) -> Found:
    """Every fault in one step of the derivation, with the answer it gives."""
    if not scene.bys:
        return
    for site in moving_sites(scene):
        slopes = slopes_of(site.expr)
        seen = (
            {site.expr, with_slopes(site.expr, [(s.partial, s.operand) for s in slopes])}
            if slopes
            else set()
        )
        for fault in TABLE_3 if slopes else ():
            for fill, new in fault.edits(scene, site, slopes):
                if new not in seen:  # the first of two rows that make the same edit says it best
                    seen.add(new)
                    yield made(scene, site, fault.slug, fault.sentence, fill, new)
        for row in STRUCTURED:
            for fill, new in row.edits(scene, site):
                yield made(scene, site, row.slug, row.sentence, fill, new)
    yield from _leaves(scene)
    yield from _late(scene)


def moving_sites(scene: Scene) -> Iterator[Site]:
    """The parts of definitions on the way from the denominator to the numerator."""
    moved = {*scene.bys, *scene.target.again}
    for site in exercise_sites(scene.exercise):
        if site.quantity in scene.target.again and moved & set(named(scene, site.expr)):
            yield site


def named(scene: Scene, expr: Expr) -> tuple[str, ...]:
    """The quantities in an expression, stacks under the name of what they are stacks of."""
    return tuple(scene.graph.stacks.get(name, name) for name in names(expr))


def made(
    scene: Scene, site: Site, slug: str, words: str, fill: dict[str, str], new: Expr
) -> Candidate:
    """The candidate of an edit."""
    text = sentence(words.format(part=shown(site.expr), **fill))
    function = scene.varied(edited_at(scene.exercise, site, new))
    return Candidate(Mistake(slug, text, scene.at(site)), function)


def _leaves(scene: Scene) -> Found:
    """Paths through one place where a quantity stands, and constants that are kept."""
    moved = {*scene.bys, *scene.target.again}
    leaves = [
        site
        for site in exercise_sites(scene.exercise)
        if site.quantity in scene.target.again
        and isinstance(site.expr, Name)
        and scene.graph.stacks.get(site.expr.id, site.expr.id) in moved
    ]
    for site in leaves:
        assert isinstance(site.expr, Name)
        words = f"the path through {shown(site.expr)} in the line of {site.quantity} is left out"
        place = scene.at(site, site.expr.id)
        function = scene.varied(edited_at(scene.exercise, site, held(site.expr)))
        yield Candidate(Mistake("path-missing", sentence(words), place), function)
    denominators = set(scene.bys)
    for site in leaves:
        assert isinstance(site.expr, Name)
        if site.expr.id in denominators and len(leaves) > 2:
            exercise = scene.exercise
            for other in leaves:
                if other != site and other.expr == site.expr:
                    exercise = edited_at(exercise, other, held(other.expr))
            words = f"only the path through one {shown(site.expr)} in the line of {site.quantity} is followed"
            place = scene.at(site, site.expr.id)
            yield Candidate(Mistake("path-missing", sentence(words), place), scene.varied(exercise))
    yield from _differentiated_wrongly(scene, leaves)


def _late(scene: Scene) -> Found:
    """The derivative of a function multiplied in at the end of the chain, and taken there."""
    if len(scene.bys) != 1:
        return
    by = scene.bys[0]
    for site in moving_sites(scene):
        slopes = slopes_of(site.expr)
        if not _function(site.expr) or len(slopes) != 1 or slopes[0].operand == Name(by):
            continue
        assert isinstance(site.expr, Call)
        there = Call(site.expr.func, (Name(by), *site.expr.args[1:]), site.expr.kwargs)
        slope = substitute(slopes[0].pattern, {"x": Name(by), "r": there})
        exercise = edited_at(scene.exercise, site, _with(site, slopes, 0, ONE))
        for leaf in exercise_sites(scene.exercise):
            inside = leaf.quantity == site.quantity and leaf.path[: len(site.path)] == site.path
            if leaf.expr == Name(by) and leaf.quantity in scene.target.again and not inside:
                exercise = edited_at(exercise, leaf, with_slopes(leaf.expr, [(slope, leaf.expr)]))
        words = f"the derivative of {shown(site.expr)} is taken at {by}, at the end of the chain"
        yield Candidate(
            Mistake("wrong-place", sentence(words), scene.at(site)), scene.varied(exercise)
        )


def _differentiated_wrongly(scene: Scene, leaves: Sequence[Site]) -> Found:
    """x kept for 1, and a constant kept for 0."""
    for site in leaves:
        if isinstance(site.expr, Name) and site.expr.id in scene.bys:
            new = with_slopes(site.expr, [(site.expr, site.expr)])
            words = (
                f"{shown(site.expr)} in the line of {site.quantity} is kept, and not differentiated"
            )
            yield Candidate(
                Mistake("not-differentiated", sentence(words), scene.at(site)),
                scene.varied(edited_at(scene.exercise, site, new)),
            )
    if len(scene.bys) != 1 or scene.shapes.get(scene.bys[0]) != ():
        return
    by = Name(scene.bys[0])
    moved = {*scene.bys, *scene.target.again}
    for site in exercise_sites(scene.exercise):
        if site.quantity not in scene.target.again or not isinstance(site.expr, Binary):
            continue
        if site.expr.op not in "+-":
            continue
        for k, term in enumerate((site.expr.left, site.expr.right)):
            if moved & set(named(scene, term)) or (not names(term) and term == Num(Fraction(0))):
                continue
            new = put(site.expr, (k,), differentiated_as(term, Binary("*", held(term), by)))
            words = f"the constant {shown(term)} in {shown(site.expr)} is kept when it is differentiated"
            yield Candidate(
                Mistake("not-differentiated", sentence(words), scene.at(site)),
                scene.varied(edited_at(scene.exercise, site, new)),
            )


__all__ = ["TABLE_3", "Fault", "derivation_faults", "made", "moving_sites", "sites", "slopes_of"]
