"""The walk through a derivation on a terminal: a step for each key, the graph above it with what is
known so far.

space or enter: next    b: back    h: a hint for the next step    ?: the step more fully
↑ ↓: scroll    f: to the end    q: quit

The graph stands at the same place on every step, and a step that is taller than the window scrolls
below it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.text import Text

from gradcalc.derivation.step_model import Derivation
from gradcalc.language import formula
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.formula_pieces import Values
from gradcalc.language.parser import Expr, Name
from gradcalc.language.typography import to_ascii
from gradcalc.render import table, terminal_graph, terminal_lanes
from gradcalc.render.keyboard import Key
from gradcalc.report.blocks import Options
from gradcalc.report.explanation import Page, pages
from gradcalc.report.figure import Picture, Sheet, Vertex, picture, tidy
from gradcalc.report.labels import Label, label, tex_names
from gradcalc.report.terminal_report import TERMINAL

SHORT = 16  # characters of a gradient that still stands below its wire
MARK = " ◀"  # at the quantity that the step is about
LEAST_TEXT = 10  # rows below the graph; with fewer left the graph is not drawn


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader is: the step, how many of its lines are above the window, and what of it
    is shown: the step itself, a "hint" before it, or "more".
    """

    step: int = 0
    top: int = 0
    shown: str = ""


class Film:
    """The frames of a walk, for a window of any size."""

    def __init__(self, derivation: Derivation, options: Options) -> None:
        self.derivation, self.options = derivation, options
        self.pages: list[Page] = pages(derivation, options, TERMINAL)
        drawn = picture(derivation.solution, Sheet(digits=options.digits))
        self.drawn = replace(drawn, title="", notes=())
        self.names = tex_names(derivation.names)

    # ---- a frame

    def frame(self, place: Place, columns: int, rows: int) -> list[Text]:
        """The window at a place: the graph where it fits, the lines of the step that fit, the
        keys in the last row.
        """
        above, text, foot = self.parts(place, columns, rows)
        room = rows - len(above) - len(foot)
        shown = text[place.top : place.top + room]
        return [*above, *shown, *[Text()] * (room - len(shown)), *foot][:rows]

    def parts(
        self, place: Place, columns: int, rows: int
    ) -> tuple[list[Text], list[Text], list[Text]]:
        """What stands above the step, the lines of the step, and the keys."""
        step = place.step
        page, options = self.pages[step], replace(self.options, width=max(20, columns))
        before = self.pages[step - 1] if place.shown == "hint" and step else page
        above = self.graph(before, options.width, rows)
        above = [*above, Text()] if above else []
        other = {"hint": page.hint, "more": page.more}.get(place.shown)
        lines = table.render(other or page.report, options).split("\n")
        text = [Text.from_ansi(line, no_wrap=True) for line in lines]
        hidden = len(text) - (rows - len(above) - 1)
        return above, text, self.foot(place, hidden, options.width)

    def moved(self, place: Place, said: str, columns: int, rows: int) -> Place | None:
        """Where a key leads, and where a window of another size leaves the reader; None at the
        end of the walk.
        """
        above, text, foot = self.parts(place, columns, rows)
        room = rows - len(above) - len(foot)
        most, top = max(0, len(text) - room), place.top
        if said == "quit" or (said == "next" and place.step + 1 == len(self.pages)):
            return None
        if said == "more":
            more = self.pages[place.step].more is not None and place.shown != "more"
            return Place(place.step, 0, "more" if more else "")
        if said == "hint" or (said == "next" and place.shown == "hint"):
            at = place.step + (said == "hint" and place.shown != "hint")
            hinted = said == "hint" and at < len(self.pages) and self.pages[at].hint is not None
            return Place(at, 0, "hint") if hinted else Place(place.step)
        if (said == "down" and top >= most) or said == "next":
            return Place(min(place.step + 1, len(self.pages) - 1))
        if (said == "up" and not top) or said == "back":
            return Place(max(place.step - 1, 0))
        if said == "end":
            return Place(len(self.pages) - 1)
        by = {"down": 1, "up": -1, "page down": room, "page up": -room}.get(said, 0)
        return Place(place.step, max(0, min(most, top + by)), place.shown)

    def foot(self, place: Place, hidden: int, width: int) -> list[Text]:
        more = [f"↑↓ scroll, {hidden} more line{'s' if hidden > 1 else ''}"] if hidden > 0 else []
        page, last = self.pages[place.step], place.step + 1 == len(self.pages)
        hinted = not last and self.pages[place.step + 1].hint is not None
        keys = [
            *more,
            *(["space step"] if place.shown == "hint" else [] if last else ["space next"]),
            "b back",
            *(["h hint"] if hinted and place.shown != "hint" else []),
            *(["? more"] if page.more is not None and place.shown == "" else []),
            *([] if last else ["f to the end"]),
            "q quit",
        ]
        line = f"[{place.step + 1}/{len(self.pages)}] {' · '.join(keys)}"
        if self.options.ascii:
            line = line.replace("↑↓", "up/down").replace("·", "-")
        return [Text(piece, "dim") for piece in wrap(line, width)]

    # ---- the graph

    def graph(self, page: Page, width: int, rows: int) -> list[Text]:
        """The graph with the values and gradients known by then, at the same place on every page;
        where it is too large for the window, the place of the step on a line.
        """
        ascii = self.options.ascii
        whole, shown = self.whole(page), self.known(page)
        if ascii:
            whole, shown = terminal_graph.plain(whole), terminal_graph.plain(shown)
        found = terminal_graph.across(whole, shown, width, ascii)
        if found is None:
            found = terminal_lanes.draw(shown, width - len(MARK), ascii, whole)
        if found is not None and len(found) + LEAST_TEXT < rows:
            return found
        line = self.strip(page)
        return [Text(piece) for piece in wrap(line, width)] if line else []

    def whole(self, page: Page) -> Picture:
        """The picture with everything that any step of the pass knows."""
        return self.filled(page, lambda name: True, lambda name: True)

    def known(self, page: Page) -> Picture:
        return self.filled(
            page, lambda name: name in page.values, lambda name: name in page.gradients, page.at
        )

    def filled(
        self,
        page: Page,
        value: Callable[[str], bool],
        gradient: Callable[[str], bool],
        at: str | None = None,
    ) -> Picture:
        """The picture with some of its values and gradients, and a mark at a quantity."""
        graph = self.derivation.graph
        inputs = [graph.names[name] for name in graph.inputs]
        order = dict.fromkeys((*inputs, *sorted(graph.names.values())))
        vertices: list[Vertex] = []
        for number, vertex in zip(order, self.drawn.vertices, strict=True):
            name = graph.nodes[number].name or ""
            above = vertex.above if value(name) else self.blank(name, vertex.above)
            below = self.gradient(name, page) if gradient(name) else None
            if name == at:
                below = _marked(below) if page.gradients else below
                above = above if page.gradients else _marked(above)
            vertices.append(replace(vertex, above=above, below=below))
        return replace(self.drawn, vertices=tuple(vertices))

    def blank(self, name: str, above: Label | None) -> Label | None:
        """A quantity that is not computed yet: its name alone."""
        return label(self.names, Name(name)) if above is not None else None

    def gradient(self, name: str, page: Page) -> Label | None:
        if not self.derivation.passes:
            return None
        steps = self.derivation.passes[page.of].steps
        step = next((step for step in steps if step.quantity == name), None)
        if step is None:
            return None
        if isinstance(step.value, int | float):
            digits = self.options.digits or self.derivation.graph.exercise.notation.digits
            return label(self.names, Values(tidy(step.value), digits))
        expr: Expr = step.collected if step.collected is not None else step.total.symbolic
        found = label(self.names, expr)
        return found if cell_len(found.text) <= SHORT else label(self.names, Name(step.name))

    def word(self, name: str) -> str:
        """A name as formulas have it."""
        return formula.text(Name(name), self.derivation.names)

    def strip(self, page: Page) -> str:
        """Where a step stands, on one line: the quantities from the output back, the one it is
        about in brackets.
        """
        if page.at is None:
            return ""
        names = [*self.derivation.graph.quantities]
        names = names[::-1] if page.gradients else names
        if page.at not in names:
            users = [self.word(q.name) for q in self.derivation.forward if page.at in q.uses]
            line = " ".join([f"[{self.word(page.at)}]", "used in", *users])
        else:
            near = names.index(page.at)
            around = names[max(0, near - 3) : near + 4]
            words = [f"[{self.word(n)}]" if n == page.at else self.word(n) for n in around]
            line = (" ← " if page.gradients else " → ").join(words)
        return to_ascii(line) if self.options.ascii else line


def _marked(it: Label | None) -> Label | None:
    return None if it is None else Label(it.text + MARK, it.latex)


def play(
    derivation: Derivation, options: Options, size: Callable[[], tuple[int, int]], key: Key
) -> None:
    """Walk on the terminal until the reader quits. Raises KeyboardInterrupt on Ctrl-C, the terminal
    restored.

    size: columns and rows as they are now, asked before every frame; key: waits for the next key
    """
    film, place = Film(derivation, options), Place()
    console = Console(
        file=sys.stdout,
        force_terminal=True,
        color_system="standard" if options.color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    with Live(
        console=console,
        screen=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as live:
        while True:
            columns, rows = size()
            console.width, console.height = columns, rows
            place = film.moved(place, "again", columns, rows) or place
            live.update(Text("\n").join(film.frame(place, columns, rows)), refresh=True)
            if (there := film.moved(place, key(), *size())) is None:
                return
            place = there
