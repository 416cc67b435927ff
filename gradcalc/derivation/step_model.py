"""The derivation as data: forward through every quantity, then backward, each gradient with what it
is made of.

    explained(exercise)  ->  Derivation: forward quantities, backward passes, answers   (made in
    derivation.py)

A pass goes from one numerator back: the loss behind the upstream gradients, or the output; one more
for a question that this does not answer. What is shown of it is read from here, by every format;
the formulas come from the engine that answers the questions, the numbers from evaluating these
formulas, and the check from the numeric oracle.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.derivation.answer_model import Answer, Shorthand, Solution
from gradcalc.derivation.form_changes import Rewriting
from gradcalc.exercise.model import Question
from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.formula_pieces import Line, Math, Names, Number, Partial
from gradcalc.language.parser import Expr, Index, Name
from gradcalc.language.shape_rules import Shape
from gradcalc.numeric.verified import Verified

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Written:
    """A derivative written down. `free`: it is one entry at these indices; `each`: the examples it
    is per; `stacked`: the same in stacks over the examples, where it has that form; `paired`:
    examples meet, it is written in stacks.
    """

    symbolic: Expr
    shape: Shape
    free: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    stacked: Expr | None = None
    paired: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """A path entry by entry: z1[k] = …, ∂z1[k]/∂W1[p, q] = …, and the sum over k of upstream ×
    local.
    """

    # None for an operation that is not a sum of products (an inverse, softmax)
    definition: Written | None
    local: Written
    product: Written
    summed: Expr | None = None  # upstream × local, summed over the entries that depend on it


@dataclass(frozen=True, slots=True)
class Gate:
    """One operation of a definition: `result` = operation(…, `operand`, …).

    place     of the operand among the others
    sentence  why it passes the gradient as it does, from the table
    local     ∂result/∂operand, where that is taken entry by entry
    gradient  at the operand, in terms of the gradient of the definition; None where another
              operation adds to it
    """

    operation: str
    result: Expr
    operand: Expr
    place: int
    sentence: str
    local: Expr | None
    gradient: Written | None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A step forward: an input or a quantity, its expression, the numbers plugged in, its value.

    indices: those of p[k] = …; each: the examples it has one value per; reason: why it has its
    shape; uses: its operands
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

    @property
    def written(self) -> Expr:
        """x, or p[k]"""
        return (
            Index(Name(self.name), tuple(map(Name, self.indices)))
            if self.indices
            else Name(self.name)
        )


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one place of an operand in a definition contributes to the derivative.

    part     the piece of the definition that the other places do not share; None where there is
             one place
    factors  the local derivatives on the way, where everything is taken entry by entry
    product  elsewhere: the part of the gradient
    """

    part: Expr | None
    factors: tuple[Expr, ...]
    product: Written | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """An operation that a definition consists of: its name in the table, which of its operands the
    gradient goes to, and why it goes as it does.

    general  the rule in letters that the exercise does not use; () where it has no formula
    here     what stands for these letters: u = q, v = z
    """

    operation: str
    operand: int
    sentence: str
    general: Line = ()
    here: Line = ()

    @property
    def name(self) -> str:
        """The rule's name: "product rule"."""
        return self.sentence.partition(":")[0]

    @property
    def full(self) -> bool:
        """Whether its sentence says more than its name."""
        return self.operation != "neg" and "constant" not in self.name

    @property
    def telling(self) -> bool:
        """Whether its general form says more than its sentence."""
        return self.full and self.operation != "sum"


@dataclass(frozen=True, slots=True)
class Path:
    """The contribution of one quantity along one edge: upstream × local = product.

    through     the quantity, None for the loss itself; its gradient is `upstream` (None: it is the
                numerator, 1)
    local       the local derivative, in full; shorthand: what is written for it
    entries     the same entry by entry
    rules       the operations between the quantity and the operand, outermost first
    parts       what each place of the operand in the definition contributes
    because     why the product looks as it does, in the order of the argument: shapes, sums, masks,
                conventions
    factors     those of the product as an array product, and their shapes; shapes: they with the
                shape under each
    gates       the operations one by one, where the definition holds several
    """

    through: str | None
    product: Written
    local: Written | None = None
    shorthand: Shorthand | None = None
    entries: Entries | None = None
    upstream: str | None = None
    upstream_value: Number = None
    local_value: Number = None
    value: Number = None
    rules: tuple[Rule, ...] = ()
    parts: tuple[Contribution, ...] = ()
    because: tuple[Line, ...] = ()
    factors: tuple[tuple[Expr, Shape], ...] = ()
    shapes: Math | None = None
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A step backward: the gradient of `of` at a quantity, the sum of its users' contributions.

    name        what later steps call it, dL_dz; shape, over: its axes
    total       the sum, in gradients of earlier steps; collected: with those put in, as answers are
                written
    put_in      between the two: those put in, and nothing done yet; between: that multiplied out,
                where divisors cancel; rewritings: what is done to it; facts: what is used besides
                algebra
    verified    the value against the oracle's
    """

    of: str
    quantity: str
    name: str
    paths: tuple[Path, ...]
    total: Written
    shape: Shape
    over: tuple[str, ...]
    put_in: Expr | None = None
    between: Expr | None = None
    facts: tuple[Line, ...] = ()
    rewritings: tuple[Rewriting, ...] = ()
    collected: Expr | None = None
    where: Sequence[tuple[str, Expr]] = ()
    value: Number = None
    verified: Verified | None = None

    @property
    def gradient(self) -> Partial:
        return Partial(self.of, (self.quantity,))


@dataclass(frozen=True, slots=True)
class Pass:
    """From one numerator back. `of`: its name; loss: it is the loss behind the upstream gradients;
    first: of second derivatives, the first one, a quantity that it differentiates again.
    """

    of: str
    loss: bool
    steps: tuple[Step, ...]
    first: tuple[Question, Quantity] | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """A local derivative of a chain: `name` in formulas, `of` and `by`, its full shape, what is
    written for it in short and the shape of that.
    """

    name: str
    of: str
    by: str
    full: Shape
    short: Expr
    shape: Shape


@dataclass(frozen=True, slots=True)
class Assembly:
    """A chain of arrays put together.

    question   what it answers
    literal    the shape of the product in the order of the chain, None where it does not conform at
               `clash`, a pair of shapes
    product    the composition in the factors' names, per example
    """

    question: Question
    factors: tuple[Factor, ...]
    literal: Shape | None
    clash: tuple[Shape, Shape] | None
    product: Expr
    shape: Shape


@dataclass(frozen=True, slots=True)
class Meaning:
    """If the entry `at` of `by` grows by `step`, `of` changes by about `change`."""

    of: str
    by: str
    at: tuple[int, ...]
    step: float
    change: float


@dataclass(frozen=True, slots=True)
class Derivation:
    """`detail`: the gates and entries that were asked for; `asked`: the one answer that is
    explained, if it is one; `meaning`: what a gradient means in numbers.
    """

    graph: Graph
    solution: Solution
    forward: tuple[Quantity, ...]
    passes: tuple[Pass, ...]
    answers: tuple[Answer, ...]
    names: Names
    assemblies: tuple[Assembly, ...] = ()
    detail: str = "normal"
    asked: str | None = None
    meaning: Meaning | None = None
