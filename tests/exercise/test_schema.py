"""The table of keys: validation and the JSON Schema come from it and agree."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from gradcalc.exercise.schema import (
    EXERCISE,
    Array,
    Either,
    Entries,
    Items,
    Key,
    Kind,
    Record,
    Scalar,
    check,
    json_schema,
)
from gradcalc.exercise.yaml_nodes import from_python, read_yaml
from gradcalc.language.errors import Problem
from helpers.paths import SHIPPED


def keys(kind: Kind) -> list[Key]:
    """Every key of the table, at any depth."""
    match kind:
        case Record(own, rest):
            inner = [key for one in own for key in keys(one.kind)]
            return [*own, *inner, *(keys(rest) if rest else [])]
        case Items(item):
            return keys(item)
        case Entries(_, value):
            return keys(value)
        case Either(kinds):
            return [key for one in kinds for key in keys(one)]
    return []


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_schema_accepts_what_the_program_reads(
    path: Path, validator: jsonschema.Draft202012Validator
) -> None:
    assert [
        error.message for error in validator.iter_errors(yaml.safe_load(path.read_text("utf-8")))
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        "title: t",
        "expression: x\nsteps: y",
        "expression: x\nvariables: x",
        "expression: x\nvariables: {x: {shapes: [n]}}",
        "expression: x\nvariables: {x: {assume: nice}}",
        "expression: x\nvalues: [1]",
        "expression: x\nsizes: {n: [1]}",
        "expression: x\nquestions: df/dx",
        "expression: x\nquestions: [{name: a}]",
        "expression: x\nnotation: {layout: row}",
        "expression: x\nvary: {x: {normal: [0, 1]}}",
    ],
)
def test_schema_and_program_refuse_the_same(
    text: str, validator: jsonschema.Draft202012Validator
) -> None:
    node, problems = read_yaml(text, "e.yaml")
    check(node, EXERCISE, "", problems)
    assert problems
    assert list(validator.iter_errors(yaml.safe_load(text)))


@pytest.mark.parametrize("key", keys(EXERCISE), ids=lambda key: key.name)
def test_every_key_has_words_and_an_example_of_its_own_kind(key: Key) -> None:
    assert key.description
    assert not key.description.endswith(".")
    node, problems = read_yaml(f"{key.name}: {key.example}", "example")
    check(node.pairs[0][1], key.kind, key.name, problems)
    assert problems == []


@pytest.mark.parametrize("key", EXERCISE.keys, ids=lambda key: key.name)
def test_the_key_of_an_exercise_is_read(key: Key) -> None:
    """An unreadable value of any key is an error, so no key is passed over."""
    wrong = {"a": {"b": {"c": "1"}}} if isinstance(key.kind, Scalar | Items | Array) else 7.5
    data = {
        "expression": "f = x",
        key.name: {"e": [[wrong]]} if key.name == "expression" else wrong,
    }
    node = from_python(data, "e")
    problems: list[Problem] = []
    check(node, EXERCISE, "", problems)
    accepts_scalars = key.name in ("upstream",)
    assert bool(problems) != accepts_scalars
