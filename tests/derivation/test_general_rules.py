"""The rule of each operation, stated in letters, and that it is true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcalc.derivation.general_rules import LETTERS, general, letters
from gradcalc.language.formula_pieces import Names
from gradcalc.language.parser import children, parse
from gradcalc.language.shape_rules import Shape
from gradcalc.language.tree import Name
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.ops import TABLE
from gradcalc.report.lines import latex_math, plain_line, text_line

PROPER = ("SiLU", "GELU", "ELU", "ReLU", "Jacobi's", "Kronecker")
WITHOUT = {
    "lt", "le", "gt", "ge", "eq", "ne", "kron", "matrix_power", "vec", "concat", "stack", "eye", "ones", "zeros", "getitem", "toaxis",
    "conv", "conv2d", "free",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_operation_says_why_and_how(name: str) -> None:
    op = TABLE[name]
    for sentence in (op.sentence, *op.fixed):
        named, _, says = sentence.partition(": ")
        assert named
        assert says
        assert not says.endswith(".")
        assert named[0].islower() or named.split()[0] in PROPER
    assert len(op.fixed) in (0, len(op.operands))
    own = letters(name, ())
    for operand in (None, *range(max(len(op.partials), len(op.back)))):
        line = general(name, operand, own)
        if not line:
            assert name in ("where", "polygamma", *WITHOUT)
            continue
        assert text_line(line, Names())
        assert plain_line(line)
        assert all(latex_math(part, Names()) for part in line if not isinstance(part, str))


@pytest.mark.parametrize("name", sorted(set(TABLE) - {"where"}))
def test_the_letters_of_a_rule_are_none_of_those_that_are_taken(name: str) -> None:
    taken = {*"uvxyzstabcdwABCGLEnjk", "f"}
    own = letters(name, taken)
    used = {*own.operands, own.result, own.upstream, own.loss, own.count, *own.indices}
    assert not used & taken
    assert len(used) == len(set(own.operands)) + 6


@pytest.mark.parametrize("name", sorted(name for name, op in TABLE.items() if op.law))
def test_the_textbook_form_is_the_sum_of_the_partials_times_the_derivatives(name: str) -> None:
    """(u v)' = u' v + u v', for the numbers 1.7 and 0.6 with the derivatives 0.3 and −1.1."""
    op = TABLE[name]
    values = {"x": 1.7, "y": 0.6, "dx": 0.3, "dy": -1.1}

    def number(text: str) -> float:
        env = Env(floats(), {word: Tensor(value) for word, value in values.items()}, {})
        return float(evaluate(parse(text), env).data)

    values["r"] = number(op.form)
    partials = [number(partial) for partial in op.partials]
    assert number(op.law) == pytest.approx(partials[0] * 0.3 - partials[1] * 1.1)


@pytest.mark.parametrize("name", sorted(name for name, op in TABLE.items() if op.entry))
def test_the_entry_of_a_function_of_a_vector_is_its_derivative(name: str) -> None:
    op, u, step = TABLE[name], np.array([0.3, -1.2, 0.7]), 1e-6

    def result(at: Any) -> Any:
        env = Env(floats(), {"u": Tensor(at)}, {"n": 3})
        return np.asarray(evaluate(parse(op.example), env).data)

    for k in range(3):
        moved = step * np.eye(3)[k]
        slope = (result(u + moved) - result(u - moved)) / (2 * step)
        for j in range(3):
            text = op.entry.replace("j == k", f"{j} == {k}").replace("[j]", f"[{j}]")
            env = Env(floats(), {"u": Tensor(u), "s": Tensor(result(u))}, {"n": 3})
            stated = evaluate(parse(text.replace("[k]", f"[{k}]")), env).data
            assert float(stated) == pytest.approx(slope[j], abs=1e-8)


def test_what_has_no_formula_is_known() -> None:
    without = {
        name for name, op in TABLE.items() if not op.partials and not op.back and name != "apply"
    }
    assert without == WITHOUT


@pytest.mark.parametrize(
    "name", sorted(name for name, op in TABLE.items() if op.back and name != "apply")
)
def test_what_an_operand_gets_is_its_vector_jacobian_product(name: str) -> None:
    """The stated formula against differences of Σ G · op(operands)."""
    op, random = TABLE[name], np.random.default_rng(5)
    sizes = {"n": 3, "m": 3 if name in ("var", "mean", "sum") else 4, "k": 2}

    def draw(shape: Shape) -> Any:
        return random.uniform(0.5, 2.0, [size.at(sizes) for size in shape])

    def env(values: dict[str, Any]) -> Env:
        return Env(floats(), {key: Tensor(value) for key, value in values.items()}, sizes)

    example = parse(op.example)
    operands = [part.id for part in children(example) if isinstance(part, Name)]
    values = {word: draw(LETTERS[word]) for word in operands}
    if "M" in values:
        values["M"] = values["M"] + 3 * np.eye(3)
    upstream = random.uniform(-1, 1, np.shape(evaluate(example, env(values)).data))
    for place, word in enumerate(operands):
        if name in ("sum", "mean", "var"):
            sizes["n"] = values[word].size
        stated = evaluate(parse(op.back[place]), env({**values, "G": upstream})).data
        sizes["n"] = 3
        found, step = np.zeros_like(values[word]), 1e-6
        for at in np.ndindex(found.shape):
            ends = []
            for side in (step, -step):
                moved = {**values, word: values[word].copy()}
                moved[word][at] += side
                ends.append(np.sum(upstream * np.asarray(evaluate(example, env(moved)).data)))
            found[at] = (ends[0] - ends[1]) / (2 * step)
        assert np.allclose(np.broadcast_to(stated, found.shape), found, rtol=1e-6, atol=1e-8), word
