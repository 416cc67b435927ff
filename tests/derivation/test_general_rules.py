"""The rule of each operation, stated in letters, and that it is true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcalc.derivation.general_rules import LETTERS, general
from gradcalc.language.formula_pieces import Names
from gradcalc.language.parser import children, parse
from gradcalc.language.shape_rules import Shape
from gradcalc.language.tree import Name
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.ops import TABLE
from gradcalc.report.lines import latex_math, plain_line, text_line


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_operation_says_why_and_how(name: str) -> None:
    op = TABLE[name]
    assert op.sentence
    assert op.sentence[0].islower() or op.sentence.split()[0] in ("SiLU", "GELU", "ELU", "ReLU")
    assert not op.sentence.endswith(".")
    assert all(op.fixed)
    assert len(op.fixed) in (0, len(op.operands))
    for operand in range(max(len(op.partials), len(op.back))):
        line = general(name, operand)
        if not line:
            assert name == "where"
            continue
        assert text_line(line, Names())
        assert plain_line(line)
        assert all(latex_math(part, Names()) for part in line if not isinstance(part, str))


def test_what_has_no_formula_is_known() -> None:
    without = {
        name for name, op in TABLE.items() if not op.partials and not op.back and name != "apply"
    }
    assert without == {
        "lt", "le", "gt", "ge", "eq", "ne", "kron", "matrix_power", "vec", "concat", "stack", "eye", "ones", "zeros", "getitem", "toaxis",
    }  # fmt: skip


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
