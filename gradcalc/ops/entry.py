"""What an entry of the table of operations says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "input": "its value comes from elsewhere",
    "constant": "depends on no input",
    "elementwise": "entry by entry, with the local derivatives of `partials`",
    "comparison": "entry by entry, without a gradient",
    "rearranging": "the same entries in other places",
    "contraction": "defined by sums of products of entries (calculus/derivative_rules.py, CONTRACTIONS)",
    "special": "with a local derivative of its own (calculus/derivative_rules.py, SPECIAL)",
    "composed": "written out in the others when the graph is made",
}


@dataclass(frozen=True, slots=True)
class Op:
    """One operation.

    operands   names of the operands, as used in form, partials and sentence; "*" = any number
    kind       what it is to the calculus, see KINDS
    sign       how it is written between its operands, "+", where it is no function
    word       the function in a formula: max for maximum; None: its name; "": it is no function (a + b, A.T, u[0])
    written    the function as a text names it, where that is another's: half_step(x - y), which is 1/2 at a tie, is
               written step(x - y); nobody calls it
    signature  shapes in the manner of einops, "n n -> n n"; "elementwise", "reduction", or "own" (see shapes.py)
    options    keyword arguments it takes (axis, keepdims, ord, ddof)
    parameters operands that must be constant numbers (leaky_relu(x, 0.01)), with their default
    form       the scalar form in simpler operations, from which SymPy confirms the partials in the tests
    partials   elementwise: the local derivative by each operand
    value      value(m, *operands): the number, on `m`, a set of functions named as NumPy's (see numeric.py)
    domain     where the operation is defined for real operands, as a condition in the expression language
    smooth     where it is differentiable, as conditions, x != 0 or x != y; at the other points `convention` says
               what is taken
    cut        where it jumps when its first operand varies, as conditions: y == 0, x < 0
    positive   its result is positive wherever it has a derivative
    smooth_twice  where it has a second derivative, where that is not where it has a first
    back       otherwise: what each operand gets from the upstream gradient G, in the words of `example`; empty where
               that is no formula (a piece of an array, say); n is the number of entries
    law        the rule as a textbook states it where both operands vary, in the operands and their derivatives dx, dy
    entry      of a function of a vector u with the result s: ∂s[j]/∂u[k]
    sentence   "name of the rule: what it says", as calculus names it; the general formula is made from law, partials,
               entry or back (derivation/general_rules.py)
    fixed      the sentence for each operand where the others are constants; empty where it is no other
    text/latex how the function's name is printed
    code       NumPy code, {0}, {1} the operands, {xp} the library; jax and torch differ by spellings only
    cheap      whether code writes it again wherever it is used, rather than keep its result
    example    an expression that uses it, for tests and documentation; "" where nobody writes it
    """

    name: str
    operands: tuple[str, ...]
    example: str
    signature: str = "elementwise"
    kind: str = "elementwise"
    sign: str = ""
    word: str | None = None
    written: str = ""
    spellings: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    form: str = ""
    partials: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    value: Callable[..., Any] | None = None
    domain: str = ""
    smooth: str = ""
    cut: str = ""
    smooth_twice: str = ""
    positive: bool = False
    convention: str = ""
    law: str = ""
    entry: str = ""
    sentence: str = ""
    fixed: tuple[str, ...] = ()
    text: str = ""
    latex: str = ""
    code: str = ""
    cheap: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError where the kind is left out of an operation on whole arrays, or is none."""
        if self.kind not in KINDS or (self.kind == "elementwise") > (
            self.signature == "elementwise"
        ):
            raise ValueError(f"{self.name}: its kind is one of {', '.join(KINDS)}")

    @property
    def called(self) -> str:
        """The function's name in a formula; "" where it is no function."""
        return self.name if self.word is None else self.word
