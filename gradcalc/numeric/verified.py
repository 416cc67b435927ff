"""What a check found."""

from __future__ import annotations

from gradcalc.language.fast_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verified:
    """`ok` is None where nothing could be compared; `reason` says why. `error` is the largest
    relative difference.
    """

    ok: bool | None
    method: str = ""
    error: float | None = None
    reason: str | None = None
