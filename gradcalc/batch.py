"""Several files: every one is treated, in order; a bad one is reported and spoils no other."""

from __future__ import annotations

import dataclasses
import json
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from gradcalc.console import Console
from gradcalc.errors import GradcalcError, Place, Problem
from gradcalc.records import replace
from gradcalc.worker import Lost, apart

Outcome: TypeAlias = tuple[Any, tuple[Problem, ...]]  # what was made of a file, or None and why not

SECONDS = 60  # for one file; the longest of the library needs two


def each(
    console: Console, files: Sequence[str], work: Callable[[str], Any], seconds: float = 0
) -> Iterator[tuple[str, Any, tuple[Problem, ...]]]:
    """File, result and problems for every file; the problems are reported. `seconds`: see `outcomes`."""
    for file, (result, problems) in zip(files, outcomes(console, files, work, seconds), strict=True):
        placed = tuple(problem if problem.place else _at(problem, file) for problem in problems)
        console.report(*placed)
        yield file, result, placed


def outcomes(
    console: Console, files: Sequence[str], work: Callable[[str], Any], seconds: float = 0
) -> Iterator[Outcome]:
    """Result and problems for every file. With `seconds` each has that long; the result is then what JSON can carry."""

    def attempt(file: str) -> Outcome:
        return _attempt(work, file, console.debug)

    if not (seconds and console.forks and hasattr(os, "fork")):
        yield from map(attempt, files)
        return
    for said in apart(lambda file: _packed(attempt(file)), files, seconds):
        if isinstance(said, Lost):
            yield None, (Problem("lost", f"there is no answer: {said.reason}", None, _CURES.get(said.slug)),)
        else:
            yield _unpacked(said)


_CURES = {"late": "--timeout SECONDS gives it longer", "memory": "smaller arrays need less"}


def _attempt(work: Callable[[str], Any], file: str, debug: bool) -> Outcome:
    try:
        return work(file), ()
    except Exception as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, GradcalcError):
            return None, error.problems
        if isinstance(error, MemoryError):
            return None, (Problem("memory", "there is no answer: it ran out of memory", None, _CURES["memory"]),)
        if isinstance(error, NotImplementedError):
            reason = "not built yet"
        else:
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        return None, (
            Problem("internal", f"gradcalc failed here ({reason})", None, "that is a bug; --debug shows where"),
        )


def _at(problem: Problem, file: str) -> Problem:
    return replace(problem, place=Place("<stdin>" if file == "-" else file, 1, 1))


def _packed(outcome: Outcome) -> str:
    result, problems = outcome
    return json.dumps([result, [dataclasses.asdict(problem) for problem in problems]])


def _unpacked(text: str) -> Outcome:
    result, problems = json.loads(text)
    return result, tuple(_problem(**data) for data in problems)


def _problem(place: dict[str, Any] | None, **rest: Any) -> Problem:
    return Problem(**rest, place=Place(**place) if place else None)
