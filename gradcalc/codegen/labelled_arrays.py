"""Arrays in code with labelled axes: broadcasting, transposing and contracting are decided by
labels, not by position.

A `Piece` is Python text for an array together with one label for each of its axes; None marks an
axis of length 1. An index that no axis bears is one along which the array is constant, so nothing
is ever repeated in memory.

    W1: (k, q)   x: (q, i)    Σ_q W1 x   ->  W1 @ x: (k, i)
    b1: (k, None)             + b1       ->  W1 @ x + b1     b1's own axis of length 1 stretches
    along i
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from gradcalc.calculus.terms import Ix
from gradcalc.codegen.spelling import ATOM, PRODUCT, Spelling, enclose

Axes: TypeAlias = "tuple[Ix | None, ...]"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text, how tightly it binds, and the label of each axis. `plain`: a Python number, not an
    array.
    """

    text: str
    level: int = ATOM
    axes: Axes = ()
    plain: bool = False

    @property
    def labels(self) -> set[Ix]:
        return {axis for axis in self.axes if axis is not None}

    def at(self, least: int) -> str:
        return enclose(self.text, self.level, least)


def target(pieces: Sequence[Piece], hint: Axes | None) -> Axes:
    """The axes in which pieces meet entry by entry: `hint` where it holds all labels, else those
    of the largest.
    """
    labels = set().union(*(piece.labels for piece in pieces))
    if hint is not None and labels <= set(hint):
        return hint
    full = [piece for piece in pieces if piece.labels == labels]
    if full:
        return max(full, key=lambda piece: len(piece.axes)).axes
    return tuple(dict.fromkeys(axis for piece in pieces for axis in piece.axes if axis is not None))


class Arrays:
    """Writes operations on pieces in one library's spelling."""

    def __init__(self, spelling: Spelling) -> None:
        self.spelling = spelling

    def call(self, template: str, *pieces: Piece, axes: Axes = (), **words: str) -> Piece:
        """A template filled with pieces, its result having `axes`."""
        text, level = self.spelling.fill(
            template, [(piece.text, piece.level) for piece in pieces], **words
        )
        return Piece(text, level, axes)

    # ---- axes put in place

    def transposed(self, piece: Piece, order: Sequence[int]) -> Piece:
        if list(order) == sorted(order):
            return piece
        axes = tuple(piece.axes[n] for n in order)
        if len(order) > 2:
            return self.call("{transpose}", piece, axes=axes, order=str(tuple(order)))
        if piece.level == ATOM and piece.text.endswith(".T"):
            return replace(piece, text=piece.text.removesuffix(".T"), axes=axes)
        return Piece(f"{piece.at(ATOM)}.T", ATOM, axes)

    def ordered(self, piece: Piece, wanted: Axes) -> Piece:
        """The labels of a piece in the order they have in `wanted`."""
        places = [wanted.index(axis) for axis in piece.axes if axis is not None]
        if places == sorted(places):
            return piece
        order = sorted(
            range(len(piece.axes)),
            key=lambda n: -1 if piece.axes[n] is None else wanted.index(piece.axes[n]),
        )
        return self.transposed(piece, order)

    def align(self, piece: Piece, wanted: Axes) -> Piece:
        """The piece such that it broadcasts along `wanted`, aligned at the last axis. All its
        labels are in `wanted`.
        """
        piece = self.ordered(piece, wanted)
        slots = _slots(piece.axes, wanted)
        if len(piece.axes) == 2 and len(piece.labels) == 1 and set(slots) != {":"}:
            flipped = piece.axes[::-1]
            if set(_slots(flipped, wanted)) == {":"}:
                return self.transposed(piece, (1, 0))
        return self.indexed(piece, slots)

    def indexed(self, piece: Piece, slots: list[str]) -> Piece:
        """Axes kept (":"), dropped ("0") and put in ("None")."""
        given = iter(piece.axes)
        axes: list[Ix | None] = []
        for slot in slots:
            if slot == "None":
                axes.append(None)
                continue
            axis = next(given)
            if slot == ":":
                axes.append(axis)
        while slots and slots[-1] == ":":
            slots = slots[:-1]
        return Piece(f"{piece.at(ATOM)}[{', '.join(slots)}]", ATOM, tuple(axes)) if slots else piece

    def exact(self, piece: Piece, axes: Axes, shape: str) -> Piece:
        """The piece with exactly these axes; `shape` is their sizes as text, for what has to be
        repeated.
        """
        found = self.align(piece, axes)
        missing = [axis for axis in axes if axis is not None and axis not in found.labels]
        if missing or (found.plain and axes):
            return self.call("{full}", Piece(shape), self.array(found), axes=axes)
        if len(found.axes) < len(axes):
            added = ["None"] * (len(axes) - len(found.axes)) + [":"] * len(found.axes)
            return self.indexed(found, added)
        return found

    def array(self, piece: Piece) -> Piece:
        """A Python number as an array, where the library asks for one."""
        return (
            self.call("{array}", piece, axes=()) if piece.plain and self.spelling.wraps else piece
        )

    # ---- reductions and products

    def reduce(
        self, template: str, piece: Piece, labels: Collection[Ix], hint: Axes | None
    ) -> Piece:
        """A reduction over labels that the piece has. `hint`: the axes it is to have if that is
        possible.
        """
        places = [n for n, axis in enumerate(piece.axes) if axis in labels]
        rest = tuple(axis for axis in piece.axes if axis not in labels)
        kept = tuple(None if n in places else axis for n, axis in enumerate(piece.axes))
        if hint is not None and kept == hint:
            axes, options = kept, f", axis={_axis(places)}, keepdims=True"
        elif all(axis is None for axis in rest):
            axes, options = (), ""
        else:
            axes, options = rest, f", axis={_axis(places)}"
        template, options = self.spelling.reduction(template, options)
        return self.call(template, piece, axes=axes, options=options)

    def product(self, left: Piece, right: Piece, hint: Axes | None) -> Piece:
        """Entry by entry, or an outer product."""
        wanted = target((left, right), hint)
        if (
            len(left.labels) == len(right.labels) == 1
            and len(wanted) == 2
            and left.labels | right.labels == set(wanted)
        ):
            row, column = (left, right) if left.labels == {wanted[0]} else (right, left)
            if len(row.axes) == len(column.axes) == 1:
                return self.call("{xp}.outer({0}, {1})", row, column, axes=wanted)
            if len(row.axes) == len(column.axes) == 2:
                return self.times(
                    self.align(row, (wanted[0], None)),
                    self.align(column, (None, wanted[1])),
                    "@",
                    wanted,
                )
        parts = self.align(left, wanted), self.align(right, wanted)
        return self.times(*parts, "*", met(parts, wanted))

    @staticmethod
    def times(left: Piece, right: Piece, sign: str, axes: Axes) -> Piece:
        return Piece(f"{left.at(PRODUCT)} {sign} {right.at(PRODUCT + 1)}", PRODUCT, axes)

    def contract(self, pieces: Sequence[Piece], summed: Collection[Ix], hint: Axes | None) -> Piece:
        """Σ over labels of a product of pieces, two at a time: first the two whose product has the
        fewest axes.

        Every label of `summed` has to stand in some piece.
        """
        pool = list(pieces)
        while len(pool) > 1:
            pool = [self.summed_alone(n, pool, summed) for n in range(len(pool))]
            pairs = [
                (self.cost(a, b, pool, summed), a, b)
                for a in range(len(pool))
                for b in range(a + 1, len(pool))
            ]
            _, a, b = min(pairs)
            last = len(pool) == 2
            joined = self.pair(
                pool[a], pool[b], self.gone(a, b, pool, summed), hint if last else None
            )
            pool = [joined if n == a else piece for n, piece in enumerate(pool) if n != b]
        left = pool[0].labels & set(summed)
        return self.reduce("{xp}.sum({0}{options})", pool[0], left, hint) if left else pool[0]

    def summed_alone(self, place: int, pool: list[Piece], summed: Collection[Ix]) -> Piece:
        """A piece summed over the labels that no other piece has."""
        piece = pool[place]
        others = set().union(*(other.labels for n, other in enumerate(pool) if n != place))
        own = (piece.labels & set(summed)) - others
        return self.reduce("{xp}.sum({0}{options})", piece, own, None) if own else piece

    @staticmethod
    def gone(a: int, b: int, pool: list[Piece], summed: Collection[Ix]) -> set[Ix]:
        """The labels that the product of two pieces can be summed over."""
        others = set().union(*(piece.labels for n, piece in enumerate(pool) if n not in (a, b)))
        return (pool[a].labels | pool[b].labels) & set(summed) - others

    def cost(self, a: int, b: int, pool: list[Piece], summed: Collection[Ix]) -> tuple[int, int]:
        both, gone = pool[a].labels | pool[b].labels, self.gone(a, b, pool, summed)
        return len(both - gone), -len(gone)

    def pair(self, left: Piece, right: Piece, gone: set[Ix], hint: Axes | None) -> Piece:
        """Σ over `gone`, labels of both, of the product of two pieces."""
        if not gone:
            return self.product(left, right, hint)
        if len(gone) == 1:
            found = self.matmul(left, right, next(iter(gone)), hint)
            if found is not None:
                return found
        if left.labels >= right.labels or right.labels >= left.labels:
            larger = left if left.labels >= right.labels else right
            return self.reduce(
                "{xp}.sum({0}{options})", self.product(left, right, larger.axes), gone, hint
            )
        return self.einsum(left, right, gone, hint)

    def matmul(self, left: Piece, right: Piece, k: Ix, hint: Axes | None) -> Piece | None:
        """Σ_k as a matrix product, where it is one."""
        own, other = left.labels - {k}, right.labels - {k}
        if len(left.axes) > 2 or len(right.axes) > 2:
            batch = left.axes[:-2]
            if (
                left.axes[-1:] == (k,)
                and right.axes[-2:-1] == (k,)
                and batch == right.axes[:-2]
                and not own & other - set(batch)
            ):
                return self.times(left, right, "@", (*left.axes[:-1], right.axes[-1]))
            return None
        if own & other:
            return None
        if own and other:
            (row,), (column,) = own, other
            if (
                hint is not None
                and {row, column} <= set(hint)
                and hint.index(column) < hint.index(row)
            ):
                left, right, row, column = right, left, column, row
            return self.times(
                self.ordered(left, (row, k)), self.ordered(right, (k, column)), "@", (row, column)
            )
        if not own and not other:
            return self.dot(left, right, k, hint)
        matrix, vector = (left, right) if own else (right, left)
        (r,) = own or other
        if len(vector.axes) == 1:
            if vector is left and matrix.axes == (k, r):
                return self.times(vector, matrix, "@", (r,))
            return self.times(self.ordered(matrix, (r, k)), vector, "@", (r,))
        as_row = vector.axes[0] is None
        if hint is not None and len(hint) == 2 and r in hint:
            as_row = hint[1] == r
        if as_row:
            return self.times(
                self.align(vector, (None, k)), self.ordered(matrix, (k, r)), "@", (None, r)
            )
        return self.times(
            self.ordered(matrix, (r, k)), self.align(vector, (k, None)), "@", (r, None)
        )

    def dot(self, left: Piece, right: Piece, k: Ix, hint: Axes | None) -> Piece:
        if len(left.axes) == len(right.axes) == 1:
            return self.times(left, right, "@", ())
        if len(left.axes) == len(right.axes) == 2 and hint == (None, None):
            return self.times(
                self.align(left, (None, k)), self.align(right, (k, None)), "@", (None, None)
            )
        whole = self.product(left, right, max(left, right, key=lambda piece: len(piece.axes)).axes)
        return self.reduce("{xp}.sum({0}{options})", whole, {k}, hint)

    def einsum(self, left: Piece, right: Piece, gone: set[Ix], hint: Axes | None) -> Piece:
        """What no matrix product says."""
        letters: dict[Ix, str] = {}
        free = iter("abcdefghjklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        for piece in (left, right):
            for axis in piece.axes:
                if axis is not None and axis not in letters:
                    label = (
                        axis.label if axis.label == "i" and "i" not in letters.values() else None
                    )
                    letters[axis] = label or next(free)
        # An axis of length 1 has a letter of its own and is summed away.
        inputs = [
            "".join(next(free) if axis is None else letters[axis] for axis in piece.axes)
            for piece in (left, right)
        ]
        rest = (left.labels | right.labels) - gone
        axes = tuple(axis for axis in hint or () if axis in rest)
        axes += tuple(axis for axis in letters if axis in rest and axis not in axes)
        subscripts = (
            f"{','.join(inputs)}->{''.join(letters[axis] for axis in axes if axis is not None)}"
        )
        return self.call(
            "{xp}.einsum({subscripts}, {0}, {1})",
            left,
            right,
            axes=axes,
            subscripts=f'"{subscripts}"',
        )


def met(pieces: Sequence[Piece], wanted: Axes) -> Axes:
    """The axes of the result of aligned pieces entry by entry."""
    longest = max((len(piece.axes) for piece in pieces), default=0)
    labels = set().union(*(piece.labels for piece in pieces))
    return tuple(axis if axis in labels else None for axis in wanted[len(wanted) - longest :])


def _slots(axes: Axes, wanted: Axes) -> list[str]:
    """What becomes of each axis, and where new ones stand, from left to right."""
    labels = {axis for axis in axes if axis is not None}
    place = len(wanted) - 1
    slots: list[str] = []
    for axis in reversed(axes):
        if axis is None:
            # An axis of length 1 serves where the piece has no axis of its own.
            if place >= 0 and wanted[place] not in labels:
                slots.append(":")
                place -= 1
            else:
                slots.append("0")
            continue
        while wanted[place] != axis:
            slots.append("None")
            place -= 1
        slots.append(":")
        place -= 1
    return slots[::-1]


def _axis(places: list[int]) -> str:
    return str(places[0]) if len(places) == 1 else str(tuple(places))
