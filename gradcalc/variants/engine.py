"""Tries of an exercise whose functions and sizes are fixed: drawn, computed together in floats,
those that may do one by one exactly, and the rest compared with common mistakes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

from gradcalc.exercise.model import Exercise
from gradcalc.exercise.vary_model import Domain, Drawn, Vary
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Compare, unparse
from gradcalc.language.tree import names
from gradcalc.numeric.balls import middle
from gradcalc.numeric.closed_forms import Form, exact_numbers, is_rational, rational, same
from gradcalc.numeric.evaluate import evaluate, stacked
from gradcalc.numeric.forward import leaf
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import TRIES, Env, Tensor
from gradcalc.variants.aims import Aimer, as_entry
from gradcalc.variants.draws import Entry, Source, Try, Unfit, flat, nested, stream
from gradcalc.variants.lookalikes import Lookalike, Lookalikes
from gradcalc.variants.prepared import Prepared, Quantity
from gradcalc.variants.sides import Sides

PILOT, PILOT_TRIES, PILOT_STEP = 64, 3_072, 256
NEAR = 1e-9
REMEMBERED = 50_000  # draws
LEAST_ALIKE = 4  # tries on the same sides, to say what none of them tells apart

Row: TypeAlias = dict[str, list[Any]]  # name -> exact entries, as written


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a try will not do: a kind of reason, and what it is about."""

    kind: str  # drawn, undefined, size, numbers, kink, zero, equal, require, discriminate
    about: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A try that will do.

    values   of the inputs that vary, as they are written in the file
    answers  floats, nested lists in the order of the questions; None for a shape
    sides    which sides of pieces it meets
    """

    at: Try
    values: Mapping[str, Drawn]
    sizes: Mapping[str, int]
    functions: Mapping[str, str]
    answers: tuple[Any, ...]
    sides: frozenset[tuple[str, int]] = frozenset()

    @property
    def key(self) -> tuple[str, ...]:
        """The same for variants with equal answers."""
        return tuple(map(_rounded, self.answers))


class Engine:
    """Makes tries. `exercise`: with its functions and sizes put in; `like`: an engine for the same
    inputs of the same exercise, whose answers and mistakes serve here too.
    """

    def __init__(
        self,
        exercise: Exercise,
        vary: Vary,
        of: str,
        seed: int,
        sizes: Mapping[str, int],
        functions: Mapping[str, str],
        like: Engine | None = None,
    ) -> None:
        self.vary, self.nice, self.of, self.seed = vary, vary.nice, of, seed
        self.sizes, self.functions = sizes, functions
        self.domains: dict[str, Domain] = {
            name: domain
            for name, domain in vary.domains.items()
            if domain.kind not in ("sizes", "functions")
        }
        self.prepared: Prepared = like.prepared if like else Prepared(exercise, tuple(self.domains))
        given = exercise.values
        self.sources = {
            name: Source(domain, given.get(name)) for name, domain in self.domains.items()
        }
        aims = {name: d.aims for name, d in self.domains.items() if d.kind == "aim"}
        self.aims, self.aimer = aims, Aimer(self.prepared, aims)
        self.lookalikes: Lookalikes = like.lookalikes if like else Lookalikes(self.prepared)
        self.never: dict[int, Lookalike] = {}  # that not every variant tells apart
        self.exempt: dict[frozenset[tuple[str, int]], frozenset[int]] = {}  # by sides
        self._before: dict[tuple[Any, ...], Found | Rejected] = {}  # by what was drawn
        self._numbers: dict[Entry, Any] = {}  # exact numbers of entries that are no fractions
        self._written: dict[int, Entry] = {}  # id of such a number -> how it is written

    # ---- drawing

    def drawn(self, tries: Sequence[Try]) -> list[Row | None]:
        """What is drawn at each try: exact entries, as written; None where that cannot be."""
        rows: list[Row | None] = []
        for at in tries:
            row: Row = {}
            try:
                for name, source in self.sources.items():
                    if name not in self.aims:
                        draw = stream(self.of, self.seed, at, name)
                        entries = source.entries(draw, self.prepared.shape(name))
                        row[name] = [self._number(entry) for entry in entries]
                rows.append(row)
            except Unfit:
                rows.append(None)
        for name in self.aimer.order:
            places = [k for k, one in enumerate(rows) if one is not None]
            known = [one for one in rows if one is not None]
            some = self.aims[name]
            aims = [
                some[stream(self.of, self.seed, tries[k], name).below(len(some))] for k in places
            ]
            found = self.aimer.solved(name, aims, self._columns(known)) if known else []
            for k, one, solved in zip(places, known, found, strict=True):
                rows[k] = None if solved is None else {**one, name: solved}
        return rows

    def _number(self, entry: Entry) -> Any:
        """An entry as an exact number."""
        if isinstance(entry, Fraction):
            return rational(entry)
        if entry not in self._numbers:
            with exact_numbers().working():
                self._numbers[entry] = leaf(entry, Env(exact_numbers(), {}))
            self._written[id(self._numbers[entry])] = entry
        return self._numbers[entry]

    def values(self, row: Row) -> dict[str, Drawn]:
        """Entries as the file would have them."""
        return {
            name: nested(
                [self._written.get(id(entry)) or as_entry(entry) for entry in entries],
                self.prepared.shape(name),
                self.domains[name].kind in ("decimals", "uniform"),
            )
            for name, entries in row.items()
        }

    def _columns(self, rows: Sequence[Row], exactly: bool = True) -> dict[str, Any]:
        """Name -> its values in all tries, (try, *shape)."""
        import numpy as np

        found: dict[str, Any] = {}
        for name in rows[0] if rows else ():
            shape = (len(rows), *self.prepared.shape(name))
            if exactly:
                column = np.empty(math.prod(shape), dtype=object)
                column[:] = [entry for row in rows for entry in row[name]]
            else:
                column = np.array([middle(entry) for row in rows for entry in row[name]])
            found[name] = column.reshape(shape)
        return found

    # ---- trying

    def run(self, tries: Sequence[Try]) -> list[Found | Rejected]:
        """What comes of each try, whatever the others are."""
        outcomes: list[Found | Rejected | None] = [None] * len(tries)
        drawn: dict[int, Row] = {}
        for k, row in enumerate(self.drawn(tries)):
            if row is None:
                outcomes[k] = Rejected("drawn")
            else:
                drawn[k] = row
        keys = {k: tuple(e for part in row.values() for e in part) for k, row in drawn.items()}
        for k, key in keys.items():
            if (before := self._before.get(key)) is not None:
                outcomes[k] = replace(before, at=tries[k]) if isinstance(before, Found) else before
        first = {key: k for k, key in reversed(keys.items())}
        new = {k: drawn[k] for k in drawn if outcomes[k] is None and first[keys[k]] == k}
        self._judge(tries, new, outcomes)
        for k, key in keys.items():
            made = outcomes[k] or outcomes[first[key]]
            outcomes[k] = replace(made, at=tries[k]) if isinstance(made, Found) else made
            if made is not None and len(self._before) < REMEMBERED:
                self._before[key] = made
        return [one if one is not None else Rejected("numbers") for one in outcomes]

    def _judge(self, tries: Sequence[Try], drawn: Mapping[int, Row], outcomes: list[Any]) -> None:
        """Fill in what comes of tries: floats first, exact numbers, mistakes last."""
        rows = self._filtered(drawn, outcomes)
        fits: dict[int, Found] = {}
        found = self.exactly([tries[k] for k in rows], [drawn[k] for k in rows])
        for k, made in zip(rows, found, strict=True):
            if isinstance(made, Found):
                fits[k] = made
            else:
                outcomes[k] = made
        if fits and self.nice.discriminate:
            self._compared(drawn, fits, outcomes)
        for k, made in fits.items():
            outcomes[k] = outcomes[k] or made

    def _env(self, drawn: Sequence[Row]) -> Env:
        """All quantities of many tries, in floats."""
        columns = self._columns(drawn, exactly=False)
        return self.prepared.computed(self.prepared.together(columns, len(drawn)))

    def _filtered(self, drawn: Mapping[int, Row], outcomes: list[Any]) -> list[int]:
        """The tries that may do, by their floats; why the others do not."""
        rows = list(drawn)
        if not rows:
            return []
        import numpy as np

        env = self._env([drawn[k] for k in rows])
        alive = np.ones(len(rows), dtype=bool)

        def reject(bad: Any, reason: Rejected) -> None:
            for k in np.flatnonzero(bad & alive):
                outcomes[rows[k]] = reason
            alive[bad] = False

        known: dict[Any, Any] = {}
        for quantity in self.watched:
            found = self._whole(quantity, env, len(rows), known)
            if found is None:
                reject(alive, Rejected("undefined", quantity.label))
                break
            reject(~np.isfinite(found).all(axis=1), Rejected("undefined", quantity.label))
            if not alive.any():
                break
            large = np.abs(found).max(axis=1, initial=0) >= float(self.nice.size)
            reject(large & self.nice.numbers, Rejected("size", quantity.label))
            if quantity.question is not None and quantity not in self.structural_zeros:
                zero = (np.abs(found) <= 1e-12).all(axis=1)
                reject(zero & (not self.nice.zeros), Rejected("zero", quantity.label))
            if self.judged(quantity):
                reject(~self._nearly(found), Rejected("numbers", quantity.label))
        for one, other in self.pairs:
            a, b = (self._whole(q, env, len(rows), known) for q in (one, other))
            if a is not None and b is not None and a.shape == b.shape:
                gap = np.abs(a - b) <= NEAR * np.maximum(1, np.abs(b))
                reject(gap.all(axis=1), Rejected("equal", f"{one.label} and {other.label}"))
        self._required_nearly(env, reject)
        return [rows[k] for k in np.flatnonzero(alive)]

    def _whole(self, quantity: Quantity, env: Env, count: int, known: dict[Any, Any]) -> Any:
        """Its values, (try, entries); None where it has none at all."""
        import numpy as np

        key = (quantity.expr, quantity.where, quantity.free, quantity.asked)
        if key not in known:
            try:
                tensor = self.prepared.value(quantity, env)
                data = np.asarray(tensor.data, dtype=float)
                if TRIES in tensor.over:
                    data = data.reshape(count, -1)
                else:
                    data = np.broadcast_to(data.reshape(1, -1), (count, data.size))
                known[key] = data
            except (Undefined, ArithmeticError, ValueError):
                known[key] = None
        return known[key]

    def _nearly(self, data: Any) -> Any:
        """Which rows are nice as far as floats tell."""
        import numpy as np

        def whole(values: Any) -> Any:
            return np.abs(values - np.round(values)) <= NEAR * np.maximum(1, np.abs(values))

        fine = whole(data * 10**self.nice.decimals)
        for below in range(1, self.nice.denominator + 1):
            if fine.all():
                break
            fine |= whole(data * below)
        for constant in self.constants:
            fine |= np.abs(np.abs(data) - abs(float(constant))) <= NEAR
        return fine.all(axis=1)

    def _required_nearly(self, env: Env, reject: Any) -> None:
        """Conditions that surely do not hold; what is nearly equal is left to exact numbers."""
        import numpy as np

        for condition in self.conditions:
            if condition.op == "!=":
                continue
            try:
                left, right = (
                    np.asarray(evaluate(side, env).data, dtype=float)
                    for side in (condition.left, condition.right)
                )
                gap = np.asarray(left - right)
            except (Undefined, ArithmeticError, ValueError):
                continue
            if gap.ndim == 0 or gap.shape[0] != env.indices[TRIES]:
                continue
            gap = gap.reshape(gap.shape[0], -1)
            wrong = {
                "<": gap > NEAR, "<=": gap > NEAR, ">": gap < -NEAR, ">=": gap < -NEAR,
                "==": np.abs(gap) > 1e-6,
            }[condition.op]  # fmt: skip
            reject(wrong.any(axis=1), Rejected("require", unparse(condition)))

    def exactly(self, tries: Sequence[Try], rows: Sequence[Row]) -> list[Found | Rejected]:
        """What exact numbers say of tries. Together; one by one where that cannot be."""
        if not rows:
            return []
        try:
            with exact_numbers().working():
                found = self._exactly(tries, rows)
        except (Undefined, ArithmeticError, ValueError, TypeError) as problem:
            if len(rows) == 1:
                return [Rejected("undefined", getattr(problem, "message", ""))]
            return [self.exactly([at], [row])[0] for at, row in zip(tries, rows, strict=True)]
        return [self._watched(one) if isinstance(one, Found) else one for one in found]

    def _exactly(self, tries: Sequence[Try], rows: Sequence[Row]) -> list[Found | Rejected]:
        count = len(rows)
        env = self.prepared.together(self._columns(rows), count, exactly=True)
        env = self.prepared.computed(env)
        for problem in env.lacking.values():
            raise problem
        outcomes: list[Rejected | None] = [None] * count
        for condition in self.conditions:
            held = _by_try(evaluate(condition, env), count)
            for k in range(count):
                if not all(held[k]):
                    outcomes[k] = outcomes[k] or Rejected("require", unparse(condition))
        answers: list[list[Any]] = [[None] * len(self.prepared.questions) for _ in rows]
        known: dict[Any, Tensor] = {}
        for quantity in self.watched:
            judged = self.judged(quantity)
            if quantity.question is None and not judged:
                continue
            key = (quantity.expr, quantity.where, quantity.free, quantity.asked)
            if key not in known:
                known[key] = self.prepared.value(quantity, env)
            if judged:
                entries = _by_try(known[key], count)
                for k in range(count):
                    if outcomes[k] is None and not all(map(self.fine, entries[k])):
                        outcomes[k] = Rejected("numbers", quantity.label)
            if quantity.question is not None:
                listed = _listed(known[key], env, quantity, count)
                for k in range(count):
                    answers[k][quantity.question] = listed[k]
        return [
            outcomes[k]
            or Found(tries[k], self.values(rows[k]), self.sizes, self.functions, tuple(answers[k]))
            for k in range(count)
        ]

    def _watched(self, found: Found) -> Found | Rejected:
        """With the sides that it meets; rejected where it meets a kink."""
        if not self.pieces:
            return found
        sides = Sides(self.prepared.graph, exact_numbers())
        try:
            with exact_numbers().working():
                self.prepared.exactly(found.values, sides)
        except (Undefined, ArithmeticError, ValueError, TypeError) as problem:
            return Rejected("undefined", getattr(problem, "message", ""))
        if sides.found and not self.nice.kinks:
            return Rejected("kink", sides.found[0].message)
        return replace(found, sides=sides.met)

    @cached_property
    def determined(self) -> frozenset[Quantity]:
        """What follows from the aims alone: where z = log(3), sigmoid(z) and its slope. These are
        aimed constants, whatever their denominators are.
        """
        known = {aim.quantity for some in self.aims.values() for aim in some}
        for name in self.prepared.graph.quantities:
            used = self.prepared.uses[name]
            if used and used <= known:
                known.add(name)
        found = set()
        for one in self.prepared.quantities if known else ():
            inside = {n for expr in (one.expr, *(e for _, e in one.where)) for n in names(expr)}
            inside -= {name for name, _ in one.where}
            if one.kind != "input" and inside and inside <= known:
                found.add(one)
        return frozenset(found)

    def fine(self, value: Any) -> bool:
        """Is a number exactly a nice one?"""
        if is_rational(value):
            if abs(value) >= int(self.nice.size):
                return False
            return bool(value.q <= self.nice.denominator or (value * 10**self.nice.decimals).q == 1)
        return type(value) is Form and any(
            same(value, one) or same(-value, one) for one in self.constants
        )

    def _compared(
        self, drawn: Mapping[int, Any], fits: Mapping[int, Found], outcomes: list[Any]
    ) -> None:
        """Reject those for which a common mistake gives the right number."""
        among = self.told_apart
        rows = list(fits)
        env = self._env([drawn[k] for k in rows])
        everywhere = self.exempt.get(frozenset(), frozenset())
        spared = [self.exempt.get(fits[k].sides, everywhere) for k in rows]
        hits = self.lookalikes.coincidences(env, among)
        for n, (one, hit) in enumerate(zip(among, hits, strict=True)):
            if not hit.any():
                continue
            for k, met, own in zip(rows, hit, spared, strict=True):
                if met and n not in own and outcomes[k] is None:
                    about = f"{one.text}: {one.mistake.sentence}"
                    outcomes[k] = Rejected("discriminate", about)

    # ---- what does not depend on the try

    @cached_property
    def pieces(self) -> bool:
        """Has the computation kinks?"""
        from gradcalc.marking.points import Computation

        return Computation(self.prepared.graph).pieces

    @cached_property
    def watched(self) -> tuple[Quantity, ...]:
        """What a try looks at: cheap things first."""
        return tuple(
            one
            for one in self.prepared.quantities
            if one.kind == "answer" or self.judged(one) or one.kind in ("input", "quantity")
        )

    def judged(self, quantity: Quantity) -> bool:
        """Must its numbers be nice?"""
        if not self.nice.numbers or quantity.label in self.nice.exempt:
            return False
        if quantity.kind == "answer" and quantity.label.removeprefix("value ") in self.nice.exempt:
            return False
        if quantity in self.determined:
            return False
        if quantity.kind == "input":
            return self.domains[quantity.label].kind not in ("aim", "choices")
        return True

    @cached_property
    def constants(self) -> tuple[Any, ...]:
        """The constants that are no fractions and yet nice: those aimed at, and chosen ones."""
        values = [aim.value for some in self.aims.values() for aim in some]
        values += [value for domain in self.domains.values() for value in domain.choices]
        with exact_numbers().working():
            env = Env(exact_numbers(), {})
            found = [
                leaf(entry, env)
                for value in values
                for entry in flat(value)
                if not isinstance(entry, Fraction)
            ]
        return tuple(one for one in found if type(one) is Form)

    @cached_property
    def conditions(self) -> tuple[Compare, ...]:
        """What `require` says, of names that there are."""
        return tuple(one for one in self.vary.require if isinstance(one, Compare))

    @cached_property
    def _generic(self) -> Mapping[int, Any]:
        """The answers at points of any kind, by the place of their question."""
        env = self.lookalikes.generic
        if env is None:
            return {}
        found = {}
        for quantity in self.prepared.answers:
            data = self._whole(quantity, env, env.indices[TRIES], {})
            if data is not None and quantity.question is not None:
                found[quantity.question] = data
        return found

    def sample(self, tries: Sequence[Try]) -> tuple[Any, dict[str, Any]]:
        """For which tries everything is defined and small, and for which each label has nice
        numbers: arrays of truth values.
        """
        import numpy as np

        rows = [row for row in self.drawn(tries) if row is not None]
        alive, found = np.ones(len(rows), dtype=bool), dict[str, Any]()
        env, known = self._env(rows) if rows else None, dict[Any, Any]()
        for quantity in self.watched if env is not None else ():
            assert env is not None
            data = self._whole(quantity, env, len(rows), known)
            if data is None:
                return np.zeros(1, dtype=bool), {}
            alive &= np.isfinite(data).all(axis=1)
            alive &= np.abs(data).max(axis=1, initial=0) < float(self.nice.size)
            if self.judged(quantity):
                fine = self._nearly(data)
                found[quantity.label] = fine & found.get(quantity.label, True)
        return alive, found

    @cached_property
    def structural_zeros(self) -> tuple[Quantity, ...]:
        """Answers that are 0 whatever the values."""
        return tuple(
            one
            for one in self.prepared.answers
            if (known := self._generic.get(one.question or 0)) is not None and not known.any()
        )

    @cached_property
    def pairs(self) -> tuple[tuple[Quantity, Quantity], ...]:
        """Answers that must differ: those that do not always agree."""
        import numpy as np

        answers, found = self.prepared.answers, []
        for k, one in enumerate(answers):
            for other in answers[k + 1 :]:
                a, b = (self._generic.get(q.question or 0) for q in (one, other))
                if a is None or b is None or a.shape != b.shape:
                    continue
                if not np.allclose(a, b, rtol=1e-7, atol=1e-9):
                    found.append((one, other))
        return tuple(found)

    @cached_property
    def told_apart(self) -> tuple[Lookalike, ...]:
        """The mistakes. Some are not told from the right answer: those that give the right number
        for all nice values on the same sides of the pieces (`exempt`), as a slip in a branch that
        is not taken does. `never` has them all.
        """
        import numpy as np

        among = self.lookalikes.all()
        if not among:
            return ()
        rows: list[Row] = []
        met: list[frozenset[tuple[str, int]]] = []
        for start in range(0, PILOT_TRIES, PILOT_STEP):
            tries = [Try(0, count) for count in range(start, start + PILOT_STEP)]
            drawn = {k: row for k, row in enumerate(self.drawn(tries)) if row is not None}
            kept = self._filtered(drawn, [None] * len(tries))
            found = self.exactly([tries[k] for k in kept], [drawn[k] for k in kept])
            for k, one in zip(kept, found, strict=True):
                if isinstance(one, Found):
                    rows.append(drawn[k])
                    met.append(one.sides)
            if len(rows) >= PILOT:
                break
        if len(rows) < 3:
            return among
        hits = np.array(self.lookalikes.coincidences(self._env(rows[:PILOT]), among))
        self.never = {int(k): among[k] for k in np.flatnonzero(hits.all(axis=1))}
        for sides in dict.fromkeys(met[:PILOT]):
            own = [k for k, one in enumerate(met[:PILOT]) if one == sides]
            if len(own) >= LEAST_ALIKE:
                self.exempt[sides] = _exempt(hits[:, own])
        if not self.exempt:
            self.exempt[frozenset()] = _exempt(hits)
        for some in self.exempt.values():
            self.never |= {k: among[k] for k in sorted(some) if k not in self.never}
        return among


def _exempt(hits: Any) -> frozenset[int]:
    """The mistakes, (mistake, try), that give the right number at all tries, and as many more as it
    takes for one try to be left: the most frequent first.
    """
    found = set(map(int, hits.all(axis=1).nonzero()[0]))
    while True:
        kept = [k for k in range(len(hits)) if k not in found]
        if not kept or not hits[kept].any(axis=0).all():
            return frozenset(found)
        found.add(max(kept, key=lambda k: int(hits[k].sum())))


def _by_try(tensor: Tensor, count: int) -> list[list[Any]]:
    """The entries of each try; those that are the same for all, repeated."""
    import numpy as np

    data = np.asarray(tensor.data, dtype=object)
    if TRIES in tensor.over:
        return list(data.reshape(count, -1).tolist())
    return [data.reshape(-1).tolist()] * count


def _listed(tensor: Tensor, env: Env, quantity: Quantity, count: int) -> list[Any]:
    """An answer for each try, in floats, examples last, as `solve` prints it."""
    column = quantity.shape is None or len(quantity.shape) != 2 or quantity.shape[1].number == 1
    data = stacked(tensor, env, column=column).data
    found: Any = _floats(data.tolist()) if hasattr(data, "tolist") else middle(data)
    return list(found) if TRIES in tensor.over else [found] * count


def _floats(value: Any) -> Any:
    return [_floats(item) for item in value] if isinstance(value, list) else middle(value)


def _rounded(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_rounded, value))}]"
    return "" if value is None else f"{value:.10g}"
