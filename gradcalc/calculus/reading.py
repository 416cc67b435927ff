"""In which names formulas are read: one frozen value, which whoever asks for a derivative hands
in.
"""

from __future__ import annotations

from collections.abc import Iterable

from gradcalc.language.fast_dataclasses import dataclass


class NodeSet:
    """Numbers of nodes, as the bits of one number: those that a node is made from are found from
    those of its operands.
    """

    __slots__ = ("_hash", "bits")

    def __init__(self, bits: int = 0) -> None:
        self.bits, self._hash = bits, hash(bits)

    @staticmethod
    def of(numbers: Iterable[int]) -> NodeSet:
        bits = 0
        for number in numbers:
            bits |= 1 << number
        return NodeSet(bits)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and number >= 0 and bool(self.bits >> number & 1)

    def __bool__(self) -> bool:
        return bool(self.bits)

    @property
    def largest(self) -> int:
        """The last of them; -1 where there is none."""
        return self.bits.bit_length() - 1

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, NodeSet) and self.bits == other.bits)

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Reading:
    """What decides how the derivatives of one numerator are written, besides the graph.

    names   nodes whose names may stand in a formula
    own     the numerator; its name stands in its own derivative where that is much shorter
    plain   nothing is simplified on the way: each product as the rules give it
    """

    names: NodeSet = NodeSet()
    own: int = -1
    plain: bool = False


NO_NAMES = Reading()
