"""What a sentence about a mistake says, computed once more in plain NumPy: does it give the answer?

Nothing of `gradcalc.marking` is used, and nothing that differentiates: a sentence is read by its words, the forward
computation is run with what the sentence says, and differences in floats are taken. The parser is gradcalc's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, product
from math import erf
from typing import Any

import numpy as np

from gradcalc.language.parser import (
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    Name,
    Neg,
    Num,
    Slice,
    Transpose,
    Vector,
    parse,
    unparse,
)

Array = Any
Env = Mapping[str, Array]
Edit = Callable[[Expr, Env], Array]


class Unreadable(Exception):
    """A sentence that no rule here reads."""


# ---- the forward computation


def softmax(x: Array, axis: int | None = None) -> Array:
    if axis is None:
        axis = 0 if x.ndim == 2 and x.shape[1] == 1 else -1
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _diag(x: Array) -> Array:
    return np.diag(x.reshape(-1) if 1 in x.shape else x)


def maximum(*given: Array, **options: Any) -> Array:
    return np.max(given[0], **options) if len(given) == 1 else np.maximum(*given)


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign, "step": lambda x: np.where(x > 0, 1.0, 0.0),
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh,
    "cosh": np.cosh, "tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "relu": lambda x: np.where(x > 0, x, 0.0),
    "softplus": lambda x: np.logaddexp(0, x), "silu": lambda x: x / (1 + np.exp(-x)), "erf": np.vectorize(erf), "log2": np.log2,
    "log10": np.log10, "softsign": lambda x: x / (1 + np.abs(x)), "gelu": lambda x: x * (1 + np.vectorize(erf)(x / 2**0.5)) / 2,
    "max": maximum, "min": lambda *a, **k: np.min(a[0], **k) if len(a) == 1 else np.minimum(*a), "sum": np.sum, "mean": np.mean,
    "norm": lambda x, axis=None, keepdims=False: np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims)), "softmax": softmax,
    "logsumexp": lambda x, **k: np.log(np.sum(np.exp(x), **k)), "outer": np.outer, "dot": np.dot, "diag": _diag, "tr": np.trace,
    "det": np.linalg.det, "logdet": lambda m: np.linalg.slogdet(m)[1], "inv": np.linalg.inv, "where": np.where, "eye": lambda n: np.eye(int(n)),
    "ones": lambda *n: np.ones([int(k) for k in n]), "zeros": lambda *n: np.zeros([int(k) for k in n]), "vec": lambda a: a.T.reshape(-1),
    "log_softmax": lambda x: np.log(softmax(x)),     "kron": np.kron, "prod": np.prod, "var": np.var, "cumsum": np.cumsum, "log1p": np.log1p, "expm1": np.expm1, "hypot": np.hypot, "atan2": np.arctan2,
    "concat": lambda *a, axis=0: np.concatenate([np.atleast_1d(one) for one in a], axis=axis),
    "leaky_relu": lambda x, a=0.01: np.where(x > 0, x, a * x), "elu": lambda x, a=1.0: np.where(x > 0, x, a * (np.exp(x) - 1)),

}  # fmt: skip


def run(
    expr: Expr, env: Env, edits: Mapping[tuple[int, ...], Edit], path: tuple[int, ...] = ()
) -> Array:
    """The value of an expression, other values at the edited places."""
    if path in edits:
        return edits[path](expr, env)

    def part(k: int, one: Expr) -> Array:
        return run(one, env, edits, (*path, k))

    match expr:
        case Num(value):
            return np.float64(value)
        case Name(name):
            return env[name] if name in env else {"pi": np.pi, "e": np.e}[name]
        case Neg(arg):
            return -part(0, arg)
        case Transpose(arg):
            return np.transpose(part(0, arg))
        case Binary(op, left, right):
            a, b = part(0, left), part(1, right)
            if op == "@":
                return a @ b
            if op == "^":
                return np.power(a + 0.0, b)
            return {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[op](a, b)
        case Compare(op, left, right):
            a, b = part(0, left), part(1, right)
            return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[
                op
            ]
        case Call("stop_gradient", (arg,)):
            return run(arg, env.get("unmoved", env), {})
        case Call(func, args, kwargs):
            options = {name: _option(value, env) for name, value in kwargs}
            return FUNCTIONS[func](*(part(k, arg) for k, arg in enumerate(args)), **options)
        case Index(base, items):
            return part(0, base)[tuple(_place(item, env) for item in items)]
        case Vector(items):
            return np.array([part(k, item) for k, item in enumerate(items)])
    raise Unreadable(unparse(expr))


def _place(item: Expr | Slice, env: Env) -> Any:
    if isinstance(item, Slice):
        ends_ = (item.start, item.stop, item.step)
        return slice(*(None if one is None else int(run(one, env, {})) for one in ends_))
    return int(run(item, env, {}))


def _option(value: Expr, env: Env) -> Any:
    return value == Name("True") if isinstance(value, Name) else int(run(value, env, {}))


def parts(expr: Expr, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Expr]]:
    """Every part that is a value, with its place."""
    if not isinstance(expr, Compare):
        yield path, expr
    match expr:
        case Binary(_, left, right) | Compare(_, left, right):
            inner = [left, right]
        case Neg(arg) | Transpose(arg):
            inner = [arg]
        case Call(func, args):
            inner = [] if func in ("eye", "ones", "zeros") else list(args)
        case Index(base):
            inner = [base]
        case Vector(items):
            inner = list(items)
        case _:
            inner = []
    for k, one in enumerate(inner):
        yield from parts(one, (*path, k))


def child(expr: Expr, k: int) -> Expr:
    return dict(parts(expr))[(k,)]


@dataclass
class Point:
    """Values of the inputs, of the sizes, and of the upstream gradients."""

    values: dict[str, Array]
    upstream: dict[str, Array] = field(default_factory=dict)


@dataclass
class Case:
    """An exercise, what is asked, and an answer: each handed over as text."""

    lines: dict[str, Expr]  # in the order of the computation
    of: str
    bys: tuple[str, ...]
    points: list[Point]
    answer: Expr
    loss: bool = False
    local: bool = False
    printed: tuple[Expr, ...] = ()  # the right answer as it is printed

    def forward(
        self,
        point: Point,
        moved: Env,
        edits: Mapping[tuple[str, tuple[int, ...]], Edit] = {},
        lines: Mapping[str, Expr] | None = None,
    ) -> dict[str, Array]:
        env: dict[str, Array] = {
            **point.values,
            **{k: v for k, v in moved.items() if k in point.values},
        }
        for name, expr in (lines or self.lines).items():
            own = {path: edit for (quantity, path), edit in edits.items() if quantity == name}
            env[name] = moved[name] if name in moved else run(expr, env, own)
        return env

    def measured(self, of: str, env: Env, point: Point) -> Array:
        if of == "the loss":
            return sum(np.sum(gradient * env[name]) for name, gradient in point.upstream.items())
        return np.asarray(env[of], dtype=float)

    def derivative(
        self,
        point: Point,
        of: str,
        bys: tuple[str, ...],
        edits: Mapping[tuple[str, tuple[int, ...]], Edit] = {},
        lines: Mapping[str, Expr] | None = None,
        local: bool = False,
    ) -> Array:
        """By differences: axes (*of, *bys)."""
        base = self.forward(point, {}, {}, lines)
        step = 1e-3 if len(bys) > 1 else 1e-4
        grid = (-2, -1, 1, 2)
        weights = dict(zip(grid, (1 / 12, -2 / 3, 2 / 3, -1 / 12), strict=True))
        shapes = [np.shape(base[by]) for by in bys]
        found = []
        for entries in product(*(list(np.ndindex(shape)) for shape in shapes)):
            total: Array = 0.0
            for offsets in product(grid, repeat=len(bys)):
                moved = {}
                for by, entry, offset in zip(bys, entries, offsets, strict=True):
                    value = np.array(moved.get(by, base[by]), dtype=float)
                    value[entry] += offset * step
                    moved[by] = value
                if local:
                    others = {
                        name: base[name] for name in self.lines if name != of and name not in moved
                    }
                    moved = {**others, **moved}
                start = Point({**point.values, "unmoved": base}, point.upstream)
                env = self.forward(start, moved, edits, lines)
                weight = np.prod([weights[offset] for offset in offsets])
                total = total + weight * self.measured(of, env, point)
            found.append(total / step ** len(bys))
        array = np.array(found)
        out = np.shape(found[0])
        array = array.reshape((*(n for shape in shapes for n in shape), *out))
        return np.moveaxis(array, range(array.ndim - len(out), array.ndim), range(len(out)))

    def start(self) -> str:
        return "the loss" if self.loss else self.of

    def right(self, point: Point) -> Array:
        return self.derivative(point, self.start(), self.bys, local=self.local)

    def given(self, point: Point, answer: Expr | None = None) -> Array:
        env = self.forward(point, {})
        return np.asarray(run(answer or self.answer, env, {}), dtype=float)


def close(one: Array, other: Array) -> bool:
    one, other = (
        np.squeeze(np.asarray(one, dtype=float)),
        np.squeeze(np.asarray(other, dtype=float)),
    )
    if one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
        return False
    scale = max(float(np.abs(one).max(initial=0)), float(np.abs(other).max(initial=0)), 1e-6)
    return bool((np.abs(one - other) <= 3e-5 * scale).all())


Make = Callable[[Point], Array]
RULES: list[tuple[re.Pattern[str], Callable[..., Iterator[Make]]]] = []


def rule(pattern: str) -> Callable[[Callable[..., Iterator[Make]]], Callable[..., Iterator[Make]]]:
    def keep(function: Callable[..., Iterator[Make]]) -> Callable[..., Iterator[Make]]:
        RULES.append((re.compile(pattern), function))
        return function

    return keep


SPREAD = (", with the same number in every entry.", ", of which only the diagonal is written.")


def holds(case: Case, sentence: str) -> bool:
    """Is what a sentence says true of the answer, at every point? Raises Unreadable."""
    answer: Callable[[Point], Array] = case.given
    if sentence.endswith(SPREAD):
        cut = next(end for end in SPREAD if sentence.endswith(end))
        sentence, diagonal = sentence.removesuffix(cut) + ".", cut == SPREAD[1]

        def answer(point: Point) -> Array:
            shape = np.shape(case.right(point))
            got = np.squeeze(case.given(point))
            return np.eye(*shape) * got if diagonal else np.full(shape, got)

    read = False
    for pattern, function in RULES:
        match = pattern.fullmatch(sentence)
        if match is None:
            continue
        read = True
        with np.errstate(all="ignore"):
            for make in function(case, *match.groups()):
                if _all(case, make, answer):
                    return True
    if not read:
        raise Unreadable(sentence)
    return False


def _all(case: Case, make: Make, answer: Make) -> bool:
    try:
        return all(close(make(point), answer(point)) for point in case.points)
    except (ValueError, KeyError, IndexError, TypeError, np.linalg.LinAlgError, Unreadable):
        return False


IF = "This is what comes out if "


def constant(text: str, point: Point) -> float:
    return float(run(parse(text), point.values, {}))


# ---- relations

CHANGES: dict[str, Callable[[Array], Array]] = {
    "the matrix is transposed": np.transpose,
    "of the matrix only the diagonal is kept": np.diagonal,
    "everything off the diagonal of the matrix is set to 0": lambda r: r * np.eye(len(r)),
    "the diagonal of the matrix is set to 0": lambda r: r * (1 - np.eye(len(r))),
    "the right array is summed over its first axis": lambda r: r.sum(axis=0),
    "the right array is summed over its last axis": lambda r: r.sum(axis=-1),
    "all entries of the right array are added up": np.sum,
    "the denominator is a symmetric matrix, and its entries change together": lambda r: (
        r + r.T - np.diag(np.diag(r))
    ),
}
BACK: dict[str, Callable[[Array], Array]] = {
    "the sum over the first axis is left out": lambda s: s.sum(axis=0),
    "the sum over the last axis is left out": lambda s: s.sum(axis=-1),
    "its transpose is not added to the matrix": lambda s: s + s.T,
}


@rule(IF + r"(.*?)(?:, and everything is multiplied by (.*))?\.")
def related(case: Case, words: str, factor: str | None) -> Iterator[Make]:
    if words in CHANGES:
        yield lambda p: CHANGES[words](case.right(p)) * constant(factor or "1", p)
    if words in BACK:
        # The answer is compared with itself where what is made of it is the right one.
        yield (
            lambda p: (
                case.given(p)
                if close(BACK[words](case.given(p)), case.right(p) * constant(factor or "1", p))
                else np.nan
            )
        )


@rule(IF + "the sign is wrong everywhere.")
def sign(case: Case) -> Iterator[Make]:
    yield lambda p: -case.right(p)


@rule(IF + r"the factor 1/(\w+) is left out\.")
def no_mean(case: Case, size: str) -> Iterator[Make]:
    yield lambda p: case.right(p) * p.values[size]


@rule(IF + r"it is divided by (\w+) once too often\.")
def twice(case: Case, size: str) -> Iterator[Make]:
    yield lambda p: case.right(p) / p.values[size]


@rule(IF + r"the factor 1/(\w+) stands where 1/(\w+) belongs\.")
def other_size(case: Case, one: str, other: str) -> Iterator[Make]:
    yield lambda p: case.right(p) * p.values[other] / p.values[one]


@rule(IF + r"everything is multiplied by (.*)\.")
def multiplied(case: Case, factor: str) -> Iterator[Make]:
    yield lambda p: case.right(p) * constant(factor, p)


@rule(IF + r"it is written in the (\w+) layout, and not in the (\w+) layout\.")
def layout(case: Case, other: str, _: str) -> Iterator[Make]:
    def turned(p: Point) -> Array:
        right = case.right(p)
        out = np.ndim(case.measured(case.start(), case.forward(p, {}), p))
        return (
            np.moveaxis(right, range(out), range(right.ndim - out, right.ndim))
            if other == "denominator"
            else right
        )

    yield turned


# ---- other quantities


def pair(text: str) -> tuple[str, str]:
    of, by = re.fullmatch(r"(?:local )?d(.*)/d(.*)", text).groups()  # type: ignore[union-attr]
    return of, by


def total(case: Case, text: str) -> Make:
    if second := re.fullmatch(r"d2(\w+?)/d(\w+?)(?:2|d(\w+))", text):
        of, one, two = second.groups()
        return lambda p: case.derivative(p, of, (one, two or one))
    of, by = pair(text)
    known = of if of in case.lines else "the loss"
    return lambda p: case.derivative(p, known, (by,), local=text.startswith("local"))


@rule(
    r".*: this is ([^,]*?)((?:, transposed)?)((?:, written entry by entry)?)((?:, written as a number)?)(?:, over (\w+))?\."
)
def another(
    case: Case, text: str, turned: str, diagonal: str, number: str, size: str | None
) -> Iterator[Make]:
    def made(p: Point) -> Array:
        found = np.squeeze(total(case, text)(p))
        if turned:
            found = found.T
        if diagonal and found.ndim == 4:
            found = np.einsum("ijij->ij", found)
        elif diagonal:
            n = len(found)
            found = np.array([found[k, k] for k in range(n)])
        if number:
            found = found[0, 0] if close(found, found[0, 0] * np.eye(len(found))) else np.nan
        return found / (p.values[size] if size else 1)

    yield made


@rule(r"This is the answer to another question, (.*)\.")
def question(case: Case, text: str) -> Iterator[Make]:
    if text.startswith("value "):
        yield lambda p: case.forward(p, {})[text[6:]]
    else:
        yield total(case, text)


def split(case: Case, text: str) -> Iterator[dict[str, Expr]]:
    """The lines with a part of one of them as a line of its own, named `the part`."""
    for name, expr in case.lines.items():
        for path, one in parts(expr):
            if path and unparse(one) == text:
                lines = {}
                for other, line in case.lines.items():
                    if other == name:
                        lines["the part"] = one
                        line = put(expr, path, Name("the part"))
                    lines[other] = line
                yield lines


def put(expr: Expr, path: tuple[int, ...], new: Expr) -> Expr:
    if not path:
        return new
    k, rest = path[0], path[1:]
    match expr:
        case Binary(op, left, right):
            return (
                Binary(op, put(left, rest, new), right)
                if k == 0
                else Binary(op, left, put(right, rest, new))
            )
        case Compare(op, left, right):
            return (
                Compare(op, put(left, rest, new), right)
                if k == 0
                else Compare(op, left, put(right, rest, new))
            )
        case Neg(arg):
            return Neg(put(arg, rest, new))
        case Transpose(arg):
            return Transpose(put(arg, rest, new))
        case Index(base, items):
            return Index(put(base, rest, new), items)
        case Vector(items):
            return Vector(
                tuple(put(one, rest, new) if j == k else one for j, one in enumerate(items))
            )
        case Call(func, args, kwargs, primes):
            return Call(
                func,
                tuple(put(arg, rest, new) if j == k else arg for j, arg in enumerate(args)),
                kwargs,
                primes,
            )
    raise Unreadable(unparse(expr))


@rule(r"The chain ends at `(.*)`: what comes after it is left out\.")
def ends(case: Case, text: str) -> Iterator[Make]:
    for lines in split(case, text):
        yield lambda p, lines=lines: case.derivative(p, case.start(), ("the part",), lines=lines)


@rule(r"The chain begins at `(.*)`: what comes before it is left out\.")
def begins(case: Case, text: str) -> Iterator[Make]:
    for lines in split(case, text):
        yield lambda p, lines=lines: case.derivative(p, "the part", case.bys, lines=lines)


@rule(IF + r"only `(.*)` is differentiated, and the rest is left out\.")
def only(case: Case, text: str) -> Iterator[Make]:
    yield from begins(case, text)


@rule(IF + r"(2\*)?(\w+) (?:itself )?is given, and not (?:differentiated|a derivative)\.")
def itself(case: Case, double: str | None, name: str) -> Iterator[Make]:
    yield lambda p: case.forward(p, {})[name] * (2 if double else 1)


@rule(IF + r"(\w+) is integrated over (\w+), and not differentiated\.")
def integrated(case: Case, of: str, by: str) -> Iterator[Make]:
    def made(p: Point) -> Array:
        lines = {**case.lines, "the part": case.answer}
        slope = case.derivative(p, "the part", (by,), lines=lines)
        value = case.forward(p, {})[of]
        known = np.isfinite(slope)
        return case.given(p) if not known or close(slope, value) else 1e9

    yield made


# ---- one fault in the derivation: other slopes at one part


def sites(case: Case, text: str) -> Iterator[tuple[str, tuple[int, ...], Expr]]:
    for name, expr in case.lines.items():
        for path, one in parts(expr):
            if unparse(one) == text:
                yield name, path, one


Slopes = Callable[[Expr, Env, Env], Array]


def faulty(case: Case, text: str, moving: Slopes) -> Iterator[Make]:
    """The derivative where a part moves as `moving(part, env, base)` does."""
    for name, path, _ in sites(case, text):

        def made(p: Point, name: str = name, path: tuple[int, ...] = path) -> Array:
            base = case.forward(p, {})
            edits: dict[tuple[str, tuple[int, ...]], Edit] = {
                (name, path): lambda expr, env: moving(expr, env, base)
            }
            return case.derivative(p, case.start(), case.bys, edits, local=case.local)

        yield made


def value(expr: Expr, env: Env) -> Array:
    return run(expr, env, {})


def with_operand(expr: Expr, k: int, env: Env, base: Env, slope: Array | None) -> Array:
    """The part with its k-th operand held, and a slope of its own for that one."""
    held = run(expr, env, {(k,): lambda one, _: value(one, base)})
    if slope is None:
        return held
    return held + slope * (value(child(expr, k), env) - value(child(expr, k), base))


def true_slope(expr: Expr, k: int, base: Env) -> Array:
    """∂(part)/∂(operand k), entry by entry, by differences."""
    h = 1e-5
    at = value(child(expr, k), base)
    moved = [run(expr, base, {(k,): lambda _1, _2, o=o: at + o * h}) for o in (-2, -1, 1, 2)]
    return (moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * h)


def operand_of(expr: Expr, text: str) -> list[int]:
    found = []
    for k in range(3):
        try:
            if unparse(child(expr, k)) == text:
                found.append(k)
        except KeyError:
            break
    return found


def each_operand(
    case: Case, text: str, operand: str | None, slope: Callable[[Expr, int, Env], Array | None]
) -> Iterator[Make]:
    for at in range(3):

        def moving(expr: Expr, env: Env, base: Env, at: int = at) -> Array:
            known = [0] if operand is None else operand_of(expr, operand)
            k = known[at]
            return with_operand(expr, k, env, base, slope(expr, k, base))

        yield from faulty(case, text, moving)


@rule(IF + r"the derivative of `(.*)` by `(.*)` is left out\.")
def left_out(case: Case, text: str, operand: str) -> Iterator[Make]:
    yield from each_operand(case, text, operand, lambda expr, k, base: np.float64(1))


@rule(IF + r"the derivative of `(.*)` by `(.*)` has the opposite sign\.")
def opposite(case: Case, text: str, operand: str) -> Iterator[Make]:
    yield from each_operand(case, text, operand, lambda expr, k, base: -true_slope(expr, k, base))


@rule(IF + r"the derivative of `(.*)` by `(.*)` is (doubled|halved)\.")
def scaled(case: Case, text: str, operand: str, how: str) -> Iterator[Make]:
    factor = 2 if how == "doubled" else 0.5
    yield from each_operand(
        case, text, operand, lambda expr, k, base: factor * true_slope(expr, k, base)
    )


@rule(IF + r"the path through `(.*)` in `(.*)` is left out\.")
def stopped(case: Case, operand: str, text: str) -> Iterator[Make]:
    yield from each_operand(case, text, operand, lambda expr, k, base: None)


@rule(IF + r"the derivative of `(.*)` by `(.*)` is taken to be `(.*)`(?:, not the other factor)?\.")
def by_taken(case: Case, text: str, operand: str, other: str) -> Iterator[Make]:
    yield from each_operand(case, text, operand, lambda expr, k, base: value(parse(other), base))


@rule(IF + r"each factor of `(.*)` gets itself, not the other factor\.")
def own(case: Case, text: str) -> Iterator[Make]:
    def moving(expr: Expr, env: Env, base: Env) -> Array:
        total = value(expr, base)
        for k in (0, 1):
            one = child(expr, k)
            total = total + value(one, base) * (value(one, env) - value(one, base))
        return total

    yield from faulty(case, text, moving)


@rule(IF + r"`(.*)` is kept, and not differentiated\.")
def kept(case: Case, text: str) -> Iterator[Make]:
    yield from each_operand(case, text, None, lambda expr, k, base: value(expr, base))


@rule(IF + r"the derivative of `(.*)` is taken to be `(.*)`(?:, as for (\w+))?\.")
def taken(case: Case, text: str, other: str, _: str | None) -> Iterator[Make]:
    for operand in (None, 1):

        def slope(expr: Expr, k: int, base: Env) -> Array:
            return value(parse(other), base)

        if operand is None:
            yield from each_operand(case, text, None, slope)
        else:
            yield from faulty(
                case,
                text,
                lambda expr, env, base: with_operand(expr, 1, env, base, slope(expr, 1, base)),
            )


@rule(IF + r"the derivative of `(.*)` is taken at `(.*)`, as `(.*)`\.")
def elsewhere(case: Case, text: str, _: str, other: str) -> Iterator[Make]:
    yield from taken(case, text, other, None)


@rule(IF + r"the derivative of `(.*)` is multiplied in twice\.")
def squared(case: Case, text: str) -> Iterator[Make]:
    yield from each_operand(case, text, None, lambda expr, k, base: true_slope(expr, k, base) ** 2)


@rule(IF + r"`(.*)` is differentiated as the logarithm of a number, entry by entry\.")
def as_number(case: Case, text: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: np.sum(du / u))


@rule(IF + r"the change of `(.*)` is taken to be (.*)\.")
def change_of_inverse(case: Case, text: str, words: str) -> Iterator[Make]:
    inv = np.linalg.inv
    forms: dict[str, Callable[[Array, Array], Array]] = {
        "-inv(M) @ inv(M) @ dM": lambda u, du: -inv(u) @ inv(u) @ du,
        "-dM @ inv(M) @ inv(M)": lambda u, du: -du @ inv(u) @ inv(u),
        "-inv(M) @ dM": lambda u, du: -inv(u) @ du,
        "inv(M) @ dM @ inv(M)": lambda u, du: inv(u) @ du @ inv(u),
        "-inv(M)^2 * dM, entry by entry": lambda u, du: -(inv(u) ** 2) * du,
    }
    yield from moved(case, text, forms[words])


@rule(IF + r"the derivative of `(.*)` is taken for the other side of the kink\.")
def mask(case: Case, text: str) -> Iterator[Make]:
    def moving(expr: Expr, env: Env, base: Env) -> Array:
        if isinstance(expr, Call) and len(expr.args) == 2:
            slopes = [true_slope(expr, k, base) for k in (1, 0)]
            steps = [
                slopes[k] * (value(child(expr, k), env) - value(child(expr, k), base))
                for k in (0, 1)
            ]
            return value(expr, base) + steps[0] + steps[1]
        inner = child(expr, 0)
        at = value(inner, base)
        h = 1e-5
        slope = (
            run(expr, base, {(0,): lambda *_: -at + h})
            - run(expr, base, {(0,): lambda *_: -at - h})
        ) / (2 * h)
        return value(expr, base) + slope * (value(inner, env) - at)

    yield from faulty(case, text, moving)


@rule(IF + r"the derivative of `(.*)` by each of its operands is taken to be (1|1/2)\.")
def shared(case: Case, text: str, share: str) -> Iterator[Make]:
    def moving(expr: Expr, env: Env, base: Env) -> Array:
        return value(expr, base) + float(Fraction(share)) * sum(
            value(child(expr, k), env) - value(child(expr, k), base) for k in (0, 1)
        )

    yield from faulty(case, text, moving)


@rule(IF + r"the path through `(\w+)` in the line of (\w+) is left out\.")
def leaf(case: Case, name: str, _: str) -> Iterator[Make]:
    yield from faulty(case, name, lambda expr, env, base: base[name])


@rule(IF + r"only the path through one `(\w+)` in the line of (\w+) is followed\.")
def single(case: Case, name: str, _: str) -> Iterator[Make]:
    every = list(sites(case, name))
    for kept_one in every:

        def made(p: Point, kept_one: Any = kept_one) -> Array:
            base = case.forward(p, {})
            edits: dict[tuple[str, tuple[int, ...]], Edit] = {
                (q, path): lambda expr, env: base[name]
                for q, path, _ in every
                if (q, path) != kept_one[:2]
            }
            return case.derivative(p, case.start(), case.bys, edits)

        yield made


@rule(IF + r"`(\w+)` in the line of (\w+) is kept, and not differentiated\.")
def leaf_kept(case: Case, name: str, _: str) -> Iterator[Make]:
    yield from faulty(
        case, name, lambda expr, env, base: base[name] + base[name] * (env[name] - base[name])
    )


@rule(IF + r"the constant `(.*)` in `(.*)` is kept when it is differentiated\.")
def constant_kept(case: Case, term: str, text: str) -> Iterator[Make]:
    by = case.bys[0]

    def moving(expr: Expr, env: Env, base: Env) -> Array:
        (k, *_) = operand_of(expr, term)
        sign = -1 if k == 1 and isinstance(expr, Binary) and expr.op == "-" else 1
        return value(expr, env) + sign * value(parse(term), base) * (env[by] - base[by])

    yield from faulty(case, text, moving)


@rule(IF + r"the derivative of `(.*)` is taken at (\w+), at the end of the chain\.")
def late(case: Case, text: str, by: str) -> Iterator[Make]:
    for name, path, expr in sites(case, text):

        def made(
            p: Point, name: str = name, path: tuple[int, ...] = path, expr: Expr = expr
        ) -> Array:
            base = case.forward(p, {})
            there = put(expr, (0,), Name(by))
            slope = true_slope(there, 0, base)
            edits: dict[tuple[str, tuple[int, ...]], Edit] = {
                (name, path): lambda one, env: (
                    value(one, base) + value(child(one, 0), env) - value(child(one, 0), base)
                )
            }
            for leaf_name, leaf_path, _ in sites(case, by):
                if leaf_name != name or leaf_path[: len(path)] != path:
                    edits[leaf_name, leaf_path] = lambda one, env: (
                        base[by] + slope * (env[by] - base[by])
                    )
            return case.derivative(p, case.start(), case.bys, edits)

        yield made


# ---- the same for operations on whole arrays


def moved(case: Case, text: str, change: Callable[[Array, Array], Array]) -> Iterator[Make]:
    """`change(u, du)`: how the part changes with its argument."""

    def moving(expr: Expr, env: Env, base: Env) -> Array:
        u = value(child(expr, 0), base)
        return value(expr, base) + change(u, value(child(expr, 0), env) - u)

    yield from faulty(case, text, moving)


@rule(IF + r"only the diagonal of the Jacobian of `(.*)` is kept\.")
def soft_diagonal(case: Case, text: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: softmax(u) * (1 - softmax(u)) * du)


def _mean(u: Array, du: Array) -> Array:
    axis = 0 if u.ndim == 2 and u.shape[1] == 1 else -1
    return np.sum(softmax(u) * du, axis=axis, keepdims=True)


@rule(IF + r"the diagonal of the Jacobian of `(.*)` is left out\.")
def soft_off(case: Case, text: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: softmax(u) ** 2 * du - softmax(u) * _mean(u, du))


@rule(IF + r"the second term of the Jacobian of `(.*)` is left out\.")
def soft_first(case: Case, text: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: softmax(u) * du)


@rule(IF + r"the first term of the Jacobian of `(.*)` is left out\.")
def soft_second(case: Case, text: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: -softmax(u) * _mean(u, du))


@rule(IF + r"the second term of the Jacobian of `(.*)` has the opposite sign\.")
def soft_plus(case: Case, text: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: softmax(u) * (du + _mean(u, du)))


@rule(IF + r"the derivative of `(softmax.*)` is left out\.")
def soft_none(case: Case, text: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: du)


@rule(IF + r"the division by the norm in the derivative of `(.*)` is left out\.")
def norm_left(case: Case, text: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: np.sum(u * du))


@rule(IF + r"the derivative of `(norm\(.*)` is taken to be (.*)\.")
def norm_taken(case: Case, text: str, other: str) -> Iterator[Make]:
    factors: dict[str, Callable[[Array], Array]] = {
        "twice its argument": lambda r: 2, "its argument over the square of the norm": lambda r: r**-2, "its argument times the norm": lambda r: r,
        "half its argument over the norm": lambda r: 0.5 / r, "twice its argument over the norm": lambda r: 2 / r,
    }  # fmt: skip
    if other in factors:
        yield from moved(
            case, text, lambda u, du: factors[other](np.sqrt(np.sum(u * u))) * np.sum(u * du)
        )
    if other == "1 for every entry":
        yield from moved(case, text, lambda u, du: np.sum(du))


@rule(IF + r"the (sum|mean) `(.*)` is differentiated as a (?:mean|sum)\.")
def mean_sum(case: Case, what: str, text: str) -> Iterator[Make]:
    other = {"sum": "mean", "mean": "sum"}[what]

    def moving(expr: Expr, env: Env, base: Env) -> Array:
        assert isinstance(expr, Call)
        swapped = Call(other, expr.args, expr.kwargs)
        return value(expr, base) + value(swapped, env) - value(swapped, base)

    yield from faulty(case, text, moving)


@rule(IF + r"`(.*)` is differentiated as if it were (\w+)\.")
def as_other(case: Case, text: str, other: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: FUNCTIONS[other](u + du) - FUNCTIONS[other](u))


@rule(IF + r"the inverse in the derivative of `(.*)` is not transposed\.")
def untransposed(case: Case, text: str) -> Iterator[Make]:
    scale = np.linalg.det if text.startswith("det") else lambda u: 1
    yield from moved(case, text, lambda u, du: scale(u) * np.sum(np.linalg.inv(u) * du))


@rule(IF + r"all entries, and not the diagonal alone, get a gradient from `(.*)`\.")
def all_entries(case: Case, text: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: np.sum(du))


@rule(IF + r"every entry gets the whole gradient of `(.*)`\.")
def whole(case: Case, text: str) -> Iterator[Make]:
    yield from moved(case, text, lambda u, du: np.sum(du))


@rule(IF + r"the derivative of `(.*)` has the opposite sign\.")
def whole_sign(case: Case, text: str) -> Iterator[Make]:
    yield from faulty(case, text, lambda expr, env, base: 2 * value(expr, base) - value(expr, env))


# ---- one fault in the forward computation


def computed(case: Case, text: str, new: Callable[[Expr], Iterator[Expr]]) -> Iterator[Make]:
    for name, path, expr in sites(case, text):
        for other in new(expr):
            lines = {**case.lines, name: put(case.lines[name], path, other)}
            yield lambda p, lines=lines: case.derivative(p, case.start(), case.bys, lines=lines)


def _stripped(text: str) -> str:
    return text.strip("`")


@rule(IF + r"(?:the factor )?(\S.*?) is left out of `(.*)`\.")
def dropped(case: Case, operand: str, text: str) -> Iterator[Make]:
    def rest(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Binary(op, left, right):
                if unparse(right) == _stripped(operand):
                    yield left
                if unparse(left) == _stripped(operand):
                    yield {"-": Neg(right), "/": Binary("/", Num(Fraction(1)), right)}.get(
                        op, right
                    )

    yield from computed(case, text, rest)


@rule(IF + r"`(.*)` in `(.*)` has the opposite sign\.")
def term_sign(case: Case, operand: str, text: str) -> Iterator[Make]:
    def turned(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Binary("+" | "-" as op, left, right) if unparse(right) == operand:
                yield Binary("-" if op == "+" else "+", left, right)
            case Neg(arg):
                yield arg

    yield from computed(case, text, turned)


@rule(IF + r"`(.*)` stands in the place of `(.*)`\.")
def instead(case: Case, operand: str, text: str) -> Iterator[Make]:
    yield from computed(case, text, lambda _: iter([parse(operand)]))


@rule(IF + r"`(.*)` is computed as `(.*)`\.")
def computed_as(case: Case, text: str, other: str) -> Iterator[Make]:
    yield from computed(case, text, lambda _: iter([parse(other)]))


@rule(IF + r"in `(.*)` the entry-by-entry product and the matrix product are exchanged\.")
def exchanged(case: Case, text: str) -> Iterator[Make]:
    def other(expr: Expr) -> Iterator[Expr]:
        if isinstance(expr, Binary):
            yield Binary({"*": "@", "@": "*"}[expr.op], expr.left, expr.right)

    yield from computed(case, text, other)


@rule(IF + r"(\w+) stands in the place of (\w+) in the line of (\w+)\.")
def other_name(case: Case, other: str, name: str, _: str) -> Iterator[Make]:
    yield from computed(case, name, lambda _: iter([Name(other)]))


# ---- right only if


def conditioned(p: Point, words: str) -> Point:
    """A point at which the condition holds."""
    values, upstream = dict(p.values), dict(p.upstream)
    match = re.fullmatch(r"(.*) (?:is|are) (\w+)", words)
    if match is None:
        raise Unreadable(words)
    for name in match[1].split(" and "):
        if name == "the upstream gradient":
            for key, old in p.upstream.items():
                upstream[key] = np.ones_like(old)
                values |= {n: upstream[key] for n, one in p.values.items() if one is old}
            continue
        old, kind = np.asarray(values[name], dtype=float), match[2]
        values[name] = {
            "symmetric": lambda old=old: (old + old.T) / 2,
            "diagonal": lambda old=old: np.diag(np.diag(old)),
            "orthogonal": lambda old=old: np.linalg.qr(old)[0],
            "positive": lambda old=old: np.abs(old),
            "0": lambda old=old: 0 * old,
            "1": lambda old=old: 0 * old + 1,
        }[kind]()
    return Point(values, upstream)


@rule(r"This is right where (.*), but not in general\.")
def right_where(case: Case, words: str) -> Iterator[Make]:
    def made(p: Point) -> Array:
        there = conditioned(p, words)
        same = close(case.right(there), case.given(there))
        return case.given(p) if same and not close(case.right(p), case.given(p)) else np.nan

    yield made


@rule(r"Where (.*), this is the right answer multiplied by (.*)\.")
def multiple_where(case: Case, words: str, factor: str) -> Iterator[Make]:
    def made(p: Point) -> Array:
        there = conditioned(p, words)
        same = close(case.right(there) * constant(factor, there), case.given(there))
        return case.given(p) if same and not close(case.right(p), case.given(p)) else np.nan

    yield made


# ---- one slip in writing: a change that makes it right


def _rewritten(case: Case, changes: Iterator[Expr]) -> Iterator[Make]:
    first, rights = case.points[0], [case.right(p) for p in case.points]
    for new in changes:
        try:
            if not close(case.given(first, new), rights[0]):
                continue
            good = all(
                close(case.given(p, new), right)
                for p, right in zip(case.points, rights, strict=True)
            )
        except Exception:
            continue
        if good:
            yield case.given
            return


def everywhere(expr: Expr, change: Callable[[Expr], Iterator[Expr]]) -> Iterator[Expr]:
    for path, one in parts(expr):
        for new in change(one):
            yield put(expr, path, new)


TWO = Num(Fraction(2))
ONE_ = Num(Fraction(1))


@rule("One sign in what is written is wrong.")
def slip_sign(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        yield Neg(e)
        if isinstance(e, Binary) and e.op in "+-":
            yield Binary({"+": "-", "-": "+"}[e.op], e.left, e.right)
        if isinstance(e, Neg):
            yield e.arg

    yield from _rewritten(case, everywhere(case.answer, change))


@rule("One power in what is written is wrong.")
def slip_power(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        match e:
            case Binary("^", base, Num(n)):
                yield from (Binary("^", base, Num(k)) for k in (n + 1, n - 1, n + 2, n / 2, 2 * n))
                yield from (base, Binary("^", base, Neg(Num(n))))
            case Binary("*" | "/" as op, left, right):
                yield Binary({"*": "/", "/": "*"}[op], left, right)
        yield from (Binary("^", e, Num(Fraction(k))) for k in (2, 3))
        yield from (Call("sqrt", (e,)), Binary("/", ONE_, e))

    yield from _rewritten(case, everywhere(case.answer, change))


@rule("The power of a sum or of a function is written in the wrong place.")
def slip_sum(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        match e:
            case Binary("+" | "-" as op, Binary("^", a, n), Binary("^", b, m)) if n == m:
                yield Binary("^", Binary(op, a, b), n)
            case Binary("^", Binary("+" | "-" as op, a, b), n):
                yield Binary(op, Binary("^", a, n), Binary("^", b, n))
        match e:
            case Binary("+", a, b):
                yield Call("sqrt", (Binary("+", Binary("^", a, TWO), Binary("^", b, TWO)),))
            case Call(f, (Binary("^", u, n),)):
                yield Binary("^", Call(f, (u,)), n)
            case Binary("^", Call(f, (u,)), n):
                yield Call(f, (Binary("^", u, n),))

    yield from _rewritten(case, everywhere(case.answer, change))


@rule("One transpose is missing or superfluous in what is written.")
def slip_transpose(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        yield e.arg if isinstance(e, Transpose) else Transpose(e)

    yield from _rewritten(case, everywhere(case.answer, change))


@rule(
    "Two operands in what is written stand in the wrong order, or an inner product stands for an outer one."
)
def slip_order(case: Case) -> Iterator[Make]:
    def bare(e: Expr) -> Expr:
        return e.arg if isinstance(e, Transpose) else e

    def change(e: Expr) -> Iterator[Expr]:
        match e:
            case Binary(op, left, right):
                yield Binary(op, right, left)
                if op == "@":
                    yield from (
                        Call("outer", (bare(a), bare(b))) for a, b in ((left, right), (right, left))
                    )
            case Call("outer", (a, b)):
                yield from (Call("outer", (b, a)), Binary("@", a, b))

    yield from _rewritten(case, everywhere(case.answer, change))


@rule("An entry-by-entry product and a matrix product are exchanged in what is written.")
def slip_product(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        match e:
            case Binary("*" | "@" as op, left, right):
                yield Binary({"*": "@", "@": "*"}[op], left, right)
                yield Call("outer", (left, right))

    yield from _rewritten(case, everywhere(case.answer, change))


def pool(case: Case) -> list[Expr]:
    found = {Name(name): None for name in (*case.points[0].values, *case.lines)}
    for line in case.lines.values():
        found |= {one: None for _, one in parts(line)}
    return list(found)


@rule("One factor or divisor is missing in what is written.")
def slip_factor(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        for one in pool(case):
            yield from (
                Binary("*", e, one),
                Binary("/", e, one),
                Binary("*", e, Binary("-", ONE_, one)),
            )

    yield from _rewritten(case, everywhere(case.answer, change))


@rule(
    "A quantity in what is written stands where a function of it belongs, or the other way round."
)
def slip_activation(case: Case) -> Iterator[Make]:
    def changes() -> Iterator[Expr]:
        for name, expr in case.lines.items():
            if isinstance(expr, Call) and len(expr.args) == 1 and isinstance(expr.args[0], Name):
                for old, new in ((expr.args[0], Name(name)), (Name(name), expr.args[0])):
                    whole = case.answer
                    for path, one in parts(case.answer):
                        if one == old:
                            yield put(case.answer, path, new)
                            whole = put(whole, path, new)
                    yield whole

    yield from _rewritten(case, changes())


@rule(
    "(?:One factor of the answer|The upstream gradient, with its factor,) is left out(?: of the answer)?."
)
def factor_left_out(case: Case) -> Iterator[Make]:
    for answer in case.printed:
        for path, one in parts(answer):
            if isinstance(one, Binary) and one.op in "*@":
                pair_ = (one.left, one.right)
            elif isinstance(one, Call) and one.func == "outer":
                pair_ = (one.args[0], one.args[1])
            else:
                continue
            for kept_one in pair_:
                new = put(answer, path, kept_one)
                yield lambda p, new=new: case.given(p, new)


@rule("A name in what is written stands where another belongs, or two are exchanged.")
def slip_name(case: Case) -> Iterator[Make]:
    def changes() -> Iterator[Expr]:
        leaves = [(path, one) for path, one in parts(case.answer) if isinstance(one, Name)]
        known = [Name(name) for name in (*case.points[0].values, *case.lines)]
        for path, _ in leaves:
            yield from (put(case.answer, path, other) for other in known)
        for old in {one for _, one in leaves}:
            for other in known:
                new = case.answer
                for path, one in leaves:
                    new = put(new, path, other) if one == old else new
                yield new
        for (p, one), (q, two) in combinations(leaves, 2):
            yield put(put(case.answer, p, two), q, one)
        for one, two in combinations({one for _, one in leaves}, 2):
            new = case.answer
            for path, leaf_ in leaves:
                new = put(new, path, {one: two, two: one}.get(leaf_, leaf_))
            yield new

    yield from _rewritten(case, changes())


@rule("The argument of a function in what is written is not the right one.")
def slip_argument(case: Case) -> Iterator[Make]:
    def changes() -> Iterator[Expr]:
        calls = [(path, one) for path, one in parts(case.answer) if isinstance(one, Call)]
        for path, one in calls:
            arg = one.args[0]
            others = [
                *pool(case),
                Binary("*", TWO, arg),
                Binary("/", arg, TWO),
                Neg(arg),
                Binary("^", arg, TWO),
            ]
            for other in others:
                yield put(case.answer, path, Call(one.func, (other, *one.args[1:]), one.kwargs))
                new = case.answer
                for at, part_ in sorted(parts(case.answer), key=lambda item: -len(item[0])):
                    new = put(new, at, other) if part_ == arg else new
                yield new

    yield from _rewritten(case, changes())


@rule("A function is missing or superfluous in what is written.")
def slip_function(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        if isinstance(e, Call):
            yield e.args[0]
        yield from (Call(func, (e,)) for func in FUNCTIONS)
        yield from (one for one in pool(case) if isinstance(one, Call))

    yield from _rewritten(case, everywhere(case.answer, change))


@rule("A function in what is written stands where a related one belongs.")
def slip_sister(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        if isinstance(e, Call):
            yield from (Call(func, e.args, e.kwargs) for func in FUNCTIONS)

    yield from _rewritten(case, everywhere(case.answer, change))


@rule("One number in what is written is wrong, or missing.")
def slip_number(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        if isinstance(e, Num):
            yield from (Num(k) for k in (e.value + 1, e.value - 1, 2 * e.value, e.value / 2))
        yield from (Binary("*", TWO, e), Binary("/", e, TWO))

    yield from _rewritten(case, everywhere(case.answer, change))


@rule("One (?:factor or divisor|term) too many stands in what is written.")
def slip_extra(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        match e:
            case Binary("*" | "+", left, right):
                yield from (left, right)
            case Binary("/", left, right):
                yield from (left, Binary("/", ONE_, right))
            case Binary("-", left, right):
                yield from (left, Neg(right))

    yield from _rewritten(case, everywhere(case.answer, change))


@rule("One term is missing in what is written.")
def slip_term(case: Case) -> Iterator[Make]:
    def change(e: Expr) -> Iterator[Expr]:
        yield Binary("-", ONE_, e)
        for one in (ONE_, *pool(case)):
            yield from (Binary("+", e, one), Binary("-", e, one))

    yield from _rewritten(case, everywhere(case.answer, change))


@rule("A sum and a product are exchanged in what is written.")
def slip_sum_product(case: Case) -> Iterator[Make]:
    def flat(e: Expr) -> list[Expr]:
        return [*flat(e.left), *flat(e.right)] if isinstance(e, Binary) and e.op == "*" else [e]

    def change(e: Expr) -> Iterator[Expr]:
        match e:
            case Binary("+", left, right):
                yield Binary("*", left, right)
            case Binary("*"):
                one = flat(e)
                for k in range(1, len(one)):
                    left, right = one[0], one[k]
                    for x in one[1:k]:
                        left = Binary("*", left, x)
                    for x in one[k + 1 :]:
                        right = Binary("*", right, x)
                    yield Binary("+", left, right)

    yield from _rewritten(case, everywhere(case.answer, change))


@rule("One pair of parentheses is missing, superfluous or misplaced in what is written.")
def slip_parentheses(case: Case) -> Iterator[Make]:
    tokens = re.findall(r"[\w.]+|\S", unparse(case.answer))

    def changes() -> Iterator[Expr]:
        closing = [k for k, t in enumerate(tokens) if t == ")"]
        opening = [k for k, t in enumerate(tokens) if t == "("]
        bare = [tokens]
        bare += [
            [t for k, t in enumerate(tokens) if k not in (a, b)]
            for a in opening
            for b in closing
            if a < b
        ]
        for words in bare:
            texts = {"".join(words)}
            for a in range(len(words)):
                for b in range(a + 1, len(words) + 1):
                    texts.add("".join([*words[:a], "(", *words[a:b], ")", *words[b:]]))
            for text in texts:
                try:
                    yield parse(text)
                except Exception:
                    continue

    yield from _rewritten(case, changes())
