"""In which names formulas are read: one frozen value, which whoever asks for a derivative hands
in.
"""

from __future__ import annotations

from gradcalc.language.fast_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """What decides how the derivatives of one numerator are written, besides the graph.

    names   nodes whose names may stand in a formula
    own     the numerator; its name stands in its own derivative where that is much shorter
    plain   nothing is simplified on the way: each product as the rules give it
    """

    names: frozenset[int] = frozenset()
    own: int = -1
    plain: bool = False


NO_NAMES = Reading()
