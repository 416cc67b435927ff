"""What is asked of TeX text without running TeX."""

from __future__ import annotations

import re


def balanced(tex: str) -> bool:
    depth = 0
    for char in re.sub(r"\\[\\{}]", "", tex):
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0
