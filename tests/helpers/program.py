"""The program in a process of its own: the very package that the tests import, an installed wheel or a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradcalc
from helpers.paths import EXERCISES

PACKAGE = str(Path(gradcalc.__file__).parent.parent)
# Beside the package `python -m gradcalc` would run the checkout, whatever is installed.
FOLDER = EXERCISES


def environment(more: Mapping[str, str] = {}) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": PACKAGE, **more}


def python(*words: str, env: Mapping[str, str] = {}, **options: Any) -> Any:
    """Python with some arguments, as `subprocess.run` returns it; its streams are bytes unless `text=True`."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": FOLDER, "timeout": 100}
    return subprocess.run([sys.executable, *words], env=environment(env), **(streams | options))


def process(*words: str, **options: Any) -> Any:
    """`gradcalc` with some arguments, without a terminal."""
    return python("-m", "gradcalc", *words, **options)
