"""What commands share: exit codes, an exercise as the command line changes it, and printing in a
format.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

import typer

from gradcalc import render
from gradcalc.app.batch import each
from gradcalc.app.console import Console
from gradcalc.exercise.load import with_set
from gradcalc.exercise.model import Exercise


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0
    NO = 1  # the work was done and the answer is no
    UNUSABLE = 2  # input or arguments, of any of several files
    OUTSIDE = 3  # a program or device that is not ours failed
    BROKEN_PIPE = 141
    INTERRUPTED = 130


def finish(console: Console, fine: bool = True) -> None:
    """End a command with the exit code it has earned."""
    raise typer.Exit(Exit.UNUSABLE if console.problems else Exit.DONE if fine else Exit.NO)


def adjusted(
    exercise: Exercise,
    settings: Sequence[str],
    digits: int | None,
    form: str | None,
    layout: str | None,
) -> Exercise:
    """The exercise with what the command line says instead."""
    from dataclasses import replace

    notation = exercise.notation
    notation = replace(
        notation,
        layout=layout or notation.layout,
        form=form or notation.form,
        digits=digits or notation.digits,
    )
    return with_set(replace(exercise, notation=notation), *settings)


def view_of(console: Console, digits: int | None = None, form: str | None = None) -> Any:
    """How to print, as the formats want it."""
    from gradcalc.report.blocks import Options

    return Options(
        width=console.width, color=console.color, ascii=console.ascii, digits=digits, form=form
    )


def print_each(
    console: Console,
    files: Sequence[str],
    format: str,
    work: Callable[[str], tuple[str, bool]],
    seconds: float,
) -> bool:
    """Print in a format what is made of each file, a text and whether all is right, as soon as it
    is there; whether all was.
    """
    page, data = render.load(format), format in ("json", "jsonl")
    mark = "\0"
    opening, between, closing = page.join([mark, mark]).split(mark)
    if len(files) == 1:
        opening = closing = ""
    said, fine = 0, True
    for file, done, problems in each(console, files, work, seconds):
        if done is not None:
            text, fine = done[0], fine and done[1]
        elif data:
            from gradcalc.report.blocks import Failed

            text = page.render(Failed(file, problems), view_of(console))
        else:
            continue
        lead = between.removeprefix("\n") if said else opening
        console.out(lead + text, machine=data)
        said += 1
    if said and closing:
        console.out(closing.removeprefix("\n"), machine=data)
    return fine
