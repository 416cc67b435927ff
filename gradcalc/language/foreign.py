"""How other languages and handwriting spell what this one has: NumPy, PyTorch, MATLAB, Mathematica,
LaTeX, paper.

Tables only. In a template {0}, {1} are the arguments as the author wrote them, {all} all of them;
`f.{0}` is an argument in parentheses where it needs them as a factor.
"""

from __future__ import annotations

from collections.abc import Mapping

# What stands before a point: np.dot(W, x).
LIBRARIES: Mapping[str, str] = {
    "np": "NumPy", "numpy": "NumPy", "jnp": "JAX", "jax": "JAX",
    "torch": "PyTorch", "nn": "PyTorch", "F": "PyTorch",
    "tf": "TensorFlow", "keras": "Keras", "K": "Keras",
    "math": "Python", "scipy": "SciPy", "sp": "SymPy", "sympy": "SymPy",
    "self": "Python", "xp": "NumPy", "autograd": "PyTorch",
}  # fmt: skip

# Functions of other languages, in terms of those here. What the table of operations has is never
# looked up.
CALLS: Mapping[str, str] = {
    "matmul": "{f0} @ {f1}", "mm": "{f0} @ {f1}",
    "bmm": "{f0} @ {f1}", "mv": "{f0} @ {f1}", "inner": "{f0} @ {f1}",
    "vdot": "{f0} @ {f1}", "multiply": "{f0} * {f1}",
    "mul": "{f0} * {f1}", "divide": "{f0} / {f1}", "div": "{f0} / {f1}",
    "add": "{f0} + {f1}", "subtract": "{f0} - {f1}",
    "sub": "{f0} - {f1}", "negative": "-{f0}", "neg": "-{f0}",
    "power": "{f0}^{f1}", "pow": "{f0}^{f1}", "Power": "{f0}^{f1}",
    "square": "{f0}^2", "sqr": "{f0}^2", "reciprocal": "1/{f0}",
    "cbrt": "{f0}^(1/3)", "rsqrt": "1/sqrt({0})",
    "fabs": "abs({0})", "absolute": "abs({0})",
    "maximum": "max({all})", "minimum": "min({all})",
    "amax": "max({all})", "amin": "min({all})", "fmax": "max({all})",
    "fmin": "min({all})", "average": "mean({all})",
    "avg": "mean({all})", "logaddexp": "log(exp({0}) + exp({1}))",
    "sec": "1/cos({0})", "csc": "1/sin({0})", "cosec": "1/sin({0})",
    "cot": "1/tan({0})", "ctg": "1/tan({0})", "tg": "tan({0})",
    "arctg": "atan({0})", "ArcTan": "atan({0})", "ArcSin": "asin({0})",
    "ArcCos": "acos({0})", "arsinh": "asinh({0})",
    "arcosh": "acosh({0})", "artanh": "atanh({0})", "trigamma": "polygamma(1, {0})",
    "lg": "log10({0})", "log_10": "log10({0})", "log_2": "log2({0})",
    "sgn": "sign({0})", "heaviside": "step({0})", "Heaviside": "step({0})",
    "logistic": "sigmoid({0})", "expit": "sigmoid({0})",
    "logit": "log({f0}/(1 - {f0}))",
    "indicator": "where({0}, 1, 0)", "mse": "mean(({f0} - {f1})^2)",
    "mse_loss": "mean(({f0} - {f1})^2)", "bce": "-mean({f1}*log({0}) + (1 - {f1})*log(1 - {0}))",
    "reduce_sum": "sum({all})", "reduce_mean": "mean({all})",
    "reduce_max": "max({all})", "sigm": "sigmoid({0})", "sig": "sigmoid({0})",
    "leakyrelu": "leaky_relu({all})", "LeakyReLU": "leaky_relu({all})",
    "trace": "tr({0})", "transpose": "{f0}.T",
    "Transpose": "{f0}.T", "t": "{f0}.T", "solve": "inv({0}) @ {f1}",
    "inverse": "inv({0})", "Inverse": "inv({0})", "determinant": "det({0})",
    "slogdet": "logdet({0})", "identity": "eye({0})",
    "pinv": "inv({f0}.T @ {f0}) @ {f0}.T", "array": "{0}",
    "asarray": "{0}", "tensor": "{0}", "Matrix": "{0}",
    "concatenate": "concat({bare})", "cat": "concat({bare})",
    "hstack": "concat({bare})", "vstack": "stack({bare})",
    "flatten": "vec({0})", "ravel": "vec({0})", "Total": "sum({all})", "total": "sum({all})",
    "If": "where({0}, {1}, {2})", "ifelse": "where({0}, {1}, {2})", "cond": "where({0}, {1}, {2})",
    "select": "where({0}, {1}, {2})", "IF": "where({0}, {1}, {2})",
}  # fmt: skip

# Functions that are none here, and what to do instead.
NOTES: Mapping[str, str] = {
    **dict.fromkeys(
        ("len", "size", "shape", "numel", "length", "Length"),
        "name the length, variables: {x: [n]}, and write n",
    ),
    **dict.fromkeys(
        ("grad", "diff", "D", "derivative", "gradient", "jacobian", "hessian", "backward", "Grad"),
        "ask for derivatives under `questions`: [df/dx]",
    ),
    **dict.fromkeys(("einsum", "tensordot"), "write it with indices: p[k] = sum(W[k, j]*x[j], j)"),
    **dict.fromkeys(("integrate", "int", "Integrate"), "gradcalc has no integrals"),
    **dict.fromkeys(
        ("floor", "ceil", "round", "mod", "remainder", "factorial"),
        "it has no useful derivative, so gradcalc leaves it out",
    ),
    **dict.fromkeys(("Piecewise", "piecewise", "cases"), "write where(x > 0, a, b)"),
    "cross_entropy": "write -sum(y * log(p))",
    "range": "declare an index: indices: {i: n}",
    "zeros_like": "write 0*x",
    "ones_like": "write ones(n), with n the length of x",
    "linspace": "give the numbers under `values`",
    "cross": "write the entries: [a[1]*b[2] - a[2]*b[1], …]",
    "random": "let `seed: 1` draw the values",
    "randn": "let `seed: 1` draw the values",
    "reshape": "gradcalc has no reshape; vec(A) puts the columns of A under one another",
}

# Named arguments.
OPTIONS: Mapping[str, str] = {
    "dim": "axis",
    "axes": "axis",
    "keepdim": "keepdims",
    "p": "ord",
    "correction": "ddof",
}

# Constants behind a library's name.
CONSTANTS: Mapping[str, str] = {"pi": "pi", "e": "e", "E": "e", "Pi": "pi"}

# LaTeX: commands that stand for a sign or a word; every other \name becomes name.
COMMANDS: Mapping[str, str] = {
    "cdot": "*", "times": "*", "odot": "*", "circ": "*", "div": "/",
    "left": "", "right": "", "big": "", "Big": "", "bigl": "",
    "bigr": "", "quad": " ", "qquad": " ", "top": "T", "intercal": "T",
    "mathsf": "", "mathbf": "", "boldsymbol": "", "mathrm": "",
    "mathit": "", "text": "", "operatorname": "", "bm": "", "bf": "",
    "rm": "", "displaystyle": "", "vec": "", "le": "<=", "leq": "<=",
    "ge": ">=", "geq": ">=", "neq": "!=", "ne": "!=", "lVert": "||",
    "rVert": "||", "lvert": "|", "rvert": "|", "Vert": "||", "vert": "|",
    "sum": "Σ", "prod": "Π", "varepsilon": "ε", "epsilon": "ε",
    "varphi": "φ", "arctan": "atan", "arcsin": "asin", "arccos": "acos",
}  # fmt: skip

# Signs that are refused: what to put in their place, None where that takes more than a sign, and
# what to say.
_QUOTES = "`{c}`: an expression is written without quotes"
_NO_DERIVATIVES = "`{c}` does not belong in an expression: derivatives are questions"
SIGNS: Mapping[str, tuple[str | None, str]] = {
    "–": ("-", "`{c}` is a dash, not a minus sign"),
    "—": ("-", "`{c}` is a dash, not a minus sign"),
    "‐": ("-", "`{c}` is a hyphen, not a minus sign"),
    "$": ("", "`{c}` is LaTeX; an expression is written without it"),
    '"': ("", _QUOTES), "“": ("", _QUOTES),
    "”": ("", _QUOTES), "„": ("", _QUOTES), "‘": ("", _QUOTES),
    "`": ("", "a backtick is not used in expressions"),
    "’": ("'", "`{c}` is a quotation mark, not a transpose"),
    "∑": ("Σ", "`{c}` is written sum"), "∏": ("Π", "`{c}` is written prod"),
    "≈": ("=", "`{c}`: a definition is written with ="),
    "⟨": (None, "`{c}`: an inner product is written with @"),
    "∞": (None, "infinity is not a number here"),
    "!": (None, "gradcalc has no factorial and no `not`"),
    "%": (None, "`%` is not a remainder, a percentage or a comment here"),
    "?": (None, "`?`: a choice is written with where"),
    "&": (None, "`&` does not combine conditions"),
    "~": (None, "`~` is MATLAB's"), "∫": (None, "gradcalc has no integrals"),
    "→": (None, "`{c}` is not part of the expression language"),
    "∈": (None, "`{c}`: shapes are declared under `variables`"),
    "±": (None, "`{c}` means two quantities"),
    "∂": (None, _NO_DERIVATIVES), "∇": (None, _NO_DERIVATIVES),
    "…": (None, "gradcalc cannot fill in `…`"),
}  # fmt: skip
HINTS: Mapping[str, str] = {
    "%": "write 5/100 for 5 %, and # for a comment", "&": "nest them: where(a, where(b, x, y), y)",
    "…": "write sum(x) for all entries, or sum(x[i], i)",
    "?": "write where(x > 0, a, b)", "±": "write one line with + and one with -",
    "∈": "write variables: {x: [n]} for a vector of length n", "→": "write g(t) = … for a function",
    "∂": "write questions: [df/dx]", "∇": "write questions: [df/dx]",
    "!": "write where(x > 0, 0, 1) for the opposite of a condition",
}  # fmt: skip
