"""Where the tests find the files of the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
EXERCISES = ROOT / "exercises"
SHIPPED = sorted(EXERCISES.glob("*.yaml"))
EX1 = str(EXERCISES / "ex1.yaml")
