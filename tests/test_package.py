"""The package: its public names, what importing it loads, its notebook."""

from __future__ import annotations

import ast
import json
import pkgutil
from pathlib import Path

import pytest

import gradcalc
from helpers.paths import ROOT
from helpers.program import python

# ---- loading


def test_importing_loads_neither_sympy_nor_numpy() -> None:
    done = python(
        "-c",
        "import sys, gradcalc; gradcalc.Exercise; print(*sorted({'sympy', 'numpy', 'typer'} & set(sys.modules)))",
        text=True,
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_no_room_has_the_name_of_something_public() -> None:
    """Importing a room would put it where the function of that name belongs."""
    assert not set(gradcalc.__all__) & {
        module.name for module in pkgutil.iter_modules(gradcalc.__path__)
    }


def test_every_public_name_is_there() -> None:
    for name in gradcalc.__all__:
        assert getattr(gradcalc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        gradcalc.nothing  # noqa: B018


# ---- the notebook


def test_the_notebook_runs() -> None:
    """Every cell, in order; what a cell ends with shows itself."""
    path = ROOT / "examples" / "gradcalc.ipynb"
    cells = [
        "".join(cell["source"])
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    lines = []
    for cell in cells:
        *before, last = ast.parse(cell).body
        lines += [ast.unparse(statement) for statement in before]
        lines.append(
            f"show({ast.unparse(last)})" if isinstance(last, ast.Expr) else ast.unparse(last)
        )
    show = "def show(value): print(sorted(value._repr_mimebundle_()) if hasattr(value, '_repr_mimebundle_') else value)\n"
    done = python("-c", show + "\n".join(lines), text=True)
    assert done.returncode == 0, done.stderr
    assert "2·Aᵀ(A x − y)" in done.stdout
    assert "dL_dW = dL_dZ @ X.T" in done.stdout
    assert done.stdout.count("text/html") == 4


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(gradcalc.__file__).parent / "py.typed").exists()
