"""The shapes of names that declare none, each with the sentence that explains it.

Every piece of every expression gets a term, every operation a constraint; the solver in unify.py finds the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

from gradcalc.errors import Place, Problem, SpanError
from gradcalc.exact import size_of
from gradcalc.exercise import Definition
from gradcalc.ops import TABLE
from gradcalc.reasons import explain, letters
from gradcalc.records import dataclass, field
from gradcalc.relations import (
    Alike,
    Elementwise,
    Examples,
    Forward,
    Indexed,
    Matmul,
    Prefixed,
    Reduced,
    Transposed,
    Vectorial,
    Vectors,
    fresh,
    given,
)
from gradcalc.scope import Scope, problem
from gradcalc.shapes import Options, Shape, ShapeError, Size, bound, operands, options, quoted, rule, show, stacked
from gradcalc.source import Text
from gradcalc.syntax import (
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    Name,
    Neg,
    Slice,
    Transpose,
    Vector,
    names,
    occurrences,
    unparse,
)
from gradcalc.unify import CHOICE, Axis, Choice, Constraint, Dim, Solver, Term
from gradcalc.values import shape_of_value

MAX_RANK = 4  # tried where only some number of axes fits


@dataclass(slots=True)
class Inferred:
    """Shapes of names and sizes of indices, as far as they were found; `reasons` for what was not declared."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    indices: dict[str, Size] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


Where = tuple["Text | None", "Expr | None"]


def infer(scope: Scope, declared: Mapping[str, Shape], indices: Mapping[str, Size], values: Mapping[str, tuple[int, ...]], numbers: Mapping[str, int],
          ranks: Mapping[str, int] | None = None) -> Inferred:  # fmt: skip
    """`declared` shapes, sizes of declared `indices`, shapes of given `values`, `numbers` for sizes.

    `ranks`: the number of axes of inputs that are not declared; sizes that nothing says get letters then.
    """
    return _Inference(scope, declared, indices, values, numbers, ranks or {}).run()


class _Inference:
    def __init__(
        self, scope: Scope, declared: Mapping[str, Shape], indices: Mapping[str, Size], values: Mapping[str, tuple[int, ...]], numbers: Mapping[str, int],
        ranks: Mapping[str, int],
    ) -> None:  # fmt: skip
        self.scope, self.declared, self.values, self.ranks = scope, declared, values, ranks
        self.functions = scope.exercise.functions
        self.s = Solver(numbers)
        self.named: dict[str, Axis] = {index: indices.get(index) or Dim() for index in scope.indices}
        self.terms: dict[str, Term] = {}
        self.scalar = Term("", ())  # of every number, size and index
        self.memo: dict[
            tuple[str, tuple[int, ...]], tuple[tuple[Term, ...], Term]
        ] = {}  # the arguments are kept: ids stay theirs
        self.said: dict[tuple[Any, ...], Term] = {}
        self.bad: set[int] = set()
        self.given = {  # arrays given for quantities: upstream gradients have their shapes
            upstream.of: shape for upstream in scope.exercise.upstream
            if upstream.of is not None and not scope.over.get(upstream.of) and (shape := shape_of_value(upstream.value))
        }  # fmt: skip
        self.result = Inferred()
        self.source: Text = Text("")

    def run(self) -> Inferred:
        s = self.s
        for name in self.scope.inputs:
            unsized = [Dim() for _ in range(self.ranks[name])] if name in self.ranks else None
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
                self.terms.setdefault(definition.name, Term(definition.name, self.declared.get(definition.name)))
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
            self.s.add(Examples([term], Term(dims=()), f"the value of {name}", at, value, self.named[examples[0]]))
        else:
            self.s.bind(term, given(value))

    # ---- solving

    def settled(self, action: Callable[[], object]) -> bool:
        """Run part of the solution; a contradiction becomes a problem, and its constraint is left out from then on."""
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
        message = (
            f"`{constraint.words}`: {listed}: {error.reason}" if listed else f"`{constraint.words}`: {error.reason}"
        )
        if isinstance(constraint, Examples):
            message = f"{constraint.words} and its uses: {listed}: {error.reason}"
        return self.placed("shape", message, constraint.at, error.hint)

    def placed(self, slug: str, message: str, at: Where, hint: str | None) -> Problem:
        source, expr = at
        place = (
            source.place(expr.span[0], max(expr.span[1], expr.span[0] + 1))
            if source is not None and expr is not None
            else None
        )
        return Problem(slug, message, place, hint)

    def guess(self) -> None:
        """Defaults: elementwise operands are alike, values give their numbers, what nothing constrains is a scalar."""
        s = self.s
        while True:
            if not self.settled(lambda: s.settle(CHOICE)):
                return
            if self.freeze():
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
            unknown = next((name for name, term in self.terms.items() if s.dims(term) is None), None)
            if unknown is None:
                return
            term = self.terms[unknown]
            if not any(s.attempt(partial(s.bind, term, fresh(rank))) for rank in range(MAX_RANK + 1)):
                hint = "declare its shape: variables: {" + f"{unknown}: [n]" + "}"
                self.result.problems.append(
                    Problem("shape", f"no shape of {unknown} fits its uses", self.use_of(unknown), hint)
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
        return lambda: {name: dims for name in unknown if (dims := self.s.dims(self.terms[name])) is not None}

    def ambiguous(self, choice: Choice) -> Problem:
        """Two shapes fit: the choice and how to make it."""
        first = choice.options[0]
        sure = [name for name in first if all(name in option for option in choice.options)]
        written = names(choice.constraint.at[1]) if choice.constraint.at[1] is not None else ()
        name = next((name for name in (*written, *sure) if name in sure), None)
        if name is None:
            return self.placed(
                "shape",
                f"`{choice.constraint.words}`: the shapes of its parts are not clear",
                choice.constraint.at,
                "declare them",
            )
        shapes = [letters(option[name], name) for option in choice.options]
        words = list(dict.fromkeys(show(shape) for shape in shapes))
        where = f"`{choice.constraint.words}`: " if not isinstance(choice.constraint, Examples) else ""
        listed = list(dict.fromkeys("{" + f"{name}: [{', '.join(map(str, shape))}]" + "}" for shape in shapes))
        hint = f"declare it: variables: {' or '.join(listed)}"
        return self.placed("shape", f"{where}{name} may be {' or '.join(words)}", choice.constraint.at, hint)

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
                    f"nothing says how long axis {axis} of {name} is"
                    if len(dims) > 1
                    else f"nothing says how long {name} is"
                )
                example = ", ".join(
                    str(dim) if isinstance(dim, Size) else "nmkl"[place % 4] for place, dim in enumerate(dims)
                )
                hint = "declare its shape: variables: {" + f"{name}: [{example}]" + "}"
                self.result.problems.append(Problem("shape", message, self.use_of(name), hint))
        for index, length in self.named.items():
            found = self.s.axis(length)
            if isinstance(found, Size):
                self.result.indices[index] = found
        if not self.result.problems:
            self.result.reasons.update(
                explain(self.s, self.terms, self.scope.inputs, self.declared, self.values, self.result.reasons)
            )

    def lettered(self) -> None:
        """Letters for the sizes that nothing says."""
        taken = set(self.scope.kinds)
        free = (word for tail in count() for letter in "nmklpqr" if (word := f"{letter}{tail or ''}") not in taken)
        for name in self.ranks:
            for dim in self.s.dims(self.terms[name]) or ():
                if isinstance(self.s.axis(dim), Dim):
                    self.s.same(dim, Size.of(next(free)))

    # ---- expressions

    def words(self, expr: Expr) -> str:
        """An expression as written, on one line."""
        start, end = expr.span
        return quoted(self.source.value[start:end] if end > start else unparse(expr))

    def named_words(self, expr: Expr) -> str:
        return expr.id if isinstance(expr, Name) else f"`{self.words(expr)}`"

    def relate(self, constraint: Constraint, parts: Sequence[Expr]) -> Term:
        """A constraint between operands that are written as `parts`."""
        constraint.labels = [self.named_words(part) for part in parts]
        return self.s.add(constraint)

    def define(self, definition: Definition) -> None:
        name, expr = definition.name, definition.expr
        term = self.term(expr, {})
        if definition.indices:
            lead: list[Axis] = [self.named[index] for index in definition.indices]
            term = self.relate(
                Prefixed([term], Term(name), f"{name}[{', '.join(definition.indices)}]", (self.source, expr), lead),
                [expr],
            )
        elif isinstance(expr, Name):  # a copy has reasons of its own
            term = self.relate(Elementwise([term], Term(name), self.words(expr), (self.source, expr)), [expr])
        if term is self.scalar:
            term = Term(name, ())
        self.terms[name] = term
        term.names.append(name)
        if not term.words:
            term.words = name
        if name in self.given and name not in self.declared:
            self.s.attempt(partial(self.s.bind, term, given(self.given[name])))
        if name in self.declared:
            try:
                self.s.bind(term, self.declared[name])
            except ShapeError:
                message = f"{name} is declared {show(self.declared[name])}, but {self.named_words(expr)} is {self.s.show(term)}"
                raise SpanError("shape", message, *expr.span) from None

    def term(self, expr: Expr, env: Mapping[str, Term]) -> Term:
        """The term of an expression; constraints for everything in it."""
        spine: list[Binary | Transpose | Index] = []
        while isinstance(expr, Binary | Transpose | Index):
            spine.append(expr)
            expr = expr.left if isinstance(expr, Binary) else expr.arg if isinstance(expr, Transpose) else expr.base
        term = self.leaf(expr, env)
        for part in reversed(spine):
            words = self.words(part)
            out = Term(f"`{words}`")
            if isinstance(part, Transpose):
                term = self.once(Transposed([term], out, words, (self.source, part)), [part.arg])
            elif isinstance(part, Index):
                term = self.indexed(part, term, out, words, env)
            elif part.op == "@":
                term = self.once(
                    Matmul([term, self.term(part.right, env)], out, words, (self.source, part)), [part.left, part.right]
                )
            else:
                term = self.entries(part, [term, self.term(part.right, env)], [part.left, part.right])
        return term

    def leaf(self, expr: Expr, env: Mapping[str, Term]) -> Term:
        match expr:
            case Name(id):
                if id in env:
                    return env[id]
                if id in self.scope.stacks:
                    return self.stack(self.scope.stacks[id], expr)
                return self.terms.get(id) or self.scalar
            case Neg(arg):
                return self.term(arg, env)
            case Compare(_, left, right):
                return self.elementwise(expr, (left, right), env)
            case Vector(items):
                return self.forward(expr, items, env, partial(rule, "stack"))
            case Call():
                return self.call(expr, env)
        return self.scalar

    def elementwise(self, expr: Expr, args: Sequence[Expr], env: Mapping[str, Term]) -> Term:
        return self.entries(expr, [self.term(arg, env) for arg in args], args)

    def entries(self, expr: Expr, terms: list[Term], args: Sequence[Expr]) -> Term:
        """Something taken entry by entry: of one array and scalars it has the array's shape."""
        arrays = {id(term): term for term in terms if term.dims != []}
        if len(arrays) < 2:
            return next(iter(arrays.values()), terms[0])
        words = self.words(expr)
        return self.once(Elementwise(terms, Term(f"`{words}`"), words, (self.source, expr)), args)

    def once(self, constraint: Constraint, parts: Sequence[Expr]) -> Term:
        """The same of the same operands is said once: functions that double their argument stay small."""
        key = (type(constraint), *map(id, constraint.ins))
        if key not in self.said:
            self.said[key] = self.relate(constraint, parts)
        return self.said[key]

    def forward(
        self,
        expr: Expr,
        args: Sequence[Expr],
        env: Mapping[str, Term],
        result: Callable[[list[Shape]], Shape],
        ranks: tuple[int, ...] = (),
    ) -> Term:
        words = self.words(expr)
        terms = [self.term(arg, env) for arg in args]
        return self.relate(Forward(terms, Term(f"`{words}`"), words, (self.source, expr), result, ranks), args)

    def stack(self, name: str, expr: Expr) -> Term:
        lengths = [size for index in self.scope.examples(name) if isinstance(size := self.named[index], Size)]
        words = self.words(expr)
        return self.s.add(
            Forward(
                [self.terms[name]], Term(words), words, (self.source, expr), lambda shapes: stacked(shapes[0], *lengths)
            )
        )

    def indexed(self, expr: Index, base: Term, out: Term, words: str, env: Mapping[str, Term]) -> Term:
        items: list[object] = []
        arrays: list[Term] = []
        parts: list[Expr] = [expr.base]
        for item in expr.items:
            if isinstance(item, Slice) or (isinstance(item, Name) and item.id in self.named):
                items.append(item if isinstance(item, Slice) else item.id)
            elif isinstance(item, Name | Index):
                term = self.term(item, env)
                items.append(None)
                arrays.append(term)
                parts.append(item)
            else:
                items.append(0)
        return self.relate(Indexed([base, *arrays], out, words, (self.source, expr), items, self.named), parts)

    def call(self, call: Call, env: Mapping[str, Term]) -> Term:
        func, args = call.func, call.args
        if func in self.functions:
            function = self.functions[func]
            terms = tuple(self.term(arg, env) for arg in args)
            key = (func, tuple(id(term) for term in terms))
            if key not in self.memo and len(terms) == len(function.params):
                outside, self.source = self.source, function.source
                self.memo[key] = terms, self.term(function.expr, dict(zip(function.params, terms, strict=True)))
                self.source = outside
            return self.memo[key][1] if key in self.memo else self.scalar
        if func not in TABLE:  # an unknown elementwise function
            return self.term(args[0], env)
        runs = bound(call, self.scope.indices)
        if runs:
            parts = args[:1] if runs[1] is None else (args[0], runs[1])
            return self.elementwise(call, parts, env)
        signature = TABLE[func].signature
        if func in ("eye", "ones", "zeros"):
            sizes = tuple(size_of(arg) for arg in args)
            return Term(f"`{self.words(call)}`", sizes * 2 if func == "eye" else sizes)
        if func in ("max", "min") and len(args) > 1:
            return self.elementwise(call, args, env)
        if func == "stack" and len(args) == 1 and isinstance(args[0], Name) and self.scope.examples(args[0].id):
            return self.stack(args[0].id, call)
        if signature == "elementwise":
            return self.elementwise(call, args, env)
        opts, arrays = options(call), operands(call, self.scope.indices)
        words, at = self.words(call), (self.source, call)
        terms_list = [self.term(arg, env) for arg in arrays]
        out = Term(f"`{words}`")
        if func == "dot":
            return self.relate(Alike(terms_list, out, words, at), arrays)
        if signature == "reduction":
            if opts.axis is None and not opts.keepdims and func != "logsumexp":
                return Term(f"`{words}`", ())
            return self.relate(Reduced(terms_list, out, words, at, func, opts.axis, opts.keepdims), arrays)
        if signature == "same":
            self.relate(Vectorial(terms_list, terms_list[0], words, at), arrays)
            return terms_list[0]
        if func in ("tr", "det", "logdet", "inv", "matrix_power"):
            side = Dim()
            try:
                self.s.bind(terms_list[0], [side, side])
            except ShapeError as error:
                raise SpanError(
                    "shape",
                    f"`{words}`: {terms_list[0].words} is {self.s.show(terms_list[0])}: {error.reason}",
                    *call.span,
                    f"{func} takes a square matrix",
                ) from None
            return (
                terms_list[0] if func == "matrix_power" else Term(f"`{words}`", [side, side] if func == "inv" else ())
            )
        ranks = {"outer": (1, 1), "kron": (2, 2)}.get(func, ())
        kind = Vectors if func in ("outer", "diag") else Forward
        return self.relate(
            kind(terms_list, out, words, at, lambda shapes: rule(func, shapes, Options(opts.axis)), ranks), arrays
        )
