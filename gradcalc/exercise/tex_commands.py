"""THE LISTS of TeX: the commands authors may use in formulas, and the characters TeX writes as
commands.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu "
    "xi pi varpi rho varrho sigma "
    "varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon "
    "Phi Psi Omega"
)
FUNCTIONS = _words(
    "sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan exp log ln lg det dim ker "
    "deg arg hom"
)
OPERATORS = frozenset(
    "\\" + word
    for word in _words(
        "sum prod int iint iiint oint coprod bigcup bigcap bigoplus bigotimes bigodot bigwedge "
        "bigvee "
        "lim max min sup inf limsup liminf Pr gcd"
    )
)
_RELATIONS = (
    "le leq ge geq ne neq approx sim simeq cong equiv propto ll gg prec succ preceq succeq "
    "subset supset subseteq supseteq in notin ni "
    "mid nmid parallel perp vdash models asymp doteq bmod"
)
_SIGNS = (
    "cdot times div pm mp ast star circ bullet odot oplus ominus otimes oslash cup cap setminus "
    "wedge vee land lor lnot neg "
    "partial nabla infty forall exists emptyset varnothing ell hbar imath jmath Re Im aleph "
    "angle triangle top bot prime dagger "
    "cdots ldots dots vdots ddots dotsc dotsb colon to gets mapsto rightarrow leftarrow "
    "Rightarrow Leftarrow leftrightarrow "
    "Leftrightarrow longrightarrow longleftarrow Longrightarrow implies impliedby iff uparrow "
    "downarrow hookrightarrow longmapsto "
    "nexists wp therefore because intercal ddagger "
    "langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert vert Vert lbrace rbrace "
    "lbrack rbrack backslash "
    "quad qquad displaystyle textstyle scriptstyle square blacksquare checkmark"
)
SYMBOLS = (
    _words(f"{_GREEK} {_RELATIONS} {_SIGNS}")
    | FUNCTIONS
    | frozenset(word[1:] for word in OPERATORS)
)
ONE = _words(
    "sqrt hat bar tilde dot ddot vec check breve acute grave mathring widehat widetilde overline "
    "underline overbrace underbrace "
    "overrightarrow overleftarrow boldsymbol mathrm mathbf mathit mathsf mathtt mathcal mathfrak "
    "boxed pmod mod phantom"
)
TWO = _words("frac dfrac tfrac cfrac binom dbinom tbinom overset underset stackrel")
# Commands on plain words, and what may stand in them besides letters and digits; "": any text.
WORDS: Mapping[str, str] = {
    "text": "",
    "textbf": "",
    "textit": "",
    "textrm": "",
    "texttt": "",
    "operatorname": " -",
    "mathbb": "",
}
SIZES = frozenset(
    f"{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")
)
DELIMITERS = frozenset(
    [*"()[]|./<>", r"\{", r"\}", r"\|"]
    + [
        "\\" + word
        for word in _words(
            "langle rangle lvert rvert lVert rVert vert Vert lfloor rfloor lceil rceil lbrace "
            "rbrace lbrack rbrack"
        )
    ]
)
# With the most columns they take.
ENVIRONMENTS: Mapping[str, int] = {
    "matrix": 10, "pmatrix": 10, "bmatrix": 10, "Bmatrix": 10,
    "vmatrix": 10, "Vmatrix": 10, "smallmatrix": 10, "cases": 2,
    "aligned": 12, "gathered": 1,
}  # fmt: skip

MATH_CHARS: Mapping[str, str] = {
    "α": r"\alpha",
    "β": r"\beta",
    "γ": r"\gamma",
    "δ": r"\delta",
    "ε": r"\varepsilon",
    "ϵ": r"\epsilon",
    "ζ": r"\zeta",
    "η": r"\eta",
    "θ": r"\theta",
    "ϑ": r"\vartheta",
    "ι": r"\iota",
    "κ": r"\kappa",
    "λ": r"\lambda",
    "μ": r"\mu",
    "µ": r"\mu",
    "ν": r"\nu",
    "ξ": r"\xi",
    "ο": "o",
    "π": r"\pi",
    "ρ": r"\rho",
    "σ": r"\sigma",
    "ς": r"\varsigma",
    "τ": r"\tau",
    "υ": r"\upsilon",
    "φ": r"\varphi",
    "ϕ": r"\phi",
    "χ": r"\chi",
    "ψ": r"\psi",
    "ω": r"\omega",
    "Γ": r"\Gamma",
    "Δ": r"\Delta",
    "Θ": r"\Theta",
    "Λ": r"\Lambda",
    "Ξ": r"\Xi",
    "Π": r"\Pi",
    "Σ": r"\Sigma",
    "Υ": r"\Upsilon",
    "Φ": r"\Phi",
    "Ψ": r"\Psi",
    "Ω": r"\Omega",
    "ℓ": r"\ell",
    "ħ": r"\hbar",
    "Α": r"\mathrm{A}",
    "Β": r"\mathrm{B}",
    "Ε": r"\mathrm{E}",
    "Ζ": r"\mathrm{Z}",
    "Η": r"\mathrm{H}",
    "Ι": r"\mathrm{I}",
    "Κ": r"\mathrm{K}",
    "Μ": r"\mathrm{M}",
    "Ν": r"\mathrm{N}",
    "Ο": r"\mathrm{O}",
    "Ρ": r"\mathrm{P}",
    "Τ": r"\mathrm{T}",
    "Χ": r"\mathrm{X}",
    "−": "-",
    "·": r"\cdot",
    "×": r"\times",
    "÷": r"\div",
    "±": r"\pm",
    "∓": r"\mp",
    "∘": r"\circ",
    "⊙": r"\odot",
    "⊗": r"\otimes",
    "⊕": r"\oplus",
    "√": r"\surd",
    "∂": r"\partial",
    "∇": r"\nabla",
    "∞": r"\infty",
    "∑": r"\sum",
    "∏": r"\prod",
    "∫": r"\int",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "≡": r"\equiv",
    "∼": r"\sim",
    "∝": r"\propto",
    "≪": r"\ll",
    "≫": r"\gg",
    "∈": r"\in",
    "∉": r"\notin",
    "⊂": r"\subset",
    "⊆": r"\subseteq",
    "∪": r"\cup",
    "∩": r"\cap",
    "∅": r"\emptyset",
    "∀": r"\forall",
    "∃": r"\exists",
    "¬": r"\lnot",
    "∧": r"\wedge",
    "∨": r"\vee",
    "→": r"\rightarrow",
    "←": r"\leftarrow",
    "↔": r"\leftrightarrow",
    "⇒": r"\Rightarrow",
    "⇐": r"\Leftarrow",
    "⇔": r"\Leftrightarrow",
    "↦": r"\mapsto",
    "…": r"\ldots",
    "⋯": r"\cdots",
    "⋮": r"\vdots",
    "′": r"\prime",
    "‖": r"\Vert",
    "⟨": r"\langle",
    "⟩": r"\rangle",
    "⌊": r"\lfloor",
    "⌋": r"\rfloor",
    "⊤": r"\top",
    "⊥": r"\bot",
    "ᵀ": r"{}^{\top}",
    "ₓ": "{}_{x}",
    "²": "{}^{2}",
    "³": "{}^{3}",
    "¹": "{}^{1}",
    "ⁿ": "{}^{n}",
    "ⁱ": "{}^{i}",
    "⁻": "{}^{-}",
    "⁺": "{}^{+}",
    **{chr(0x2080 + digit): f"{{}}_{{{digit}}}" for digit in range(10)},
    "⁰": "{}^{0}",
    **{chr(0x2070 + digit): f"{{}}^{{{digit}}}" for digit in range(4, 10)},
}

TEXT_CHARS: Mapping[str, str] = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}",
    "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    '"': r"\textquotedbl{}", "`": r"\textasciigrave{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "–": r"\textendash{}", "—": r"\textemdash{}", "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}", "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}", "„": r"\quotedblbase{}",
    "‚": r"\quotesinglbase{}", "«": r"\guillemotleft{}", "»": r"\guillemotright{}",
    "…": r"\dots{}", "€": r"\texteuro{}", "£": r"\textsterling{}",
    "§": r"\S{}", "¶": r"\P{}", "©": r"\textcopyright{}",
    "®": r"\textregistered{}", "™": r"\texttrademark{}",
    "°": r"\textdegree{}", "•": r"\textbullet{}", "¿": r"\textquestiondown{}",
    "¡": r"\textexclamdown{}", "ß": "ß", "Œ": r"\OE{}",
    "œ": r"\oe{}", "Ł": r"\L{}", "ł": r"\l{}", "ı": r"\i{}", "ÿ": "ÿ",
    "\u00a0": "~", "\u00ad": "", "\u200b": "", "\u200c": "",
    "\u200d": "", "\u2060": "", "\ufeff": "", "\ufe0e": "", "\ufe0f": "",
    "\u2010": "-", "\u2011": "-", "\u2012": r"\textendash{}",
}  # fmt: skip

# Combining accents over or under one letter.
ACCENTED: Mapping[str, str] = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^",
    "\u0303": r"\~", "\u0304": r"\=", "\u0306": r"\u", "\u0307": r"\.",
    "\u0308": r'\"', "\u030a": r"\r", "\u030b": r"\H", "\u030c": r"\v",
    "\u0323": r"\d", "\u0327": r"\c", "\u0328": r"\k", "\u0331": r"\b",
}  # fmt: skip
