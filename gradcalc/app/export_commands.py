"""The commands that draw, and write handouts, figures and code: graph, export."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import typer

from gradcalc.app.batch import each
from gradcalc.app.command_parts import Exit, adjusted, finish, view_of
from gradcalc.app.console import Console
from gradcalc.app.limits import SECONDS
from gradcalc.app.options import (
    DETAILS,
    BlankAll,
    Digits,
    Files,
    Form,
    Gates,
    Layout,
    Set,
    Solved,
    Timeout,
    UsageError,
    language,
    one_of,
)
from gradcalc.app.shipped import open_exercise
from gradcalc.app.startup import load
from gradcalc.exercise.files import read_bytes
from gradcalc.language.errors import GradcalcError, Place, Problem
from gradcalc.language.fast_dataclasses import replace

MOST_VARIANTS = 1_000  # on a page


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


def export(
    context: typer.Context,
    files: Files,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="Format: page, latex, pdf, markdown, html, svg, tikz, png, numpy, torch or jax.",
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
    no_answers: Annotated[
        bool,
        typer.Option("--no-answers", help="page: without the walk, the checks and the answers."),
    ] = False,
    detail: Annotated[
        str,
        typer.Option(
            "--detail",
            callback=one_of("level of detail", DETAILS),
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
            callback=one_of("paper size", ("a4", "letter")),
            help="Paper size: a4 or letter (default: the exercise's own).",
        ),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang",
            metavar="CODE",
            callback=language,
            help="Language of headings and labels: en, de, fr, es or zh.",
        ),
    ] = None,
    flavour: Annotated[
        str,
        typer.Option(
            "--flavour",
            callback=one_of("flavour", ("plain", "github")),
            help="Flavour of markdown: plain or github.",
        ),
    ] = "plain",
    preamble: Annotated[
        str | None,
        typer.Option(
            "--preamble", metavar="FILE", help="File with TeX for the preamble of the document."
        ),
    ] = None,
    variants: Annotated[
        int,
        typer.Option(
            "--variants",
            min=0,
            max=MOST_VARIANTS,
            metavar="N",
            help="page: with the numbers of N variants, as `gradcalc vary` draws them.",
            show_default=False,
        ),
    ] = 0,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="S", help="With --variants: another seed gives others."),
    ] = None,
    auto: Annotated[
        bool,
        typer.Option(
            "--auto", help="With --variants: choose what varies where the exercise does not say."
        ),
    ] = False,
    set_: Set = None,
    digits: Digits = None,
    form: Form = None,
    layout: Layout = None,
    timeout: Timeout = SECONDS,
) -> None:
    """Export pages to play with, handouts (blank unless --solution), figures and code."""
    from gradcalc.app.delivery import OutsideError, deliver, plan
    from gradcalc.app.export import (
        CODE,
        DOCUMENTS,
        ENDINGS,
        Export,
        Made,
        part,
        part_names,
        stem,
        whole,
    )
    from gradcalc.report.figure import Sheet

    console: Console = context.obj
    one_of("format", tuple(ENDINGS))(to)
    others = _others(to, no_answers, variants, seed, auto, bool(set_))
    sheets = plan(files, to, output)
    keys = plan(files, to, key) if key else ()
    targets = (*sheets, *keys)
    before = _preamble(preamble) if preamble else ""
    view = view_of(console, digits, form)
    wanted = {}
    for target in targets:
        solved = not no_answers if to == "page" else solution or target in keys
        sheet = Sheet(solved, blank_all, gates, digits, detail, paper, lang)
        wanted[target] = Export(sheet, standalone, before, view, stem(target.path), flavour)
    jobs = [
        (files[number], picture, wanted[target])
        for target in targets
        for number, picture in zip(
            target.files, part_names(wanted[target].stem, len(target.files), to), strict=True
        )
    ]

    def work(job: tuple[str, str, Export]) -> tuple[Any, ...]:
        file, picture, how = job
        exercise = adjusted(open_exercise(file), set_ or (), digits, form, layout)
        derivation = None
        if to in CODE:  # it answers no questions
            found = load("gradcalc.report.figure").sketch(exercise)
        elif to == "page" or (to in DOCUMENTS and how.sheet.solution and detail != "brief"):
            derivation = load("gradcalc.derivation.derive_steps").explained(exercise, detail)
            found = derivation.solution
        else:
            found = load("gradcalc.derivation.solve").solve(exercise)
        if others is not None:
            drawn = load("gradcalc.app.page_variants").tables(file, exercise, others)
            how = replace(how, variants=drawn)
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


def _others(
    to: str, no_answers: bool, variants: int, seed: int | None, auto: bool, is_set: bool
) -> Any:
    """What options of pages alone ask for. Raises UsageError where they do not fit."""
    given = {"--no-answers": no_answers, "--variants": bool(variants)}
    if to != "page" and (named := [name for name, is_given in given.items() if is_given]):
        raise UsageError(f"{named[0]} is for pages: --to page")
    if not variants:
        if seed is not None or auto:
            raise UsageError(f"{'--seed' if seed is not None else '--auto'} needs --variants N")
        return None
    if is_set:
        raise UsageError("--variants draws the values: leave out --set")
    return load("gradcalc.app.page_variants").Wanted(variants, 1 if seed is None else seed, auto)


def _preamble(file: str) -> str:
    try:
        return read_bytes(file).decode("utf-8")
    except UnicodeDecodeError:
        raise GradcalcError(
            Problem("file", "this preamble is not UTF-8", Place(file, 0, 0), "save it as UTF-8")
        ) from None
