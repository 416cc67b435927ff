"""What people type from NumPy, MATLAB, LaTeX, Mathematica and paper, and the message they get, in full.

typed_mistakes.tsv: `form` is line (one line of an expression, on line 2 of the file) or file; an input with several
problems has several rows, in order. After a change of wording, `python tests/messages/test_typed_mistakes.py` writes
the table anew: read its diff.
"""

from __future__ import annotations

import csv
import re
from itertools import groupby
from pathlib import Path

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.graph.build import build
from gradcalc.language.errors import GradcalcError, Problem

TABLE = Path(__file__).with_name("typed_mistakes.tsv")
COLUMNS = ("form", "input", "kind", "place", "message", "hint")
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}


def unescaped(text: str) -> str:
    return re.sub(r"\\[nt\\]", lambda found: _ESCAPES[found.group()], text)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def said(form: str, text: str) -> list[tuple[str, ...]]:
    """Kind, place, message and hint of every problem, as the table has them."""
    whole = f"expression: |\n  {text}\n" if form == "line" else text
    found: list[tuple[str, Problem]]
    try:
        exercise = parse_exercise(whole, "e.yaml")
        found = [("warning", one) for one in (*exercise.warnings, *build(exercise).warnings)]
    except GradcalcError as error:
        found = [("error", one) for one in error.problems]
    return [
        (
            kind,
            f"{one.place.line}:{one.place.column}" if one.place else "-",
            escaped(one.message),
            escaped(one.hint or "-"),
        )
        for kind, one in found
    ]


INPUTS = [
    (form, text, [tuple(row[column] for column in COLUMNS[2:]) for row in group])
    for (form, text), group in groupby(rows(), lambda row: (row["form"], row["input"]))
]


@pytest.mark.parametrize(("form", "text", "wanted"), INPUTS)
def test_the_cause_at_its_place_and_the_cure(
    form: str, text: str, wanted: list[tuple[str, ...]]
) -> None:
    assert said(form, unescaped(text)) == wanted


CURES = [
    (form, row[3])
    for form, _, wanted in INPUTS
    for row in wanted
    if form == "line" and row[3].startswith("write ") and len(wanted) == 1
]


def test_a_cure_can_be_pasted() -> None:
    """What a hint says to write for a line is read without an error of form."""
    unread = []
    for _, hint in CURES:
        cure = unescaped(hint).removeprefix("write ").split("; ")[0].split(" or ")[0]
        cure = re.sub(r" for (the|a|all|its) .*", "", cure)
        if re.search("…|:|^one |^without", cure) or "," in re.sub(
            r"\([^()]*\)|\[[^\[\]]*\]", "", cure
        ):
            continue  # a line of YAML
        right = cure.partition(" = ")[2]
        try:
            parse_exercise(f"expression: |\n  {cure if right else 'zz = ' + cure}\n")
        except GradcalcError as error:
            unread += [
                (cure, one.message)
                for one in error.problems
                if one.slug not in ("index", "shape", "cycle", "function", "nameless", "comparison")
            ]
    assert len(CURES) > 100
    assert unread == []


def test_most_messages_tell_the_cure() -> None:
    without = [text for _, text, wanted in INPUTS if any(row[3] == "-" for row in wanted)]
    assert len(INPUTS) >= 300
    assert len(without) <= 20, without


if __name__ == "__main__":
    lines = ["\t".join(COLUMNS)]
    for form, text, _ in INPUTS:
        lines += ["\t".join((form, text, *row)) for row in said(form, unescaped(text))]
    TABLE.write_text("\n".join(lines) + "\n", "utf-8")
