"""The forward computation: every quantity of an exercise at a point, in the precision that its
digits need.

    Forward(graph, point)["f"]           a Tensor of floats
    Forward(graph, point).evaluate(tree) the same for any other expression, a derivative for
    instance
    to_lists(graph, tensor)              nested lists, examples last

Every number is an enclosure (`balls`), with more bits until it holds one float alone: so 1 -
sigmoid(40) and the determinant of [[1e8 + 1, 1e8], [1e8, 1e8 - 1]] are right and tan(pi/2) is
refused. What is very large is computed in float64 (`coarse`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any

from gradcalc.exercise.model import Definition, Upstream, Value
from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass, field, replace
from gradcalc.language.parser import Call, Name, Neg, Num, names
from gradcalc.language.sizes import Shape, Size
from gradcalc.numeric.evaluate import bind, constant, entries, evaluate, positional, stacked
from gradcalc.numeric.precision import FLOAT, Numbers, balls, climb, floats
from gradcalc.numeric.scalar_functions import LADDER, TooLarge, Undefined
from gradcalc.numeric.tensor import HIDDEN, Env, Kept, Tensor, finish, layered

LARGE = 100_000  # entries of all nodes, from which on numbers are floats


@dataclass(frozen=True, slots=True)
class Point:
    """Where to evaluate: numbers for the sizes, values of inputs (per-example ones as stacks),
    upstream gradients.

    `missing` are the inputs, sizes and upstream gradients without a value. `stand_in`: unknown
    functions are replaced by shifted sines.
    """

    sizes: Mapping[str, int]
    values: Mapping[str, Value]
    upstream: Mapping[str, Value] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    label: str = "the given values"
    stand_in: bool = False


class Forward(Mapping[str, Tensor]):
    """Name -> value of every input and quantity that has one; `undefined` says why the others
    have none.
    """

    def __init__(self, graph: Graph, point: Point) -> None:
        self.graph, self.point = graph, point
        self.definitions = {
            definition.name: definition for definition in graph.exercise.definitions
        }
        self.scalar = not graph.indices and all(not graph.node(name).shape for name in graph.names)
        self.undefined: dict[str, Undefined] = {}
        self._envs: dict[int, Env] = {}
        self._formulas: dict[int, Env] = {}
        self._settled: dict[str, Tensor] = {}
        self._settle()

    def __getitem__(self, name: str) -> Tensor:
        return self._settled[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settled)

    def __len__(self) -> int:
        return len(self._settled)

    @cached_property
    def coarse(self) -> bool:
        """Too large for enclosures: numbers are floats, right to some 15 digits where nothing
        cancels.
        """
        return not self.scalar and effort(self.graph, self.point.sizes) > LARGE

    def env(self, bits: int = FLOAT) -> Env:
        """Names and their values at a precision. Computed once."""
        if bits not in self._envs:
            numbers = floats() if bits == FLOAT else balls(bits)
            with numbers.working():
                self._envs[bits] = self._compute(numbers)
        return self._envs[bits]

    def formulas(self, bits: int) -> Env:
        """The same for formulas of derivatives: at the last precision what it does not separate
        is a tie, and the conditions in them are brackets (`brackets`).
        """
        if bits not in self._formulas:
            env = self.env(bits)
            numbers = balls(bits, ties=True) if bits == LADDER[-1] else env.numbers
            self._formulas[bits] = replace(env, numbers=numbers, brackets=True, kept=Kept())
        return self._formulas[bits]

    def evaluate(
        self,
        expr: Any,
        values: Iterable[tuple[str, Any]] = (),
        free: Mapping[str, int] | None = None,
    ) -> Tensor:
        """An expression in the names of the exercise, as floats. Raises Undefined.

        `values` are further names, each an expression, evaluated in the order given; `free` are the
        indices of an entry formula with their sizes, which become the axes of the answer.
        """

        def at(bits: int) -> Tensor:
            env = bind(self.formulas(bits), values)
            return entries(expr, free, env) if free else evaluate(expr, env)

        return self.known(at)

    def known(self, at: Callable[[int], Tensor]) -> Tensor:
        """`at(bits)` as floats, at the first precision that tells which; floats where it is too
        large for enclosures.
        """
        if self.coarse:
            return rounded(at(FLOAT))
        try:
            return climb(lambda bits: rounded(at(bits)))
        except TooLarge:
            return rounded(at(FLOAT))

    def _compute(self, numbers: Numbers) -> Env:
        env = blank(self.graph, self.point, numbers)
        env = propagate(env, (self.definitions[name] for name in self.graph.quantities))
        return replace(env, values=dict(env.values), kept=Kept())

    def _settle(self) -> None:
        for name in (*self.graph.inputs, *self.graph.quantities):
            try:
                self._settled[name] = self.evaluate(Name(name))
            except Undefined as problem:
                self.undefined[name] = problem

    def lists(self, name: str) -> Any:
        """The value as nested lists, examples last; None where there is none."""
        if name not in self._settled:
            return None
        return to_lists(self.graph, self._settled[name], self.graph.node(name).shape)


def work(tensor: Tensor) -> int:
    """What a tensor may take to compute: its entries, those of a matrix as often as a product
    meets them.
    """
    entries = 1 if tensor.plain else int(tensor.data.size)
    return entries * (max(tensor.shape) if tensor.rank > 1 else 1)


def effort(graph: Graph, sizes: Mapping[str, int]) -> int:
    """The entries of all nodes; those of a product of matrices ten to one multiplication."""
    counts: list[int] = []
    total = 0
    for node in graph.nodes:
        shape = [*node.shape, *(graph.indices[name] for name in node.over)]
        counts.append(math.prod(_length(size, sizes) for size in shape))
        total += counts[-1]
        if node.op == "matmul":
            inner = graph.nodes[node.args[0]].shape[-1]
            total += counts[-1] * _length(inner, sizes) // 10
    return total


def _length(size: Size, sizes: Mapping[str, int]) -> int:
    try:
        return size.at(dict(sizes))
    except KeyError:
        return 1


def rounded(tensor: Tensor) -> Tensor:
    """The tensor in floats. Raises Undefined where a number is too large for one, Unsure where a
    ball holds several.
    """
    data = tensor.data
    if tensor.plain:
        data = data[()] if hasattr(data, "ndim") else data
        return Tensor(data if type(data) is bool else _float(data))
    if data.dtype != object:
        return Tensor(data.astype(float), tensor.over)
    import numpy as np

    return Tensor(np.frompyfunc(_float, 1, 1)(data).astype(float), tensor.over)


def _float(value: Any) -> float:
    if isinstance(value, int | float):
        return float(value)
    from gradcalc.numeric.balls import to_float

    return to_float(value)


def at(values: Mapping[str, Fraction | int], bits: int) -> Env:
    """Names with exact values, to evaluate expressions in enclosures: inside
    `numbers.working()`.
    """
    numbers = balls(bits)
    constant = numbers.scalar.constant
    return Env(numbers, {name: Tensor(constant(value)) for name, value in values.items()})


def blank(graph: Graph, point: Point, numbers: Numbers) -> Env:
    """The names of an exercise with the values of its inputs alone."""
    exercise = graph.exercise
    indices: dict[str, int] = {}
    for name, size in graph.indices.items():
        try:
            indices[name] = size.at(dict(point.sizes))
        except KeyError:
            continue
    unknown = frozenset(name for name, variable in exercise.variables.items() if variable.function)
    norms = frozenset(
        d.name for d in exercise.definitions if isinstance(d.expr, Call) and d.expr.func == "norm"
    )
    env = Env(
        numbers,
        {},
        point.sizes,
        indices,
        exercise.functions,
        graph.stacks,
        tuple(graph.examples),
        unknown,
        point.stand_in,
        norms=norms,
        shapes={name: graph.node(name).shape for name in graph.names},
    )
    values: dict[str, Tensor] = {}
    for name, value in point.values.items():
        if name in graph.names:
            node = graph.node(name)
            shape = tuple(size.at(dict(point.sizes)) for size in node.shape)
            values[name] = from_value(value, shape, node.over, env)
    for quantity, value in point.upstream.items():
        node = graph.node(quantity)
        try:
            shape = tuple(size.at(dict(point.sizes)) for size in node.shape)
        except KeyError:
            continue  # sizes without a number
        if not isinstance(value, tuple) and (shape or node.over):
            full = tuple(indices[name] for name in node.over) + shape
            gradient = Tensor(env.numbers.arrays.array(np_full(full, leaf(value, env))), node.over)
        else:
            gradient = from_value(value, shape, node.over, env)
        values[upstream_key(quantity)] = gradient
    for upstream in exercise.upstream:
        symbol, quantity = symbol_of(upstream), upstream.of or graph.outputs[-1]
        if symbol is not None and upstream_key(quantity) in values:
            values[symbol] = values[upstream_key(quantity)]
    return replace(env, values=values)


def upstream_key(quantity: str) -> str:
    """Under what the upstream gradient at a quantity stands among the values; no name of an
    exercise is spelled so.
    """
    return f"upstream of {quantity}"


def symbol_of(upstream: Upstream) -> str | None:
    """The name an upstream gradient is written with, where it has one."""
    value = upstream.value
    return value.id if isinstance(value, Name) and value.id not in ("pi", "e") else None


def np_full(shape: tuple[int, ...], value: Any) -> Any:
    """An array of one value, NumPy loaded when it is made."""
    import numpy as np

    return np.full(shape, value)


def propagate(
    env: Env, definitions: Iterable[Definition], added: Mapping[str, Any] | None = None
) -> Env:
    """The definitions evaluated one after the other. What is undefined is kept in `lacking`,
    with the reason. `added`: what is added to a quantity where it is computed.
    """
    values, lacking = layered(env.values, {}), dict(env.lacking)
    env = replace(env, values=values, lacking=lacking)
    for definition in definitions:
        lacking.pop(definition.name, None)
        try:
            found = define(definition, env)
            if added and definition.name in added:
                found = Tensor(found.data + added[definition.name], found.over)
            values.top[definition.name] = found
        except Undefined as problem:
            values.top[definition.name] = HIDDEN
            lacking[definition.name] = problem
    return env


def define(definition: Definition, env: Env) -> Tensor:
    """The value of one definition; the indices of `p[k] = …` become its leading axes."""
    hidden = [name for name in definition.indices if name in env.values]
    if hidden:
        env = replace(
            env, values={name: value for name, value in env.values.items() if name not in hidden}
        )
    result = evaluate(definition.expr, env)
    return positional(result, definition.indices, env) if definition.indices else result


def mentioned(graph: Graph) -> dict[str, frozenset[str]]:
    """Quantity -> the inputs and quantities its definition mentions, by the syntax tree,
    functions included.
    """
    exercise = graph.exercise
    inside: dict[str, set[str]] = {}
    for function in exercise.functions.values():
        inside[function.name] = set(names(function.expr)) - set(function.params)
    found: dict[str, frozenset[str]] = {}
    for definition in exercise.definitions:
        used: set[str] = set()
        pending = set(names(definition.expr)) | called(definition.expr)
        done: set[str] = set()
        while pending:
            name = pending.pop()
            if name in done:
                continue
            done.add(name)
            name = graph.stacks.get(name, name) if name not in graph.names else name
            if name in graph.names:
                used.add(name)
            if name in exercise.functions:
                pending |= inside[name] | called(exercise.functions[name].expr)
        found[definition.name] = frozenset(used)
    return found


def called(expr: Any) -> set[str]:
    """The functions that an expression calls."""
    from gradcalc.language.parser import walk

    return {node.func for node in walk(expr) if isinstance(node, Call)}


def from_value(value: Value, shape: tuple[int, ...], over: tuple[str, ...], env: Env) -> Tensor:
    """A number or nested rows of numbers as a tensor of that shape; one over examples is read as
    its stack.

    Raises Undefined where the count of entries does not fit.
    """
    if not isinstance(value, tuple):
        number = leaf(value, env)
        if not over and not shape:
            return Tensor(number)
        full = tuple(env.indices[name] for name in over) + shape
        if math.prod(full) == 1:
            return Tensor(env.numbers.arrays.array(number).reshape(full), over)
        raise Undefined("one number where an array is needed")
    data = env.numbers.arrays.array(_rows(value, env))
    sizes = tuple(env.indices[name] for name in over)
    if data.size != math.prod(sizes) * math.prod(shape):
        raise Undefined("an array of the wrong size")
    if over:
        import numpy as np

        data = np.moveaxis(data.reshape(-1, *sizes), range(1, 1 + len(over)), range(len(over)))
    return finish(data.reshape((*sizes, *shape)), over)


def _rows(value: Value, env: Env) -> Any:
    return [_rows(item, env) for item in value] if isinstance(value, tuple) else leaf(value, env)


def leaf(value: Any, env: Env) -> Any:
    """A constant expression as a number."""
    if isinstance(value, Num):
        return env.numbers.scalar.constant(value.value)
    if isinstance(value, Neg) and isinstance(value.arg, Num):
        return -env.numbers.scalar.constant(value.arg.value)
    return constant(value, env)  # pi is the constant here


def to_lists(graph: Graph, tensor: Tensor, shape: Shape | None = None) -> Any:
    """A number or nested lists of floats: named indices first, positional axes, examples last.

    `shape` is as declared: an axis whose size happens to be 1 is no column.
    """
    env = Env(floats(), {}, examples=tuple(graph.examples))
    column = shape is None or len(shape) != 2 or shape[1].number == 1
    data = rounded(stacked(tensor, env, column=column)).data
    return data.tolist() if hasattr(data, "tolist") else data
