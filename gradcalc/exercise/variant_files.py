"""The folder that `gradcalc vary` writes: variant N of it as an exercise, and who has which.

load_variant("sheets/", 17)        the exercise in sheets/ex1-017.yaml, its values put in
variant_files("sheets/")           {1: Path("sheets/ex1-001.yaml"), …}
roster_of("sheets/")               {"s0421": 17, …}, from sheets/roster.csv
"""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path

from gradcalc.exercise.files import read_bytes
from gradcalc.exercise.load import load_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.language.errors import GradcalcError, Place, Problem

ROSTER = "roster.csv"
_NUMBERED = re.compile(r".+-(\d{3,9})\.ya?ml")


def variant_files(folder: str | os.PathLike[str]) -> dict[int, Path]:
    """Number -> file, in order. Raises GradcalcError where there is none, or one number twice."""
    where = Path(folder)
    found: dict[int, Path] = {}
    try:
        names = sorted(item.name for item in where.iterdir())
    except OSError as error:
        raise _refused(where, error.strerror or str(error)) from None
    for name in names:
        if match := _NUMBERED.fullmatch(name):
            number = int(match[1])
            if number in found:
                message = f"variant {number} is there twice: {found[number].name} and {name}"
                raise _refused(where, message)
            found[number] = where / name
    if not found:
        raise _refused(where, "there are no variants in this folder")
    return dict(sorted(found.items()))


def load_variant(folder: str | os.PathLike[str], number: int) -> Exercise:
    """A variant by its number. Raises GradcalcError where it is not there, or is another one."""
    files = variant_files(folder)
    if number not in files:
        first, last = min(files), max(files)
        message = f"there is no variant {number} in this folder"
        raise _refused(Path(folder), message, f"it has variants {first} to {last}")
    exercise = load_exercise(str(files[number]))
    if exercise.variant is None or exercise.variant.number != number:
        own = exercise.variant.number if exercise.variant else None
        said = f"this file is variant {own}" if own else "this file does not say which variant"
        raise _refused(files[number], f"{said}, not {number}")
    return exercise


def roster_of(folder: str | os.PathLike[str]) -> dict[str, int]:
    """Student -> the number of their variant; empty where no roster was given."""
    path = Path(folder) / ROSTER
    if not path.exists():
        return {}
    text = read_bytes(str(path)).decode("utf-8-sig", "replace")
    rows = csv.DictReader(io.StringIO(text))
    found: dict[str, int] = {}
    for row in rows:
        student, number = row.get("student") or "", row.get("variant") or ""
        if not student or not number.isdecimal():
            message = "a row of a roster has a student and the number of a variant"
            raise GradcalcError(Problem("roster", message, Place(str(path), rows.line_num, 1)))
        found[student.removeprefix("'")] = int(number)
    return found


def _refused(path: Path, message: str, hint: str | None = None) -> GradcalcError:
    return GradcalcError(Problem("variant", message, Place(str(path), 0, 0), hint))
