"""Ordinary derivatives of vector and matrix expressions, each for gradcalc, for SymPy, and in plain NumPy.

A line: name, gradcalc's text, the variable, the SymPy expression, the NumPy function. SymPy's and NumPy's names are
those of the shapes below; where SymPy has no way to say it, its expression is None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Every name has one shape throughout; sizes n = 3, m = 2, k = 4 are different, so that nothing is right by accident.
SHAPES: dict[str, tuple[int, ...]] = {
    "s": (), "x": (3, 1), "u": (3, 1), "v": (3, 1), "y": (2, 1), "b": (2, 1), "w": (2, 1),
    "A": (2, 3), "B": (3, 2), "C": (2, 4), "W": (2, 3), "X": (3, 3), "Y": (3, 3), "S": (3, 3), "Z": (2, 2), "L": (4, 4),
}  # fmt: skip
SIZES = {2: "m", 3: "n", 4: "k"}
DEFINITE = frozenset(("X", "Z", "S"))  # drawn positive definite, so that log det and inverses exist


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    text: str
    by: str
    sympy: Callable[[Any, Any], Any] | None
    numpy: Callable[[Any, Any], Any]


def logistic(np: Any, z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(np: Any, z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum()


def ones(sp: Any, z: Any) -> Any:
    """A row of ones that sums a column."""
    return sp.OneMatrix(1, z.shape[0]) * z


CASES = (
    # linear and quadratic forms
    Case("linear form", "u.T @ x", "x", lambda sp, q: q.u.T * q.x, lambda np, q: q.u.T @ q.x),
    Case("linear map", "A @ x", "x", lambda sp, q: q.A * q.x, lambda np, q: q.A @ q.x),
    Case("affine map", "A @ x + b", "x", lambda sp, q: q.A * q.x + q.b, lambda np, q: q.A @ q.x + q.b),
    Case("quadratic form", "x.T @ X @ x", "x", lambda sp, q: q.x.T * q.X * q.x, lambda np, q: q.x.T @ q.X @ q.x),
    Case("quadratic form, symmetric part", "1/2 * x.T @ (X + X.T) @ x", "x", lambda sp, q: q.x.T * (q.X + q.X.T) * q.x / 2, lambda np, q: q.x.T @ (q.X + q.X.T) @ q.x / 2),
    Case("bilinear form by its matrix", "u.T @ X @ v", "X", lambda sp, q: q.u.T * q.X * q.v, lambda np, q: q.u.T @ q.X @ q.v),
    Case("quadratic form by its matrix", "x.T @ X @ x", "X", lambda sp, q: q.x.T * q.X * q.x, lambda np, q: q.x.T @ q.X @ q.x),
    Case("Gram form", "x.T @ A.T @ A @ x", "A", lambda sp, q: q.x.T * q.A.T * q.A * q.x, lambda np, q: q.x.T @ q.A.T @ q.A @ q.x),
    Case("shifted quadratic form", "(x - u).T @ X @ (x - u)", "x", lambda sp, q: (q.x - q.u).T * q.X * (q.x - q.u), lambda np, q: (q.x - q.u).T @ q.X @ (q.x - q.u)),
    Case("squared quadratic form", "(x.T @ X @ x)^2", "x", lambda sp, q: (q.x.T * q.X * q.x) ** 2, lambda np, q: (q.x.T @ q.X @ q.x) ** 2),
    Case("product of forms", "(u.T @ x) * (v.T @ x)", "x", lambda sp, q: (q.u.T * q.x) * (q.v.T * q.x), lambda np, q: (q.u.T @ q.x) * (q.v.T @ q.x)),
    Case("outer product with itself", "x @ x.T", "x", lambda sp, q: q.x * q.x.T, lambda np, q: q.x @ q.x.T),
    Case("Rayleigh quotient", "(x.T @ X @ x) / (x.T @ x)", "x", lambda sp, q: (q.x.T * q.X * q.x) * (q.x.T * q.x) ** -1, lambda np, q: (q.x.T @ q.X @ q.x) / (q.x.T @ q.x)),
    # norms and regression
    Case("squared norm", "norm(x)^2", "x", lambda sp, q: q.x.T * q.x, lambda np, q: (q.x**2).sum()),
    Case("norm", "norm(x)", "x", lambda sp, q: sp.sqrt((q.x.T * q.x)[0, 0]), lambda np, q: np.sqrt((q.x**2).sum())),
    Case("unit vector", "x / norm(x)", "x", lambda sp, q: q.x / sp.sqrt((q.x.T * q.x)[0, 0]), lambda np, q: q.x / np.sqrt((q.x**2).sum())),
    Case("least squares", "norm(A @ x - b)^2", "x", lambda sp, q: (q.A * q.x - q.b).T * (q.A * q.x - q.b), lambda np, q: ((q.A @ q.x - q.b) ** 2).sum()),
    Case("least squares by the matrix", "norm(A @ x - b)^2", "A", lambda sp, q: (q.A * q.x - q.b).T * (q.A * q.x - q.b), lambda np, q: ((q.A @ q.x - q.b) ** 2).sum()),
    Case("ridge regression", "norm(A @ x - b)^2 + s * norm(x)^2", "x", lambda sp, q: (q.A * q.x - q.b).T * (q.A * q.x - q.b) + q.s * q.x.T * q.x, lambda np, q: ((q.A @ q.x - q.b) ** 2).sum() + q.s * (q.x**2).sum()),
    Case("distance", "norm(A @ x - b)", "x", lambda sp, q: sp.sqrt(((q.A * q.x - q.b).T * (q.A * q.x - q.b))[0, 0]), lambda np, q: np.sqrt(((q.A @ q.x - q.b) ** 2).sum())),
    Case("weighted least squares", "(A @ x - b).T @ Z @ (A @ x - b)", "x", lambda sp, q: (q.A * q.x - q.b).T * q.Z * (q.A * q.x - q.b), lambda np, q: (q.A @ q.x - q.b).T @ q.Z @ (q.A @ q.x - q.b)),
    Case("Frobenius norm squared", "norm(W)^2", "W", lambda sp, q: sp.Trace(q.W.T * q.W), lambda np, q: (q.W**2).sum()),
    Case("Frobenius norm", "norm(W)", "W", lambda sp, q: sp.sqrt(sp.Trace(q.W.T * q.W)), lambda np, q: np.sqrt((q.W**2).sum())),
    Case("matrix regression", "norm(W @ Y - A)^2", "W", lambda sp, q: sp.Trace((q.W * q.Y - q.A).T * (q.W * q.Y - q.A)), lambda np, q: ((q.W @ q.Y - q.A) ** 2).sum()),
    Case("low-rank factorisation", "norm(Y - B @ A)^2", "B", lambda sp, q: sp.Trace((q.Y - q.B * q.A).T * (q.Y - q.B * q.A)), lambda np, q: ((q.Y - q.B @ q.A) ** 2).sum()),
    # traces
    Case("trace", "tr(X)", "X", lambda sp, q: sp.Trace(q.X), lambda np, q: np.trace(q.X)),
    Case("trace of a product", "tr(B @ W)", "W", lambda sp, q: sp.Trace(q.B * q.W), lambda np, q: np.trace(q.B @ q.W)),
    Case("trace with a transpose", "tr(A @ W.T)", "W", lambda sp, q: sp.Trace(q.A * q.W.T), lambda np, q: np.trace(q.A @ q.W.T)),
    Case("trace of a sandwich", "tr(W @ Y @ W.T)", "W", lambda sp, q: sp.Trace(q.W * q.Y * q.W.T), lambda np, q: np.trace(q.W @ q.Y @ q.W.T)),
    Case("trace of three", "tr(B @ W @ Y)", "W", lambda sp, q: sp.Trace(q.B * q.W * q.Y), lambda np, q: np.trace(q.B @ q.W @ q.Y)),
    Case("trace of a square", "tr(X @ X)", "X", lambda sp, q: sp.Trace(q.X * q.X), lambda np, q: np.trace(q.X @ q.X)),
    Case("trace of a cube", "tr(X @ X @ X)", "X", lambda sp, q: sp.Trace(q.X**3), lambda np, q: np.trace(q.X @ q.X @ q.X)),
    Case("squared trace", "tr(X)^2", "X", lambda sp, q: sp.Trace(q.X) ** 2, lambda np, q: np.trace(q.X) ** 2),
    Case("PCA objective", "tr(B.T @ S @ B)", "B", lambda sp, q: sp.Trace(q.B.T * q.S * q.B), lambda np, q: np.trace(q.B.T @ q.S @ q.B)),
    # inverses and determinants
    Case("inverse in a trace", "tr(inv(X))", "X", lambda sp, q: sp.Trace(q.X.I), lambda np, q: np.trace(np.linalg.inv(q.X))),
    Case("inverse in a form", "u.T @ inv(X) @ v", "X", lambda sp, q: q.u.T * q.X.I * q.v, lambda np, q: q.u.T @ np.linalg.inv(q.X) @ q.v),
    Case("inverse times a matrix, traced", "tr(Y @ inv(X))", "X", lambda sp, q: sp.Trace(q.Y * q.X.I), lambda np, q: np.trace(q.Y @ np.linalg.inv(q.X))),
    Case("determinant", "det(X)", "X", lambda sp, q: sp.Determinant(q.X), lambda np, q: np.linalg.det(q.X)),
    Case("log determinant", "log(det(X))", "X", lambda sp, q: sp.log(sp.Determinant(q.X)), lambda np, q: np.log(np.linalg.det(q.X))),
    Case("logdet of a Gram matrix", "logdet(A @ A.T)", "A", lambda sp, q: sp.log(sp.Determinant(q.A * q.A.T)), lambda np, q: np.log(np.linalg.det(q.A @ q.A.T))),
    Case("determinant of a product", "det(A @ B)", "A", lambda sp, q: sp.Determinant(q.A * q.B), lambda np, q: np.linalg.det(q.A @ q.B)),
    Case("squared determinant", "det(X)^2", "X", lambda sp, q: sp.Determinant(q.X) ** 2, lambda np, q: np.linalg.det(q.X) ** 2),
    Case("Gaussian log-likelihood by the covariance", "-1/2*logdet(X) - 1/2*(x - u).T @ inv(X) @ (x - u)", "X", lambda sp, q: -sp.log(sp.Determinant(q.X)) / 2 - ((q.x - q.u).T * q.X.I * (q.x - q.u))[0, 0] / 2, lambda np, q: -np.log(np.linalg.det(q.X)) / 2 - (q.x - q.u).T @ np.linalg.inv(q.X) @ (q.x - q.u) / 2),
    Case("Gaussian log-likelihood by the mean", "-1/2*(x - u).T @ inv(X) @ (x - u)", "u", lambda sp, q: -(q.x - q.u).T * q.X.I * (q.x - q.u) / 2, lambda np, q: -(q.x - q.u).T @ np.linalg.inv(q.X) @ (q.x - q.u) / 2),
    Case("linear solve", "inv(X) @ v", "v", lambda sp, q: q.X.I * q.v, lambda np, q: np.linalg.inv(q.X) @ q.v),
    Case("resolvent", "tr(inv(s*eye(n) + X))", "s", lambda sp, q: sp.Trace((q.s * sp.Identity(3) + q.X).I), lambda np, q: np.trace(np.linalg.inv(q.s * np.eye(3) + q.X))),
    # entry by entry
    Case("sum of squares", "sum(x^2)", "x", lambda sp, q: ones(sp, sp.HadamardPower(q.x, 2)), lambda np, q: (q.x**2).sum()),
    Case("sum of exponentials", "sum(exp(A @ x))", "x", lambda sp, q: ones(sp, (q.A * q.x).applyfunc(sp.exp)), lambda np, q: np.exp(q.A @ q.x).sum()),
    Case("Hadamard product", "sum(u * x * v)", "x", lambda sp, q: ones(sp, sp.HadamardProduct(q.u, q.x, q.v)), lambda np, q: (q.u * q.x * q.v).sum()),
    Case("masked matrix", "sum(A * W)", "W", lambda sp, q: sp.Trace(sp.OneMatrix(3, 2) * sp.HadamardProduct(q.A, q.W)), lambda np, q: (q.A * q.W).sum()),
    Case("elementwise tanh", "tanh(x)", "x", lambda sp, q: q.x.applyfunc(sp.tanh), lambda np, q: np.tanh(q.x)),
    Case("tanh layer", "sum(tanh(W @ x + b))", "W", lambda sp, q: ones(sp, (q.W * q.x + q.b).applyfunc(sp.tanh)), lambda np, q: np.tanh(q.W @ q.x + q.b).sum()),
    Case("tanh layer, Jacobian", "tanh(W @ x + b)", "x", lambda sp, q: (q.W * q.x + q.b).applyfunc(sp.tanh), lambda np, q: np.tanh(q.W @ q.x + q.b)),
    Case("two layers", "w.T @ tanh(W @ x + b)", "x", lambda sp, q: q.w.T * (q.W * q.x + q.b).applyfunc(sp.tanh), lambda np, q: q.w.T @ np.tanh(q.W @ q.x + q.b)),
    Case("two layers by the inner weights", "w.T @ tanh(Z @ tanh(W @ x))", "W", lambda sp, q: q.w.T * (q.Z * (q.W * q.x).applyfunc(sp.tanh)).applyfunc(sp.tanh), lambda np, q: q.w.T @ np.tanh(q.Z @ np.tanh(q.W @ q.x))),
    Case("entropy", "-sum(p * log(p))", "p", lambda sp, q: -ones(sp, sp.HadamardProduct(q.p, q.p.applyfunc(sp.log))), lambda np, q: -(q.p * np.log(q.p)).sum()),
    Case("cross entropy", "-sum(u * log(p))", "p", lambda sp, q: -ones(sp, sp.HadamardProduct(q.u, q.p.applyfunc(sp.log))), lambda np, q: -(q.u * np.log(q.p)).sum()),
    Case("logistic loss", "sum(log(1 + exp(-(A @ x))))", "x", lambda sp, q: ones(sp, (sp.OneMatrix(2, 1) + (-q.A * q.x).applyfunc(sp.exp)).applyfunc(sp.log)), lambda np, q: np.log(1 + np.exp(-q.A @ q.x)).sum()),
    Case("logistic regression", "-sum(y*log(sigmoid(A @ x)) + (1 - y)*log(1 - sigmoid(A @ x)))", "x", lambda sp, q: -ones(sp, sp.HadamardProduct(q.y, (q.A * q.x).applyfunc(lambda t: sp.log(1 / (1 + sp.exp(-t))))) + sp.HadamardProduct(sp.OneMatrix(2, 1) - q.y, (q.A * q.x).applyfunc(lambda t: sp.log(1 - 1 / (1 + sp.exp(-t)))))), lambda np, q: -(q.y * np.log(logistic(np, q.A @ q.x)) + (1 - q.y) * np.log(1 - logistic(np, q.A @ q.x))).sum()),
    # softmax and its kin
    Case("logsumexp", "logsumexp(x)", "x", lambda sp, q: sp.log(ones(sp, q.x.applyfunc(sp.exp))[0, 0]), lambda np, q: np.log(np.exp(q.x).sum())),
    Case("softmax", "softmax(x)", "x", lambda sp, q: q.x.applyfunc(sp.exp) / ones(sp, q.x.applyfunc(sp.exp))[0, 0], lambda np, q: softmax(np, q.x)),
    Case("softmax cross entropy", "logsumexp(W @ x) - y.T @ W @ x", "W", lambda sp, q: sp.log(ones(sp, (q.W * q.x).applyfunc(sp.exp))[0, 0]) - (q.y.T * q.W * q.x)[0, 0], lambda np, q: np.log(np.exp(q.W @ q.x).sum()) - q.y.T @ q.W @ q.x),
    Case("attention weights on a query", "u.T @ softmax(X @ x)", "x", lambda sp, q: q.u.T * (q.X * q.x).applyfunc(sp.exp) / ones(sp, (q.X * q.x).applyfunc(sp.exp))[0, 0], lambda np, q: q.u.T @ softmax(np, q.X @ q.x)),
    # functions of a scalar product, statistics
    Case("exponential of a form", "exp(u.T @ x)", "x", lambda sp, q: sp.exp((q.u.T * q.x)[0, 0]), lambda np, q: np.exp(q.u.T @ q.x)),
    Case("logarithm of a form", "log(x.T @ X @ x)", "x", lambda sp, q: sp.log((q.x.T * q.X * q.x)[0, 0]), lambda np, q: np.log(q.x.T @ q.X @ q.x)),
    Case("Gaussian kernel", "exp(-norm(x - u)^2)", "x", lambda sp, q: sp.exp(-((q.x - q.u).T * (q.x - q.u))[0, 0]), lambda np, q: np.exp(-((q.x - q.u) ** 2).sum())),
    Case("cosine similarity", "(u.T @ x) / (norm(u) * norm(x))", "x", lambda sp, q: q.u.T * q.x / (sp.sqrt((q.u.T * q.u)[0, 0]) * sp.sqrt((q.x.T * q.x)[0, 0])), lambda np, q: q.u.T @ q.x / np.sqrt((q.u**2).sum() * (q.x**2).sum())),
    Case("variance", "mean((x - mean(x))^2)", "x", lambda sp, q: (q.x - sp.OneMatrix(3, 3) * q.x / 3).T * (q.x - sp.OneMatrix(3, 3) * q.x / 3) / 3, lambda np, q: q.x.var()),
    Case("hinge loss", "sum(relu(1 - A @ x))", "x", lambda sp, q: ones(sp, (sp.OneMatrix(2, 1) - q.A * q.x).applyfunc(lambda t: sp.Max(t, 0))), lambda np, q: np.maximum(1 - q.A @ q.x, 0).sum()),
    Case("diagonal scaling", "diag(x) @ u", "x", lambda sp, q: sp.diagonalize_vector(q.x) * q.u if hasattr(sp, "diagonalize_vector") else sp.DiagMatrix(q.x) * q.u, lambda np, q: np.diag(q.x.ravel()) @ q.u),
    Case("Kronecker trace", "tr(kron(Z, X))", "X", lambda sp, q: sp.Trace(sp.KroneckerProduct(q.Z, q.X)), lambda np, q: np.trace(np.kron(q.Z, q.X))),
)  # fmt: skip
