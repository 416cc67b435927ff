"""Unknown shapes and sizes, and the constraints between them.

A `Term` is the shape of one piece of an expression: its number of axes may be unknown, and so may
the size of an axis (a `Dim`). Constraints deduce what is certain; where they are stuck, the solver
takes the defaults of the format, one at a time: elementwise operands have the same shape, what
nothing constrains is a scalar. A default is tried first: if it contradicts what is known, it is
undone and the next one taken.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from gradcalc.language.shape_rules import Shape, ShapeError, Size, show

# How sure a default is, the surest first: it follows a shape without axes of 1, with some, of
# nothing else; no shape.
SAME, PARTLY, ALIKE, UNKNOWN, CHOICE = 100, 200, 300, 400, 500


class Dim:
    """An unknown size. `number` is what a given value says; a name may still be found for it."""

    __slots__ = ("link", "number", "watch")

    def __init__(self, number: int | None = None) -> None:
        self.link: Dim | Size | None = None
        self.number = number
        self.watch: list[Constraint] = []


Axis: TypeAlias = "Size | Dim"


class Term:
    """The shape of a piece of an expression. `words` name it, `names` are those of quantities
    that have this shape.
    """

    __slots__ = ("dims", "link", "names", "watch", "words")

    def __init__(self, words: str = "", dims: Sequence[Axis] | None = None) -> None:
        self.words = words
        self.dims: list[Axis] | None = None if dims is None else list(dims)
        self.link: Term | None = None
        self.names: list[str] = []
        self.watch: list[Constraint] = []


class Choice(Exception):
    """Two different shapes are possible, and nothing says which is meant. `options`: what each
    would make known.
    """

    def __init__(self, constraint: Constraint, options: list[dict[str, list[Axis]]]) -> None:
        super().__init__(constraint, options)
        self.constraint, self.options = constraint, options


class Constraint:
    """A relation between the shapes of operands (`ins`) and of the result (`out`); `at` says
    where it was written.
    """

    def __init__(self, ins: Sequence[Term], out: Term, words: str, at: Any) -> None:
        self.ins, self.out, self.words, self.at = list(ins), out, words, at
        self.labels: Sequence[str] = [
            term.words for term in self.ins
        ]  # the operands as they are written here
        self.done = self.off = self.queued = False
        self.place = 0

    @property
    def terms(self) -> list[Term]:
        return [*self.ins, self.out]

    @property
    def sizes(self) -> Sequence[Axis]:
        """Sizes that it is about, beside those in its terms."""
        return ()

    def said(self, term: Term) -> str:
        """A term in the words of this place."""
        return next(
            (label for label, other in zip(self.labels, self.ins, strict=True) if other is term),
            f"`{self.words}`",
        )

    def step(self, s: Solver) -> bool:
        """Deduce what is certain. True when nothing is left to deduce."""
        raise NotImplementedError

    def tier(self, s: Solver) -> int | None:
        """How sure the default is, less the number of axes it follows; None where there is none."""
        return None

    def defaults(self, s: Solver) -> list[Callable[[], None]]:
        """Defaults to try in this order; the first that contradicts nothing holds."""
        return []

    def explain(self, s: Solver, known: Callable[[Term], bool]) -> list[tuple[Term, str]]:
        """Terms whose shape follows from the known ones, each with the reason: "`W @ x` is n×1 and
        x is d×1".

        No reason is needed for a result whose operands are all known.
        """
        if all(known(term) for term in self.ins) and not known(self.out):
            return [(self.out, "")]
        return []


class Solver:
    """Unknowns are changed through `set` alone, so that everything can be undone."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self.numbers = dict(numbers)
        self.trail: list[tuple[Any, str, Any]] = []
        self.queue: deque[Constraint] = deque()
        self.heap: list[tuple[int, int, int, Constraint]] = []
        self.constraints: list[Constraint] = []

    def set(self, thing: Any, field: str, value: Any) -> None:
        self.trail.append((thing, field, getattr(thing, field)))
        setattr(thing, field, value)

    def undo(self, mark: int) -> None:
        while len(self.trail) > mark:
            thing, field, value = self.trail.pop()
            setattr(thing, field, value)
        for constraint in self.queue:
            constraint.queued = False
        self.queue.clear()

    # ---- reading

    def axis(self, dim: Axis) -> Axis:
        while isinstance(dim, Dim) and dim.link is not None:
            dim = dim.link
        return dim

    def root(self, term: Term) -> Term:
        while term.link is not None:
            term = term.link
        return term

    def dims(self, term: Term) -> list[Axis] | None:
        """The axes of a term, or None where not even their number is known."""
        found = self.root(term).dims
        return None if found is None else [self.axis(dim) for dim in found]

    def shape(self, term: Term) -> Shape | None:
        """The whole shape, or None where something is unknown."""
        dims = self.dims(term)
        if dims is None or not all(isinstance(dim, Size) for dim in dims):
            return None
        return tuple(dim for dim in dims if isinstance(dim, Size))

    def show(self, term: Term) -> str:
        """The shape in words, ? for what is unknown."""
        dims = self.dims(term)
        if dims is None:
            return "unknown"
        return show(
            tuple(
                dim if isinstance(dim, Size) else Size.of("?" if dim.number is None else dim.number)
                for dim in dims
            )
        )

    # ---- changing

    def wake(self, constraints: list[Constraint]) -> None:
        for constraint in constraints:
            if not constraint.done and not constraint.queued:
                constraint.queued = True
                self.queue.append(constraint)

    def same(self, left: Axis, right: Axis) -> None:
        """Two axes are equally long. Raises ShapeError."""
        left, right = self.axis(left), self.axis(right)
        if left is right or left == right:
            return
        if isinstance(left, Size):
            left, right = right, left
        if isinstance(left, Size):
            raise ShapeError(f"{right} ≠ {left}")
        if left.number is not None:
            if isinstance(right, Dim):
                if right.number is None:
                    self.set(right, "number", left.number)
                elif right.number != left.number:
                    raise ShapeError(f"{right.number} ≠ {left.number}")
            elif right.names <= self.numbers.keys() and right.at(self.numbers) != left.number:
                raise ShapeError(
                    f"{right} is {right.at(self.numbers)}, not {left.number}"
                    if right.names
                    else f"{right} ≠ {left.number}"
                )
        self.set(left, "link", right)
        self.wake(left.watch)
        if isinstance(right, Dim):
            right.watch.extend(left.watch)

    def bind(self, term: Term, dims: Sequence[Axis]) -> None:
        """A term has these axes. Raises ShapeError."""
        root = self.root(term)
        if root.dims is None:
            self.set(root, "dims", list(dims))
            self.wake(root.watch)
            return
        if len(root.dims) != len(dims):
            raise ShapeError(f"{len(root.dims)} axes ≠ {len(dims)}")
        for left, right in zip(root.dims, dims, strict=True):
            self.same(left, right)

    def unify(self, left: Term, right: Term) -> None:
        """Two terms have the same shape. Raises ShapeError."""
        left, right = self.root(left), self.root(right)
        if left is right:
            return
        if left.dims is not None:
            self.bind(right, left.dims)
        elif right.dims is not None:
            self.bind(left, right.dims)
        else:
            self.set(left, "link", right)
            self.wake(left.watch)
            right.watch.extend(left.watch)

    # ---- solving

    def add(self, constraint: Constraint) -> Term:
        """A new constraint; its result. Deduces at once what it can. Raises ShapeError."""
        constraint.place = len(self.constraints)
        self.constraints.append(constraint)
        self.queue.append(constraint)
        constraint.queued = True
        return constraint.out

    def watching(self, constraint: Constraint) -> None:
        """Wake the constraint when anything unknown in its terms is found."""
        for dim in constraint.sizes:
            dim = self.axis(dim)
            if isinstance(dim, Dim) and constraint not in dim.watch[-4:]:
                dim.watch.append(constraint)
        for term in constraint.terms:
            root = self.root(term)
            if constraint not in root.watch[-4:]:
                root.watch.append(constraint)
            for dim in root.dims or ():
                dim = self.axis(dim)
                if isinstance(dim, Dim) and constraint not in dim.watch[-4:]:
                    dim.watch.append(constraint)

    def propagate(self) -> None:
        """Deduce until nothing moves. Raises ShapeError with the constraint as `constraint`."""
        while self.queue:
            constraint = self.queue.popleft()
            constraint.queued = False
            if constraint.done:
                continue
            try:
                if constraint.step(self):
                    self.set(constraint, "done", True)
                    continue
            except ShapeError as error:
                for other in self.queue:
                    other.queued = False
                self.queue.clear()
                error.constraint = constraint  # type: ignore[attr-defined]
                raise
            self.watching(constraint)
            tier = constraint.tier(self)
            if tier is not None:
                heapq.heappush(self.heap, (tier, constraint.place, id(constraint), constraint))

    def attempt(self, action: Callable[[], None]) -> bool:
        """Do it unless that contradicts what is known."""
        mark = len(self.trail)
        try:
            action()
            self.propagate()
        except ShapeError:
            self.undo(mark)
            return False
        return True

    def settle(self, below: int) -> None:
        """Take defaults, the surest first, while there are some of a tier below this."""
        while self.heap and self.heap[0][0] < below:
            tier, _, _, constraint = heapq.heappop(self.heap)
            if constraint.done or constraint.off or constraint.tier(self) != tier:
                continue
            mark = len(self.trail)
            any(self.attempt(action) for action in constraint.defaults(self))
            if len(self.trail) == mark:  # each contradicts something, or is so already
                self.set(constraint, "off", True)
            elif not constraint.done:
                self.wake([constraint])
                self.propagate()

    def choose(self, found: Callable[[], dict[str, list[Axis]]]) -> bool:
        """Decide the choices that only one possibility is left of. False if there was none; Choice
        for the first open.

        `found` says which names became known; it is asked for every possibility.
        """
        still_open: Choice | None = None
        for constraint in self.constraints:
            if constraint.done or constraint.tier(self) != CHOICE:
                continue
            possible = constraint.defaults(self)
            fitting: list[tuple[Callable[[], None], dict[str, list[Axis]]]] = []
            for action in possible:
                mark = len(self.trail)
                if self.attempt(action):
                    fitting.append((action, found()))
                    self.undo(mark)
            if len(fitting) == 1:
                self.attempt(fitting[0][0])
                return True
            if not fitting:
                possible[0]()  # raises what is wrong with it
                self.propagate()
                return True
            still_open = still_open or Choice(constraint, [names for _, names in fitting])
        if still_open is not None:
            raise still_open
        return False
