"""The command line: the program with its commands, the one catch of errors, and the exit code."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, NoReturn

import typer

from gradcalc.app.check_commands import check
from gradcalc.app.command_parts import Exit
from gradcalc.app.console import Console, OutputError, PipeClosed
from gradcalc.app.export_commands import export, graph
from gradcalc.app.file_commands import new, schema, validate
from gradcalc.app.grade_commands import grade
from gradcalc.app.options import COLORS, UsageError, one_of
from gradcalc.app.shipped import titles
from gradcalc.app.solve_commands import diff, explain, solve
from gradcalc.app.vary_commands import vary
from gradcalc.language.errors import GradcalcError, closest
from gradcalc.version import __version__

app = typer.Typer(
    help="Derive, evaluate and verify the gradients of a computation.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
            callback=one_of("color setting", COLORS),
            metavar="WHEN",
            help=f"Use colour: {', '.join(COLORS)}.",
        ),
    ] = "auto",
) -> None:
    """Derive, evaluate and verify the gradients of a computation."""
    context.obj = Console.open(ascii, debug, bool(context.obj), color)


# In this order --help lists them.
for _command in (solve, diff, explain, check, vary, grade, graph, export, validate, schema, new):
    app.command()(_command)

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
    except UsageError as error:
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
