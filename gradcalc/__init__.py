"""gradcalc: a computation declared once becomes every gradient, derived, checked and put on paper.

    Exercise --build--> Graph --derive--> Derivation --compose--> Report --render--> text

    import gradcalc
    print(gradcalc.solve("ex1.yaml"))
    print(gradcalc.diff("x.T @ A @ x", wrt="x"))

The library is in api.py. It is loaded when it is used: importing gradcalc alone loads neither SymPy nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcalc.api import Derivative as Derivative
    from gradcalc.api import Result as Result
    from gradcalc.api import build as build
    from gradcalc.api import diff as diff
    from gradcalc.api import solve as solve
    from gradcalc.blocks import Report as Report
    from gradcalc.errors import GradcalcError as GradcalcError
    from gradcalc.exercise import Exercise as Exercise
    from gradcalc.nodes import Graph as Graph

__version__ = "0.1.0"

# Name -> the room it lives in.
_PUBLIC = {
    "solve": "api", "diff": "api", "build": "api", "Result": "api", "Derivative": "api",
    "Exercise": "exercise", "Graph": "nodes", "Report": "blocks", "GradcalcError": "errors",
}  # fmt: skip

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
