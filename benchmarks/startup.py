"""Start-up: whole processes, in turn, so that a busy machine slows all alike."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks import clock

# What is asked -> at most so many times `import sympy`
TARGETS = {"solve ex1": 1.2, "--help": 0.5, "validate": 0.6}


def run(gradcalc: Sequence[str], rounds: int) -> dict[str, Any]:
    """Medians over `rounds`, by the clock and on the processor, of gradcalc and of `import sympy`."""
    exercise, network = (str(clock.ROOT / "exercises" / name) for name in ("ex1.yaml", "ex3.yaml"))
    commands = {
        "import sympy": [sys.executable, "-c", "import sympy"],
        "solve ex1": [*gradcalc, "solve", exercise],
        "--help": [*gradcalc, "--help"],
        "validate": [*gradcalc, "validate", exercise],
        "explain ex1": [*gradcalc, "explain", exercise],
        "solve ex3": [*gradcalc, "solve", network],
        "explain ex3": [*gradcalc, "explain", network],
    }
    for command in commands.values():  # compiles what is not compiled yet
        if (first := clock.process(command)).code:
            raise RuntimeError(f"{' '.join(command)}: exit code {first.code}")
    runs: dict[str, list[clock.Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(clock.process(command))
    wall = {name: median(run.wall for run in taken) for name, taken in runs.items()}
    cpu = {name: median(run.cpu for run in taken) for name, taken in runs.items()}
    # Ratios round by round: two neighbours in time were slowed alike.
    ratios = {
        name: median(
            own.wall / base.wall for own, base in zip(taken, runs["import sympy"], strict=True)
        )
        for name, taken in runs.items()
    }
    on_cpu = {
        name: median(
            own.cpu / base.cpu for own, base in zip(taken, runs["import sympy"], strict=True)
        )
        for name, taken in runs.items()
    }
    return {
        "rounds": rounds,
        "wall": wall,
        "cpu": cpu,
        "ratio": ratios,
        "cpu ratio": on_cpu,
        "target": TARGETS,
    }
