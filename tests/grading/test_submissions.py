"""What a class handed in is read as it was written; what cannot be read is named, and spoils nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.grading.exam import Exam, Part, Sheet
from gradcalc.grading.submissions import Handed, read_submissions
from gradcalc.language.errors import GradcalcError, Problem
from helpers.grading import CHAIN


def exam(*names: str) -> Exam:
    questions = parse_exercise(CHAIN).questions
    return Exam([Part(n, n, questions, {None: Sheet(n, CHAIN)}) for n in names or ("chain",)])


def read(path: Path, asked: Exam | None = None) -> tuple[list[Handed], list[str]]:
    problems: list[Problem] = []
    found = list(read_submissions(str(path), asked or exam(), problems.append))
    said = [f"{p.place.line if p.place else 0}: {p.message}" for p in problems]
    return [one for one in found if one.question is not None], said


def plain(found: list[Handed]) -> list[tuple[object, ...]]:
    return [(one.student, one.question, one.text, one.value, one.variant) for one in found]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_long_table(separator: str, mark: str, tmp_path: Path) -> None:
    rows = ["student,question,answer,value,variant", "a,du/dx,1e-3,,7", "b,delta,no,-4,"]
    rows += ["c,3,2024-01-01,,", "d,∂u/∂x,=z,,", ""]
    path = tmp_path / "a.csv"
    path.write_text(mark + "\r\n".join(rows).replace(",", separator), "utf-8")
    found, said = read(path)
    assert plain(found) == [
        ("a", 0, "1e-3", "", 7), ("b", 3, "no", "-4", None), ("c", 2, "2024-01-01", "", None),
        ("d", 0, "=z", "", None),
    ]  # fmt: skip
    assert said == []


def test_a_wide_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('student,delta = dL/dx,value v\na,"max(x, y)",\nb,,"[1, 2]"\nc,1,2,3\n')
    found, said = read(path)
    assert plain(found) == [("a", 3, "max(x, y)", None, None), ("b", 4, "[1, 2]", None, None)]
    assert said == ["4: this row has 4 cells, and the header 3"]


def test_what_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [b"student,question,answer,variant", b"a,du/dx,1,", b"a b,du/dx,2,", b"c,du/dq,3,"]
    rows += [b"d,du/dx,\xe9,", b"e,du/dx,5,x", b"", b"f,du/dx,6,"]
    path.write_bytes(b"\n".join(rows))
    found, said = read(path)
    assert [one.student for one in found] == ["a", "f"]
    assert said == [
        "3: this is no student: up to 64 letters, digits and . _ @ -",
        "4: there is no question `du/dq`", "5: this row is not UTF-8",
        "6: a variant is a whole number",
    ]  # fmt: skip


def test_columns_that_are_not_known(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("student,du/dx,mail,du/dx\na,1,x@y,2\n")
    found, said = read(path)
    assert plain(found) == [("a", 0, "1", None, None)]
    assert said == ["1: there is no question `mail`", "1: two columns for du/dx"]
    path.write_text("name,du/dx\na,1\n")
    with pytest.raises(GradcalcError, match="the column student is missing"):
        read(path)
    path.write_bytes("student,du/dx\n".encode("utf-16"))
    with pytest.raises(GradcalcError, match="this table is in UTF-16"):
        read(path)
    path.write_text("")
    with pytest.raises(GradcalcError, match="this table is empty"):
        read(path)


def test_a_quote_that_is_never_closed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('student,du/dx\na,1\nb,"' + "x\n" * 100_000)
    found, said = read(path)
    assert [one.student for one in found] == ["a"]
    assert "cannot be read" in said[0]


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    records: list[object] = [
        {"student": "a", "variant": 2, "answers": {"du/dx": "y", "delta": {"formula": "2", "value": 1}}},
        {"student": "b", "answers": {"du/dx": 1e-3, "value v": [[1, 2.50], [3, 4]], "dL/dv": None}},
        {"student": "c c", "answers": {}},
        {"student": "d", "answers": {"du/dq": 1}, "extra": 1},
        [1],
    ]  # fmt: skip
    text = "\n".join(map(json.dumps, records)).replace("0.001", "1e-3").replace("2.5", "2.50")
    path.write_text(text + '\n{"student": "e", "answers": {"du/dx": "1", "du/dx": "2"}}\n{broken\n')
    found, said = read(path)
    assert plain(found) == [
        ("a", 0, "y", None, 2), ("a", 3, "2", "1", 2), ("b", 0, "1e-3", None, None),
        ("b", 4, "[[1, 2.50], [3, 4]]", None, None), ("b", 1, None, None, None),
    ]  # fmt: skip
    assert found[1].formula
    assert said == [
        "3: this is no student: up to 64 letters, digits and . _ @ -",
        "4: unknown key `extra`", "4: there is no question `du/dq`", "5: these are no answers",
        "6: this line is no JSON: a key stands there twice",
        "7: this line is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ]  # fmt: skip


def test_a_deep_line_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("[" * 100_000 + "\n")
    assert read(path)[0] == []
    assert "this line is no JSON" in read(path)[1][0]


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("answers:\n  du/dx: y\n  delta: ?\n")
    (tmp_path / "b.json").write_text('{"student": "b", "variant": 3, "answers": {"du/dx": "x"}}')
    (tmp_path / "c.csv").write_text("question,answer\ndu/dx,2*y\n")
    (tmp_path / "d.yaml").write_text("student: e\nanswers: {}\n")
    (tmp_path / "f.yaml").write_text("answers: {du/dq: 1}\n")
    (tmp_path / "g g.yaml").write_text("answers: {}\n")
    (tmp_path / "notes.txt").write_text("nothing")
    found, said = read(tmp_path)
    assert [row for row in plain(found) if row[2]] == [
        ("a", 0, "y", None, None), ("b", 0, "x", None, 3), ("c", 0, "2*y", "", None)
    ]  # fmt: skip
    assert said == [
        "0: the file is called d, and inside it says e", "1: there is no question `du/dq`",
        "0: this is no student: up to 64 letters, digits and . _ @ -",
    ]  # fmt: skip


def test_questions_of_several_exercises(tmp_path: Path) -> None:
    asked = exam("one", "two")
    assert [asked.find(word) for word in ("one: du/dx", "two:5", "two: delta")] == [0, 9, 8]
    assert asked.find("du/dx") is None
    assert asked.unknown("du/dx") == (
        "several exercises have a question `du/dx`", "write one: du/dx"
    )  # fmt: skip
    assert asked.unknown("two: du/dq")[0] == "there is no question `du/dq`"
    assert asked.find("3") is None
    assert asked.called(8) == "two: delta"
    path = tmp_path / "a.csv"
    path.write_text("student,exercise,question,answer\na,two,du/dx,y\n")
    assert plain(read(path, asked)[0]) == [("a", 5, "y", "", None)]
