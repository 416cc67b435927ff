"""Operations on whole arrays: products, reductions, linear algebra, rearrangements."""

from __future__ import annotations

from gradcalc.ops.entry import Op

A, AB = ("a",), ("a", "b")

OPS = (
    Op("matmul", AB, "A @ B", signature="own", text="@", code="{0} @ {1}", value=lambda m, a, b: m.matmul(a, b)),
    Op("transpose", A, "A.T", signature="own", text=".T", code="{0}.T", value=lambda m, a: m.transpose(a)),
    Op("outer", AB, "outer(u, v)", signature="n, m -> n m", value=lambda m, a, b: m.outer(a, b), code="{xp}.outer({0}, {1})"),
    Op("dot", AB, "dot(u, v)", signature="own", value=lambda m, a, b: m.sum(a * b, (-1,)), code="{0} @ {1}"),
    Op("kron", AB, "kron(A, B)", signature="own", value=lambda m, a, b: m.kron(a, b), code="{xp}.kron({0}, {1})"),
    Op("sum", A, "sum(A)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.sum(a, axis, keepdims), code="{xp}.sum({0}{options})"),
    Op("mean", A, "mean(A)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.mean(a, axis, keepdims), code="{xp}.mean({0}{options})"),
    Op("var", A, "var(A)", signature="reduction", options=("axis", "keepdims", "ddof"), value=lambda m, a, axis, keepdims, ddof=0: m.var(a, axis, keepdims, ddof), code="{xp}.var({0}{options})"),
    Op("prod", A, "prod(u)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.prod(a, axis, keepdims), code="{xp}.prod({0}{options})"),
    Op("max", A, "max(u)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.max(a, axis, keepdims), code="{amax}({0}{options})"),
    Op("min", A, "min(u)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.min(a, axis, keepdims), code="{amin}({0}{options})"),
    Op("norm", A, "norm(u)", signature="reduction", options=("axis", "keepdims", "ord"), value=lambda m, a, axis, keepdims, ord=2: m.norm(a, axis, keepdims, ord), code="{xp}.linalg.norm({0}{options})"),
    Op("logsumexp", A, "logsumexp(u)", signature="reduction", options=("axis", "keepdims"), value=lambda m, a, axis, keepdims: m.logsumexp(a, axis, keepdims), code="{logsumexp}({0}{options})"),
    Op("softmax", A, "softmax(u)", signature="same", options=("axis",), value=lambda m, a, axis: m.softmax(a, axis), code="{softmax}({0}{options})"),
    Op("log_softmax", A, "log_softmax(u)", signature="same", options=("axis",), value=lambda m, a, axis: m.log_softmax(a, axis), code="{log_softmax}({0}{options})"),
    Op("tr", A, "tr(M)", signature="n n ->", value=lambda m, a: m.trace(a), code="{xp}.trace({0})"),
    Op("det", A, "det(M)", signature="n n ->", value=lambda m, a: m.det(a), code="{xp}.linalg.det({0})"),
    Op("logdet", A, "logdet(M)", signature="n n ->", value=lambda m, a: m.logdet(a), code="{xp}.linalg.slogdet({0})[1]"),
    Op("inv", A, "inv(M)", signature="n n -> n n", value=lambda m, a: m.inv(a), code="{xp}.linalg.inv({0})"),
    Op("matrix_power", ("a", "k"), "matrix_power(M, 3)", signature="own", value=lambda m, a, k: m.matrix_power(a, k), code="{xp}.linalg.matrix_power({0}, {1})"),
    Op("diag", A, "diag(u)", signature="own", value=lambda m, a: m.diag(a), code="{xp}.diag({0})"),
    Op("vec", A, "vec(A)", signature="own", value=lambda m, a: m.vec(a), code="{0}.T.reshape(-1)"),
    Op("concat", ("*",), "concat(u, v)", signature="own", options=("axis",), code="{concatenate}({0}{options})"),
    Op("stack", ("*",), "stack(u, u)", signature="own", code="{xp}.stack({0}{options})"),
    Op("eye", ("n",), "eye(3)", signature="own", value=lambda m, n: m.eye(n), code="{eye}"),
    Op("ones", ("*",), "ones(3, 2)", signature="own", value=lambda m, *shape: m.full(shape, 1), code="{xp}.ones({0})"),
    Op("zeros", ("*",), "zeros(3)", signature="own", value=lambda m, *shape: m.full(shape, 0), code="{xp}.zeros({0})"),
    Op("getitem", ("*",), "u[0]", signature="own", code="{0}[{1}]"),
    Op("toaxis", A, "", signature="own", code="{0}"),
    Op("apply", A, "g(u)", signature="elementwise"),
)
