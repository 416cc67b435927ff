"""What is given: the computation where the statement does not say it, and every input with its
value, in full.

given(solution, words)  ->  blocks for sheet and key alike; nothing is shortened, nothing stands in
the figure alone
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from gradcalc.derivation.answer_model import Solution
from gradcalc.exercise.markdown import Block as Written
from gradcalc.exercise.markdown import formulas
from gradcalc.exercise.model import Definition, Value
from gradcalc.language.formula_pieces import (
    Grid,
    Line,
    Names,
    Number,
    Partial,
    Piece,
    Shaped,
    Values,
    line,
    math,
)
from gradcalc.language.parser import Expr, Index, Name, Num, Slice, unparse, walk
from gradcalc.language.tree import number as number_tree
from gradcalc.language.typography import name_latex, number
from gradcalc.report.blocks import Equations, Listed, Paragraph, Printed
from gradcalc.report.equations import rows
from gradcalc.report.frame_words import Words

EXACT = 17  # digits of a number as it was given
TALL = 6  # entries of a column; a longer vector is written as a row, turned
WIDE = 12.5  # centimetres of a row of a matrix; a wider matrix is given in parts
CHARACTER, BETWEEN = 0.19, 0.36  # centimetres of a character, and between two columns
HIGH = 24  # rows of a part of a matrix


def given(
    solution: Solution, statement: Sequence[Written], names: Names, said: Words
) -> Iterator[Printed]:
    """What a solver is given: the computation where the statement lacks it, then every input."""
    writer = _Given(solution, names, said)
    yield from writer.computation(statement)
    items = tuple(writer.inputs())
    if items:
        yield Listed((said.given,), items)
    if sizes := tuple(writer.sizes()):
        yield Listed((said.sizes,), sizes)
    if shapes := tuple(writer.shapes()):
        yield Listed((said.shapes,), shapes)
    if upstream := tuple(writer.upstream()):
        yield Listed((said.upstream,), upstream)


class _Given:
    def __init__(self, solution: Solution, names: Names, said: Words) -> None:
        self.solution, self.graph, self.names, self.said = solution, solution.graph, names, said
        self.exercise = solution.graph.exercise

    # ---- the computation

    def computation(self, statement: Sequence[Written]) -> Iterator[Printed]:
        stated = {_bare(tex) for tex in formulas(statement)}
        missing = [d for d in self.exercise.definitions if not self.stated(d, stated)]
        if not missing:
            return
        found = []
        for definition in self.exercise.definitions:
            head: Expr = Name(definition.name)
            if definition.indices:
                head = Index(head, tuple(map(Name, definition.indices)))
            example = bool(self.graph.examples)
            found += rows(math(head, example=example), definition.expr, self.names, example)
        yield Paragraph((self.said.consider,))
        yield Equations(tuple(found))

    def stated(self, definition: Definition, formulas: set[str]) -> bool:
        """Whether a formula of the statement defines the quantity with the numbers that are in
        its definition.
        """
        word = definition.name
        heads = {_bare(tex) for tex in (word, name_latex(word), self.names.latex.get(word, word))}
        for tex in formulas:
            for head in heads:
                at = rf"(?<![A-Za-z\\_]){re.escape(head)}(\^\([a-z]\)|_[a-z]+|\([^=()]*\))*&?="
                if re.search(at, tex):
                    return _numbers(definition.expr) <= set(re.findall(r"\d+(?:\.\d+)?", tex))
        return False

    # ---- values

    def inputs(self) -> Iterator[Line]:
        for name in self.graph.inputs:
            value = self.solution.inputs.get(name)
            if value is None:
                continue
            written = self.exercise.values.get(name)
            stack = next((s for s, of in self.graph.stacks.items() if of == name), None)
            over = [i for i in self.graph.node(name).over if i in self.graph.examples]
            shown = stack if over and stack else name
            yield from self.array(Name(shown), written, value, self.remark(name, bool(over), shown))

    def remark(self, name: str, stacked: bool, shown: str) -> Line:
        """What an author says of a variable, what is assumed of it, and which examples stand
        where in a stack.
        """
        variable = self.exercise.variables.get(name)
        parts: list[Line] = []
        if variable is not None and variable.description:
            parts.append((variable.description,))
        for word in sorted(variable.assume) if variable is not None else ():
            parts.append((self.said.assume.get(word, word),))
        if variable is not None and variable.free:
            parts.append((self.said.assume["free"],))
        if stacked and shown != name and self.graph.examples:
            before, between, after = self.said.columns.split("{}")
            index = Name(self.graph.examples[-1])
            parts.append(line(before, index, between, math(Name(name), example=True), after))
        if not parts:
            return ()
        joined: list[str | Line] = []
        for part in parts:
            joined += [", ", part] if joined else [part]
        return line(" (", *joined, ")")

    def array(
        self, head: Expr, written: Value | None, value: Number, remark: Line
    ) -> Iterator[Line]:
        """name = value; an array of order 3 and more matrix by matrix, a wide matrix in parts."""
        cells: Any = written if written is not None else value
        order = _order(cells)
        if order > 2:
            for at in range(len(cells)):
                base = head.base if isinstance(head, Index) else head
                items = (*(head.items if isinstance(head, Index) else ()), Num(Fraction(at)))
                yield from self.array(Index(base, items), _part(written, at), value[at], remark)
            return
        if order == 0:
            cell = _cell(cells)
            number_ = Values(cell, EXACT) if isinstance(cell, int | float) else cell
            yield line(math(head, "=", number_), remark)
        elif order == 1:
            column = tuple((_cell(item),) for item in cells)
            turned = len(column) > TALL
            for first, last in (
                _parts([max(len(_word(row[0])) for row in column)] * len(column))
                if turned
                else ((0, len(column)),)
            ):
                cut = (first, last) != (0, len(column))
                shown = _range(head, None, first, last) if cut else (head,)
                yield line(math(*shown, "=", Grid(column[first:last], turned)), remark)
        else:
            grid = tuple(tuple(map(_cell, row)) for row in cells)
            widths = (
                [max(len(_word(row[k])) for row in grid) for k in range(len(grid[0]))]
                if grid
                else []
            )
            columns = _parts(widths)
            for top in range(0, len(grid), HIGH):
                for first, last in columns:
                    whole = len(columns) == 1 and len(grid) <= HIGH
                    block = tuple(row[first:last] for row in grid[top : top + HIGH])
                    rows_ = (top, min(top + HIGH, len(grid))) if len(grid) > HIGH else ()
                    shown = (head,) if whole else _range(head, rows_, first, last)
                    yield line(math(*shown, "=", Grid(block)), remark)

    def sizes(self) -> Iterator[Line]:
        """Numbers of the sizes, where values are given at all."""
        if all(value is None for value in self.solution.inputs.values()):
            return
        for name, value in self.exercise.sizes.items():
            yield math(Name(name), "=", number_tree(value))

    def shapes(self) -> Iterator[Line]:
        """Shapes of arrays without a value, where they are not asked."""
        asked = {question.of for question in self.exercise.questions if question.kind == "shape"}
        for name in self.graph.inputs:
            node = self.graph.node(name)
            if self.solution.inputs.get(name) is None and node.shape and name not in asked:
                stack = next((s for s, of in self.graph.stacks.items() if of == name), name)
                if stack not in asked:
                    yield line(Name(name), ": ", Shaped(node.shape), self.remark(name, False, name))

    def upstream(self) -> Iterator[Line]:
        for item in self.exercise.upstream:
            of = item.of or self.graph.outputs[-1]
            fed = of not in self.graph.outputs  # then it is only a part of the gradient there
            head: Piece = Name(f"upstream_{of}") if fed else Partial(self.exercise.loss, (of,))
            value = item.value
            if isinstance(value, Name) and value.id in self.exercise.values:
                yield math(head, "=", value)
                head, value = value, self.exercise.values[value.id]
            if _order(value) > 2:
                yield from self.array(Name(f"d{self.exercise.loss}_d{of}"), value, value, ())
            elif isinstance(value, tuple):
                cells = tuple(
                    tuple(map(_cell, row)) if isinstance(row, tuple) else (_cell(row),)
                    for row in value
                )
                yield math(head, "=", Grid(cells, _order(value) == 1 and len(cells) > TALL))
            else:
                yield math(head, "=", value)
                if isinstance(value, Name) and value.id not in self.graph.inputs:
                    drawn = self.solution.inputs.get(value.id)
                    yield from self.array(value, None, drawn, ()) if drawn is not None else ()


def _order(value: Value | Number) -> int:
    order = 0
    while isinstance(value, tuple | list):
        order, value = order + 1, value[0] if value else 0
    return order


def _part(value: Value | None, at: int) -> Value | None:
    return value[at] if isinstance(value, tuple) else None


def _cell(value: Any) -> Expr | float:
    """An expression of the author's, or a number with all its digits."""
    return number_tree(value) if isinstance(value, int) else value


def _word(cell: Expr | float) -> str:

    return number(cell, EXACT) if isinstance(cell, int | float) else unparse(cell)


def _parts(widths: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges of columns that fit on a line."""
    found, first, width = [], 0, 0.0
    for k, own in enumerate(widths):
        room = own * CHARACTER + BETWEEN
        if k > first and width + room > WIDE:
            found.append((first, k))
            first, width = k, 0.0
        width += room
    return [*found, (first, len(widths))]


def _range(head: Expr, rows_: tuple[int, ...] | None, first: int, last: int) -> tuple[Piece, ...]:
    """Which rows and columns a part of an array holds, counted from 0 as everywhere; of a vector
    which entries.
    """

    def span(start: int, stop: int) -> Slice:
        return Slice(Num(Fraction(start)), Num(Fraction(stop)))

    base, items = (head.base, head.items) if isinstance(head, Index) else (head, ())
    own = () if rows_ is None else (span(*rows_) if rows_ else Slice(),)
    return (Index(base, (*items, *own, span(first, last))),)


def _numbers(expr: Expr) -> set[str]:
    """The numbers in an expression but 0, 1 and 2, which words and signs say."""
    found = set()
    for part in walk(expr):
        value = part.value if isinstance(part, Num) else None
        if value is not None and value not in (0, 1, 2):
            found.add(str(float(value)) if value.denominator != 1 else str(value))
    return found


def _bare(tex: str) -> str:
    """TeX without spaces and braces."""
    return re.sub(r"\\displaystyle|\\,|[\s{}]+", "", tex)
