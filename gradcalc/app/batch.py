"""Several files, in order: an error in one is reported and does not affect the others."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias, TypeVar

from gradcalc.app.console import Console
from gradcalc.app.progress import Bar
from gradcalc.app.worker import Lost, apart
from gradcalc.language.errors import GradcalcError, Place, Problem
from gradcalc.language.fast_dataclasses import replace

T = TypeVar("T")
Outcome: TypeAlias = tuple[Any, tuple[Problem, ...]]  # what was made of a file, or None and why not


def each(
    console: Console,
    items: Sequence[T],
    work: Callable[[T], Any],
    seconds: float = 0,
    file: Callable[[T], str] = str,
) -> Iterator[tuple[str, Any, tuple[Problem, ...]]]:
    """File, result and problems for every item, which is a file or begins with one; the problems
    are reported.

    With `seconds` each has that long, in a process of its own; the result is then what JSON can
    carry.
    """
    names = list(map(file, items))
    for name, (result, problems) in zip(
        names, outcomes(console, items, work, seconds, names), strict=True
    ):
        placed = tuple(problem if problem.place else _at(problem, name) for problem in problems)
        console.report(*placed)
        yield name, result, placed


def outcomes(
    console: Console,
    items: Sequence[T],
    work: Callable[[T], Any],
    seconds: float,
    names: Sequence[str] = (),
) -> Iterator[Outcome]:
    """Result and problems for every item, nothing reported. Somebody who waits sees the names
    pass.
    """

    def attempt(item: T) -> Outcome:
        return _attempt(work, item, console.debug)

    if not (seconds and console.forks and hasattr(os, "fork")):
        yield from map(attempt, items)
        return
    bar = Bar(list(names or map(str, items)), console.watched, console.color)
    try:
        for said in apart(lambda item: _packed(attempt(item)), items, seconds, bar.waiting):
            bar.clear()
            yield _lost(said) if isinstance(said, Lost) else _unpacked(said)
    finally:
        bar.clear()


def _lost(said: Lost) -> Outcome:
    cure = _CURES.get(said.slug)
    return None, (Problem("lost", f"no answer: {said.reason}", None, cure),)


_CURES = {"late": "use --timeout to allow more seconds", "memory": "use smaller arrays"}


def _attempt(work: Callable[[T], Any], item: T, debug: bool) -> Outcome:
    try:
        return work(item), ()
    except Exception as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, GradcalcError):
            return None, error.problems
        # A library in C that finds no memory may fail without saying so.
        if isinstance(error, MemoryError) or str(error) == "error return without exception set":
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
    return json.dumps([result, list(map(asdict, problems))])


def _unpacked(text: str) -> Outcome:
    result, problems = json.loads(text)
    return result, tuple(map(as_problem, problems))


def as_problem(data: dict[str, Any]) -> Problem:
    """The problem that `asdict` wrote as JSON can carry it."""
    place = data["place"]
    return Problem(data["slug"], data["message"], Place(**place) if place else None, data["hint"])
