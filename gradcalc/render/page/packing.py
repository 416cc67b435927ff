"""Scripts and style sheets without what only their readers need."""

from __future__ import annotations

import re

# No literal goes over a line's end; a template may stand in another, no deeper,
# and no pattern begins with a space or holds a backtick.
_SCRIPT = re.compile(
    r"""(?P<kept>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"
    |`(?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\})*`
    |(?<=[(,=:\[!&|?{};+])[ ]?/(?![ /*])(?:[^/\\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+/[a-z]*)
    |[ ]+""",
    re.X,
)
_ENDS, _BEGINS = tuple("{,(;[=&|?:"), tuple("}).]?:&|")
_WORD = re.compile(r"[\w$\\#@]")


def packed(text: str) -> str:
    """A script or a style sheet without the lines that are only a comment and the space before a
    line.
    """
    found: list[str] = []
    inside = False
    for line in (line.strip() for line in text.split("\n")):
        if inside or line.startswith("/*"):
            inside = not line.endswith("*/")
        elif line and not line.startswith("//"):
            found.append(line)
    return "\n".join(found)


def tight(script: str) -> str:
    """A packed script without the spaces and the ends of lines that part nothing."""
    found: list[str] = []
    for line in map(_tight, script.split("\n")):
        before = found[-1] if found else ""
        joined = before[-1:] in _ENDS or line[:1] in _BEGINS  # where no statement ends by its line
        if found and (not joined or "//" in before):
            found.append("\n")
        found.append(line)
    return "".join(found)


def _tight(line: str) -> str:
    def shorter(found: re.Match[str]) -> str:
        if found["kept"]:
            return found["kept"].lstrip(" ")
        before, after = line[found.start() - 1], line[found.end()]
        parts = _WORD.match(before) and _WORD.match(after)
        return " " if parts or (before == after and before in "+-/") else ""

    return _SCRIPT.sub(shorter, line)
