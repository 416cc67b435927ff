"""The commands that answer and explain: solve, diff, explain."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from gradcalc import render
from gradcalc.app.batch import as_problem, each, outcomes
from gradcalc.app.check_commands import check_claims
from gradcalc.app.command_parts import adjusted, finish, print_each, view_of
from gradcalc.app.console import Console
from gradcalc.app.limits import SECONDS
from gradcalc.app.options import (
    Detail,
    Digits,
    Entries,
    Expanded,
    Files,
    Form,
    Format,
    Hint,
    Layout,
    OrLatex,
    Set,
    Timeout,
    UsageError,
    Verbose,
)
from gradcalc.app.shipped import open_exercise
from gradcalc.app.startup import load
from gradcalc.language.errors import GradcalcError, Problem


def solve(
    context: typer.Context,
    files: Files,
    set_: Set = None,
    digits: Digits = None,
    form: Form = None,
    layout: Layout = None,
    format: Format = "table",
    values: Entries = False,
    expanded: Expanded = False,
    verbose: Verbose = False,
    timeout: Timeout = SECONDS,
) -> None:
    """Solve exercises (symbolic and numeric answers, verified)."""
    from gradcalc.language.fast_dataclasses import replace

    console: Console = context.obj
    view = replace(
        view_of(console, digits, form),
        values=values,
        expanded=expanded,
        verbose=verbose,
        hints=True,
    )

    def work(file: str) -> tuple[str, bool]:
        solution = load("gradcalc.derivation.solve").solve(
            adjusted(open_exercise(file), set_ or (), digits, form, layout)
        )
        return render.load(format).render(solution, view), solution.right

    finish(console, print_each(console, files, format, work, timeout))


def diff(
    context: typer.Context,
    expression: Annotated[
        str,
        typer.Argument(
            metavar="EXPR", help="An expression, for example norm(A@x - y)^2.", show_default=False
        ),
    ],
    wrt: Annotated[
        list[str],
        typer.Option(
            "--wrt",
            metavar="NAME",
            help="Variable to differentiate by; give it twice for the second derivative.",
        ),
    ],
    shape: Annotated[
        list[str] | None,
        typer.Option(
            "--shape", metavar="'X: [N]'", help="Shape of a name: x: [n], A: [m, n], c: []."
        ),
    ] = None,
    index: Annotated[
        list[str] | None,
        typer.Option(
            "--index", metavar="'I: N'", help="Index of sums and entries, and its size: i: n."
        ),
    ] = None,
    function: Annotated[
        list[str] | None,
        typer.Option(
            "--function",
            metavar="'F: 1'",
            help="Unknown function, and the number of its arguments: f: 2.",
        ),
    ] = None,
    set_: Set = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(
            "--answer",
            metavar="FORMULA",
            help="Is this the derivative? May be repeated; - reads one a line.",
        ),
    ] = None,
    form: Form = None,
    layout: Layout = None,
    format: OrLatex = "table",
    timeout: Timeout = SECONDS,
) -> None:
    """Differentiate one expression. Shapes follow from it, else from the letter of a name."""
    console: Console = context.obj

    def said() -> Any:
        single = load("gradcalc.derivation.single_expression")
        return single.Declared(
            dict(map(single.shape_of_text, shape or ())),
            dict(map(single.index_of_text, index or ())),
            dict(map(single.function_of_text, function or ())),
            settings=set_ or (),
        )

    if answer:
        if format == "latex":
            raise UsageError("verdicts are not written in LaTeX (choose another --format)")
        check_claims(console, expression, wrt, said, answer, layout, format, timeout)

    def work(text: str) -> tuple[list[str], list[dict[str, Any]], str, bool]:
        found = load("gradcalc.app.api").differentiated(text, wrt, said(), form, layout)
        warnings = [
            *found.solution.warnings,
            *(warning for answer in found.solution.answers for warning in answer.warnings),
        ]
        return (
            found.notes,
            list(map(asdict, warnings)),
            found.latex if format == "latex" else found.to(format, ascii=console.ascii),
            found.ok,
        )

    ((found, problems),) = outcomes(console, [expression], work, timeout)
    if problems:
        raise GradcalcError(*problems)
    notes, warnings, text, fine = found
    for note in notes:
        console.note(note)
    console.warn(*map(as_problem, warnings))
    console.out(text, machine=format in ("json", "jsonl"))
    finish(console, fine)


def explain(
    context: typer.Context,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]",
            help="Exercise file (default: bundled example ex1).",
            show_default=False,
        ),
    ] = None,
    step: Annotated[
        bool,
        typer.Option(
            "--step", help="Step through interactively (prints numbered steps if not a terminal)."
        ),
    ] = False,
    for_: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="QUESTION",
            help="Explain one answer only: df/dx, or the name of a question.",
        ),
    ] = None,
    detail: Detail = "normal",
    hint: Hint = None,
    set_: Set = None,
    digits: Digits = None,
    form: Form = None,
    layout: Layout = None,
    format: Format = "table",
    verbose: Verbose = False,
    timeout: Timeout = SECONDS,
) -> None:
    """Explain the derivation step by step, forward and backward."""
    from gradcalc.language.fast_dataclasses import replace

    console: Console = context.obj
    if hint is not None and (for_ is None or step):
        raise UsageError(
            "--hint needs one question: add --for, such as --for df/dx, without --step"
        )
    files, data = [file or "ex1"], format in ("json", "jsonl")
    if hint is not None and data:
        raise UsageError("a hint is text: choose --format table, markdown or plain")
    options = replace(view_of(console, digits, form), detail=detail, verbose=verbose)

    def derivation(name: str) -> Any:
        exercise = open_exercise(name)
        return load("gradcalc.derivation.derive_steps").explained(
            adjusted(exercise, set_ or (), digits, form, layout), detail, for_
        )

    def work(name: str) -> tuple[str, bool]:
        found, view = derivation(name), load("gradcalc.report.explanation")
        if hint is not None:
            report = load("gradcalc.report.hints").compose_hint(found, options, hint)
            if not found.passes:
                message = f"`{for_}` has no hints: hints are about derivatives"
                raise GradcalcError(Problem("hint", message, None))
            items = [report]
        elif data:
            items = [load("gradcalc.render.derivation_json").document(found)]
        elif step:
            items = [page.report for page in view.pages(found, options, ending())]
        else:
            items = [view.compose_explanation(found, options, ending())]
        return render.render_as(format, items, options), found.solution.right

    def ending() -> Any:
        if format == "table":
            return load("gradcalc.report.terminal_report").TERMINAL
        return load("gradcalc.report.answer_report").Ending()

    if not (step and format == "table" and console.interactive):
        finish(console, print_each(console, files, format, work, timeout))
    from gradcalc.render.keyboard import keyboard

    with keyboard() as key:  # from here on, so that keys typed meanwhile are kept
        for _, found, _ in each(console, files, derivation):
            if found is not None:
                load("gradcalc.render.player").play(found, options, console.size, key)
                finish(console, found.solution.right)
    finish(console)
