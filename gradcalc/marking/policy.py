"""How answers are marked: the key `grading` of an exercise, a policy file over it, and both in
YAML.
"""

from __future__ import annotations

from fractions import Fraction

from gradcalc.exercise.files import read_bytes
from gradcalc.exercise.grading import read_policy
from gradcalc.exercise.model import Grading
from gradcalc.exercise.yaml_nodes import read_yaml
from gradcalc.language.errors import GradcalcError


def load_policy(path: str, before: Grading | None = None) -> Grading:
    """A policy file: the keys of `grading`; what it leaves out is as `before`. Raises
    GradcalcError.
    """
    return policy_from(read_bytes(path), "<stdin>" if path == "-" else path, before or Grading())


def policy_from(data: bytes, name: str, before: Grading) -> Grading:
    """The same of text. Raises GradcalcError."""
    node, found = read_yaml(data, name)
    problems = list(found)
    policy = read_policy(node, problems, before)
    if problems:
        raise GradcalcError(*problems)
    return policy


def show_policy(policy: Grading) -> str:
    """A policy in YAML, as `--policy` reads it."""
    shares = ", ".join(f"{slug}: {number(share)}" for slug, share in policy.mistakes.items())
    tolerance = f"relative: {number(policy.relative)}, absolute: {number(policy.absolute)}"
    return "\n".join(
        (
            "grading:",
            f"  tolerance: {{{tolerance}}}",
            f"  digits: {'null' if policy.digits is None else policy.digits}",
            f"  entries: {policy.entries}",
            f"  mistakes: {{{shares}}}",
            f"  carry: {number(policy.carry)}",
            f"  domain: {policy.domain}",
            f"  layouts: {policy.layouts}",
            f"  columns: {policy.columns}",
            f"  hints: {policy.hints}",
        )
    )


def number(value: Fraction) -> str:
    """A share or a tolerance as it is written: 0.5, 1e-09."""
    return f"{float(value):g}"
