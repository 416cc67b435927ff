"""Parameters that are several entries of one matrix: what moves when one of them moves."""

from __future__ import annotations

from typing import Any


def moved_together(rows: Any, shape: tuple[int, ...], free: str) -> Any:
    """Directions (direction, entries) of a matrix with `free` parameters, moved as they move.

    A direction at entry (i, j) of a symmetric matrix moves (j, i) as well, of a skew one (j, i) the
    other way; what is not free stays. "" leaves the directions as they are.
    """
    if not free:
        return rows
    import numpy as np

    matrices = rows.reshape(len(rows), *shape)
    turned, diagonal = np.swapaxes(matrices, -1, -2), matrices * np.eye(shape[-1])
    moved = {
        "symmetric": lambda: matrices + turned - diagonal,
        "skew": lambda: matrices - turned,
        "diagonal": lambda: diagonal,
        "lower": lambda: matrices * np.tri(shape[-1]),
    }[free]()
    return moved.reshape(rows.shape)
