"""Variants one after the other: for each the first try that will do and that no earlier one equals.

A variant depends on those before it alone, never on how many are wanted: so variant 17 of 20 is
that of 200. Tries are computed many at a time, which changes nothing but the speed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from gradcalc.exercise.model import Definition, Exercise, Function
from gradcalc.exercise.vary_model import Vary
from gradcalc.language.errors import GradcalcError, Problem, closest
from gradcalc.language.fast_dataclasses import dataclass, field, replace
from gradcalc.language.parser import Call, Expr, Name
from gradcalc.language.tree import children, names
from gradcalc.marking.variations import with_children
from gradcalc.variants.draws import Try, stream
from gradcalc.variants.engine import Engine, Found, Rejected

TRIES = 10_000  # for one variant
ALL_SIDES = 12  # variants that are asked to show both sides of every piece
SIDE_TRIES = 400  # of each, for that
SMALLEST, LARGEST = 128, 8_192  # tries that are computed together
CELLS = 500_000  # numbers in them
FIRST, LEAST = 4, 32  # of one variant, at first; of the one that waits
MOST_SPARE = 6  # tries that will do, of one variant, are computed before they are asked for

Outcomes: TypeAlias = "list[Found | Rejected]"
Ran: TypeAlias = Callable[[Sequence[Try]], Outcomes]


@dataclass(slots=True)
class Tally:
    """What became of the tries."""

    tries: int = 0
    rejected: Counter[Rejected] = field(default_factory=Counter)
    stopped: int | None = None  # the variant that was not found


class Search:
    """The variants of an exercise."""

    def __init__(
        self, exercise: Exercise, vary: Vary, of: str, seed: int, like: Engine | None = None
    ) -> None:
        self.exercise, self.vary, self.of, self.seed = exercise, vary, of, seed
        _check_names(exercise, vary)
        self.tally = Tally()
        self.like = like
        self._engines: dict[tuple[tuple[str, ...], tuple[int, ...]], Engine] = {}
        self.functions = {n: d.functions for n, d in vary.domains.items() if d.kind == "functions"}
        self.sizes = {n: d for n, d in vary.domains.items() if d.kind == "sizes"}

    # ---- structures

    def engine(self, at: Try) -> Engine:
        """Who makes a try: its functions and sizes are drawn first."""
        functions = tuple(
            some[stream(self.of, self.seed, at, f"function {name}").below(len(some))]
            for name, some in self.functions.items()
        )
        sizes = tuple(
            int(d.low) + stream(self.of, self.seed, at, name).below(int(d.high - d.low) + 1)
            for name, d in self.sizes.items()
        )
        key = (functions, sizes)
        if key not in self._engines:
            chosen = dict(zip(self.functions, functions, strict=True))
            numbers = dict(zip(self.sizes, sizes, strict=True))
            exercise = with_structure(self.exercise, self.vary, chosen, numbers)
            self._engines[key] = Engine(
                exercise, self.vary, self.of, self.seed, numbers, chosen, self.like
            )
        return self._engines[key]

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Those that made a try."""
        return tuple(self._engines.values())

    @property
    def first(self) -> Engine:
        """The structure of the first try."""
        return self.engine(Try(1, 0))

    @property
    def together(self) -> int:
        """How many tries are computed together at most."""
        return max(SMALLEST, min(LARGEST, CELLS // self.first.prepared.cells))

    def run(self, tries: Sequence[Try]) -> Outcomes:
        """What comes of each try."""
        groups: dict[int, tuple[Engine, list[int]]] = {}
        for k, at in enumerate(tries):
            engine = self.engine(at)
            groups.setdefault(id(engine), (engine, []))[1].append(k)
        found: dict[int, Found | Rejected] = {}
        for engine, places in groups.values():
            made = engine.run([tries[k] for k in places])
            found.update(zip(places, made, strict=True))
        return [found[k] for k in range(len(tries))]

    # ---- one after the other

    def variants(
        self, count: int, run: Ran | None = None, most: int = TRIES, budget: int | None = None
    ) -> Iterator[Found]:
        """The variants 1 to `count`, or up to the first that is not found (`tally.stopped`) in
        `most` tries, or before all of them took more than `budget`.
        """
        ahead = _Ahead(run or self.run, count, self.together)
        seen: set[tuple[object, ...]] = set()
        met: set[tuple[str, int]] = set()
        for number in range(1, count + 1):
            found = self._next(number, ahead, seen, met, most)
            spent = budget is not None and self.tally.tries > budget
            if found is None or spent:
                self.tally.stopped = number
                return
            seen.add(_key(found))
            met |= found.sides
            yield found

    def _next(
        self,
        number: int,
        ahead: _Ahead,
        seen: set[tuple[object, ...]],
        met: set[tuple[str, int]],
        most: int,
    ) -> Found | None:
        lacking = {(what, -sign) for what, sign in met} - met
        wanted = bool(lacking) and number <= ALL_SIDES
        spare: tuple[int, Found] | None = None
        passed: list[Rejected] = []
        for count in range(most):
            made = ahead.outcome(number, count)
            if isinstance(made, Found) and _key(made) in seen:
                made = Rejected("duplicate")
            if isinstance(made, Rejected):
                passed.append(made)
            elif wanted and not (made.sides & lacking) and count < SIDE_TRIES:
                spare = spare or (count, made)
                passed.append(Rejected("side"))
            else:
                break
            if spare is not None and count + 1 >= SIDE_TRIES:
                made = spare[1]
                passed = [one for one in passed[: spare[0]] if one.kind != "side"]
                break
        else:
            made = None
        self.tally.tries += len(passed) + (made is not None)
        self.tally.rejected.update(passed)
        ahead.forget(number)
        return made if isinstance(made, Found) else None


class _Ahead:
    """Outcomes of tries, computed for several variants at a time."""

    def __init__(self, run: Ran, count: int, most: int) -> None:
        self.run, self.count, self.most = run, count, most
        self._known: dict[int, Outcomes] = {}
        self._good: Counter[int] = Counter()  # tries that will do, of each variant
        self._size = SMALLEST

    def outcome(self, number: int, count: int) -> Found | Rejected:
        """What comes of a try."""
        known = self._known.setdefault(number, [])
        while len(known) <= count:
            self._compute(number)
        return known[count]

    def forget(self, number: int) -> None:
        """A variant that is found needs no more tries."""
        del self._known[number]

    def _more(self, number: int, count: int) -> list[Try]:
        known = len(self._known[number])
        return [Try(number, known + k) for k in range(min(count, TRIES - known, self.most))]

    def _compute(self, number: int) -> None:
        """More tries for a variant, and for those after it that have few that will do."""
        tries = self._more(number, max(LEAST, len(self._known[number])))
        taken = {number}
        for wanted in range(1, MOST_SPARE):
            for one in range(number + 1, self.count + 1):
                if len(tries) >= self._size:
                    break
                if one not in taken and self._good[one] < wanted:
                    taken.add(one)
                    tries += self._more(one, max(FIRST, len(self._known.setdefault(one, []))))
        self._size = min(self.most, 2 * self._size)
        for at, made in zip(tries, self.run(tries), strict=True):
            self._known[at.number].append(made)
            self._good[at.number] += isinstance(made, Found)


def _key(found: Found) -> tuple[object, ...]:
    structure = (*sorted(found.functions.items()), *sorted(found.sizes.items()))
    return (structure, found.key)


# ---- the exercise with other functions and sizes


def with_structure(
    exercise: Exercise, vary: Vary, functions: Mapping[str, str], sizes: Mapping[str, int]
) -> Exercise:
    """The exercise with these functions and sizes; values that are drawn are left out where sizes
    vary, for they have the old ones.
    """
    if functions:
        exercise = _with_functions(exercise, functions)
    if sizes:
        values = {n: v for n, v in exercise.values.items() if n not in vary.domains}
        exercise = replace(exercise, sizes={**exercise.sizes, **sizes}, values=values)
    return exercise


def _with_functions(exercise: Exercise, functions: Mapping[str, str]) -> Exercise:
    own = {name: to for name, to in functions.items() if name in exercise.functions}
    called = {name: to for name, to in functions.items() if name not in own}

    def renamed(expr: Expr) -> Expr:
        parts = [renamed(part) for part in children(expr)]
        found = with_children(expr, parts) if parts else expr
        if isinstance(found, Call) and found.func in called:
            return Call(called[found.func], found.args, found.kwargs, found.primes)
        return found

    definitions = tuple(
        Definition(d.name, renamed(d.expr), d.source, d.indices, d.place)
        for d in exercise.definitions
    )
    defined = dict[str, Function]()
    for name, function in exercise.functions.items():
        body: Expr = renamed(function.expr)
        if name in own:
            body = Call(own[name], (Name(function.params[0]),))
        defined[name] = replace(function, expr=body)
    variables = {n: v for n, v in exercise.variables.items() if n not in called}
    return replace(exercise, definitions=definitions, functions=defined, variables=variables)


def _check_names(exercise: Exercise, vary: Vary) -> None:
    """Refuse conditions and exceptions about names that there are not."""
    known = {definition.name for definition in exercise.definitions} | set(exercise.inputs)
    for condition in vary.require:
        for name in names(condition):
            if name in known or name in exercise.size_names or name in ("pi", "e"):
                continue
            near = closest(name, sorted(known))
            hint = f"did you mean {near}?" if near else None
            raise GradcalcError(
                Problem("vary", f"`require` names `{name}`, which is not here", None, hint)
            )
