"""Exponentials over their sum by a named index are a softmax."""

from __future__ import annotations

import pytest

from helpers.answers import solved


@pytest.mark.parametrize(
    ("lines", "question", "formula"),
    [
        (
            "b[j] = log(sum(exp(a[i] + T[i, j]), i)); f = sum(b*c)",
            "df/da",
            "softmax(a + T.T).T @ c",
        ),
        ("b[j] = log(sum(exp(a[i] + T[i, j]), i)); f = sum(b*c)", "df/dT", "softmax(a + T.T).T*c"),
        ("b[j] = log(sum(exp(T[i, j]), i)); f = sum(b*c)", "df/dT", "softmax(T, axis=0)*c"),
    ],
)
def test_a_softmax_is_recognised(lines: str, question: str, formula: str) -> None:
    shapes = {"a": ["k"], "T": ["k", "k"], "c": ["k"]}
    used = {name: shape for name, shape in shapes.items() if f"{name}[" in lines or name == "c"}
    result = solved(lines, question, indices={"i": "k", "j": "k"}, variables=used, sizes={"k": 3})
    assert result.answers[0].text == formula
    assert result.ok
