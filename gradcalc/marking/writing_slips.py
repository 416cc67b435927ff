"""Family 6: one slip in writing. One change of what was written, and it is right.

Because the changes are made to the answer, every way of writing it is covered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.tree import Binary, Call, Expr, names
from gradcalc.marking import writing_edits as edits
from gradcalc.marking.candidates import Candidate, Found, Said, Scene, Submitted
from gradcalc.marking.variations import put, sites

MOST = 400  # changes of one kind


@dataclass(frozen=True, slots=True)
class Slip:
    """A row of the table: `sentence` is said where one of `rewrites` of the answer is right."""

    slug: str
    sentence: str
    where: str
    rewrites: Callable[[Scene, Expr], Iterator[Expr]]


SLIPS: tuple[Slip, ...] = (
    Slip("parentheses",
         "One pair of parentheses is missing, superfluous or misplaced in what is written.",
         "any formula", edits.parentheses),
    Slip("transposed", "One transpose is missing or superfluous in what is written.",
         "a formula with matrices", edits.transposes),
    Slip("order",
         "Two operands in what is written stand in the wrong order, or an inner product stands "
         "for an outer one.",
         "a product of matrices, a difference, a quotient", edits.orders),
    Slip("elementwise-for-product",
         "An entry-by-entry product and a matrix product are exchanged in what is written.",
         "a product", edits.products),
    Slip("sign-in-term", "One sign in what is written is wrong.", "any formula", edits.signs),
    Slip("power-slip", "One power in what is written is wrong.", "any formula", edits.powers),
    Slip("power-slip", "The power of a sum or of a function is written in the wrong place.",
         "a power", edits.power_of_sum),
    Slip("local-factor-missing", "One factor or divisor is missing in what is written.",
         "any formula", edits.factors_missing),
    Slip("activation-missing",
         "A quantity in what is written stands where a function of it belongs, or the other way "
         "round.",
         "a quantity and a function of it", edits.activations),
    Slip("swapped-names",
         "A name in what is written stands where another belongs, or two are exchanged.",
         "any formula", edits.other_names),
    Slip("argument-lost", "The argument of a function in what is written is not the right one.",
         "a function", edits.arguments),
    Slip("activation-missing", "A function is missing or superfluous in what is written.",
         "any formula", edits.functions),
    Slip("wrong-local-derivative",
         "A function in what is written stands where a related one belongs.",
         "a function", edits.sisters),
    Slip("constant-factor", "One number in what is written is wrong, or missing.", "any formula",
         edits.numbers),
    Slip("wrong-local-derivative", "One factor or divisor too many stands in what is written.",
         "a product", edits.factors_extra),
    Slip("term-missing", "One term is missing in what is written.", "any formula",
         edits.terms_missing),
    Slip("wrong-local-derivative", "One term too many stands in what is written.", "a sum",
         edits.terms_extra),
    Slip("wrong-local-derivative", "A sum and a product are exchanged in what is written.",
         "a sum, a product", edits.sums_for_products),
)  # fmt: skip


# fmt: off
NO_FACTOR = Said("local-factor-missing", "One factor of the answer is left out.",
                 "a product in the answer as it is printed")
NO_GRADIENT = Said("upstream-missing",
                   "The upstream gradient, with its factor, is left out of the answer.",
                   "a product with an upstream gradient in the answer as it is printed")
# fmt: on


def left_out(scene: Scene, submitted: Submitted) -> Found:
    """The printed answer without one of its factors, which may have another shape."""
    if submitted.printed is None or submitted.read is None:
        return
    for answer in submitted.printed():
        for site in sites(answer):
            match site.expr:
                case Binary("*" | "@", left, right) | Call("outer", (left, right)):
                    pass
                case _:
                    continue
            for kept, dropped in ((left, right), (right, left)):
                upstream = set(names(dropped)) & set(scene.asked.upstreams)
                said = NO_GRADIENT if upstream else NO_FACTOR
                function = submitted.read(put(answer, site.path, kept))
                yield Candidate(said.mistake(), function)


def rewritten(slip: Slip, scene: Scene, submitted: Submitted) -> Iterator[Expr]:
    """The changes of an answer that a slip is made good by, each once."""
    if submitted.expr is None:
        return
    seen = {submitted.expr}
    count = 0
    for expr in slip.rewrites(scene, submitted.expr):
        if expr not in seen:
            seen.add(expr)
            count += 1
            if count > MOST:
                return
            yield expr
