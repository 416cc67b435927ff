"""How many cells a text takes where every character has the same width: in a terminal, in a
figure's labels.
"""

from __future__ import annotations

import unicodedata

_WIDE = {"W": 2, "F": 2}


def cells(text: str) -> int:
    """Two for a wide character, none for an accent that combines, one for any other."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else _WIDE.get(unicodedata.east_asian_width(char), 1)
        for char in text
    )
