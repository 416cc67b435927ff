"""What the expressions of an exercise say of shapes: a term for every piece, a constraint for
every operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from gradcalc.exercise.literals import shape_of_value
from gradcalc.exercise.model import Definition
from gradcalc.exercise.source import Text
from gradcalc.graph.scope import Scope
from gradcalc.graph.shape_relations import (
    Alike,
    Elementwise,
    Forward,
    Indexed,
    Matmul,
    Prefixed,
    Reduced,
    Transposed,
    Vectorial,
    Vectors,
    given,
)
from gradcalc.graph.shape_solver import Axis, Constraint, Dim, Solver, Term
from gradcalc.language.errors import SpanError
from gradcalc.language.index_places import IndexPlace, index_place, loose_places
from gradcalc.language.parser import (
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
    unparse,
)
from gradcalc.language.shape_rules import (
    Options,
    Shape,
    ShapeError,
    Size,
    bound,
    operands,
    options,
    parsed,
    quoted,
    rule,
    show,
    stacked,
)
from gradcalc.language.size_expressions import size_of
from gradcalc.ops import TABLE

RANKS: Mapping[str, tuple[int, ...]] = {"kron": (2, 2), "conv": (1, 1), "conv2d": (2, 2)}
Where = tuple["Text | None", "Expr | None"]


class Constraints:
    """Terms of quantities by name; whatever is said of them goes to the solver `s`."""

    def __init__(
        self,
        scope: Scope,
        declared: Mapping[str, Shape],
        indices: Mapping[str, Size],
        numbers: Mapping[str, int],
    ) -> None:
        self.scope, self.declared = scope, declared
        self.functions = scope.exercise.functions
        self.s = Solver(numbers)
        self.named: dict[str, Axis] = {
            index: indices.get(index) or Dim() for index in scope.indices
        }
        lines = [definition.expr for definition in scope.exercise.definitions]
        lines += [function.expr for function in scope.exercise.functions.values()]
        self.loose = loose_places(lines, self.named)
        self.terms: dict[str, Term] = {}
        self.scalar = Term("", ())  # of every number, size and index
        # The arguments are kept: ids stay theirs.
        self.memo: dict[tuple[str, tuple[int, ...]], tuple[tuple[Term, ...], Term]] = {}
        self.said: dict[tuple[Any, ...], Term] = {}
        self.given = {  # arrays given for quantities: upstream gradients have their shapes
            upstream.of: shape
            for upstream in scope.exercise.upstream
            if upstream.of is not None
            and not scope.over.get(upstream.of)
            and (shape := shape_of_value(upstream.value))
        }
        self.source: Text = Text("")

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
                Prefixed(
                    [term],
                    Term(name),
                    f"{name}[{', '.join(definition.indices)}]",
                    (self.source, expr),
                    lead,
                ),
                [expr],
            )
        elif isinstance(expr, Name):  # a copy has reasons of its own
            term = self.relate(
                Elementwise([term], Term(name), self.words(expr), (self.source, expr)), [expr]
            )
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
                message = (
                    f"{name} is declared {show(self.declared[name])}, but "
                    f"{self.named_words(expr)} is {self.s.show(term)}"
                )
                raise SpanError("shape", message, *expr.span) from None

    def term(self, expr: Expr, env: Mapping[str, Term]) -> Term:
        """The term of an expression; constraints for everything in it."""
        spine: list[Binary | Transpose | Index] = []
        while isinstance(expr, Binary | Transpose | Index):
            spine.append(expr)
            expr = (
                expr.left
                if isinstance(expr, Binary)
                else expr.arg
                if isinstance(expr, Transpose)
                else expr.base
            )
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
                    Matmul([term, self.term(part.right, env)], out, words, (self.source, part)),
                    [part.left, part.right],
                )
            else:
                term = self.entries(
                    part, [term, self.term(part.right, env)], [part.left, part.right]
                )
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
        """The same of the same operands is said once: functions that double their argument stay
        small.
        """
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
        return self.relate(
            Forward(terms, Term(f"`{words}`"), words, (self.source, expr), result, ranks), args
        )

    def stack(self, name: str, expr: Expr) -> Term:
        lengths = [
            size
            for index in self.scope.examples(name)
            if isinstance(size := self.named[index], Size)
        ]
        words = self.words(expr)
        return self.s.add(
            Forward(
                [self.terms[name]],
                Term(words),
                words,
                (self.source, expr),
                lambda shapes: stacked(shapes[0], *lengths),
            )
        )

    def indexed(
        self, expr: Index, base: Term, out: Term, words: str, env: Mapping[str, Term]
    ) -> Term:
        items: list[object] = []
        arrays: list[Term] = []
        parts: list[Expr] = [expr.base]
        for item in expr.items:
            if isinstance(item, Slice):
                items.append(item)
            elif (place := index_place(item, self.named)) is not None:
                items.append(self.along_axis(expr, len(items), item, place))
            elif isinstance(item, Name | Index):
                term = self.term(item, env)
                items.append(None)
                arrays.append(term)
                parts.append(item)
            else:
                items.append(0)
        return self.relate(
            Indexed([base, *arrays], out, words, (self.source, expr), items, self.named), parts
        )

    def along_axis(self, expr: Index, axis: int, item: Expr, place: IndexPlace) -> object:
        """What an index says of an axis: j runs along all of it, t + s ends where it ends, and
        what ends before says nothing.
        """
        if (unparse(expr.base), axis, place) in self.loose:
            return 0
        return item.id if isinstance(item, Name) else place

    def call(self, call: Call, env: Mapping[str, Term]) -> Term:
        func, args = call.func, call.args
        if func in self.functions:
            function = self.functions[func]
            terms = tuple(self.term(arg, env) for arg in args)
            key = (func, tuple(id(term) for term in terms))
            if key not in self.memo and len(terms) == len(function.params):
                outside, self.source = self.source, function.source
                self.memo[key] = (
                    terms,
                    self.term(function.expr, dict(zip(function.params, terms, strict=True))),
                )
                self.source = outside
            return self.memo[key][1] if key in self.memo else self.scalar
        if self.scope.kinds.get(func) == "function" or func not in TABLE:  # an unknown one
            return self.elementwise(call, args, env) if len(args) > 1 else self.term(args[0], env)
        runs = bound(call, self.scope.indices)
        if runs:
            return self.elementwise(call, (args[0], *runs[1]), env)
        signature = TABLE[func].signature
        if func in ("eye", "ones", "zeros"):
            sizes = tuple(size_of(arg) for arg in args)
            return Term(f"`{self.words(call)}`", sizes * 2 if func == "eye" else sizes)
        if func in ("max", "min") and len(args) > 1:
            return self.elementwise(call, args, env)
        if (
            func == "stack"
            and len(args) == 1
            and isinstance(args[0], Name)
            and self.scope.examples(args[0].id)
        ):
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
            return self.relate(
                Reduced(terms_list, out, words, at, func, opts.axis, opts.keepdims), arrays
            )
        if signature == "same":
            self.relate(Vectorial(terms_list, terms_list[0], words, at), arrays)
            return terms_list[0]
        if func == "matrix_power":
            self.matrices(call, terms_list[:1], parsed("n n -> n n")[0])
            return terms_list[0]
        letters, result = parsed(signature) if signature != "own" else ((), ())
        if letters and all(len(of_one) == 2 for of_one in letters):
            sides = self.matrices(call, terms_list, letters)
            return Term(f"`{words}`", [sides[letter] for letter in result])
        ranks = tuple(map(len, letters)) if letters else RANKS.get(func, ())
        if func == "kron" and all(len(self.s.dims(term) or ()) == 1 for term in terms_list):
            ranks = (1, 1)
        kind = Vectors if func in ("outer", "diag") else Forward
        return self.relate(
            kind(
                terms_list,
                out,
                words,
                at,
                lambda shapes: rule(func, shapes, Options(opts.axis)),
                ranks,
            ),
            arrays,
        )

    def matrices(
        self, call: Call, terms: Sequence[Term], letters: Sequence[tuple[str, ...]]
    ) -> Mapping[str, Axis]:
        """Operands that a signature says to be matrices, n n or n m, get axes; letter -> axis.
        Raises SpanError.
        """
        sides = {letter: Dim() for of_one in letters for letter in of_one}
        for term, of_one in zip(terms, letters, strict=True):
            try:
                self.s.bind(term, [sides[letter] for letter in of_one])
            except ShapeError as error:
                square = "a square matrix" if len(set(of_one)) == 1 else "a matrix"
                raise SpanError(
                    "shape",
                    f"`{self.words(call)}`: {term.words} is {self.s.show(term)}: {error.reason}",
                    *call.span,
                    f"{call.func} takes {square}",
                ) from None
        return sides
