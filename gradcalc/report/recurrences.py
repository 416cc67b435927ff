"""A step that repeats from one number to the next, for all of them at once: the backward pass
through time.

    ∂L/∂h₂ = Uᵀ(∂L/∂h₃ ∘ (1 − h₃²)),  ∂L/∂h₁ = Uᵀ(∂L/∂h₂ ∘ (1 − h₂²))
        ->  ∂L/∂hₜ = Uᵀ(∂L/∂hₜ₊₁ ∘ (1 − hₜ₊₁²))  for t = 2, 1

The general form is made from the first formula, and said only where it gives all the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property

from gradcalc.derivation.step_model import Derivation, Path, Step
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.formula_pieces import Cell, Line, Math, Names, Partial, Piece, line
from gradcalc.language.parser import Expr, Name, Num
from gradcalc.language.tree import occurrences, substitute
from gradcalc.language.typography import lowered, name_latex
from gradcalc.language.unparse import unparse
from gradcalc.report.step_way import Memory

NUMBERED = re.compile(r"(.*?[^\d])(\d+)$")
COUNTERS = "tskn"


class Repeats:
    """Finds what repeats in one derivation: paths that differ in the names of quantities alone."""

    def __init__(self, derivation: Derivation, memory: Memory) -> None:
        self.derivation, self.graph, self.memory = derivation, derivation.graph, memory
        self.like: dict[object, tuple[Line, Path, Step]] = {}  # a pattern -> where it is told
        self.definitions = {d.name: d.expr for d in self.graph.exercise.definitions}
        self.patterns: dict[tuple[str, int], tuple[Path, object | None]] = {}

    def told(self, step: Step, path: Path, lead: str) -> Line | None:
        """ ", as in step 4", where an earlier step is the same but for the names."""
        pattern = self.pattern(step, path)
        if pattern is None or self.memory.full:
            return None
        if pattern not in self.like:
            where = line(
                f"step {lead.rstrip('. ')}" if lead else line("the step for ", step.gradient)
            )
            self.like[pattern] = (where, path, step)
            return None
        where, other, before = self.like[pattern]
        if before is step:
            return line(", as through ", Name(other.through or ""))
        return line(", as in ", where)

    def pattern(self, step: Step, path: Path) -> object | None:
        """What a path is, whatever the quantities on it are called; None for a short one."""
        key = step.quantity, id(path)
        if key not in self.patterns:
            self.patterns[key] = path, self.new_pattern(step, path)
        return self.patterns[key][1]

    def new_pattern(self, step: Step, path: Path) -> object | None:
        expr = self.expression(path.through or "")
        if expr is None or not path.upstream:
            return None
        words = dict.fromkeys(part.id for part in occurrences(expr))
        words |= dict.fromkeys((path.through or "", step.quantity))
        table: dict[str, Expr] = {word: Name(f"#{n}") for n, word in enumerate(words)}
        table[path.upstream] = Name("#")
        shapes = tuple(
            tuple(map(len, (self.graph.node(word).shape, self.graph.node(word).over)))
            for word in words
            if word in self.graph.names
        )
        rules = tuple(rule.sentence for rule in path.rules)
        made = unparse(substitute(expr, table)), unparse(substitute(path.product.symbolic, table))
        return made, str(table[step.quantity]), rules, shapes, len(path.because)

    def expression(self, name: str) -> Expr | None:
        return self.definitions.get(name)

    def general(self, step: Step) -> Iterator[tuple[str, Cell]]:
        """The recurrence that a step begins, or what the paths of a step have in common."""
        if not step.paths:
            return
        path, alone = step.paths[0], len(step.paths) == 1
        first = self.pattern(step, path) if path.through else None
        own = numbered(step.quantity if alone else path.through or "")
        key = "general", step.of, first
        if first is None or own is None or (alone and key in self.memory.said):
            return
        if alone and not self.recurs(path.product.symbolic, own[0]):
            return
        family = (
            self.later(step, own[0], first)
            if alone
            else [
                (other.product.symbolic, found[1])
                for other in step.paths
                if (found := numbered(other.through or "")) is not None
                and found[0] == own[0]
                and self.pattern(step, other) == first
            ]
        )
        taken = (*self.graph.names, *self.graph.sizes, *self.graph.indices)
        made = for_all(family, self.derivation.names, taken)
        if made is None or made.expr == family[0][0]:
            return
        self.memory.said.add(key)
        gradient = step.gradient if alone else None
        at = [k for _, k in family]
        title = "recurrence" if alone else f"every {made.counter}"
        yield title, (said(gradient, made, at, step.quantity),)

    def later(self, step: Step, base: str, pattern: object) -> Sequence[tuple[Expr, int]]:
        """The gradients, and the numbers, of a step and of those after it in its pass that are
        like it, along one path to a quantity of its family.
        """
        if id(step) not in self.places:
            return ()
        at, place = self.places[id(step)]
        alike = self.families.get((at, base, pattern), ())
        return [(expr, number) for there, expr, number in alike if there >= place]

    @cached_property
    def places(self) -> dict[int, tuple[int, int]]:
        """The pass of every step and its place there, by identity."""
        return {
            id(step): (at, place)
            for at, one in enumerate(self.derivation.passes)
            for place, step in enumerate(one.steps)
        }

    @cached_property
    def families(self) -> dict[tuple[int, str, object], list[tuple[int, Expr, int]]]:
        """The steps along one path, by pass, family and pattern: place, gradient and number."""
        found: dict[tuple[int, str, object], list[tuple[int, Expr, int]]] = {}
        for at, one in enumerate(self.derivation.passes):
            for place, step in enumerate(one.steps):
                own = numbered(step.quantity)
                if own is not None and len(step.paths) == 1:
                    path = step.paths[0]
                    key = at, own[0], self.pattern(step, path)
                    found.setdefault(key, []).append((place, path.product.symbolic, own[1]))
        return found

    def recurs(self, expr: Expr, base: str) -> bool:
        """Whether a gradient is made from one of its own family: ∂L/∂h₂ from ∂L/∂h₃."""
        partials = self.derivation.names.partials
        users = (partials[part.id][1] for part in occurrences(expr) if part.id in partials)
        return any((found := numbered(user)) is not None and found[0] == base for user in users)


@dataclass(frozen=True, slots=True)
class General:
    """A formula with a counter for a number, and how its names are written."""

    expr: Expr
    names: Names
    counter: str


def numbered(name: str) -> tuple[str, int] | None:
    """h3 -> (h, 3)"""
    found = NUMBERED.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def for_all(
    formulas: Sequence[tuple[Expr, int]], names: Names, taken: Sequence[str]
) -> General | None:
    """The formula for all numbers, if that of the first gives those of the others."""
    counter = next((letter for letter in COUNTERS if letter not in taken), None)
    if len(formulas) < 2 or counter is None:
        return None
    made = (stepped(expr, at, counter, names) for expr, at in formulas)
    first = next(made)
    text = unparse(first.expr)
    return first if all(unparse(one.expr) == text for one in made) else None


def stepped(expr: Expr, at: int, counter: str, names: Names) -> General:
    """A formula with numbered names counted from `at`: h3 is h_t at 3, h_{t + 1} at 2."""
    table: dict[str, Expr] = {}
    shapes, latex, partials = dict(names.shapes), dict(names.latex), dict(names.partials)
    for word in dict.fromkeys(part.id for part in occurrences(expr)):
        of_by = names.partials.get(word)
        found = numbered(of_by[1] if of_by else word)
        if found is None:
            continue
        general, tex = subscripted(*found, at, counter)
        latex[general] = tex
        shapes[general] = names.shapes.get(of_by[1] if of_by else word, ())
        if of_by:
            own = f"d{of_by[0]}_d{general}"
            partials[own] = (of_by[0], general)
            shapes[own] = names.shapes.get(word, ())
            general = own
        table[word] = Name(general)
    made = replace(names, shapes=shapes, latex=latex, partials=partials)
    return General(substitute(expr, table), made, counter)


def subscripted(base: str, number: int, at: int, counter: str) -> tuple[str, str]:
    """hₜ₊₁ for the terminal, h_{t+1} in TeX."""
    away = number - at
    below = counter + (f"{away:+d}" if away else "")
    text = (lowered(below.replace("-", "−")) or f"_{below}").replace("₊", "₊")
    return base.rstrip("_") + text, f"{name_latex(base.rstrip('_'))}_{{{below}}}"


def said(gradient: Partial | None, found: General, at: Sequence[int], quantity: str) -> Line:
    """∂L/∂hₜ = … for t = 2, 1; without a gradient the formula alone."""
    lead: list[Piece] = []
    names = found.names
    if gradient is not None:
        base = numbered(quantity)
        assert base is not None
        general, tex = subscripted(*base, at[0], found.counter)
        names = replace(names, latex={**names.latex, general: tex})
        lead = [Partial(gradient.of, (general,)), "="]
    numbers = list(_counted(at))
    return line(
        Math((*lead, found.expr), names=names), " for ", Name(found.counter), " = ", *numbers
    )


def _counted(at: Sequence[int]) -> Iterator[Expr | str]:
    for place, k in enumerate(at):
        if place:
            yield ", "
        yield Num(Fraction(k))
