"""TeX to PDF with the engine that is installed: confined to a folder of its own, without a
shell, for a limited time.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gradcalc.language.fast_dataclasses import dataclass

SECONDS = 45
SLOW = 120  # for LuaTeX, which looks for fonts first
NAME = "handout"
_CALM = ("-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "-no-shell-escape")
# What is run, in order of preference, and how often: TeX needs a second run for page numbers.
ENGINES: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("latexmk", ("-norc", "-pdf", *_CALM, f"{NAME}.tex"), 1),
    ("tectonic", ("--untrusted", "--keep-logs", "--chatter", "minimal", f"{NAME}.tex"), 1),
    ("pdflatex", (*_CALM, f"{NAME}.tex"), 2),
)
WAYS_OUT: tuple[str, ...] = (
    "install TeX: TeX Live, MiKTeX or tectonic, and run the same command again",
    "upload the .tex to Overleaf, which compiles it as it is",
    "use --to html instead of --to pdf, and print the page from the browser",
)


@dataclass(frozen=True, slots=True)
class Pdf:
    """A compiled document, the program that made it, and that program's log."""

    data: bytes
    engine: str
    log: str

    @property
    def notes(self) -> list[str]:
        """What TeX did without: a language that babel does not have here."""
        found = re.findall(r"^gradcalc: (babel has no (\S+) here)", self.log, re.MULTILINE)
        advice = "words are hyphenated as in English; install its package, texlive-lang-… on Debian"
        return [f"{said}: {advice}" for said, _ in dict.fromkeys(found)]


class NoEngine(Exception):
    """None of the engines is installed."""


class Failed(Exception):
    """The engine ran and made no PDF. `reason` is a line or two of its log, or that the time was
    up.
    """

    def __init__(self, engine: str, reason: str, log: str = "") -> None:
        super().__init__(f"{engine}: {reason}")
        self.engine, self.reason, self.log = engine, reason, log


def make(
    tex: str,
    seconds: float = SECONDS,
    files: Sequence[tuple[str, str]] = (),
    lua: bool = False,
) -> Pdf:
    """Compile a document; `files` are copied beside it; `lua`: it needs LuaTeX. Raises NoEngine and
    Failed; leaves nothing behind, and no process running.
    """
    if lua:
        if not _lua_is_whole():
            raise Failed(
                "lualatex",
                "text in other alphabets needs LuaLaTeX with fontspec and luaotfload; "
                "install them (Debian: texlive-luatex)",
            )
        return _made("lualatex", (*_CALM, f"{NAME}.tex"), 2, tex, max(seconds, SLOW), files)
    engine = next((one for one in ENGINES if shutil.which(one[0])), None)
    if engine is None:
        raise NoEngine
    name, arguments, runs = engine
    if name == "latexmk" and not shutil.which("pdflatex"):
        name, arguments, runs = next(
            ((n, a, r) for n, a, r in ENGINES[1:] if shutil.which(n)), (name, arguments, runs)
        )
        if name == "latexmk":
            raise NoEngine
    return _made(name, arguments, runs, tex, seconds, files)


def _lua_is_whole() -> bool:
    """Whether LuaLaTeX is here with the packages that find fonts."""
    finder = shutil.which("kpsewhich")
    if shutil.which("lualatex") is None or finder is None:
        return False
    wanted = [finder, "luaotfload.sty", "fontspec.sty"]
    done = subprocess.run(wanted, capture_output=True, timeout=20, check=False)
    return len(done.stdout.split()) == 2


def _made(
    name: str,
    arguments: Sequence[str],
    runs: int,
    tex: str,
    seconds: float,
    files: Sequence[tuple[str, str]],
) -> Pdf:
    if shutil.which(name) is None:
        raise NoEngine
    with tempfile.TemporaryDirectory(prefix="gradcalc-") as folder:
        where = Path(folder)
        (where / f"{NAME}.tex").write_text(tex, "utf-8")
        for path, source in files:
            (where / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, where / path)
        said = ""
        for _ in range(runs):
            said = _run(name, arguments, where, seconds)
        log = where / f"{NAME}.log"
        text = log.read_text("latin-1", "replace") if log.exists() else said
        made = where / f"{NAME}.pdf"
        if not made.exists():
            raise Failed(name, _why(text or said), text)
        return Pdf(made.read_bytes(), name, text)


def _run(name: str, arguments: Sequence[str], folder: Path, seconds: float) -> str:
    """Run an engine in a process group of its own, which is ended whatever happens. Output, or
    Failed.
    """
    environment = {
        **os.environ,
        "openin_any": "p",
        "openout_any": "p",
        "shell_escape": "f",
        "TEXMFOUTPUT": str(folder),
        "max_print_line": "1000",
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
    }
    program = shutil.which(name) or name
    process = subprocess.Popen(
        [program, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failed(name, f"it was still running after {seconds:g} seconds") from None
    finally:
        _end(process)
    text = output.decode("utf-8", "replace")
    if process.returncode != 0:
        log = folder / f"{NAME}.log"
        text = log.read_text("latin-1", "replace") if log.exists() else text
        raise Failed(name, _why(text), text)
    return text


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _why(log: str) -> str:
    """The first error of a log, with the line after it."""
    lines = log.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("!") or (".tex:" in line and "Warning" not in line):
            return " ".join(
                [line.strip(), *(more.strip() for more in lines[number + 1 : number + 2])]
            )[:300]
    return lines[-1][:300] if lines else "it made no PDF and printed no message"
