"""The explanation step by step, on a terminal of its own."""

from __future__ import annotations

import os
import re
import select
import sys
import time

import pytest

from gradcalc.render.player import Film
from gradcalc.report.blocks import Options
from helpers.derivations import shipped_derivation
from helpers.program import FOLDER, environment


def test_the_graph_shows_what_is_known_so_far() -> None:
    film = Film(shipped_derivation("ex1"), Options())
    first, second, last = (film.frame(at, 100, 50) for at in (0, 1, 7))
    assert "q = 3" not in first
    assert "q = 3 ◀" in second
    assert "−4 ◀" in last
    assert "[8/9] space next" in last


def test_where_the_graph_does_not_fit_the_place_of_the_step_stands_on_a_line() -> None:
    film = Film(shipped_derivation("ex3"), Options())
    at = next(k for k, page in enumerate(film.pages) if page.at == "z1" and page.gradients)
    assert film.frame(at, 60, 20).splitlines()[0] == "ŷ ← z₂ ← a₁ ← [z₁]"
    neuron = Film(shipped_derivation("ex2"), Options(color=True))
    assert neuron.frame(8, 40, 60).splitlines()[0] == "[x₁] used in z"
    assert "(σ)" in neuron.frame(8, 110, 60) or "forward" in neuron.frame(8, 110, 60)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of another kind")
class TestTerminal:
    """The program on a terminal of its own."""

    def walk(self, *keys: str | int, file: str = "") -> tuple[str, int]:
        """What it writes, and its exit code. A number among the keys is a new width of the terminal, 60 at first."""
        import fcntl
        import pty
        import struct
        import termios

        def resize(columns: int) -> None:
            fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))

        pid, screen = pty.fork()
        if pid == 0:
            os.chdir(FOLDER)
            terminal = {
                key: word
                for key, word in environment().items()
                if key not in ("COLUMNS", "LINES", "NO_COLOR")
            }
            time.sleep(0.2)  # until the terminal has its size
            command = [
                sys.executable,
                "-m",
                "gradcalc",
                "explain",
                "--step",
                *([file] if file else []),
            ]
            os.execve(sys.executable, command, terminal | {"TERM": "xterm"})
        resize(60)
        before = termios.tcgetattr(screen)[3]
        out = self.read(screen, "q quit")
        for key in keys:
            if isinstance(key, int):
                resize(key)
            else:
                os.write(screen, key.encode())
            out += self.read(screen, "\x1b[?25h" if key in ("q", "\x03") else "q quit")
        assert termios.tcgetattr(screen)[3] == before
        _, status = os.waitpid(pid, 0)
        os.close(screen)
        return out, os.waitstatus_to_exitcode(status)

    def widths(self, out: str) -> list[int]:
        """The longest line of each screen."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-ln-z]", "\f", re.sub(r"\x1b\[[0-9;]*m", "", out))
        screens = [
            [line.strip("\r\f") for line in screen.split("\n")]
            for screen in plain.split("\f\f\f")
            if "q quit" in screen
        ]
        return [max(map(len, screen)) for screen in screens]

    def read(self, screen: int, until: str) -> str:
        got, end = "", time.monotonic() + 30
        while until not in got and time.monotonic() < end:
            if select.select([screen], [], [], 0.2)[0]:
                try:
                    got += os.read(screen, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        return got

    def test_keys(self) -> None:
        out, code = self.walk(" ", "\r", "b", "f", "q")
        places = [
            part.split("]")[0] for part in out.split("[") if part.split("]")[0].endswith("/9")
        ]
        assert places == ["1/9", "2/9", "3/9", "2/9", "9/9"]
        assert code == 0
        assert out.endswith("\x1b[?25h")

    def test_at_the_ends_and_with_arrows(self) -> None:
        out, code = self.walk("b", "\x1b[C", "\x1b[D", "x", "f", "f", " ")
        places = [
            part.split("]")[0] for part in out.split("[") if part.split("]")[0].endswith("/9")
        ]
        assert places == ["1/9", "1/9", "2/9", "1/9", "1/9", "9/9", "9/9"]
        assert code == 0

    def test_a_resized_terminal_is_drawn_at_its_new_size(self) -> None:
        out, code = self.walk("f", 100, 40, "b", "q", file="ex2.yaml")
        first, last, wide, narrow, before = self.widths(out)
        assert max(first, last) <= 60
        assert 60 < wide <= 100
        assert max(narrow, before) <= 40
        assert code == 0

    def test_arrays_in_sixty_columns(self) -> None:
        out, _ = self.walk(*[" "] * 17, "q", file="ex3.yaml")
        assert len(self.widths(out)) == 18
        assert max(self.widths(out)) <= 60

    def test_ctrl_c_restores_the_terminal(self) -> None:
        out, code = self.walk(" ", "\x03")
        assert "\x1b[?25h" in out
        assert code == 130
