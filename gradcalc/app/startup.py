"""What makes a short run short. At textbook size, loading SymPy costs more than everything that
is done with it.
"""

from __future__ import annotations

import gc
import importlib
import sys
from types import ModuleType
from typing import Any

TENSORS = "sympy.tensor.tensor"


def load(module: str) -> Any:
    """Import a room that needs SymPy, with the garbage collector off meanwhile: a quarter of the
    time.
    """
    if "sympy" in sys.modules:
        return importlib.import_module(module)
    gc.disable()
    try:
        importlib.import_module("sympy")
        sys.modules.setdefault(TENSORS, without_tensors())
        return importlib.import_module(module)
    finally:
        gc.freeze()
        gc.enable()


def without_tensors() -> ModuleType:
    """What a SymPy that has made no tensor needs of its module of tensors.

    Every sum asks whether a term is a tensor, and so the first one loads tensors, permutation
    groups and five polyhedra: a tenth of the time of `import sympy`. Whoever asks for more than the
    two classes gets the real module.
    """
    nothing = type("NoTensor", (), {})

    def real(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(TENSORS) is stand_in:
            del sys.modules[TENSORS]
        module = importlib.import_module(TENSORS)
        vars(stand_in).update(TensExpr=module.TensExpr, TensAdd=module.TensAdd)
        return getattr(module, name)

    stand_in = ModuleType(TENSORS)
    vars(stand_in).update(TensExpr=nothing, TensAdd=nothing, __getattr__=real)
    return stand_in
