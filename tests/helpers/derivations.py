"""Explanations as data: of a shipped exercise, of a text, and their steps."""

from __future__ import annotations

from gradcalc.derivation.derive_steps import explained
from gradcalc.derivation.step_model import Derivation, Step
from gradcalc.derivation.step_model import Path as Wire
from gradcalc.exercise.load import load_exercise, parse_exercise
from helpers.paths import EXERCISES


def derivation_of(text: str, detail: str = "normal", only: str | None = None) -> Derivation:
    return explained(parse_exercise(text, "test.yaml"), detail, only)


def shipped_derivation(name: str, detail: str = "normal", only: str | None = None) -> Derivation:
    return explained(load_exercise(str(EXERCISES / f"{name}.yaml")), detail, only)


def steps(of: Derivation) -> dict[str, Step]:
    return {step.quantity: step for one in of.passes for step in one.steps}


def wire(of: Derivation, quantity: str, through: str) -> Wire:
    return next(path for path in steps(of)[quantity].paths if path.through == through)
