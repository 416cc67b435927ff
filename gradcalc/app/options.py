"""The options that commands share: their types, their choices, and the check of a choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from gradcalc import render
from gradcalc.exercise.schema import FORMS, LAYOUTS

# click's, which newer typers carry within
UsageError: type[Any] = typer.BadParameter.__mro__[1]


def one_of(noun: str, choices: Sequence[str]) -> Callable[[str | None], str | None]:
    """A check that refuses a value that is none of the choices, with UsageError.

    noun: what the value is called
    """

    def check(value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise UsageError(f"unknown {noun} {value!r} (choose from {', '.join(choices)})")
        return value

    return check


def language(value: str | None) -> str | None:
    """A check that refuses a language in which there are no headings and labels. A region may
    follow: de-AT.
    """
    if value is None:
        return None
    from gradcalc.report.frame_words import WORDS

    return (
        value
        if value.partition("-")[0].lower() in WORDS
        else one_of("language", tuple(WORDS))(value)
    )


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
        callback=one_of("format", FORMATS),
        help=f"Output format: {', '.join(FORMATS)}.",
    ),
]
OrLatex = Annotated[
    str,
    typer.Option(
        "--format",
        callback=one_of("format", (*FORMATS, "latex")),
        help=f"Output format: {', '.join((*FORMATS, 'latex'))}.",
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
        callback=one_of("form", FORMS),
        help=f"Notation of the answers: {', '.join(FORMS)}.",
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(
        "--layout",
        callback=one_of("layout", LAYOUTS),
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
DETAILS = ("brief", "normal", "full")
Detail = Annotated[
    str,
    typer.Option(
        "--detail",
        callback=one_of("level of detail", DETAILS),
        help="Level of detail: brief, normal or full.",
    ),
]
Hint = Annotated[
    int | None,
    typer.Option(
        "--hint",
        metavar="1|2|3",
        min=1,
        max=3,
        help="Only a hint, with --for: 1 the rule's name, 2 the local derivative, 3 the step.",
    ),
]
Solved = Annotated[
    bool, typer.Option("--solution", help="Fill in the gradients and show the answers.")
]
BlankAll = Annotated[bool, typer.Option("--blank-all", help="Leave the forward values blank too.")]
Gates = Annotated[
    bool,
    typer.Option("--gates", help="Draw elementary operations instead of named quantities."),
]
