"""Random array programs, each with what it computes in plain NumPy: nothing of gradcalc is used here.

A program is a few lines of the expression language over declared inputs. Every part of an expression carries its
text, its shape in symbolic sizes and a function that computes it, so gradcalc's parser, shapes, numbers and rules all
have something to be compared with.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

Array = Any
Shape = tuple[str, ...]
SIZES = ("n", "m", "k")
WORD = r"(?<![.\w])[A-Za-z]\w*"  # not the T of A.T
INDEX = {"n": "j", "m": "l", "k": "p"}  # one named index for each size
N, M, K, ONE = "n", "m", "k", "1"
INPUTS: dict[str, Shape] = {
    "x": (N,), "y": (N,), "z": (M,), "w": (K,), "s": (), "t": (), "A": (N, N), "B": (N, M), "C": (M, N), "M": (M, M), "D": (K, N),
    "c": (N, ONE), "r": (ONE, N), "d": (M, ONE), "T": (K, N, M), "S": (N, N), "G": (N, N), "v": (N,), "h": (N,), "a": (), "b": (K,),
}  # fmt: skip
ASSUMED = {"S": "symmetric", "G": "diagonal", "v": "positive", "h": "onehot"}
INTEGER = ("a", "b")
PER_EXAMPLE = ("x", "c", "s", "h", "a", "r", "z", "A")


@dataclass(frozen=True)
class Point:
    """The values at one example, those at all examples, and the unmoved ones that `stop_gradient` looks at."""

    values: Mapping[str, Array]
    all: Sequence[Point] = ()
    frozen: Point | None = None


@dataclass(frozen=True)
class Part:
    text: str
    shape: Shape
    value: Callable[[Point], Array]
    each: bool = False

    @property
    def wrapped(self) -> str:
        return self.text if self.text.isidentifier() else f"({self.text})"


@dataclass(frozen=True)
class Line:
    name: str
    part: Part
    indices: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        left = f"{self.name}[{', '.join(self.indices)}]" if self.indices else self.name
        return f"{left} = {self.part.text}"


@dataclass
class Program:
    """Lines, the inputs they use, and the values of these; per-example values have the examples first."""

    lines: list[Line]
    each: frozenset[str]
    sizes: dict[str, int]
    inputs: dict[str, Shape] = field(default_factory=dict)
    values: dict[str, Array] = field(default_factory=dict)
    mixing: bool = False  # one example influences another

    def __post_init__(self) -> None:
        words = {word for line in self.lines for word in re.findall(WORD, line.part.text)}
        self.inputs = {name: shape for name, shape in INPUTS.items() if name in words}
        self.each &= frozenset(self.inputs)

    @property
    def shapes(self) -> dict[str, Shape]:
        return {**self.inputs, **{line.name: line.part.shape for line in self.lines}}

    @property
    def per_example(self) -> frozenset[str]:
        return self.each | {line.name for line in self.lines if line.part.each}

    def at(self, shape: Shape) -> tuple[int, ...]:
        return tuple(
            math.prod(int(self.sizes.get(part, part)) for part in size.split("*")) for size in shape
        )

    def mentions(self, name: str) -> set[str]:
        """What a quantity depends on, through all lines."""
        found: set[str] = set()
        pending = [name]
        texts = {line.name: line.part.text for line in self.lines}
        while pending:
            for word in set(re.findall(WORD, texts.get(pending.pop(), ""))) - found:
                if word in self.inputs or word in texts:
                    found.add(word)
                    pending.append(word)
        return found

    def draw_values(self, seed: int) -> None:
        """Numbers with three digits, keeping the assumptions."""
        random = np.random.default_rng(seed)
        for name, shape in self.inputs.items():
            full = ((self.sizes["N"],) if name in self.each else ()) + self.at(shape)
            value = np.round(random.uniform(-1.5, 1.5, full), 3)
            if name in INTEGER:
                value = random.integers(0, min(self.sizes[size] for size in SIZES), full)
            assumed = ASSUMED.get(name)
            if assumed == "symmetric":
                value = np.round((value + value.T) / 2, 3)
            elif assumed == "diagonal":
                value = np.diag(np.diag(value))
            elif assumed == "positive":
                value = np.abs(value) + 0.25
            elif assumed == "onehot":
                value = np.eye(full[-1])[random.integers(0, full[-1], full[:-1])]
            self.values[name] = np.asarray(value, dtype=float)

    # ---- numbers

    def points(self, values: Mapping[str, Array], frozen: list[Point] | None = None) -> list[Point]:
        """One point for each example, or one; the values still to be filled in."""
        count = self.sizes["N"] if self.each else 1
        points: list[Point] = []
        for i in range(count):
            own = {name: value[i] if name in self.each else value for name, value in values.items()}
            own.update(
                {"_" + size: np.zeros(self.sizes[size]) for size in SIZES}
            )  # the lengths of the indices
            points.append(Point(own, points, frozen[i] if frozen else None))
        return points

    def run(
        self,
        values: Mapping[str, Array],
        replaced: Mapping[str, Array] | None = None,
        frozen: list[Point] | None = None,
    ) -> list[Point]:
        """Every quantity; `replaced` quantities (examples first) are not computed but taken as they are given."""
        points = self.points(values, frozen)
        replaced = replaced or {}
        for line in self.lines:
            for i, point in enumerate(points):
                if line.name in replaced:
                    given = replaced[line.name]
                    found = given[i] if line.part.each else given
                elif i and not line.part.each:
                    found = points[0].values[line.name]
                else:
                    found = np.asarray(line.part.value(point), dtype=float)
                assert np.shape(found) == self.at(line.part.shape), (line.text, np.shape(found))
                point.values[line.name] = found  # type: ignore[index]
        return points

    def take(self, points: list[Point], name: str) -> Array:
        """A quantity, the examples first."""
        if name in self.per_example:
            return np.stack([point.values[name] for point in points])
        return np.asarray(points[0].values[name])

    def derivative(self, of: str, by: str, local: bool = False, step: float = 1e-3) -> Array:
        """Differences of order six: shape (*of, *by), the examples last."""
        base = self.run(self.values)
        start = self.take(base, by)
        line = next(line for line in self.lines if line.name == of)

        def move(change: Array) -> Array:
            if by in self.inputs:
                points = self.run(
                    {**self.values, by: start + change},
                    self._held(base, by, of) if local else None,
                    base,
                )
            else:
                points = self.run(
                    self.values,
                    {**(self._held(base, by, of) if local else {}), by: start + change},
                    base,
                )
            return self.take(points, of)

        both = by in self.per_example and line.part.each
        columns = []
        entries = list(np.ndindex(start.shape[1:] if both else start.shape))
        for place in entries:
            change = np.zeros(start.shape)
            change[(slice(None), *place) if both else place] = step
            weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
            columns.append(
                sum(w * (move(k * change) - move(-k * change)) for k, w in weights.items()) / step
            )
        of_shape, by_shape = self.at(line.part.shape), self.at(self.shapes[by])
        table = np.stack(columns)  # (entries of by, [examples of of], *of)
        if both or line.part.each:
            table = np.moveaxis(table, 1, -1)
            return np.moveaxis(table, 0, -2).reshape((*of_shape, *by_shape, -1))
        table = np.moveaxis(table, 0, -1)
        if by in self.per_example:
            return np.moveaxis(table.reshape((*of_shape, *start.shape)), len(of_shape), -1)
        return table.reshape((*of_shape, *by_shape))

    def second(self, of: str, by: str, step: float = 1e-3) -> Array:
        """The Hessian of a scalar by an input, by differences of order two."""
        start = self.values[by]
        flat = start.size
        base = self.run(self.values)

        def move(change: Array) -> Array:
            return self.take(
                self.run({**self.values, by: start + change.reshape(start.shape)}, None, base), of
            )

        unit = np.eye(flat) * step
        rows = [
            [
                (move(a + b) - move(a - b) - move(b - a) + move(-a - b)) / (4 * step * step)
                for b in unit
            ]
            for a in unit
        ]
        return np.asarray(rows).reshape(2 * self.at(self.inputs[by]))

    def _held(self, base: list[Point], by: str, of: str) -> dict[str, Array]:
        return {
            line.name: self.take(base, line.name)
            for line in self.lines
            if line.name not in (by, of)
        }

    # ---- the exercise

    def content(self, questions: Sequence[str], **rest: Any) -> dict[str, Any]:
        """The exercise as data."""
        variables: dict[str, Any] = {}
        for name, shape in self.inputs.items():
            variables[name] = {"shape": [int(size) if size.isdigit() else size for size in shape]}
            if name in self.each:
                variables[name]["each"] = "i"
            if name in ASSUMED:
                variables[name]["assume"] = ASSUMED[name]
        texts = [line.text for line in self.lines]
        if any("sq(" in text for text in texts):
            texts.insert(0, "sq(u) = u^2 / (1 + u^2)")
        content: dict[str, Any] = {"expression": texts, "variables": variables, "sizes": self.sizes}
        content["indices"] = {index: size for size, index in INDEX.items()}
        if self.each:
            content["examples"] = {"i": "N"}
        content["values"] = {name: self.listed(name, self.values[name]) for name in self.inputs}
        return {**content, "questions": list(questions), **rest}

    def listed(self, name: str, value: Array) -> Any:
        """Stacks have the examples last; the stack of a column is a matrix."""
        if name in self.per_example:
            value = np.moveaxis(value, 0, -1)
            if len(self.shapes[name]) == 2 and self.shapes[name][1] == ONE:
                value = value[:, 0]
        if name in INTEGER:
            value = value.astype(int)
        return value.tolist()


# ---- expressions


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


ERF = np.vectorize(math.erf, otypes=[float])
FUNCTIONS: list[tuple[str, Callable[[Array], Array]]] = [
    ("tanh({})", np.tanh), ("sigmoid({})", sigmoid), ("{}^2", lambda x: x**2), ("sin({})", np.sin), ("exp(0.3*{})", lambda x: np.exp(0.3 * x)),
    ("relu({})", lambda x: np.maximum(x, 0)), ("abs({})", np.abs), ("-{}", lambda x: -x), ("softplus({})", lambda x: np.logaddexp(0, x)),
    ("1/(2 + {}^2)", lambda x: 1 / (2 + x**2)), ("log(1 + {}^2)", lambda x: np.log(1 + x**2)), ("sqrt(1 + {}^2)", lambda x: np.sqrt(1 + x**2)),
    ("cos({})", np.cos), ("atan({})", np.arctan), ("gelu({})", lambda x: x * (1 + ERF(x / math.sqrt(2))) / 2), ("silu({})", lambda x: x * sigmoid(x)),
    ("softsign({})", lambda x: x / (1 + np.abs(x))), ("leaky_relu({}, 0.1)", lambda x: np.where(x > 0, x, 0.1 * x)),
    ("elu({}, 1)", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))), ("erf({})", ERF), ("sq({})", lambda x: x**2 / (1 + x**2)),
    ("1 - {}", lambda x: 1 - x), ("2*{}", lambda x: 2 * x), ("{}/3", lambda x: x / 3), ("where({0} > 1/3, {0}, 2*{0})", lambda x: np.where(x > 1 / 3, x, 2 * x)),
    ("{}^3", lambda x: x**3), ("step({})", lambda x: (x > 0) * 1.0), ("sign({})", np.sign), ("cosh(0.5*{})", lambda x: np.cosh(0.5 * x)), ("asin(tanh({})/2)", lambda x: np.arcsin(np.tanh(x) / 2)),
]  # fmt: skip
BINARY: list[tuple[str, Callable[[Array, Array], Array]]] = [
    ("{} + {}", np.add), ("{} * {}", np.multiply), ("{} - {}", np.subtract), ("{} / (2 + {}^2)", lambda a, b: a / (2 + b**2)),
    ("max({}, {})", np.maximum), ("min({}, {})", np.minimum), ("where({0} > {1}, {0}*{1}, {1})", lambda a, b: np.where(a > b, a * b, b)),
    ("(1 + {}^2)^{}", lambda a, b: (1 + a**2) ** b),
]  # fmt: skip


def softmax(x: Array, axis: int = -1) -> Array:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def logsumexp(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def log_softmax(x: Array, axis: int = -1) -> Array:
    return np.log(softmax(x, axis))


def norm(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


REDUCTIONS: list[tuple[str, Callable[..., Array]]] = [
    ("sum", np.sum), ("mean", np.mean), ("norm", norm), ("logsumexp", logsumexp), ("max", np.max), ("var", np.var), ("min", np.min), ("prod", np.prod),
]  # fmt: skip


@dataclass
class Choices:
    """Random choices that are remembered, so that a program can be made again, or a smaller one.

    `given` choices come first; after them random ones, or, where there is no random source, always the first option.
    """

    random: Random | None = None
    given: Sequence[int] = ()
    made: list[int] = field(default_factory=list)

    def __call__(self, options: int) -> int:
        place = len(self.made)
        if place < len(self.given):
            choice = min(self.given[place], options - 1)
        else:
            choice = self.random.randrange(options) if self.random else 0
        self.made.append(choice)
        return choice

    def pick(self, options: Sequence[Any]) -> Any:
        return options[self(len(options))]


def smallest(made: Sequence[int], fails: Callable[[Choices], bool], attempts: int = 150) -> Choices:
    """Choices, fewer and smaller, with which it still fails: pieces are left out, then numbers made 0."""
    best = list(made)
    tried = 0
    size = len(best)
    while size:
        place = 0
        while place < len(best) and tried < attempts:
            for candidate in (
                best[:place] + best[place + size :],
                best[:place] + [0] * size + best[place + size :],
            ):
                if candidate != best and sum(candidate) <= sum(best):
                    tried += 1
                    if fails(Choices(None, candidate)):
                        best = candidate
                        break
            else:
                place += size
        size //= 2
    return Choices(None, best)


@dataclass
class Maker:
    """Builds parts of a wanted shape from the names that are there."""

    choose: Choices
    names: dict[str, Part]
    each: bool

    def pick(self, options: Sequence[Any]) -> Any:
        return self.choose.pick(options)

    def size(self) -> str:
        return self.pick(SIZES)

    def leaf(self, shape: Shape) -> Part:
        found = [
            part for name, part in self.names.items() if part.shape == shape and name not in INTEGER
        ]
        if found:
            # New lines first: what is computed should be used.
            return self.pick(found[::-1])
        if len(shape) == 2 and ONE not in shape:
            return self.combine(
                "outer({}, {})", shape, np.outer, self.leaf(shape[:1]), self.leaf(shape[1:])
            )
        if shape[1:] == (ONE,):
            other = "n" if shape[0] != "n" else "m"
            return self.combine(
                "{} @ {}", shape, np.matmul, self.leaf((shape[0], other)), self.leaf((other, ONE))
            )
        return self.combine("{}.T", shape, np.transpose, self.leaf(shape[::-1]))

    @staticmethod
    def combine(text: str, shape: Shape, value: Callable[..., Array], *parts: Part) -> Part:
        """`text` with the parts put in; `value` takes their values."""
        return Part(
            text.format(*(part.wrapped for part in parts)), shape, lambda p: value(*(part.value(p) for part in parts)),
            any(part.each for part in parts),
        )  # fmt: skip

    def array(self, shape: Shape, depth: int) -> Part:
        if depth <= 0 or len(shape) > 2:
            return self.leaf(shape)
        kind = {0: self.scalars, 1: self.vectors}.get(len(shape)) or (
            self.columns if shape[1] == ONE else self.rows if shape[0] == ONE else self.matrices
        )
        anywhere: list[Callable[[], Part]] = [
            lambda: self.leaf(shape),
            lambda: self.unary(shape, depth),
            lambda: self.binary(shape, depth),
            lambda: self.combine(
                "{} * {}",
                shape,
                np.multiply,
                self.array((), depth - 1),
                self.array(shape, depth - 1),
            ),
            lambda: self.anywhere(shape, depth),
        ]
        return self.pick([*anywhere, *kind(shape, depth)])()

    def unary(self, shape: Shape, depth: int) -> Part:
        text, value = self.pick(FUNCTIONS)
        return self.combine(text, shape, value, self.array(shape, depth - 1))

    def binary(self, shape: Shape, depth: int) -> Part:
        text, value = self.pick(BINARY)
        return self.combine(
            text, shape, value, self.array(shape, depth - 1), self.array(shape, depth - 1)
        )

    def anywhere(self, shape: Shape, depth: int) -> Part:
        part = self.array(shape, depth - 1)
        kind = self.choose(3)
        if kind == 0 and self.each:
            points = [part]
            return (
                Part(
                    f"mean({part.text}, i)",
                    shape,
                    lambda p: sum(points[0].value(q) for q in p.all) / len(p.all),
                )
                if part.each
                else part
            )
        if kind == 1:
            return Part(
                f"stop_gradient({part.text})", shape, lambda p: part.value(p.frozen or p), part.each
            )
        return self.combine(
            "{} - mean({})",
            shape,
            lambda a, b: a - b.mean(),
            part,
            self.array((self.size(),), depth - 1),
        )

    def spd(self, size: str, depth: int) -> Part:
        """A symmetric positive definite matrix."""
        square = self.array((size, size), depth - 1)
        return self.combine(
            f"{{0}} @ {{0}}.T + 2*eye({size})",
            (size, size),
            lambda a: a @ a.T + 2 * np.eye(len(a)),
            square,
        )

    def scalars(self, _: Shape, depth: int) -> list[Callable[[], Part]]:
        a, b = self.size(), self.size()
        less = depth - 1

        def vector(size: str = a) -> Part:
            return self.array((size,), less)

        def matrix(rows: str = a, columns: str = b) -> Part:
            return self.array((rows, columns), less)

        reduce_name, reduce_value = self.pick(REDUCTIONS)
        inner = self.pick([(a,), (a, b), (a, ONE), (ONE, a)])
        return [
            lambda: self.combine("{} @ {}", (), np.dot, vector(), vector()),
            lambda: self.combine(f"{reduce_name}({{}})", (), reduce_value, self.array(inner if reduce_name != "logsumexp" else (a,), less)),
            lambda: self.combine("norm({})^2", (), lambda x: np.sum(x * x), self.array(inner, less)),
            lambda: self.combine("{} @ {} @ {}", (), lambda x, m, y: x @ m @ y, vector(a), matrix(), vector(b)),
            lambda: self.combine("tr({} @ {})", (), lambda m, n: np.trace(m @ n), matrix(a, b), matrix(b, a)),
            lambda: self.combine("tr({})", (), np.trace, matrix(a, a)),
            lambda: self.combine("logdet({})", (), lambda m: np.linalg.slogdet(m)[1], self.spd(a, depth)),
            lambda: self.combine("det({})", (), np.linalg.det, matrix(a, a)),
            lambda: self.combine("log(det({}))", (), lambda m: np.log(np.linalg.det(m)), self.spd(a, depth)),
            lambda: self.combine("{}[0]", (), lambda x: x[0], vector()),
            lambda: self.combine("{}[0, 1]", (), lambda x: x[0, 1], matrix()),
            lambda: self.combine("dot({}, {})", (), np.dot, vector(), vector()),
            lambda: self.combine("sum(({0})[1:] * ({0})[:-1])", (), lambda x: np.sum(x[1:] * x[:-1]), vector()),
            lambda: self.combine("norm(kron({}, {}))", (), lambda x, y: norm(np.kron(x, y)), matrix(a, b), matrix(b, b)),
            lambda: self.combine("sum(tanh(concat({}, {})))", (), lambda x, y: np.sum(np.tanh(np.concatenate([x, y]))), vector(a), vector(b)),
            lambda: self.combine("norm(vec({}) - vec({}))", (), lambda x, y: norm(x - y), matrix(a, b), matrix(a, b)),
            lambda: self.combine("norm([{}, {}, 2])", (), lambda x, y: math.sqrt(x**2 + y**2 + 4), self.array((), less), self.array((), less)),
            lambda: self.combine("sum({}.T @ {})", (), lambda x, y: np.sum(x.T @ y), self.array((a, ONE), less), self.array((a, ONE), less)),
            lambda: self.combine("-sum({} * log_softmax({}))", (), lambda h, x: -np.sum(h * log_softmax(x)), self.names["h"], vector("n")),
            lambda: self.combine("{1}[a]", (), lambda y, x: x[int(y)], self.names["a"], vector()),
            lambda: self.combine("-log(softmax({1})[a])", (), lambda y, x: -log_softmax(x)[int(y)], self.names["a"], vector()),
            lambda: self.combine("norm({}, 1)", (), lambda x: np.sum(np.abs(x)), vector()),
            lambda: self.combine("norm({}, ord=3)", (), lambda x: np.sum(np.abs(x) ** 3) ** (1 / 3), vector()),
            lambda: self.combine("sum(stack({}, {})[0] * {})", (), lambda x, y, w: np.sum(x * w), vector(), vector(), vector()),
            lambda: self.combine("tr(matrix_power({}, 3))", (), lambda m: np.trace(m @ m @ m), matrix(a, a)),
            lambda: self.combine("var({}, ddof=1)", (), lambda x: np.var(x, ddof=1), vector()),
            lambda: self.by_index(depth),
        ]  # fmt: skip

    def vectors(self, shape: Shape, depth: int) -> list[Callable[[], Part]]:
        (a,), b, less = shape, self.size(), depth - 1
        name, value = self.pick(REDUCTIONS)

        def matrix(rows: str, columns: str) -> Part:
            return self.array((rows, columns), less)

        return [
            lambda: self.combine("{} @ {}", shape, np.matmul, matrix(a, b), self.array((b,), less)),
            lambda: self.combine("{} @ {}", shape, np.matmul, self.array((b,), less), matrix(b, a)),
            lambda: self.combine("{}.T @ {}", shape, lambda m, x: m.T @ x, matrix(b, a), self.array((b,), less)),
            lambda: self.combine("softmax({})", shape, softmax, self.array(shape, less)),
            lambda: self.combine("log_softmax({})", shape, log_softmax, self.array(shape, less)),
            lambda: self.combine(f"{name}({{}}, axis=1)", shape, lambda m: value(m, axis=1), matrix(a, b)),
            lambda: self.combine(f"{name}({{}}, axis=0)", shape, lambda m: value(m, axis=0), matrix(b, a)),
            lambda: self.combine("diag({})", shape, np.diag, matrix(a, a)),
            lambda: self.combine("{}[:, 0]", shape, lambda m: m[:, 0], matrix(a, b)),
            lambda: self.combine("{}[1]", shape, lambda m: m[1], matrix(b, a)),
            lambda: self.combine("{}[:, 0]", shape, lambda m: m[:, 0], self.array((a, ONE), less)),
            lambda: self.combine("concat({0}[1:], {0}[:1])", shape, lambda x: np.roll(x, -1), self.array(shape, less)),
            lambda: self.combine("inv({}) @ {}", shape, np.linalg.solve, self.spd(a, depth), self.array(shape, less)),
            lambda: self.combine("{0} / norm({0} + 2)", shape, lambda x: x / norm(x + 2), self.array(shape, less)),
            lambda: self.combine("{1}[a, :]", shape, lambda y, m: m[int(y)], self.names["a"], matrix(b, a)),
            lambda: self.combine("{0}[a] * {1}", shape, lambda v, x, y: v[int(y)] * x, self.array((b,), less), self.array(shape, less), self.names["a"]),
            *([lambda: self.combine("{1}[b]", shape, lambda y, x: x[y.astype(int)], self.names["b"], self.array((b,), less))] if a == "k" else []),
            lambda: self.combine("({0} - mean({0})) / sqrt(var({0}) + 1/10)", shape, lambda x: (x - x.mean()) / np.sqrt(x.var() + 0.1), self.array(shape, less)),
            lambda: self.combine("{0} / sum(exp({0}))", shape, lambda x: x / np.sum(np.exp(x)), self.array(shape, less)),
            lambda: self.combine("sum({}, axis=(0, 1))", shape, lambda x: x.sum(axis=(0, 1)), self.names["T"]) if a == "m" else self.leaf(shape),
        ]  # fmt: skip

    def columns(self, shape: Shape, depth: int) -> list[Callable[[], Part]]:
        a, b, less = shape[0], self.size(), depth - 1
        name, value = self.pick(REDUCTIONS)

        def matrix(rows: str, columns: str) -> Part:
            return self.array((rows, columns), less)

        return [
            lambda: self.combine("{} @ {}", shape, np.matmul, matrix(a, b), self.array((b, ONE), less)),
            lambda: self.combine("{}.T @ {}", shape, lambda m, x: m.T @ x, matrix(b, a), self.array((b, ONE), less)),
            lambda: self.combine("{}.T", shape, np.transpose, self.array((ONE, a), less)),
            lambda: self.combine("softmax({})", shape, lambda x: softmax(x, 0), self.array(shape, less)),
            lambda: self.combine(f"{name}({{}}, axis=1, keepdims=True)", shape, lambda m: value(m, axis=1, keepdims=True), matrix(a, b)),
            lambda: self.combine("{}[:, :1]", shape, lambda m: m[:, :1], matrix(a, b)),
            lambda: self.combine("{0} * ({1}.T @ {1})", shape, lambda x, y: x * (y.T @ y), self.array(shape, less), self.array((b, ONE), less)),
            lambda: self.combine("{0} @ {1}", shape, np.matmul, self.array(shape, less), self.combine("{0}.T @ {0}", (ONE, ONE), lambda y: y.T @ y, self.array((b, ONE), less))),
        ]  # fmt: skip

    def rows(self, shape: Shape, depth: int) -> list[Callable[[], Part]]:
        a, b, less = shape[1], self.size(), depth - 1
        name, value = self.pick(REDUCTIONS)
        return [
            lambda: self.combine("{}.T", shape, np.transpose, self.array((a, ONE), less)),
            lambda: self.combine("{} @ {}", shape, np.matmul, self.array((ONE, b), less), self.array((b, a), less)),
            lambda: self.combine(f"{name}({{}}, axis=0, keepdims=True)", shape, lambda m: value(m, axis=0, keepdims=True), self.array((b, a), less)),
            lambda: self.combine("softmax({})", shape, softmax, self.array(shape, less)),
            lambda: self.combine("{}[:1]", shape, lambda m: m[:1], self.array((b, a), less)),
        ]  # fmt: skip

    def matrices(self, shape: Shape, depth: int) -> list[Callable[[], Part]]:
        (a, b), c, less = shape, self.size(), depth - 1
        axis = self.choose(2)
        square: list[Callable[[], Part]] = [
            lambda: self.combine("diag({})", shape, np.diag, self.array((a,), less)),
            lambda: self.combine("inv({})", shape, np.linalg.inv, self.spd(a, depth)),
            lambda: self.combine(
                f"{{}} + eye({a})", shape, lambda m: m + np.eye(len(m)), self.array(shape, less)
            ),
            lambda: self.combine(
                "matrix_power({}, 2)", shape, lambda m: m @ m, self.array(shape, less)
            ),
            lambda: self.combine("{0} + {0}.T", shape, lambda m: m + m.T, self.array(shape, less)),
            lambda: self.combine(
                "{0} * eye(" + a + ")", shape, lambda m: m * np.eye(len(m)), self.array(shape, less)
            ),
        ]
        return [
            lambda: self.combine("{} @ {}", shape, np.matmul, self.array((a, c), less), self.array((c, b), less)),
            lambda: self.combine("{}.T", shape, np.transpose, self.array((b, a), less)),
            lambda: self.combine("outer({}, {})", shape, np.outer, self.array((a,), less), self.array((b,), less)),
            lambda: self.combine("{} @ {}", shape, np.matmul, self.array((a, ONE), less), self.array((ONE, b), less)),
            lambda: self.combine("{} * {}", shape, np.multiply, self.array(shape, less), self.array((b,), less)),
            lambda: self.combine("{} * {}", shape, np.multiply, self.array(shape, less), self.array((a, ONE), less)),
            lambda: self.combine("{} + {}", shape, np.add, self.array((a, ONE), less), self.array((ONE, b), less)),
            lambda: self.combine("{} + {}", shape, np.add, self.array((b,), less), self.array(shape, less)),
            lambda: self.combine(f"softmax({{}}, axis={axis})", shape, lambda m: softmax(m, axis), self.array(shape, less)),
            lambda: self.combine(f"{{0}} - mean({{0}}, axis={axis}, keepdims=True)", shape, lambda m: m - m.mean(axis=axis, keepdims=True), self.array(shape, less)),
            lambda: self.combine(f"{{0}} / sum(exp({{0}}), axis={axis}, keepdims=True)", shape, lambda m: m / np.exp(m).sum(axis=axis, keepdims=True), self.array(shape, less)),
            lambda: self.combine("inv({}) @ {}", shape, np.linalg.solve, self.spd(a, depth), self.array(shape, less)),
            lambda: self.combine("diag({}) @ {}", shape, lambda x, m: x[:, None] * m, self.array((a,), less), self.array(shape, less)),
            lambda: self.combine("concat({0}[1:], {0}[:1])", shape, lambda m: np.roll(m, -1, 0), self.array(shape, less)),
            lambda: self.combine("log_softmax({})", shape, log_softmax, self.array(shape, less)),
            *([lambda: self.combine("{1}[b]", shape, lambda y, m: m[y.astype(int)], self.names["b"], self.array((c, b), less))] if a == "k" else []),
            *([lambda: self.combine("T[a]", shape, lambda y, t: t[int(y)], self.names["a"], self.names["T"])] if shape == ("n", "m") else []),
            *([lambda: self.combine("sum({0} * T, axis=0)", shape, lambda m, t: (m * t).sum(axis=0), self.array(shape, less), self.names["T"])] if shape == ("n", "m") else []),
            *([lambda: self.combine("T @ {0}", shape, lambda x, t: t @ x, self.array(("m",), less), self.names["T"])] if shape == ("k", "n") else []),
            *(square if a == b else []),
        ]  # fmt: skip

    # ---- formulas entry by entry: values stand on a grid of all three indices

    def by_index(self, depth: int) -> Part:
        """A scalar: a sum over every index of an entry formula."""
        dims = self.pick([("n",), ("m",), ("n", "m"), ("k",), ("n", "k"), ("n", "m", "k")])
        entry = self.entry(dims, depth)
        indices = [INDEX[size] for size in dims]
        condition = self.pick([None, None, f"{indices[0]} != a", f"{indices[0]} > 0"])
        axes = tuple(SIZES.index(size) for size in dims)
        name, reduce = self.pick(
            [
                ("sum", np.sum),
                ("sum", np.sum),
                ("mean", np.mean),
                ("logsumexp", None),
                ("max", np.max),
            ]
        )
        if condition:
            chooser = self.names["a"]

            def value(p: Point) -> Array:
                grid = np.array(entry.value(p))
                places = np.indices(grid.shape)[axes[0]]
                kept = places > 0 if ">" in condition else places != int(chooser.value(p))
                return self._collapse(np.where(kept, grid, 0), axes, np.sum)

            each = entry.each or (chooser.each and "a" in condition)
            return Part(f"sum({entry.text}, {', '.join(indices)}, {condition})", (), value, each)
        found = reduce or (lambda grid, axis: np.log(np.sum(np.exp(grid), axis=axis)))
        return Part(
            f"{name}({entry.text}, {', '.join(indices)})", (), lambda p: self._collapse(entry.value(p), axes, found), entry.each
        )  # fmt: skip

    @staticmethod
    def _collapse(grid: Array, axes: tuple[int, ...], reduce: Any) -> Array:
        return reduce(grid, axis=axes).reshape(-1)[0]

    def spread(self, part: Part, dims: Shape) -> Part:
        """An entry of an array, over the grid."""
        axes = [SIZES.index(size) for size in dims]
        order = np.argsort(axes)

        def value(p: Point) -> Array:
            data = np.transpose(np.asarray(part.value(p)), order)
            place = [1, 1, 1]
            for axis, n in zip(sorted(axes), data.shape, strict=True):
                place[axis] = n
            full = [len(p.values["_" + size]) for size in SIZES]
            return np.broadcast_to(data.reshape(place), full)

        text = (
            f"{part.wrapped}[{', '.join(INDEX[size] for size in dims)}]" if dims else part.wrapped
        )
        return Part(text, (), value, part.each)

    def entry(self, dims: Shape, depth: int) -> Part:
        """A formula in entries whose free indices are among those of `dims`."""
        if depth <= 0:
            size = self.pick(dims)
            other = self.pick([*dims, ""])
            if other and other != size:
                return self.spread(self.leaf((size, other)), (size, other))
            return self.spread(self.leaf((size,)), (size,))
        less = depth - 1
        text, function = self.pick(FUNCTIONS)
        both, two = self.pick(BINARY)
        free = [size for size in SIZES if size not in dims]
        options: list[Callable[[], Part]] = [
            lambda: self.entry(dims, 0),
            lambda: self.combine(both, (), two, self.entry(dims, less), self.entry(dims, less)),
            lambda: self.combine(text, (), function, self.entry(dims, less)),
            lambda: self.spread(self.array((self.pick(dims),), less), (self.pick(dims),)) if len(dims) == 1 else self.entry(dims, less),
            lambda: self.combine("{} * {}", (), np.multiply, self.spread(self.array((), less), ()), self.entry(dims, less)),
        ]  # fmt: skip
        if free:
            size = self.pick(free)
            axis = SIZES.index(size)
            options.append(lambda: self.summed(self.entry((*dims, size), less), size, axis))
        return self.pick(options)()

    def summed(self, entry: Part, size: str, axis: int) -> Part:
        def value(p: Point) -> Array:
            grid = entry.value(p)
            return np.broadcast_to(grid.sum(axis=axis, keepdims=True), grid.shape)

        return Part(f"sum({entry.text}, {INDEX[size]})", (), value, entry.each)


def program(choose: Choices, ones: bool = False) -> Program:
    """Up to three lines and a scalar of them; half of them with examples. `ones`: with sizes that
    happen to be 1.
    """
    with_examples = choose(2)
    each = frozenset(name for name in PER_EXAMPLE if with_examples and choose(2))
    names = {
        name: Part(name, shape, lambda p, name=name: p.values[name], name in each)  # type: ignore[misc]
        for name, shape in INPUTS.items()
    }
    maker = Maker(choose, names, bool(each))
    lines: list[Line] = []
    for number in range(choose(4)):
        size, other = maker.size(), maker.size()
        shape = maker.pick([(size,), (size, other), (), (size, ONE), (ONE, size), (size,)])
        depth = 1 + choose(2)
        name = f"q{number}"
        if shape and ONE not in shape and len(set(shape)) == len(shape) and choose(5) == 1:
            line = indexed(name, maker.entry(shape, depth), shape)
        else:
            line = Line(name, maker.array(shape, depth))
        lines.append(line)
        names[name] = Part(name, shape, lambda p, name=name: p.values[name], line.part.each)  # type: ignore[misc]
    last = maker.array((), 1 + choose(2))
    lines.append(Line("f", last))
    names["f"] = Part("f", (), lambda p: p.values["f"], last.each)
    if last.each:
        text, scale = maker.pick([("mean(f, i)", 1), ("1/N * sum(f, i)", 1), ("sum(f, i)", 0)])
        average = Part(
            text, (), lambda p: sum(q.values["f"] for q in p.all) / (len(p.all) if scale else 1)
        )
        lines.append(Line("J", average))
    numbers = choose.pick([(2, 3, 4), (3, 2, 4), (4, 3, 2), (3, 4, 2)])
    if ones:
        numbers = choose.pick([numbers, (1, 3, 2), (3, 1, 2), (2, 3, 1), (1, 1, 2), (2, 1, 1)])
    sizes = dict(zip(SIZES, numbers, strict=True))
    sizes["N"] = 5
    made = Program(lines, each, sizes)
    if not made.each:
        sizes.pop("N")
    made.mixing = any(", i)" in line.text for line in lines if line.name != "J")
    made.draw_values(choose(10_000))
    return made


def indexed(name: str, entry: Part, shape: Shape) -> Line:
    """q[j] = …: the grid at the first place of the indices that are not its own."""
    axes = [SIZES.index(size) for size in shape]

    def value(p: Point) -> Array:
        grid = np.asarray(entry.value(p))
        place = tuple(slice(None) if axis in axes else 0 for axis in range(3))
        return np.transpose(grid[place], np.argsort(np.argsort(axes)))

    return Line(
        name, Part(entry.text, shape, value, entry.each), tuple(INDEX[size] for size in shape)
    )
