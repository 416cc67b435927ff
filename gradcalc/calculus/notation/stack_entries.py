"""Entries of one of several examples, read from the stacks: h[t + a] is H[t + A[i], i]."""

from __future__ import annotations

from collections.abc import Mapping

from gradcalc.calculus.notation.matrix import NoMatrixForm
from gradcalc.graph.model import Node
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Binary, Expr, Index, Name, Neg, Num, Slice
from gradcalc.language.shape_rules import ONE


@dataclass(frozen=True, slots=True)
class StackEntries:
    """quantities  those with a name, named gradients among them
    stacks      the name of the stack of a quantity per example
    at          which examples
    """

    quantities: Mapping[str, Node]
    stacks: Mapping[str, str]
    at: tuple[Expr, ...]

    def read(self, expr: Expr) -> Expr:
        """An entry, and the entries among its places. Raises NoMatrixForm where one has no stack,
        or where anything but an entry or a sum of places stands.
        """
        match expr:
            case Index(Name(id), items):
                return self.entry(id, tuple(map(self.place, items)))
            case Name(id) if id in self.quantities:
                return self.entry(id, ())
            case Binary():
                return replace(expr, left=self.read(expr.left), right=self.read(expr.right))
            case Neg():
                return replace(expr, arg=self.read(expr.arg))
            case Name() | Num():
                return expr
        raise NoMatrixForm

    def place(self, item: Expr | Slice) -> Expr:
        """A place between brackets."""
        if isinstance(item, Slice):
            raise NoMatrixForm
        return self.read(item)

    def entry(self, name: str, places: tuple[Expr, ...]) -> Expr:
        """name[places], read from the stack where it has one."""
        node = self.quantities.get(name)
        if node is None or len(node.shape) != len(places):
            raise NoMatrixForm
        if name in self.stacks and ONE not in node.shape:
            return Index(Name(self.stacks[name]), (*places, *self.at))
        if node.over:
            raise NoMatrixForm
        return Index(Name(name), places) if places else Name(name)
