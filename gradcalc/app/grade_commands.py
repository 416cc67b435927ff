"""The command that marks a class: grade."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from gradcalc import render
from gradcalc.app.command_parts import finish, view_of
from gradcalc.app.console import Console
from gradcalc.app.limits import SECONDS
from gradcalc.app.options import Format, Timeout, UsageError, one_of
from gradcalc.app.startup import load

BACKENDS = ("joblib", "dask", "ray")


def grade(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE... SUBMISSIONS",
            help="Exercises, or folders of variants; then what was handed in: a table (CSV), "
            "JSON lines, or a folder of answer files.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="DIR", help="Folder of the gradebook."),
    ],
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="FILE", help="Mark by this policy: the keys of grading."),
    ] = None,
    roster: Annotated[
        str | None,
        typer.Option("--roster", metavar="CSV", help="Who is in the class: student, variant."),
    ] = None,
    override: Annotated[
        str | None,
        typer.Option(
            "--override",
            metavar="CSV",
            help="Points set by hand: student, question, points, comment. They are kept.",
        ),
    ] = None,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Write DIR/feedback/STUDENT.md for each student.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option("-j", "--jobs", min=0, max=1024, help="Processes that mark (0: one a core)."),
    ] = 0,
    backend: Annotated[
        str,
        typer.Option(
            "--backend",
            callback=one_of("backend", BACKENDS),
            help="Where answers are marked: joblib (this machine), dask or ray.",
        ),
    ] = "joblib",
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="ADDRESS", help="A running dask or ray cluster."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a gradebook, which must be there.")
    ] = False,
    regrade: Annotated[
        bool, typer.Option("--regrade", help="Mark everything again; keep the old gradebook.")
    ] = False,
    format: Format = "table",
    timeout: Timeout = SECONDS,
) -> None:
    """Mark the answers of a class: a gradebook, a table of grades, what the class got wrong."""
    console: Console = context.obj
    if len(files) < 2:
        raise UsageError("give the exercises, and after them what was handed in")
    if resume and regrade:
        raise UsageError("--resume goes on, --regrade starts anew: give one of them")
    if address and backend == "joblib":
        raise UsageError("--address is for --backend dask or ray")
    *exercises, submissions = files
    if exercises.count("-") and submissions == "-":
        raise UsageError("the exercise and the answers cannot both be read from standard input")
    run = load("gradcalc.app.grade_run")
    wanted = run.Wanted(
        tuple(exercises), submissions, output, policy, roster, override, feedback,
        jobs or os.cpu_count() or 1, backend, address, resume, regrade, float(timeout),
    )  # fmt: skip
    summary, report, notes = run.grade_class(wanted, console)
    page = render.load(format)
    if format in ("json", "jsonl"):
        console.out(page.join([page.render(summary, view_of(console))]), machine=True)
    else:
        console.out(page.join([page.render(report, view_of(console))]))
    for note in notes:
        console.note(note)
    finish(console)
