"""Random programs with shifted indices, convolutions and structured matrices, each with the same computation as plain
loops in Python, which share nothing with the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

import numpy as np

Array = Any
Values = dict[str, Array]

SHAPED: Mapping[str, Callable[[Array], Array]] = {
    "{}": lambda v: v, "tanh({})": np.tanh, "({})^2": lambda v: v**2, "sin({})": np.sin, "log1p(({})^2)": lambda v: np.log1p(v**2), "relu({})": lambda v: np.maximum(v, 0),
}  # fmt: skip
LOSSES: Mapping[str, Callable[[Array], Array]] = {
    "sum({}^2)/2": lambda v: np.sum(v**2) / 2, "sum(sin({}))": lambda v: np.sum(np.sin(v)), "mean({}^2)": lambda v: np.mean(v**2),
    "sum(tanh({}))": lambda v: np.sum(np.tanh(v)),
}  # fmt: skip
MOVED: Mapping[str, Callable[[Array], Array]] = {
    "": lambda e: e, "symmetric": lambda e: np.maximum(e, e.T), "skew": lambda e: e - e.T,
    "diagonal": lambda e: e * np.eye(len(e)), "lower": lambda e: np.tril(e),
}  # fmt: skip


@dataclass
class Shifted:
    """Lines, the inputs' values and structures, and the loss as a function of the values."""

    lines: list[str]
    values: Values
    free: dict[str, str]
    loss: Callable[[Values], float]
    asked: tuple[str, ...]

    def content(self) -> dict[str, Any]:
        """The exercise."""
        variables = {
            name: {
                "shape": list(value.shape),
                **({"free": self.free[name]} if name in self.free else {}),
            }
            for name, value in self.values.items()
        }
        values = {name: value.tolist() for name, value in self.values.items()}
        questions = [f"dL/d{name}" for name in self.asked]
        return {
            "expression": self.lines,
            "variables": variables,
            "values": values,
            "questions": questions,
        }

    def gradient(self, name: str) -> Array:
        """Central differences; entries that are one parameter are moved together."""
        value = self.values[name]
        found = np.zeros_like(value)
        for place in np.ndindex(*value.shape):
            entry = np.zeros_like(value)
            entry[place] = 1
            entry = MOVED[self.free.get(name, "")](entry)
            step = 1e-5
            after, before = (
                self.loss({**self.values, name: value + sign * step * entry}) for sign in (1, -1)
            )
            found[place] = (after - before) / (2 * step)
        return found


def numbers(random: Random, *shape: int) -> Array:
    """Numbers with two decimals, none of them small."""
    drawn = [
        random.choice((-1, 1)) * random.randint(20, 150) / 100 for _ in range(int(np.prod(shape)))
    ]
    return np.array(drawn).reshape(shape)


def place(parts: list[tuple[str, int]], offset: int, random: Random) -> str:
    """step*index + … + offset, in some order."""
    words = [
        ("" if step > 0 else "-", name if abs(step) == 1 else f"{abs(step)}*{name}")
        for name, step in parts
    ]
    random.shuffle(words)
    words.sort(key=lambda word: word[0] == "-")
    text = "".join(f" {sign or '+'} {word}" for sign, word in words).removeprefix(" + ")
    return f"{text} + {offset}" if offset else text


def one_axis(
    random: Random, name: str, out: str, kernel: str, indices: tuple[str, str], n_out: int
) -> tuple[str, Callable[[Array, Array], Array], int]:
    """A line out[t] = sum(k[s]*g(x[…]), s) as text, as loops, and the length of x."""
    t, s = indices
    stride, dilation = random.choice((1, 1, 1, 2)), random.choice((1, 1, 1, -1, 2))
    n_kernel = random.randint(2, 3)
    low = min(0, dilation * (n_kernel - 1))
    offset = -low + (random.choice((0, 0, 1)) if random.random() < 0.3 else 0)
    length = stride * (n_out - 1) + max(0, dilation * (n_kernel - 1)) + offset + 1
    shape = random.choice(list(SHAPED))
    inner = shape.format(f"{name}[{place([(t, stride), (s, dilation)], offset, random)}]")
    line = f"{out}[{t}] = sum({kernel}[{s}]*{inner}, {s})"
    function = SHAPED[shape]

    def loops(x: Array, k: Array) -> Array:
        return np.array(
            [
                sum(k[b] * function(x[stride * a + dilation * b + offset]) for b in range(n_kernel))
                for a in range(n_out)
            ]
        )

    return line, loops, length


def convolution(random: Random) -> Shifted:
    """One sum over a kernel, perhaps a second one on its result."""
    n_out = random.randint(2, 4)
    loss = random.choice(list(LOSSES))
    line, loops, length = one_axis(random, "x", "c", "k", ("t", "s"), n_out)
    n_kernel = 0
    for n_kernel in (2, 3):  # as many as the loops use
        try:
            loops(np.ones(length), np.ones(n_kernel))
            break
        except IndexError:
            continue
    lines, values = [line], {"x": numbers(random, length), "k": numbers(random, n_kernel)}
    if random.random() < 0.4 and n_out > 2:
        lines += ["e[u] = sum(w[v]*c[u + v], v)", f"L = {loss.format('e')}"]
        values["w"] = numbers(random, 2)

        def total(v: Values) -> float:
            c = loops(v["x"], v["k"])
            e = np.array([v["w"][0] * c[a] + v["w"][1] * c[a + 1] for a in range(n_out - 1)])
            return float(LOSSES[loss](e))
    else:
        lines.append(f"L = {loss.format('c')}")

        def total(v: Values) -> float:
            return float(LOSSES[loss](loops(v["x"], v["k"])))

    return Shifted(lines, values, {}, total, tuple(values))


def plane(random: Random) -> Shifted:
    """A kernel in two dimensions, with strides."""
    rows, columns, height, width = (
        random.randint(2, 3),
        random.randint(1, 3),
        random.randint(1, 2),
        random.randint(2, 3),
    )
    down, right = random.choice((1, 1, 2)), random.choice((1, 1, 2))
    shape, loss = random.choice(list(SHAPED)), random.choice(list(LOSSES))
    items = (
        f"{place([('i', down), ('a', 1)], 0, random)}, {place([('j', right), ('b', 1)], 0, random)}"
    )
    lines = [f"Y[i, j] = sum(K[a, b]*X[{items}], a, b)", f"L = {loss.format(shape.format('Y'))}"]
    values = {
        "X": numbers(random, down * (rows - 1) + height, right * (columns - 1) + width),
        "K": numbers(random, height, width),
    }
    if min(rows, columns, height) == 1:  # an axis of one, whose index is 0
        pass

    def total(v: Values) -> float:
        y = np.array(
            [
                [
                    sum(
                        v["K"][a, b] * v["X"][down * i + a, right * j + b]
                        for a, b in product(range(height), range(width))
                    )
                    for j in range(columns)
                ]
                for i in range(rows)
            ]
        )
        return float(LOSSES[loss](SHAPED[shape](y)))

    return Shifted(lines, values, {}, total, tuple(values))


def differences(random: Random) -> Shifted:
    """x[t + 1] beside x[t], with other arrays along the index."""
    n, order = random.randint(2, 4), random.choice((1, 2))
    a, shape, loss = (
        random.choice((1, 2, 3)),
        random.choice(list(SHAPED)),
        random.choice(list(LOSSES)),
    )
    step = shape.format("x[t]")
    if order == 1:
        line = f"r[t] = u[t]*x[t + 1] - {a}*{step}"
    else:
        line = f"r[t] = x[t + 2] - {a}*x[t + 1] + u[t]*{step}"
    values = {"x": numbers(random, n + order), "u": numbers(random, n)}

    def total(v: Values) -> float:
        x, u, g = v["x"], v["u"], SHAPED[shape]
        if order == 1:
            r = np.array([u[t] * x[t + 1] - a * g(x[t]) for t in range(n)])
        else:
            r = np.array([x[t + 2] - a * x[t + 1] + u[t] * g(x[t]) for t in range(n)])
        return float(LOSSES[loss](r))

    return Shifted([line, f"L = {loss.format('r')}"], values, {}, total, tuple(values))


def called(random: Random) -> Shifted:
    """conv, conv2d, cumsum, triu and tril."""
    loss = random.choice(list(LOSSES))
    kind = random.choice(("conv", "conv2d", "cumsum", "triangle"))
    if kind == "conv":
        n, m = random.randint(3, 5), random.randint(2, 3)
        values = {"x": numbers(random, n), "k": numbers(random, m)}
        lines = ["c = conv(tanh(x), k)", f"L = {loss.format('c')}"]

        def made(v: Values) -> Array:
            return np.array(
                [
                    sum(v["k"][s] * np.tanh(v["x"][t + s]) for s in range(m))
                    for t in range(n - m + 1)
                ]
            )
    elif kind == "conv2d":
        n, m = random.randint(2, 4), random.randint(1, 2)
        values = {"x": numbers(random, n, 3), "k": numbers(random, m, 2)}
        lines = ["c = conv2d(x, k)", f"L = {loss.format('c')}"]

        def made(v: Values) -> Array:
            return np.array(
                [
                    [
                        sum(v["k"][a, b] * v["x"][i + a, j + b] for a in range(m) for b in range(2))
                        for j in range(2)
                    ]
                    for i in range(n - m + 1)
                ]
            )
    elif kind == "cumsum":
        axis = random.choice((0, 1))
        values = {"x": numbers(random, random.randint(2, 3), 3), "w": numbers(random, 3)}
        lines = [f"c = cumsum(x, axis={axis})*w", f"L = {loss.format('c')}"]

        def made(v: Values) -> Array:
            return np.cumsum(v["x"], axis=axis) * v["w"]
    else:
        n, k, word = (
            random.randint(2, 3),
            random.choice((0, 0, 1, -1)),
            random.choice(("triu", "tril")),
        )
        values = {"x": numbers(random, n, n), "w": numbers(random, n)}
        lines = [f"c = {word}(x{f', {k}' if k else ''}) @ w", f"L = {loss.format('c')}"]

        def made(v: Values) -> Array:
            return getattr(np, word)(v["x"], k) @ v["w"]

    return Shifted(lines, values, {}, lambda v: float(LOSSES[loss](made(v))), tuple(values))


FORMS: Mapping[str, Callable[[Array, Array, Array], float]] = {
    "x @ S @ x": lambda s, a, x: x @ s @ x,
    "tr(A @ S)": lambda s, a, x: np.trace(a @ s),
    "sum(tanh(S @ x))": lambda s, a, x: np.sum(np.tanh(s @ x)),
    "sum((A @ S @ A.T)^2)/2": lambda s, a, x: np.sum((a @ s @ a.T) ** 2) / 2,
    "logdet(S @ S.T + eye(n))": lambda s, a, x: np.linalg.slogdet(s @ s.T + np.eye(len(s)))[1],
    "x @ inv(S @ S.T + eye(n)) @ x": lambda s, a, x: x @ np.linalg.inv(s @ s.T + np.eye(len(s))) @ x,
    "sum(sin(S)*A)": lambda s, a, x: np.sum(np.sin(s) * a),
    "norm(S @ x - A @ x)^2": lambda s, a, x: np.sum((s @ x - a @ x) ** 2),
    "sum(softmax(S @ x)*x)": lambda s, a, x: np.sum(np.exp(s @ x) / np.sum(np.exp(s @ x)) * x),
    "tr(S @ S @ A)": lambda s, a, x: np.trace(s @ s @ a),
}  # fmt: skip


def structured(random: Random) -> Shifted:
    """A function of a matrix whose free parameters are varied; sums and products of two."""
    n = random.randint(2, 3)
    word = random.choice(("symmetric", "skew", "diagonal", "lower"))
    raw = numbers(random, n, n)
    matrix = {
        "symmetric": np.triu(raw) + np.triu(raw, 1).T, "skew": np.triu(raw, 1) - np.triu(raw, 1).T,
        "diagonal": raw * np.eye(n), "lower": np.tril(raw),
    }[word]  # fmt: skip
    first, second = random.choice(list(FORMS)), random.choice(list(FORMS))
    sign = random.choice("+*-")
    values = {"S": matrix, "A": numbers(random, n, n), "x": numbers(random, n)}
    lines = [
        f"p = {first}".replace("eye(n)", f"eye({n})"),
        f"q = {second}".replace("eye(n)", f"eye({n})"),
        f"L = p {sign} q",
    ]

    def total(v: Values) -> float:
        p, q = (FORMS[form](v["S"], v["A"], v["x"]) for form in (first, second))
        return float(p + q if sign == "+" else p * q if sign == "*" else p - q)

    return Shifted(lines, values, {"S": word}, total, ("S", "x"))


KINDS = (convolution, convolution, plane, differences, called, structured, structured)


def shifted_program(random: Random) -> Shifted:
    """One random program."""
    return random.choice(KINDS)(random)
