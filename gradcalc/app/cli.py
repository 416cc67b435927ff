"""The command line: each command reads files, computes, and prints what a format has made of the result."""

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
from gradcalc.app.startup import load
from gradcalc.exercise.load import load_exercise, parse_exercise, with_set
from gradcalc.exercise.model import Exercise
from gradcalc.exercise.schema import FORMS, LAYOUTS
from gradcalc.language.errors import GradcalcError, Place, Problem
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
    help="Every gradient of a computation: derived, evaluated, checked, on paper.", no_args_is_help=True,
    rich_markup_mode=None, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip

# Options that several commands share ------------------------------------------------------------------------------


def _one_of(choices: Sequence[str]) -> Callable[[str | None], str | None]:
    def check(value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise typer.BadParameter(f"{value!r} is none of {', '.join(choices)}")
        return value

    return check


FORMATS = render.printed()
COLORS = ("auto", "always", "never")
Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...", help="Exercises; - is the standard input.", show_default=False
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format", callback=_one_of(FORMATS), help=f"How to print: {', '.join(FORMATS)}."
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another value: x=3, w=[1,2], n=5."),
]
Digits = Annotated[
    int | None, typer.Option("--digits", min=1, max=30, help="Significant digits of decimals.")
]
Form = Annotated[
    str | None,
    typer.Option("--form", callback=_one_of(FORMS), help=f"Notation: {', '.join(FORMS)}."),
]
Layout = Annotated[
    str | None,
    typer.Option("--layout", callback=_one_of(LAYOUTS), help=f"Layout: {', '.join(LAYOUTS)}."),
]
Entries = Annotated[
    bool,
    typer.Option("--values", help="On a terminal: the entries of tensors of order 3 and more."),
]
Expanded = Annotated[
    bool, typer.Option("--expanded", help="On a terminal: every answer in the inputs alone, too.")
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="How the answers were verified.")]
Timeout = Annotated[
    int,
    typer.Option(
        "--timeout",
        min=0,
        max=86_400,
        metavar="SECONDS",
        help="How long a file may take; 0: no limit.",
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
    ascii: Annotated[bool, typer.Option("--ascii", help="Print ASCII only.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where in the program an error came from.")
    ] = False,
    color: Annotated[
        str,
        typer.Option(
            "--color",
            callback=_one_of(COLORS),
            metavar="WHEN",
            help=f"Colour: {', '.join(COLORS)}.",
        ),
    ] = "auto",
) -> None:
    """Every gradient of a computation: derived, evaluated, checked, on paper."""
    context.obj = Console.open(ascii, debug, bool(context.obj), color)


# What commands share ----------------------------------------------------------------------------------------------


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
    """Print in a format what is made of each file, a text and whether all is right; whether all was."""
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


# Commands ---------------------------------------------------------------------------------------------------------


@app.command()
def solve(
    context: typer.Context, files: Files, set_: Set = None, digits: Digits = None, form: Form = None, layout: Layout = None,
    format: Format = "table", values: Entries = False, expanded: Expanded = False, verbose: Verbose = False,
    timeout: Timeout = SECONDS,
) -> None:  # fmt: skip
    """The answers, symbolic beside evaluated, each checked."""
    from gradcalc.language.fast_dataclasses import replace

    console: Console = context.obj
    view = replace(
        _view(console, digits, form), values=values, expanded=expanded, verbose=verbose, hints=True
    )

    def work(file: str) -> tuple[str, bool]:
        solution = load("gradcalc.derivation.solve").solve(
            adjusted(load_exercise(file), set_ or (), digits, form, layout)
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
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="An expression: norm(A@x - y)^2", show_default=False)],
    wrt: Annotated[list[str], typer.Option("--wrt", metavar="NAME", help="What to differentiate by; twice: the second derivative.")],
    shape: Annotated[list[str] | None, typer.Option("--shape", metavar="'X: [N]'", help="A shape: x: [n], A: [m, n], c: []")] = None,
    form: Form = None, layout: Layout = None, format: Format = "table", timeout: Timeout = SECONDS,
) -> None:  # fmt: skip
    """One derivative without a file. Shapes not given: a-g scalars, h-z vectors, capitals matrices."""
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
    typer.Option("--detail", callback=_one_of(DETAILS), help=f"How much: {', '.join(DETAILS)}."),
]


@app.command()
def explain(
    context: typer.Context,
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="An exercise; without one the first that is shipped.", show_default=False)] = None,
    step: Annotated[bool, typer.Option("--step", help="One step per key on a terminal; numbered steps where there is none.")] = False,
    for_: Annotated[str | None, typer.Option("--for", metavar="QUESTION", help="One answer along its paths: df/dx, or a question's name.")] = None,
    detail: Detail = "normal", set_: Set = None, digits: Digits = None, form: Form = None, layout: Layout = None,
    format: Format = "table", verbose: Verbose = False, timeout: Timeout = SECONDS,
) -> None:  # fmt: skip
    """The derivation in words and formulas, step by step. Forward, then backward."""
    from gradcalc.language.fast_dataclasses import replace

    console: Console = context.obj
    files, data = [file or "ex1.yaml"], format in ("json", "jsonl")
    options = replace(_view(console, digits, form), detail=detail, verbose=verbose)

    def derivation(name: str) -> Any:
        exercise = load_exercise(name) if file else parse_exercise(exercise_text("ex1"), name)
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

    from gradcalc.app.shipped import exercise_text

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
    bool, typer.Option("--solution", help="The key: gradients filled in, answers derived.")
]
BlankAll = Annotated[bool, typer.Option("--blank-all", help="Ask for the forward values too.")]
Gates = Annotated[
    bool,
    typer.Option("--gates", help="Elementary gates in the figure instead of named quantities."),
]


@app.command()
def graph(
    context: typer.Context, files: Files, solution: Solved = False, blank_all: BlankAll = False, gates: Gates = False,
    set_: Set = None, digits: Digits = None, timeout: Timeout = SECONDS,
) -> None:  # fmt: skip
    """The computational graph as on paper. With --solution its gradients stand in it too."""
    console: Console = context.obj

    def work(file: str) -> str:
        figure, drawing = load("gradcalc.report.figure"), load("gradcalc.render.terminal_graph")
        exercise = adjusted(load_exercise(file), set_ or (), digits, None, None)
        what = figure.picture(figure.sketch(exercise), figure.Sheet(solution, blank_all, gates))
        said: str = drawing.render(what, console.width, console.color, console.ascii)
        return said

    parts = [said for _, said, _ in each(console, files, work, timeout) if said is not None]
    if parts:
        console.out("\n\n".join(parts))
    finish(console)


@app.command()
def export(
    context: typer.Context, files: Files,
    to: Annotated[str, typer.Option("--to", help="latex, pdf, markdown, html, svg, tikz, png, numpy, torch or jax.")],
    output: Annotated[str | None, typer.Option("-o", "--output", metavar="PATH", help="A file, or a folder for a file each.")] = None,
    solution: Solved = False, blank_all: BlankAll = False, gates: Gates = False,
    detail: Annotated[str, typer.Option("--detail", callback=_one_of(DETAILS), help=f"How much the key says: {', '.join(DETAILS)}.")] = "normal",
    standalone: Annotated[bool, typer.Option("--standalone", help="latex: pieces to \\input; tikz: a document by itself.")] = False,
    key: Annotated[str | None, typer.Option("--key", metavar="PATH", help="Write the key too, into a file of its own.")] = None,
    paper: Annotated[str | None, typer.Option("--paper", callback=_one_of(("a4", "letter")), help="a4 or letter, in place of the exercise's.")] = None,
    lang: Annotated[str | None, typer.Option("--lang", metavar="CODE", help="Language of the sheet's own words: en, de, fr, es, zh.")] = None,
    flavour: Annotated[str, typer.Option("--flavour", callback=_one_of(("plain", "github")), help="markdown: plain or github.")] = "plain",
    preamble: Annotated[str | None, typer.Option("--preamble", metavar="FILE", help="TeX to stand before the document.")] = None,
    set_: Set = None, digits: Digits = None, form: Form = None, layout: Layout = None, timeout: Timeout = SECONDS,
) -> None:  # fmt: skip
    """Handouts, figures and code. A sheet is blank unless --solution."""
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
    _one_of(tuple(ENDINGS))(to)
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
        exercise = adjusted(load_exercise(file), set_ or (), digits, form, layout)
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
        return Path(file).read_text("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise GradcalcError(
            Problem("file", f"the preamble cannot be read: {reason}", Place(file, 1, 1))
        ) from None


@app.command()
def validate(context: typer.Context, files: Files) -> None:
    """Read exercises and say what is wrong with them."""
    console: Console = context.obj

    def work(file: str) -> str:
        from gradcalc.graph.build import build

        exercise = load_exercise(file)
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


@app.command()
def schema(context: typer.Context) -> None:
    """The JSON Schema of exercises, for editors."""
    context.obj.out(schema_text(), machine=True)


def schema_text() -> str:
    """The JSON Schema of exercises, as it is printed and shipped."""
    from gradcalc.exercise.schema import json_schema

    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


@app.command()
def new(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to write it; else it is printed.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="A shipped exercise, ex2 for example."),
    ] = None,
) -> None:
    """An exercise to start from."""
    from gradcalc.app.files import check_target, write_whole
    from gradcalc.app.shipped import SCHEMA_FILE, STARTER, exercise_text, with_modeline

    console: Console = context.obj
    text = exercise_text(start) if start else with_modeline(STARTER)
    if output is None:
        console.out(text)
        return
    check_target(output, replace=False)
    write_whole(output, text)
    schema_file = output.parent / SCHEMA_FILE
    if not schema_file.exists():
        write_whole(schema_file, schema_text())
        console.note(f"{schema_file}: the schema, for editors")
    console.note(f"{output}: written; next: gradcalc solve {output}")


# The one catch ----------------------------------------------------------------------------------------------------


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
    """Run a command and return its exit code. `forks`: what may take for ever is done in a process of its own."""
    arguments = _flags_first(arguments)
    console = Console.open("--ascii" in arguments, "--debug" in arguments)
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
            else f"gradcalc: {said}\n    {path} --help says what there is"
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
                f"gradcalc failed: {type(error).__name__}: {error}\n    that is a bug; --debug shows where"
            )
        return Exit.UNUSABLE


def _flags_first(arguments: list[str]) -> list[str]:
    """--ascii, --debug and --color may stand anywhere before `--`; an expression may begin with a minus, diff -x^2."""
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
    """Empty the buffer; what a closed pipe leaves in it must not raise when the interpreter ends."""
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
