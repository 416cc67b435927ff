"""The command line: each command reads files, computes, and prints what a format has made of the
result.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from enum import IntEnum
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from gradcalc import render
from gradcalc.app.batch import SECONDS, as_problem, each, outcomes
from gradcalc.app.console import Console, OutputError, PipeClosed
from gradcalc.app.shipped import open_exercise, titles
from gradcalc.app.startup import load
from gradcalc.exercise.files import read_bytes
from gradcalc.exercise.load import with_set
from gradcalc.exercise.model import Exercise
from gradcalc.exercise.schema import FORMS, LAYOUTS
from gradcalc.language.errors import GradcalcError, Place, Problem, closest
from gradcalc.language.typography import for_terminal
from gradcalc.version import __version__

_UsageError: type[Any] = typer.BadParameter.__mro__[1]  # click's, which newer typers carry within


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0
    NO = 1  # the work was done and the answer is no
    UNUSABLE = 2  # input or arguments, of any of several files
    OUTSIDE = 3  # a program or device that is not ours failed
    BROKEN_PIPE = 141
    INTERRUPTED = 130


app = typer.Typer(
    help="Derive, evaluate and verify the gradients of a computation.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# Options that several commands share --------------------------------------------------------------


def _one_of(noun: str, choices: Sequence[str]) -> Callable[[str | None], str | None]:
    def check(value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise _UsageError(f"unknown {noun} {value!r} (choose from {', '.join(choices)})")
        return value

    return check


FORMATS = render.printed()
COLORS = ("auto", "always", "never")
Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Exercise files, or names of bundled exercises such as ex1; - reads standard input.",
        show_default=False,
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        callback=_one_of("format", FORMATS),
        help=f"Output format: {', '.join(FORMATS)}.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a value or a size: x=3, w=[1,2], n=5."),
]
Digits = Annotated[
    int | None, typer.Option("--digits", min=1, max=30, help="Significant digits of decimals.")
]
Form = Annotated[
    str | None,
    typer.Option(
        "--form",
        callback=_one_of("form", FORMS),
        help=f"Notation of the answers: {', '.join(FORMS)}.",
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(
        "--layout",
        callback=_one_of("layout", LAYOUTS),
        help=f"Layout of derivatives: {', '.join(LAYOUTS)}.",
    ),
]
Entries = Annotated[
    bool,
    typer.Option(
        "--values", help="Print all entries of tensors of order 3 and above (terminal only)."
    ),
]
Expanded = Annotated[
    bool,
    typer.Option(
        "--expanded", help="Also print each answer in terms of the inputs only (terminal only)."
    ),
]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Show how the answers were verified.")
]
Timeout = Annotated[
    int,
    typer.Option(
        "--timeout",
        min=0,
        max=86_400,
        metavar="SECONDS",
        help="Time limit per file in seconds (0 = none).",
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        Console.open(False, False).out(f"gradcalc {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    ascii: Annotated[bool, typer.Option("--ascii", help="Print only ASCII characters.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    color: Annotated[
        str,
        typer.Option(
            "--color",
            callback=_one_of("color setting", COLORS),
            metavar="WHEN",
            help=f"Use colour: {', '.join(COLORS)}.",
        ),
    ] = "auto",
) -> None:
    """Derive, evaluate and verify the gradients of a computation."""
    context.obj = Console.open(ascii, debug, bool(context.obj), color)


# What commands share ------------------------------------------------------------------------------


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


def print_each(
    console: Console,
    files: Sequence[str],
    format: str,
    work: Callable[[str], tuple[str, bool]],
    seconds: float,
) -> bool:
    """Print in a format what is made of each file, a text and whether all is right; whether all
    was.
    """
    page, data = render.load(format), format in ("json", "jsonl")
    parts, fine = [], True
    for file, done, problems in each(console, files, work, seconds):
        if done is not None:
            parts.append(done[0])
            fine = fine and done[1]
        elif data:
            from gradcalc.report.blocks import Failed

            parts.append(page.render(Failed(file, problems), _view(console)))
    if parts:
        console.out(page.join(parts), machine=data)
    return fine


# Commands -----------------------------------------------------------------------------------------


@app.command()
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
        _view(console, digits, form), values=values, expanded=expanded, verbose=verbose, hints=True
    )

    def work(file: str) -> tuple[str, bool]:
        solution = load("gradcalc.derivation.solve").solve(
            adjusted(open_exercise(file), set_ or (), digits, form, layout)
        )
        return render.load(format).render(solution, view), solution.right

    finish(console, print_each(console, files, format, work, timeout))


def _view(console: Console, digits: int | None = None, form: str | None = None) -> Any:
    """How to print, as the formats want it."""
    from gradcalc.report.blocks import Options

    return Options(
        width=console.width, color=console.color, ascii=console.ascii, digits=digits, form=form
    )


@app.command()
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
    form: Form = None,
    layout: Layout = None,
    format: Format = "table",
    timeout: Timeout = SECONDS,
) -> None:
    """Differentiate one expression. Default shapes: a-g scalars, h-z vectors, capitals matrices."""
    console: Console = context.obj

    def work(text: str) -> tuple[list[str], list[dict[str, Any]], str, bool]:
        shapes = dict(
            load("gradcalc.derivation.single_expression").shape_of_text(text)
            for text in shape or ()
        )
        found = load("gradcalc.app.api").diff(text, wrt, shapes, form=form, layout=layout)
        warnings = [
            *found.solution.warnings,
            *(warning for answer in found.answers for warning in answer.warnings),
        ]
        return (
            found.notes,
            list(map(asdict, warnings)),
            found.to(format, ascii=console.ascii),
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


DETAILS = ("brief", "normal", "full")
Detail = Annotated[
    str,
    typer.Option(
        "--detail",
        callback=_one_of("level of detail", DETAILS),
        help="Level of detail: brief, normal or full.",
    ),
]


@app.command()
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
    files, data = [file or "ex1"], format in ("json", "jsonl")
    options = replace(_view(console, digits, form), detail=detail, verbose=verbose)

    def derivation(name: str) -> Any:
        exercise = open_exercise(name)
        return load("gradcalc.derivation.derive_steps").explained(
            adjusted(exercise, set_ or (), digits, form, layout), detail, for_
        )

    def work(name: str) -> tuple[str, bool]:
        found, view = derivation(name), load("gradcalc.report.explanation")
        if data:
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


Solved = Annotated[
    bool, typer.Option("--solution", help="Fill in the gradients and show the answers.")
]
BlankAll = Annotated[bool, typer.Option("--blank-all", help="Leave the forward values blank too.")]
Gates = Annotated[
    bool,
    typer.Option("--gates", help="Draw elementary operations instead of named quantities."),
]


@app.command()
def graph(
    context: typer.Context,
    files: Files,
    solution: Solved = False,
    blank_all: BlankAll = False,
    gates: Gates = False,
    set_: Set = None,
    digits: Digits = None,
    timeout: Timeout = SECONDS,
) -> None:
    """Draw the computational graph in the terminal."""
    console: Console = context.obj

    def work(file: str) -> str:
        figure, drawing = load("gradcalc.report.figure"), load("gradcalc.render.terminal_graph")
        exercise = adjusted(open_exercise(file), set_ or (), digits, None, None)
        what = figure.picture(figure.sketch(exercise), figure.Sheet(solution, blank_all, gates))
        said: str = drawing.render(what, console.width, console.color, console.ascii)
        return said

    parts = [said for _, said, _ in each(console, files, work, timeout) if said is not None]
    if parts:
        console.out("\n\n".join(parts))
    finish(console)


@app.command()
def export(
    context: typer.Context,
    files: Files,
    to: Annotated[
        str,
        typer.Option(
            "--to", help="Format: latex, pdf, markdown, html, svg, tikz, png, numpy, torch or jax."
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Output file, or a folder for one file per exercise.",
        ),
    ] = None,
    solution: Solved = False,
    blank_all: BlankAll = False,
    gates: Gates = False,
    detail: Annotated[
        str,
        typer.Option(
            "--detail",
            callback=_one_of("level of detail", DETAILS),
            help="Level of detail of the answers: brief, normal or full.",
        ),
    ] = "normal",
    standalone: Annotated[
        bool,
        typer.Option(
            "--standalone", help="latex: without a preamble, for \\input; tikz: with one."
        ),
    ] = False,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="PATH",
            help="Also write the sheet with its answers, to this file or folder.",
        ),
    ] = None,
    paper: Annotated[
        str | None,
        typer.Option(
            "--paper",
            callback=_one_of("paper size", ("a4", "letter")),
            help="Paper size: a4 or letter (default: the exercise's own).",
        ),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang", metavar="CODE", help="Language of headings and labels: en, de, fr, es or zh."
        ),
    ] = None,
    flavour: Annotated[
        str,
        typer.Option(
            "--flavour",
            callback=_one_of("flavour", ("plain", "github")),
            help="Flavour of markdown: plain or github.",
        ),
    ] = "plain",
    preamble: Annotated[
        str | None,
        typer.Option(
            "--preamble", metavar="FILE", help="File with TeX for the preamble of the document."
        ),
    ] = None,
    set_: Set = None,
    digits: Digits = None,
    form: Form = None,
    layout: Layout = None,
    timeout: Timeout = SECONDS,
) -> None:
    """Export handouts, figures and code (blank unless --solution)."""
    from gradcalc.app.delivery import OutsideError, deliver, plan
    from gradcalc.app.export import (
        CODE,
        DOCUMENTS,
        ENDINGS,
        Export,
        Made,
        part,
        picture_names,
        stem,
        whole,
    )
    from gradcalc.report.figure import Sheet

    console: Console = context.obj
    _one_of("format", tuple(ENDINGS))(to)
    sheets = plan(files, to, output)
    keys = plan(files, to, key) if key else ()
    targets = (*sheets, *keys)
    before = _preamble(preamble) if preamble else ""
    view = _view(console, digits, form)
    wanted = {}
    for target in targets:
        solved = solution or target in keys
        sheet = Sheet(solved, blank_all, gates, digits, detail, paper, lang)
        wanted[target] = Export(sheet, standalone, before, view, stem(target.path), flavour)
    jobs = [
        (files[number], picture, wanted[target])
        for target in targets
        for number, picture in zip(
            target.files, picture_names(wanted[target].stem, len(target.files)), strict=True
        )
    ]

    def work(job: tuple[str, str, Export]) -> tuple[Any, ...]:
        file, picture, how = job
        exercise = adjusted(open_exercise(file), set_ or (), digits, form, layout)
        derivation = None
        if to in CODE:  # it answers no questions
            found = load("gradcalc.report.figure").sketch(exercise)
        elif to in DOCUMENTS and how.sheet.solution and detail != "brief":
            derivation = load("gradcalc.derivation.derive_steps").explained(exercise, detail)
            found = derivation.solution
        else:
            found = load("gradcalc.derivation.solve").solve(exercise)
        made = part(found, picture, to, how, derivation)
        return made.text, made.beside, made.files, made.frame, found.right

    results = (done for _, done, _ in each(console, jobs, work, timeout, lambda job: job[0]))
    outside, fine = False, True
    for target in targets:
        own = [done for done in islice(results, len(target.files)) if done is not None]
        if not own:
            continue
        fine = fine and all(right for *_, right in own)
        made = [
            Made(text, tuple(beside), tuple(map(tuple, copied)), frame)
            for text, beside, copied, frame, _ in own
        ]
        document = whole(made, to, wanted[target])
        try:
            said = deliver(
                document, to, target.path, lambda text: console.out(text, machine=True), console.raw
            )
        except OutsideError as error:
            outside, said = True, list(error.lines)
        for line in said:
            console.note(line)
    if outside and not console.problems:
        raise typer.Exit(Exit.OUTSIDE)
    finish(console, fine)


def _preamble(file: str) -> str:
    try:
        return read_bytes(file).decode("utf-8")
    except UnicodeDecodeError:
        raise GradcalcError(
            Problem("file", "this preamble is not UTF-8", Place(file, 0, 0), "save it as UTF-8")
        ) from None


@app.command()
def validate(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Exercise files, or folders with exercises; - reads standard input.",
            show_default=False,
        ),
    ],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            callback=_one_of("format", ("table", "json")),
            help="Output format: table, or json for CI.",
        ),
    ] = "table",
) -> None:
    """Check exercise files for errors."""
    from gradcalc.app.shipped import exercise_files

    console: Console = context.obj
    files = exercise_files(files)
    if format == "json":
        return _validate_as_json(console, files)

    def work(file: str) -> str:
        from gradcalc.graph.build import build

        exercise = open_exercise(file)
        console.warn(*exercise.warnings, *build(exercise).warnings)
        inputs = exercise.inputs
        found = [name for name in inputs if name not in exercise.variables]
        said = f"{file}: valid; inputs: {', '.join(inputs) or 'none'}"
        return said + (
            f"; not declared: {', '.join(found)}" if found and exercise.variables else ""
        )

    for _, said, _ in each(console, files, work):
        if said is not None:
            console.out(for_terminal(said))
    finish(console)


def _validate_as_json(console: Console, files: Sequence[str]) -> None:
    """One object for each file, its problems with their places, for CI."""

    def work(file: str) -> dict[str, Any]:
        from gradcalc.graph.build import build

        exercise = open_exercise(file)
        warnings = (*exercise.warnings, *build(exercise).warnings)
        return {
            "ok": True,
            "inputs": list(exercise.inputs),
            "errors": [],
            "warnings": listed(file, warnings),
        }

    def listed(file: str, problems: Sequence[Problem]) -> list[dict[str, Any]]:
        return [
            {
                "file": problem.place.file if problem.place else file,
                "line": problem.place.line if problem.place else None,
                "column": problem.place.column if problem.place else None,
                "message": problem.message,
                "hint": problem.hint,
            }
            for problem in problems
        ]

    found = []
    for file, done, problems in each(console, files, work):
        failed = {"ok": False, "inputs": [], "errors": listed(file, problems), "warnings": []}
        found.append({"file": file, **(done or failed)})
    console.out(json.dumps(found, indent=2, ensure_ascii=False), machine=True)
    finish(console)


@app.command()
def schema(context: typer.Context) -> None:
    """Print the JSON Schema of exercise files, for editors."""
    context.obj.out(schema_text(), machine=True)


def schema_text() -> str:
    """The JSON Schema of exercises, as it is printed and shipped."""
    from gradcalc.exercise.schema import json_schema

    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


@app.command()
def new(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Output file (default: print it).")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="Copy a bundled exercise, for example ex2."),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List the bundled exercises with their titles.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output file.")] = False,
) -> None:
    """Create an exercise file to start from."""
    from gradcalc.app.files import check_target, write_whole
    from gradcalc.app.shipped import (
        SCHEMA_FILE,
        STARTER,
        exercise_text,
        shipped_titles,
        with_modeline,
    )

    console: Console = context.obj
    if list_:
        rows = list(shipped_titles())
        width = max(len(name) for name, _ in rows)
        console.out("\n".join(f"{name:{width}}  {title}" for name, title in rows))
        return
    text = exercise_text(start) if start else with_modeline(STARTER)
    if output is None:
        console.out(text)
        return
    check_target(output, replace=force)
    write_whole(output, text)
    schema_file = output.parent / SCHEMA_FILE
    if not schema_file.exists():
        write_whole(schema_file, schema_text())
        console.note(f"{schema_file}: written (the schema, for editors)")
    console.note(f"{output}: written. Next: gradcalc solve {output}")


COMMANDS = tuple(
    command.name or command.callback.__name__
    for command in app.registered_commands
    if command.callback
)

# The one catch ------------------------------------------------------------------------------------


class _Terminated(BaseException):
    """SIGTERM or SIGHUP, raised so that half-written files are cleaned up."""


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise _Terminated(number)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry of the program. Exits; a user never sees a traceback unless --debug is given."""
    sys.setrecursionlimit(
        max(sys.getrecursionlimit(), 5_000)
    )  # a sum of 400 terms leans 400 deep to the left
    for name in ("SIGTERM", "SIGHUP"):
        with contextlib.suppress(AttributeError, ValueError):  # not on Windows, and not in a thread
            signal.signal(getattr(signal, name), _terminate)
    code = run(list(sys.argv[1:] if arguments is None else arguments), forks=True)
    if not _flushed():
        code = code or Exit.OUTSIDE
    sys.exit(int(code))


def run(arguments: list[str], forks: bool = False) -> int:
    """Run a command and return its exit code. `forks`: what may take for ever is done in a
    process of its own.
    """
    arguments = _flags_first(arguments)
    unknown = _unknown_command(arguments)
    console = Console.open("--ascii" in arguments, "--debug" in arguments)
    if unknown:
        console.note(unknown)
        return Exit.UNUSABLE
    try:
        code = int(
            app(arguments, standalone_mode=False, prog_name="gradcalc", obj=forks) or Exit.DONE
        )
        if code == Exit.INTERRUPTED:  # typer has caught it
            console.note("interrupted")
        return code
    except _UsageError as error:
        path = getattr(getattr(error, "ctx", None), "command_path", "gradcalc")
        said = error.format_message()
        console.note(
            said
            if said.startswith("Usage:")
            else f"gradcalc: {said}\n    Run '{path} --help' for the options."
        )
        return Exit.UNUSABLE
    except GradcalcError as error:
        console.report(*error.problems)
        return Exit.UNUSABLE
    except (KeyboardInterrupt, typer.Abort):
        console.note("interrupted")
        return Exit.INTERRUPTED
    except _Terminated as stop:
        console.note(f"ended by {signal.Signals(stop.args[0]).name}")
        return 128 + int(stop.args[0])
    except (PipeClosed, BrokenPipeError):
        return Exit.BROKEN_PIPE
    except (OutputError, OSError) as error:
        console.note(f"gradcalc: {getattr(error, 'strerror', None) or error}")
        return Exit.OUTSIDE
    except MemoryError:
        console.note("gradcalc: out of memory")
        return Exit.UNUSABLE
    except Exception as error:
        if console.debug:
            traceback.print_exc()
        else:
            console.note(
                f"This is a bug in gradcalc ({type(error).__name__}: {error}).\n"
                "    Please report it; rerun with --debug for details."
            )
        return Exit.UNUSABLE


def _unknown_command(arguments: list[str]) -> str | None:
    """What to say where the first word is no command: most often it is a file."""
    words = [
        word
        for before, word in zip(["", *arguments], arguments, strict=False)
        if not word.startswith("-") and before != "--color"
    ]
    word = next(iter(words), None)
    if word is None or word in COMMANDS:
        return None
    if word.endswith((".yaml", ".yml")) or os.path.exists(word) or word in titles():
        return (
            f"gradcalc: {word} is a file, not a command\n    Run 'gradcalc solve {word}' to "
            "solve it."
        )
    near = closest(word, COMMANDS) or next((one for one in COMMANDS if one[:3] == word[:3]), None)
    hint = f"did you mean {near}? " if near else ""
    return f"gradcalc: unknown command {word!r}\n    {hint}Commands: {', '.join(COMMANDS)}"


def _flags_first(arguments: list[str]) -> list[str]:
    """--ascii, --debug and --color may stand anywhere before `--`; an expression may begin with
    a minus, diff -x^2.
    """
    command = next((word for word in arguments if not word.startswith("-")), "")
    if command == "diff" and "--" not in arguments:
        signed = [word for word in arguments if re.match("-[^-].", word)]
        arguments = [
            *(word for word in arguments if word not in signed),
            *(["--", *signed] if signed else []),
        ]
    end = arguments.index("--") if "--" in arguments else len(arguments)
    flags, rest, words = list[str](), list[str](), iter(arguments[:end])
    for word in words:
        if word in ("--ascii", "--debug") and word not in flags:
            flags.append(word)
        elif word == "--color":
            flags += [word, next(words, "")]
        elif word.startswith("--color="):
            flags.append(word)
        elif word not in flags:
            rest.append(word)
    return flags + rest + arguments[end:]


def _flushed() -> bool:
    """Empty the buffer; what a closed pipe leaves in it must not raise when the interpreter
    ends.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
        return True
    except (OSError, ValueError):
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except (OSError, ValueError, AttributeError):
            sys.stdout = None
        return False
