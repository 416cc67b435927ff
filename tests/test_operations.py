"""Walks the table of operations: every rule against numeric differences, every entry complete; and tests the test."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
import sympy as sp
from flint import arb

from gradcalc.calculus.derivative_rules import CONTRACTIONS, SPECIAL
from gradcalc.calculus.sympy_functions import function_class
from gradcalc.calculus.terms import RawTerm
from gradcalc.derivation.answer_model import Solution
from gradcalc.derivation.general_rules import LETTERS, general, letters
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from, parse_exercise
from gradcalc.graph.build import build
from gradcalc.graph.printed_names import printed_names
from gradcalc.language import formula
from gradcalc.language.parser import Binary, Call, Compare, Expr, Name, Neg, Num, parse, unparse
from gradcalc.language.shape_rules import Size, shape_of
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.oracle import Claim, Oracle
from gradcalc.numeric.precision import Numbers, balls
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.numeric.verified import Verified
from gradcalc.ops import TABLE, WRITTEN, Op
from helpers.graphs import graph_of

SIZED = {
    "leaky_relu": "leaky_relu(x, 0.01)", "elu": "elu(x, 1)", "maximum": "max(x, y)", "minimum": "min(x, y)", "where": "where(x > y, x^2, y)",
    "add": "x + y", "sub": "x - y", "neg": "-x", "mul": "x*y", "div": "x/y", "pow": "x^y", "copy": "x",
    "acosh": "acosh(x)", "clip": "clip(x, 0.2, 0.9)", "polygamma": "polygamma(2, x)", "hypot": "hypot(x, y)", "atan2": "atan2(y, x)",
}  # fmt: skip
NUMBERS = {
    "clip": {"lo": "0.2", "hi": "0.9"},
    "polygamma": {"k": "2"},
}  # operands that are numbers there
POINTS = {
    "acosh": "values: {x: 1.7, y: 0.4}",
    "acosh array": "values: {x: [[1.2, 3], [2, 1.5]], y: [[1, 2], [3, 4]]}",
}


@pytest.mark.parametrize(
    "name",
    [name for name, op in TABLE.items() if op.partials and name != "where" and name not in WRITTEN],
)
@pytest.mark.parametrize("kind", ["scalar", "array"])
def test_every_elementwise_operation_agrees_with_its_partials(name: str, kind: str) -> None:
    """The table's own local derivatives, in operands and result; the same wrong by 0.05 % fails."""
    op = TABLE[name]
    variables = "{x: [2, n], y: [2, n]}" if kind == "array" else "{x: [], y: []}"
    values = "seed: 4" if kind == "array" else "values: {x: 0.7, y: 0.4}"
    values = POINTS.get(f"{name} array" if kind == "array" else name, values)
    graph = graph_of(
        f"expression: r = {SIZED.get(name, f'{name}(x)')} + 0*y\nvariables: {variables}\n{values}\nsizes: {{n: 2}}\n"
    )
    oracle = Oracle(graph)
    numbers = {**op.parameters, **NUMBERS.get(name, {})}
    names = tuple((parameter, parse(value)) for parameter, value in numbers.items())
    for operand, partial in zip(op.operands, op.partials, strict=True):
        if operand in numbers:
            continue
        entry = parse(partial, WRITTEN) if kind == "scalar" else _entry(partial)
        free = () if kind == "scalar" else ("b", "c", "d", "g")
        found = oracle.verify(Claim(entry, names, free), "r", operand)
        assert found.ok is True, (operand, partial, found)
        off = Binary("*", Num(Fraction("1.0005")), entry)
        assert (
            np.max(np.abs(oracle.derivative("r", operand).data)) < 1e-9
            or oracle.verify(Claim(off, names, free), "r", operand).ok is False
        )


def _entry(partial: str) -> Any:
    """The Jacobian of an elementwise operation, entry by entry."""
    return parse(f"where(b == d, where(c == g, ({partial} + 0*x)[b, c], 0), 0)", WRITTEN)


BITS, STEP = 600, 25


# stop_gradient has derivative 0 by definition, which no difference can tell.
SMOOTH = [
    op
    for op in TABLE.values()
    if any(op.partials) and op.signature == "elementwise" and op.name != "stop_gradient"
]


RULES = [(op, k) for op in SMOOTH for k, partial in enumerate(op.partials) if partial]


def mismatches(op: Op, operand: int, partial: str) -> int:
    """At how many of 20 points in the domain a local derivative differs from a central difference in 180 digits."""
    numbers = balls(BITS)
    with numbers.working():
        return _mismatches(numbers, op, operand, partial)


def _mismatches(numbers: Numbers, op: Op, operand: int, partial: str) -> int:
    random, wrong, compared = Random(f"{op.name} {operand}"), 0, 0
    step = numbers.scalar.constant(1) / 10**STEP
    tree = parse(partial, WRITTEN)
    for _ in range(400):
        point = {
            name: numbers.scalar.number(round(random.uniform(-3, 3), 3)) for name in op.operands
        }
        if op.name == "where":
            point["c"] = point["c"] > 0
        if op.name == "polygamma":
            point["k"] = numbers.scalar.number(random.randint(0, 3))
        if op.name == "clip":
            point["hi"] = point["lo"] + abs(point["hi"])
        moved = [
            {**point, op.operands[operand]: point[op.operands[operand]] + sign * step}
            for sign in (1, -1)
        ]
        try:
            high, low = (op.value(numbers.scalar, *place.values()) for place in moved)  # type: ignore[misc]
            result = op.value(numbers.scalar, *point.values())  # type: ignore[misc]
            values = {name: Tensor(value) for name, value in {**point, "r": result}.items()}
            claimed = (
                chosen(point, operand)
                if op.name == "where"
                else evaluate(tree, Env(numbers, values)).data
            )
        except (Undefined, ZeroDivisionError, ValueError):
            continue
        found = (high - low) / (2 * step)
        wrong += not abs(arb(found) - arb(claimed)) <= arb(1e-15) * (1 + abs(arb(found)))
        compared += 1
        if compared == 20:
            return wrong
    pytest.fail(f"{op.name}: only {compared} points in its domain")


def chosen(point: Mapping[str, Any], operand: int) -> int:
    """The derivative of where(c, x, y): a condition has no tensor of its own."""
    return int(bool(point["c"]) == (operand == 1))


@pytest.mark.parametrize(
    ("op", "operand"), RULES, ids=lambda item: getattr(item, "name", str(item))
)
def test_local_derivative(op: Op, operand: int) -> None:
    """Each local derivative of the table is the limit of differences."""
    assert mismatches(op, operand, op.partials[operand]) == 0


@pytest.mark.parametrize("name", ["mul", "sigmoid", "tanh", "log", "pow", "gelu", "atan"])
def test_a_rule_wrong_by_half_a_per_mille_is_found(name: str) -> None:
    """The check above fails on a rule that is wrong by 0.05 %."""
    assert mismatches(TABLE[name], 0, f"1.0005*({TABLE[name].partials[0]})") == 20


# What SymPy is given where the entry has no form in simpler operations.
PIECES = {
    "abs": "where(x > 0, x, -x)", "sign": "where(x > 0, 1, -1)", "step": "where(x > 0, 1, 0)", "half_step": "where(x > 0, 1, 0)", "relu": "where(x > 0, x, 0)",
    "leaky_relu": "where(x > 0, x, a*x)", "elu": "where(x > 0, x, a*(exp(x) - 1))", "softsign": "where(x > 0, x/(1 + x), x/(1 - x))",
    "maximum": "where(x > y, x, y)", "minimum": "where(x > y, y, x)", "where": "where(c > 0, x, y)",
    "clip": "where(x > lo, where(x > hi, hi, x), lo)", "atan2": "atan(y/x)",
    "lgamma": "lgamma(x)", "digamma": "digamma(x)", "polygamma": "polygamma(k, x)",
}  # fmt: skip


def in_sympy(tree: Expr, names: Mapping[str, sp.Expr]) -> sp.Expr:
    """A scalar expression in SymPy's own functions, pieces as Piecewise."""
    match tree:
        case Num():
            return sp.Rational(tree.value.numerator, tree.value.denominator)
        case Name():
            return names[tree.id] if tree.id in names else {"pi": sp.pi, "e": sp.E}[tree.id]
        case Neg():
            return -in_sympy(tree.arg, names)
        case Binary():
            x, y = in_sympy(tree.left, names), in_sympy(tree.right, names)
            return {"+": x + y, "-": x - y, "*": x * y, "/": x / y, "^": x**y}[tree.op]
        case Compare():
            x, y = in_sympy(tree.left, names), in_sympy(tree.right, names)
            return {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge, "==": sp.Eq}[tree.op](x, y)
    assert isinstance(tree, Call)
    args = [in_sympy(arg, names) for arg in tree.args]
    if tree.func == "where":
        condition = args[0] if isinstance(tree.args[0], Compare) else sp.Gt(args[0], 0)
        return sp.Piecewise((args[1], condition), (args[2], True))
    if tree.func in ("abs", "sign", "step", "half_step", "sigmoid"):
        text = PIECES.get(tree.func) or TABLE[tree.func].form
        return in_sympy(parse(text), {"x": args[0]})
    return getattr(sp, "loggamma" if tree.func == "lgamma" else tree.func)(*args)


def gaps(op: Op, operand: int, partial: str) -> int:
    """At how many of 20 points a rule differs from SymPy's derivative of the form, in 40 digits."""
    names = {name: sp.Symbol(name, real=True) for name in op.operands}
    assert op.form or op.name in PIECES, (
        f"{op.name} wants a form, from which its partials are confirmed"
    )
    form = in_sympy(parse(op.form or PIECES[op.name]), names)
    slope = sp.diff(form, names[op.operands[operand]])
    rule = in_sympy(parse(partial, WRITTEN), {**names, "r": form})
    random, wrong, compared = Random(op.name), 0, 0
    shift = 2 if op.name in ("acosh", "lgamma", "digamma", "polygamma") else 0
    while compared < 20:
        place = {
            symbol: sp.Rational(random.randint(-990, 990), 1000) + sp.Rational(1, 7000) + shift
            for symbol in names.values()
        }
        if op.name == "polygamma":
            place[names["k"]] = sp.Integer(random.randint(0, 3))
        if op.name == "clip":
            place[names["hi"]] = place[names["lo"]] + abs(place[names["hi"]])
        if form.subs(place).is_real is False:
            continue
        compared += 1
        wrong += bool(abs((slope - rule).subs(place).evalf(40)) > 1e-30)
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize(
    ("op", "operand"), RULES, ids=lambda item: getattr(item, "name", str(item))
)
def test_sympy_agrees(op: Op, operand: int) -> None:
    """A local derivative is what SymPy makes of the scalar form; one wrong by 0.05 % is not."""
    assert gaps(op, operand, op.partials[operand]) == 0
    if op.partials[operand] != "0" and op.name != "where":
        assert gaps(op, operand, f"1.0005*({op.partials[operand]})") > 0


# ---- structured operations: the answers that come of them


SHAPES = {"A": ["a", "b"], "B": ["b", "c"], "M": ["n", "n"], "u": ["n"], "v": ["n"], "G": None}


EXAMPLES = {
    "outer": "outer(u, w)",
    "kron": "kron(A, B)",
    "conv2d": "conv2d(A, B)",
    "concat": "concat(u, w)",
    "logdet": "logdet(M @ M.T + eye(n))",
}


NO_GRADIENT = {
    "eye",
    "ones",
    "zeros",
    "apply",
    "toaxis",
    "free",
}  # constants; an unknown function; what index formulas become


STRUCTURED = [
    op for op in TABLE.values() if op.signature != "elementwise" and op.name not in NO_GRADIENT
]


def structured(op: Op, extra: str = "") -> Solution:
    """The example of an operation: its Jacobians, and the gradient of a scalar of it, at symbolic sizes."""
    example = EXAMPLES.get(op.name, op.example)
    used = [name for name in ("A", "B", "M", "u", "v", "w") if re.search(rf"\b{name}\b", example)]
    shapes = {**SHAPES, "w": ["m"]}
    lines = [
        f"r = {example}",
        f"f = sum(sin(r) * r){extra}"
        if "->" not in op.signature or op.signature[-1] != ">"
        else "f = r^2",
    ]
    if not shape_of(parse(example), {name: tuple(map(Size.of, shapes[name])) for name in used}):  # type: ignore[arg-type]
        lines[1] = "f = r^2"
    questions = [f"dr/d{name}" for name in used] + [f"df/d{name}" for name in used]
    content = {
        "expression": lines,
        "variables": {name: shapes[name] for name in used},
        "questions": questions,
    }
    return solve(exercise_from(content))


@pytest.mark.parametrize("op", STRUCTURED, ids=lambda op: op.name)
def test_structured_operation(op: Op) -> None:
    """The derivative of its example agrees with differences at two choices of sizes."""
    for answer in structured(op).answers:
        assert answer.verified is not None
        assert answer.verified.ok is True, (
            answer.question.text,
            answer.symbolic and unparse(answer.symbolic),
            answer.verified,
        )
        assert answer.verified.method is not None
        assert answer.verified.method.count("sizes") == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*SPECIAL, *CONTRACTIONS} & {op.name for op in STRUCTURED}))
def test_a_structured_rule_wrong_by_half_a_per_mille_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check above fails where a pullback, or a definition by terms, is wrong by 0.05 %."""

    def off(term: RawTerm) -> RawTerm:
        return dataclasses.replace(term, coef=term.coef * sp.Rational(10005, 10000))

    rules = SPECIAL if name in SPECIAL else CONTRACTIONS
    right = rules[name]

    def wrong(*args: Any) -> Any:
        found = right(*args)
        if isinstance(found, list):
            return [off(term) for term in found]
        return {
            operand: [(at, off(term)) for at, term in pieces] for operand, pieces in found.items()
        }

    monkeypatch.setitem(rules, name, wrong)  # type: ignore[arg-type]
    verdicts = [answer.verified.ok for answer in structured(TABLE[name]).answers if answer.verified]
    assert False in verdicts


def test_a_gradient_that_nothing_asks_for_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """`gradients` holds no formula that a check refutes, be there a question about it or not."""
    exercise = parse_exercise(
        "expression: f = norm(x) + y^2\nvariables: {x: [n]}\nquestions: [value f, df/dy]\nseed: 1\n"
    )
    assert solve(exercise).right
    right = SPECIAL["norm"]
    off = sp.Rational(10005, 10000)

    def wrong(*args: Any) -> Any:
        return {
            n: [(at, dataclasses.replace(t, coef=t.coef * off)) for at, t in p]
            for n, p in right(*args).items()
        }

    monkeypatch.setitem(SPECIAL, "norm", wrong)  # type: ignore[arg-type]
    found = solve(exercise)
    assert not found.right
    assert found.gradients["x"].symbolic is found.gradients["x"].value is None
    assert found.gradients["y"].text == "2*y"
    assert [warning.slug for warning in found.warnings if warning.slug == "refuted"] == ["refuted"]


BACK = [(op, k) for op in STRUCTURED for k, text in enumerate(op.back) if text]


def passed_back(op: Op, operand: int, text: str) -> Verified:
    """What the entry says that an operand gets from the upstream gradient G, against differences."""
    letters = {name: tuple(map(str, shape)) for name, shape in LETTERS.items()}
    used = [name for name in letters if re.search(rf"\b{name}\b", op.example)]
    content = {
        "expression": f"r = {op.example}",
        "variables": {name: letters[name] for name in used},
        "upstream": {"dL/dr": "G"},
    }
    entries = {"mean": "n*m", "var": "n*m"}.get(op.name)
    if op.name == "logdet":
        content["values"] = {"M": [[2, 0.5, -0.3], [0.1, 1.5, 0.4], [-0.2, 0.3, 3]]}
    where, by = (
        (("n", parse(entries)),) if entries else (),
        used[operand],
    )  # one number: the same in every entry
    return Oracle(build(exercise_from(content))).verify(
        Claim(parse(f"({text}) + 0*{by}"), where), None, by
    )


@pytest.mark.parametrize(("op", "operand"), BACK, ids=lambda item: getattr(item, "name", str(item)))
def test_what_an_operand_gets(op: Op, operand: int) -> None:
    """The formula in words that handouts show is right, and one wrong by 0.05 % is found."""
    assert passed_back(op, operand, op.back[operand]).ok is True
    assert passed_back(op, operand, f"1.0005*({op.back[operand]})").ok is False


# ---- what an entry says


WITHOUT_A_FORMULA = {  # why the table states no general formula
    "where": "its sentence says it", "kron": "a sum over blocks", "matrix_power": "one term for each factor", "vec": "a rearrangement", "conv": "a sum over shifts", "conv2d": "a sum over shifts", "concat": "a piece of an array",
    "stack": "a piece of an array", "getitem": "a piece of an array", "eye": "a constant", "ones": "a constant", "zeros": "a constant",
    "toaxis": "the same numbers", "free": "it depends on the structure", **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), "no gradient"),
}  # fmt: skip


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_the_example_of_an_entry_works(op: Op) -> None:
    """An example that parses, builds and prints."""
    if op.name in ("toaxis", "free", *WRITTEN):  # nobody calls them: the axis of p[k] = …
        return
    tree = parse(op.example, functions={"g"})
    assert parse(unparse(tree), functions={"g"}) == tree
    variables: dict[str, Any] = {
        name: [int(n) if n.isdigit() else n for n in map(str, shape)]
        for name, shape in LETTERS.items()
    }
    variables |= {"x": [], "y": [], "g": {"function": 1}}
    graph = build(exercise_from({"expression": f"r = {op.example}", "variables": variables}))
    assert op.name in {node.op for node in graph.nodes} | {
        "var",
        "matrix_power",
        "dot",
    }  # written in others
    known = printed_names(graph)
    for line in (formula.text(tree, known), formula.latex(tree, known)):
        assert line


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_a_rule_is_stated_or_a_reason(op: Op) -> None:
    """Elementwise: partials for each operand, a convention at each kink. Structured: what is passed back."""
    own = letters(op.name, ())
    stated = [general(op.name, k, own) for k in range(len(op.operands))]
    if op.name in WITHOUT_A_FORMULA:
        assert not any(stated)
        return
    assert any(stated)
    if op.signature == "elementwise" and op.name != "apply":
        assert len(op.partials) == len(op.operands)
        assert op.value is not None
        assert bool(op.smooth or op.smooth_twice) == bool(op.convention)
    assert all(text in " ".join(op.operands) for text in op.parameters)


def test_a_wrong_rule_does_not_pass_as_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule wrong by 0.05 % anywhere in the table makes the answer that uses it unverified."""
    exercise = exercise_from(
        {
            "expression": ["a = silu(w*x)", "f = a^2"],
            "values": {"w": 2, "x": "1/3"},
            "questions": ["df/dw"],
        }
    )
    assert solve(exercise).answers[0].verified.ok is True  # type: ignore[union-attr]
    wrong = dataclasses.replace(TABLE["silu"], partials=(f"1.0005*({TABLE['silu'].partials[0]})",))
    monkeypatch.setitem(TABLE, "silu", wrong)  # type: ignore[arg-type]
    function_class.cache_clear()
    try:
        assert solve(exercise).answers[0].verified.ok is False  # type: ignore[union-attr]
    finally:
        monkeypatch.undo()
        function_class.cache_clear()
