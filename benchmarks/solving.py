"""`solve` on long scalar computations, stage by stage: what a user waits for.

`python -m benchmarks.solving FAMILY SIZE …` prints a line for each size. Every node is a line of the
exercise and the gradient at every input is asked for, as in `scalars`; each is written in its shortest
form, evaluated and verified, and the whole is printed.
"""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks import clock
from benchmarks.peers import exercise
from benchmarks.program import Program
from benchmarks.scalars import FAMILIES

SIZES = {
    "sigmoid chain": (50, 150, 500, 1000),
    "product of inputs": (100, 300, 1000, 2000),
    "diamonds": (30, 100, 300, 700),
    "LSTM unrolled": (3, 10, 30, 80),
    "random graph": (100, 300, 1000, 2000),
}
QUICK = 2  # sizes of the quick mode
STAGES = ("read", "derive", "evaluate", "verify", "rest", "print")


class Stages:
    """Processor seconds by stage."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)

    def of(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, its time counted."""

        def timed(*args: Any, **options: Any) -> Any:
            start = time.process_time()
            try:
                return work(*args, **options)
            finally:
                self.seconds[stage] += time.process_time() - start

        return timed


def solved(p: Program) -> tuple[dict[str, float], bool]:
    """The stages of one program, and whether every answer was verified."""
    from gradcalc.derivation.solve import Solver
    from gradcalc.exercise.load import exercise_from
    from gradcalc.graph.build import build
    from gradcalc.render.table import render
    from gradcalc.report.blocks import Options

    stages, start = Stages(), time.process_time()
    graph = stages.of("read", lambda: build(exercise_from(exercise(p))))()
    solver: Any = Solver(graph, "matrix", "gradient")
    stages.of("evaluate", lambda: solver.values)()
    solver.answerer.answer = stages.of("derive", solver.answerer.answer)
    solver.evaluated = stages.of("evaluate", solver.evaluated)
    solver.numbered = stages.of("evaluate", solver.numbered)
    solver.right_together = stages.of("verify", solver.right_together)
    solver.verify = stages.of("verify", solver.verify)
    solution = solver.solution()
    stages.of("print", render)(solution, Options())
    found = stages.seconds
    found["rest"] = time.process_time() - start - sum(found.values())
    return found, all(answer.verified.ok for answer in solution.answers)


def work(family: str, sizes: list[int]) -> None:
    """A line for each size."""
    make = FAMILIES[family][0]
    solved(make(sizes[0]))  # what happens only once
    clock.say(loaded=True)
    for n in sizes:
        p = make(n)
        stages, right = solved(p)
        clock.say(
            n=n, lines=len(p.ops) - len(p.values), answers=len(p.values), right=right,
            seconds=sum(stages.values()), stages=stages,
            mebibytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )  # fmt: skip


if __name__ == "__main__":
    sys.setrecursionlimit(20_000)
    threading.stack_size(256 * 2**20)
    thread = threading.Thread(target=work, args=(sys.argv[1], [int(n) for n in sys.argv[2:]]))
    thread.start()
    thread.join()
