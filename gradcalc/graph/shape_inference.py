"""The shapes of names that declare none, each with the sentence that explains it.

constraints.py says what the expressions say of shapes; the solver in unify.py finds what follows;
this room guesses where several shapes are left, and words what contradicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from itertools import count

from gradcalc.graph.scope import Scope, problem
from gradcalc.graph.shape_constraints import Constraints, Where
from gradcalc.graph.shape_reasons import explain, letters
from gradcalc.graph.shape_relations import (
    Examples,
    Forward,
    fresh,
    given,
)
from gradcalc.graph.shape_solver import CHOICE, Axis, Choice, Constraint, Dim, Term
from gradcalc.language.errors import Place, Problem, SpanError
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.parser import (
    names,
    occurrences,
)
from gradcalc.language.shape_rules import Shape, ShapeError, Size, product_hint, show

MAX_RANK = 4  # tried where only some number of axes fits


@dataclass(slots=True)
class Inferred:
    """Shapes of names and sizes of indices, as far as they were found; `reasons` for what was
    not declared.
    """

    shapes: dict[str, Shape] = field(default_factory=dict)
    indices: dict[str, Size] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def infer(
    scope: Scope,
    declared: Mapping[str, Shape],
    indices: Mapping[str, Size],
    values: Mapping[str, tuple[int, ...]],
    numbers: Mapping[str, int],
    ranks: Mapping[str, int | None] | None = None,
) -> Inferred:
    """`declared` shapes, sizes of declared `indices`, shapes of given `values`, `numbers` for
    sizes.

    `ranks`: the number of axes of inputs that are not declared, None where their uses tell; sizes
    that nothing says get letters then.
    """
    return _Inference(scope, declared, indices, values, numbers, ranks or {}).run()


class _Inference(Constraints):
    def __init__(
        self,
        scope: Scope,
        declared: Mapping[str, Shape],
        indices: Mapping[str, Size],
        values: Mapping[str, tuple[int, ...]],
        numbers: Mapping[str, int],
        ranks: Mapping[str, int | None],
    ) -> None:
        super().__init__(scope, declared, indices, numbers)
        self.values, self.ranks = values, ranks
        self.bad: set[int] = set()
        self.result = Inferred()

    def run(self) -> Inferred:
        s = self.s
        for name in self.scope.inputs:
            rank = self.ranks.get(name)
            unsized = None if rank is None else [Dim() for _ in range(rank)]
            self.terms[name] = term = Term(name, self.declared.get(name, unsized))
            term.names.append(name)
            if name in self.values and name not in self.declared:
                self.take_value(name, term)
        for definition in self.scope.order:
            self.source = definition.source
            try:
                self.define(definition)
            except SpanError as error:
                self.result.problems.append(problem(error, self.source))
                self.terms.setdefault(
                    definition.name, Term(definition.name, self.declared.get(definition.name))
                )
            self.settled(lambda: s.propagate())
        if not self.result.problems:
            self.guess()
        if not self.result.problems:
            self.finish()
        return self.result

    def take_value(self, name: str, term: Term) -> None:
        value, examples = self.values[name], self.scope.examples(name)
        if examples:
            at = (None, None)
            self.s.add(
                Examples(
                    [term],
                    Term(dims=()),
                    f"the value of {name}",
                    at,
                    value,
                    self.named[examples[0]],
                )
            )
        else:
            self.s.bind(term, given(value))

    def settled(self, action: Callable[[], object]) -> bool:
        """Run part of the solution; a contradiction becomes a problem, and its constraint is
        left out from then on.
        """
        while True:
            try:
                action()
                return True
            except ShapeError as error:
                constraint: Constraint | None = getattr(error, "constraint", None)
                if constraint is None or id(constraint) in self.bad:
                    return False
                self.bad.add(id(constraint))
                constraint.done = True
                self.result.problems.append(self.mismatch(error, constraint))
                action = self.s.propagate
            except SpanError as error:
                self.result.problems.append(problem(error, self.source))
                return False

    def mismatch(self, error: ShapeError, constraint: Constraint) -> Problem:
        shown = {
            label: self.s.show(term)
            for label, term in zip(constraint.labels, constraint.ins, strict=True)
            if self.s.dims(term) is not None and label
        }
        listed = ", ".join(f"{words} is {shape}" for words, shape in shown.items())
        what = (
            f"{constraint.words} and its uses"
            if isinstance(constraint, Examples)
            else f"`{constraint.words}`"
        )
        message = f"{what}: {listed}: {error.reason}" if listed else f"{what}: {error.reason}"
        expr, shapes = constraint.at[1], [self.s.shape(term) for term in constraint.ins]
        hint = error.hint
        if hint is None and expr is not None and len(shapes) == 2:
            hint = product_hint(expr, shapes[0], shapes[1])
        return self.placed("shape", message, constraint.at, hint)

    def placed(self, slug: str, message: str, at: Where, hint: str | None) -> Problem:
        source, expr = at
        place = (
            source.place(expr.span[0], max(expr.span[1], expr.span[0] + 1))
            if source is not None and expr is not None
            else None
        )
        return Problem(slug, message, place, hint)

    def guess(self) -> None:
        """Defaults: elementwise operands are alike, values give their numbers, what nothing
        constrains is a scalar.
        """
        s = self.s
        while True:
            if not self.settled(lambda: s.settle(CHOICE)):
                return
            if self.freeze() or self.operands_lettered():
                continue
            try:
                if s.choose(self.newly()):
                    continue
            except Choice as choice:
                self.result.problems.append(self.ambiguous(choice))
                return
            except ShapeError as error:
                constraint = getattr(error, "constraint", None)
                if constraint is not None:
                    self.result.problems.append(self.mismatch(error, constraint))
                return
            unknown = next(
                (name for name, term in self.terms.items() if s.dims(term) is None), None
            )
            if unknown is None:
                return
            term = self.terms[unknown]
            if not any(
                s.attempt(partial(s.bind, term, fresh(rank))) for rank in range(MAX_RANK + 1)
            ):
                hint = "declare its shape: variables: {" + f"{unknown}: [n]" + "}"
                self.result.problems.append(
                    Problem(
                        "shape",
                        f"no shape of {unknown} fits all of its uses",
                        self.use_of(unknown),
                        hint,
                    )
                )
                return
            if not s.dims(term):
                self.result.reasons.setdefault(unknown, "nothing constrains it, so it is a scalar")

    def freeze(self) -> bool:
        """Sizes that only a value gives become its numbers."""
        changed = False
        for term in self.terms.values():
            for dim in self.s.dims(term) or ():
                if isinstance(dim, Dim) and dim.number is not None:
                    number = Size.of(dim.number)
                    changed = self.settled(partial(self.s.same, dim, number)) or changed
        return changed and self.settled(self.s.propagate)

    def use_of(self, name: str) -> Place | None:
        """Where a name is first used."""
        for definition in self.scope.order:
            for occurrence in occurrences(definition.expr):
                if occurrence.id == name:
                    return definition.source.place(*occurrence.span)
        variable = self.scope.exercise.variables.get(name)
        return variable.place if variable else None

    def newly(self) -> Callable[[], dict[str, list[Axis]]]:
        """The shapes of the names that are unknown now, when asked later."""
        unknown = [name for name, term in self.terms.items() if self.s.dims(term) is None]
        unknown = [name for name in unknown if name in self.scope.inputs] or unknown
        return lambda: {
            name: dims for name in unknown if (dims := self.s.dims(self.terms[name])) is not None
        }

    def ambiguous(self, choice: Choice) -> Problem:
        """Two shapes fit: the choice and how to make it."""
        first = choice.options[0]
        sure = [name for name in first if all(name in option for option in choice.options)]
        written = names(choice.constraint.at[1]) if choice.constraint.at[1] is not None else ()
        name = next((name for name in (*written, *sure) if name in sure), None)
        if name is None:
            return self.placed(
                "shape",
                f"`{choice.constraint.words}`: the shapes of its parts are ambiguous",
                choice.constraint.at,
                "declare their shapes",
            )
        shapes = [letters(option[name], name) for option in choice.options]
        words = list(dict.fromkeys(show(shape) for shape in shapes))
        where = (
            f"`{choice.constraint.words}`: " if not isinstance(choice.constraint, Examples) else ""
        )
        listed = list(
            dict.fromkeys("{" + f"{name}: [{', '.join(map(str, shape))}]" + "}" for shape in shapes)
        )
        hint = f"declare it: variables: {' or '.join(listed)}"
        return self.placed(
            "shape", f"{where}{name} could be {' or '.join(words)}", choice.constraint.at, hint
        )

    def finish(self) -> None:
        """Read the shapes off; an axis whose size nothing says is an error."""
        if self.ranks:
            self.lettered()
        for name, term in self.terms.items():
            shape = self.s.shape(term)
            if shape is not None:
                self.result.shapes[name] = shape
            elif name in self.scope.inputs:
                dims = self.s.dims(term) or []
                axis = next(place for place, dim in enumerate(dims) if isinstance(dim, Dim))
                message = (
                    f"the length of axis {axis} of {name} is unknown"
                    if len(dims) > 1
                    else f"the length of {name} is unknown"
                )
                example = ", ".join(
                    str(dim) if isinstance(dim, Size) else "nmkl"[place % 4]
                    for place, dim in enumerate(dims)
                )
                hint = "declare its shape: variables: {" + f"{name}: [{example}]" + "}"
                self.result.problems.append(Problem("shape", message, self.use_of(name), hint))
        for index, length in self.named.items():
            found = self.s.axis(length)
            if isinstance(found, Size):
                self.result.indices[index] = found
        if not self.result.problems:
            self.result.reasons.update(
                explain(
                    self.s,
                    self.terms,
                    self.scope.inputs,
                    self.declared,
                    self.values,
                    self.result.reasons,
                )
            )

    def lettered(self) -> None:
        """Letters for the sizes that nothing says."""
        for name in self.ranks:
            for dim in self.s.dims(self.terms[name]) or ():
                if isinstance(self.s.axis(dim), Dim):
                    self.s.same(dim, next(self.letters))

    def operands_lettered(self) -> bool:
        """The same for an operation that says its result from whole shapes alone, as concat and
        kron do.
        """
        for constraint in self.s.constraints if self.ranks else ():
            if isinstance(constraint, Forward) and not constraint.done:
                shapes = [self.s.dims(term) for term in constraint.ins]
                unsized = [dim for dims in shapes for dim in dims or () if isinstance(dim, Dim)]
                if unsized and None not in shapes:
                    self.s.same(unsized[0], next(self.letters))
                    return self.settled(self.s.propagate)
        return False

    @cached_property
    def letters(self) -> Iterator[Size]:
        taken = set(self.scope.kinds)
        return (
            Size.of(word)
            for tail in count()
            for letter in "nmklpqr"
            if (word := f"{letter}{tail or ''}") not in taken
        )
