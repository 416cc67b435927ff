"""Operations on whole arrays: products, reductions, linear algebra, rearrangements."""

from __future__ import annotations

from gradcalc.ops.entry import Op

A, AB = ("a",), ("a", "b")

OPS = (
    Op("matmul", AB, "A @ B", signature="own", text="@", code="{0} @ {1}", value=lambda m, a, b: m.matmul(a, b)),
    Op("transpose", A, "A.T", signature="own", text=".T", code="{0}.T", value=lambda m, a: m.transpose(a)),
    Op("outer", AB, "outer(u, v)", signature="n, m -> n m", value=lambda m, a, b: m.outer(a, b)),
    Op("dot", AB, "dot(u, v)", signature="own", value=lambda m, a, b: m.sum(a * b, (-1,))),
    Op("kron", AB, "kron(A, B)", signature="own", value=lambda m, a, b: m.kron(a, b)),
    Op("sum", A, "sum(A)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.sum(a, axis, keepdims)),
    Op("mean", A, "mean(A)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.mean(a, axis, keepdims)),
    Op("var", A, "var(A)", signature="reduction", options=("axis", "keepdims", "ddof"), value=lambda m, a, axis, keepdims, ddof=0: m.var(a, axis, keepdims, ddof)),
    Op("prod", A, "prod(u)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.prod(a, axis, keepdims)),
    Op("max", A, "max(u)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.max(a, axis, keepdims)),
    Op("min", A, "min(u)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.min(a, axis, keepdims)),
    Op("norm", A, "norm(u)", signature="reduction", options=("axis", "keepdims", "ord"), value=lambda m, a, axis, keepdims, ord=2: m.norm(a, axis, keepdims, ord)),
    Op("logsumexp", A, "logsumexp(u)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.logsumexp(a, axis, keepdims)),
    Op("softmax", A, "softmax(u)", signature="same", options=("axis",), value=lambda m, a, axis: m.softmax(a, axis)),
    Op("log_softmax", A, "log_softmax(u)", signature="same", options=("axis",), value=lambda m, a, axis: m.log_softmax(a, axis)),
    Op("tr", A, "tr(M)", signature="n n ->", value=lambda m, a: m.trace(a)),
    Op("det", A, "det(M)", signature="n n ->", value=lambda m, a: m.det(a)),
    Op("logdet", A, "logdet(M)", signature="n n ->", value=lambda m, a: m.logdet(a)),
    Op("inv", A, "inv(M)", signature="n n -> n n", value=lambda m, a: m.inv(a)),
    Op("matrix_power", ("a", "k"), "matrix_power(M, 3)", signature="own", value=lambda m, a, k: m.matrix_power(a, k)),
    Op("diag", A, "diag(u)", signature="own", value=lambda m, a: m.diag(a)),
    Op("vec", A, "vec(A)", signature="own", value=lambda m, a: m.vec(a)),
    Op("concat", ("*",), "concat(u, v)", signature="own", options=("axis",)),
    Op("stack", ("*",), "stack(u, u)", signature="own"),
    Op("eye", ("n",), "eye(3)", signature="own", value=lambda m, n: m.eye(n)),
    Op("ones", ("*",), "ones(3, 2)", signature="own", value=lambda m, *shape: m.full(shape, 1)),
    Op("zeros", ("*",), "zeros(3)", signature="own", value=lambda m, *shape: m.full(shape, 0)),
    Op("getitem", ("*",), "u[0]", signature="own"),
    Op("toaxis", A, "", signature="own"),
    Op("apply", A, "g(u)", signature="elementwise"),
)
