"""Where a formula of several lines is broken: at its loosest operators, inside a bracket only where
no line holds it.

    lines("W_gᵀ(i ∘ (u + v)) + W_oᵀ(p ∘ q)", 20)  ->  ["W_gᵀ(i ∘ (u + v))", "  + W_oᵀ(p ∘ q)"]

It works on the text as it is drawn, Unicode or ASCII: brackets say what holds together, signs how
tightly they bind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

from gradcalc.language.fast_dataclasses import dataclass

Width: TypeAlias = Callable[[str], int]

HANG = 2  # how far a continuation is indented
# How loosely a sign binds, the loosest first. Breaks come before a sign, and after a comma.
COMMA, ORDER, SUM, ENTRYWISE, OVER, TIMES, BESIDE, CLOSE = range(8)
SIGNS = (
    dict.fromkeys(("=", "≈", "~", "→", "->", "if", "else"), COMMA)
    | dict.fromkeys(("<", ">", "≤", "≥", "≠", "<=", ">=", "==", "!="), ORDER)
    | dict.fromkeys(("+", "−", "-"), SUM)
    | dict.fromkeys(("∘", "⊗"), ENTRYWISE)
    | {"/": OVER}
    | dict.fromkeys(("·", "*", "@"), TIMES)
)
PAIRS = {"(": ")", "[": "]", "{": "}", "‖": "‖", "|": "|"}
_BIG = re.compile(r"[ΣΠ]\S*$|(sum|prod)_\S*$")  # takes in what follows: no line ends with it
_RAISED = frozenset("ᵀ⁻¹²³⁴⁵⁶⁷⁸⁹⁰ⁿ)")  # a bracket after one of these is another factor


@dataclass(frozen=True)
class Bracket:
    """A bracket with what stands in it."""

    open: str
    inside: tuple[Piece, ...]
    close: str

    @cached_property
    def flat(self) -> str:
        return self.open + flat(self.inside) + self.close


@dataclass(frozen=True)
class Piece:
    """What stands between two places for a break: `level` says how loosely it is tied to what
    stands before it, `gap` is the space there, `lead` the sign it begins with.
    """

    level: int
    gap: str
    lead: str
    parts: tuple[str | Bracket, ...]

    @cached_property
    def flat(self) -> str:
        return self.lead + "".join(
            part if isinstance(part, str) else part.flat for part in self.parts
        )


def lines(text: str, width: int, measure: Width = len) -> list[str]:
    """A formula in lines of at most `width` cells, the first as it is, those after it indented."""
    if measure(text) <= width:
        return [text]
    return _Breaker(width, measure).lay(pieces(text), 0, HANG, 0)


def open_ends(found: Sequence[str]) -> int:
    """In how many brackets line ends stand, added up: 0 where no bracket is broken."""
    count = depth = 0
    for line in found[:-1]:
        depth += sum((char in "([{") - (char in ")]}") for char in line)
        count += max(depth, 0)
    return count


def flat(found: Sequence[Piece]) -> str:
    """On one line, without the space before it."""
    return "".join(("" if not n else piece.gap) + piece.flat for n, piece in enumerate(found))


# ---- reading


def pieces(text: str) -> tuple[Piece, ...]:
    """A formula taken apart at its top level. Brackets that do not match are plain characters."""
    words, _ = _read(text, 0, "")
    return words


def _read(text: str, at: int, until: str) -> tuple[tuple[Piece, ...], int]:
    """The pieces from a place to a closing sign, and the place behind it; nothing where the sign
    does not come.
    """
    parts: list[str | Bracket | None] = []  # None is a space
    while at < len(text):
        char = text[at]
        if char == until and (char not in "‖|" or (at and text[at - 1] not in " ([")):
            return tuple(_pieces(parts)), at + 1
        if char in PAIRS:
            inside, end = _read(text, at + 1, PAIRS[char])
            if end:
                parts.append(Bracket(char, inside, PAIRS[char]))
                at = end
                continue
        if char == " ":
            parts.append(None)
        elif parts and isinstance(last := parts[-1], str):
            parts[-1] = last + char
        else:
            parts.append(char)
        at += 1
    return (tuple(_pieces(parts)), at) if not until else ((), 0)


def _pieces(parts: Sequence[str | Bracket | None]) -> Iterator[Piece]:
    level, gap, lead, held = BESIDE, "", "", list[str | Bracket]()
    for part in parts:
        if part is None:
            if len(held) == 1 and isinstance(held[0], str):
                sign = held[0]
                if sign in SIGNS and not lead:
                    level, lead, held = SIGNS[sign], f"{sign} ", []
                    continue
                if _BIG.match(sign):
                    lead, held = f"{lead}{sign} ", []
                    continue
            if held:
                yield Piece(level, gap, lead, tuple(held))
                comma = isinstance(held[-1], str) and held[-1].endswith((",", ";"))
                level, gap, lead, held = COMMA if comma else BESIDE, " ", "", []
        elif isinstance(part, Bracket) and part.open == "(" and held and _ends_factor(held[-1]):
            yield Piece(level, gap, lead, tuple(held))
            level, gap, lead, held = CLOSE, "", "", [part]
        elif isinstance(part, str) and held and isinstance(held[-1], Bracket) and part[0] in "/*@":
            yield Piece(level, gap, lead, tuple(held))
            level, gap, lead = OVER if part[0] == "/" else TIMES, "", part[0]
            held = [part[1:]] if part[1:] else []
        else:
            held.append(part)
    if held or lead:
        yield Piece(level, gap, lead, tuple(held))


def _ends_factor(part: str | Bracket) -> bool:
    return part.close == ")" if isinstance(part, Bracket) else part[-1] in _RAISED


# ---- laying out


class _Breaker:
    """Fills lines. The first of `lay` begins at the column `start`, later ones stand whole,
    indented by `indent`, or by less where only then a line holds what comes; `tail` cells stay free
    at the end of the last.
    """

    def __init__(self, width: int, measure: Width) -> None:
        self.width, self.measure = width, measure

    def lay(self, found: Sequence[Piece], start: int, indent: int, tail: int) -> list[str]:
        whole = flat(found)
        if self.measure(whole) + tail <= self.width - start:
            return [whole]
        if len(found) == 1:
            return self.word(found[0], start, indent, tail)
        loosest = min(piece.level for piece in found[1:])
        out, column, broken = [""], start, False
        groups = list(_groups(found, loosest))
        for number, group in enumerate(groups):
            room = tail if number + 1 == len(groups) else 0
            gap, size = group[0].gap if number else "", self.measure(flat(group)) + room
            fits = column + self.measure(gap) + size <= self.width
            ends = broken and loosest <= ENTRYWISE  # a term after one of several lines
            near = loosest == CLOSE and size > self.width and column < self.width // 2
            if not number or (fits and not ends) or near:
                out[-1] += gap
                column += self.measure(gap)
            else:  # where the line does not hold it, perhaps it holds what it begins with
                need = size if size <= self.width else self.measure(group[0].flat)
                column = min(indent, self.width - need) if need <= self.width else indent
                out.append(" " * column)
            made = self.lay(group, column, indent + HANG, room)
            out[-1] += made[0]
            out += made[1:]
            broken = len(made) > 1
            column = self.measure(out[-1]) + (start if len(out) == 1 else 0)
        return out

    def word(self, piece: Piece, start: int, indent: int, tail: int) -> list[str]:
        """One piece that no line holds: broken in its brackets, and a long name anywhere."""
        out, column = [piece.lead], start + self.measure(piece.lead)
        for number, part in enumerate(piece.parts):
            after = "".join(
                p if isinstance(p, str) else p.open for p in piece.parts[number + 1 :][:1]
            )
            rest = self.measure(after) if number + 1 < len(piece.parts) else tail
            if isinstance(part, str) or not part.inside:
                made = self.chopped(part if isinstance(part, str) else part.flat, column, indent)
            elif self.measure(part.flat) + rest <= self.width - column:
                made = [part.flat]
            else:
                if column + 2 > self.width:  # no room for what stands in it
                    column = min(indent, self.width // 2)
                    out.append(" " * column)
                inner = column + 1 if column < self.width // 3 else indent
                made = self.lay(part.inside, column + 1, inner, rest + 1)
                made[0] = part.open + made[0]
                made[-1] += part.close
            out[-1] += made[0]
            out += made[1:]
            column = self.measure(out[-1]) + (start if len(out) == 1 else 0)
        return out

    def chopped(self, text: str, column: int, indent: int) -> list[str]:
        """A run of characters, cut where a line ends."""
        out, line = [], ""
        indent = min(indent, self.width // 2)
        for char in text:
            if column + self.measure(line + char) > self.width and (
                line.strip() or column > indent
            ):
                out.append(line)
                line, column = " " * indent, 0
            line += char
        return [*out, line]


def _groups(found: Sequence[Piece], level: int) -> Iterator[Sequence[Piece]]:
    """Parted at the breaks of a level."""
    group = [found[0]]
    for piece in found[1:]:
        if piece.level == level:
            yield group
            group = []
        group.append(piece)
    yield group
