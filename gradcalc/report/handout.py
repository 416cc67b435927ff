"""A handout of one exercise: statement, figure, questions with points and room; and the key, each answer derived.

compose(solution, Sheet())  ->  Handout, data for the sheet and for the key at once: formats decide which is shown
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from gradcalc.calculus.notation.views import View
from gradcalc.derivation.answer_model import UNLISTED, Answer, Solution
from gradcalc.exercise.markdown import read, read_line
from gradcalc.exercise.model import Question, Value
from gradcalc.graph.printed_names import printed_names
from gradcalc.language.errors import SpanError
from gradcalc.language.formula_pieces import Factors, Number, Partial, Piece, Shaped, Values
from gradcalc.language.formula_styles import size_latex
from gradcalc.language.parser import Binary, Call, Expr, Index, Name, Neg, Num, parse
from gradcalc.language.shape_rules import ShapeError, shape_of
from gradcalc.language.sizes import Shape
from gradcalc.report.answer_report import LAYOUTS, asked
from gradcalc.report.figure import Sheet, picture
from gradcalc.report.handout_model import Derived, Handout, Part, Row, Said, Step, Summary
from gradcalc.report.labels import Label, label, tex_names

LONG = 72  # characters of a formula on one line; longer sums are broken
SHOWN = 30  # entries of an array that are printed
_ENGLISH = frozenset(("a", "is", "and", "so", "the", "of", "to", "it", "in", "by", "for", "as"))
LINKS = 10  # local derivatives of a path that are written out
PATHS = 4  # paths of a chain rule that are written out


def compose(solution: Solution, sheet: Sheet) -> Handout:
    """The handout of a solution. `sheet.solution` is left to the format."""
    return _Writer(solution, sheet).handout()


class _Writer:
    def __init__(self, solution: Solution, sheet: Sheet) -> None:
        self.solution, self.sheet, self.graph = solution, sheet, solution.graph
        self.exercise = solution.graph.exercise
        where = tuple(pair for answer in solution.answers for pair in answer.where)
        self.names = tex_names(printed_names(self.graph, where))
        self.digits = sheet.digits or self.exercise.notation.digits

    def handout(self) -> Handout:
        exercise, solution = self.exercise, self.solution
        parts = tuple(self.part(answer) for answer in solution.answers)
        worth = [part.points for part in parts if part.points is not None]
        return Handout(
            exercise.title or "Exercise", exercise.file, exercise.author, exercise.source,
            read(exercise.text) if exercise.text else (), tuple(self.given()),
            picture(solution, replace(self.sheet, solution=False)), picture(solution, replace(self.sheet, solution=True)),
            parts, self.summary(), sum(worth) if worth else None,
        )  # fmt: skip

    def label(self, *pieces: Piece, example: bool = False) -> Label:
        return label(self.names, *pieces, example=example)

    # ---- what is given

    def given(self) -> Iterator[Derived | Said]:
        exercise = self.exercise
        if not exercise.text:
            rows = []
            for definition in exercise.definitions:
                head: Expr = Name(definition.name)
                if definition.indices:
                    head = Index(head, tuple(map(Name, definition.indices)))
                rows += self.rows(
                    self.label(head), definition.expr, example=bool(self.graph.examples)
                )
            yield ("Consider",)
            yield Derived(tuple(rows))
        arrays = [
            name for name in self.graph.inputs if isinstance(exercise.values.get(name), tuple)
        ]
        shown = [name for name in arrays if entries(self.solution.inputs.get(name)) <= SHOWN]
        if shown:
            yield ("Given:",)
            yield Derived(
                tuple(
                    Row(self.label(Name(name)), self.equals(self.solution.inputs[name]))
                    for name in shown
                )
            )
        upstream: list[str | Label] = []
        for item in exercise.upstream:
            of = item.of or self.graph.outputs[-1]
            written = self.array(item.value)
            if written is not None:
                left = self.label(Partial(exercise.loss, (of,)), "=")
                upstream += [
                    *([", "] if upstream else []),
                    Label(f"{left.text} {written.text}", f"{left.latex} {written.latex}"),
                ]
        if upstream:
            yield ("Upstream gradient: ", *upstream, ".")
        if any(arrayed(answer) for answer in self.solution.answers):
            layouts = {answer.layout for answer in self.solution.answers if answer.kind != "shape"}
            for layout in sorted(layouts & LAYOUTS.keys()):
                yield (f"Layout: {layout} ({LAYOUTS[layout]}).",)

    def equals(self, value: Number) -> Label:
        return self.label("=", Values(value, self.digits))

    def array(self, value: Value) -> Label | None:
        """An upstream gradient as the author gave it."""
        if not isinstance(value, tuple):
            return self.label(value)
        rows = [item if isinstance(item, tuple) else None for item in value]
        if any(isinstance(part, tuple) for row in rows if row for part in row):
            return None
        lines = [
            [
                self.label(part)
                for part in (row if row is not None else (item,))
                if not isinstance(part, tuple)
            ]
            for row, item in zip(rows, value, strict=True)
        ]
        if rows[0] is None:
            lines = [[line[0] for line in lines]]
        text = ", ".join("[" + ", ".join(cell.text for cell in line) + "]" for line in lines)
        tex = r" \\ ".join(" & ".join(cell.latex for cell in line) for line in lines)
        return Label(
            text if len(lines) == 1 else f"[{text}]", rf"\begin{{bmatrix}} {tex} \end{{bmatrix}}"
        )

    # ---- questions

    def part(self, answer: Answer) -> Part:
        question = answer.question
        prompt = read_line(question.prompt) if question.prompt else ()
        room = 1.2 if answer.kind in ("shape", "value") else 3.2 if arrayed(answer) else 2.0
        return Part(self.ask(question), prompt, question.points, room, tuple(self.key(answer)))

    def ask(self, question: Question) -> Said:
        said: list[str | Label] = []
        for piece in asked(question):
            said.append(piece if isinstance(piece, str) else self.label(*piece.pieces))
        return ("The ", *said) if question.kind in ("shape", "value", "local") else tuple(said)

    # ---- the key

    def key(self, answer: Answer) -> Iterator[Step]:
        if answer.verified is not None and answer.verified.ok is False:
            yield ("This answer failed its check and is not shown.",)
            return
        if answer.kind == "shape":
            yield from self.shape(answer)
        elif answer.kind == "value":
            yield Derived(tuple(self.value(answer, self.label(Name(answer.question.of)))))
        else:
            yield from self.derivative(answer)
        for problem in (p for p in answer.warnings if p.slug != UNLISTED):
            yield (f"{problem.message}.",)

    def shape(self, answer: Answer) -> Iterator[Step]:
        yield (self.label(Name(answer.question.of)), ": ", self.label(Shaped(answer.shape)))
        if answer.stacked is not None and answer.stacked.shape != answer.shape:
            yield ("stacked over the examples: ", self.label(Shaped(answer.stacked.shape)))
        if answer.reason == "declared":
            of = self.graph.stacks.get(answer.question.of, answer.question.of)
            yield (
                self.label(Name(of)),
                " is declared as ",
                self.label(Shaped(self.graph.node(of).shape)),
                ".",
            )
        elif answer.reason:
            yield (*self.reason(answer.reason), ".")

    def reason(self, text: str) -> Iterator[str | Label]:
        """A sentence about shapes, its expressions and names as mathematics."""
        known = (self.names.shapes.keys() | self.exercise.size_names) - _ENGLISH
        for number, piece in enumerate(text.split("`")):
            if number % 2:
                try:
                    yield self.label(parse(piece))
                except SpanError:
                    yield piece
                continue
            for word in re.split(r"(\w+)", piece):
                yield self.label(Name(word)) if word in known else word

    def value(self, answer: Answer, left: Label) -> Iterator[Row]:
        if answer.symbolic is not None:
            yield from self.rows(left, answer.symbolic)
        yield from self.number(answer)

    def derivative(self, answer: Answer) -> Iterator[Step]:
        question, example = answer.question, answer.per_example is not None
        left = self.label(*self.asked(question))
        rows = self.chain_rule(answer, left)
        rows += self.written(answer, left if not rows else None, example)
        rows += self.number(answer)
        yield Derived(tuple(rows))
        if answer.free:
            yield ("entry by entry; free indices: ", ", ".join(answer.free))
        if answer.where:
            yield ("where",)
            yield Derived(
                tuple(
                    row
                    for name, expr in answer.where
                    for row in self.rows(self.label(Name(name)), expr)
                )
            )
        yield from self.other_forms(answer, left)
        yield from self.evaluated(answer)

    def chain_rule(self, answer: Answer, left: Label) -> list[Row]:
        """The paths of a chain as products of derivatives, and with these put in where that is short; [] for one link."""
        rows: list[Row] = []
        if not any(len(path) > 1 for path in answer.chain):
            return rows
        pieces = [
            self.product([Partial(*parted(local.label), local=local.direct) for local in path])
            for path in answer.chain[:PATHS]
        ]
        more = max(0, len(answer.chain) - PATHS) + answer.chain_rest
        rows += self.lines(left, [added(pieces)])
        if more:
            right = rows[-1].right
            dots = Label(right.text + " + …", right.latex + r" + \cdots")
            rows[-1] = replace(rows[-1], right=dots)
        locals_ = [[local.symbolic for local in path] for path in answer.chain]
        known = all(expr is not None for path in locals_ for expr in path)
        short = not more and max(map(len, answer.chain)) <= LINKS
        if known and short and not arrayed(answer) and not answer.question.entry:
            example = answer.per_example is not None
            factors = [
                self.label(
                    Factors(tuple(expr for expr in path if expr is not None)), example=example
                )
                for path in locals_
            ]
            plugged = added(factors)
            if len(plugged.text) <= 2 * LONG:
                rows += self.lines(None, [plugged])
        return rows

    def other_forms(self, answer: Answer, left: Label) -> Iterator[Step]:
        """The answer in stacks over the examples, and in short."""
        if (
            answer.stacked is not None
            and not answer.same
            and not answer.stacked.free
            and answer.stacked.symbolic != answer.symbolic
        ):
            yield ("Stacked over the examples:",)
            yield Derived(tuple(self.under(left, answer.stacked, False)))
        if answer.shorthand is not None:
            example = answer.per_example is not None
            yield (
                "In short: ",
                self.label(answer.shorthand.symbolic, example=example),
                f"; {answer.shorthand.sentence}.",
            )

    def evaluated(self, answer: Answer) -> Iterator[Step]:
        """An array at the given values, and a number times the upstream gradient."""
        if (
            isinstance(answer.value, list)
            and entries(answer.value) <= SHOWN
            and depth(answer.value) <= 2
        ):
            yield ("At the given values: ", self.label(Values(answer.value, self.digits)))
        if (
            answer.with_upstream is not None
            and not isinstance(answer.with_upstream, list)
            and not answer.question.loss
        ):
            gradient = Partial(self.exercise.loss, answer.question.by)
            value = Values(answer.with_upstream, self.digits)
            yield ("With the upstream gradient: ", self.label(gradient, "=", value))

    def asked(self, question: Question) -> tuple[Piece, ...]:
        return (Partial(question.of, question.by, question.entry or ()),)

    def written(self, answer: Answer, left: Label | None, example: bool) -> list[Row]:
        """The answer, and what it can be turned into."""
        if answer.symbolic is None:
            return []
        view = answer.per_example or View(answer.symbolic, answer.shape)
        rows = (
            self.under(left, view, example)
            if arrayed(answer)
            else self.rows(left, answer.symbolic, example)
        )
        known = {self.label(answer.symbolic).text}
        for other in (answer.simplified, answer.expanded):
            if (
                other is not None
                and (text := self.label(other).text) not in known
                and len(text) <= LONG
            ):
                known.add(text)
                rows += self.rows(None, other, example)
        return rows

    def number(self, answer: Answer) -> Iterator[Row]:
        value = answer.value
        if value is None or isinstance(value, list):
            return
        if (
            answer.symbolic is not None
            and self.label(answer.symbolic).text == self.label(Values(value, self.digits)).text
        ):
            return
        if answer.exact is not None and not isinstance(value, int):
            exact, number = self.label(answer.exact), self.label(Values(value, self.digits))
            if (
                exact.text not in (number.text, self.label(answer.symbolic or answer.exact).text)
                and len(exact.text) <= LONG
            ):
                yield Row(
                    None,
                    Label(
                        f"= {exact.text} ≈ {number.text}",
                        rf"= {exact.latex} \approx {number.latex}",
                    ),
                )
                return
        yield Row(None, self.equals(value))

    def product(self, parts: Sequence[Partial]) -> Label:
        labels = [self.label(part) for part in parts]
        if len(labels) > LINKS:
            labels = [*labels[:4], Label("…", r"\cdots"), *labels[-3:]]
        return Label(
            " · ".join(part.text for part in labels), r" \, ".join(part.latex for part in labels)
        )

    # ---- lines

    def lines(self, left: Label | None, rights: Sequence[Label]) -> list[Row]:
        return [
            Row(left if k == 0 else None, Label(f"= {r.text}", f"= {r.latex}"))
            for k, r in enumerate(rights)
        ]

    def rows(self, left: Label | None, expr: Expr, example: bool = False) -> list[Row]:
        """`left = expr`; a long sum over several lines."""
        whole = self.label(expr, example=example)
        if len(whole.text) <= LONG or not isinstance(expr, Binary) or expr.op not in "+-":
            return self.lines(left, [whole])
        rows: list[Row] = []
        text, tex, width = "=", "=", 0
        for sign, term in summands(expr):
            piece = self.label(term, example=example)
            if sign == "-" and isinstance(term, Neg):
                piece = Label(f"({piece.text})", f"({piece.latex})")
            if width and width + len(piece.text) > LONG:
                rows.append(Row(left if not rows else None, Label(text, tex)))
                text, tex, width = "    ", r"\quad", 0
            text, tex, width = (
                f"{text} {sign} {piece.text}".replace("=  ", "= "),
                f"{tex} {sign} {piece.latex}",
                width + len(piece.text) + 3,
            )
        return [*rows, Row(left if not rows else None, Label(text, tex))]

    def under(self, left: Label | None, view: View, example: bool) -> list[Row]:
        """An answer of arrays, the shape of each factor under it in TeX."""
        expr = view.symbolic
        plain = self.label(expr, example=example)
        shapes, latex = dict(self.names.shapes), dict(self.names.latex)
        count = 0

        def braced(part: Expr) -> Expr:
            nonlocal count
            try:
                shape = shape_of(part, self.names.shapes)
            except (
                ShapeError,
                SpanError,
                TypeError,
                KeyError,
                ValueError,
            ):  # it is then written without
                return part
            if not shape or all(size.number == 1 for size in shape):
                return part
            count += 1
            tag = f"factor#{count}"
            inner = self.label(part, example=example).latex
            if isinstance(part, Neg) or (isinstance(part, Binary) and part.op in "+-"):
                inner = rf"\left({inner}\right)"
            shapes[tag] = shape
            latex[tag] = rf"\underbrace{{{inner}}}_{{{dimensions(shape)}}}"
            return Name(tag)

        marked = factored(expr, braced)
        if count < 2 or len(plain.text) > LONG:
            return self.rows(left, expr, example)
        names = replace(self.names, shapes=shapes, latex=latex)
        return self.lines(left, [Label(plain.text, label(names, marked, example=example).latex)])

    # ---- analytic beside numeric

    def summary(self) -> Summary | None:
        answers = [
            a
            for a in self.solution.answers
            if a.kind not in ("shape", "value") and a.symbolic is not None
        ]
        answers = [a for a in answers if not (a.verified and a.verified.ok is False)]
        if len(answers) < 2:
            return None
        rows = []
        upstream = any(
            a.with_upstream is not None
            and not a.question.loss
            and not isinstance(a.with_upstream, list)
            for a in answers
        )
        for a in answers:
            example = a.per_example is not None
            assert a.symbolic is not None
            analytic = self.label(a.symbolic, example=example)
            if len(analytic.text) > LONG:
                continue
            number = self.small(a.value)
            rows.append(
                (
                    self.label(*self.asked(a.question)),
                    analytic,
                    number,
                    *([self.small(a.with_upstream)] if upstream else []),
                )
            )
        if not rows:
            return None
        head = ("derivative", "analytic", "numeric", *(["with upstream"] if upstream else []))
        return Summary(head, tuple(rows))

    def small(self, value: Number) -> Label | None:
        if value is None or entries(value) > 12 or depth(value) > 2:
            return None
        return self.label(Values(value, self.digits))


def arrayed(answer: Answer) -> bool:
    """Whether an answer is more than one number."""
    return (
        any(size.number != 1 for size in answer.shape)
        or isinstance(answer.value, list)
        or answer.per_example is not None
    )


def entries(value: Number) -> int:
    """How many numbers a value has."""
    return sum(map(entries, value)) if isinstance(value, list) else 1


def depth(value: Number) -> int:
    """How many axes a value has."""
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def parted(text: str) -> tuple[str, tuple[str, ...]]:
    """ "df/dq" as numerator and denominator."""
    of, _, by = text.partition("/")
    return of.removeprefix("d"), (by.removeprefix("d"),)


def summands(expr: Expr) -> list[tuple[str, Expr]]:
    """The terms of a sum with their signs; the first one's is empty."""
    found: list[tuple[str, Expr]] = []
    while isinstance(expr, Binary) and expr.op in "+-":
        found.append((expr.op, expr.right))
        expr = expr.left
    found.append(("", expr))
    return found[::-1]


def factored(expr: Expr, mark: Callable[[Expr], Expr]) -> Expr:
    """The expression with each factor of its top product marked; quotients and signs around it stay."""
    match expr:
        case Neg(arg):
            return Neg(factored(arg, mark))
        case Binary("/", left, right):
            return Binary("/", factored(left, mark), right)
        case Binary("*" | "@" as op, left, right):
            return Binary(op, factored(left, mark), factored(right, mark))
        case Call("sum", (body, *over), kwargs) if over:
            return Call("sum", (factored(body, mark), *over), kwargs)
        case Num():
            return expr
    return mark(expr)


def dimensions(shape: Shape) -> str:
    """A shape in TeX: n × m."""
    return r" \times ".join(map(size_latex, shape))


def added(parts: Sequence[Label]) -> Label:
    """The sum of terms, a negative one subtracted: a + b − c."""
    text, latex = parts[0].text, parts[0].latex
    for part in parts[1:]:
        negative = part.text[:1] in ("−", "-") and part.latex[:1] == "-"
        text += f" − {part.text[1:]}" if negative else f" + {part.text}"
        latex += f" - {part.latex[1:].lstrip()}" if negative else f" + {part.latex}"
    return Label(text, latex)
