"""YAML with its traps."""

from __future__ import annotations

import pytest
import yaml

from helpers.mistakes import one, problems


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("expression: *w0 + 1\n", 1, 13, "a plain value cannot begin with `*`"),
        ("expression: f\nquestions: [*a]\n", 2, 13, "`*a` reads as a YAML alias, and aliases have no place here"),
        ("expression: |x|\n", 1, 13, "a value that begins with `|` is a block of text for YAML"),
        ("title: @home\n", 1, 8, "a plain value cannot begin with `@`"),
        ("title: `x`\n", 1, 8, "a plain value cannot begin with ```"),
        ("title: %x\n", 1, 8, "a plain value cannot begin with `%`"),
        ("title: Exercise 1: chain rule\n", 1, 18, "a colon and a space inside a plain value"),
        ("expression: x\n  title: t\n", 2, 8, "a key that is indented under a value"),
        ("title: - x\n", 1, 8, "a list item on the line of its key"),
        ("expression: {q: max(x, y), f: q}\n", 1, 17, "flow style, [ ] and { }, cuts expressions at their commas"),
        ("expression: J = x\nquestions: [dJ/dx[0, 2]]\n", 2, 18, "flow style, [ ] and { }, cuts expressions at their commas"),
        ("expression: [1, 2] @ x\n", 1, 20, "for YAML this value ends here: it begins with `[`, as a list"),
        ('title: "unclosed\nexpression: x\n', 1, 8, "a quote that is never closed"),
        ('title: "a\\qb"\n', 1, 10, "an escape that YAML does not know"),
        ("expression:\n\t- x\n", 2, 1, "a tab where YAML wants spaces"),
        ("title: t\nexpression: x\n---\ntitle: u\n", 3, 1, "a second document in one file"),
        ("expression: x\nexpression: y\n", 2, 1, "`expression` stands twice; the first is on line 1"),
        ("expression: μ\nvalues: {µ: 1, μ: 2}\n", 2, 16, "`μ` stands twice; the first is on line 2"),
        ("expression: !!str x\n", 1, 13, "`!!str` is a YAML tag, and tags have no place here"),
        ("expression: &a x\n", 1, 13, "`&a` is a YAML anchor, and anchors have no place here"),
        ("title: 2024-01-01\nexpression: x\n", 1, 8, "`2024-01-01` looks like a date or a time"),
        ("title: 1:30\nexpression: x\n", 1, 8, "`1:30` looks like a date or a time"),
        ("expression: x\ntags: " + "[" * 17 + "]" * 17 + "\n", 2, 22, "lists and mappings nested more than 16 deep"),
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
        "this is not readable as YAML",
        None,
    )
