"""TeX that authors may write: mathematics of a listed set of commands, braces balanced. Everything else is refused,
since what an author writes goes into documents that are compiled and pages that are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gradcalc.errors import SpanError, closest
from gradcalc.tokens import shown

_LISTED = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi omicron pi varpi rho varrho
sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
frac dfrac tfrac cfrac binom dbinom tbinom sqrt sum prod coprod int iint iiint oint bigcup bigcap bigoplus bigotimes bigodot
partial nabla infty ell hbar imath jmath Re Im aleph wp forall exists nexists emptyset varnothing angle triangle
cdot times div ast star circ bullet odot otimes oplus ominus pm mp cap cup setminus wedge vee land lor lnot neg not
le leq ge geq ne neq ll gg approx sim simeq cong equiv propto prec succ preceq succeq mid nmid parallel perp
in notin ni subset subseteq supset supseteq to rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow
longrightarrow longleftarrow mapsto longmapsto uparrow downarrow implies impliedby iff gets
ldots cdots vdots ddots dots dotsc dotsb therefore because colon prime top bot dagger ddagger intercal
hat bar tilde vec dot ddot check breve acute grave widehat widetilde overline underline overrightarrow overbrace underbrace
overset underset stackrel substack boxed phantom limits nolimits
mathbf mathrm mathbb mathcal mathit mathsf mathtt mathfrak boldsymbol operatorname text textbf textit textrm mathds
exp log ln lg sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth max min sup inf lim limsup liminf arg det
dim ker deg gcd Pr hom bmod pmod mod
left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr langle rangle lfloor rfloor lceil rceil
lvert rvert lVert rVert vert Vert lbrace rbrace lbrack rbrack backslash
quad qquad displaystyle textstyle scriptstyle scriptscriptstyle begin end
"""
COMMANDS = frozenset(_LISTED.split()) | frozenset([",", ";", ":", "!", "|", "\\", "{", "}", "_", "%", "&", "#", "$"]) | {" "}
ENVIRONMENTS = frozenset(
    ("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "cases", "aligned", "gathered", "split")
)

_PIECE = re.compile(r"\\([A-Za-z]+|.|$)|\^\^|[{}%#~&$\x00-\x08\x0b-\x1f\x7f]", re.DOTALL)
_MATH = re.compile(r"(?<!\\)\$\$(?P<display>.+?)(?<!\\)\$\$|(?<!\\)\$(?P<inline>[^$]+?)(?<!\\)\$", re.DOTALL)


def math_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the mathematics between $ and $ of a Markdown text begins and ends. A single $ is a dollar."""
    for match in _MATH.finditer(text):
        yield match.span("display" if match["display"] is not None else "inline")


def check_markdown(text: str) -> Iterator[SpanError]:
    """What is wrong with the mathematics in a Markdown text."""
    for start, end in math_spans(text):
        yield from check_tex(text, start, end)


def check_tex(text: str, start: int = 0, end: int | None = None) -> Iterator[SpanError]:
    """What is wrong with mathematics in TeX; offsets are into `text`."""
    end = len(text) if end is None else end
    braces: list[int] = []
    open_environments: list[tuple[str, int]] = []
    for match in _PIECE.finditer(text, start, end):
        piece, at = match.group(), match.start()
        if piece == "{":
            braces.append(at)
        elif piece == "}":
            if not braces:
                yield SpanError("tex", "`}` closes nothing", at, at + 1)
                return
            braces.pop()
        elif piece in ("\\begin", "\\end"):
            name = re.compile(r"\s*\{([A-Za-z]*)\}").match(text, match.end(), end)
            if name is None or name.group(1) not in ENVIRONMENTS:
                hint = f"there are {', '.join(sorted(ENVIRONMENTS))}"
                yield SpanError("tex", f"`{piece}` of an environment that may not be used here", at, match.end(), hint)
                return
            if piece == "\\begin":
                open_environments.append((name.group(1), at))
            elif not open_environments or open_environments.pop()[0] != name.group(1):
                yield SpanError("tex", f"`\\end{{{name.group(1)}}}` closes nothing", at, match.end())
                return
        elif piece == "&" and open_environments:
            continue
        elif not piece.startswith("\\"):
            yield SpanError("tex", f"`{shown(piece)}` may not be used in mathematics here", at, match.end(), f"write \\{piece}" if piece in "%#&" else None)
        elif (match.group(1) or "nothing") not in COMMANDS:
            near = closest(match.group(1), COMMANDS)
            message = f"the command `{shown(piece)}` may not be used here"
            yield SpanError("tex", message, at, match.end(), f"did you mean \\{near}?" if near else None)
    if braces:
        yield SpanError("tex", "`{` is never closed", braces[-1], braces[-1] + 1)
    elif open_environments:
        unclosed, at = open_environments[-1]
        yield SpanError("tex", f"`\\begin{{{unclosed}}}` is never closed", at, at + 6)
