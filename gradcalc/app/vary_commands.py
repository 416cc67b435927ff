"""The command that makes variants: vary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradcalc.app.command_parts import Exit, finish
from gradcalc.app.console import Console
from gradcalc.app.files import check_new_folder, write_folder
from gradcalc.app.options import UsageError, one_of
from gradcalc.app.startup import load
from gradcalc.language.typography import for_terminal

if TYPE_CHECKING:
    from gradcalc.app.variants import Course

FORMATS = ("yaml", "csv", "json", "latex", "pdf", "html")
MOST = 100_000


def vary(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="An exercise, or the name of a bundled one.", show_default=False
        ),
    ],
    count: Annotated[
        int, typer.Option("-n", "--count", min=1, max=MOST, metavar="N", help="How many variants.")
    ] = 10,
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", help="Another seed gives other variants.")
    ] = 1,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="DIR", help="The folder to write, made anew."),
    ] = None,
    roster: Annotated[
        str | None,
        typer.Option(
            "--roster", metavar="CSV", help="Students, each of whom gets one of the variants."
        ),
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            callback=one_of("format", FORMATS),
            help="Beside YAML and CSV: json, or sheets as latex, pdf or html.",
        ),
    ] = "yaml",
    solution: Annotated[bool, typer.Option("--solution", help="Also make the keys.")] = False,
    auto: Annotated[
        bool, typer.Option("--auto", help="Choose what varies where the exercise does not say.")
    ] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Say how the answers are spread, and what was tried.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Processes.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder.")] = False,
) -> None:
    """Make variants of an exercise: nice numbers that tell a right solution from a wrong one."""
    console: Console = context.obj
    if output is None and (to in ("latex", "pdf", "html") or roster):
        raise UsageError("sheets and rosters need a folder: -o DIR")
    if solution and to not in ("latex", "pdf", "html"):
        raise UsageError("--solution needs sheets: --to pdf, latex or html")
    target = Path(output) if output else None
    if target is not None:
        check_new_folder(target, force)
    if roster is not None:
        load("gradcalc.app.variants").students(roster)
    course = _course(console, file, seed, auto)
    made = course.make(count, jobs)
    short = len(made) < count
    if target is not None and (made and not short):
        _write(console, course, target, to, solution, roster, force)
    elif made and not short:
        text = course.data() if to == "json" else course.table()
        console.out(text, machine=True)
    if report:
        lines = load("gradcalc.variants.report")
        found = [one.found for one in made]
        said = lines.compose(course.search, found, count, course.questions)
        for line in lines.lines(said):
            console.out(for_terminal(line))
    if short:
        for line in load("gradcalc.app.vary_help").why_short(course, len(made), count):
            console.note(line)
    finish(console, not short)


def _course(console: Console, file: str, seed: int, auto: bool) -> Course:
    """The exercise with what varies: as it says, or as we choose. Ends the command where it says
    nothing.
    """
    variants, suggest = load("gradcalc.app.variants"), load("gradcalc.variants.suggest")
    from gradcalc.app.shipped import open_exercise

    exercise = open_exercise(file)
    if exercise.vary:
        found: Course = variants.Course(file, seed)
        return found
    suggested = suggest.suggest(exercise)
    if not auto:
        console.note(f"{file} does not say what varies; --auto would take this:")
        console.out(load("gradcalc.variants.vary_text").vary_text(suggested.vary))
        raise typer.Exit(Exit.UNUSABLE)
    for line in suggested.remarks:
        console.note(line)
    made: Course = variants.Course(file, seed, suggested.vary)
    return made


def _write(
    console: Console,
    course: Course,
    target: Path,
    to: str,
    solution: bool,
    roster: str | None,
    force: bool,
) -> None:
    files: dict[str, str | bytes] = {one.name: one.text for one in course.made}
    files["variants.csv"] = course.table()
    if to == "json":
        files["variants.json"] = course.data()
    if roster is not None:
        files["roster.csv"] = course.roster(roster)
    outside: list[str] = []
    if to in ("latex", "pdf", "html"):
        variants = load("gradcalc.app.variants")
        try:
            files |= variants.documents(course.made, to, solution, course.stem, target)
        except variants.NoPdf as error:
            outside = list(error.lines)
            files |= variants.documents(course.made, "latex", solution, course.stem, target)
    write_folder(target, files, force)
    kinds = ", ".join(
        name for name in sorted(files) if name.rpartition(".")[2] in ("csv", "json", "pdf", "tex")
    )
    console.note(f"{target}: {len(course.made)} variants written, with {kinds}")
    if outside:
        for line in outside:
            console.note(line)
        raise typer.Exit(Exit.OUTSIDE)
