"""Time: medians, growth exponents, whole processes, and work that is given up after a limit."""

from __future__ import annotations

import gc
import json
import math
import os
import queue
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 20.0  # seconds that a contender has for one size


def timed(
    work: Callable[..., Any], *args: Any, budget: float = 2.0, most: int = 15
) -> tuple[float, Any]:
    """Median seconds of a few runs (as many as fit in `budget`, at least one) and the last result.

    As timeit does, without garbage collection; by the clock or the processor, whichever says less.
    """
    taken: list[float] = []
    result: Any = None
    while not taken or (sum(taken) < budget and len(taken) < most):
        gc.collect()
        gc.disable()
        wall, cpu = time.perf_counter(), time.process_time()
        result = work(*args)
        taken.append(min(time.perf_counter() - wall, time.process_time() - cpu))
        gc.enable()
    return median(taken), result


def exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """k in t ~ n^k: the least-squares slope of log t over log n."""
    if len(points) < 2:
        return None
    xs, ys = [math.log(n) for n, _ in points], [math.log(t) for _, t in points]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / sum(
        (x - mx) ** 2 for x in xs
    )


@dataclass(frozen=True, slots=True)
class Run:
    """A finished process: seconds on the clock and on the processor, exit code, what it printed."""

    wall: float
    cpu: float
    code: int
    output: str


def environment() -> dict[str, str]:
    """As for a user: compiled modules are kept, whatever this shell says, in a folder of the benchmarks."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept.setdefault("PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / "gradcalc-benchmarks"))
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        kept.setdefault(name, "1")  # one thread for everybody
    kept.setdefault(
        "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    )
    return kept


def process(command: Sequence[str], limit: float = 60.0, env: dict[str, str] | None = None) -> Run:
    """Run a whole process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    try:
        done = subprocess.run(
            command,
            env=env or environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        code, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        code, output = -1, ""
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(
        wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, code, output
    )


def worker(part: str, *words: str, limit: float = LIMIT) -> Iterator[dict[str, Any]]:
    """The lines of `python -m benchmarks.PART WORD …`, as data. A line that takes longer than `limit` ends it.

    The last item is {"end": reason} where it did not end by itself: "over 20 s", or what it died of.
    """
    command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{part}", *words]
    child = subprocess.Popen(
        command,
        env=environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    start, allowance = True, limit + 100.0  # loading a peer is not its work
    try:
        while True:
            try:
                line = lines.get(timeout=allowance)
            except queue.Empty:
                yield {"end": f"over {limit:.0f} s"}
                return
            if line is None:
                break
            if line.startswith("{"):
                if not start:
                    yield json.loads(line)
                start, allowance = False, limit + 1.0
        if child.wait() != 0:
            assert child.stderr is not None
            said = child.stderr.read().strip().splitlines()
            yield {"end": said[-1][:200] if said else f"exit code {child.returncode}"}
    finally:
        child.kill()
        child.wait()


def say(**data: Any) -> None:
    """A line to the parent. The first one says that everything is loaded."""
    print(json.dumps(data), flush=True)
