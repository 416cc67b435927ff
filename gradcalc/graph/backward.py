"""The one way back through a graph: from an output to what it is made from, the contributions of
all users added.

What is carried is up to who goes: terms for answers, steps and code; formulas for operations;
floats for figures. A `Way` says in which order, what a gradient is, and what is contributed; where
that is nothing, the way ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

G = TypeVar("G")  # a gradient
L = TypeVar("L")  # a local derivative


class Handed(NamedTuple, Generic[G, L]):
    """What a node contributes to the gradient at an operand: `upstream` × the local derivative. Of
    a gradient that is given by nobody in the graph there is only the product.
    """

    node: int | None
    upstream: G | None
    local: L | None
    product: G


class Reached(NamedTuple, Generic[G, L]):
    """A node when all that uses it is done: its contributions, and its gradient, which
    is passed on.
    """

    node: int
    handed: list[Handed[G, L]]
    gradient: G


class Way(Protocol[G, L]):
    """How a kind of gradient goes back."""

    def turn(self, node: int) -> Any:
        """Of the nodes that are reached the one with the least turn is next; a user before its
        operands.
        """

    def gradient(self, node: int, handed: list[Handed[G, L]]) -> G:
        """The contributions to the gradient at a node, added up."""

    def handed_back(self, node: int, gradient: G) -> Iterable[tuple[int, L, G]]:
        """(operand, local derivative, product) for each operand that a node contributes
        to.
        """


def pull(given: Mapping[int, G], way: Way[G, L]) -> Iterator[Reached[G, L]]:
    """Every node that the gradients `given` at some nodes reach, each once, users first.

    The contributions of a node are asked for after it was yielded.
    """
    reached: dict[int, list[Handed[G, L]]] = {
        node: [Handed(None, None, None, gradient)] for node, gradient in given.items()
    }
    turns = [(way.turn(node), node) for node in reached]
    heapify(turns)
    while turns:
        _, node = heappop(turns)
        handed = reached.pop(node)
        gradient = way.gradient(node, handed)
        yield Reached(node, handed, gradient)
        for operand, local, product in way.handed_back(node, gradient):
            if operand not in reached:
                reached[operand] = []
                heappush(turns, (way.turn(operand), operand))
            reached[operand].append(Handed(node, gradient, local, product))
