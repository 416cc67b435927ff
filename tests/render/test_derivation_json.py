"""Explanations in JSON."""

from __future__ import annotations

import json

import pytest

from gradcalc.app.cli import run
from gradcalc.render.derivation_json import document
from helpers.derivations import shipped_derivation
from helpers.paths import EXERCISES


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["explain", *arguments]) == 0
    return capsys.readouterr().out


def test_json_is_the_derivation_with_a_format_number(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(shown(capsys, str(EXERCISES / "ex2.yaml"), "--format", "json"))
    assert (data["format"], data["kind"]) == (1, "derivation")
    assert data["forward"][5]["plugged"] == "2*(-1) + (-3)*(-2) + (-3)"
    step = data["passes"][0]["steps"][0]
    assert step["gradient"] == "dalpha/dz"
    (path,) = step["paths"]
    assert path["rules"][0]["operation"] == "sigmoid"
    assert path["rules"][0]["formula"] == "d(sigmoid(u))/du = sigmoid(u)*(1 - sigmoid(u))"
    assert path["rules"][0]["here"] == "u = z"
    assert path["local"]["symbolic"] == "alpha*(1 - alpha)"
    (after,) = data["passes"][0]["steps"][1]["paths"]
    assert (after["upstream"]["name"], after["local"]["symbolic"]) == ("dalpha_dz", "w0")
    assert step["verified"]["ok"] is True


def test_the_keys_of_the_json_are_always_there() -> None:
    first = document(shipped_derivation("ex1"))
    other = document(shipped_derivation("ex3", "full"))
    assert first.keys() == other.keys()
    steps = [step for data in (first, other) for one in data["passes"] for step in one["steps"]]
    assert len({tuple(step) for step in steps}) == 1
    assert len({tuple(path) for step in steps for path in step["paths"]}) == 1
