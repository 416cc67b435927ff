"""What a graph holds besides the operations: its leaves, and what a derivation adds. No expression names them."""

from __future__ import annotations

from gradcalc.ops.entry import Op

LEAVES = (
    Op("input", (), "", kind="input", signature="own"),
    Op("const", (), "", kind="constant", signature="own", cheap=True),
    Op("size", (), "", kind="constant", signature="own", cheap=True),
    Op("index", (), "", kind="constant", signature="own", cheap=True),
)

# The gradients of a derivation, and what local derivatives are written in.
ADDED = (
    Op("gradient", (), "", kind="input", signature="own"),
    Op("upstream", (), "", kind="input", signature="own"),
    Op("rest", ("a", "p"), "", kind="special", signature="own"),
    Op("pairs", ("a",), "", kind="special", signature="own"),
    Op("ties", ("a", "m"), "", kind="special", signature="own"),
    Op("triangle", (), "", kind="special", signature="own"),
    Op("guard", ("a",), "", kind="special", signature="own"),
)

OPS = LEAVES + ADDED
