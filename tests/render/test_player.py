"""The explanation step by step, on a terminal of its own."""

from __future__ import annotations

import os
import re
import select
import sys
import time

import pytest

from gradcalc.render.keyboard import named
from gradcalc.render.player import Film, Place
from gradcalc.report.blocks import Options
from helpers.derivations import shipped_derivation
from helpers.program import FOLDER, environment


def frame(film: Film, step: int, columns: int, rows: int, top: int = 0) -> list[str]:
    return [line.plain for line in film.frame(Place(step, top), columns, rows)]


def test_the_graph_shows_what_is_known_so_far() -> None:
    film = Film(shipped_derivation("ex1"), Options())
    first, second, last = ("\n".join(frame(film, at, 100, 50)) for at in (0, 1, 6))
    assert "q = 3" not in first
    assert "q = 3 ◀" in second
    assert "−4 ◀" in last
    assert "[7/8] space next" in last


@pytest.mark.parametrize(("columns", "rows"), [(100, 50), (44, 40)])
@pytest.mark.parametrize("name", ["ex1", "ex2"])
def test_the_graph_stands_at_the_same_place_on_every_step(
    name: str, columns: int, rows: int
) -> None:
    """Across or from top to bottom: what a node is called does not move as values become known."""
    film = Film(shipped_derivation(name), Options())
    screens = [frame(film, at, columns, rows) for at in range(len(film.pages))]
    assert {len(screen) for screen in screens} == {rows}
    heights = {len(film.parts(Place(at), columns, rows)[0]) for at in range(len(film.pages))}
    assert len(heights) == 1
    (height,) = heights
    rest = {"".join(c for c in "".join(s[:height]) if c in "●│├└┤┘┴┼→") for s in screens}
    assert len(rest) == 1


def test_where_the_graph_does_not_fit_the_place_of_the_step_stands_on_a_line() -> None:
    film = Film(shipped_derivation("ex3"), Options())
    at = next(k for k, page in enumerate(film.pages) if page.at == "z1" and page.gradients)
    assert frame(film, at, 60, 20)[0] == "ŷ ← z₂ ← a₁ ← [z₁]"
    neuron = Film(shipped_derivation("ex2"), Options(color=True))
    assert frame(neuron, 8, 40, 15)[0] == "[w₂] used in z"


def test_a_step_that_is_taller_than_the_window_scrolls() -> None:
    film = Film(shipped_derivation("ex3"), Options())
    at = next(k for k, page in enumerate(film.pages) if page.at == "W1" and page.gradients)
    place = Place(at)
    first = frame(film, at, 60, 20)
    assert len(first) == 20
    assert "↑↓ scroll, " in " ".join(first)
    seen = first
    while (there := film.moved(place, "down", 60, 20)) and there.step == at:
        place = there
        seen = [*seen, *frame(film, at, 60, 20, place.top)]
    whole = {line.plain for line in film.parts(Place(at), 60, 20)[1]}
    assert whole <= set(seen)
    assert film.moved(place, "again", 60, 20) == place
    assert film.moved(place, "again", 60, 200) == Place(at, 0)
    assert film.moved(place, "up", 60, 20) == Place(at, place.top - 1)
    assert film.moved(place, "page up", 60, 20) == Place(at, 0)
    assert film.moved(place, "next", 60, 20) == Place(at + 1, 0)


def test_a_hint_stands_before_its_step_and_more_explains_it_more_fully() -> None:
    film = Film(shipped_derivation("ex1"), Options())
    before = next(k for k, page in enumerate(film.pages) if page.at == "f")
    assert "h hint" in frame(film, before, 100, 50)[-1]
    hinted = film.moved(Place(before), "hint", 100, 50)
    assert hinted == Place(before + 1, 0, "hint")
    text = "\n".join(line.plain for line in film.frame(hinted, 100, 50))
    assert "Product rule" in text
    assert "∂f/∂q = z" not in text
    assert "space step" in text
    step = film.moved(hinted, "next", 100, 50)
    assert step == Place(before + 1)
    assert "∂f/∂q = z" in "\n".join(frame(film, step.step, 100, 50))
    more = film.moved(Place(before + 2), "more", 100, 50)
    assert more == Place(before + 2, 0, "more")
    short, full = (
        "\n".join(line.plain for line in film.frame(place, 100, 60))
        for place in (Place(before + 3), Place(before + 3, 0, "more"))
    )
    assert "In words: a small change of x changes q by ∂q/∂x = 1 times as much" in full
    assert "In words" not in short
    assert film.moved(more, "more", 100, 50) == Place(before + 2)
    assert film.moved(Place(0), "hint", 100, 50) == Place(0)
    assert film.moved(Place(0), "more", 100, 50) == Place(0)


def test_keys_are_named_however_many_come_at_once() -> None:
    assert named(b" b\x1b[A\x1b[6~\x1bOB?h\x1bq") == [
        "next", "back", "up", "page down", "down", "more", "hint", "quit", "quit",
    ]  # fmt: skip
    assert named(b"") == ["quit"]


def _whole(data: bytes) -> bool:
    """Whether some bytes end with a whole character."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


CLOSED = "\x1b[?1049l"  # the screen that was there before comes back


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of another kind")
class TestTerminal:
    """The program on a terminal of its own."""

    def walk(self, *keys: str | int, file: str = "", ahead: str = "") -> tuple[str, int]:
        """What it writes, and its exit code. A number among the keys is a new width of the terminal, 60 at first;
        `ahead` is typed while the program loads."""
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
        os.write(screen, ahead.encode())
        out = self.read(screen, "q quit")
        for key in keys:
            if isinstance(key, int):
                resize(key)
            else:
                os.write(screen, key.encode())
            out += self.read(screen, CLOSED if key in ("q", "\x03") else "q quit")
        _, status = os.waitpid(pid, 0)
        assert termios.tcgetattr(screen)[3] == before
        os.close(screen)
        return out, os.waitstatus_to_exitcode(status)

    def widths(self, out: str) -> list[int]:
        """The longest line of each screen."""
        plain = re.sub(r"\x1b\[(?!H)[0-9;?]*[A-Za-z]", "", out)
        screens = [
            [line.strip("\r") for line in screen.split("\n")]
            for screen in plain.split("\x1b[H")
            if "q quit" in screen
        ]
        return [max(map(len, screen)) for screen in screens]

    def read(self, screen: int, until: str) -> str:
        got, end = b"", time.monotonic() + 30
        while until.encode() not in got and time.monotonic() < end:
            if select.select([screen], [], [], 0.2)[0]:
                try:
                    got += os.read(screen, 65536)
                except OSError:
                    break
        while not _whole(got):
            got += os.read(screen, 1)
        return got.decode("utf-8")

    def test_keys(self) -> None:
        out, code = self.walk(" ", "\r", "b", "f", "q")
        places = [
            part.split("]")[0] for part in out.split("[") if part.split("]")[0].endswith("/8")
        ]
        assert places == ["1/8", "2/8", "3/8", "2/8", "8/8"]
        assert code == 0
        assert out.endswith(CLOSED)

    def test_keys_typed_while_it_loads_are_kept(self) -> None:
        out, code = self.walk("q", ahead="  ")
        assert "[3/8]" in out
        assert code == 0

    def test_at_the_ends_and_with_arrows(self) -> None:
        out, code = self.walk("b", "\x1b[C", "\x1b[D", "x", "f", "f", " ")
        places = [
            part.split("]")[0] for part in out.split("[") if part.split("]")[0].endswith("/8")
        ]
        assert places == ["1/8", "1/8", "2/8", "1/8", "1/8", "8/8", "8/8"]
        assert code == 0

    def test_a_resized_terminal_is_drawn_at_its_new_size(self) -> None:
        out, code = self.walk("f", 100, 40, "b", "q", file="ex2.yaml")
        first, last, wide, narrow, before = self.widths(out)
        assert max(first, last) <= 60
        assert 60 < wide <= 100
        assert max(narrow, before) <= 40
        assert code == 0

    def test_arrays_in_sixty_columns(self) -> None:
        out, _ = self.walk(*[" "] * 13, "q", file="ex3.yaml")
        assert len(self.widths(out)) == 14
        assert max(self.widths(out)) <= 60

    def test_ctrl_c_restores_the_terminal(self) -> None:
        out, code = self.walk(" ", "\x03")
        assert "\x1b[?25h" in out
        assert code == 130
