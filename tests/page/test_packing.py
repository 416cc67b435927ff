"""Scripts without what only their readers need."""

from __future__ import annotations

import re

import pytest

from gradcalc.render.page.assets import SCRIPTS
from gradcalc.render.page.packing import packed, tight
from helpers.page import PAGE


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
        packed("// what\nf('b // c');\n\n  /* more\n  */\n  a; // b\n") == "f('b // c');\na; // b"
    )


def test_lines_are_joined_where_no_statement_ends() -> None:
    script = "const f = (a) => {\nreturn a\n? 1\n: 2;\n};\nlet b = 1\nf(b); // why\n{ c }\n(d)"
    short = "const f=(a)=>{return a?1:2;};let b=1\nf(b);//why\n{c}\n(d)"
    assert tight(script) == short


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_text_of_the_scripts_stays(name: str) -> None:
    script = packed((PAGE / name).read_text("utf-8"))
    short = tight(script)
    assert re.sub(r"[ \n]", "", short) == re.sub(r"[ \n]", "", script)
    assert len(short) < 0.96 * len(script)
    text = re.compile(r"'(?:[^'\\]|\\.)*'")
    lines = [line for line in script.split("\n") if not re.search('[/`"]', line)]
    kept = [word for line in lines for word in text.findall(line)]
    assert [word for word in kept if word not in short] == []
    assert len(kept) > 1
