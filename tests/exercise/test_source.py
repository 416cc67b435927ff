"""Files as bytes: encodings and limits."""

from __future__ import annotations

from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.source import MAX_BYTES, MAX_LINES, MAX_TOTAL
from gradcalc.exercise.yaml_nodes import MAX_SCALARS
from helpers.mistakes import one, problems


def test_encodings() -> None:
    text = "title: dérivée\nexpression: ŷ = x\n"
    assert parse_exercise(text.encode("utf-8-sig")).title == "dérivée"
    assert parse_exercise(text.replace("\n", "\r\n")).definitions[0].name == "ŷ"
    assert parse_exercise(text.replace("\n", "\r")).definitions[0].name == "ŷ"
    assert one(text.encode("latin-1", "replace")) == (
        1,
        9,
        "this file is not UTF-8",
        "save it as UTF-8",
    )
    assert one(text.encode("utf-16")) == (1, 1, "this file is UTF-16", "save it as UTF-8")
    assert one("title: a\x1b[31m\n") == (
        1,
        9,
        "a control character (U+001B) is not allowed",
        "delete it",
    )


def test_limits_of_a_file() -> None:
    head = "expression: x\n#"
    assert parse_exercise(head + "a" * (MAX_BYTES - len(head)))
    assert one(head + "a" * (MAX_BYTES - len(head) + 1024)) == (
        1,
        1,
        "the file has 257 KiB; the limit is 256 KiB",
        None,
    )
    assert parse_exercise("expression: x" + "\n" * MAX_LINES)
    assert one("expression: x" + "\n" * (MAX_LINES + 1)) == (
        1,
        1,
        "the file has 5002 lines; the limit is 5000",
        None,
    )
    assert (
        one(b"#" * (MAX_TOTAL + 1))[2]
        == f"the file has more than {MAX_TOTAL // 1024} KiB; the limit is 256 KiB"
    )
    assert (
        problems("expression: x\nvalues: {x: [" + "1," * MAX_SCALARS + "]}\n")[0].message
        == "the file has more than 50,000 values"
    )
    numbers = ", ".join(["-1.23456789012345678901234567"] * 10_000)
    assert len(parse_exercise(f"expression: x\nvalues: {{x: [{numbers}]}}\n").values["x"]) == 10_000  # type: ignore[arg-type]
