"""grade marks as check does, each distinct answer once, whatever the order, the jobs and the past."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from gradcalc.app import backends, marking_server
from gradcalc.app.cli import run
from gradcalc.exercise.load import load_exercise
from gradcalc.exercise.source import Text
from gradcalc.grading.work import Work
from gradcalc.marking.marker import Marker
from gradcalc.marking.model import Given
from gradcalc.render.marks_json import answer
from helpers.grading import CHAIN, exercise, grade, last, marks, students, table

KEPT = ("verdict", "points", "message", "carried", "read_as", "mistakes")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The work is done here, and noted: what is asked about each item."""
    noted: list[str] = []
    work = Work()

    def done(request: dict[str, object]) -> list[str]:
        items: list[object] = request["items"]  # type: ignore[assignment]
        noted.extend(f"{request['what']} {request.get('question')} {item}" for item in items)
        return [marking_server.attempt(work, request, item) for item in items]

    monkeypatch.setattr(backends, "work", done)
    return noted


def test_every_line_is_what_check_says(tmp_path: Path, asked: list[str]) -> None:
    """Errors carried forward among them, which depend on the student's other answers."""
    path, rows = exercise(tmp_path), students(40)
    grade(path, table(tmp_path / "a.csv", rows), "-o", str(tmp_path / "out"), "-j", "1")
    marker, found, carried = Marker(load_exercise(path)), last(tmp_path / "out"), 0
    for student, *given in rows:
        answers = {
            k: Given(Text(one)) for k, one in enumerate(given) if one.strip() not in ("", "?")
        }
        for number, verdict in enumerate(marker.mark(answers), 1):
            line, want = found.get((student, number)), json.loads(json.dumps(answer(verdict)))
            if number - 1 not in answers:
                assert line is None
                continue
            assert line is not None
            assert {key: line[key] for key in KEPT} == {key: want[key] for key in KEPT}
            carried += want["carried"] is not None
    assert carried > 5


def test_each_distinct_answer_is_marked_once(tmp_path: Path, asked: list[str]) -> None:
    rows = students(40)
    spaced = [[f"t{k}", *(f" {one}  " for one in row[1:])] for k, row in enumerate(rows)]
    path = exercise(tmp_path)
    grade(path, table(tmp_path / "a.csv", rows + spaced), "-o", str(tmp_path / "out"), "-j", "1")
    assert len(asked) == len(set(asked)) > 20


def test_the_order_of_submissions_changes_nothing(tmp_path: Path, asked: list[str]) -> None:
    rows, path = students(30), exercise(tmp_path)
    for name, seed in (("one", 1), ("two", 2)):
        Random(seed).shuffle(rows)
        grade(path, table(tmp_path / "a.csv", rows), "-o", str(tmp_path / name), "-j", "1")
    for file in ("grades.jsonl", "grades.csv", "summary.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_it_goes_on_where_it_stopped(tmp_path: Path, asked: list[str]) -> None:
    """From any number of whole lines and a torn one; the grades are those of one run."""
    path, csv = exercise(tmp_path), table(tmp_path / "a.csv", students(20))
    grade(path, csv, "-o", str(tmp_path / "whole"), "-j", "1")
    book = (tmp_path / "whole" / "grades.jsonl").read_bytes()
    out = tmp_path / "torn"
    out.mkdir()
    for cut in (0, 1, 40, len(book) // 3, len(book) // 2, len(book) - 1):
        (out / "grades.jsonl").write_bytes(book[:cut])
        asked.clear()
        grade(path, csv, "-o", str(out), "-j", "1")
        assert (out / "grades.csv").read_bytes() == (tmp_path / "whole/grades.csv").read_bytes()
        assert (out / "summary.json").read_bytes() == (tmp_path / "whole/summary.json").read_bytes()
        assert len(marks(out)) == book.count(b"\n") - 1
    asked.clear()
    grade(path, csv, "-o", str(out), "-j", "1", "--resume")
    assert asked == []


def test_a_late_student_and_a_changed_answer(tmp_path: Path, asked: list[str]) -> None:
    """What follows from the changed answer is looked at again; the last word counts."""
    path, rows = exercise(tmp_path), students(10)
    rows[0] = ["s000", "2*y", "v", "v", "v*2*y", "-5"]
    out = tmp_path / "out"
    grade(path, table(tmp_path / "a.csv", rows), "-o", str(out), "-j", "1")
    assert last(out)["s000", 4]["carried"] == {"from": ["du/dx"], "verdict": "right"}
    rows = [["s000", "y", *rows[0][2:]], *students(12)[10:]]
    grade(path, table(tmp_path / "b.csv", rows), "-o", str(out), "-j", "1")
    assert last(out)["s000", 1]["verdict"] == "right"
    assert last(out)["s000", 4]["carried"] is None
    assert len((out / "grades.csv").read_text().splitlines()) == 13


def test_a_changed_exercise_or_policy_is_refused(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, csv, out = exercise(tmp_path), table(tmp_path / "a.csv", students(3)), tmp_path / "out"
    grade(path, csv, "-o", str(out), "-j", "1")
    (tmp_path / "p.yaml").write_text("carry: 0\n")
    grade(path, csv, "-o", str(out), "--policy", str(tmp_path / "p.yaml"), code=2)
    said = capsys.readouterr().err
    assert "the policy has changed since these answers were marked" in said
    assert "--regrade" in said
    exercise(tmp_path, CHAIN + "# another\n")
    grade(path, csv, "-o", str(out), code=2)
    assert "the exercise has changed" in capsys.readouterr().err
    before = (out / "grades.jsonl").read_bytes()
    grade(path, csv, "-o", str(out), "-j", "1", "--regrade")
    assert (out / "grades-1.jsonl").read_bytes() == before


def test_two_answers_to_one_question_are_the_teachers(tmp_path: Path, asked: list[str]) -> None:
    rows = [["a", "df/dx", "1"], ["a", "du/dx", "y"], ["a", "du/dx", "x"], ["b", "du/dx", " y "]]
    rows += [["b", "du/dx", "y"], ["c c", "du/dx", "y"]]
    out = tmp_path / "out"
    csv = table(tmp_path / "a.csv", rows, ("question", "answer"))
    grade(exercise(tmp_path), csv, "-o", str(out), "-j", "1", code=2)
    found = last(out)
    assert found["a", 1]["verdict"] == "undecided"
    assert found["a", 1]["answer"] == "x | y"
    assert found["b", 1]["verdict"] == "right"
    assert (out / "grades.csv").read_text().splitlines()[1:] == [
        "a,0,,,,,0,6,1,0,",
        "b,1,,,,,1,6,0,0,",
    ]


def test_several_exercises(tmp_path: Path, asked: list[str]) -> None:
    one, two = exercise(tmp_path), exercise(tmp_path, CHAIN.replace("x*y", "x*y*y"), "cubic.yaml")
    rows = [["a", "y", "y^2"], ["b", "2*x*y", "y"]]
    csv = table(tmp_path / "a.csv", rows, ("chain: du/dx", "cubic: 1"))
    out = tmp_path / "out"
    grade(one, two, csv, "-o", str(out), "-j", "1")
    assert [(m["student"], m["exercise"], m["verdict"]) for m in marks(out)] == [
        ("b", "chain", "wrong"), ("a", "chain", "right"), ("b", "cubic", "wrong"),
        ("a", "cubic", "right"),
    ]  # fmt: skip
    csv = table(tmp_path / "a.csv", rows, ("du/dx", "cubic: 1"))
    grade(one, two, csv, "-o", str(tmp_path / "other"), "-j", "1", code=2)


def test_variants(tmp_path: Path, asked: list[str]) -> None:
    """The roster beside them says who has which; each variant has its own numbers."""
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    for number, x in ((1, 2), (2, 7)):
        text = CHAIN.replace("x: 2", f"x: {x}")
        text += f"variant: {{of: {'ab' * 32}, seed: 1, number: {number}}}\n"
        (sheets / f"chain-{number:03d}.yaml").write_text(text)
    (sheets / "roster.csv").write_text("student,variant\na,1\nb,2\nc,2\n")
    rows = [["a", "-5", "1"], ["b", "-20", ""], ["c", "-5", "1"], ["d", "-5", ""]]
    csv = table(tmp_path / "a.csv", rows, ("dL/dv", "variant"))
    out = tmp_path / "out"
    grade(str(sheets), csv, "-o", str(out), "-j", "1", code=2)
    assert [(m["student"], m["variant"], m["verdict"]) for m in marks(out)] == [
        ("a", 1, "right"), ("b", 2, "right"), ("c", 2, "wrong"),
    ]  # fmt: skip
    assert (out / "grades.csv").read_text().splitlines()[1] == "a,1,,2,,,,2,6,0,0,"


def test_answers_to_a_variant_that_is_not_there(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """They are not compared with the numbers of the exercise."""
    path, out = exercise(tmp_path), tmp_path / "out"
    csv = table(tmp_path / "a.csv", [["a", "y", "17"], ["b", "y", ""]], ("du/dx", "variant"))
    grade(path, csv, "-o", str(out), "-j", "1", code=2)
    assert [line["student"] for line in marks(out)] == ["b"]
    assert "this answers variant 17, and chain has no variants" in capsys.readouterr().err
    (tmp_path / "r.csv").write_text("student,variant\na,17\n")
    grade(path, csv, "-o", str(out), "--roster", str(tmp_path / "r.csv"), code=2)
    assert "no exercise has variants" in capsys.readouterr().err


def test_overrides_are_kept(tmp_path: Path, asked: list[str]) -> None:
    path, out = exercise(tmp_path), tmp_path / "out"
    csv = table(tmp_path / "a.csv", [["a", "x", "", "", "", ""], ["-b", "y", "v", "", "", ""]])
    (tmp_path / "o.csv").write_text("student,question,points,comment\na,du/dx,0.5,=a good idea\n")
    words = [path, csv, "-o", str(out), "-j", "1", "--feedback"]
    grade(*words, "--override", str(tmp_path / "o.csv"))
    assert (out / "overrides.csv").read_text() == (
        "student,question,points,comment\na,du/dx,0.5,'=a good idea\n"
    )
    for again in ((), ("--regrade",)):
        grade(*words, *again)
        assert (out / "grades.csv").read_text().splitlines()[1:] == [
            "'-b,1,2,,,,3,6,0,0,",
            "a,0.5,,,,,0.5,6,0,0,du/dx",
        ]
        said = (out / "feedback" / "a.md").read_text()
        assert "| 0.5/1 |" in said
        assert "Your teacher set the points" in said
        assert json.loads((out / "summary.json").read_text())["questions"][0]["set_by_hand"] == 1


def test_the_summary(tmp_path: Path, asked: list[str]) -> None:
    path, out = exercise(tmp_path), tmp_path / "out"
    odd = "sin(x) + 7"
    rows = [["a", "2*y"], ["b", "2*y"], ["c", odd], ["d", odd], ["e", "y y"], ["f", "y"]]
    (tmp_path / "r.csv").write_text("student,name\ng,=Gil\n" + "".join(f"{r[0]},\n" for r in rows))
    csv = table(tmp_path / "a.csv", rows, ("du/dx",))
    grade(path, csv, "-o", str(out), "-j", "1", "--roster", str(tmp_path / "r.csv"))
    found = json.loads((out / "summary.json").read_text())
    assert (found["students"], found["answers"], found["of"]) == (7, 6, 6)
    first = found["questions"][0]
    assert first["verdicts"] == {"right": 1, "wrong": 4, "undecided": 0, "invalid": 1, "blank": 1}
    assert [(m["slug"], m["count"], m["examples"]) for m in first["mistakes"]] == [
        ("constant-factor", 2, ["2*y"])
    ]
    assert first["unexpected"] == [{"answer": odd, "count": 2}]
    assert "g,'=Gil,,,,,,0,6,0,0," in (out / "grades.csv").read_text()


def test_nothing_is_printed_that_a_terminal_acts_on(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    csv = table(tmp_path / "a.csv", [["a", "\x1b[31mred"], ["b", "\x1b[31mred"]], ("du/dx",))
    grade(exercise(tmp_path), csv, "-o", str(tmp_path / "out"), "-j", "1", "--feedback")
    assert "\x1b" not in capsys.readouterr().out + (tmp_path / "out/feedback/a.md").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ex1", "-o", "x"], "give the exercises, and after them what was handed in"),
        (["ex1", "a.csv", "-o", "x", "--resume", "--regrade"], "give one of them"),
        (["ex1", "a.csv", "-o", "x", "--backend", "threads"], "unknown backend 'threads'"),
        (["ex1", "a.csv", "-o", "x", "--address", "y"], "--address is for --backend dask or ray"),
        (["ex1", "a.csv", "-o", "x", "--resume"], "there is no gradebook to go on with"),
        (["ex1", "ex1", "a.csv", "-o", "x"], "two exercises are called ex1"),
        (["ex1", "none.csv", "-o", "x"], "none.csv: cannot read this file"),
    ],
)
def test_what_is_refused(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(["grade", *words]) == 2
    assert said in capsys.readouterr().err
