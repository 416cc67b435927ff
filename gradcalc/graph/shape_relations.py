"""The relations between shapes that the operations state: what each deduces, forwards and
backwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from gradcalc.graph.shape_solver import (
    ALIKE,
    CHOICE,
    PARTLY,
    SAME,
    UNKNOWN,
    Axis,
    Constraint,
    Dim,
    Solver,
    Term,
)
from gradcalc.language.errors import SpanError
from gradcalc.language.index_places import IndexPlace
from gradcalc.language.parser import Slice
from gradcalc.language.shape_rules import ONE, Shape, ShapeError, Size, axes, rule, sliced

Known = Callable[[Term], bool]


def fresh(count: int) -> list[Axis]:
    """Axes of unknown length."""
    return [Dim() for _ in range(count)]


def given(value: Sequence[int]) -> list[Axis]:
    """The axes of a given array: its numbers, for which names may be found; 1 is 1."""
    return [ONE if number == 1 else Dim(number) for number in value]


def long(dim: Axis) -> bool:
    """An axis that is surely longer than 1 (a name may be any number, but it is not the number
    1).
    """
    return dim != ONE if isinstance(dim, Size) else dim.number not in (None, 1)


def bind_ranks(s: Solver, terms: Sequence[Term], ranks: Sequence[int]) -> None:
    """Give terms as many axes as `ranks` says. Raises ShapeError."""
    for term, rank in zip(terms, ranks, strict=True):
        s.bind(term, fresh(rank))


class Elementwise(Constraint):
    """Entry by entry, with broadcasting. It is not assumed, only followed where an axis of 1 or
    a missing one is known.
    """

    def arrays(self, s: Solver) -> list[Term]:
        return [term for term in self.ins if s.dims(term) != []]

    def step(self, s: Solver) -> bool:
        args = self.arrays(s)
        if not args:
            s.bind(self.out, [])
            return True
        if len(args) == 1:
            s.unify(args[0], self.out)
            return True
        unknown = [term for term in args if s.dims(term) is None]
        if not unknown:
            return self.align(s, [s.dims(term) or [] for term in args])
        out = s.dims(self.out)
        if out == []:
            for term in unknown:
                s.bind(term, [])
            raise_if = [term for term in args if s.dims(term)]
            if raise_if:
                raise ShapeError(f"the result is a scalar, {self.said(raise_if[0])} is not")
            return True
        if out is not None and len(unknown) == 1:
            others = [dims for term in args if (dims := s.dims(term)) is not None]
            longest = [dims[0] for dims in others if len(dims) == len(out)]
            if not longest or (all(dim == ONE for dim in longest) and long(out[0])):
                s.bind(unknown[0], fresh(len(out)))  # no other operand has this axis
                return self.step(s)
        return False

    def align(self, s: Solver, args: list[list[Axis]]) -> bool:
        """All numbers of axes are known: axis by axis from the right."""
        rank = max(map(len, args))
        if s.dims(self.out) is None:
            s.bind(self.out, fresh(rank))
        out = s.dims(self.out) or []
        if len(out) != rank:
            raise ShapeError(f"the result has {len(out)} axes, not {rank}")
        done = True
        for place in range(1, rank + 1):
            dims = [s.axis(dims[-place]) for dims in args if len(dims) >= place]
            sure = [dim for dim in dims if long(dim)]
            open_dims = list(
                {id(dim): dim for dim in dims if isinstance(dim, Dim) and not long(dim)}.values()
            )
            if sure:
                for other in sure[1:]:
                    s.same(sure[0], other)
                s.same(out[-place], sure[0])
                done = done and not open_dims
            elif s.axis(out[-place]) == ONE:
                for dim in open_dims:
                    s.same(dim, ONE)
            elif not open_dims:
                s.same(out[-place], ONE)
            elif len(open_dims) == 1:
                s.same(out[-place], open_dims[0])
            else:
                done = False
        return done

    def tier(self, s: Solver) -> int | None:
        if self.off:
            return None
        best = UNKNOWN
        for term in (*self.arrays(s), self.out):
            dims = s.dims(term)
            if dims:
                sure = [long(dim) for dim in dims]
                best = min(
                    best, (SAME if all(sure) else PARTLY if any(sure) else ALIKE) - len(dims)
                )
        return best

    def defaults(self, s: Solver) -> list[Callable[[], None]]:
        terms = [*self.arrays(s), self.out]
        unknown = [term for term in terms if s.dims(term) is None]
        if not unknown:
            longest = max(len(dims) for term in terms if (dims := s.dims(term)) is not None)
            return [
                partial(self.equal, s, range(1, longest + 1)),
                *(partial(self.equal, s, [place]) for place in range(1, longest + 1)),
            ]
        known = [dims for term in terms if (dims := s.dims(term))]
        if not known:
            return [lambda: self.link(s, unknown)]
        best = max(known, key=lambda dims: (len(dims), sum(map(long, dims))))

        def bind(dims: Callable[[], list[Axis]]) -> None:
            for term in unknown:
                s.bind(term, dims())

        return [lambda: bind(lambda: best), lambda: bind(lambda: fresh(len(best)))]

    @staticmethod
    def link(s: Solver, terms: list[Term]) -> None:
        for term in terms[1:]:
            s.unify(term, terms[0])

    def equal(self, s: Solver, places: Iterable[int]) -> None:
        """Unknown sizes are those of the other operands, on these axes from the right."""
        args = [s.dims(term) or [] for term in self.arrays(s)]
        for place in places:
            dims = [s.axis(axes_[-place]) for axes_ in args if len(axes_) >= place]
            best = next((dim for dim in dims if long(dim)), dims[0])
            for dim in dims:
                if isinstance(s.axis(dim), Dim):
                    s.same(dim, best)

    def explain(self, s: Solver, known: Known) -> list[tuple[Term, str]]:
        found: list[tuple[Term, str]] = []
        for term in self.terms:
            if known(term):
                continue
            like = [
                other
                for other in self.terms
                if other is not term and known(other) and s.shape(other) == s.shape(term)
            ]
            if like:
                other = next((other for other in like if other is not self.out), like[0])
                said = (
                    self.out.names[0] if other is self.out and self.out.names else self.said(other)
                )
                reason = f"`{self.words}` is elementwise and {said} is {s.show(other)}"
                found.append(
                    (
                        term,
                        ""
                        if term is self.out
                        else f"{said} is {s.show(other)}, elementwise"
                        if said == f"`{self.words}`"
                        else reason,
                    )
                )
        return found or super().explain(s, known)


class Matmul(Constraint):
    """The matrix product, with NumPy's reading of one axis."""

    def step(self, s: Solver) -> bool:
        left, right = (s.dims(term) for term in self.ins)
        out = s.dims(self.out)
        for term, dims in zip(self.ins, (left, right), strict=True):
            if dims == []:
                raise ShapeError(
                    f"{self.said(term)} is a scalar", "write * for a product with a scalar"
                )
        if left is not None and right is not None:
            s.same(left[-1], right[-2] if len(right) > 1 else right[0])
            batch = left[:-2] if len(left) > len(right) else right[:-2]
            for one, other in zip(left[:-2][::-1], right[:-2][::-1], strict=False):
                if ONE not in (s.axis(one), s.axis(other)):
                    s.same(one, other)
            s.bind(
                self.out,
                [
                    *batch,
                    *(left[-2:-1] if len(left) > 1 else ()),
                    *(right[-1:] if len(right) > 1 else ()),
                ],
            )
            return True
        if out is None or len(out) > 2:
            return False
        if len(out) == 0 or len(out) == 2:
            ranks = (1, 1) if not out else (2, 2)
        elif left is not None:
            ranks = (len(left), 3 - len(left))
        elif right is not None:
            ranks = (3 - len(right), len(right))
        else:
            return False
        for term, rank in zip(self.ins, ranks, strict=True):
            dims = s.dims(term)
            if dims is None and rank > 0:
                s.bind(term, fresh(rank))
            elif dims is None or len(dims) != rank:
                raise ShapeError(f"the result is {s.show(self.out)}")
        return self.step(s)

    def tier(self, s: Solver) -> int | None:
        return CHOICE

    def defaults(self, s: Solver) -> list[Callable[[], None]]:
        """The unknown operands have one axis or two."""
        unknown = [term for term in self.ins if s.dims(term) is None]

        options = [(1,), (2,)] if len(unknown) == 1 else [(1, 1), (1, 2), (2, 1), (2, 2)]
        return [partial(bind_ranks, s, unknown, ranks) for ranks in options]

    def explain(self, s: Solver, known: Known) -> list[tuple[Term, str]]:
        missing = [term for term in self.terms if not known(term)]
        if len(missing) != 1:
            return []
        left, right = self.ins
        if missing[0] is self.out:
            return [(self.out, "")]
        other = right if missing[0] is left else left
        return [
            (
                missing[0],
                f"`{self.words}` is {s.show(self.out)} and {self.said(other)} is {s.show(other)}",
            )
        ]


class Transposed(Constraint):
    """The axes of the result are those of the operand, reversed."""

    def step(self, s: Solver) -> bool:
        for source, target in ((self.ins[0], self.out), (self.out, self.ins[0])):
            dims = s.dims(source)
            if dims is not None:
                s.bind(target, dims[::-1])
                return True
        return False

    def explain(self, s: Solver, known: Known) -> list[tuple[Term, str]]:
        pairs = ((self.ins[0], self.out), (self.out, self.ins[0]))
        return [
            (target, f"{self.said(source)} is {s.show(source)}")
            for source, target in pairs
            if known(source) and not known(target)
        ]


class Reduced(Constraint):
    """A reduction along axes, with or without keeping them."""

    def __init__(
        self,
        ins: Sequence[Term],
        out: Term,
        words: str,
        at: Any,
        func: str,
        axis: tuple[int, ...] | None,
        keepdims: bool,
    ) -> None:
        super().__init__(ins, out, words, at)
        self.func, self.axis, self.keepdims = func, axis, keepdims

    def step(self, s: Solver) -> bool:
        dims, out = s.dims(self.ins[0]), s.dims(self.out)
        if dims is None:
            if out is None or (self.axis is None and not self.keepdims):
                return False
            count = len(out) if self.keepdims else len(out) + len(self.axis or ())
            s.bind(self.ins[0], fresh(count))
            return self.step(s)
        if (
            self.func == "logsumexp"
            and self.axis is None
            and len(dims) == 2
            and not all(isinstance(dim, Size) for dim in dims)
        ):
            return False
        over = axes(
            self.func,
            tuple(dim if isinstance(dim, Size) else Size.of("?") for dim in dims),
            self.axis,
        )
        s.bind(
            self.out,
            [
                ONE if place in over else dim
                for place, dim in enumerate(dims)
                if self.keepdims or place not in over
            ],
        )
        return True


class Prefixed(Constraint):
    """`p[k] = expr`: the sizes of the indices before the axes of the expression."""

    def __init__(
        self, ins: Sequence[Term], out: Term, words: str, at: Any, lead: list[Axis]
    ) -> None:
        super().__init__(ins, out, words, at)
        self.lead = lead

    def step(self, s: Solver) -> bool:
        dims, out = s.dims(self.ins[0]), s.dims(self.out)
        if dims is not None:
            s.bind(self.out, [*self.lead, *dims])
            return True
        if out is not None:
            if len(out) < len(self.lead):
                raise ShapeError(f"{len(self.lead)} indices on {s.show(self.out)}")
            s.bind(self.ins[0], out[len(self.lead) :])
            return self.step(s)
        return False


class Indexed(Constraint):
    """`base[items]`; ins are the base and the integer arrays among the items, in order."""

    def __init__(
        self,
        ins: Sequence[Term],
        out: Term,
        words: str,
        at: Any,
        items: list[Any],
        named: Mapping[str, Axis],
    ) -> None:
        super().__init__(ins, out, words, at)
        self.items, self.named = items, named

    def step(self, s: Solver) -> bool:
        base, out = s.dims(self.ins[0]), s.dims(self.out)
        gathered = [s.dims(term) for term in self.ins[1:]]
        if any(dims is None for dims in gathered):
            return False
        kept_axes = sum(isinstance(item, Slice) for item in self.items) + sum(
            len(dims or ()) for dims in gathered
        )
        if base is None:
            if out is None:
                return False
            if len(out) < kept_axes:
                raise ShapeError(f"the result is {s.show(self.out)}")
            s.bind(self.ins[0], fresh(len(self.items) + len(out) - kept_axes))
            return self.step(s)
        if len(self.items) > len(base):
            raise ShapeError(f"{len(self.items)} indices on {s.show(self.ins[0])}")
        arrays = [dims or [] for dims in gathered][::-1]
        kept: list[Axis] = []
        settled = True
        for item, dim in zip(self.items, base, strict=False):
            if isinstance(item, Slice):
                if item.start is None and item.stop is None and item.step is None:
                    kept.append(dim)
                elif isinstance(dim, Size):
                    try:
                        kept.append(sliced(item, dim)[3])
                    except SpanError as error:
                        raise ShapeError(error.message, error.hint) from None
                else:
                    return False
            elif isinstance(item, str):
                s.same(dim, self.named[item])
            elif isinstance(item, IndexPlace):
                settled = self.placed(s, item, s.axis(dim)) and settled
            elif item is None:
                kept += arrays.pop()
        s.bind(self.out, [*kept, *base[len(self.items) :]])
        return settled

    def placed(self, s: Solver, place: IndexPlace, dim: Axis) -> bool:
        """The axis ends at the last place. Deduces its length, or how far one of the indices
        runs; False while more than one is unknown.
        """
        sizes = {name: s.axis(self.named[name]) for name, _ in place.steps}
        known = {name: size for name, size in sizes.items() if isinstance(size, Size)}
        missing = [(name, step) for name, step in place.steps if name not in known]
        if not missing:
            if isinstance(dim, Dim):
                length = place.last(known) + ONE
                if None in (dim.number, length.number) or dim.number < length.number:  # type: ignore[operator]
                    s.same(dim, length)
                else:
                    s.same(dim, Size.of(dim.number or 0))
            return True
        if len(missing) > 1 or not isinstance(dim, Size):
            return False
        (name, step), *_ = missing
        room = (
            dim - ONE - place.last({**known, name: ONE})
            if step > 0
            else place.first({**known, name: ONE})
        )
        if abs(step) > 1:
            if room.number is None:
                return False
            room = Size.of(room.number // abs(step))
        if room.number is not None and room.number < 0:
            raise ShapeError(f"an axis of {dim} is too short")
        s.same(self.named[name], room + ONE)
        return True

    @property
    def sizes(self) -> list[Axis]:
        places = [item for item in self.items if isinstance(item, IndexPlace)]
        return [self.named[name] for place in places for name, _ in place.steps]

    def explain(self, s: Solver, known: Known) -> list[tuple[Term, str]]:
        if known(self.out) and not known(self.ins[0]):
            used = [item for item in self.items if isinstance(item, str)]
            places = [item for item in self.items if isinstance(item, IndexPlace)]
            used += [name for place in places for name, _ in place.steps]
            runs = [f"{name} runs over {s.axis(self.named[name])}" for name in dict.fromkeys(used)]
            return [(self.ins[0], " and ".join([f"`{self.words}` is {s.show(self.out)}", *runs]))]
        return super().explain(s, known)


class Forward(Constraint):
    """An operation that only says its result: from whole shapes, or from the operands' axes alone
    where that is enough.

    `ranks`: the number of axes an operand has where nothing else says so (outer takes vectors).
    """

    def __init__(
        self,
        ins: Sequence[Term],
        out: Term,
        words: str,
        at: Any,
        result: Callable[[list[Shape]], Shape],
        ranks: tuple[int, ...] = (),
    ) -> None:
        super().__init__(ins, out, words, at)
        self.result, self.ranks = result, ranks

    def step(self, s: Solver) -> bool:
        shapes = [s.shape(term) for term in self.ins]
        whole = [shape for shape in shapes if shape is not None]
        if len(whole) < len(shapes):
            return False
        s.bind(self.out, self.result(whole))
        return True

    def tier(self, s: Solver) -> int | None:
        return (
            UNKNOWN
            if self.ranks and not self.off and any(s.dims(term) is None for term in self.ins)
            else None
        )

    def defaults(self, s: Solver) -> list[Callable[[], None]]:
        pairs = [
            (term, rank)
            for term, rank in zip(self.ins, self.ranks, strict=False)
            if s.dims(term) is None
        ]
        return [partial(bind_ranks, s, [term for term, _ in pairs], [rank for _, rank in pairs])]


class Vectors(Forward):
    """diag and outer, which need no sizes where their operands are vectors: [n] gives n×n, [n]
    and [m] n×m.
    """

    def step(self, s: Solver) -> bool:
        dims = [s.dims(term) for term in self.ins]
        if all(found is not None and len(found) == 1 for found in dims):
            axes_of = [found[0] for found in dims if found]
            s.bind(self.out, axes_of * 2 if len(axes_of) == 1 else axes_of)
            return True
        if len(dims) == 1 and dims[0] is not None and len(dims[0]) == 2:
            rows, columns = map(s.axis, dims[0])
            if ONE not in (rows, columns):  # of a matrix the diagonal: it is square
                s.same(rows, columns)
                s.bind(self.out, [rows])
                return True
        return super().step(s)


class Vectorial(Constraint):
    """softmax and its kin: the same shape, which is not a scalar's."""

    def step(self, s: Solver) -> bool:
        dims = s.dims(self.ins[0])
        if dims == []:
            raise ShapeError("it acts on a vector")
        return dims is not None


class Alike(Constraint):
    """dot: two vectors or two columns of the same shape, where nothing else is known."""

    def step(self, s: Solver) -> bool:
        left, right = (s.shape(term) for term in self.ins)
        if left is not None and right is not None:
            s.bind(self.out, rule("dot", [left, right]))
            return True
        return False

    def tier(self, s: Solver) -> int | None:
        known = [term for term in self.ins if s.dims(term) is not None]
        return None if self.off else ALIKE if known else UNKNOWN

    def defaults(self, s: Solver) -> list[Callable[[], None]]:
        return [lambda: s.unify(*self.ins)]

    def explain(self, s: Solver, known: Known) -> list[tuple[Term, str]]:
        for term, other in (self.ins, self.ins[::-1]):
            if known(other) and not known(term) and s.shape(term) == s.shape(other):
                return [
                    (
                        term,
                        f"`{self.words}` takes two vectors of one size and {self.said(other)} is "
                        f"{s.show(other)}",
                    )
                ]
        return super().explain(s, known)


class Examples(Constraint):
    """A given value of a per-example input is the stack of all: its last axis are the examples."""

    def __init__(
        self,
        ins: Sequence[Term],
        out: Term,
        words: str,
        at: Any,
        value: tuple[int, ...],
        length: Axis,
    ) -> None:
        super().__init__(ins, out, words, at)
        self.value, self.length = value, length

    def options(self) -> list[list[Axis]]:
        if len(self.value) == 2:
            return [given(self.value[:1]), [*given(self.value[:1]), ONE]]
        return [given(self.value[:-1])]

    def step(self, s: Solver) -> bool:
        if not self.value:
            raise ShapeError("its value is a number, not one number for each example")
        dims = s.dims(self.ins[0])
        options = self.options()
        if dims is None and len(options) > 1:
            return False
        fitting = (
            options[0]
            if dims is None
            else next((option for option in options if len(option) == len(dims or ())), None)
        )
        if fitting is None:
            raise ShapeError(f"its value has {len(self.value)} axes")
        s.bind(self.ins[0], fitting)
        s.same(Dim(self.value[-1]), self.length)
        return True

    def tier(self, s: Solver) -> int | None:
        return CHOICE

    def defaults(self, s: Solver) -> list[Callable[[], None]]:
        return [lambda option=option: s.bind(self.ins[0], option) for option in self.options()]  # type: ignore[misc]
