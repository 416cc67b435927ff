"""The page's JavaScript under Node: exercises as the data it takes, and what it answers."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from gradcalc.derivation.total_derivatives import upstream_name
from gradcalc.exercise.model import Value
from gradcalc.graph.model import Graph
from gradcalc.language.parser import (
    Binary,
    Call,
    Compare,
    Index,
    Name,
    Neg,
    Num,
    Slice,
    Transpose,
    Vector,
)
from gradcalc.numeric.evaluation_points import given_point, random_points
from gradcalc.numeric.forward import Point, leaf
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import Env
from gradcalc.render.page.language import language
from gradcalc.render.page.packing import packed, tight
from helpers.paths import ROOT

PAGE = ROOT / "gradcalc" / "render" / "page"
CORE = (
    "numbers.js",
    "reader.js",
    "tensors.js",
    "evaluate.js",
    "mathematics.js",
    "verdict.js",
    "formats.js",
)


@cache
def node() -> str:
    """Where Node is. A developer without it misses these tests; where CI is set it is a failure."""
    found = shutil.which("node")
    if found is None and os.environ.get("CI"):
        pytest.fail("these tests need Node")
    if found is None:
        pytest.skip("these tests need Node")
    return found


def run(cases: Sequence[Sequence[Any]]) -> list[Any]:
    """What the functions of tests/page/load.js answer, in one process for all."""
    script = tight("\n".join(packed((PAGE / name).read_text("utf-8")) for name in CORE))
    ran = subprocess.run(
        [node(), str(ROOT / "tests" / "page" / "load.js")],
        input=json.dumps({"script": script, "language": language(), "cases": cases}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    answers: list[Any] = json.loads(ran.stdout)
    return answers


def pair(answer: Any) -> tuple[float, float]:
    """The enclosure of one number."""
    return float(answer[0]), float(answer[1])


def encloses(lo: float, hi: float, value: float, width: float = 1e-12) -> bool:
    """Does it hold a number that is known to half a unit in its last place, and no more than
    `width` beside it?
    """
    slack = math.ulp(value)
    return (
        lo - slack <= value <= hi + slack and hi - lo <= width * max(1.0, abs(value)) and lo <= hi
    )


# ---- an exercise as data


def upstream(graph: Graph) -> dict[str, str]:
    """The names that upstream gradients are written with, and at what they stand."""
    named = [(upstream_name(graph, one), one) for one in graph.exercise.upstream]
    return {name: one.of or graph.outputs[-1] for name, one in named if name not in graph.names}


def point_of(graph: Graph) -> Point | None:
    """Its values, or a random point where it has none."""
    given = given_point(graph)
    if not given.missing and not graph.exercise.unknown_functions:
        return given
    found, _ = random_points(graph, 1)
    return found[0] if found else None


def at(graph: Graph, point: Point) -> dict[str, Any]:
    return {
        "standIn": point.stand_in,
        "sizes": dict(point.sizes),
        "values": {name: said(value) for name, value in point.values.items()},
        "upstream": {
            name: said(point.upstream[quantity])
            for name, quantity in upstream(graph).items()
            if quantity in point.upstream
        },
    }


def said(value: Value) -> Any:
    """A value as the page has it: numbers as text, p/q or a decimal."""
    if isinstance(value, tuple):
        return [said(item) for item in value]
    if isinstance(value, Num) or (isinstance(value, Neg) and isinstance(value.arg, Num)):
        exact = -value.arg.value if isinstance(value, Neg) else value.value
        return str(Fraction(exact))
    return repr(float(leaf(value, Env(floats(), {}))))


def agrees(answer: Any, expected: Any, over: tuple[str, ...], width: float = 1e-11) -> bool:
    """Is a tensor of the page the one that Python has?"""
    data = np.asarray(expected, dtype=float)
    if "problem" in answer or answer["over"] != list(over):
        return False
    lo, hi = np.array(answer["lo"], dtype=float), np.array(answer["hi"], dtype=float)
    flat = data.reshape(-1)
    largest = max(1.0, float(np.abs(flat).max(initial=0)))
    return (
        lo.size == flat.size
        and answer["shape"] == list(data.shape[len(over) :])
        and bool((lo <= flat + np.spacing(np.abs(flat))).all())
        and bool((hi >= flat - np.spacing(np.abs(flat))).all())
        and bool((hi - lo <= width * largest).all())
    )


# ---- trees as nested tuples, the same from both sides


def of_python(tree: Any) -> Any:
    """A tree of the parser."""
    match tree:
        case None:
            return None
        case Num():
            return ("num", tree.value, *tree.span)
        case Slice():
            parts = map(of_python, (tree.start, tree.stop, tree.step))
            return ("slice", *parts, *tree.span)
        case Name():
            return ("name", tree.id)
        case Call():
            kwargs = tuple((word, of_python(value)) for word, value in tree.kwargs)
            args = tuple(map(of_python, tree.args))
            return ("call", tree.func, args, kwargs, tree.primes, tree.places, *tree.span)
        case Binary() | Compare():
            kind = type(tree).__name__.lower()
            return (kind, tree.op, of_python(tree.left), of_python(tree.right), *tree.span)
        case Neg() | Transpose():
            return (type(tree).__name__.lower(), of_python(tree.arg), *tree.span)
        case Vector():
            return ("vector", tuple(map(of_python, tree.items)), *tree.span)
        case Index():
            items = tuple(map(of_python, tree.items))
            return ("index", of_python(tree.base), items, *tree.span)
    raise TypeError(tree)


def of_page(tree: Any) -> Any:
    """A tree of the page."""
    if tree is None:
        return None
    span = (tree.get("start"), tree.get("end"))
    match tree["kind"]:
        case "num":
            return ("num", Fraction(tree["text"]), *span)
        case "slice":
            return ("slice", *(of_page(tree[part]) for part in ("begin", "stop", "step")), *span)
        case "name":
            return ("name", tree["id"])
        case "call":
            kwargs = tuple((word, of_page(value)) for word, value in tree["kwargs"])
            args, places = tuple(map(of_page, tree["args"])), tuple(tree["places"])
            return ("call", tree["func"], args, kwargs, tree["primes"], places, *span)
        case "binary" | "compare" as kind:
            return (kind, tree["op"], of_page(tree["left"]), of_page(tree["right"]), *span)
        case "neg" | "transpose" as kind:
            return (kind, of_page(tree["arg"]), *span)
        case "vector":
            return ("vector", tuple(map(of_page, tree["items"])), *span)
        case "index":
            return ("index", of_page(tree["base"]), tuple(map(of_page, tree["items"])), *span)
    raise TypeError(tree["kind"])
