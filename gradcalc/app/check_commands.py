"""The command that marks answers: check."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module as load  # none of it needs SymPy
from typing import Annotated, Any

import typer

from gradcalc import render
from gradcalc.app.batch import outcomes
from gradcalc.app.command_parts import finish, view_of
from gradcalc.app.console import Console, describe
from gradcalc.app.limits import SECONDS
from gradcalc.app.options import Format, Timeout, UsageError
from gradcalc.app.shipped import open_exercise
from gradcalc.language.errors import GradcalcError

MOST_NOTES = 20  # answers that are shown with a caret


def check(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="An exercise, the name of a bundled one, or a folder of variants.",
            show_default=False,
        ),
    ],
    answers: Annotated[
        str | None,
        typer.Argument(
            metavar="[ANSWERS]",
            help="Answers as YAML, JSON or CSV; - reads standard input.",
            show_default=False,
        ),
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(
            "--answer", metavar="'Q=…'", help="Check one answer: 'df/dx=2*x'. May be repeated."
        ),
    ] = None,
    variant: Annotated[
        int | None,
        typer.Option(
            "--variant", metavar="N", min=1, help="Which variant, where FILE is a folder of them."
        ),
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Also print the right answers.")] = False,
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="FILE", help="Mark by this policy: the keys of grading."),
    ] = None,
    show_policy: Annotated[
        bool, typer.Option("--show-policy", help="Print how answers are marked, and stop.")
    ] = False,
    format: Format = "table",
    timeout: Timeout = SECONDS,
) -> None:
    """Check answers: how each was read, whether it is right, and which mistake it was."""
    console: Console = context.obj
    if not show_policy and (answers is None) == (not answer):
        raise UsageError("give a file of answers, or --answer 'QUESTION=ANSWER'")
    if "-" == file == answers:
        raise UsageError("the exercise and the answers cannot both be read from standard input")

    folder = os.path.isdir(file)
    if variant is not None and not folder:
        raise UsageError("--variant needs a folder of variants")

    def work(name: str) -> tuple[list[str], list[str], bool]:
        marking = load("gradcalc.app.marking")
        if show_policy:
            exercise = open_variant(name, variant) if folder else open_exercise(name)
            return [marking.policy_text(exercise, policy)], [], True
        if folder:
            found = marking.marked_variants(name, variant, answers, answer or (), policy, reveal)
        else:
            exercise = open_exercise(name)
            found = marking.marked_answers(exercise, answers, answer or (), policy, reveal)
        texts = list(printed(found, format, console))
        return texts, unreadable(found, console), all(marked.right for marked in found)

    ((done, problems),) = outcomes(console, [file], work, timeout)
    if problems:
        raise GradcalcError(*problems)
    texts, notes, fine = done
    if show_policy:
        console.out(texts[0])
    elif texts:
        data = format in ("json", "jsonl")
        console.out(render.load(format).join(texts), machine=data)
    for note in notes if format not in ("json", "jsonl") else ():
        console.note(note)
    finish(console, fine)


def open_variant(folder: str, number: int | None) -> Any:
    """A variant in a folder: the first, where no number is given."""
    files = load("gradcalc.exercise.variant_files")
    return files.load_variant(folder, number or min(files.variant_files(folder)))


def unreadable(found: Any, console: Console) -> list[str]:
    """Where answers cannot be read: the line, the caret, and what would be right."""
    problems = [
        problem for marked in found for verdict in marked.verdicts for problem in verdict.problems
    ]
    return [describe(problem, console.width) for problem in problems[:MOST_NOTES]]


def printed(found: Any, format: str, console: Console) -> Any:
    """The marked answers of each student in a format."""
    page, view = render.load(format), view_of(console)
    for marked in found:
        if format in ("json", "jsonl"):
            yield page.render(load("gradcalc.render.marks_json").document(marked), view)
        else:
            yield page.render(load("gradcalc.report.marks").compose_marks(marked), view)


def check_claims(
    console: Console,
    expression: str,
    wrt: Sequence[str],
    said: Callable[[], Any],
    answers: Sequence[str],
    layout: str | None,
    format: str,
    timeout: int,
) -> None:
    """`diff EXPR --wrt x --answer FORMULA`: a verdict on each claim, and the end of the command.
    `said`: what is declared of the names.
    """

    def work(text: str) -> tuple[list[str], list[str], bool]:
        notes, found = load("gradcalc.app.marking").checked_claims(
            text, wrt, said(), answers, layout
        )
        lines = load("gradcalc.report.marks").claim_lines(found)
        if format in ("json", "jsonl"):
            items = list(map(load("gradcalc.render.marks_json").answer, found))
            lines = [render.load(format).render(item, view_of(console)) for item in items]
        return notes, lines, all(verdict.right for verdict in found)

    ((done, problems),) = outcomes(console, [expression], work, timeout)
    if problems:
        raise GradcalcError(*problems)
    notes, lines, fine = done
    for note in notes:
        console.note(note)
    data = format in ("json", "jsonl")
    console.out(render.load(format).join(lines) if data else "\n".join(lines), machine=data)
    finish(console, fine)
