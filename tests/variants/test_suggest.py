"""What an exercise that does not say so could vary: what is suggested works, and can be pasted."""

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.language.errors import GradcalcError
from gradcalc.variants.search import Search
from gradcalc.variants.suggest import suggest
from gradcalc.variants.vary_text import vary_text

NEURON = """\
expression: |
  z = w*x + b
  a = sigmoid(z)
values: {w: 1, x: 2, b: 0}
questions: [da/dw, da/dx]
"""


def read(text: str) -> Exercise:
    return parse_exercise(text)


def test_a_sigmoid_is_aimed_at() -> None:
    found = suggest(read(NEURON)).vary
    assert found.domains["b"].kind == "aim"
    assert found.nice.numbers
    assert not found.nice.exempt
    search = Search(read(NEURON), found, "a" * 64, 1)
    assert sum(1 for _ in search.variants(20)) == 20


def test_what_is_suggested_can_be_pasted() -> None:
    found = suggest(read(NEURON)).vary
    again = read(NEURON + vary_text(found) + "\n").vary
    assert vary_text(again) == vary_text(found)
    assert again.domains.keys() == found.domains.keys()


def test_labels_and_indices_keep_their_kind() -> None:
    text = (
        "expression: |\n  p = softmax(s)\n  L = -sum(y * log(p))\n"
        "variables: {s: [3], y: {shape: [3], assume: onehot}}\n"
        "values: {s: [0, 1, 2], y: [0, 1, 0]}\nquestions: [dL/ds]\n"
    )
    found = suggest(read(text))
    assert found.vary.domains["y"].onehot
    assert "L" in found.vary.nice.exempt or not found.vary.nice.numbers
    assert found.remarks


def test_what_cannot_vary_is_said() -> None:
    with pytest.raises(GradcalcError, match="n has no number"):
        suggest(read("expression: f = sum(x*x)\nvariables: {x: [n]}\nquestions: [df/dx]\n"))
    text = "expression: f = g(x)\nvariables: {g: {function: 1}}\nvalues: {x: 1}\n"
    with pytest.raises(GradcalcError, match="it has an unknown function"):
        suggest(read(text))
    with pytest.raises(GradcalcError, match="there is nothing to vary"):
        suggest(read("expression: f = x\nvariables: {x: {assume: constant}}\nvalues: {x: 1}\n"))
