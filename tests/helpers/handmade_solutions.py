"""Solutions made by hand, for tests of what is shown: the course page's exercises 1 to 3, and one with a failed check."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from gradcalc.calculus.notation.views import View
from gradcalc.derivation.answer_model import Answer, Gradient, Local, Shorthand, Solution, Verified
from gradcalc.exercise.model import Definition, Exercise, Question, Text, Upstream, Variable
from gradcalc.graph.model import Graph, Node
from gradcalc.language.errors import Problem
from gradcalc.language.parser import Num, parse
from gradcalc.language.sizes import Shape, Size

RIGHT = Verified(True, "central differences in 60-digit arithmetic", 1e-15)
ONE = Num(Fraction(1))


def shape(*sizes: int | str) -> Shape:
    return tuple(map(Size.of, sizes))


def exercise(file: str, title: str, lines: str, **rest: object) -> Exercise:
    definitions = []
    for line in lines.strip().splitlines():
        name, expr = line.strip().split(" = ", 1)
        definitions.append(Definition(name, parse(expr), Text(expr)))
    return Exercise(file, tuple(definitions), title=title, **rest)  # type: ignore[arg-type]


def graph(
    of: Exercise,
    shapes: Mapping[str, Shape],
    each: str = "",
    stacks: Mapping[str, str] | None = None,
) -> Graph:
    """A graph with one node a name, enough for what printers read of it."""
    quantities = tuple(definition.name for definition in of.definitions)
    per_example = each.split()
    nodes = [
        Node("input", (), of_shape, ("i",) if name in per_example else (), name=name)
        for name, of_shape in shapes.items()
    ]
    return Graph(
        exercise=of,
        nodes=nodes,
        names={name: position for position, name in enumerate(shapes)},
        inputs=tuple(name for name in shapes if name not in quantities),
        quantities=quantities,
        outputs=quantities[-1:],
        integers=frozenset(),
        constants=frozenset(),
        indices={"i": Size.of("m")} if each else {},
        examples=("i",) if each else (),
        sizes=of.sizes,
        stacks=stacks or {},
    )


def question(text: str, name: str | None = None, kind: str = "derivative") -> Question:
    if kind in ("shape", "value"):
        return Question(text, kind, text.split()[1])
    of, by = text.split("/")
    return Question(text, kind, of[1:], (by[1:],), name)


def derivative(
    text: str,
    symbolic: str,
    value: object,
    chain: str = "",
    name: str | None = None,
    **rest: object,
) -> Answer:
    """`chain`: paths separated by |, their local derivatives by ;, each `df/dq: z`."""
    paths = tuple(
        tuple(
            Local(label.strip(), parse(formula))
            for label, formula in (local.split(":") for local in path.split(";"))
        )
        for path in chain.split("|")
        if path
    )
    expr = parse(symbolic)
    rest = {"expanded": expr, "shape": (), "verified": RIGHT, **rest}
    return Answer(question(text, name), "derivative", expr, chain=paths, value=value, **rest)  # type: ignore[arg-type]


def ex1() -> Solution:
    made = exercise(
        "ex1.yaml",
        "Simple computational graph",
        "q = x + y\nf = q * z",
        upstream=(Upstream("f", ONE),),
    )
    answers = (
        derivative("df/dq", "z", -4, "df/dq: z", with_upstream=-4),
        derivative("dq/dx", "1", 1, "dq/dx: 1"),
        derivative("dq/dy", "1", 1, "dq/dy: 1"),
        derivative("df/dz", "q", 3, "df/dz: q", with_upstream=3, expanded=parse("x + y")),
        derivative("df/dx", "z", -4, "df/dq: z; dq/dx: 1", with_upstream=-4),
        derivative("df/dy", "z", -4, "df/dq: z; dq/dy: 1", with_upstream=-4),
    )
    return Solution(
        graph(made, dict.fromkeys("xyzqf", ())), answers, {"q": 3, "f": -12}, {}, {"x": -2, "y": 5, "z": -4},
        {"x": Gradient(parse("z"), -4), "y": Gradient(parse("z"), -4), "z": Gradient(parse("q"), 3)},
    )  # fmt: skip


def ex2() -> Solution:
    lines = "z = w0*x0 + w1*x1 + w2\nalpha = sigmoid(z)"
    made = exercise("ex2.yaml", "Two-dimensional neuron", lines, upstream=(Upstream(None, ONE),))
    inputs = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
    alpha = 1 / (1 + math.exp(-1))
    slope = alpha * (1 - alpha)
    long = "sigmoid(w0*x0 + w1*x1 + w2)"
    answers = []
    for by, factor, local in (
        ("x0", 2, "w0"),
        ("w0", -1, "x0"),
        ("x1", -3, "w1"),
        ("w1", -2, "x1"),
        ("w2", 1, "1"),
    ):
        before = "" if local == "1" else f"{local}*"
        chain = f"dalpha/dz: alpha*(1 - alpha); dz/d{by}: {local}"
        expanded = parse(f"{before}{long}*(1 - {long})")
        value = factor * slope
        answer = derivative(
            f"dalpha/d{by}",
            f"{before}alpha*(1 - alpha)",
            value,
            chain,
            with_upstream=value,
            expanded=expanded,
        )
        answers.append(answer)
    return Solution(
        graph(made, dict.fromkeys((*inputs, "z", "alpha"), ())), tuple(answers), {"z": 1, "alpha": alpha},
        {"alpha": parse("1/(1 + exp(-1))")}, inputs, {},
    )  # fmt: skip


def ex3() -> Solution:
    lines = (
        "z1 = W1 @ x + b1\na1 = relu(z1)\nz2 = W2 @ a1 + b2\nyhat = sigmoid(z2)\n"
        "L = y * log(yhat) + (1 - y) * log(1 - yhat)\nJ = -1/m * sum(L, i)"
    )
    made = exercise(
        "ex3.yaml", "Two-layer network, shapes and derivatives", lines, sizes={"D_x": 2, "D_a1": 3, "m": 2},
        examples={"i": parse("m")}, variables={"yhat": Variable("yhat", latex=r"\hat y")},
    )  # fmt: skip
    column, one = shape("D_a1", 1), shape(1, 1)
    shapes = {
        "x": shape("D_x", 1), "y": one, "W1": shape("D_a1", "D_x"), "b1": column, "W2": shape(1, "D_a1"), "b2": one,
        "z1": column, "a1": column, "z2": one, "yhat": one, "L": one, "J": one,
    }  # fmt: skip
    x = [[1.5, -0.8], [2.0, 1.2]]
    inputs = {
        "x": x,
        "y": [[1, 0]],
        "W1": [[0.6, -0.4], [-0.2, 0.8], [0.5, 0.3]],
        "b1": [[0.2], [-0.1], [0]],
        "W2": [[0.7, -0.3, 0.9]],
        "b2": [[0.1]],
    }
    forward = {"z2": [[1.163, -0.081]], "yhat": [[0.7622345, 0.4486339]], "J": 0.4334680350}
    m = shape("m")
    delta1 = "-1/m*(y/yhat - (1 - y)/(1 - yhat))"
    kink = Problem("kink", "relu'(0) = 0 by convention")
    answers = (
        Answer(question("shape W1", kind="shape"), "shape", parse("[D_a1, D_x]"), shapes["W1"],
               reason="`W1 @ x` is D_a1×1 and x is D_x×1, so W1 is D_a1×D_x"),
        Answer(question("shape X", kind="shape"), "shape", parse("[D_x, m]"), shape("D_x", "m"), reason="x is D_x×1, one for each of m examples"),
        Answer(question("shape b1", kind="shape"), "shape", parse("[D_a1, 1]"), column, stacked=View(parse("[D_a1, 1]"), column),
               reason="declared with z1; b1 keeps its shape, it is broadcast over the columns"),
        derivative("dJ/dyhat", delta1, [[-0.65596133, 0.90691654]], "dJ/dL: -1/m; dL/dyhat: y/yhat - (1 - y)/(1 - yhat)", "delta1",
                   shape=one, simplified=parse("(yhat - y)/(m*yhat*(1 - yhat))"),
                   per_example=View(parse(delta1), one, [[-0.65596133, 0.90691654]]),
                   stacked=View(parse("-1/m*(Y/Yhat - (1 - Y)/(1 - Yhat))"), (*shape(1), *m), [[-0.65596133, 0.90691654]])),
        derivative("da1/dz1", "diag(step(z1))", [[[1, 1], [0, 0], [0, 0]], [[0, 0], [1, 1], [0, 0]], [[0, 0], [0, 0], [1, 1]]], "da1/dz1: diag(step(z1))", "delta4",
                   shape=shape("D_a1", "D_a1"), warnings=(kink,),
                   shorthand=Shorthand(parse("step(z1)"), "the mask multiplies entry by entry: write it with ∘, to the right of the upstream gradient")),
        derivative("dz1/dW1", "where(k == p, x[q], 0)", None, "dz1/dW1: where(k == p, x[q], 0)", "delta5",
                   shape=shape("D_a1", "D_a1", "D_x"), free=("k", "p", "q"),
                   shorthand=Shorthand(parse("x.T"), "it stands last: ∂J/∂W1 is the gradient at z1 times xᵀ")),
        derivative("dJ/dW1", "((W2.T @ (Yhat - Y)) * step(Z1)) @ X.T / m",
                   [[-0.12482397, -0.16643196], [0.10733775, -0.00943466], [-0.16048796, -0.21398395]],
                   "dJ/dL: -1/m; dL/dyhat: 1; dyhat/dz2: 1; dz2/da1: W2; da1/dz1: 1; dz1/dW1: 1",
                   shape=shapes["W1"], expanded=None, where=(("dZ1", parse("W2.T @ (Yhat - Y) * step(Z1)")),)),
    )  # fmt: skip
    stacks = {"X": "x", "Y": "y", "Z1": "z1", "A1": "a1", "Z2": "z2", "Yhat": "yhat"}
    return Solution(
        graph(made, shapes, "x y z1 a1 z2 yhat L", stacks), answers, forward, {}, inputs, {}
    )


def wrong() -> Solution:
    """Exercise 1 with an answer that failed its check, one that could not be checked, and a title from a stranger."""
    good = ex1()
    title = "[bold]f = x[/foo] \x1b[31mred\x1b[0m \u202eevil :smile: $x$ | `a` <b>&"
    failed = replace(good.answers[0], verified=Verified(False, RIGHT.method, 0.5))
    unchecked = replace(
        good.answers[1], verified=Verified(None, reason="no point in the domain"), value=None
    )
    third = replace(
        good.answers[4],
        value=1 / 3,
        exact=parse("1/3"),
        warnings=(Problem("kink", "abs'(0) = 0 by convention", hint="\x1b]0;hi\x07"),),
    )
    made = replace(good.graph.exercise, title=title)
    return replace(
        good, graph=replace(good.graph, exercise=made), answers=(failed, unchecked, third)
    )


ALL = {"ex1": ex1, "ex2": ex2, "ex3": ex3, "wrong": wrong}
