"""Scripts without what only their readers need."""

from __future__ import annotations

import re

import pytest

from gradcalc.render.page.packing import packed, tight
from helpers.page import CORE, PAGE


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("const a = b + +c;", "const a=b+ +c;"),
        ("a - -b; x - y", "a- -b;x-y"),
        ("return 'a + b' + \"c  d\"", "return'a + b'+\"c  d\""),
        ("say(`${a + b} is  no`, 1)", "say(`${a + b} is  no`,1)"),
        ("say(`x ${a ? `${b}  c` : 'd  e'} f  g` + h)", "say(`x ${a ? `${b}  c` : 'd  e'} f  g`+h)"),
        ("const p = /a  b[/ ]/u, q = 1 / 2;", "const p=/a  b[/ ]/u,q=1/2;"),
        ("if (a in b) throw new E()", "if(a in b)throw new E()"),
        ("x / y / z", "x/y/z"),
    ],
)  # fmt: skip
def test_spaces_that_part_nothing_go(line: str, short: str) -> None:
    assert tight(line) == short


def test_comments_go_and_text_stays() -> None:
    assert (
        packed("// what\nconst a = 1;\n\n  /* more\n  */\n  a; // b\n") == "const a = 1;\na; // b"
    )


@pytest.mark.parametrize("name", CORE)
def test_every_text_of_the_scripts_stays(name: str) -> None:
    script = packed((PAGE / name).read_text("utf-8"))
    short = tight(script)
    assert short.replace(" ", "") == script.replace(" ", "")
    assert len(short) < 0.95 * len(script)
    text = re.compile(r"'(?:[^'\\]|\\.)*'")
    kept = 0
    for line, shorter in zip(script.split("\n"), short.split("\n"), strict=True):
        if not re.search('[/`"]', line):
            assert text.findall(shorter) == text.findall(line)
            kept += len(text.findall(line))
    assert kept > 10
