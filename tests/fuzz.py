"""Fuzzing: random cases of every kind for so many minutes of processor time, faults printed as they
come.

    python -m tests.fuzz --minutes 10                  from the checkout
    python -m tests.fuzz --kind scalars --seed 7       one kind; the seed of a run is printed
    python -m tests.fuzz --kind scalars --cases 20000 --minutes 60     so many cases, at most so long
    python -m tests.fuzz --replay "7 scalars 112"      one case again, with all that is said of it

A fault is a wrong number, a kink that nothing names, a check that fails, an exception that is not
the program's own, or a case of more than `HANG` seconds. The exit code is 1 where there was one.
Ctrl-C, or a SIGTERM, ends a run with its figures so far.
"""

from __future__ import annotations

import argparse
import faulthandler
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent))

from helpers.fuzz_cases import FAULTS, KINDS, Verdict, tried

HANG = 20.0  # seconds of processor time
MEMORY = 512 << 10  # KiB


class Hang(BaseException):
    """A case took too long. No exception of the program's is caught as this."""


@dataclass
class Run:
    """What a run found."""

    seed: str
    cases: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    longest: tuple[float, str] = (0.0, "")

    def line(self) -> str:
        """The figures in words."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        counts = ", ".join(f"{n} {kind}" for kind, n in self.cases.items())
        said = ", ".join(f"{n} {word}" for word, n in sorted(self.verdicts.items()))
        return (
            f"seed {self.seed}: {counts}: {said}; {len(self.faults)} faults; longest "
            f"{self.longest[0]:.1f} s ({self.longest[1]}), {peak >> 10} MiB"
        )


def attempt(kind: str, seed: str, seconds: float = HANG) -> tuple[list[Verdict], float]:
    """The verdicts of one case, and how long it took on the processor."""
    found: list[Verdict] = []

    def stop(number: int, frame: Any) -> NoReturn:
        raise Hang

    started, before = time.process_time(), signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        tried(kind, seed, found)
    except Hang:
        found.append(("hang", f"more than {seconds:g} s"))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return found, time.process_time() - started


def at_once(fault: str) -> None:
    """Print a fault, and wait for no other."""
    print(fault, flush=True)


def hunt(
    seconds: float,
    seed: str,
    kinds: Sequence[str] = tuple(KINDS),
    say: Callable[[str], None] = at_once,
    hang: float = HANG,
    cases: int | None = None,
) -> Run:
    """Cases of every kind in turn until the time is over, or there were so many; each kind gets as
    much of the time.
    """
    run, spent = Run(seed), dict.fromkeys(kinds, 0.0)
    with suppress(KeyboardInterrupt):
        _hunt(run, spent, seconds, say, hang, cases)
    return run


def _hunt(
    run: Run,
    spent: dict[str, float],
    seconds: float,
    say: Callable[[str], None],
    hang: float,
    cases: int | None,
) -> None:
    """Cases into the run, and the seconds of each kind into `spent`."""
    while sum(spent.values()) < seconds and (cases is None or run.cases.total() < cases):
        kind = min(spent, key=spent.__getitem__)
        name = f"{run.seed} {kind} {run.cases[kind]}"
        found, took = attempt(kind, name, hang)
        spent[kind] += took
        run.cases[kind] += 1
        run.longest = max(run.longest, (took, name))
        run.verdicts.update(word for word, _ in found if word != "made")
        made = next((note for word, note in found if word == "made"), "")
        for word, note in found:
            if word in FAULTS:
                run.faults.append(f"{word} ({name}): {note}\n    {made!r}")
                say(run.faults[-1])


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=1.0, help="of processor time")
    parser.add_argument("--seed", default=str(int(time.time())))
    parser.add_argument("--kind", choices=list(KINDS), action="append")
    parser.add_argument("--cases", type=int, help="end after so many")
    parser.add_argument("--replay", help='a case, as a fault names it: "7 scalars 112"')
    given = parser.parse_args(arguments)
    faulthandler.enable()
    if given.replay:
        found, took = attempt(given.replay.split(" ")[1], given.replay)
        print(*(f"{word}: {note}" for word, note in found), f"{took:.1f} s", sep="\n")
        return int(any(word in FAULTS for word, _ in found))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kinds = given.kind or tuple(KINDS)
    run = hunt(60 * given.minutes, given.seed, kinds, cases=given.cases)
    print(run.line(), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(bool(run.faults) or peak > MEMORY)


if __name__ == "__main__":
    sys.exit(main())
