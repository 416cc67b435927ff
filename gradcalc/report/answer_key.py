"""The key: an answer derived, from the chain rule to the number, and why it is so.

brief   the chain, the result, the number
normal  the rules in words, why factors are transposed, shape checks
full    the whole step, as `explain` tells it
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gradcalc.calculus.notation.views import View
from gradcalc.derivation.answer_model import (
    ELIDED,
    SAME,
    UNLISTED,
    Answer,
    Local,
    Solution,
    not_above,
)
from gradcalc.derivation.elementary_steps import telling
from gradcalc.derivation.step_model import Derivation, Path, Step
from gradcalc.exercise.model import Question
from gradcalc.language.errors import SpanError
from gradcalc.language.formula_pieces import (
    Factors,
    Line,
    Math,
    Names,
    Number,
    Partial,
    Piece,
    Shaped,
    Values,
    line,
    math,
)
from gradcalc.language.parser import Expr, Name, Neg, names, parse
from gradcalc.report.answer_cells import conforms, expression, parted
from gradcalc.report.blocks import Equations, Options, Paragraph, Printed, Row
from gradcalc.report.equations import FRACTIONS, LONG, broken, rows, under, written
from gradcalc.report.explanation import assembled
from gradcalc.report.frame_words import Words
from gradcalc.report.lines import text_math
from gradcalc.report.step_table import Board, spoken

LINKS = 10  # local derivatives of a path that are written out
PATHS = 4  # paths of a chain rule that are written out
SHOWN = 30  # entries of an answer that are printed
_ENGLISH = frozenset(("a", "is", "and", "so", "the", "of", "to", "it", "in", "by", "for", "as"))


class Key:
    """Writes the key of one handout, question by question: what has been said above is not said
    again.
    """

    def __init__(
        self,
        solution: Solution,
        known: Names,
        digits: int,
        said: Words,
        detail: str = "normal",
        derivation: Derivation | None = None,
    ) -> None:
        self.solution, self.graph, self.exercise = solution, solution.graph, solution.graph.exercise
        self.names, self.digits, self.said, self.detail = known, digits, said, detail
        self.derivation = derivation if detail != "brief" else None
        self.board = Board(derivation, detail, digits) if self.derivation and derivation else None
        self.called: dict[tuple[str, str], str] = {}  # numerator, denominator -> name of an answer
        self.told: set[tuple[str, ...]] = set()  # denominators whose gradient of the loss is said
        self.reasons: set[str] = set()

    def answer(self, answer: Answer) -> Iterator[Printed]:
        if answer.verified is not None and answer.verified.ok is False:
            yield Paragraph((self.said.failed,))
            return
        if answer.kind == "shape":
            yield from self.shape(answer)
        elif answer.kind == "value":
            yield Equations(tuple(self.value(answer)))
            yield from self.array(answer)
        else:
            yield from self.derivative(answer)
        if answer.same:
            yield Paragraph((self.said.same,))
        for problem in (p for p in answer.warnings if p.slug not in (SAME, UNLISTED)):
            yield Paragraph(spoken((f"{problem.message}.",)))
        question = answer.question
        if question.name and question.kind == "derivative" and not question.entry:
            by = self.graph.stacks.get(question.by[0], question.by[0])
            self.called.setdefault((question.of, by), question.name)

    # ---- shapes and values

    def shape(self, answer: Answer) -> Iterator[Printed]:
        yield Paragraph(line(Name(answer.question.of), ": ", Shaped(answer.shape)))
        if answer.stacked is not None and answer.stacked.shape != answer.shape:
            yield Paragraph(line(f"{self.said.stacked} ", Shaped(answer.stacked.shape)))
        if answer.reason == "declared":
            of = self.graph.stacks.get(answer.question.of, answer.question.of)
            before, between, after = self.said.declared.split("{}")
            shape = Shaped(self.graph.node(of).shape)
            yield Paragraph(line(before, Name(of), between, shape, after))
        elif answer.reason:
            yield Paragraph(line(*self.sentence(answer.reason), "."))

    def sentence(self, text: str) -> Iterator[str | Line | Expr]:
        """A sentence about shapes, its expressions and names as mathematics."""
        known = (self.names.shapes.keys() | self.exercise.size_names) - _ENGLISH
        for number, piece in enumerate(text.split("`")):
            if number % 2:
                try:
                    yield parse(piece)
                except SpanError:
                    yield piece
                continue
            for word in re.split(r"(\w+)", piece):
                yield Name(word) if word in known else word

    def value(self, answer: Answer) -> Iterator[Row]:
        question = answer.question
        left = math(Name(question.of)) if question.expr is None else expression(question)
        if answer.symbolic == question.expr:
            yield Row(left, ())
        elif answer.symbolic is not None:
            whole = answer.put_in
            if whole is not None and unlike(whole, answer, self.names):
                yield from rows(left, whole, self.names)
                left = ()
            yield from rows(left, answer.symbolic, self.names)
        yield from self.number(answer)

    def array(self, answer: Answer) -> Iterator[Printed]:
        """The numbers of an array, where they are few."""
        value = answer.value
        if isinstance(value, list) and count(value) <= SHOWN and depth(value) <= 2:
            yield Paragraph(line(f"{self.said.values} ", Values(value, self.digits)))

    # ---- derivatives

    def derivative(self, answer: Answer) -> Iterator[Printed]:
        question, example = answer.question, answer.per_example is not None
        left = math(self.asked(answer))
        found = list(self.chain(answer, left))
        found += self.written(answer, left if not found else (), example)
        found += self.number(answer)
        yield Equations(tuple(found))
        if where := self.where(answer):
            yield Paragraph((self.said.where,))
            yield Equations(tuple(where))
        if (
            answer.stacked is not None
            and not answer.same
            and not answer.stacked.free
            and answer.stacked.symbolic != answer.symbolic
        ):
            yield Paragraph((self.said.stacked,))
            yield Equations(tuple(under(left, answer.stacked, self.names, False)))
        if answer.shorthand is not None:
            short = line(answer.shorthand.symbolic, example=example)
            yield Paragraph(line(f"{self.said.short} ", short, f"; {answer.shorthand.sentence}."))
        yield from self.array(answer)
        yield from self.upstream(answer)
        if self.derivation is not None and self.board is not None:
            yield from self.because(question, self.derivation, self.board)

    def asked(self, answer: Answer) -> Partial:
        """∂p/∂s; where the answer is one entry, with its indices: ∂p_k/∂s_l."""
        question = answer.question
        if not answer.free or len(question.by) != 1:
            return Partial(question.of, question.by, question.entry or ())
        of = len(self.axes(question.of))
        by = len(self.axes(question.by[0]))
        if of + by == len(answer.free) and not question.entry:
            first, second = answer.free[:of], answer.free[of:]
            if answer.layout == "denominator":
                first, second = answer.free[by:], answer.free[:by]
            return Partial(question.of, question.by, places=(first, second))
        return Partial(question.of, question.by, tuple(map(Name, answer.free)))

    def axes(self, name: str) -> Sequence[object]:
        """The axes of a quantity that an index runs over."""
        node = self.graph.names.get(self.graph.stacks.get(name, name))
        shape = () if node is None else self.graph.nodes[node].shape
        if len(shape) == 2 and any(size.number == 1 for size in shape):
            return [size for size in shape if size.number != 1][:1]
        return shape

    def chain(self, answer: Answer, left: Line) -> Iterator[Row]:
        """The chain rule, the same with the answers that have names, and with the local
        derivatives put in.
        """
        paths = [path for path in answer.chain if len(path) > 1]
        if not paths:
            return
        shown = answer.chain[:PATHS]
        more = len(answer.chain) - len(shown) + answer.chain_rest
        pieces: list[Piece] = []
        for path in shown:
            pieces += [*(["+"] if pieces else []), *product(list(map(factor, path)))]
        pieces += ["+", "…"] if more else []
        yield from broken(left, pieces, self.names, most=FRACTIONS)
        if any(ELIDED in path for path in shown):
            return
        links = [[(*parted(local.label), local.direct) for local in path] for path in shown]
        named = [self.named(answer.question, path) for path in links]
        if not more and any(isinstance(part, Name) for path in named for part in path):
            pieces = []
            for own in named:
                pieces += [*(["+"] if pieces else []), *product(own)]
            yield from broken((), pieces, self.names, most=FRACTIONS)
        if not more and not arrayed(answer) and not answer.question.entry:
            yield from self.put_in(answer)

    def named(
        self, question: Question, path: Sequence[tuple[str, str, bool]]
    ) -> list[Partial | Name]:
        """A path in which what earlier answers have named is called by their names."""
        found: list[Partial | Name] = []
        at = 0
        while at < len(path):
            for end in range(len(path), at, -1):
                word = self.called.get((path[at][0], path[end - 1][1]))
                if word and not any(direct for *_, direct in path[at:end]):
                    found.append(Name(word))
                    at = end
                    break
            else:
                of, by, direct = path[at]
                found.append(Partial(of, (by,), local=direct))
                at += 1
        return found

    def put_in(self, answer: Answer) -> Iterator[Row]:
        """The product of the local derivatives as they are."""
        locals_ = [[local.symbolic for local in path] for path in answer.chain]
        if max(map(len, locals_)) > LINKS or any(expr is None for path in locals_ for expr in path):
            return
        if not all(conforms(self.graph, path) for path in answer.chain):
            return
        pieces: list[Piece] = []
        for path in locals_:
            first, *rest = (expr for expr in path if expr is not None)
            if pieces and isinstance(first, Neg):
                pieces += ["−", Factors((first.arg, *rest))]
            else:
                pieces += [*(["+"] if pieces else []), Factors((first, *rest))]
        example = answer.per_example is not None
        if len(text_math(Math(("=", *pieces), example), self.names)) <= 2 * LONG:
            yield from broken((), pieces, self.names, example)

    def written(self, answer: Answer, left: Line, example: bool) -> list[Row]:
        """The answer, and what it can be turned into."""
        if answer.symbolic is None:
            return []
        view = answer.per_example or View(answer.symbolic, answer.shape)
        if arrayed(answer) and not answer.free:
            found = under(left, view, self.names, example)
        else:
            found = rows(left, answer.symbolic, self.names, example)
        known = {written(answer.symbolic, self.names)}
        long = arrayed(answer) and self.detail != "full"
        for other in (answer.simplified, None if long else answer.expanded):
            text = written(other, self.names) if other is not None else ""
            if other is not None and text not in known and len(text) <= LONG:
                known.add(text)
                found += rows((), other, self.names, example)
        return found

    def where(self, answer: Answer) -> list[Row]:
        """The formulas of named gradients that the answer uses, and of those that these use."""
        shown = [answer.symbolic, answer.stacked.symbolic if answer.stacked else None]
        used = {name for expr in shown if expr is not None for name in names(expr)}
        kept = []
        for name, expr in reversed(answer.where):
            if name in used and expr != Name(name):
                kept.append((name, expr))
                used |= set(names(expr))
        called = set(self.called.values())
        new = dict(not_above(answer, self.solution.answers))
        return [
            row
            for name, expr in reversed(kept)
            if name not in called and name in new
            for row in rows(math(Name(name)), expr, self.names)
        ]

    def number(self, answer: Answer) -> Iterator[Row]:
        value = answer.value
        if value is None or isinstance(value, list):
            return
        shown = text_math(Math((Values(value, self.digits),)), self.names)
        symbolic = written(answer.symbolic, self.names) if answer.symbolic is not None else None
        if symbolic == shown:
            return
        if answer.exact is not None and not isinstance(value, int):
            exact = written(answer.exact, self.names)
            if exact not in (shown, symbolic) and len(exact) <= LONG:
                yield Row((), math("=", answer.exact, "≈", Values(value, self.digits)))
                return
        yield Row((), math("=", Values(value, self.digits)))

    def upstream(self, answer: Answer) -> Iterator[Printed]:
        """The gradient of the loss, once for each variable, and where it says more than the
        answer.
        """
        question, value = answer.question, answer.with_upstream
        if value is None or isinstance(value, list) or question.loss or question.by in self.told:
            return
        self.told.add(question.by)
        if value != answer.value:
            gradient = Partial(self.exercise.loss, question.by)
            found = math(gradient, "=", Values(value, self.digits))
            yield Paragraph(line(f"{self.said.with_upstream} ", found))

    # ---- why

    def because(
        self, question: Question, derivation: Derivation, board: Board
    ) -> Iterator[Printed]:
        for step, path in steps(question, derivation):
            if self.detail == "full":
                yield board.step(replace(step, paths=(path,)) if path is not None else step, "")
                continue
            for own in step.paths if path is None else (path,):
                yield from self.path(own)
        for one in derivation.assemblies:
            if one.question == question:
                yield assembled(derivation, Options(detail=self.detail, digits=self.digits), one)

    def path(self, path: Path) -> Iterator[Printed]:
        rules = [rule for rule in path.rules if telling(rule.operation, rule.operand)]
        for rule in rules or path.rules:
            if rule.sentence not in self.reasons:
                self.reasons.add(rule.sentence)
                yield Paragraph((f"{rule.sentence[:1].upper()}{rule.sentence[1:]}.",))
        for reason in path.because:
            said = "".join(
                part if isinstance(part, str) else text_math(part, self.names) for part in reason
            )
            if said not in self.reasons:
                self.reasons.add(said)
                yield Paragraph((*spoken(reason), "."))


def steps(question: Question, derivation: Derivation) -> Iterator[tuple[Step, Path | None]]:
    """The step that answers a question; or of a local derivative the path that it is part of."""
    if question.kind not in ("derivative", "local") or question.entry:
        return
    stacks = derivation.graph.stacks
    by = stacks.get(question.by[0], question.by[0])
    for one in derivation.passes:
        for step in one.steps:
            if step.quantity != by or one.first is not None:
                continue
            if question.kind == "derivative" and step.of == question.of:
                yield step, None
                return
            for path in step.paths:
                if path.through == question.of:
                    yield step, path
                    return


def factor(local: Local) -> Piece:
    """A local derivative by its name; dots for the middle of a long path."""
    if local is ELIDED:
        return "…"
    of, by = parted(local.label)
    return Partial(of, (by,), local=local.direct)


def product(parts: Sequence[Piece]) -> list[Piece]:
    """Factors with a dot between them; of a long product the ends."""
    shown = list(parts)
    if len(parts) > LINKS:
        shown = [*parts[:4], "…", *parts[-3:]]
    return [piece for part in shown for piece in ("·", part)][1:]


def arrayed(answer: Answer) -> bool:
    """Whether an answer is more than one number."""
    return (
        any(size.number != 1 for size in answer.shape)
        or isinstance(answer.value, list)
        or answer.per_example is not None
    )


def count(value: Number) -> int:
    """How many numbers a value holds."""
    return sum(map(count, value)) if isinstance(value, list) else 1


def depth(value: Number) -> int:
    """How many axes a value has."""
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def unlike(whole: Expr, answer: Answer, names: Names) -> bool:
    """Does an expression with the answers put in say more than what was asked and the result?"""
    shown = (answer.symbolic, answer.question.expr)
    known = {written(expr, names) for expr in shown if expr is not None}
    return written(whole, names) not in known and len(written(whole, names)) <= LONG
