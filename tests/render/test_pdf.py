"""What compiles with TeX, and what TeX may not do."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from gradcalc.app.export import Export, export
from gradcalc.app.shipped import titles
from gradcalc.render import latex, pdf, tex_fonts
from gradcalc.render.latex_document import document, frame_of
from gradcalc.report.figure import Sheet
from gradcalc.report.handout_model import Handout
from helpers.handouts import handout, handout_of, solved, titled

SEEDS = ("ex1", "ex2", "ex3")


needs_tex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="TeX is not installed")


TROUBLE = re.compile(r"Warning|Overfull|Underfull|Missing character|undefined|^!", re.MULTILINE)


def compiled(tex: str) -> pdf.Pdf:
    made = pdf.make(tex)
    assert made.data.startswith(b"%PDF")
    lines = [line for line in made.log.splitlines() if TROUBLE.search(line)]
    assert [line for line in lines if not line.startswith(("Package: ", "Package shellesc"))] == []
    return made


def together(handouts: list[Handout], preamble: str = "") -> str:
    questions = [latex.question(it) for it in handouts]
    frames = [frame_of(it, tex) for it, tex in zip(handouts, questions, strict=True)]
    return document(questions, frames, preamble)


@pytest.mark.slow
@needs_tex
@pytest.mark.parametrize("solution", [False, True], ids=["blank", "key"])
def test_the_seeds_compile_without_warnings(solution: bool) -> None:
    compiled(together([handout(name, Sheet(solution)) for name in SEEDS]))


@pytest.mark.slow
@needs_tex
@pytest.mark.skipif(not os.environ.get("CI"), reason="takes minutes: CI=1 runs it")
@pytest.mark.parametrize("solution", [False, True], ids=["blank", "key"])
def test_all_shipped_exercises_compile_without_warnings(solution: bool) -> None:
    """No box is too wide, no glyph is missing, and no formula is made smaller than 7 points."""
    items = [handout(name, Sheet(solution)) for name in titles()]
    tex = together([item for item in items if item.lang != "zh"])  # which needs a font of its own
    smaller = r"\resizebox{\linewidth}{!}{\usebox{\fittedbox}}"
    assert tex.count(smaller) == 1
    said = r"\typeout{made smaller: \the\wd\fittedbox\space to \the\linewidth}"
    log = pdf.make(tex.replace(smaller, said + smaller), 600).log
    assert TROUBLE.findall(log) == []
    for wide, line in re.findall(r"made smaller: ([\d.]+)pt to ([\d.]+)pt", log):
        assert 10.95 * float(line) / float(wide) >= 7


@pytest.mark.slow
@needs_tex
@pytest.mark.parametrize("language", ["ngerman", "french"])
def test_babel_in_the_preamble_breaks_nothing(language: str) -> None:
    from subprocess import run

    if run(
        ["kpsewhich", {"ngerman": "ngerman.ldf", "french": "french.ldf"}[language]],
        capture_output=True,
        check=False,
    ).returncode:
        pytest.skip(f"babel has no {language} here")
    compiled(together([handout("ex2")], rf"\usepackage[{language}]{{babel}}"))


@pytest.mark.slow
@needs_tex
def test_fragments_and_figures_compile() -> None:
    fragment = export([solved("ex3")], "latex", Export(Sheet(solution=True), standalone=True)).text
    packages = r"\usepackage{amsmath,amssymb,graphicx,longtable,xcolor,tikz}"
    compiled(
        rf"\documentclass{{article}}{packages}\begin{{document}}\hfuzz=8pt"
        + "\n"
        + fragment
        + r"\gradcalcfigure \gradcalcask{dJ/dW1} \gradcalcanswer{dJ/dW1} \gradcalcvalue{delta3} \end{document}"
    )
    compiled(export([solved("ex2")], "tikz", Export(standalone=True)).text)


@pytest.mark.slow
@needs_tex
def test_strangers_texts_compile() -> None:
    nasty = (
        r"""\input{/etc/passwd} $x$ 100% #1 & ~ ^ _ {} \end{document} [a] -- ,, << `` "q" é ǎ ½ → ²"""
        + " \u202e\x1b"
    )
    text = "- [b] $\\frac12$\n\n1. `a_b`\n\n```\n\\end{document}\n```\n\n[x](https://a.b/%7E#c_d)\n\n$$\\begin{aligned} a &= b \\\\ [c] &= d \\end{aligned}$$\n"
    made = titled(title=nasty, text=text, author=nasty, source=nasty)
    compiled(together([made, titled(title="", text="[x] y")]))


@pytest.mark.slow
@needs_tex
def test_a_graph_too_large_to_draw_compiles() -> None:
    lines = "\n".join(f"  x{k} = x{k - 1} * y" for k in range(1, 60))
    text = f"expression: |\n{lines}\nvalues: {{x0: 1, y: 1}}\nquestions: [dx59/dy]\n"
    compiled(together([handout_of(text)]))


@pytest.mark.slow
@needs_tex
def test_tex_can_neither_read_nor_write_outside_its_folder(tmp_path: Path) -> None:
    body = rf"\newread\r\openin\r=/etc/passwd \ifeof\r closed\else\input{{/etc/passwd}}\fi\newwrite\w\immediate\openout\w={tmp_path}/out.txt x"
    with pytest.raises(pdf.Failed):
        pdf.make(rf"\documentclass{{article}}\begin{{document}}{body}\end{{document}}")
    assert list(tmp_path.iterdir()) == []
    shell = rf"\immediate\write18{{touch {tmp_path}/shell}} x"
    pdf.make(rf"\documentclass{{article}}\begin{{document}}{shell}\end{{document}}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not pdf._lua_is_whole(), reason="LuaTeX is not installed")
def test_other_alphabets_compile_with_fonts_that_are_there() -> None:
    """Greek and Cyrillic: DejaVu, which TeX's own packages bring, has them."""
    made = titled(title="Производные", text="Βρείτε τις παραγώγους. Найдите производные.")
    tex = latex.render(made)
    done = pdf.make(tex, lua=True)
    assert done.engine == "lualatex"
    assert "Missing character" not in done.log


@pytest.mark.parametrize(
    ("characters", "kind", "font"),
    [
        ("计算", "CJK characters", "Noto Serif CJK SC (Debian: fonts-noto-cjk)"),
        ("กจ", "Thai characters", "Noto Serif Thai (Debian: fonts-thai-tlwg)"),
        ("ላራ", "Ethiopic characters", "the Noto font of this script (Debian: fonts-noto-core, fonts-noto-extra)"),
        ("✅🎓", "signs", "Symbola (Debian: fonts-symbola)"),
    ],
)  # fmt: skip
def test_characters_without_a_font_are_named_with_the_remedy(
    characters: str, kind: str, font: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tex_fonts, "_families", lambda characters: ())
    with pytest.raises(tex_fonts.MissingFont) as error:
        tex_fonts.check(characters)
    assert error.value.lines == (
        f"no font here has {' '.join(characters)} ({kind})",
        f"    install one: {font}, and run the same command again",
        "    take --to html instead: browsers have fonts of their own",
    )
