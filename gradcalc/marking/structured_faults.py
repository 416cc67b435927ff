"""Family 3, for operations on whole arrays: what people take for the derivative of a softmax, a
norm, a sum, a determinant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TypeAlias

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.tree import Binary, Call, Expr, Name, Neg, Num, Transpose
from gradcalc.marking.candidates import Scene, shown
from gradcalc.marking.variations import TWO, Site, differentiated_as, held

Edit: TypeAlias = "tuple[dict[str, str], Expr]"


@dataclass(frozen=True, slots=True)
class ArrayFault:
    """A row of the table: as `Fault`, for one operation on whole arrays."""

    slug: str
    sentence: str
    where: str
    edits: Callable[[Scene, Site], Iterator[Edit]]


def _times(left: Expr, right: Expr) -> Expr:
    return Binary("*", left, right)


def _minus(left: Expr, right: Expr) -> Expr:
    return Binary("-", left, right)


def _along(scene: Scene, call: Call, expr: Expr) -> Expr | None:
    """The sum of `expr` along the axis of a softmax, repeated along it."""
    options = dict(call.kwargs)
    if len(call.args) > 1:
        if all(isinstance(arg, Name) for arg in call.args[1:]):
            return Call("sum", (expr, *call.args[1:]))
        return None
    if "axis" not in options:
        shape = scene.shape(call.args[0])
        if shape is None:
            return None
        column = len(shape) == 2 and shape[1].number == 1
        options["axis"] = Num(Fraction(0)) if column else Neg(Num(Fraction(1)))
    return Call("sum", (expr,), (("axis", options["axis"]), ("keepdims", Name("True"))))


def _softmax(what: str) -> Callable[[Scene, Site], Iterator[Edit]]:
    def edits(scene: Scene, site: Site) -> Iterator[Edit]:
        match site.expr:
            case Call("softmax" | "log_softmax" as func, (u, *_)):
                call = site.expr
            case _:
                return
        p = held(call if func == "softmax" else Call("softmax", call.args, call.kwargs))
        logs = func == "log_softmax"
        first = u if logs else _times(p, u)
        mean = _along(scene, call, u if logs else _times(p, u))
        if mean is None:
            return
        second = _times(p, mean)
        own = _times(p, u) if logs else _times(_times(p, p), u)
        moving: dict[str, Expr] = {
            "diagonal": _minus(first, own),
            "off-diagonal": _minus(own, second),
            "first": first,
            "second": Neg(second),
            "plus": Binary("+", first, second),
            "none": u,
        }
        if what == "none" and logs:
            return
        yield {}, differentiated_as(call, moving[what])

    return edits


def _reduced(call: Call, expr: Expr) -> Expr:
    """The sum of `expr` over what a reduction runs over."""
    options = tuple((word, value) for word, value in call.kwargs if word in ("axis", "keepdims"))
    rest = tuple(arg for arg in call.args[1:] if isinstance(arg, Name))
    return Call("sum", (expr, *rest), options)


def _norm_factors() -> Callable[[Scene, Site], Iterator[Edit]]:
    def edits(scene: Scene, site: Site) -> Iterator[Edit]:
        match site.expr:
            case Call("norm", (u,)) if "ord" not in dict(site.expr.kwargs):
                call = site.expr
            case _:
                return
        norm = held(call)
        sum_of = _reduced(call, _times(held(u), u))
        one: Expr = Num(Fraction(1))
        for slug_words, factor in (
            ("twice its argument", TWO),
            ("its argument over the square of the norm", Binary("/", one, Binary("^", norm, TWO))),
            ("its argument times the norm", norm),
            ("half its argument over the norm", Binary("/", one, _times(TWO, norm))),
            ("twice its argument over the norm", Binary("/", TWO, norm)),
        ):
            yield {"other": slug_words}, differentiated_as(call, _times(factor, sum_of))

    return edits


def norm_left(scene: Scene, site: Site) -> Iterator[Edit]:
    """u for u/norm(u)."""
    match site.expr:
        case Call("norm", (u,)) if "ord" not in dict(site.expr.kwargs):
            yield {}, differentiated_as(site.expr, _reduced(site.expr, _times(held(u), u)))


def norm_one(scene: Scene, site: Site) -> Iterator[Edit]:
    """1 for every entry."""
    match site.expr:
        case Call("norm", (u,)) if "ord" not in dict(site.expr.kwargs):
            yield {}, differentiated_as(site.expr, _reduced(site.expr, u))


def mean_for_sum(scene: Scene, site: Site) -> Iterator[Edit]:
    """1/n for 1."""
    match site.expr:
        case Call("sum", args, kwargs):
            yield {}, differentiated_as(site.expr, Call("mean", args, kwargs))


def sum_for_mean(scene: Scene, site: Site) -> Iterator[Edit]:
    """1 for 1/n."""
    match site.expr:
        case Call("mean", args, kwargs):
            yield {}, differentiated_as(site.expr, Call("sum", args, kwargs))


def _determinant(scene: Scene, site: Site) -> Iterator[Edit]:
    match site.expr:
        case Call("logdet" | "det" as func, (m,)):
            other = "det" if func == "logdet" else "logdet"
            yield {"other": f"{other}"}, differentiated_as(site.expr, Call(other, (m,)))
            if func == "logdet":
                return
            yield {"other": "tr"}, differentiated_as(site.expr, Call("tr", (m,)))


def as_a_number(scene: Scene, site: Site) -> Iterator[Edit]:
    """1/M for inv(M).T."""
    match site.expr:
        case Call("logdet", (m,)):
            slope = Binary("/", Num(Fraction(1)), held(m))
            yield {}, differentiated_as(site.expr, Call("sum", (_times(slope, m),)))


def untransposed(scene: Scene, site: Site) -> Iterator[Edit]:
    """inv(M) for inv(M).T."""
    match site.expr:
        case Call("logdet" | "det" as func, (m,)):
            inverse = held(Call("inv", (m,)))
            moving: Expr = Call("sum", (_times(inverse, m),))
            if func == "det":
                moving = _times(held(site.expr), moving)
            yield {}, differentiated_as(site.expr, moving)


def _inverse(scene: Scene, site: Site) -> Iterator[Edit]:
    match site.expr:
        case Call("inv", (m,)):
            inverse = held(site.expr)

            def product(left: Expr, right: Expr) -> Expr:
                return Binary("@", left, right)

            square = Binary("^", inverse, TWO)
            forms: tuple[tuple[str, Expr], ...] = (
                ("-inv(M) @ inv(M) @ dM", Neg(product(product(inverse, inverse), m))),
                ("-dM @ inv(M) @ inv(M)", Neg(product(m, product(inverse, inverse)))),
                ("-inv(M) @ dM", Neg(product(inverse, m))),
                ("inv(M) @ dM @ inv(M)", product(product(inverse, m), inverse)),
                ("-inv(M)^2 * dM, entry by entry", Neg(_times(square, m))),
                ("inv(dM)", Neg(product(product(inverse, Transpose(m)), inverse))),
            )
            for words, moving in forms[:-1]:
                yield {"other": words}, differentiated_as(site.expr, moving)


def all_entries(scene: Scene, site: Site) -> Iterator[Edit]:
    """A matrix of ones for the identity."""
    match site.expr:
        case Call("tr", (m,)):
            yield {}, differentiated_as(site.expr, Call("sum", (m,)))


def extremum(scene: Scene, site: Site) -> Iterator[Edit]:
    """1 for every entry."""
    match site.expr:
        case Call("max" | "min" | "logsumexp", (u,)):
            yield {}, differentiated_as(site.expr, _reduced(site.expr, u))


def whole_sign(scene: Scene, site: Site) -> Iterator[Edit]:
    """The opposite sign."""
    match site.expr:
        case Binary("@") | Call(
            "sum" | "mean" | "tr" | "norm" | "softmax" | "inv" | "logdet" | "det"
        ):
            yield {}, differentiated_as(site.expr, Neg(site.expr))


def path_of_product(scene: Scene, site: Site) -> Iterator[Edit]:
    """One term of the product rule left out."""
    match site.expr:
        case Binary("@", left, right):
            yield {"operand": shown(left)}, Binary("@", held(left), right)
            yield {"operand": shown(right)}, Binary("@", left, held(right))
        case Call("dot" | "outer" | "kron" as func, (left, right)):
            yield {"operand": shown(left)}, Call(func, (held(left), right))
            yield {"operand": shown(right)}, Call(func, (left, held(right)))


STRUCTURED: tuple[ArrayFault, ...] = (
    ArrayFault("diagonal-only", "only the diagonal of the Jacobian of {part} is kept",
               "a softmax", _softmax("diagonal")),
    ArrayFault("off-diagonal-only", "the diagonal of the Jacobian of {part} is left out",
               "a softmax", _softmax("off-diagonal")),
    ArrayFault("term-missing", "the second term of the Jacobian of {part} is left out",
               "a softmax", _softmax("first")),
    ArrayFault("term-missing", "the first term of the Jacobian of {part} is left out",
               "a softmax", _softmax("second")),
    ArrayFault("sign-in-term", "the second term of the Jacobian of {part} has the opposite sign",
               "a softmax", _softmax("plus")),
    ArrayFault("local-factor-missing", "the derivative of {part} is left out",
               "a softmax", _softmax("none")),
    ArrayFault("local-factor-missing",
               "the division by the norm in the derivative of {part} is left out",
               "a norm", norm_left),
    ArrayFault("power-slip", "the derivative of {part} is taken to be {other}",
               "a norm", _norm_factors()),
    ArrayFault("wrong-local-derivative",
               "the derivative of {part} is taken to be 1 for every entry",
               "a norm", norm_one),
    ArrayFault("extra-mean", "the sum {part} is differentiated as a mean", "a sum", mean_for_sum),
    ArrayFault("missing-mean", "the mean {part} is differentiated as a sum", "a mean",
               sum_for_mean),
    ArrayFault("wrong-local-derivative", "{part} is differentiated as if it were {other}",
               "a determinant and its logarithm", _determinant),
    ArrayFault("wrong-local-derivative",
               "{part} is differentiated as the logarithm of a number, entry by entry",
               "the logarithm of a determinant", as_a_number),
    ArrayFault("transposed", "the inverse in the derivative of {part} is not transposed",
               "a determinant and its logarithm", untransposed),
    ArrayFault("wrong-local-derivative", "the change of {part} is taken to be {other}",
               "an inverse", _inverse),
    ArrayFault("wrong-local-derivative",
               "all entries, and not the diagonal alone, get a gradient from {part}",
               "a trace", all_entries),
    ArrayFault("wrong-local-derivative", "every entry gets the whole gradient of {part}",
               "a maximum, a minimum, a log-sum-exp", extremum),
    ArrayFault("sign-in-term", "the derivative of {part} has the opposite sign",
               "an operation on whole arrays", whole_sign),
    ArrayFault("path-missing", "the path through {operand} in {part} is left out",
               "a product of arrays", path_of_product),
)  # fmt: skip
