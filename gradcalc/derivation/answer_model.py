"""What solving gives: every answer in symbols and numbers, with its chain, its ways of being
written and its check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradcalc.calculus.notation.views import View
from gradcalc.exercise.model import Question
from gradcalc.graph.model import Graph
from gradcalc.language.errors import Problem
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.formula_pieces import Number
from gradcalc.language.parser import Expr, unparse
from gradcalc.language.shape_rules import Shape, Size
from gradcalc.numeric.verified import Verified

# the slug of the note that a derivative per example is identical for all examples
SAME = "same-for-all"
UNLISTED = "unlisted-paths"  # and of the paths beyond those that a chain lists


@dataclass(frozen=True, slots=True)
class Shorthand:
    """What the literature writes for a derivative whose literal form has too many axes, and how
    it enters the chain.
    """

    symbolic: Expr
    sentence: str


@dataclass(frozen=True, slots=True)
class Local:
    """A local derivative along an edge of the named graph: `label` is "df/dq"; `shape` where it is
    worth showing; `direct` where other paths lead from f to q too, so that it is not all of df/dq.
    """

    label: str
    symbolic: Expr | None
    shape: Shape | None = None
    direct: bool = False


ELIDED = Local("…", None)  # stands for the middle of a long path

LINKS = 20  # local derivatives of a path that is written out
ENDS = 3  # local derivatives at each end of a longer one; then it is the last that is listed


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    symbolic   in named quantities; with `free` indices it is one entry (no matrix form exists)
    expanded   in inputs alone, None beyond 300 operations
    simplified another, shorter form shown beside a local derivative that stays as its rule gives
    it, or None
    put_in     an expression that is asked for, with the answers that it names in their places, not
    yet simplified
    where      named gradients that `symbolic` uses, each with its own formula, in order
    chain      the paths from numerator to denominator, each a tuple of local derivatives
    value      what the question asks (stacked over examples); exact: the same as an exact
               expression, or None
    """

    question: Question
    kind: str
    symbolic: Expr | None
    shape: Shape
    layout: str = "gradient"
    free: tuple[str, ...] = ()
    expanded: Expr | None = None
    simplified: Expr | None = None
    put_in: Expr | None = None
    where: Sequence[tuple[str, Expr]] = ()
    chain: tuple[tuple[Local, ...], ...] = ()
    chain_rest: int = 0
    per_example: View | None = None
    stacked: View | None = None
    shorthand: Shorthand | None = None
    reason: str | None = None
    value: Number = None
    exact: Expr | None = None
    with_upstream: Number = None
    with_upstream_exact: Expr | None = None
    warnings: tuple[Problem, ...] = ()
    verified: Verified | None = None

    @property
    def same(self) -> bool:
        """Is it, per example, identical for all examples?"""
        return any(problem.slug == SAME for problem in self.warnings)

    @property
    def text(self) -> str | None:
        """The formula in the expression language; None where there is none."""
        return None if self.symbolic is None else unparse(self.symbolic)

    @property
    def name(self) -> str:
        """What answers below call it: its own name, or df_dx."""
        question = self.question
        return question.name or f"d{question.of}_d{question.by[0] if question.by else ''}"

    def __repr__(self) -> str:
        said = [
            part
            for part in (self.text, None if self.value is None else f"value {self.value}")
            if part
        ]
        return f"<Answer {self.question.text}: {', '.join(said)}>"


@dataclass(frozen=True, slots=True)
class Gradient:
    """The total gradient of the loss at an input, upstream included, in the shape of the input.

    free, sizes: of an entry form; where: named gradients that the expression uses; shape: where it
    is written in stacks; verified: None where an answer that was verified says the same.
    """

    symbolic: Expr | None
    value: Number = None
    free: tuple[str, ...] = ()
    sizes: Mapping[str, Size] | None = None
    where: Sequence[tuple[str, Expr]] = ()
    shape: Shape | None = None
    verified: Verified | None = None

    @property
    def text(self) -> str | None:
        """The formula in the expression language; None where there is none."""
        return None if self.symbolic is None else unparse(self.symbolic)

    def __repr__(self) -> str:
        return (
            f"<Gradient {self.text}>"
            if self.value is None
            else f"<Gradient {self.text}, value {self.value}>"
        )


@dataclass(frozen=True, slots=True)
class Solution:
    """Everything `solve` found, ready to be composed into a report."""

    graph: Graph
    answers: tuple[Answer, ...]
    forward: Mapping[str, Number]  # every named quantity; per-example ones as stacks
    forward_exact: Mapping[str, Expr]  # those that have a short exact form
    inputs: Mapping[str, Number]  # the values at which everything was evaluated
    gradients: Mapping[str, Gradient]
    warnings: tuple[Problem, ...] = ()

    @property
    def right(self) -> bool:
        """No answer, and no gradient, was refuted by its check."""
        checks = [answer.verified for answer in self.answers]
        checks += [gradient.verified for gradient in self.gradients.values()]
        return all(verified is None or verified.ok is not False for verified in checks)


def not_above(answer: Answer, answers: Sequence[Answer]) -> tuple[tuple[str, Expr], ...]:
    """The named gradients that an answer uses and that are no answer above it."""
    above: dict[str, Expr | None] = {}
    for other in answers:
        if other is answer:
            break
        above.setdefault(other.name, other.symbolic)
    return tuple((name, expr) for name, expr in answer.where if above.get(name) != expr)
