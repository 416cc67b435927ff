"""The expression language evaluated with many digits, for the tests: scalars only, straight from the syntax tree.

Nothing of gradcalc but the tree is used, so that numbers here can check gradcalc's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import mpmath

from gradcalc.language.parser import Binary, Call, Compare, Expr, Name, Neg, Num

DIGITS = 80
Number = Any


class Outside(Exception):
    """The point lies outside the domain, or too near a kink or a pole to be compared."""


def context(digits: int = DIGITS) -> Any:
    numbers = mpmath.mp.clone()
    numbers.dps = digits
    return numbers


def partial_log(m: Any, x: Number) -> Number:
    if x <= 0:
        raise Outside
    return m.log(x)


def _root(m: Any, x: Number) -> Number:
    if x < 0:
        raise Outside
    return m.sqrt(x)


def _arc(name: str) -> Callable[[Any, Number], Number]:
    def arc(m: Any, x: Number) -> Number:
        if abs(x) > 1:
            raise Outside
        return getattr(m, name)(x)

    return arc


def _beyond(name: str | Callable[[Number], Number], least: int) -> Callable[[Any, Number], Number]:
    """A function that is compared from a number on."""

    def beyond(m: Any, x: Number) -> Number:
        if x <= least:
            raise Outside
        return name(x) if callable(name) else getattr(m, name)(x)

    return beyond


def _sigmoid(m: Any, x: Number) -> Number:
    return 1 / (1 + m.exp(-x))


FUNCTIONS: Mapping[str, Callable[..., Number]] = {
    **{name: (lambda m, x, name=name: getattr(m, name)(x)) for name in ("exp", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "erf")},
    "log": partial_log, "sqrt": _root, "asin": _arc("asin"), "acos": _arc("acos"), "sigmoid": _sigmoid,
    "abs": lambda m, x: abs(x), "sign": lambda m, x: m.sign(x), "step": lambda m, x: m.mpf(x > 0),
    "relu": lambda m, x: x if x > 0 else m.mpf(0), "leaky_relu": lambda m, x, a=None: x if x > 0 else (m.mpf(1) / 100 if a is None else a) * x,
    "elu": lambda m, x, a=None: x if x > 0 else (1 if a is None else a) * (m.exp(x) - 1), "gelu": lambda m, x: x * (1 + m.erf(x / m.sqrt(2))) / 2,
    "silu": lambda m, x: x * _sigmoid(m, x), "softplus": lambda m, x: m.log(1 + m.exp(x)), "softsign": lambda m, x: x / (1 + abs(x)),
    "asinh": lambda m, x: m.asinh(x), "acosh": _beyond("acosh", 1), "atanh": _arc("atanh"), "expm1": lambda m, x: m.exp(x) - 1,
    "log1p": lambda m, x: partial_log(m, 1 + x), "log2": lambda m, x: partial_log(m, x) / m.log(2), "log10": lambda m, x: partial_log(m, x) / m.log(10),
    "lgamma": _beyond("loggamma", 0), "digamma": _beyond("digamma", 0), "polygamma": lambda m, k, x: _beyond(lambda x: m.psi(int(k), x), 0)(m, x),
    "max": lambda m, *x: max(x), "min": lambda m, *x: min(x), "norm": lambda m, x: abs(x),
}  # fmt: skip
KINKED = frozenset(("abs", "sign", "step", "relu", "leaky_relu", "elu", "softsign", "norm"))
TIED = frozenset(("max", "min"))
EDGES = {
    "log": 0,
    "sqrt": 0,
    "log2": 0,
    "log10": 0,
    "log1p": -1,
    "acosh": 1,
    "lgamma": 0,
    "digamma": 0,
}
ARCS = frozenset(("asin", "acos", "atanh"))  # from -1 to 1


@dataclass
class Evaluator:
    """`near`: how close to a kink, a jump or the edge of a domain raises Outside. `frozen`: what stop_gradient sees."""

    values: Mapping[str, Number]
    m: Any = field(default_factory=context)
    near: float = 0.0
    frozen: Mapping[str, Number] | None = None

    def value(self, expr: Expr) -> Number:
        """Raises Outside, and ArithmeticError or ValueError where mpmath refuses."""
        found = self._value(expr)
        if not self.m.isfinite(found) or self.m.mag(found) > 300 or isinstance(found, self.m.mpc):
            raise Outside
        return found

    def _value(self, expr: Expr) -> Number:
        m = self.m
        match expr:
            case Num():
                return m.mpf(expr.value.numerator) / expr.value.denominator
            case Name():
                if expr.id in self.values:
                    return self.values[expr.id]
                return {"pi": +m.pi, "e": +m.e}[expr.id]
            case Neg():
                return -self.value(expr.arg)
            case Binary():
                return self._binary(expr.op, self.value(expr.left), self.value(expr.right))
            case Call() if expr.func == "where":
                chosen = self._compare(expr.args[0])
                return self.value(expr.args[1 if chosen else 2])
            case Call() if expr.func == "stop_gradient":
                inner = Evaluator(self.frozen, m, self.near) if self.frozen is not None else self
                return inner.value(expr.args[0])
            case Call():
                operands = [self.value(arg) for arg in expr.args]
                if expr.func in KINKED:
                    self._apart(operands[0], m.mpf(0))
                if expr.func in TIED:
                    for other in operands[1:]:
                        self._apart(operands[0], other)
                if expr.func in EDGES:
                    self._apart(operands[0], m.mpf(EDGES[expr.func]))
                if expr.func in ARCS:
                    self._apart(operands[0], m.sign(operands[0]))
                return FUNCTIONS[expr.func](m, *operands)
        raise TypeError(f"no scalar expression: {expr!r}")

    def _binary(self, op: str, x: Number, y: Number) -> Number:
        if op == "/":
            self._apart(y, self.m.mpf(0))
            if y == 0:
                raise Outside
            return x / y
        if op == "^":
            whole = y == int(y)
            if (not whole and x <= 0) or (x == 0 and y <= 0) or abs(y) > 200:
                raise Outside
            return x ** int(y) if whole else x**y
        return {"+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y}[op]()

    def _compare(self, expr: Expr) -> bool:
        assert isinstance(expr, Compare)
        x, y = self.value(expr.left), self.value(expr.right)
        self._apart(x, y)
        return {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y, "==": x == y, "!=": x != y}[
            expr.op
        ]

    def _apart(self, x: Number, y: Number) -> None:
        if abs(x - y) < self.near:
            raise Outside
