"""The shape of a derivative in a layout."""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.language.shape_rules import ONE, Shape, as_vector


def derivative_shape(
    of: Shape, into: Sequence[Shape], layout: str, output: bool
) -> tuple[Shape | None, Shape]:
    """(the numerator's axes, or None where it is a scalar; the shape of the derivative).

    `into` are the denominators' shapes. `output`: what is 1×1 is a number, because it is *the*
    output or has no name.
    """
    scalar = of == () or (output and all(size == ONE for size in of))
    inner = tuple(
        size
        for shape in into
        for size in (as_vector(shape) if len(into) > 1 or not scalar else shape)
    )
    if scalar:
        if layout == "jacobian" and len(into) == 1:
            if len(into[0]) == 1:
                return None, (ONE, into[0][0])
            if len(into[0]) == 2:
                return None, into[0][::-1]
        return None, inner
    out = as_vector(of)
    return out, (inner + out if layout == "denominator" else out + inner)
