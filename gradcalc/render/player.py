"""The walk through a derivation on a terminal: one step per key, the graph above it with what is known so far.

space or enter: next    b: back    q: quit    f: to the end
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import Any

from gradcalc.derivation.step_model import Derivation
from gradcalc.language.cell_width import cells
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.formula_pieces import Values
from gradcalc.language.parser import Expr, Name
from gradcalc.language.typography import name_text, to_ascii
from gradcalc.render import table, terminal_graph
from gradcalc.report.blocks import Options
from gradcalc.report.explanation import Page, pages
from gradcalc.report.figure import Picture, Sheet, picture, tidy
from gradcalc.report.labels import Label, label, tex_names

CLEAR, HIDE, SHOW = "\x1b[H\x1b[2J\x1b[3J", "\x1b[?25l", "\x1b[?25h"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
SHORT = 16  # characters of a gradient that still stands below its wire
KEYS = {" ": "next", "\r": "next", "\n": "next", "n": "next", "b": "back", "\x7f": "back", "\x08": "back", "q": "quit", "\x1b": "quit", "f": "end",
        "\x04": "quit", "": "quit"}  # fmt: skip


class Film:
    """The frames of a walk. `size()` is asked anew for every frame, so a resized terminal is drawn at its new size."""

    def __init__(self, derivation: Derivation, options: Options) -> None:
        self.derivation, self.options = derivation, options
        self.pages: list[Page] = pages(derivation, options)
        self.drawn: Picture = picture(derivation.solution, Sheet(digits=options.digits))
        self.names = tex_names(derivation.names)

    def frame(self, at: int, columns: int, rows: int) -> str:
        """The screen of one step: the graph where it fits, the step, the keys."""
        page = self.pages[at]
        options = replace(self.options, width=max(20, columns))
        text = table.render(page.report, options)
        keys = (
            "space next · b back · f to the end · q quit"
            if at + 1 < len(self.pages)
            else "b back · q quit"
        )
        graph = self.graph(page, options)
        wide = max(map(cells, COLOURS.sub("", graph).splitlines()), default=0) > options.width
        if not graph or wide or len(graph.splitlines()) + len(text.splitlines()) + 3 > rows:
            graph = self.strip(page)
        parts = [graph, text] if graph else [text]
        foot = fill(f"[{at + 1}/{len(self.pages)}] {keys}", options.width)
        return "\n\n".join([*parts, foot.replace("·", "-") if options.ascii else foot])

    def graph(self, page: Page, options: Options) -> str:
        """The graph with the values and gradients known by then; "" where it is too large to draw."""
        if self.drawn.crowded:
            return ""
        inputs = [self.derivation.graph.names[name] for name in self.derivation.graph.inputs]
        order = dict.fromkeys((*inputs, *sorted(self.derivation.graph.names.values())))
        vertices = []
        for number, vertex in zip(order, self.drawn.vertices, strict=True):
            name = self.derivation.graph.nodes[number].name or ""
            here = name == page.at
            above = vertex.above if name in page.values else self.blank(name, vertex.above)
            below = self.gradient(name, page) if name in page.gradients else None
            below = (
                Label(below.text + (" ◀" if here else ""), below.latex) if below and here else below
            )
            if here and not page.gradients and above:
                above = Label(above.text + " ◀", above.latex)
            vertices.append(replace(vertex, above=above, below=below))
        wires = tuple(replace(wire, share=None) for wire in self.drawn.wires)
        bare = replace(self.drawn, vertices=tuple(vertices), wires=wires, title="", notes=())
        lines = (
            terminal_graph.render(bare, options.width, options.color, options.ascii)
            .strip("\n")
            .splitlines()
        )
        return "\n".join(lines[: -2 if len(lines) > 2 else None]).rstrip()

    def strip(self, page: Page) -> str:
        """Where a step stands, on one line: the quantities from the output back, the one it is about in brackets."""
        if page.at is None:
            return ""
        names = (
            [*reversed(self.derivation.graph.quantities)]
            if page.gradients
            else [*self.derivation.graph.quantities]
        )
        near = names.index(page.at) if page.at in names else 0
        around = names[max(0, near - 3) : near + 4]
        words = [f"[{name_text(name)}]" if name == page.at else name_text(name) for name in around]
        if page.at not in names:
            words = [
                f"[{name_text(page.at)}]",
                "used in",
                *(name_text(name) for name in self.users(page.at)),
            ]
            return " ".join(words)
        line = (" ← " if page.gradients else " → ").join(words)
        return to_ascii(line) if self.options.ascii else line

    def users(self, name: str) -> list[str]:
        return [q.name for q in self.derivation.forward if name in q.uses]

    def blank(self, name: str, above: Label | None) -> Label | None:
        """A quantity that is not computed yet: its name alone."""
        return label(self.names, Name(name)) if above is not None else None

    def gradient(self, name: str, page: Page) -> Label | None:
        step = next(
            (step for step in self.derivation.passes[page.of].steps if step.quantity == name), None
        )
        if step is None:
            return None
        if isinstance(step.value, int | float):
            digits = self.options.digits or self.derivation.graph.exercise.notation.digits
            return label(self.names, Values(tidy(step.value), digits))
        expr: Expr = step.collected if step.collected is not None else step.total.symbolic
        found = label(self.names, expr)
        return found if len(found.text) <= SHORT else label(self.names, Name(step.name))


def play(derivation: Derivation, options: Options, size: Callable[[], tuple[int, int]]) -> None:
    """Walk on the terminal until the reader quits. Raises KeyboardInterrupt on Ctrl-C, the terminal restored."""
    film = Film(derivation, options)
    at = 0
    with terminal() as key:
        while True:
            columns, rows = size()
            sys.stdout.write(CLEAR + film.frame(at, columns, rows).replace("\n", "\r\n") + "\r\n")
            sys.stdout.flush()
            said = key()
            if said == "quit" or (said == "next" and at + 1 == len(film.pages)):
                return
            at = {"next": at + 1, "back": max(at - 1, 0), "end": len(film.pages) - 1}.get(said, at)


@contextmanager
def terminal() -> Iterator[Callable[[], str]]:
    """The keyboard, key by key; a changed window size counts as the key "again". The terminal is put back at the end."""
    try:
        import msvcrt
    except ImportError:
        yield from _unix()
        return
    read: Any = msvcrt
    yield lambda: _windows(read)


def _windows(read: Any) -> str:
    char = read.getwch()
    if char == "\x03":
        raise KeyboardInterrupt
    if char in ("\x00", "\xe0"):
        return {"M": "next", "K": "back", "P": "next", "H": "back"}.get(read.getwch(), "again")
    return KEYS.get(char.lower(), "again")


def _unix() -> Iterator[Callable[[], str]]:
    import select
    import signal
    import termios
    import tty

    source = sys.stdin.fileno()
    before = termios.tcgetattr(source)
    wake, bell = os.pipe()
    os.set_blocking(bell, False)

    def resized(number: int, frame: Any) -> None:
        os.write(bell, b"r")

    def key() -> str:
        ready, _, _ = select.select([source, wake], [], [])
        if wake in ready:
            os.read(wake, 1024)
            return "again"
        data = os.read(source, 32)
        if data[:1] == b"\x1b" and len(data) > 1:  # an arrow key
            return {b"C": "next", b"B": "next", b"D": "back", b"A": "back"}.get(data[-1:], "again")
        return KEYS.get(data[:1].decode("ascii", "replace").lower(), "again")

    old = signal.signal(signal.SIGWINCH, resized)
    try:
        tty.setcbreak(source)
        sys.stdout.write(HIDE)
        yield key
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)
        signal.signal(signal.SIGWINCH, old)
        sys.stdout.write(SHOW)
        sys.stdout.flush()
        os.close(wake)
        os.close(bell)
