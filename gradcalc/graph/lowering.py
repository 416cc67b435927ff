"""Expressions to nodes, when the shape of every input is known. Functions of the exercise are
written out.

Errors are SpanErrors that show the operands' shapes: `W1 @ x`: W1 is D_a1×D_x, x is D_z×1: D_x ≠
D_z.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradcalc.exercise.model import Definition
from gradcalc.exercise.source import Text
from gradcalc.graph.doubtful_signs import doubt
from gradcalc.graph.model import Node
from gradcalc.graph.node_builder import NodeBuilder
from gradcalc.graph.node_rewrites import RULES
from gradcalc.graph.scope import Scope, problem
from gradcalc.language.errors import Problem, SpanError
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.index_places import loose_places
from gradcalc.language.parser import (
    NOWHERE,
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    Name,
    Neg,
    Num,
    Transpose,
    Vector,
    unparse,
)
from gradcalc.language.shape_rules import (
    ONE,
    Shape,
    ShapeError,
    Size,
    product_hint,
    quoted,
    show,
)
from gradcalc.language.size_expressions import size_of
from gradcalc.ops import SIGNS

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a parameter of a function stands for: a node, and the argument it came from with its
    own parameters.
    """

    node: int
    expr: Expr
    env: Env


Env = Mapping[str, Bound]


class Failed(Exception):
    """A quantity that could not be made is used: said once already."""


class Lowering:
    """Lowers definition after definition; problems are collected, and what depends on a failed
    quantity is passed over.

    `calls`: the functions that are more than one node, by name (lowering_calls.py). `select`: the
    node of `base[items]`, given that of the base (lowering_selections.py).
    """

    def __init__(
        self,
        scope: Scope,
        shapes: Mapping[str, Shape],
        indices: Mapping[str, Size],
        declared: Mapping[str, Shape],
        calls: Mapping[str, Callable[[Lowering, Call, Env], int]],
        select: Callable[[Lowering, Index, int, Env], int],
    ) -> None:
        self.scope, self.indices, self.declared = scope, indices, declared
        self.calls, self.select = calls, select
        self.functions = scope.exercise.functions
        lines = [definition.expr for definition in scope.exercise.definitions]
        lines += [function.expr for function in scope.exercise.functions.values()]
        self.loose = loose_places(lines, scope.indices)
        self.make = NodeBuilder(scope.sorted, RULES)
        self.nodes = self.make.nodes
        self.names: dict[str, int] = {}
        self.gathers: list[
            tuple[str, Size, Text, Expr]
        ] = []  # an integer input, the axis it indexes, where
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.memo: dict[tuple[str, tuple[int, ...]], int] = {}
        self.source: Text = Text("")
        self.written = ""  # the text that spans are offsets into, "" inside a function
        self.free: dict[str, int] = {}  # what stands for a matrix whose free parameters are varied
        for name in scope.inputs:
            self.names[name] = self.make.add(
                Node("input", (), shapes[name], scope.over.get(name, ()), {}, name)
            )
            variable = scope.exercise.variables.get(name)
            if variable is not None and variable.free:
                attrs = {"structure": variable.free}
                self.free[name] = self.make("free", (self.names[name],), attrs, shapes[name])

    def run(self) -> None:
        """Every definition in order."""
        for definition in self.scope.order:
            try:
                self.define(definition)
            except Failed:
                pass
            except SpanError as error:
                self.problems.append(problem(error, self.source))
            if definition.name not in self.names and definition.name in self.declared:
                node = Node(
                    "input",
                    (),
                    self.declared[definition.name],
                    self.scope.over[definition.name],
                    {},
                    definition.name,
                )
                self.names[definition.name] = self.make.add(
                    node
                )  # so that the rest can be looked at

    def define(self, definition: Definition) -> None:
        self.source, self.written = definition.source, definition.source.value
        first, name, expr = len(self.nodes), definition.name, definition.expr
        number = self.expr(expr, {})
        if definition.indices:
            number = self.toaxis(number, definition)
        node = self.nodes[number]
        free = [index for index in node.over if index not in self.scope.exercise.examples]
        if free:
            hint = (
                f"write {name}[{', '.join([*definition.indices, *free])}] = …, or sum over "
                f"{free[0]}"
            )
            raise SpanError("index", f"`{name}` depends on the index {free[0]}", *expr.span, hint)
        declared = self.declared.get(name)
        if declared is not None and declared != node.shape:
            message = (
                f"{name} is declared {show(declared)}, but {self.words(expr)} is {show(node.shape)}"
            )
            raise SpanError("shape", message, *expr.span)
        self.names[name] = self.make.name(number, name, first, expr)
        self.nodes[self.names[name]].over = self.scope.over[name]

    def toaxis(self, number: int, definition: Definition) -> int:
        indices = definition.indices
        shape = (
            *(self.length(index, definition.expr) for index in indices),
            *self.nodes[number].shape,
        )
        return self.make("toaxis", (number,), {"indices": indices}, shape)

    def length(self, index: str, at: Expr) -> Size:
        if index not in self.indices:
            hint = "declare it: indices: {" + f"{index}: n" + "}"
            raise SpanError("index", f"the range of the index {index} is unknown", *at.span, hint)
        return self.indices[index]

    def single(self, index: str) -> bool:
        """Has an index one value, 0? Nothing then depends on it; examples stay examples."""
        return index not in self.scope.exercise.examples and self.indices.get(index) == ONE

    # ---- words

    def words(self, expr: Expr) -> str:
        """An expression as the author wrote it: a name plainly, anything longer between
        backticks.
        """
        if isinstance(expr, Name):
            return expr.id
        start, end = expr.span
        text = self.written[start:end] if expr.span != NOWHERE and self.written else unparse(expr)
        return f"`{quoted(text)}`"

    def mismatch(
        self, error: ShapeError, expr: Expr, parts: Sequence[Expr], numbers: Sequence[int]
    ) -> SpanError:
        """The fact with its situation: the expression, and the shape of every operand that has
        one.
        """
        said: dict[str, str] = {}
        for part, number in zip(parts, numbers, strict=False):
            if not isinstance(part, Num):
                said.setdefault(self.words(part), show(self.nodes[number].shape))
        listed = ", ".join(f"{word} is {shape}" for word, shape in said.items())
        whole = self.words(expr)
        whole = whole if whole.startswith("`") else f"`{whole}`"
        shapes = [self.nodes[number].shape for number in numbers]
        hint = error.hint or (product_hint(expr, *shapes) if len(shapes) == 2 else None)
        return SpanError(
            "shape",
            f"{whole}: {listed}: {error.reason}" if listed else f"{whole}: {error.reason}",
            *expr.span,
            hint,
        )

    # ---- expressions

    def expr(self, expr: Expr, env: Env) -> int:
        """The node of an expression."""
        spine: list[
            Binary | Transpose | Index
        ] = []  # sums lean to the left, further than the stack is deep
        while isinstance(expr, Binary | Transpose | Index):
            spine.append(expr)
            expr = (
                expr.left
                if isinstance(expr, Binary)
                else expr.arg
                if isinstance(expr, Transpose)
                else expr.base
            )
        number = self.leaf(expr, env)
        for part in reversed(spine):
            if isinstance(part, Transpose):
                if len(self.nodes[number].shape) > 1:
                    number = self.make("transpose", (number,), expr=self.piece(part, env))
            elif isinstance(part, Index):
                number = self.select(self, part, number, env)
            else:
                number = self.binary(part, number, self.expr(part.right, env), env)
        return number

    @staticmethod
    def piece(expr: Expr, env: Env) -> Expr | None:
        """The author's piece a node stands for; inside a function there is none that could be
        read alone.
        """
        return None if env else expr

    def apply(
        self,
        op: str,
        expr: Expr,
        parts: Sequence[Expr],
        numbers: Sequence[int],
        env: Env,
        **facts: Any,
    ) -> int:
        """A node for `expr`, with errors that show its operands."""
        try:
            return self.make(op, tuple(numbers), expr=self.piece(expr, env), **facts)
        except ShapeError as error:
            raise self.mismatch(error, expr, parts, numbers) from None
        except ZeroDivisionError:
            raise SpanError("undefined", "division by zero", *expr.span) from None
        except OverflowError:
            raise SpanError("constant", "this number is too large to compute", *expr.span) from None

    def leaf(self, expr: Expr, env: Env) -> int:
        match expr:
            case Num(value):
                return self.make.const(value, expr)
            case Name(id):
                return env[id].node if id in env else self.name(expr)
            case Neg(arg):
                return self.apply("neg", expr, (arg,), (self.expr(arg, env),), env)
            case Vector(items):
                numbers = [self.expr(item, env) for item in items]
                return self.apply("stack", expr, items, numbers, env)
            case Compare():
                hint = f"write where({unparse(expr)}, 1, 0) for a number"
                raise SpanError(
                    "comparison",
                    "comparisons are only allowed inside where(…) and conditions",
                    *expr.span,
                    hint,
                )
            case Call(func, args):
                if func in self.functions:
                    return self.inlined(expr, env)
                if self.scope.kinds.get(func) == "function":
                    return self.unknown(expr, env)
                return (
                    self.calls[func](self, expr, env)
                    if func in self.calls
                    else self.elementwise(func, expr, args, env)
                )
        raise AssertionError(expr)

    def name(self, expr: Name) -> int:
        name = expr.id
        kind = self.scope.kinds.get(name)
        if kind in ("input", "quantity"):
            if name not in self.names:
                raise Failed
            return self.free.get(name, self.names[name])
        if kind == "size":
            return self.make.size(Size.of(name), expr)
        if kind == "index" and self.single(name):
            return self.make.const(ZERO, expr)
        if kind == "index":
            return self.make("index", (), {"name": name}, (), expr)
        if kind == "stack":
            return self.stack(self.scope.stacks[name], expr)
        if kind == "constant":
            return self.make.const(name, expr)
        raise SpanError("function", f"`{name}` is a function", *expr.span, f"write {name}(…)")

    def elementwise(self, op: str, expr: Expr, args: Sequence[Expr], env: Env) -> int:
        return self.apply(op, expr, args, [self.expr(arg, env) for arg in args], env)

    def binary(self, expr: Binary, left: int, right: int, env: Env) -> int:
        number = self.apply(SIGNS[expr.op], expr, (expr.left, expr.right), (left, right), env)
        shapes = self.nodes[left].shape, self.nodes[right].shape
        if found := doubt(expr, *shapes, right in self.make.values):
            message = found.message.format(self.words(expr), self.words(expr.left))
            self.warn(found.slug, message, expr, found.hint)
        return number

    def warn(self, slug: str, message: str, expr: Expr, hint: str) -> None:
        found = problem(SpanError(slug, message, *expr.span, hint), self.source)
        if found not in self.warnings:
            self.warnings.append(found)

    def condition(self, expr: Expr, env: Env) -> int:
        """A comparison as it stands in `where`; of a number, whether it is not 0."""
        if not isinstance(expr, Compare):
            number = self.expr(expr, env)
            return self.apply("ne", expr, (expr,), (number, self.make.const(ZERO)), env)
        parts = (expr.left, expr.right)
        return self.apply(
            SIGNS[expr.op], expr, parts, [self.expr(part, env) for part in parts], env
        )

    # ---- functions

    def inlined(self, call: Call, env: Env) -> int:
        """A function of the exercise, its body in place of the call."""
        function = self.functions[call.func]
        numbers = tuple(self.expr(arg, env) for arg in call.args)
        if (call.func, numbers) not in self.memo:
            inner = {
                param: Bound(number, arg, env)
                for param, number, arg in zip(function.params, numbers, call.args, strict=True)
            }
            outside = self.source, self.written
            self.source = function.source
            self.written = function.source.value
            self.memo[call.func, numbers] = self.expr(function.expr, inner)
            self.source, self.written = outside
        number = self.memo[call.func, numbers]
        if not env and self.nodes[number].name is None and self.nodes[number].expr is None:
            self.nodes[number].expr = call
        return number

    def unknown(self, call: Call, env: Env) -> int:
        """An unknown elementwise function, or its derivative g''(z), d1f(x, y)."""
        attrs: dict[str, Any] = {"function": call.func, "order": call.primes}
        if len(call.args) > 1:
            attrs = {"function": call.func, "places": call.places}
        numbers = [self.expr(arg, env) for arg in call.args]
        return self.apply("apply", call, call.args, numbers, env, attrs=attrs)

    # ---- parameters, sizes, stacks

    def resolve(self, expr: Expr, env: Env) -> tuple[Expr, Env]:
        """The argument behind a parameter of a function."""
        while isinstance(expr, Name) and expr.id in env:
            bound = env[expr.id]
            expr, env = bound.expr, bound.env
        return expr, env

    @property
    def sizes(self) -> list[str]:
        return [name for name, kind in self.scope.kinds.items() if kind == "size"]

    def stack(self, name: str, expr: Expr) -> int:
        """The stack of a per-example quantity: the examples become the last axis, a column's
        axis of size 1 goes.
        """
        if name not in self.names:
            raise Failed
        number = self.names[name]
        shape, examples = self.nodes[number].shape, self.scope.examples(name)
        if len(shape) == 2 and shape[1] == ONE:
            items = (("slice", Size.of(0), shape[0], 1), ("at", Size.of(0)))
            number, shape = self.make("getitem", (number,), {"items": items}, shape[:1]), shape[:1]
        if len(shape) > 1:
            number, shape = self.make("transpose", (number,)), shape[::-1]
        turned = examples[::-1]
        shape = (*(self.indices[index] for index in turned), *shape)
        number = self.make("toaxis", (number,), {"indices": turned}, shape, expr)
        return self.make("transpose", (number,), expr=expr) if len(shape) > 1 else number

    def at(self, expr: Expr) -> Size:
        """A size as an argument: eye(n), ones(n, m)."""
        return size_of(expr, self.sizes)
