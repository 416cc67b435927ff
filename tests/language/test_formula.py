"""Formulas read as they were meant: cases in full, and a small reader of its own that evaluates what was printed."""

from __future__ import annotations

import random
import re
import time
from fractions import Fraction

import numpy as np
import pytest

from gradcalc.language.formula import Names, latex, text
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num, Transpose, parse
from gradcalc.language.sizes import Size


def shape(*sizes: int | str) -> tuple[Size, ...]:
    return tuple(map(Size.of, sizes))


NAMES = Names(
    shapes={
        **dict.fromkeys(("y", "yhat", "L", "z", "w0", "x0", "alpha", "loss"), ()),
        "x": shape("n"), "w": shape("n"), "p": shape("n"), "u": shape("n", 1), "v": shape("n", 1),
        "A": shape("n", "n"), "B": shape("n", "n"), "W1": shape("h", "d"), "W2": shape(1, "h"),
        "X": shape("d", "m"), "Y": shape(1, "m"), "Yhat": shape(1, "m"), "Z1": shape("h", "m"), "b": shape("n"),
    },
    each=frozenset(("x", "y", "yhat", "L")),
    ranges={"i": Size.of("m")},
    latex={"yhat": r"\hat{y}"},
    functions=frozenset("g"),
    partials={"dL_dZ": ("L", "Z")},
)  # fmt: skip


CASES = [
    ("w0*alpha*(1 - alpha)", "w₀ α (1 − α)", r"w_0 \alpha (1 - \alpha)"),
    ("(W2.T @ (Yhat - Y) * step(Z1)) @ X.T / m", "(W₂ᵀ(Ŷ − Y) ∘ 1[Z₁ > 0]) Xᵀ / m",
     r"\frac{(W_2^{\top} (\hat{Y} - Y) \odot \mathbb{1}[Z_1 > 0]) X^{\top}}{m}"),
    ("-(1/m)*(y/yhat - (1 - y)/(1 - yhat))", "−(1/m)(y/ŷ − (1 − y)/(1 − ŷ))",
     r"-\frac{1}{m} \left(\frac{y}{\hat{y}} - \frac{1 - y}{1 - \hat{y}}\right)"),
    ("-1/m*sum(L, i)", "−(1/m) Σᵢ L", r"-\frac{1}{m} \sum_{i=1}^m L"),
    ("diag(p) - outer(p, p)", "diag(p) − p pᵀ", r"\operatorname{diag}(p) - p p^{\top}"),
    ("2*A.T @ (A @ x - b)", "2·Aᵀ(A x − b)", r"2 A^{\top} (A x - b)"),
    ("inv(A).T", "A⁻ᵀ", r"A^{-\top}"),
    ("inv(A.T)", "(Aᵀ)⁻¹", r"(A^{\top})^{-1}"),
    ("inv(A + B) @ x", "(A + B)⁻¹ x", r"(A + B)^{-1} x"),
    ("x @ A @ x", "xᵀ A x", r"x^{\top} A x"),
    ("x.T @ A @ x", "xᵀ A x", r"x^{\top} A x"),
    ("u.T @ v * A", "(uᵀ v) A", r"(u^{\top} v) A"),
    ("dot(x, w)*x", "(xᵀ w) x", r"(x^{\top} w) x"),
    ("(A @ x - b) @ (A @ x - b)", "(A x − b)ᵀ(A x − b)", r"(A x - b)^{\top} (A x - b)"),
    ("where(k == p0, x[q], 0)", "1[k = p₀] x_q", r"\mathbb{1}[k = p_0] x_q"),
    ("where(z > 0, 1, 0)", "1[z > 0]", r"\mathbb{1}[z > 0]"),
    ("where(z > 0, z, 2*z)*y", "(z if z > 0, else 2z) y",
     r"\left(\begin{cases} z & \text{if } z > 0 \\ 2 z & \text{otherwise} \end{cases}\right) y"),
    ("-z^2", "−z²", "-z^2"),
    ("(-z)^2", "(−z)²", "(-z)^2"),
    ("(z^2)^3", "(z²)³", "(z^2)^3"),
    ("z^2^3", "z^(2³)", "z^{2^3}"),
    ("z^-1 + z^(1/2) + 2^z + z^10", "z⁻¹ + z^(1/2) + 2^z + z¹⁰", "z^{-1} + z^{1/2} + 2^z + z^{10}"),
    ("A^2 + A*B", "A^∘2 + A ∘ B", r"A^{\circ 2} + A \odot B"),
    ("matrix_power(A, 3) @ x", "A³ x", "A^3 x"),
    ("exp(-z)/(1 + exp(-z))^2", "exp(−z)/(1 + exp(−z))²", r"\frac{e^{-z}}{(1 + e^{-z})^2}"),
    ("sqrt(z) + sqrt(2*z)*3", "√z + √(2z) · 3", r"\sqrt{z} + \sqrt{2 z} \cdot 3"),
    ("abs(z)*abs(y) + norm(x)^2 + norm(A, ord=1)", "|z| |y| + ‖x‖² + ‖A‖₁",
     r"\lvert z \rvert \lvert y \rvert + \lVert x \rVert^2 + \lVert A \rVert_1"),
    ("sum(w[j]*x[j], j)/2", "(Σⱼ w_j x_j)/2", r"\frac{\displaystyle \sum_j w_j x_j}{2}"),
    ("sum(z + y, i)", "Σᵢ (z + y)", r"\sum_{i=1}^m (z + y)"),
    ("sum(sum(L, i), j)*z", "(Σⱼ Σᵢ L) z", r"\left(\sum_j \sum_{i=1}^m L\right) z"),
    ("sum(exp(x[j] - z), j, j != k)", "Σ_{j≠k} exp(x_j − z)", r"\sum_{j \ne k} e^{x_j - z}"),
    ("p - eye(n)[k]", "p − e_k", "p - e_k"),
    ("eye(n) - A", "I − A", "I - A"),
    ("sum(A, axis=0) + sum(A)", "sum₀(A) + sum(A)", r"\operatorname{sum}_0(A) + \operatorname{sum}(A)"),
    ("loss*z*(1 - z)", "loss · z (1 − z)", r"\mathit{loss} \cdot z (1 - z)"),
    ("y - (z - w0) - (-z) + (-y)", "y − (z − w₀) − (−z) − y", "y - (z - w_0) - (-z) - y"),
    ("y/(z*w0) + y*z/w0 + y/z/w0 + y*(z/w0)", "y/(z w₀) + y z / w₀ + (y/z)/w₀ + y (z/w₀)",
     r"\frac{y}{z w_0} + \frac{y z}{w_0} + \frac{\frac{y}{z}}{w_0} + y \frac{z}{w_0}"),
    ("sigmoid(z)*(1 - sigmoid(z))", "σ(z)(1 − σ(z))", r"\sigma(z) (1 - \sigma(z))"),
    ("kron(A, B) @ A", "(A ⊗ B) A", r"(A \otimes B) A"),
    ("W1[0, 2] + A[j, :] + A[j, k]^2 + x[0]", "W₁[0, 2] + A[j, :] + A_jk² + x[0]", r"[W_1]_{0,2} + A_{j,:} + A_{jk}^2 + x_0"),
    ("g''(z)*y", "g''(z) y", "g''(z) y"),
    ("0.5*z + 1/3*z + 1e-7*z", "0.5z + (1/3) z + 1e-7z", r"0.5 z + \frac{1}{3} z + 10^{-7} z"),
    ("(A @ B).T", "(A B)ᵀ", r"(A B)^{\top}"),
    ("A @ (B*A) @ x", "A (B ∘ A) x", r"A (B \odot A) x"),
    ("max(z, 0) + min(z, y)", "max(z, 0) + min(z, y)", r"\max(z, 0) + \min(z, y)"),
    ("min(z, pi) + max(z, n)", "min(z, π) + max(z, n)", r"\min(z, \pi) + \max(z, n)"),
    ("max(x[k], k)", "maxₖ(x_k)", r"\max_k(x_k)"),
    ("softmax(W1 @ X)", "softmax(W₁ X)", r"\operatorname{softmax}(W_1 X)"),
    ("z^y*(1 - z)", "z^y (1 − z)", "z^y (1 - z)"),
    ("A @ dL_dZ @ loss", "A (∂L/∂Z) loss", r"A \frac{\partial L}{\partial Z} \mathit{loss}"),
    ("where(z > 0, 1/2, 0)", "(1/2) 1[z > 0]", r"\frac{1}{2} \mathbb{1}[z > 0]"),
    ("det(A)*inv(A).T", "det(A) A⁻ᵀ", r"\det(A) A^{-\top}"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "line", "tex"), CASES)
def test_formulas(source: str, line: str, tex: str) -> None:
    expr = parse(source, {"g"})
    assert (text(expr, NAMES), latex(expr, NAMES)) == (line, tex)


@pytest.mark.parametrize(
    ("source", "tex"),
    [
        ("x*y", r"x^{(i)} y^{(i)}"),
        ("y^2", r"(y^{(i)})^2"),
        ("A @ x @ x.T", r"A x^{(i)} x^{(i)\top}"),
        ("x[j]^2 + w[j]", r"(x_j^{(i)})^2 + w_j"),
        ("yhat - y", r"\hat{y}^{(i)} - y^{(i)}"),
    ],
)
def test_per_example_names_carry_their_index_once(source: str, tex: str) -> None:
    names = Names(
        shapes={**NAMES.shapes, "x": shape("n", 1)},
        each=NAMES.each,
        ranges=NAMES.ranges,
        latex=NAMES.latex,
    )
    assert latex(parse(source), names, example=True) == tex
    assert "^{(i)}^" not in tex


def test_ascii_is_the_expression_language() -> None:
    assert (
        text(parse("W2.T @ (Yhat - Y)*step(Z1)"), NAMES, ascii=True) == "W2.T @ (Yhat - Y)*step(Z1)"
    )
    assert text(parse("θ*2"), NAMES, ascii=True) == "theta*2"


# ---- a reader of its own


class Reader:
    """Evaluates a printed formula over one-letter names: sums, ∘, juxtaposition and /, postfixes, in this order."""

    def __init__(self, source: str, values: dict[str, object]) -> None:
        self.tokens = re.findall(r"exp|log|σ|sin|⁻ᵀ|⁻¹|\d+|\S", source.replace("−", "-"))
        self.values, self.at = values, 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def value(self) -> object:
        result = self.sum()
        assert not self.peek(), f"left over: {self.tokens[self.at :]}"
        return result

    def sum(self) -> object:
        total = -self.hadamard() if self.peek() == "-" and self.take() else self.hadamard()
        while self.peek() in ("+", "-"):
            total = total + self.hadamard() if self.take() == "+" else total - self.hadamard()
        return total

    def hadamard(self) -> object:
        total = self.product()
        while self.peek() == "∘":
            self.take()
            total = total * self.product()
        return total

    def product(self) -> object:
        total = self.factor()
        while self.peek() and self.peek() not in "+-∘)]":
            if self.peek() == "/":
                self.take()
                total = total / self.factor()
                continue
            if self.peek() == "·":
                self.take()
            total = _times(total, self.factor())
        return total

    def factor(self) -> object:
        value = self.atom()
        while self.peek() in ("ᵀ", "⁻¹", "⁻ᵀ", "²", "³", "^"):
            mark = self.take()
            if mark == "^":
                value = value ** self.atom()
            elif mark in "²³":
                value = value**2 if mark == "²" else value**3
            else:
                value = np.linalg.inv(value) if mark != "ᵀ" else value
                value = value if mark == "⁻¹" else value.T
        return value

    def atom(self) -> object:
        token = self.take()
        if token == "(":
            value = self.sum()
            assert self.take() == ")"
            return value
        if token.isdigit():
            return np.float64(token)
        if token in FUNCTIONS:
            return FUNCTIONS[token](self.atom())
        return self.values[token]


def _times(left: object, right: object) -> object:
    return left @ right if np.ndim(left) and np.ndim(right) else left * right


FUNCTIONS = {"exp": np.exp, "log": np.log, "σ": lambda x: 1 / (1 + np.exp(-x)), "sin": np.sin}


CALLS = {"exp": np.exp, "sigmoid": FUNCTIONS["σ"], "sin": np.sin}


SQUARE = ("A", "B", "C")


VALUES: dict[str, object] = {"x": np.float64(0.7), "y": np.float64(-1.3), "z": np.float64(0.4)} | {
    name: np.array([[2.0, -0.3, 0.4], [0.5, 1.7, -0.6], [0.2 + i, 0.9, 3.1]])
    for i, name in enumerate(SQUARE)
}


RANDOM_NAMES = Names(shapes={**dict.fromkeys("xyz", ()), **dict.fromkeys(SQUARE, shape(3, 3))})


def meaning(expr: Expr) -> object:
    match expr:
        case Num(value):
            return np.float64(value)
        case Name(id):
            return VALUES[id]
        case Neg(arg):
            return -meaning(arg)
        case Transpose(arg):
            return meaning(arg).T
        case Binary(op, left, right):
            a, b = meaning(left), meaning(right)
            return {
                "+": lambda: a + b,
                "-": lambda: a - b,
                "*": lambda: a * b,
                "/": lambda: a / b,
                "@": lambda: a @ b,
                "^": lambda: a**b,
            }[op]()
        case Call("inv", (arg,)):
            return np.linalg.inv(meaning(arg))
        case Call(func, (arg,)):
            return CALLS[func](meaning(arg))
    raise AssertionError(expr)


def scalar(rng: random.Random, depth: int) -> Expr:
    if depth == 0 or rng.random() < 0.15:
        return Name(rng.choice("xyz")) if rng.random() < 0.7 else Num(Fraction(rng.randint(1, 9)))
    kind = rng.choice("+-*/^nf*")
    if kind == "n":
        return Neg(scalar(rng, depth - 1))
    if kind == "f":
        return Call(rng.choice(list(CALLS)), (scalar(rng, depth - 1),))
    if kind == "^":
        return Binary("^", scalar(rng, depth - 1), Num(Fraction(rng.choice((2, 3)))))
    return Binary(kind, scalar(rng, depth - 1), scalar(rng, depth - 1))


def matrix(rng: random.Random, depth: int) -> Expr:
    if depth == 0 or rng.random() < 0.15:
        return Name(rng.choice(SQUARE))
    match rng.choice(("+", "-", "*", "@", "@", "n", "T", "s", "/", "inv")):
        case "n":
            return Neg(matrix(rng, depth - 1))
        case "T":
            return Transpose(matrix(rng, depth - 1))
        case "inv":
            return Call("inv", (Name(rng.choice(SQUARE)),))
        case "s":
            return Binary("*", scalar(rng, 1), matrix(rng, depth - 1))
        case "/":
            return Binary("/", matrix(rng, depth - 1), scalar(rng, 1))
        case op:
            return Binary(op, matrix(rng, depth - 1), matrix(rng, depth - 1))


def untex(tex: str) -> str:
    r"""The TeX of the random formulas in the notation of the reader: \frac{a}{b} -> ((a)/(b))."""
    out, stack = "", []
    i = 0
    while i < len(tex):
        for tex_sign, sign in (
            (r"\displaystyle ", ""), (r"\left(", "("), (r"\right)", ")"), (r"\odot", "∘"), (r"\cdot", "·"), (r"\sigma", "σ"), (r"\exp", "exp"), (r"\sin", "sin"),
            (r"^{-\top}", "⁻ᵀ"), (r"^{\top}", "ᵀ"), (r"^{-1}", "⁻¹"), ("e^{", "exp(" ), ("^{", "^("),
        ):  # fmt: skip
            if tex.startswith(tex_sign, i):
                out += sign
                i += len(tex_sign)
                if tex_sign.endswith("{"):
                    stack.append(")")
                break
        else:
            if tex.startswith(r"\frac{", i):
                out, i = out + "((", i + 6
                stack.append(")/(")
            elif tex.startswith("e^", i) and tex[i + 2] != "{":
                out, i = out + f"exp({tex[i + 2]})", i + 3
            elif tex[i] == "}":
                end = stack.pop()
                out, i = out + end, i + 1
                if end == ")/(":
                    assert tex[i] == "{"
                    i += 1
                    stack.append("))")
            else:
                out, i = out + tex[i], i + 1
    return out


@pytest.mark.parametrize("seed", range(300))
def test_what_is_printed_means_what_was_meant(seed: int) -> None:
    rng = random.Random(seed)
    expr = scalar(rng, 4) if seed % 2 else matrix(rng, 4)
    with np.errstate(all="ignore"):
        wanted = meaning(expr)
        if not np.all(np.isfinite(wanted)):
            pytest.skip("overflow")
        line, tex = text(expr, RANDOM_NAMES), latex(expr, RANDOM_NAMES)
        for printed in (line, untex(tex)):
            got = Reader(printed, VALUES).value()
            assert np.allclose(got, wanted, rtol=1e-6, atol=1e-9), (expr, line, tex)


def test_the_reader_notices_a_missing_bracket() -> None:
    assert Reader("x (y + z)", VALUES).value() != Reader("x y + z", VALUES).value()
    assert not np.allclose(Reader("(A ∘ B) C", VALUES).value(), Reader("A ∘ B C", VALUES).value())


def test_long_and_deep_expressions_are_printed() -> None:
    """300 operations, whichever way they lean, in less than a second for all."""
    chain: Expr = Name("x")
    right: Expr = Name("x")
    total: Expr = Name("x")
    for i in range(300):
        chain = Call("sigmoid", (chain,))
        total = Binary("+*"[i % 2], total, Name("y"))
        right = Binary("*-"[i % 2], Name("z"), right)
    begun = time.perf_counter()
    for expr in (chain, right, total):
        assert text(expr, RANDOM_NAMES)
        assert latex(expr, RANDOM_NAMES)
    assert time.perf_counter() - begun < 1
    assert text(chain, RANDOM_NAMES).startswith("σ(σ(σ(")
