"""Fonts for text that pdfTeX cannot set: which characters they are, and fonts of this machine that
have them.

lua_fonts("算计")  ->  lines of a preamble for LuaTeX      check("算计")  ->  raises MissingFont where
there is none
"""

from __future__ import annotations

import shutil
import subprocess
import unicodedata
from collections.abc import Mapping, Sequence

from gradcalc.report.frame_words import direction

# Script (the first word of a character's Unicode name) -> fonts that have it, best first, and the
# package that brings one.
SCRIPTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "CJK": (("Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC", "FandolSong", "WenQuanYi Zen Hei"), "fonts-noto-cjk"),
    "HIRAGANA": (("Noto Serif CJK JP", "Source Han Serif", "Noto Sans CJK JP", "IPAMincho", "IPAexMincho"), "fonts-noto-cjk"),
    "KATAKANA": (("Noto Serif CJK JP", "Source Han Serif", "Noto Sans CJK JP", "IPAMincho"), "fonts-noto-cjk"),
    "HANGUL": (("Noto Serif CJK KR", "Source Han Serif K", "Noto Sans CJK KR", "UnBatang", "NanumMyeongjo"), "fonts-noto-cjk"),
    "ARABIC": (("Amiri", "Noto Naskh Arabic", "Scheherazade New", "DejaVu Sans"), "fonts-hosny-amiri"),
    "HEBREW": (("Noto Serif Hebrew", "Frank Ruehl CLM", "David CLM", "DejaVu Sans"), "fonts-noto-core"),
    "GREEK": (("CMU Serif", "Noto Serif", "DejaVu Serif", "FreeSerif", "Liberation Serif"), "fonts-dejavu-core"),
    "CYRILLIC": (("CMU Serif", "Noto Serif", "DejaVu Serif", "FreeSerif", "Liberation Serif"), "fonts-dejavu-core"),
    "DEVANAGARI": (("Noto Serif Devanagari", "Lohit Devanagari", "Noto Sans Devanagari"), "fonts-noto-core"),
    "BENGALI": (("Noto Serif Bengali", "Lohit Bengali"), "fonts-noto-core"),
    "TAMIL": (("Noto Serif Tamil", "Lohit Tamil"), "fonts-noto-core"),
    "THAI": (("Noto Serif Thai", "Norasi", "Garuda"), "fonts-thai-tlwg"),
    "GEORGIAN": (("Noto Serif Georgian", "DejaVu Serif"), "fonts-dejavu-core"),
    "ARMENIAN": (("Noto Serif Armenian", "DejaVu Serif"), "fonts-dejavu-core"),
}  # fmt: skip
# Of characters that are no letters, and of the letters of other scripts.
SIGNS = ("DejaVu Serif", "Noto Serif", "FreeSerif", "DejaVu Sans", "Symbola")
LETTERS = ("Noto Serif", "Noto Sans", "DejaVu Serif", "DejaVu Sans", "FreeSerif")
_ALIKE = {
    "IDEOGRAPHIC": "CJK",
    "FULLWIDTH": "CJK",
    "HALFWIDTH": "CJK",
    "KATAKANA-HIRAGANA": "HIRAGANA",
    "MATHEMATICAL": "SIGNS",
    "MODIFIER": "SIGNS",
    "COMBINING": "SIGNS",
}


class MissingFont(Exception):
    """Characters that no font of this machine has. `lines` say which, and what to do."""

    def __init__(self, characters: str, script: str) -> None:
        shown = " ".join(characters[:8]) + (" …" if len(characters) > 8 else "")
        super().__init__(f"no font here has {shown} ({script.lower()})")
        name = script if script == "CJK" else script.capitalize()
        kind = "signs" if script == "SIGNS" else f"{name} characters"
        self.lines = (
            f"no font here has {shown} ({kind})",
            f"    install one: {_remedy(script)}, and run the same command again",
            "    take --to html instead: browsers have fonts of their own",
        )


def _remedy(script: str) -> str:
    """A font for the characters of a script, and the package that brings it."""
    if script in SCRIPTS:
        fonts, package = SCRIPTS[script]
        return f"{fonts[0]} (Debian: {package})"
    if script == "SIGNS":
        return "Symbola (Debian: fonts-symbola)"
    return "the Noto font of this script (Debian: fonts-noto-core, fonts-noto-extra)"


def script(char: str) -> str:
    """The script of a character, such as GREEK or CJK; SIGNS where it is no letter."""
    word = unicodedata.name(char, "").partition(" ")[0]
    word = _ALIKE.get(word, word)
    letter = word and unicodedata.category(char)[0] in "LM"
    return word if word in SCRIPTS or letter else "SIGNS"


def fonts_of(script: str) -> tuple[str, ...]:
    """The fonts that have a script, best first."""
    if script in SCRIPTS:
        return SCRIPTS[script][0]
    return SIGNS if script == "SIGNS" else LETTERS


def by_script(characters: str) -> dict[str, str]:
    """Characters grouped by their script, in order."""
    found: dict[str, str] = {}
    for char in characters:
        found[script(char)] = found.get(script(char), "") + char
    return found


def lua_fonts(characters: str, lang: str = "en") -> list[str]:
    """Preamble lines that set the characters with the first font there is of those that have
    them.
    """
    scripts = by_script(characters)
    lines = [
        r"\ifdefined\directlua\else\errmessage{This text needs LuaLaTeX: compile it with "
        r"lualatex}\fi",
        r"\usepackage{fontspec}",
        r"\directlua{luaotfload.add_fallback('gradcalc', {" + _chosen(characters) + "})}",
        r"\setmainfont{Latin Modern Roman}[RawFeature={fallback=gradcalc}]",
        r"\setmonofont{Latin Modern Mono}[RawFeature={fallback=gradcalc}]",
    ]
    if scripts.keys() & {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"}:
        lines += [CJK_BREAKS]
    if to_left := [word for word in RIGHT_TO_LEFT if word in scripts]:
        main = direction(lang) == "rtl"
        lines.append(
            rf"\usepackage[bidi=basic, layout=lists.tabular{'' if main else ', english'}]{{babel}}"
        )
        for number, word in enumerate(to_left):
            name, own = RIGHT_TO_LEFT[word], main and not number
            font = installed(scripts[word], word) or SCRIPTS[word][0][0]
            lines.append(
                rf"\babelprovide[import, {'main' if own else 'onchar=ids fonts'}]{{{name}}}"
            )
            lines.append(
                rf"\babelfont{'' if own else f'[{name}]'}{{rm}}[Renderer=HarfBuzz]{{{font}}}"
            )
    return lines


# Scripts that are written from right to left, and what babel calls a language of theirs.
RIGHT_TO_LEFT: Mapping[str, str] = {"ARABIC": "arabic", "HEBREW": "hebrew"}

# Lines may be broken between ideographs: a little stretchable space before each, but not before
# what closes.
CJK_BREAKS = r"""
\directlua{
  local glyph, glue = node.id("glyph"), node.id("glue")
  local function wide(c) return (c >= 0x2E80 and c <= 0x9FFF) or (c >= 0xAC00 and c <= 0xD7AF) or (c >= 0xF900 and c <= 0xFAFF)
    or (c >= 0xFF00 and c <= 0xFFEF) or (c >= 0x20000 and c <= 0x3FFFF) end
  local closing = {}
  for _, c in ipairs{0x3001, 0x3002, 0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F, 0xFF01, 0xFF09, 0x300D, 0x300F, 0x3011, 0x300B, 0x30FC} do
    closing[c] = true end
  local opening = {}
  for _, c in ipairs{0xFF08, 0x300C, 0x300E, 0x3010, 0x300A} do opening[c] = true end
  luatexbase.add_to_callback("hyphenate", function(head, tail)
    local n = head
    while n do
      local m = n.next
      if n.id == glyph and m and m.id == glyph and (wide(n.char) or wide(m.char)) and not closing[m.char] and not opening[n.char] then
        local g = node.new(glue); g.width = 0; g.stretch = 65536 / 2
        node.insert_after(head, n, g)
      end
      n = m
    end
    lang.hyphenate(head, tail)
  end, "gradcalc: lines of ideographs")
}
""".strip()


def _chosen(characters: str) -> str:
    found = []
    for word, own in by_script(characters).items():
        name = installed(own, word)
        listed = [name] if name else list(fonts_of(word)[:1])
        found += [f"'{one}:mode=harf;'" for one in listed]
    return ", ".join(dict.fromkeys(found))


def check(characters: str) -> None:
    """Raises MissingFont where a character is in no font of this machine."""
    for word, own in by_script(characters).items():
        if installed(own, word) is None:
            raise MissingFont(own, word)


def installed(characters: str, word: str) -> str | None:
    """A font of this machine that has all the characters, one of those for the script where
    there is one.
    """
    there = _families(characters)
    best = [name for name in fonts_of(word) if name in there]
    return best[0] if best else there[0] if there else None


def _families(characters: str) -> Sequence[str]:
    """Families that have all of some characters, by fontconfig; none where it is not there."""
    program = shutil.which("fc-list")
    if program is None:
        return ()
    codes = " ".join(f"{ord(char):x}" for char in characters)
    done = subprocess.run(
        [program, f":charset={codes}", "family"], capture_output=True, timeout=20, check=False
    )
    families = (
        line.split(",")[0].strip() for line in done.stdout.decode("utf-8", "replace").splitlines()
    )
    return sorted({family.replace("\\", "") for family in families if family})
