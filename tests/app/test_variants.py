"""gradcalc vary: the folder it writes, judged by a program of its own, and what it refuses."""

import csv
import hashlib
import io
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from gradcalc.app.cli import run
from gradcalc.app.variants import Course, students, table, variant_of
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import load_exercise
from gradcalc.language.errors import GradcalcError
from helpers.variants import nice, number_of, slope, values

EXERCISE = """\
# A comment that stays.
title: A product
text: |
  Let $f = (x + y) z$ at $x = -2$, $y = 5$ and $z = -4$.
expression: |
  q = x + y
  f = q * z
values: {x: -2, y: 5, z: -4}
questions: [df/dx, df/dz]
# What varies.
vary:
  x: {integers: [-9, 9]}
  y: {integers: [-9, 9]}
  z: {integers: [-9, 9]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "product.yaml"
    path.write_text(EXERCISE)
    return path


def read(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_folder_holds_exercises_whose_answers_are_those_of_the_table(
    file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run(["vary", str(file), "-n", "25", "-o", str(out)]) == 0
    rows = list(csv.DictReader(io.StringIO((out / "variants.csv").read_text())))
    assert [row["number"] for row in rows] == [str(n) for n in range(1, 26)]
    seen = set()
    for row in rows:
        path = out / f"product-{int(row['number']):03d}.yaml"
        at = values(path)
        assert {name: str(value) for name, value in at.items()} == {n: row[n] for n in "xyz"}

        def f(at: dict[str, Fraction]) -> Fraction:
            return (at["x"] + at["y"]) * at["z"]

        by_x, by_z = (slope(f, at, name) for name in "xz")
        assert (row["df/dx"], row["df/dz"]) == (str(by_x), str(by_z))
        assert all(map(nice, (*at.values(), by_x, by_z, f(at))))
        assert len({by_x, by_z, Fraction(0)}) == 3
        assert not {at["x"], at["y"], at["x"] - at["y"], f(at), at["z"], -by_z} & {by_z}
        seen.add((by_x, by_z))
        text = path.read_text()
        assert f"at $x = {at['x']}$, $y = {at['y']}$ and $z = {at['z']}$" in text
        assert "# A comment that stays.\n" in text
        assert "vary" not in text
        of = hashlib.sha256(EXERCISE.encode()).hexdigest()
        assert number_of(path) == {"of": of, "seed": "1", "number": row["number"]}
        assert load_exercise(str(path)).variant is not None
    assert len(seen) == 25


@pytest.mark.slow
def test_hash_seeds_and_jobs_change_nothing(file: Path, tmp_path: Path) -> None:
    found = []
    for number, (seed, jobs) in enumerate(((0, 1), (1, 2), (2, 1), (3, 2))):
        out = tmp_path / str(number)
        command = [sys.executable, "-m", "gradcalc", "vary", str(file), "-n", "30", "-o", str(out)]
        environment = {"PYTHONHASHSEED": str(seed), "PATH": "", "PYTHONPATH": ":".join(sys.path)}
        subprocess.run([*command, "-j", str(jobs)], env=environment, check=True)
        found.append(read(out))
    assert found[0] == found[1] == found[2] == found[3]


def test_variant_17_does_not_depend_on_how_many_there_are(file: Path, tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    assert run(["vary", str(file), "-n", "20", "-o", str(few)]) == 0
    assert run(["vary", str(file), "-n", "60", "-o", str(many)]) == 0
    assert (few / "product-017.yaml").read_bytes() == (many / "product-017.yaml").read_bytes()


def test_a_roster_gives_each_student_always_the_same(file: Path, tmp_path: Path) -> None:
    roster = tmp_path / "students.csv"
    roster.write_text("name;student\nAda;s1\nEmmy;s2\nSofia;s3\n")
    out = tmp_path / "out"
    assert run(["vary", str(file), "-n", "9", "-o", str(out), "--roster", str(roster)]) == 0
    rows = list(csv.DictReader(io.StringIO((out / "roster.csv").read_text())))
    assert [row["student"] for row in rows] == ["s1", "s2", "s3"]
    assert [int(row["variant"]) for row in rows] == [variant_of(1, f"s{k}", 9) for k in (1, 2, 3)]
    assert [variant_of(1, f"s{k}", 9) for k in (1, 2, 3)] == HANDED_OUT
    answers = tmp_path / "answers.yaml"
    number = int(rows[1]["variant"])
    right = int(values(out / f"product-{number:03d}.yaml")["z"])
    answers.write_text(f"student: s2\nanswers: {{df/dx: {right}}}\n")
    assert run(["check", str(out), str(answers)]) == 1  # df/dz is blank
    assert run(["check", str(out), "--variant", str(number), "--answer", f"df/dx={right}"]) == 0


HANDED_OUT = [6, 3, 2]  # whatever the machine


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student\nA B\n", "a student is 1 to 64 letters, digits and . _ @ -"),
        ("student\ns1\ns1\n", "s1 is there twice, in line 2 before"),
        ("name,number\nAda,1\n", "this roster has no column `student`"),
        ("", "this roster names no student"),
    ],
)
def test_a_roster_that_is_none_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text)
    with pytest.raises(GradcalcError) as error:
        students(str(path))
    assert error.value.problems[0].message == message


def test_cells_that_a_spreadsheet_would_compute_are_quoted() -> None:
    assert table([["-2", "-log(2)", "=z", "@a", "+x", "1e-3", "a,b"]]) == (
        "-2,'-log(2),'=z,'@a,'+x,1e-3,\"a,b\"\n"
    )


def test_a_folder_is_written_whole_or_not_at_all(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert run(["vary", str(file), "-n", "3", "-o", str(out)]) == 2
    assert "already has files in it" in capsys.readouterr().err
    assert read(out) == {"mine.txt": b"mine"}
    assert run(["vary", str(file), "-n", "3", "-o", str(out), "--force"]) == 0
    assert "mine.txt" not in read(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "product.yaml"]


def test_too_few_are_refused_with_a_range_that_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "few.yaml"
    path.write_text(
        "expression: f = x*y\nquestions: [df/dx]\n"
        "vary: {x: {integers: [2, 3]}, y: {integers: [4, 5]}}\n"
    )
    out = tmp_path / "out"
    assert run(["vary", str(path), "-n", "4", "-o", str(out)]) == 1
    said = capsys.readouterr().err
    assert "found 2 of 4 variants; nothing is written" in said
    assert "an earlier variant has the same answers" in said
    assert "this works: x: {integers: [2, 6]}, y: {integers: [4, 8]}" in said
    assert not out.exists()


def test_without_vary_it_says_what_it_would_take(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("expression: f = (x + y)*z\nvalues: {x: 1, y: 2, z: 3}\nquestions: [df/dx]\n")
    assert run(["vary", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out.startswith("vary:\n  x: {")
    path.write_text(path.read_text() + said.out)
    assert run(["vary", str(path), "-n", "5", "--to", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [one["number"] for one in data["variants"]] == [1, 2, 3, 4, 5]


def test_what_has_neither_a_value_nor_a_range_is_named(tmp_path: Path) -> None:
    path = tmp_path / "half.yaml"
    path.write_text("expression: f = x*y\nvary: {x: {integers: [2, 30]}}\n")
    with pytest.raises(GradcalcError, match="y has neither a value nor a range"):
        Course(str(path), 1).make(3)


def test_the_report(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["vary", str(file), "-n", "10", "--report"]) == 0
    said = capsys.readouterr().out
    assert "10 variants in" in said
    assert "tries that will not do" in said
    assert "best blind guess: " in said


def test_a_sheet_bears_its_mark_and_no_answers(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["vary", str(file), "-n", "2", "-o", str(out), "--to", "latex", "--solution"]
    assert run(command) == 0
    sheets, keys = ((out / f"product-{word}.tex").read_text() for word in ("sheets", "keys"))
    mark = load_exercise(str(out / "product-002.yaml")).variant
    assert mark is not None
    assert "variant 002" in sheets
    assert mark.mark in sheets
    assert "\\noprintanswers" in sheets
    assert "\\begin{solution}" not in sheets
    assert "\\printanswers" in keys
    html = tmp_path / "html"
    assert run(["vary", str(file), "-n", "2", "-o", str(html), "--to", "html"]) == 0
    assert f"product · variant 002 · {mark.mark}" in (html / "product-002.html").read_text()


@pytest.mark.parametrize(
    ("lines", "questions"),
    [
        (["p = x*x", "f = p - 3*x + 5"], ["df/dp", "local dp/dx", "dp/dx", "df/dx"]),
        (["m = max(x, y)", "f = m*z"], ["df/dm", "df/dz"]),
        (["m = min(x, y)", "r = relu(x - z)", "f = m*z + r"], ["df/dx", "df/dy"]),
        (["s = where(x > y, x*z, y)", "f = s^2"], ["df/dz", "df/dx"]),
    ],
    ids=["the same question twice", "max", "min and relu", "where"],
)
def test_variants_have_the_answers_that_solve_gives(
    lines: list[str], questions: list[str], tmp_path: Path
) -> None:
    """Each is solved again from its file: no answer is lost on the way, whatever its line has."""
    names = [name for name in "xyz" if any(name in line for line in lines)]
    content = {
        "expression": lines,
        "values": {name: number for number, name in enumerate(names, 2)},
        "questions": questions,
        "vary": {**{name: {"integers": [-9, 9]} for name in names}, "nice": {"zeros": True}},
    }
    path, out = tmp_path / "one.yaml", tmp_path / "out"
    path.write_text(json.dumps(content))
    assert run(["vary", str(path), "-n", "5", "-o", str(out)]) == 0
    for row in csv.DictReader(io.StringIO((out / "variants.csv").read_text())):
        again = solve(load_exercise(str(out / f"one-{int(row['number']):03d}.yaml")))
        assert [float(row[text]) for text in questions] == [a.value for a in again.answers]
