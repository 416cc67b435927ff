"""Family 3: one fault in the derivation. Each is an exercise with the same values and one
derivative that is wrong, and the solver differentiates it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.tree import Binary, Call, Expr, Name, Num, names, substitute
from gradcalc.marking import derivation_edits as edits
from gradcalc.marking.candidates import IF, Candidate, Found, Said, Scene, sentence, shown
from gradcalc.marking.derivation_edits import Edit, Slope, is_function, slopes_of, with_slope
from gradcalc.marking.model import Mistake
from gradcalc.marking.structured_faults import STRUCTURED
from gradcalc.marking.variations import (
    ONE,
    Site,
    differentiated_as,
    edited_at,
    exercise_sites,
    held,
    put,
    with_slopes,
)

Edits: TypeAlias = "Callable[[Scene, Site, Sequence[Slope]], Iterator[Edit]]"


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the table. `sentence`: after "This is what comes out if", with {part}, {operand},
    {other}; `where`: the operations it applies to.
    """

    slug: str
    sentence: str
    where: str
    edits: Edits


TABLE_3: tuple[Fault, ...] = (
    Fault("local-factor-missing", "the derivative of {part} by {operand} is left out",
          "an operation entry by entry", edits.left_out),
    Fault("sign-in-term", "the derivative of {part} by {operand} has the opposite sign",
          "an operation entry by entry", edits.opposite),
    Fault("path-missing", "the path through {operand} in {part} is left out",
          "an operation with several operands", edits.stopped),
    Fault("swapped-inputs",
          "the derivative of {part} by {operand} is taken to be {operand}, not the other factor",
          "a product", edits.own_input),
    Fault("swapped-inputs", "each factor of {part} gets itself, not the other factor",
          "a product", edits.own_inputs),
    Fault("not-differentiated", "{part} is kept, and not differentiated", "a function",
          edits.kept),
    Fault("wrong-local-derivative",
          "the derivative of {part} is taken to be {other}, as for {sister}",
          "a function", edits.like_a_sister),
    Fault("wrong-local-derivative", "the derivative of {part} is taken to be {other}",
          "an exponential, by the rule for powers", edits.as_a_power),
    Fault("power-slip", "the derivative of {part} is taken to be {other}",
          "a power, a square root, a reciprocal", edits.power_slips),
    Fault("wrong-local-derivative", "the derivative of {part} by {operand} is taken to be {other}",
          "a quotient", edits.quotient_slips),
    Fault("wrong-place", "the derivative of {part} is taken at {place}, as {other}",
          "a function", edits.elsewhere),
    Fault("wrong-local-derivative", "the derivative of {part} is taken to be {other}",
          "a function", edits.slipped),
    Fault("wrong-local-derivative", "the derivative of {part} is multiplied in twice",
          "a function", edits.twice_in),
    Fault("wrong-local-derivative",
          "the derivative of {part} is taken for the other side of the kink",
          "a function with a kink", edits.reversed_mask),
    Fault("wrong-local-derivative",
          "the derivative of {part} by each of its operands is taken to be {other}",
          "a maximum, a minimum", edits.no_mask),
    Fault("constant-factor", "the derivative of {part} by {operand} is {share}",
          "an operation entry by entry", edits.times_two),
)  # fmt: skip


# fmt: off
NO_PATH = Said("path-missing", IF + "the path through {part} in the line of {line} is left out.",
               "a quantity in a line on the way")
ONE_PATH = Said("path-missing",
                IF + "only the path through one {part} in the line of {line} is followed.",
                "a denominator that occurs several times")
LEAF_KEPT = Said("not-differentiated",
                 IF + "{part} in the line of {line} is kept, and not differentiated.",
                 "the denominator")
CONSTANT_KEPT = Said("not-differentiated",
                     IF + "the constant {term} in {part} is kept when it is differentiated.",
                     "a constant term")
LATE = Said("wrong-place",
            IF + "the derivative of {part} is taken at {by}, at the end of the chain.",
            "a function on the way")
PATHS = (NO_PATH, ONE_PATH, LEAF_KEPT, CONSTANT_KEPT, LATE)
# fmt: on


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
    return Candidate(Mistake(slug, text, scene.at(site)), function, site=site)


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
        function = scene.varied(edited_at(scene.exercise, site, held(site.expr)))
        yield Candidate(_at_leaf(scene, NO_PATH, site), function)
    denominators = set(scene.bys)
    for site in leaves:
        assert isinstance(site.expr, Name)
        if site.expr.id in denominators and len(leaves) > 2:
            exercise = scene.exercise
            for other in leaves:
                if other != site and other.expr == site.expr:
                    exercise = edited_at(exercise, other, held(other.expr))
            yield Candidate(_at_leaf(scene, ONE_PATH, site), scene.varied(exercise))
    yield from _differentiated_wrongly(scene, leaves)


def _at_leaf(scene: Scene, said: Said, site: Site) -> Mistake:
    assert isinstance(site.expr, Name)
    place = scene.at(site, site.expr.id)
    return said.mistake(place, part=shown(site.expr), line=site.quantity or "")


def _late(scene: Scene) -> Found:
    """The derivative of a function multiplied in at the end of the chain, and taken there."""
    if len(scene.bys) != 1:
        return
    by = scene.bys[0]
    for site in moving_sites(scene):
        slopes = slopes_of(site.expr)
        if not is_function(site.expr) or len(slopes) != 1 or slopes[0].operand == Name(by):
            continue
        assert isinstance(site.expr, Call)
        there = Call(site.expr.func, (Name(by), *site.expr.args[1:]), site.expr.kwargs)
        slope = substitute(slopes[0].pattern, {"x": Name(by), "r": there})
        exercise = edited_at(scene.exercise, site, with_slope(site, slopes, 0, ONE))
        for leaf in exercise_sites(scene.exercise):
            inside = leaf.quantity == site.quantity and leaf.path[: len(site.path)] == site.path
            if leaf.expr == Name(by) and leaf.quantity in scene.target.again and not inside:
                exercise = edited_at(exercise, leaf, with_slopes(leaf.expr, [(slope, leaf.expr)]))
        mistake = LATE.mistake(scene.at(site), part=shown(site.expr), by=by)
        yield Candidate(mistake, scene.varied(exercise))


def _differentiated_wrongly(scene: Scene, leaves: Sequence[Site]) -> Found:
    """x kept for 1, and a constant kept for 0."""
    for site in leaves:
        if isinstance(site.expr, Name) and site.expr.id in scene.bys:
            new = with_slopes(site.expr, [(site.expr, site.expr)])
            function = scene.varied(edited_at(scene.exercise, site, new))
            yield Candidate(_at_leaf(scene, LEAF_KEPT, site), function)
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
            function = scene.varied(edited_at(scene.exercise, site, new))
            mistake = CONSTANT_KEPT.mistake(scene.at(site), term=shown(term), part=shown(site.expr))
            yield Candidate(mistake, function)
