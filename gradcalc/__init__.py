"""Derive, evaluate and verify the gradients of a computation.

    import gradcalc

    result = gradcalc.solve("ex1")            # an exercise: a path, a dict, or a shipped one
    result["df/dx"].symbolic                  # 'z'
    result["df/dx"].value                     # -4.0
    gradcalc.diff("x.T @ A @ x", wrt="x")     # one derivative, no file
    gradcalc.check("logdet(X)", wrt="X", answer="inv(X)")   # is this right, and if not, why?

solve, diff, check and build are the functions; load_exercise, parse_exercise and exercise_from read
a file, YAML text and a dict. Mistakes are GradcalcError, with every problem and its place.
"""

# Loaded when it is used: importing gradcalc alone loads neither SymPy nor NumPy.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcalc.app.api import build as build
    from gradcalc.app.api import check as check
    from gradcalc.app.api import diff as diff
    from gradcalc.app.api import solve as solve
    from gradcalc.app.results import Answer as Answer
    from gradcalc.app.results import Gradient as Gradient
    from gradcalc.app.results import Verdict as Verdict
    from gradcalc.app.solved import Derivative as Derivative
    from gradcalc.app.solved import Result as Result
    from gradcalc.exercise.load import exercise_from as exercise_from
    from gradcalc.exercise.load import load_exercise as load_exercise
    from gradcalc.exercise.load import parse_exercise as parse_exercise
    from gradcalc.exercise.model import Exercise as Exercise
    from gradcalc.graph.model import Graph as Graph
    from gradcalc.language.errors import GradcalcError as GradcalcError
    from gradcalc.report.blocks import Report as Report
    from gradcalc.version import __version__ as __version__

# Name -> the module it lives in.
_PUBLIC = {
    "solve": "app.api", "diff": "app.api", "check": "app.api", "build": "app.api",
    "Result": "app.solved", "Derivative": "app.solved",
    "Answer": "app.results", "Gradient": "app.results", "Verdict": "app.results",
    "load_exercise": "exercise.load",
    "parse_exercise": "exercise.load", "exercise_from": "exercise.load",
    "Exercise": "exercise.model", "Graph": "graph.model", "Report": "report.blocks",
    "GradcalcError": "language.errors", "__version__": "version",
}  # fmt: skip

__all__ = [*_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
