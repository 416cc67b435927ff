"""What a report says of an answer, cell by cell: its formulas, chain, shape, numbers, warnings and
check.

Views (answer_report for documents, terminal_report for the terminal) decide which of it stands
where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import accumulate

from gradcalc.calculus.notation.views import View
from gradcalc.derivation.answer_model import (
    ELIDED,
    LINKS,
    SAME,
    UNLISTED,
    Answer,
    Local,
    Solution,
)
from gradcalc.exercise.model import Question, Value
from gradcalc.graph.dependencies import many
from gradcalc.graph.model import Graph
from gradcalc.language.errors import Problem
from gradcalc.language.formula_pieces import (
    Cell,
    Factors,
    Line,
    Math,
    Number,
    Partial,
    Piece,
    Shaped,
    Values,
    line,
    listed,
    math,
)
from gradcalc.language.named_formulas import Pair
from gradcalc.language.parser import Binary, Expr, Index, Name, Neg, Num
from gradcalc.language.shape_rules import ONE
from gradcalc.language.typography import number, whole
from gradcalc.report.blocks import Block, Note, Paragraph
from gradcalc.report.convolution_words import in_words
from gradcalc.report.formulas_above import FormulasAbove

LISTED = 4  # answers that a warning names, where it is not about more
FORMULAS = 200  # of named gradients, above which none is given twice
PATHS = 4  # paths of a chain that are written out, unless everything is wanted

LAYOUTS: Mapping[str, str] = {
    "gradient": "Layout gradient: the gradient of a scalar has the shape of the variable; all other "
    "derivatives are full Jacobians, output axes first.",
    "jacobian": "Layout jacobian (numerator layout): output axes come first, and the derivative of "
    "a scalar with respect to a column is a row.",
    "denominator": "Layout denominator: the axes of the variable come first.",
}


def asked(question: Question) -> Line:
    """What a question asks, as it is headed: δ₁ = ∂J/∂ŷ, shape of W₁, ∂²f/∂x∂y,
    w₁ = w − η g."""
    if question.expr is not None:
        return expression(question) if question.name else ("value of ", *expression(question))
    if question.kind in ("shape", "value"):
        return line(f"{question.kind} of ", Name(question.of))
    named = (Name(question.name), "=") if question.name else ()
    formula = math(*named, Partial(question.of, question.by, question.entry or ()))
    return line("local " if question.kind == "local" else "", formula)


def expression(question: Question) -> Line:
    """An expression that is asked for, after its name where it has one."""
    assert question.expr is not None
    return math(*((Name(question.name), "=") if question.name else ()), question.expr)


class AnswerCells:
    """The cells of one solution. `full`: everything, however long."""

    def __init__(self, solution: Solution, digits: int, full: bool = False) -> None:
        self.solution, self.graph, self.digits, self.full = solution, solution.graph, digits, full

    # ---- quantities

    def quantity(self, name: str) -> tuple[Cell, Cell, Cell, Cell]:
        """An input or a quantity: as it is defined, its expression, shape and value."""
        solution = self.solution
        found = next((d for d in self.graph.exercise.definitions if d.name == name), None)
        at = tuple(map(Name, found.indices)) if found else ()
        label = math(Index(Name(name), at) if at else Name(name))
        values = solution.inputs if name in self.graph.inputs else solution.forward
        value = self.value(values.get(name), solution.forward_exact.get(name))
        return (label,), (math(found.expr),) if found else (), (self.shape_line(name),), value

    def shape_line(self, name: str) -> Line:
        node = self.graph.node(name)
        each = [index for index in node.over if index in self.graph.examples]
        return line(Shaped(node.shape), f", each {', '.join(each)}" if each else "")

    def upstream(self) -> Iterator[Block]:
        exercise, graph = self.graph.exercise, self.graph
        pieces: list[Piece] = []
        for upstream in exercise.upstream:
            of = upstream.of or (graph.outputs[-1] if graph.outputs else "f")
            pieces += (
                [",", Partial(exercise.loss, (of,)), "="]
                if pieces
                else [Partial(exercise.loss, (of,)), "="]
            )
            pieces += _given(upstream.value)
            if isinstance(upstream.value, Name) and upstream.value.id in exercise.values:
                pieces += ["=", *_given(exercise.values[upstream.value.id])]
        if pieces:
            yield Paragraph(("Upstream gradient: ", Math(tuple(pieces))))

    # ---- answers

    def per_example(self, answer: Answer) -> bool:
        """Is the answer one per example, or a sum over them?"""
        names = [
            name
            for name in (answer.question.of, *answer.question.by)
            if name in self.graph.names or name in self.graph.stacks
        ]
        return any(self.graph.node(self.graph.stacks.get(name, name)).over for name in names)

    def chain(self, answer: Answer) -> Cell:
        """The paths as products of local derivatives, and what these are: ∂f/∂u · ∂u/∂x + local
        ∂f/∂x = x · 2x + u.
        """
        lines: list[Line] = []
        formulas: list[Line] = []
        paths = answer.chain if any(len(path) > 1 for path in answer.chain) else ()
        shown = paths if len(paths) <= PATHS or self.full else paths[: PATHS - 1]
        for position, path in enumerate(shown):
            pieces: list[Piece] = ["+"] if position else []
            long = ELIDED in path
            for local in path:
                if local is ELIDED:
                    pieces += ["…", "·"]
                else:
                    of, by = parted(local.label)
                    pieces += [Partial(of, (by,), local=local.direct), "·"]
            lines.append(math(*pieces[:-1]))
            if arrayed(answer) and len(path) > 1 and all(local.shape is not None for local in path):
                shapes = (Shaped(local.shape) for local in path if local.shape is not None)
                lines.append(line("shapes: ", listed(shapes, "; ", "; ")))
            plain = not (arrayed(answer) or answer.question.entry or long)
            product = _product(path) if plain and conforms(self.graph, path) else None
            if product is not None and not wrong(answer):
                formulas.append(math(*_signed(product, bool(position))))
        rest = answer.chain_rest + len(paths) - len(shown)
        if rest:
            lines.append((f"and {many(rest)} more path{'s' if rest > 1 else ''}",))
            formulas += [math("+ …")] if formulas else []
        return (*lines, *(formulas if len(formulas) == len(shown) + bool(rest) else ()))

    def wheres(self, answers: Sequence[Answer]) -> list[Cell]:
        """Of each answer the formulas of named gradients that are no answer above it; of very
        many, those that no answer above has.
        """
        above, cells = FormulasAbove(self.many_formulas), []
        for answer in answers:
            new, all_ = above.new(answer)
            cells.append(() if wrong(answer) else self.listed(new, all_))
        return cells

    def listed(self, new: Sequence[Pair], all_: bool) -> Cell:
        """New formulas, the first of very many. `all_`: nothing was given above."""
        shown = new[:LINKS] if len(new) > 2 * LINKS and not self.full else new
        lines = tuple(math(Name(name), "=", expr) for name, expr in shown)
        if more := len(new) - len(shown):
            lines = (*lines, (f"and {more:,} more",))
        if all_:
            return lines
        return (*lines, ("and the formulas above" if lines else "the formulas above",))

    def where(self, answer: Answer, pairs: Sequence[Pair]) -> Cell:
        """Those of its formulas that are no answer at all; nothing of very many."""
        if wrong(answer) or not pairs:
            return ()
        new = [(name, expr) for name, expr in pairs if self._symbolic.get(name) != expr]
        if self.many_formulas or len(new) > LINKS:
            new = []
        return self.listed(new, len(new) == len(pairs))

    @cached_property
    def _symbolic(self) -> Mapping[str, Expr | None]:
        found: dict[str, Expr | None] = {}
        for answer in self.solution.answers:
            found.setdefault(answer.name, answer.symbolic)
        return found

    @cached_property
    def many_formulas(self) -> bool:
        """Do the answers rest on so many named gradients that each is given once?"""
        counts = accumulate(len(answer.where) for answer in self.solution.answers)
        return any(count > FORMULAS for count in counts)

    def view(self, answer: Answer, view: View | Answer | None, example: bool = False) -> Cell:
        if view is None or view.symbolic is None:
            return ()
        if wrong(answer):
            return (("failed the check",),)
        entry = f"  entry ({', '.join(view.free)})" if isinstance(view, View) and view.free else ""
        return (line(view.symbolic, entry, example=example),)

    def formula(self, answer: Answer, expr: Expr | None) -> Cell:
        return (
            ()
            if expr is None or wrong(answer)
            else (math(expr, example=answer.per_example is not None),)
        )

    def in_words(self, answer: Answer) -> Cell:
        """What a sum over shifted entries is called."""
        found = None if wrong(answer) else in_words(answer.symbolic, answer.free)
        return () if found is None else (found,)

    def expanded(self, answer: Answer) -> Cell:
        return () if answer.expanded == answer.symbolic else self.formula(answer, answer.expanded)

    def shape(self, answer: Answer) -> Cell:
        """One, or that of an example and that of the stack."""
        if answer.per_example is None and answer.stacked is None:
            return (math(Shaped(answer.shape)),)
        shapes = {view.shape for view in (answer.per_example, answer.stacked) if view is not None}
        if len(shapes) == 1 and answer.stacked is not None:
            return (math(Shaped(answer.stacked.shape)),)
        word = " per example" if self.per_example(answer) else ""  # else it is a sum over them
        views = (answer.per_example, word), (answer.stacked, " stacked")
        return (
            listed(
                (line(Shaped(view.shape), word) for view, word in views if view is not None),
                last=", ",
            ),
        )

    def reason(self, answer: Answer) -> Cell:
        """Why a quantity has its shape; of a declared stack from the shape of one example."""
        one = self.graph.stacks.get(answer.question.of)
        if answer.reason != "declared" or one is None:
            return ((answer.reason,),) if answer.reason else ()
        shape = Shaped(self.graph.node(one).shape)
        return (line(Name(one), " is ", shape, " per example, examples on the last axis"),)

    def shorthand(self, answer: Answer) -> Cell:
        short = answer.shorthand
        if short is None or wrong(answer):
            return ()
        return (math(short.symbolic, example=answer.per_example is not None), (short.sentence,))

    def number(self, answer: Answer, value: Number, exact: Expr | None) -> Cell:
        return () if wrong(answer) else self.value(value, exact)

    def value(self, value: Number, exact: Expr | None) -> Cell:
        """The number, with its exact form before it where that says more: 1/3 ≈ 0.3333."""
        if value is None:
            return ()
        if exact is not None and isinstance(value, float) and _telling(exact, value, self.digits):
            return (math(exact, "≈", Values(value, self.digits)),)
        return (math(Values(value, self.digits)),)

    # ---- warnings and checks

    def warnings(self) -> Iterator[Block]:
        """Each once, with the answers that it is about where they are few."""
        about: dict[str, list[Answer]] = {}
        for answer in self.solution.answers:
            for problem in (p for p in answer.warnings if p.slug not in (SAME, UNLISTED)):
                about.setdefault(_said(problem), []).append(answer)
        for problem in self.solution.warnings:
            if _said(problem) not in about:
                yield Note("warning", (_said(problem),))
        for message, answers in about.items():
            yield Note(
                "warning",
                line(*((_listed(answers), ": ") if len(answers) <= LISTED else ()), message),
            )

    @property
    def checked(self) -> list[Answer]:
        """The answers for which a check was tried."""
        return [answer for answer in self.solution.answers if answer.verified is not None]

    @property
    def counted(self) -> tuple[int, int]:
        """How many answers were right, of how many that could be compared."""
        found = [answer.verified.ok for answer in self.checked if answer.verified]
        return found.count(True), len(found) - found.count(None)

    def failures(self) -> Iterator[Block]:
        for answer in self.checked:
            verified = answer.verified
            if verified and verified.ok is False:
                off = (
                    f" (relative difference {number(verified.error, 1)})"
                    if verified.error is not None
                    else ""
                )
                message = (
                    " failed the check against "
                    f"{verified.method or 'the numeric derivative'}{off}; it is not shown."
                )
                yield Note("error", (*asked(answer.question), message))

    @property
    def against(self) -> str:
        """What the answers were compared with, and how well they agree; "" where nothing was
        compared.
        """
        found = [answer.verified for answer in self.checked if answer.verified]
        compared = [verified for verified in found if verified.ok is not None]
        parts = [part for verified in compared for part in verified.method.split("; ") if part]
        errors = [
            verified.error for verified in found if verified.ok and verified.error is not None
        ]
        methods = "; ".join(dict.fromkeys(parts))
        against = f" against {methods}" if methods else ""
        if not errors:
            return against
        sign = ";" if ";" in against else ","
        return f"{against}{sign} largest relative difference {number(max(errors), 1)}"

    def unchecked(self) -> Iterator[Block]:
        reasons: dict[str, list[Answer]] = {}
        for answer in self.checked:
            if answer.verified and answer.verified.ok is None:
                reason = answer.verified.reason or "nothing to compare"
                reasons.setdefault(reason, []).append(answer)
        for reason, answers in reasons.items():
            yield Note("note", ("not checked: ", *_listed(answers), f" ({reason})"))


def arrayed(answer: Answer) -> bool:
    """Whether an answer has more to say than a row of a table holds."""
    extras = (answer.per_example, answer.stacked, answer.shorthand)
    arrays = any(size.number != 1 for size in answer.shape) or isinstance(answer.value, list)
    return arrays or bool(answer.where or answer.free) or any(extra is not None for extra in extras)


def parted(text: str) -> tuple[str, str]:
    """ "df/dq" as numerator and denominator."""
    of, _, by = text.partition("/")
    return of.removeprefix("d"), by.removeprefix("d")


def conforms(graph: Graph, path: Sequence[Local]) -> bool:
    """Is the product of the local derivatives of a number a product as it stands? Between them
    stand numbers and 1-D vectors alone: B · A of two matrices is a matrix.
    """
    between = (parted(local.label)[1] for local in path[:-1])
    return all(
        len(graph.node(name).shape) < 2 or all(size == ONE for size in graph.node(name).shape)
        for name in between
        if name in graph.names
    )


def wrong(answer: Answer) -> bool:
    """Did this answer fail its check?"""
    return answer.verified is not None and answer.verified.ok is False


def _product(path: Sequence[Local]) -> Factors | None:
    """The local derivatives of a path as one product, or None where one has no formula."""
    factors = tuple(local.symbolic for local in path if local.symbolic is not None)
    return Factors(factors) if len(factors) == len(path) else None


def _signed(product: Factors, added: bool) -> tuple[Piece, ...]:
    """= a · b, or added to what stands before: + a · b, − a · b."""
    first, *rest = product.factors
    if added and isinstance(first, Neg):
        return "−", Factors((first.arg, *rest))
    return "+" if added else "=", product


def _given(value: Value) -> tuple[Piece, ...]:
    """An upstream gradient as the author gave it; arrays entry by entry."""
    if not isinstance(value, tuple):
        return (value,)
    pieces: list[Piece] = []
    for item in value:
        pieces += [*([","] if pieces else []), *_given(item)]
    return ("[", *pieces, "]")


def _telling(exact: Expr, decimal: float, digits: int) -> bool:
    """Whether an exact form says more than its decimal: 1/3 and π/4 do, 5/4 and 121/100 do not."""
    value = _rational(exact)
    if value is None:
        return not whole(decimal, digits)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest != 1 and value.denominator < 10_000


def _rational(expr: Expr) -> Fraction | None:
    match expr:
        case Num(value):
            return value
        case Neg(arg):
            inner = _rational(arg)
            return None if inner is None else -inner
        case Binary("/", Num(top), Num(bottom)) if bottom:
            return top / bottom
    return None


def _said(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def _listed(answers: Sequence[Answer]) -> Line:
    return listed((asked(answer.question) for answer in answers), last=", ")
