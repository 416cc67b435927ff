"""A class for the tests of grading: exercises, what was handed in, and a run."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from gradcalc.app.cli import run

CHAIN = """\
title: A chain
expression: |
  u = x*y
  v = u + z
  L = v^2/2
values: {x: 2, y: -3, z: 1}
questions:
  - du/dx
  - {ask: dL/dv, points: 2}
  - dL/du
  - delta = dL/dx
  - value v
"""
QUESTIONS = ("du/dx", "dL/dv", "dL/du", "dL/dx", "value v")
POOL = (
    ("y", "x", "2*y", "-y", "-3", "3", ""),
    ("v", "2*v", "u", "-5", "v^2", "v x", "5"),
    ("v", "2*v", "-v", "u", "z", "?"),
    ("v*y", "2*v*y", "v*x", "v*2*y", "x*dL_dv", "2*v*2*y", "15", "=y"),
    ("-5", "5", "-6", "1/0"),
)


def exercise(folder: Path, text: str = CHAIN, name: str = "chain.yaml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def students(count: int, seed: int = 0) -> list[list[str]]:
    """Rows of answers: a student, and an answer to each question."""
    draw = Random(seed)
    return [[f"s{k:03d}", *(draw.choice(pool) for pool in POOL)] for k in range(count)]


def table(path: Path, rows: Sequence[Sequence[str]], head: Sequence[str] = QUESTIONS) -> str:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["student", *head], *rows])
    return str(path)


def grade(*words: str, code: int = 0) -> None:
    assert run(["grade", *words]) == code


def marks(folder: Path) -> list[dict[str, Any]]:
    """The lines of a gradebook, without the first."""
    text = (folder / "grades.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()[1:]]


def last(folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """(student, question) -> the last word on it."""
    return {(line["student"], line["number"]): line for line in marks(folder)}
