"""Operations on whole arrays: products, reductions, linear algebra, rearrangements."""

from __future__ import annotations

from gradcalc.ops.entry import Op

A, AB = ("a",), ("a", "b")

OPS = (
    Op("matmul", AB, "A @ B", signature="own", text="@", code="{0} @ {1}"),
    Op("transpose", A, "A.T", signature="own", text=".T", code="{0}.T"),
    Op("outer", AB, "outer(u, v)", signature="n, m -> n m"),
    Op("dot", AB, "dot(u, v)", signature="n, n ->"),
    Op("kron", AB, "kron(A, B)", signature="own"),
    Op("sum", A, "sum(A)", signature="reduction", options=("axis", "keepdims")),
    Op("mean", A, "mean(A)", signature="reduction", options=("axis", "keepdims")),
    Op("var", A, "var(A)", signature="reduction", options=("axis", "keepdims", "ddof")),
    Op("prod", A, "prod(u)", signature="reduction", options=("axis", "keepdims")),
    Op("max", A, "max(u)", signature="reduction", options=("axis", "keepdims")),
    Op("min", A, "min(u)", signature="reduction", options=("axis", "keepdims")),
    Op("norm", A, "norm(u)", signature="reduction", options=("axis", "keepdims", "ord")),
    Op("logsumexp", A, "logsumexp(u)", signature="reduction", options=("axis", "keepdims")),
    Op("softmax", A, "softmax(u)", signature="same", options=("axis",)),
    Op("log_softmax", A, "log_softmax(u)", signature="same", options=("axis",)),
    Op("tr", A, "tr(M)", signature="n n ->"),
    Op("det", A, "det(M)", signature="n n ->"),
    Op("logdet", A, "logdet(M)", signature="n n ->"),
    Op("inv", A, "inv(M)", signature="n n -> n n"),
    Op("matrix_power", ("a", "k"), "matrix_power(M, 3)", signature="own"),
    Op("diag", A, "diag(u)", signature="own"),
    Op("vec", A, "vec(A)", signature="own"),
    Op("concat", ("*",), "concat(u, v)", signature="own", options=("axis",)),
    Op("stack", ("*",), "stack(u, u)", signature="own"),
    Op("eye", ("n",), "eye(3)", signature="own"),
    Op("ones", ("*",), "ones(3, 2)", signature="own"),
    Op("zeros", ("*",), "zeros(3)", signature="own"),
    Op("getitem", ("*",), "u[0]", signature="own"),
    Op("toaxis", A, "", signature="own"),
    Op("apply", A, "g(u)", signature="elementwise"),
)
