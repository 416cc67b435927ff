"""Makes the pictures in docs/images/: `python tests/generate_pictures.py` writes those that are not current, and
test_pictures.py checks them.

Terminal sessions and figures are compared text for text. TeX and poppler draw sheets and keys, so that what is compared
is the LaTeX they are made from, by its digest, which stands in the picture. `--screens` makes the pictures of pages
again, for which it needs Chromium.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import TypeAlias
from unittest.mock import patch

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from gradcalc.app import cli
from gradcalc.app.export import Export, export
from gradcalc.derivation.answer_model import Solution
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import load_exercise
from gradcalc.report.figure import Sheet
from helpers.paths import EXERCISES, ROOT

IMAGES = ROOT / "docs" / "images"
Page: TypeAlias = tuple[str, bool, int]

# Picture -> the command whose output it shows, and how wide its terminal is.
SESSIONS = {
    "solve": ("solve ex1", 84),
    "solve-network": ("solve ex3", 100),
    "explain": ("explain ex1 --for df/dx", 92),
    "check": ("check logistic-regression --answer dJ/dw=X.T@(p-y)", 80),
    "graph": ("graph ex2 --solution", 100),
}
# Picture -> the exercise, and whether the gradients are filled in.
FIGURES = {
    "figure-blank": ("ex1", False),
    "figure-solution": ("ex1", True),
    "figure-neuron": ("ex2-gates", True),
    "figure-network": ("ex3", True),
    "figure-tie": ("max-tie", True),
    "figure-branches": ("diamond-chain", True),
}
# Picture -> the exercise, whether it is the key, and the page.
# Picture -> its pages side by side: the exercise, whether it is the key, and the page.
PAPERS = {
    "sheet-and-key": (("ex1", False, 1), ("ex1", True, 1)),
    "keys": (("softmax-cross-entropy", True, 1), ("ex3", True, 2)),
}
# Picture -> the exercise as a page, and the step of its walk. A browser draws them, not the same everywhere: their bytes
# are not compared, and they are made again only if asked for.
SCREENS = {"page": ("ex1", 6)}
SCREEN = 900, 700
CROP = 50, 28, 500, 560  # left, top, width and height of what is shown of a page, in points
GAP = 14
THEME = TerminalTheme(
    (24, 26, 31), (216, 219, 226),
    [(40, 42, 50), (240, 113, 120), (152, 195, 121), (229, 192, 123), (97, 175, 239), (198, 145, 232), (86, 200, 216), (216, 219, 226)],
    [(127, 133, 148), (255, 139, 146), (181, 222, 152), (245, 212, 150), (134, 199, 255), (217, 174, 245), (128, 221, 232), (255, 255, 255)],
)  # fmt: skip
MONOSPACE = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


# ---- terminal sessions


def session(command: str, width: int) -> str:
    """A command and what it prints, as a terminal of that width shows it."""
    printed, terminal = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    environment = {"COLUMNS": str(width), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    with patch.dict(os.environ, environment), redirect_stdout(printed):
        os.environ.pop("NO_COLOR", None)
        cli.run(["--color", "always", *command.split()])
    console = Console(
        record=True, width=width + 2, file=terminal, force_terminal=True, color_system="truecolor",
        _environ={},
    )  # fmt: skip
    console.print(Text.assemble(("$ ", "bright_black"), (f"gradcalc {shown(command)}", "bold")))
    printed.seek(0)
    console.print(Text.from_ansi(printed.read().rstrip("\n")))
    svg = console.export_svg(
        title="", theme=THEME, code_format=without_fonts(), unique_id="session"
    )
    return "\n".join(line.rstrip() for line in svg.strip().split("\n")) + "\n"


def shown(command: str) -> str:
    """The command as one types it: what a shell would read otherwise in quotes."""
    return " ".join(f"'{word}'" if set(word) & set("()*<>") else word for word in command.split())


def without_fonts() -> str:
    """Rich's picture without the font that it loads from the network."""
    text = re.sub(r"\s*@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.S)
    assert "Fira" in text
    assert "http" in text
    text = text.replace("Fira Code, monospace", MONOSPACE).replace(
        "font-family: arial", "font-family: sans-serif"
    )
    return re.sub(r"\s*<!-- Generated with Rich .*? -->", "", text)


# ---- figures, sheets and keys


@cache
def solved(name: str) -> Solution:
    return solve(load_exercise(str(EXERCISES / f"{name}.yaml")))


def figure(name: str, solution: bool) -> str:
    return export([solved(name)], "svg", Export(Sheet(solution))).text


def source(name: str, key: bool) -> str:
    """The LaTeX of a sheet or a key."""
    return export([solved(name)], "latex", Export(Sheet(key))).text


def digest(pages: Sequence[Page]) -> str:
    """Of the LaTeX of some pages, whatever version of the program wrote it."""
    text = "\n".join(source(*page[:2]) for page in pages)
    lines = [line for line in text.split("\n") if not line.startswith("%")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def page_picture(name: str, key: bool, page: int, prefix: str) -> str:
    """A page as the inside of an SVG, its ids with a prefix of their own."""
    with tempfile.TemporaryDirectory() as folder:
        tex = Path(folder) / "page.tex"
        tex.write_text(source(name, key), "utf-8")
        run = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"]
        subprocess.run([*run, tex.name], cwd=folder, check=True, capture_output=True)
        drawn = ["pdftocairo", "-svg", "-f", str(page), "-l", str(page), "page.pdf", "page.svg"]
        subprocess.run(drawn, cwd=folder, check=True)
        text = tex.with_suffix(".svg").read_text("utf-8")
    inside = text[text.index("<defs>") : text.rindex("</svg>")]
    inside = re.sub(r"</?page(?:Set)?>\s*", "", inside).replace("xlink:href", "href")
    inside = re.sub(r'((?:id="|href="#|url\(#))', rf"\1{prefix}", inside)
    return re.sub(
        r"\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), inside
    )


def paper(pages: Sequence[Page]) -> str:
    """Pages side by side, each on white with a frame, for light and dark surroundings."""
    left, top, width, height = CROP
    whole = len(pages) * width + (len(pages) - 1) * GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole + 2} {height + 2}" data-made-from="{digest(pages)}">'
    ]
    for number, page in enumerate(pages):
        at = f'x="{1 + number * (width + GAP)}" y="1" width="{width}" height="{height}"'
        parts += [
            f'<rect {at} fill="#fff" stroke="#9aa0a6"/>',
            f'<svg {at} viewBox="{left} {top} {width} {height}">',
            page_picture(*page, prefix=f"page{number}-").strip(),
            "</svg>",
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def screen(name: str, step: int) -> bytes:
    """The figure and the walk of a page, as Chromium draws them."""
    from playwright.sync_api import sync_playwright

    from helpers.browser import chromium
    from helpers.played import derived, page_of, shipped

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder) / "page.html"
        path.write_text(page_of(derived(shipped(name))), "utf-8")
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": SCREEN[0], "height": SCREEN[1]},
            color_scheme="light",
            device_scale_factor=1.5,
        )
        page.goto(f"{path.as_uri()}#step={step}")
        drawn: bytes = page.locator(".board").screenshot(type="png", animations="disabled")
        browser.close()
    return drawn


def made_from(picture: Path) -> str | None:
    """The digest that stands in a picture."""
    found = (
        re.search(r'data-made-from="(\w+)"', picture.read_text("utf-8")[:500])
        if picture.exists()
        else None
    )
    return found and found[1]


# ---- all of them


def drawn() -> Iterator[tuple[str, str]]:
    """The name and the text of every picture that is made here."""
    for name, (command, width) in SESSIONS.items():
        yield f"{name}.svg", session(command, width)
    for name, (exercise, solution) in FIGURES.items():
        yield f"{name}.svg", figure(exercise, solution)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    for name, text in drawn():
        path = IMAGES / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"{name}: brought up to date")
    for name, pages in PAPERS.items():
        path = IMAGES / f"{name}.svg"
        if made_from(path) == digest(pages):
            continue
        if not shutil.which("latexmk") or not shutil.which("pdftocairo"):
            print(f"{path.name}: stays as it is, for TeX or poppler is missing", file=sys.stderr)
            continue
        path.write_text(paper(pages), "utf-8")
        print(f"{path.name}: brought up to date")
    for name, what in SCREENS.items():
        if "--screens" in sys.argv or not (IMAGES / f"{name}.png").exists():
            (IMAGES / f"{name}.png").write_bytes(screen(*what))


if __name__ == "__main__":
    main()
