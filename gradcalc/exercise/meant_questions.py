"""Questions as they are typed elsewhere, and as they are written here: d/dx f, \\frac{df}{dx},
f'(x), grad f, dfdx.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Pattern -> message, and the question that was meant. {f} and {x} are the groups; the first that
# can be read is taken.
_N = r"(?P<f>[^\W\d]\w*)"
_X = r"(?P<x>[^\W\d]\w*(?:\[[^\[\]]*\])?)"
_D = r"(?:d|∂|δ|D|\\partial\s*|\\mathrm\{d\}|partial\s+)"
_TABLE: tuple[tuple[str, str, str], ...] = (
    (
        rf"\\[dt]?frac\s*\{{\s*{_D}\s*{_N}\s*\}}\s*\{{\s*{_D}\s*{_X}\s*\}}",
        "a question is not written in LaTeX",
        "d{f}/d{x}",
    ),
    (rf"[-+]\s*d{_N}/d{_X}", "a question has no sign in front", "d{f}/d{x}"),
    (
        rf"\d[\d.]*\s*\*?\s*d{_N}/d{_X}",
        "a question asks for one derivative, without a factor",
        "d{f}/d{x}",
    ),
    (
        rf"d{_N}/d(?P<x>[^\W\d]\w*?)d(?P<z>[^\W\d]\w*)",
        "a second derivative begins with d2",
        "d2{f}/d{x}d{z}",
    ),
    (rf"d2{_N}/d2{_X}", "the order follows the name in the denominator", "d2{f}/d{x}2"),
    (
        rf"{_D}\s*/\s*{_D}\s*{_X}\s*\(?\s*{_N}\s*\)?",
        "name the quantity in the numerator",
        "d{f}/d{x}",
    ),
    (rf"{_D}\s*\(\s*{_N}\s*\)\s*/\s*{_D}\s*{_X}", "a name needs no parentheses", "d{f}/d{x}"),
    (rf"{_D}\s*{_N}\s*/\s*{_D}\s*\(\s*{_X}\s*\)", "a name needs no parentheses", "d{f}/d{x}"),
    (rf"{_D}{_N}\s*(?:[:|÷]|by|wrt)?\s*{_D}{_X}", "the derivative has no `/`", "d{f}/d{x}"),
    (rf"{_D}\s*{_N}\s*/\s*{_D}\s*{_X}", "write both with d", "d{f}/d{x}"),
    (rf"{_N}'\s*\(\s*{_X}\s*\)", "a derivative is written with d", "d{f}/d{x}"),
    (
        rf"(?:grad|gradient|diff|D|derivative|jacobian|deriv|∇)\s*[(\[]\s*{_N}\s*,\s*{_X}\s*[)\]]",
        "a derivative is written with d",
        "d{f}/d{x}",
    ),
    (rf"{_N}_{_X}", "a derivative is written with d", "d{f}/d{x}"),
    (rf"{_N}\s*/\s*{_X}", "a derivative is written with d", "d{f}/d{x}"),
    (rf"d{_N}/d{_X}\s*[?.!;]+", "a question has no punctuation", "d{f}/d{x}"),
    (rf"d{_N}/d{_X}\s*=.*", "an answer is not part of a question", "d{f}/d{x}"),
    (
        rf"d{_N}/d{_X}\s*(?:at|\||@|bei|für|for)\s*.*",
        "the point belongs under `values`",
        "d{f}/d{x}",
    ),
    (
        rf"(?:value|shape)\s+d{_N}/d{_X}",
        "a derivative is asked for without `value` or `shape`",
        "d{f}/d{x}",
    ),
)
_MANY = re.compile(r"d(?P<f>[^\W\d]\w*)/d\[?\s*(?P<x>\w+(?:\s*,\s*\w+)+)\s*\]?")
_GRADIENT = re.compile(
    r"(?:∇|grad(?:ient)?(?:\s+of)?|derivative "
    r"of|jacobian(?:\s+of)?)\s*\(?\s*(?P<f>[^\W\d]\w*)\s*\)?|(?P<g>[^\W\d]\w*)'|d(?P<h>[^\W\d]\w*)"
)
_HESSIAN = re.compile(r"(?:hessian|H|∇²|∇\^2)(?:\s+of)?\s*\(?\s*(?P<f>[^\W\d]\w*)\s*\)?")


def meant(asked: str, readable: Callable[[str], bool], example: str) -> tuple[str, str] | None:
    """Message and hint for a text that is no question; `readable` says whether one is; `example`
    is an input to vary.
    """
    asked = asked.strip()
    if re.search(r"\S\s*(?:[,;]|and)\s*\S", asked):
        parts = [part.strip() for part in re.split(r"[,;]|\band\b", asked)]
        if len(parts) < 9 and all(map(readable, parts)):
            return "one item asks one question", f"write [{', '.join(parts)}]"
    if found := _MANY.fullmatch(asked):
        each = [f"d{found['f']}/d{name.strip()}" for name in found["x"].split(",")]
        if all(map(readable, each)):
            return (
                "one question per variable",
                f"write {' and '.join(each)} as two questions"
                if len(each) == 2
                else f"write {', '.join(each)}",
            )
    parts = [part.strip() for part in re.split(r"\s[-+*]\s", asked)]
    if 1 < len(parts) < 9 and all(map(readable, parts)):
        return "a question asks for one derivative", f"write [{', '.join(parts)}]"
    for pattern, message, template in _TABLE:
        if found := re.fullmatch(pattern, asked):
            words = {name: word.strip() for name, word in found.groupdict().items() if word}
            if readable(question := template.format(**words)):
                return message, f"write {question}"
    if found := _GRADIENT.fullmatch(asked):
        question = f"d{found['f'] or found['g'] or found['h']}/d{example}"
        if readable(question):
            return "name the variable to differentiate by", f"write {question}"
    if (found := _HESSIAN.fullmatch(asked)) and readable(question := f"d2{found['f']}/d{example}2"):
        return "name the variable to differentiate by", f"write {question}"
    return None
