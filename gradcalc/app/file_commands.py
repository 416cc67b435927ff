"""The commands about exercise files: validate, schema, new."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gradcalc.app.batch import each
from gradcalc.app.command_parts import finish
from gradcalc.app.console import Console
from gradcalc.app.options import one_of
from gradcalc.app.shipped import open_exercise
from gradcalc.language.errors import Problem
from gradcalc.language.typography import for_terminal


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
            callback=one_of("format", ("table", "json")),
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


def schema(context: typer.Context) -> None:
    """Print the JSON Schema of exercise files, for editors."""
    context.obj.out(schema_text(), machine=True)


def schema_text() -> str:
    """The JSON Schema of exercises, as it is printed and shipped."""
    from gradcalc.exercise.schema import json_schema

    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


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
