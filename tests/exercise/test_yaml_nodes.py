"""YAML with its traps."""

from __future__ import annotations

import pytest
import yaml

from helpers.mistakes import one, problems


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("expression: *w0 + 1\n", 1, 13, "a value without quotes cannot begin with `*`"),
        ("expression: f\nquestions: [*a]\n", 2, 13, "YAML reads `*a` as an alias, and aliases are not supported"),
        ("expression: |x|\n", 1, 13, "YAML reads `|` at the beginning of a value as the sign of a text block"),
        ("title: @home\n", 1, 8, "a value without quotes cannot begin with `@`"),
        ("title: `x`\n", 1, 8, "a value without quotes cannot begin with ```"),
        ("title: %x\n", 1, 8, "a value without quotes cannot begin with `%`"),
        ("title: Exercise 1: chain rule\n", 1, 18, "a value without quotes cannot contain a colon and a space"),
        ("expression: x\n  title: t\n", 2, 8, "this key is indented under a value"),
        ("title: - x\n", 1, 8, "a list cannot begin on the line of its key"),
        ("expression: {q: max(x, y), f: q}\n", 1, 17, "YAML cuts this at its commas, inside [ ] and { }"),
        ("expression: J = x\nquestions: [dJ/dx[0, 2]]\n", 2, 18, "YAML cuts this at its commas, inside [ ] and { }"),
        ("expression: [1, 2] @ x\n", 1, 20, "YAML ends the value here, because it begins with `[` as a list"),
        ('title: "unclosed\nexpression: x\n', 1, 8, "this quotation mark is never closed"),
        ('title: "a\\qb"\n', 1, 10, "YAML does not know this escape"),
        ("expression:\n\t- x\n", 2, 1, "YAML does not allow a tab here"),
        ("title: t\nexpression: x\n---\ntitle: u\n", 3, 1, "a file holds one exercise"),
        ("expression: x\nexpression: y\n", 2, 1, "duplicate key `expression` (first used on line 1)"),
        ("expression: μ\nvalues: {µ: 1, μ: 2}\n", 2, 16, "duplicate key `μ` (first used on line 2)"),
        ("expression: !!str x\n", 1, 13, "YAML reads `!!str` as a tag, and tags are not supported"),
        ("expression: &a x\n", 1, 13, "YAML reads `&a` as an anchor, and anchors are not supported"),
        ("title: 2024-01-01\nexpression: x\n", 1, 8, "`2024-01-01` looks like a date or a time"),
        ("title: 1:30\nexpression: x\n", 1, 8, "`1:30` looks like a date or a time"),
        ("expression: x\ntags: " + "[" * 17 + "]" * 17 + "\n", 2, 22, "lists and mappings are nested more than 16 deep"),
    ],
)  # fmt: skip
def test_traps_of_yaml(text: str, line: int, column: int, message: str) -> None:
    found = problems(text)[0]
    assert found.place is not None
    assert (found.place.line, found.place.column, found.message) == (line, column, message)


def test_what_libyaml_refuses_is_refused_without_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML's own reader raises a ValueError for an escape beyond Unicode."""
    monkeypatch.setattr("gradcalc.exercise.yaml_nodes._LOADER", yaml.BaseLoader)
    assert one('title: "\\UFFFFFFFF"\nexpression: x\n') == (
        1,
        1,
        "this is not valid YAML",
        None,
    )
