"""Several files: every one is treated, in order; a bad one is reported and spoils no other."""

from __future__ import annotations

import dataclasses
import json
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from gradcalc.app.console import Console
from gradcalc.app.worker import Lost, apart
from gradcalc.language.errors import GradcalcError, Place, Problem
from gradcalc.language.fast_dataclasses import replace

T = TypeVar("T")
Outcome: TypeAlias = tuple[Any, tuple[Problem, ...]]  # what was made of a file, or None and why not

SECONDS = 60  # for one file; the longest of the library needs two


def each(
    console: Console,
    items: Sequence[T],
    work: Callable[[T], Any],
    seconds: float = 0,
    file: Callable[[T], str] = str,
) -> Iterator[tuple[str, Any, tuple[Problem, ...]]]:
    """File, result and problems for every item, which is a file or begins with one; the problems are reported.

    With `seconds` each has that long, in a process of its own; the result is then what JSON can carry.
    """
    for name, (result, problems) in zip(
        map(file, items), outcomes(console, items, work, seconds), strict=True
    ):
        placed = tuple(problem if problem.place else _at(problem, name) for problem in problems)
        console.report(*placed)
        yield name, result, placed


def outcomes(
    console: Console, items: Sequence[T], work: Callable[[T], Any], seconds: float
) -> Iterator[Outcome]:
    """Result and problems for every item, nothing reported."""

    def attempt(item: T) -> Outcome:
        return _attempt(work, item, console.debug)

    if not (seconds and console.forks and hasattr(os, "fork")):
        yield from map(attempt, items)
        return
    for said in apart(lambda item: _packed(attempt(item)), items, seconds):
        if isinstance(said, Lost):
            yield (
                None,
                (Problem("lost", f"no answer: {said.reason}", None, _CURES.get(said.slug)),),
            )
        else:
            yield _unpacked(said)


_CURES = {"late": "use --timeout to allow more seconds", "memory": "use smaller arrays"}


def _attempt(work: Callable[[T], Any], item: T, debug: bool) -> Outcome:
    try:
        return work(item), ()
    except Exception as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, GradcalcError):
            return None, error.problems
        if isinstance(error, MemoryError):
            return None, (Problem("memory", "no answer: out of memory", None, _CURES["memory"]),)
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        return None, (
            Problem(
                "internal",
                f"this is a bug in gradcalc ({reason})",
                None,
                "please report it; --debug shows where it happened",
            ),
        )


def _at(problem: Problem, file: str) -> Problem:
    return replace(problem, place=Place("<stdin>" if file == "-" else file, 1, 1))


def _packed(outcome: Outcome) -> str:
    result, problems = outcome
    return json.dumps([result, list(map(as_data, problems))])


def _unpacked(text: str) -> Outcome:
    result, problems = json.loads(text)
    return result, tuple(map(as_problem, problems))


def as_data(problem: Problem) -> dict[str, Any]:
    """A problem as JSON can carry it; `as_problem` is the way back."""
    return dataclasses.asdict(problem)


def as_problem(data: dict[str, Any]) -> Problem:
    place = data["place"]
    return Problem(data["slug"], data["message"], Place(**place) if place else None, data["hint"])
