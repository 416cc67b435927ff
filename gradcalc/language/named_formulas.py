"""Names with their formulas, which are written in further names with formulas.

An answer of a long computation rests on a thousand such names. It holds those that stand in it; the
others are reached through them, and are shared by all answers. So whoever computes something of
every formula (its value, its length) does so once.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import overload

from gradcalc.language.tree import Expr

Pair = tuple[str, Expr]


class Named:
    """A name, its formula, and the named formulas that stand in it. Each is one object: it equals
    itself alone. `rank`: where it stands in a list.
    """

    __slots__ = ("formula", "name", "rank", "uses")

    def __init__(self, name: str, formula: Expr, uses: tuple[Named, ...], rank: int) -> None:
        self.name, self.formula, self.uses, self.rank = name, formula, uses, rank


class Formulas(Sequence[Pair]):
    """Pairs of a name and its formula, those first that others need.

    before  pairs that stand before all others
    direct  the named formulas that are used directly
    """

    __slots__ = ("before", "direct")

    def __init__(self, direct: tuple[Named, ...] = (), before: tuple[Pair, ...] = ()) -> None:
        self.direct, self.before = direct, before

    def __iter__(self) -> Iterator[Pair]:
        yield from self.before
        for one in needed(self.direct):
            yield one.name, one.formula

    def __bool__(self) -> bool:
        return bool(self.direct or self.before)

    def __len__(self) -> int:
        return len(self.before) + sum(1 for _ in reached(self.direct))

    @overload
    def __getitem__(self, place: int) -> Pair: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Pair, ...]: ...
    def __getitem__(self, place: int | slice) -> Pair | tuple[Pair, ...]:
        return tuple(self)[place]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def reached(direct: Sequence[Named], known: Container[Named] = frozenset()) -> Iterator[Named]:
    """Named formulas and those that they need, each once; `known` are left out, with what they
    need.
    """
    seen, stack = set[Named](), list(reversed(direct))
    while stack:
        one = stack.pop()
        if one not in seen and one not in known:
            seen.add(one)
            yield one
            stack.extend(reversed(one.uses))


def needed(direct: Sequence[Named], known: Container[Named] = frozenset()) -> list[Named]:
    """What is needed and not known yet, each behind what it uses, and else by rank."""
    found: dict[Named, None] = {}
    waiting = sorted(reached(direct, known), key=lambda one: one.rank)
    for first in waiting:
        stack = [first]
        while stack:
            if stack[-1] in found:
                stack.pop()
                continue
            uses = (use for use in stack[-1].uses if use not in found and use not in known)
            missing = sorted(uses, key=lambda one: one.rank, reverse=True)
            if missing:
                stack += missing
            else:
                found[stack.pop()] = None
    return list(found)


def joined(parts: Sequence[Sequence[Pair]]) -> Sequence[Pair]:
    """The formulas of several, each once."""
    direct: dict[Named, None] = {}
    before: dict[Pair, None] = {}
    for part in parts:
        if isinstance(part, Formulas):
            direct.update(dict.fromkeys(part.direct))
            before.update(dict.fromkeys(part.before))
        else:
            before.update(dict.fromkeys(part))
    return Formulas(tuple(direct), tuple(before))
