"""Family 4: one fault in the forward computation. The answer is right for another exercise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TypeAlias

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.tree import Binary, Call, Expr, Name, Neg, Num, Transpose, names
from gradcalc.marking.candidates import IF, Candidate, Found, Said, Scene, sentence, shown
from gradcalc.marking.model import Mistake
from gradcalc.marking.variations import Site, edited_at, exercise_sites
from gradcalc.numeric.finite_differences import needed
from gradcalc.numeric.forward import mentioned
from gradcalc.ops import TABLE

Edit: TypeAlias = "tuple[dict[str, str], Expr]"


@dataclass(frozen=True, slots=True)
class ForwardFault:
    """A row of the table: as `Fault`, of a computation with other values."""

    slug: str
    sentence: str
    where: str
    edits: Callable[[Scene, Site], Iterator[Edit]]


def bias_dropped(scene: Scene, site: Site) -> Iterator[Edit]:
    """An input that is added, left out."""
    match site.expr:
        case Binary("+", left, Name(name)) if name in scene.graph.inputs and names(left):
            yield {"operand": name}, left
        case Binary("+", Name(name), right) if name in scene.graph.inputs and names(right):
            yield {"operand": name}, right


def term_dropped(scene: Scene, site: Site) -> Iterator[Edit]:
    """Another term of a sum, left out."""
    match site.expr:
        case Binary("+" | "-" as op, left, right):
            biases = {new for _, new in bias_dropped(scene, site)}
            for term, rest in ((right, left), (left, right if op == "+" else Neg(right))):
                if rest not in biases:
                    yield {"operand": shown(term)}, rest


def sign_changed(scene: Scene, site: Site) -> Iterator[Edit]:
    """A sign changed."""
    match site.expr:
        case Binary("+", left, right):
            yield {"operand": shown(right)}, Binary("-", left, right)
        case Binary("-", left, right):
            yield {"operand": shown(right)}, Binary("+", left, right)
        case Neg(arg):
            yield {"operand": shown(arg)}, arg


def activation_dropped(scene: Scene, site: Site) -> Iterator[Edit]:
    """u for f(u)."""
    match site.expr:
        case Call(func, (arg,)) if func in TABLE and TABLE[func].signature in (
            "elementwise",
            "same",
        ):
            yield {"operand": shown(arg)}, arg


def factor_dropped(scene: Scene, site: Site) -> Iterator[Edit]:
    """A factor or a divisor left out."""
    match site.expr:
        case Binary("*" | "/" | "@" as op, left, right):
            yield {"operand": shown(right)}, left
            if op in "*@":
                yield {"operand": shown(left)}, right
            elif left != Num(Fraction(1)):
                yield {"operand": shown(left)}, Binary("/", Num(Fraction(1)), right)


def power_dropped(scene: Scene, site: Site) -> Iterator[Edit]:
    """u for u^n."""
    match site.expr:
        case Binary("^", base, Num()):
            yield {"operand": shown(base)}, base


def distributed(scene: Scene, site: Site) -> Iterator[Edit]:
    """f(a + b) read as f(a) + f(b)."""
    match site.expr:
        case Call(func, (Binary("+" | "-" as op, left, right),), kwargs) if func in TABLE:
            yield (
                {
                    "other": shown(
                        found := Binary(
                            op, Call(func, (left,), kwargs), Call(func, (right,), kwargs)
                        )
                    )
                },
                found,
            )
        case Binary("^", Binary("+" | "-" as op, left, right), exponent):
            found = Binary(op, Binary("^", left, exponent), Binary("^", right, exponent))
            yield {"other": shown(found)}, found


def power_moved(scene: Scene, site: Site) -> Iterator[Edit]:
    """f(u)^n read as f(u^n), and back."""
    match site.expr:
        case Binary("^", Call(func, (u,), kwargs), exponent):
            found: Expr = Call(func, (Binary("^", u, exponent),), kwargs)
            yield {"other": shown(found)}, found
        case Call(func, (Binary("^", u, exponent),), kwargs):
            found = Binary("^", Call(func, (u,), kwargs), exponent)
            yield {"other": shown(found)}, found


def elementwise(scene: Scene, site: Site) -> Iterator[Edit]:
    """* for @, and back."""
    match site.expr:
        case Binary("@", left, right):
            yield {}, Binary("*", left, right)
        case Binary("*", left, right):
            yield {}, Binary("@", left, right)


def untransposed(scene: Scene, site: Site) -> Iterator[Edit]:
    """A for A.T."""
    match site.expr:
        case Transpose(arg):
            yield {"operand": shown(arg)}, arg


FORWARD: tuple[ForwardFault, ...] = (
    ForwardFault("bias-dropped", "{operand} is left out of {part}", "a sum with an input",
                 bias_dropped),
    ForwardFault("term-missing", "{operand} is left out of {part}", "a sum, a difference",
                 term_dropped),
    ForwardFault("sign-in-term", "{operand} in {part} has the opposite sign",
                 "a sum, a difference, a minus", sign_changed),
    ForwardFault("activation-missing", "{operand} stands in the place of {part}",
                 "a function entry by entry", activation_dropped),
    ForwardFault("local-factor-missing", "the factor {operand} is left out of {part}",
                 "a product, a quotient", factor_dropped),
    ForwardFault("power-slip", "{operand} stands in the place of {part}", "a power",
                 power_dropped),
    ForwardFault("parentheses", "{part} is computed as {other}", "a function or a power of a sum",
                 distributed),
    ForwardFault("parentheses", "{part} is computed as {other}", "a power and a function",
                 power_moved),
    ForwardFault("elementwise-for-product",
                 "in {part} the entry-by-entry product and the matrix product are exchanged",
                 "a product", elementwise),
    ForwardFault("transposed", "{operand} stands in the place of {part}", "a transpose",
                 untransposed),
)  # fmt: skip


def forward_faults(scene: Scene) -> Found:
    """Every fault in one step of the computation, with the answer it gives."""
    wanted = set(
        needed(scene.graph, mentioned(scene.graph), scene.of, tuple(scene.graph.inputs), False)
    )
    for site in exercise_sites(scene.exercise):
        if site.quantity not in wanted:
            continue
        shape = scene.shape(site.expr)
        for row in FORWARD:
            for fill, new in row.edits(scene, site):
                if scene.shape(new) != shape:
                    continue
                text = sentence(row.sentence.format(part=shown(site.expr), **fill))
                function = scene.varied(edited_at(scene.exercise, site, new))
                yield Candidate(Mistake(row.slug, text, scene.at(site)), function, site=site)
    yield from name_swaps(scene, wanted)


OTHER_NAME = Said(
    "swapped-names",
    IF + "{other} stands in the place of {name} in the line of {line}.",
    "a name, and another of the same shape",
)
SWAPS = 200  # names in the place of names that are tried


def name_swaps(scene: Scene, wanted: set[str]) -> Found:
    """One name where another of the same shape belongs."""
    count = 0
    order = (*scene.graph.inputs, *scene.graph.quantities)
    for site in exercise_sites(scene.exercise):
        if site.quantity not in wanted or not isinstance(site.expr, Name):
            continue
        if site.expr.id not in scene.graph.names:
            continue
        node = scene.graph.node(site.expr.id)
        for other in order:
            if other in (site.expr.id, site.quantity) or other in scene.target.again:
                continue
            if (
                scene.graph.node(other).shape != node.shape
                or scene.graph.node(other).over != node.over
            ):
                continue
            if order.index(other) > order.index(site.quantity or ""):
                continue
            count += 1
            if count > SWAPS:
                return
            function = scene.varied(edited_at(scene.exercise, site, Name(other)))
            place = scene.at(site, site.expr.id)
            words = {"other": other, "name": site.expr.id, "line": site.quantity or ""}
            yield Candidate(OTHER_NAME.mistake(place, **words), function)
