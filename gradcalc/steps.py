"""The derivation as data: forward through every quantity, then backward, each gradient with what it is made of.

    explained(exercise)  ->  Derivation: forward quantities, backward passes, answers   (made in derivation.py)

A pass goes from one numerator back: the loss behind the upstream gradients, or the output; one more for a question that
this does not answer. What is shown of it is read from here, by every format; the formulas come from the engine that
answers the questions, the numbers from evaluating these formulas, and the check from the numeric oracle.
"""

from __future__ import annotations

from gradcalc.assembly import Assembly
from gradcalc.backpass import Entries, Written
from gradcalc.because import Why
from gradcalc.blocks import Names
from gradcalc.exercise import Question
from gradcalc.gates import Gate
from gradcalc.graph import Graph
from gradcalc.numeric.verified import Verified
from gradcalc.records import dataclass
from gradcalc.rewriting import Rewriting
from gradcalc.shapes import Shape
from gradcalc.solution import Answer, Number, Shorthand, Solution
from gradcalc.syntax import Expr

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Quantity:
    """A step forward: an input or a quantity, its expression, the numbers plugged in, its value.

    indices: those of p[k] = …; each: the examples it has one value per; reason: why it has its shape; uses: its operands
    """

    name: str
    expr: Expr | None
    indices: tuple[str, ...]
    plugged: Expr | None
    shape: Shape
    each: tuple[str, ...]
    value: Number
    exact: Expr | None
    reason: str | None
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """An operation that a definition consists of: its name in the table, which of its operands the gradient goes to,
    and why it goes as it does."""

    operation: str
    operand: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Path:
    """What one quantity hands back along one wire: upstream × local = product.

    through     the quantity, None for the loss itself; its gradient is `upstream` (None: it is the numerator, 1)
    rules       the operations between it and the operand, outermost first
    plugged     the product with its numbers, where everything is a number
    why         what the product looks like and why: shapes, sums, masks, conventions
    gates       the operations one by one, where the definition holds several
    """

    through: str | None
    rules: tuple[Rule, ...]
    local: Written | None
    shorthand: Shorthand | None
    local_value: Number
    upstream: str | None
    upstream_value: Number
    product: Written
    value: Number
    why: Why
    entries: Entries | None
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A step backward: the gradient at a quantity as the sum of what its users hand back.

    name        what later steps call it, dL_dz
    total       the sum, in gradients of earlier steps; collected: with those put in, as answers are written
    put_in      between the two: those put in, and nothing done yet; rewritings: what is done to it (in full detail)
    verified    the value against the oracle's
    """

    quantity: str
    name: str
    paths: tuple[Path, ...]
    total: Written
    shape: Shape
    put_in: Expr | None
    rewritings: tuple[Rewriting, ...]
    collected: Expr | None
    where: tuple[tuple[str, Expr], ...]
    value: Number
    verified: Verified | None


@dataclass(frozen=True, slots=True)
class Pass:
    """From one numerator back. `of`: its name; loss: it is the loss behind the upstream gradients; first: of second
    derivatives, the first one, a quantity that it differentiates again."""

    of: str
    loss: bool
    steps: tuple[Step, ...]
    first: tuple[Question, Quantity] | None = None


@dataclass(frozen=True, slots=True)
class Derivation:
    """`detail`: the gates and entries that were asked for; `asked`: the one answer that is explained, if it is one."""

    graph: Graph
    solution: Solution
    forward: tuple[Quantity, ...]
    passes: tuple[Pass, ...]
    answers: tuple[Answer, ...]
    names: Names
    assemblies: tuple[Assembly, ...] = ()
    detail: str = "normal"
    asked: str | None = None
