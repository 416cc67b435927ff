"""Where exports go: targets checked before any work, files written whole, outside programs run,
what was done said.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from gradcalc.app.export import BINARY, DOCUMENTS, ENDINGS, Made
from gradcalc.app.files import check_folder, check_target, names_for, write_whole
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One file to make, None for the standard output, and which of the exercises go into it."""

    path: Path | None
    files: tuple[int, ...]


class OutsideError(Exception):
    """An outside program is missing or failed. What could be done without it has been done;
    `lines` say so.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(lines[0])
        self.lines = lines


def plan(files: Sequence[str], to: str, output: str | None) -> tuple[Target, ...]:
    """What will be written where. Raises GradcalcError for what could not be written, before any
    work is done.
    """
    everything = tuple(range(len(files)))
    ending = ENDINGS[to]
    if output is None or output == "-":
        if to in BINARY and output is None:
            raise refused(
                f"{to} is not printed to the terminal",
                f"give a file: -o {names_for(files[:1], ending)[0]}",
            )
        if len(files) > 1 and to not in DOCUMENTS:
            raise refused(
                f"one {to} file holds one exercise, and you gave {len(files)}",
                "give a folder: -o figures/",
            )
        return (Target(None, everything),)
    path = Path(output)
    if output.endswith(("/", "\\")) or path.is_dir():
        names = names_for(files, ending)
        check_folder(path)
        targets = tuple(Target(path / name, (k,)) for k, name in enumerate(names))
    elif len(files) > 1 and to not in DOCUMENTS:
        raise refused(
            f"one {to} file holds one exercise, and you gave {len(files)}",
            f"give a folder: -o {output}/",
        )
    else:
        targets = (Target(path, everything),)
    for target in targets:
        assert target.path is not None
        beside = {"pdf": source_of, "png": source_of}.get(to)
        for made in (target.path, beside(target.path, to) if beside else target.path):
            _spare(made, files)
        check_target(target.path)
        if to in BINARY and (source := source_of(target.path, to)) != target.path:
            check_target(source)
    return targets


def _spare(path: Path, files: Sequence[str]) -> None:
    """Refuse to write over an exercise that is read."""
    for file in files:
        if file != "-" and path.exists() and os.path.exists(file) and os.path.samefile(path, file):
            raise refused(f"{path} is the exercise itself", "choose another name for the output")


def refused(message: str, hint: str) -> GradcalcError:
    """The error of an output that cannot go where it should."""
    return GradcalcError(Problem("output", message, None, hint))


def source_of(path: Path, to: str) -> Path:
    """Where the text goes that a PDF or PNG could not be made from."""
    return path.with_name(path.name.rsplit(".", 1)[0] + {"pdf": ".tex", "png": ".svg"}[to])


def deliver(
    made: Made, to: str, path: Path | None, out: Callable[[str], None], raw: Callable[[bytes], None]
) -> list[str]:
    """Write what was made; messages of what was done. Raises GradcalcError and OutsideError."""
    if to in BINARY:
        data, program, notes = _binary(made, to, path)
        if path is None:
            raw(data)
            return [f"made with {program}", *notes]
        write_whole(path, data)
        return [f"{path}: written, made with {program}", *notes]
    if path is None:
        out(made.text)
        return [
            f"{name}: not written, because the document was printed; use -o to write both"
            for name, _ in made.beside
        ]
    for name, _ in made.beside:
        check_target(path.with_name(name))
    for name, text in made.beside:
        write_whole(path.with_name(name), text)
    copied = [name for name, source in made.files if _copied(Path(source), path.parent / name)]
    write_whole(path, made.text)
    written = [
        *(path.with_name(name) for name, _ in made.beside),
        *(path.parent / name for name in copied),
    ]
    return [*(f"{name}: written" for name in written), f"{path}: written"]


def _copied(source: Path, target: Path) -> bool:
    """Copy a picture, unless it is there already."""
    if target.exists() and target.samefile(source):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, source.read_bytes())
    return True


def _binary(made: Made, to: str, path: Path | None) -> tuple[bytes, str, list[str]]:
    from gradcalc.render import pdf, png, tex_fonts

    text = made.text
    try:
        if to == "png":
            return *png.make(text), []
        tex_fonts.check(made.frame.get("characters", ""))
        done = pdf.make(text, files=made.files, lua=bool(made.frame.get("characters")))
        return done.data, done.engine, done.notes
    except tex_fonts.MissingFont as error:
        problem, *more = error.lines
        ways: tuple[str, ...] = tuple(line.strip() for line in more)
    except pdf.NoEngine:
        problem, ways = "TeX is not installed (latexmk, tectonic or pdflatex)", pdf.WAYS_OUT
    except pdf.Failed as error:
        named = source_of(path, to).name if path else "its input"
        problem, ways = str(error).replace(f"./{pdf.NAME}.tex", named), pdf.WAYS_OUT[1:]
    except png.NoProgram as error:
        problem, ways = str(error), png.WAYS_OUT
    lines = [f"the {to} could not be made: {problem}"]
    if path is not None:
        source = source_of(path, to)
        write_whole(source, text)
        lines.append(f"{source}: written instead")
    raise OutsideError(*lines, *(f"    {way}" for way in ways))
