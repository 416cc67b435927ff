"""Pages of documentation: their blocks of code, what their commands print, and whether that is what the page shows.

A page's commands run in order in one folder with the shipped exercises. A line `…` in what a command prints stands for
lines left out. A block of YAML whose first line is the comment `# NAME` is written to the file NAME before; a block of
Python `# gradcalc/…` goes into a copy of the program that the page's later commands use: as a file, at the top of a
table (`, in TABLE`), or in front of one (`, before TABLE`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import gradcalc
from helpers.paths import ROOT

LEFT_OUT = "…"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
PLACE = re.compile(
    r"# (?P<file>[\w./-]+\.(?:yaml|tex|py))(?:, (?P<where>in|before) (?P<table>\w+))?$"
)


# ---- blocks


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page. `place`: the file that its first line names, and "in" or "before" which table."""

    language: str
    text: str
    span: tuple[int, int]

    @property
    def place(self) -> tuple[str, str | None, str] | None:
        found = (
            PLACE.match(self.text.partition("\n")[0])
            if self.language in ("yaml", "python", "tex")
            else None
        )
        return (found["file"], found["where"], found["table"] or "") if found else None


@dataclass(frozen=True, slots=True)
class Run:
    """A command of a page, the lines the page shows after it, and what it printed; `code` is its exit code."""

    command: str
    shown: tuple[str, ...]
    printed: tuple[str, ...]
    code: int


def blocks(text: str) -> list[Block]:
    return [Block(found[1], found[2], found.span(2)) for found in BLOCK.finditer(text)]


def commands(block: Block) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The commands of a ```console block, each with the lines shown after it."""
    for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        while command.endswith("\\"):
            command += "\n" + shown.pop(0)
        yield command, tuple(shown)


def can_run(command: str) -> bool:
    """Whether the outside programs that a command needs are there."""
    return "--to pdf" not in command or any(map(shutil.which, ("latexmk", "tectonic", "pdflatex")))


class Folder:
    """Where the commands of a page run: the shipped exercises, `gradcalc` on the path, 80 columns, no colour."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder / "work", folder / "bin"
        self.folder.mkdir()
        self.bin.mkdir()
        shutil.copytree(ROOT / "exercises", self.folder / "exercises")
        shutil.copytree(ROOT / "examples" / "course", self.folder / "examples" / "course")
        for name, run in (("gradcalc", "-m gradcalc "), ("python3", "")):
            program = self.bin / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {run}"$@"\n')
            program.chmod(0o755)

    def put(self, file: str, where: str | None, table: str, text: str) -> None:
        """Write a file, or put lines into a table of the program, or in front of it."""
        path = self.folder / file
        if file.startswith("gradcalc/") and not (self.folder / "gradcalc").exists():
            source = Path(gradcalc.__file__).parent
            shutil.copytree(
                source,
                self.folder / "gradcalc",
                ignore=shutil.ignore_patterns("__pycache__", "exercises"),
            )
        if where is None:
            path.write_text(text.partition("\n")[2] if file.endswith(".py") else text, "utf-8")
            return
        body = text.partition("\n")[2]
        old = path.read_text("utf-8")
        head = re.search(rf"^{table}\b[^\n]* = [({{]\n", old, re.M)
        assert head, f"no table {table} in {file}"
        at = head.end() if where == "in" else head.start()
        path.write_text(old[:at] + body + old[at:], "utf-8")

    def run(self, command: str, shown: tuple[str, ...]) -> Run:
        environment = {
            **{name: os.environ[name] for name in ("HOME", "TEMP", "TMPDIR") if name in os.environ},
            "PYTHONPATH": str(Path(gradcalc.__file__).parent.parent),
            "PATH": f"{self.bin}{os.pathsep}{os.environ.get('PATH', '')}",
            "COLUMNS": "80", "NO_COLOR": "1", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1",
        }  # fmt: skip
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=120, check=False,
        )  # fmt: skip
        printed = done.stdout.decode("utf-8").replace(str(self.folder), ".").rstrip("\n")
        return Run(
            command, shown, tuple(line.rstrip() for line in printed.split("\n")), done.returncode
        )


def runs(text: str, folder: Path) -> Iterator[tuple[Block, list[Run]]]:
    """Every ```console block with its commands run, after the files of the blocks before it are written."""
    where = Folder(folder)
    for block in blocks(text):
        if block.place:
            where.put(*block.place, block.text)
        elif block.language == "console":
            yield (
                block,
                [
                    where.run(command, shown)
                    for command, shown in commands(block)
                    if can_run(command)
                ],
            )


# ---- what a page shows and what was printed


def agrees(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether the lines shown are the lines printed, but for those left out."""
    return list(refreshed(shown, printed) or ()) == list(shown)


def refreshed(shown: Sequence[str], printed: Sequence[str]) -> tuple[str, ...] | None:
    """The lines to show: what is left out stays left out, the rest is taken from what was printed. A part between lines
    left out is found by its first and last line; None where they are not there."""
    if LEFT_OUT not in shown:
        return _kept(shown, printed)
    parts: list[list[str]] = [[]]
    for line in shown:
        if line == LEFT_OUT:
            parts.append([])
        else:
            parts[-1].append(line)
    result: list[str] = []
    at = 0
    for number, part in enumerate(parts):
        first, last = number == 0, number == len(parts) - 1
        if number:
            result.append(LEFT_OUT)
        if not part:
            continue
        try:
            start = 0 if first else printed.index(part[0], at)
            stop = len(printed) if last else printed.index(part[-1], start) + 1
        except ValueError:
            return None
        result += printed[start:stop]
        at = stop
    return _kept(shown, result)


def _kept(shown: Sequence[str], fresh: Sequence[str]) -> tuple[str, ...]:
    """What is shown, where the fresh lines differ only in what another machine prints otherwise."""
    return tuple(shown if [*map(_anywhere, shown)] == [*map(_anywhere, fresh)] else fresh)


def _anywhere(line: str) -> str:
    """A line without rounding errors and without the name of the TeX that is installed."""
    return re.sub(r"\b\d(?:\.\d+)?e-\d+\b", "0", re.sub(r"made with \w+", "made", line))


def rerun(text: str, folder: Path) -> str:
    """A page with what its commands print put in again."""
    pieces, at = [], 0
    for block, done in runs(text, folder):
        made = ""
        ran = {run.command: run for run in done}
        for command, shown in commands(block):
            lines = shown
            if shown and command in ran:
                fresh = refreshed(shown, ran[command].printed)
                if fresh is None:
                    print(
                        f"the lines shown after `{command}` are not there any more: choose others",
                        file=sys.stderr,
                    )
                lines = fresh or shown
            made += "".join(f"{line}\n" for line in (f"$ {command}", *lines))
        pieces += [text[at : block.span[0]], made]
        at = block.span[1]
    return "".join(pieces) + text[at:]
