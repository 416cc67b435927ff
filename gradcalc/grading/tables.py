"""Tables (CSV) read row by row, however long they are: cells are text and never typed. What a
spreadsheet would take for a formula is written so that it is none.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any

from gradcalc.language.errors import GradcalcError, Place, Problem, closest
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.tokens import shown

FORMULA = ("=", "+", "-", "@", "\t", "\n")  # how a cell begins that a spreadsheet computes
SHOWN = 200  # characters of a row under which a caret stands

Report = Callable[[Problem], None]


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the line it ends on, and its cells."""

    file: str
    line: int
    cells: tuple[str, ...]

    def wrong(self, slug: str, message: str, hint: str | None = None, cell: str = "") -> Problem:
        """What is wrong in a row, at one of its cells."""
        text = ",".join(self.cells)[:SHOWN]
        column = text.find(cell) + 1 if cell and cell in text else 1
        place = Place(self.file, self.line, column, text, max(len(cell), 1))
        return Problem(slug, message, place, hint)


def rows(source: IO[bytes], file: str, report: Report) -> Iterator[Row]:
    """The rows of a table, the header first, without empty ones. Comma, semicolon or tab, UTF-8.
    A row that cannot be read is reported, and the others follow.
    """
    head = source.peek(4096)[:4096] if isinstance(source, io.BufferedReader) else b""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        place = Place(file, 1, 1)
        raise GradcalcError(
            Problem("encoding", "this table is in UTF-16", place, "save it as UTF-8")
        )
    first = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    separator = max(",;\t", key=first.count)
    text = io.TextIOWrapper(source, "utf-8-sig", "surrogateescape", newline="")
    try:
        yield from _read(csv.reader(text, delimiter=separator), file, report)
    finally:
        with contextlib.suppress(ValueError):  # it is closed already
            text.detach()  # whoever opened the file closes it


def _read(reader: Any, file: str, report: Report) -> Iterator[Row]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            place = Place(file, reader.line_num, 1)
            report(Problem("csv", f"this row cannot be read: {error}", place))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if all(cell.isascii() or not _LOST.search(cell) for cell in cells):
            yield Row(file, reader.line_num, tuple(cells))
            continue
        shown = tuple(cell.encode("utf-8", "replace").decode() for cell in cells)
        problem = Row(file, reader.line_num, shown)
        report(problem.wrong("encoding", "this row is not UTF-8", "save the table as UTF-8"))


_LOST = re.compile("[\ud800-\udfff]")  # a byte that is no UTF-8


def columns(header: Row, known: Sequence[str], needed: Sequence[str], report: Report) -> list[str]:
    """The names of the columns, "" for one that is not known, which is reported. Raises
    GradcalcError where one is missing that is needed.
    """
    found: list[str] = []
    for cell in header.cells:
        name = cell.strip().lower()
        if name not in known or name in found:
            near = closest(name, known)
            hint = f"did you mean {near}?" if near else f"columns: {', '.join(known)}"
            message = f"unknown column `{shown(cell.strip())}`"
            if name in found:
                message, hint = f"two columns are called {name}", "rename one of them"
            report(header.wrong("column", message, hint, cell))
            name = ""
        found.append(name)
    lacking = [name for name in needed if name not in found]
    if lacking:
        message = f"the column {lacking[0]} is missing"
        raise GradcalcError(header.wrong("column", message, f"columns: {', '.join(known)}"))
    return found


_NUMBER = re.compile(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?")


def escaped(cell: str) -> str:
    """A cell as it is written: text that no spreadsheet computes."""
    cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def number_or_escaped(cell: str) -> str:
    """The same, but a number stays one: -5 is what a spreadsheet shows for it too."""
    return cell if _NUMBER.fullmatch(cell) else escaped(cell)


def written(table: Iterable[Sequence[str]], cell: Callable[[str], str] = escaped) -> str:
    """A table as CSV; `cell` says how a cell is written."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(map(cell, row) for row in table)
    return out.getvalue()
