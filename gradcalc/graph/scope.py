"""What each name of an exercise is, in which order its quantities are computed, and over which
indices they run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from graphlib import TopologicalSorter

from gradcalc.exercise.model import Definition, Exercise, Function
from gradcalc.exercise.source import Text
from gradcalc.language.errors import GradcalcError, Place, Problem, SpanError
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import Binary, Call, Expr, Index, Name, Slice, children, names, walk
from gradcalc.language.shape_rules import INDEXED, bound

MAX_CALLS = 30  # functions of the exercise inside one another
MAX_DEPTH = 150  # of an expression with its functions written out

Over = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """`kinds`: name -> input, quantity, stack, size, index, constant, function. `order`:
    definitions, topological.

    `indices` in declared order, undeclared ones after them, those of examples at the end: the order
    of every `over`. `over`: the named indices that an input or quantity depends on, besides its
    positional axes. `uses`: the inputs and quantities that a definition names, through functions
    and stacks too.
    """

    exercise: Exercise
    kinds: Mapping[str, str]
    inputs: tuple[str, ...]
    order: tuple[Definition, ...]
    uses: Mapping[str, tuple[str, ...]]
    indices: tuple[str, ...]
    over: Mapping[str, Over]
    stacks: Mapping[str, str]

    def sorted(self, indices: Iterable[str]) -> Over:
        found = set(indices)
        return tuple(name for name in self.indices if name in found) if found else ()

    def examples(self, name: str) -> Over:
        return tuple(index for index in self.over.get(name, ()) if index in self.exercise.examples)


def problem(error: SpanError, source: Text | None) -> Problem:
    """A mistake at offsets as a problem at its place."""
    place = (
        source.place(error.start, max(error.end, error.start + 1)) if source is not None else None
    )
    return Problem(error.slug, error.message, place, error.hint)


def scope(exercise: Exercise) -> Scope:
    """Raises GradcalcError for cycles through functions and stacks, and for names that are two
    things at once.
    """
    return _Scope(exercise).build()


def nesting(expr: Expr, functions: Mapping[str, int]) -> int:
    """How deep an expression nests, its functions written out. Sums lean to the left, which
    costs no depth.
    """
    deepest, stack = 0, [(expr, 1)]
    while stack:
        part, depth = stack.pop()
        deepest = max(
            deepest, depth + (functions.get(part.func, 0) if isinstance(part, Call) else 0)
        )
        lean = part.left if isinstance(part, Binary) else None
        stack.extend((child, depth + (child is not lean)) for child in children(part))
    return deepest


class _Scope:
    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.problems: list[Problem] = []
        self.defined = {definition.name: definition for definition in exercise.definitions}
        self.kinds: dict[str, str] = {}
        self.memo: dict[tuple[str, tuple[Over, ...]], frozenset[str]] = {}
        self.over: dict[str, Over] = {}

    def build(self) -> Scope:
        exercise = self.exercise
        bodies: list[tuple[Expr, Text, Collection[str]]] = [
            (d.expr, d.source, ()) for d in exercise.definitions
        ]
        bodies += [(f.expr, f.source, f.params) for f in exercise.functions.values()]
        self.declare(bodies)
        self.refuse_depth()
        reading = {definition.name: self.read(definition) for definition in exercise.definitions}
        inputs = [
            name for name, variable in exercise.variables.items() if self.kinds.get(name) == "input"
        ]
        for definition in exercise.definitions:
            inputs += [name for name in reading[definition.name] if name not in self.kinds]
        self.raise_problems()

        order = self.topological(reading)
        self.overs(order)
        stacks = self.stacks()
        inputs = list(dict.fromkeys(name for name in inputs if name not in stacks))
        for name in inputs:
            self.kinds[name] = "input"
            self.over.setdefault(name, ())
        uses = {
            name: tuple(
                dict.fromkeys(
                    stacks.get(n, n)
                    for n in found
                    if n in stacks or self.kinds.get(n) in ("input", "quantity")
                )
            )
            for name, found in reading.items()
        }
        if stacks:
            order = self.topological(uses)
            self.overs(order)
        self.raise_problems()
        return Scope(
            exercise, self.kinds, tuple(inputs), tuple(order), uses, self.indices, self.over, stacks
        )

    def raise_problems(self) -> None:
        if self.problems:
            raise GradcalcError(*self.problems)

    # ---- kinds

    def declare(self, bodies: list[tuple[Expr, Text, Collection[str]]]) -> None:
        exercise = self.exercise
        for name in exercise.functions:
            self.kinds[name] = "function"
        for name in self.defined:
            self.kinds[name] = "quantity"
        for name, variable in exercise.variables.items():
            if variable.function:
                self.kinds[name] = "function"
            elif name not in self.defined:
                self.kinds[name] = "input"
        declared = [*exercise.indices, *exercise.examples]
        self.indices = (*exercise.indices, *self.undeclared(bodies, declared), *exercise.examples)
        for index in self.indices:
            self.kinds.setdefault(index, "index")
            if self.kinds[index] != "index":
                self.twice(index, "an index")
        sizes = dict.fromkeys(exercise.sizes)
        for variable in exercise.variables.values():
            for size in variable.shape or ():
                sizes.update(dict.fromkeys(names(size)))
        for size in (*exercise.examples.values(), *exercise.indices.values()):
            sizes.update(dict.fromkeys(names(size)))
        for name in sizes:
            self.kinds.setdefault(name, "size")
            if self.kinds[name] != "size":
                self.twice(name, "a size")
        for name in ("pi", "e"):
            self.kinds.setdefault(name, "constant")

    def undeclared(
        self, bodies: list[tuple[Expr, Text, Collection[str]]], declared: Collection[str]
    ) -> list[str]:
        """Indices that are only ever bound: by `sum(…, j)` or by `p[k] = …`."""
        found: dict[str, None] = {}
        for definition in self.exercise.definitions:
            found.update(dict.fromkeys(definition.indices))
        for expr, _, params in bodies:
            for part in walk(expr):
                if (
                    isinstance(part, Call)
                    and part.func in INDEXED - {"max", "min"}
                    and len(part.args) > 1
                ):
                    for arg in part.args[1:]:
                        if isinstance(arg, Name) and arg.id not in params:
                            found[arg.id] = None
        sizes = {
            name
            for size in (*self.exercise.examples.values(), *self.exercise.indices.values())
            for name in names(size)
        }
        taken = self.kinds.keys() | set(declared) | self.exercise.sizes.keys() | sizes
        return [name for name in found if name not in taken]

    def twice(self, name: str, what: str) -> None:
        """A name that is two things at once."""
        kind = {
            "quantity": "a quantity",
            "input": "a variable",
            "function": "a function",
            "index": "an index",
        }[self.kinds[name]]
        variable = self.exercise.variables.get(name)
        place = variable.place if variable else self.place_of(name)
        self.problems.append(
            Problem(
                "name",
                f"`{name}` is used both as {what} and as {kind}",
                place,
                "give one of them another name",
            )
        )

    def place_of(self, name: str) -> Place | None:
        """Where a name is first used."""
        for definition in self.exercise.definitions:
            for part in walk(definition.expr):
                if isinstance(part, Name) and part.id == name:
                    return definition.source.place(*part.span)
        return None

    # ---- what a definition reads

    def read(self, definition: Definition) -> tuple[str, ...]:
        """Names that are inputs, quantities or not known yet, in order of first use, those
        inside functions included.
        """
        found: dict[str, None] = {}
        seen: set[str] = set()
        pending: list[tuple[Expr, tuple[str, ...]]] = [(definition.expr, ())]
        while pending:
            expr, params = pending.pop(0)
            for name in names(expr):
                if name not in params and self.kinds.get(name) in (None, "input", "quantity"):
                    found[name] = None
            for part in walk(expr):
                if (
                    isinstance(part, Call)
                    and part.func in self.exercise.functions
                    and part.func not in seen
                ):
                    seen.add(part.func)
                    function = self.exercise.functions[part.func]
                    pending.append((function.expr, function.params))
        return tuple(found)

    def refuse_depth(self) -> None:
        """Calls nested too deep to be written out. That none calls itself was checked in
        resolve.py.
        """
        functions = self.exercise.functions
        called = {
            name: {
                part.func
                for part in walk(function.expr)
                if isinstance(part, Call) and part.func in functions
            }
            for name, function in functions.items()
        }
        calls: dict[str, int] = {}
        deep: dict[str, int] = {}
        for name in TopologicalSorter(called).static_order():
            calls[name] = 1 + max((calls[other] for other in called[name]), default=0)
            deep[name] = nesting(functions[name].expr, deep)
            if calls[name] == MAX_CALLS + 1:
                self.too_deep(
                    f"functions call one another more than {MAX_CALLS} deep", functions[name]
                )
        lines: list[Function | Definition] = [*functions.values(), *self.exercise.definitions]
        for line in lines:
            if nesting(line.expr, deep) > MAX_DEPTH and not self.problems:
                self.too_deep("functions and parentheses are nested too deep", line)
        self.raise_problems()

    def too_deep(self, message: str, line: Function | Definition) -> None:
        self.problems.append(
            problem(
                SpanError(
                    "limit", message, *line.expr.span, "give parts of it a line of their own"
                ),
                line.source,
            )
        )

    # ---- order

    def topological(self, reading: Mapping[str, tuple[str, ...]]) -> list[Definition]:
        """Definitions in the order of the source, each after those it needs. A cycle is an error
        that walks it.
        """
        done: dict[str, None] = {}
        for start in self.defined:
            path: list[tuple[str, int]] = [(start, 0)]
            active = {start}
            while path:
                name, at = path.pop()
                if name in done:
                    active.discard(name)
                    continue
                needs = [other for other in reading[name] if other in self.defined]
                if at == len(needs):
                    done[name] = None
                    active.discard(name)
                    continue
                path.append((name, at + 1))
                other = needs[at]
                if other in active:
                    self.cycle([step for step, _ in path], other)
                if other not in done:
                    active.add(other)
                    path.append((other, 0))
        return [self.defined[name] for name in done]

    def cycle(self, path: list[str], back: str) -> None:
        around = path[path.index(back) :]
        definition = self.defined[around[-1]]
        occurrence = next(
            (p for p in walk(definition.expr) if isinstance(p, Name) and p.id == back),
            definition.expr,
        )
        words = (
            f"`{back}` is used in its own definition"
            if len(around) == 1
            else "circular definitions: "
            + ", ".join(
                f"{name} needs {other}"
                for name, other in zip(around[:6], [*around[1:], back], strict=False)
            )
            + (", …" if len(around) > 6 else "")
        )
        raise GradcalcError(
            *self.problems, Problem("cycle", words, definition.source.place(*occurrence.span))
        )

    # ---- named indices

    def overs(self, order: list[Definition]) -> None:
        exercise = self.exercise
        self.memo.clear()
        for name, variable in exercise.variables.items():
            self.over[name] = (variable.each,) if variable.each else ()
        for definition in order:
            found = self.over_of(definition.expr, {}) - set(definition.indices)
            found |= {
                index for index in self.over.get(definition.name, ()) if index in exercise.examples
            }
            self.over[definition.name] = tuple(index for index in self.indices if index in found)

    def over_of(self, expr: Expr, params: Mapping[str, frozenset[str]]) -> frozenset[str]:
        """The named indices an expression depends on, without those it sums over."""
        found: set[str] = set()
        stack: list[Expr | Slice] = [expr]
        while stack:
            part = stack.pop()
            match part:
                case Name(id) if id in params:
                    found |= params[id]
                case Name(id):
                    found.update((id,) if self.kinds.get(id) == "index" else self.over.get(id, ()))
                case Call(func, args) if func in self.exercise.functions:
                    found |= self.over_call(
                        self.exercise.functions[func], [self.over_of(arg, params) for arg in args]
                    )
                case Call(func, (Name(id),)) if func == "stack" and id not in params:
                    found.update(
                        index
                        for index in self.over.get(id, ())
                        if index not in self.exercise.examples
                    )
                case Call(func, args):
                    reduced = bound(part, self.indices)
                    if reduced:
                        inner = set(self.over_of(args[0], params))
                        for condition in reduced[1]:
                            inner |= self.over_of(condition, params)
                        found |= inner if "softmax" in func else inner - set(reduced[0])
                    else:
                        stack.extend(args)
                case Index(base, items):
                    stack.append(base)
                    stack.extend(items)
                case Slice():
                    pass
                case _:
                    stack.extend(
                        getattr(part, field)
                        for field in ("left", "right", "arg")
                        if hasattr(part, field)
                    )
                    stack.extend(getattr(part, "items", ()))
        return frozenset(found)

    def over_call(self, function: Function, args: list[frozenset[str]]) -> frozenset[str]:
        key = (function.name, tuple(tuple(sorted(arg)) for arg in args))
        if key not in self.memo:
            self.memo[key] = self.over_of(
                function.expr, dict(zip(function.params, args, strict=False))
            )
        return self.memo[key]

    def stacks(self) -> dict[str, str]:
        """The stacks' names: the name with its first letter in upper case, where that is not
        taken.
        """
        found: dict[str, str] = {}
        for name, over in self.over.items():
            upper = name[:1].upper() + name[1:]
            if (
                any(index in self.exercise.examples for index in over)
                and upper != name
                and self.kinds.get(upper) is None
            ):
                found[upper] = name
                self.kinds[upper] = "stack"
        return found
