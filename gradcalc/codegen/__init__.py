"""Code of a graph for array libraries. A library is a file with a SPELLING, found by its name:
numpy, torch, jax.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcalc.graph.model import Graph

LIBRARIES = ("numpy", "torch", "jax")


def code(graph: Graph, library: str) -> str:
    """The text of a module for one exercise. Raises GradcalcError where there is no code: an
    unknown function.
    """
    from gradcalc.codegen.module import module

    spelling = import_module(f"{__name__}.{library}").SPELLING
    return module(graph, spelling, graph.exercise.file)
