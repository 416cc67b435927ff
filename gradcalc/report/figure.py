"""The computational graph as a picture: what stands in every node and on every wire. layout.py says
where.

    picture(solution, Sheet())                 values forward, ? for every gradient
    picture(solution, Sheet(solution=True))    the gradients too, symbolic ones in a list below
                                               where they are long

A vertex is an input or a named quantity; with `gates`, an elementary operation (constants stand in
the gate: ×2, x²).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.exercise.model import Exercise, Question
from gradcalc.graph.printed_names import printed_names
from gradcalc.graph.to_expression import tree
from gradcalc.language.errors import GradcalcError
from gradcalc.language.formula_pieces import Math, Partial, Piece, Shaped, Values
from gradcalc.language.parser import Name, Num
from gradcalc.language.typography import for_terminal, read
from gradcalc.numeric.scalar_gradients import Wires, flow, is_scalar
from gradcalc.ops import COMPARISONS, NODES
from gradcalc.report.labels import Label, fused, label, note, scaled, sign, tex_names
from gradcalc.report.lines import text_math
from gradcalc.report.paper_notation import paper_latex

MOST = 40  # vertices; beyond it a table says the same better
WIDE = 26  # characters of a formula that still stands in a box
SHORT = 12  # characters of a gradient that stands below its wire
# Where an exercise does not say which inputs are data, and all its letters are among these, they
# tell.
PARAMETERS, DATA = frozenset("wWbcuUvVθΘφβγ"), frozenset("xXyYth")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet shows. blank_all: the forward values of quantities are asked too; detail: how
    much the key says; paper, lang: in place of the exercise's.
    """

    solution: bool = False
    blank_all: bool = False
    gates: bool = False
    digits: int | None = None
    detail: str = "normal"
    paper: str | None = None
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Vertex:
    """kind: input, parameter, constant or gate; from, to: where a wire of a folded picture goes on.
    above: the value forward; below: the gradient; name: of an input or a quantity, and `key` as
    exercises write it; passes: what stands below on each pass of a walk, in place of `below`.
    """

    kind: str
    label: Label
    above: Label | None = None
    below: Label | None = None
    name: Label | None = None
    key: str = ""
    passes: tuple[Label | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """From vertex to vertex, in the order of the operands. share: this wire's part of a gradient
    that is a sum.
    """

    source: int
    target: int
    share: Label | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure before it is laid out: vertices, wires, title and what a legend has to say."""

    vertices: tuple[Vertex, ...]
    wires: tuple[Wire, ...]
    title: str
    description: str
    of: Label  # the quantity whose gradients stand below the wires
    notes: tuple[
        tuple[Label, Label], ...
    ] = ()  # a mark in the picture, and the formula it stands for
    shapes: bool = False  # what stands above the wires: shapes, or values

    @property
    def crowded(self) -> bool:
        return len(self.vertices) > MOST

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(vertex.kind for vertex in self.vertices)


ONE = Num(Fraction(1))
UNKNOWN = Label("?", "?")


def picture(solution: Solution, sheet: Sheet) -> Picture:
    """The picture of a solution's graph."""
    return _Artist(solution, sheet).picture()


def sketch(exercise: Exercise) -> Solution:
    """A solution without answers: the graph and the values of its inputs, all that a picture
    needs. Raises GradcalcError.
    """
    from gradcalc.graph.build import build
    from gradcalc.numeric.oracle import Oracle

    graph = build(exercise)
    given = Oracle(graph).given
    return Solution(
        graph, (), {}, {}, {name: given.lists(name) for name in graph.inputs}, {}, graph.warnings
    )


class _Artist:
    def __init__(self, solution: Solution, sheet: Sheet) -> None:
        self.solution, self.sheet, self.graph = solution, sheet, solution.graph
        self.exercise = solution.graph.exercise
        self.names = tex_names(printed_names(self.graph))
        self.digits = sheet.digits or self.exercise.notation.digits
        self.notes: list[tuple[Label, Label]] = []
        self.constant = self.constants()

    @cached_property
    def flow(self) -> Wires | None:
        return flow(self.graph) if is_scalar(self.graph) else None

    # ---- which nodes are drawn

    def constants(self) -> frozenset[int]:
        """Nodes that no input reaches."""
        found: set[int] = set()
        for n, node in enumerate(self.graph.nodes):
            if node.op != "input" and node.name is None and all(arg in found for arg in node.args):
                found.add(n)
        return frozenset(found)

    @cached_property
    def members(self) -> tuple[int, ...]:
        if not self.sheet.gates:
            return tuple(sorted(self.graph.names.values()))
        found: set[int] = set()
        for n, node in enumerate(self.graph.nodes):
            if n in self.constant:
                continue
            found.add(n)
            if not self.takes_constants(n):
                found.update(arg for arg in node.args if arg in self.constant)
        return tuple(sorted(found))

    def takes_constants(self, n: int) -> bool:
        """Whether the constants among a node's operands are written in its gate."""
        node = self.graph.nodes[n]
        varying = sum(arg not in self.constant for arg in node.args)
        return bool(NODES[node.op].partials) and varying == 1

    @cached_property
    def drawn(self) -> frozenset[int]:
        return frozenset(self.members)

    def sources(self, n: int) -> list[int]:
        """The drawn nodes a drawn node is computed from, in the order of the operands."""
        found: list[int] = []
        stack = list(reversed(self.graph.nodes[n].args))
        seen: set[int] = set()
        while stack:
            at = stack.pop()
            if at in self.drawn:
                if self.sheet.gates or at not in found:
                    found.append(at)
            elif at not in seen:
                seen.add(at)
                stack.extend(reversed(self.graph.nodes[at].args))
        return found

    # ---- the picture

    def picture(self) -> Picture:
        order = self.ordered()
        position = {n: k for k, n in enumerate(order)}
        vertices = tuple(self.vertex(n) for n in order)
        wires: list[Wire] = []
        out: dict[int, int] = {}
        for n in order:
            for source in self.sources(n):
                out[source] = out.get(source, 0) + 1
        for n in order:
            shares = iter(self.shares(n))
            for source in self.sources(n):
                share = next(shares)
                several = (
                    out[source] > 1
                    and self.flow is not None
                    and vertices[position[source]].below is not None
                )
                wires.append(Wire(position[source], position[n], share if several else None))
        return Picture(
            vertices,
            tuple(wires),
            self.title,
            self.description(vertices),
            label(self.names, Name(self.loss)),
            tuple(self.notes),
            self.flow is None and self.shaped,
        )

    def ordered(self) -> list[int]:
        """Inputs as declared, then the rest as computed."""
        inputs = [self.graph.names[name] for name in self.graph.inputs]
        return [*inputs, *(n for n in self.members if n not in set(inputs))]

    @property
    def title(self) -> str:
        return self.exercise.title or "Computational graph"

    @property
    def loss(self) -> str:
        return self.exercise.loss if self.exercise.upstream else self.graph.outputs[-1]

    def description(self, vertices: Sequence[Vertex]) -> str:
        """The picture in words, with the values and gradients that stand in it."""
        lines = []
        for d in self.exercise.definitions:
            head = text_math(Math((Name(d.name),)), self.names)
            lines.append(f"{head} = {text_math(Math((d.expr,)), self.names)}")
        said = []
        joint = "=" if self.flow is not None else ":"
        for vertex in vertices:
            if vertex.kind == "constant" or vertex.name is None:
                continue
            own = vertex.above.text if vertex.above else ""
            first = vertex.name.text
            shown = own if own.startswith(first) else f"{first} {joint} {own}" if own else first
            below = vertex.below.text if vertex.below else ""
            ending = f", gradient {'to be filled in' if below == '?' else below}" if below else ""
            said.append(shown.replace("?", "to be filled in") + ending)
        return for_terminal(f"Computational graph of {'; '.join(lines)}. {'; '.join(said)}.")

    def vertex(self, n: int) -> Vertex:
        node = self.graph.nodes[n]
        if n in self.constant:
            return Vertex("constant", label(self.names, tree(self.graph.nodes, n)))
        if node.op == "input":
            return Vertex(
                self.kind(node.name or ""),
                label(self.names, Name(node.name or "")),
                self.above(n),
                self.below(n),
                label(self.names, Name(node.name or "")),
            )
        name = label(self.names, Name(node.name)) if node.name else None
        return Vertex("gate", self.gate(n), self.above(n), self.below(n), name)

    def kind(self, name: str) -> str:
        """Data or parameter. What there is one of for each example is data, and so are integers and
        constants; of the rest the letters tell, where they are those that courses use.
        """
        graph = self.graph
        data = {
            other
            for other in graph.inputs
            if graph.node(other).over or other in graph.integers or other in graph.constants
        }
        letter = read(name).body
        if name in data:
            return "input"
        if any(graph.node(other).over for other in data):
            return "input" if letter in DATA else "parameter"
        letters = {read(other).body for other in graph.inputs if other not in data}
        telling = letters & PARAMETERS and (data or letters & DATA) and letters <= PARAMETERS | DATA
        return "parameter" if telling and letter in PARAMETERS else "input"

    # ---- gates

    def gate(self, n: int) -> Label:
        node = self.graph.nodes[n]
        elementary = all(arg in self.drawn or arg in self.constant for arg in node.args)
        array = not NODES[node.op].partials
        if elementary and (self.sheet.gates or not array):
            if self.takes_constants(n) and len(node.args) > 1:
                return fused(self.names, self.graph.nodes, n, self.constant)
            return sign(node)
        assert node.name is not None
        definition = next(d for d in self.exercise.definitions if d.name == node.name)
        if (gate := scaled(self.names, definition.expr)) is not None:
            return gate
        whole = label(self.names, definition.expr)
        if len(whole.text) <= WIDE:
            return whole
        mark = label(self.names, Name(node.name))
        self.notes.append((mark, note(self.names, definition.expr)))
        return mark

    # ---- on the wires

    def above(self, n: int) -> Label | None:
        """The value of a number, the shape of an array; with the name, where it is not written
        in the node.
        """
        node = self.graph.nodes[n]
        named: list[Piece] = [Name(node.name)] if node.name and node.op != "input" else []
        if self.flow is not None:
            value = self.flow.values[n]
            if self.hidden(n):
                return label(self.names, *named, *(["="] if named else []), "?")
            if value is None or isinstance(value, bool):
                return label(self.names, *named) if named else None
            return label(
                self.names, *named, *(["="] if named else []), Values(tidy(value), self.digits)
            )
        if not self.shaped:
            return label(self.names, *named) if named else None
        shape: list[Piece] = [Shaped(node.shape)] if node.shape or not named else []
        if not self.sheet.solution and ("shape", node.name) in self.asked:
            shape = ["?"]
        return label(self.names, *named, *([":"] if named and shape else []), *shape)

    @cached_property
    def shaped(self) -> bool:
        """Whether anything is an array."""
        return any(node.shape or node.over for node in self.graph.nodes)

    def hidden(self, n: int) -> bool:
        """Whether a value is for the reader to find."""
        node = self.graph.nodes[n]
        if self.sheet.solution or node.op == "input":
            return False
        return self.sheet.blank_all or ("value", node.name) in self.asked

    @cached_property
    def asked(self) -> frozenset[tuple[str, str]]:
        """Values and shapes that are asked: a blank sheet must not show them."""
        return frozenset((question.kind, question.of) for question in self.exercise.questions)

    def below(self, n: int) -> Label | None:
        node = self.graph.nodes[n]
        if (
            node.name in self.graph.integers
            or node.name in self.graph.constants
            or node.op in COMPARISONS
        ):
            return None
        given = self.given(n)
        if given is not None:
            return given
        if not self.has_gradient:
            return None
        if not self.sheet.solution:
            return UNKNOWN
        if self.flow is not None and not any(value is None for value in self.flow.values):
            value = self.flow.gradients[n]
            if value is not None or node.name is None:
                return self.number(0.0 if n not in self.reached else value)
        return self.symbolic(n)

    @cached_property
    def reached(self) -> frozenset[int]:
        """Nodes from which a path leads to the loss."""
        found = {
            self.graph.names[item.of or self.graph.outputs[-1]] for item in self.exercise.upstream
        }
        found |= set() if found else {self.graph.names[self.graph.outputs[-1]]}
        for n in range(len(self.graph.nodes) - 1, -1, -1):
            if n in found:
                found.update(self.graph.nodes[n].args)
        return frozenset(found)

    @cached_property
    def has_gradient(self) -> bool:
        """Whether there is a number to differentiate."""
        output = self.graph.node(self.graph.outputs[-1])
        one = not output.over and all(size.number == 1 for size in output.shape)
        return bool(self.exercise.upstream) or one

    def given(self, n: int) -> Label | None:
        """The upstream gradient at an output that nothing else uses: it is part of the question."""
        node = self.graph.nodes[n]
        if node.name not in self.graph.outputs:
            return None
        here = [
            item
            for item in self.exercise.upstream
            if (item.of or self.graph.outputs[-1]) == node.name
        ]
        if len(here) == 1:
            value = here[0].value
            if isinstance(value, tuple):
                return label(self.names, Partial(self.loss, (node.name,)))
            return label(self.names, value)
        if not self.exercise.upstream and node.name == self.graph.outputs[-1] and self.has_gradient:
            return label(self.names, ONE)
        return None

    def number(self, value: float | None) -> Label | None:
        return None if value is None else label(self.names, Values(tidy(value), self.digits))

    def shares(self, n: int) -> Iterator[Label | None]:
        """What each edge into a vertex contributes, in the order of `sources`."""
        if self.flow is None:
            yield from (None for _ in self.sources(n))
            return
        if self.sheet.gates:
            operands = [k for k, arg in enumerate(self.graph.nodes[n].args) if arg in self.drawn]
            values = [self.flow.share(n, k) for k in operands]
        else:
            found = self.flow.shares(n, self.drawn)
            values = [found.get(source) for source in self.sources(n)]
        for value in values:
            yield (
                UNKNOWN
                if not self.sheet.solution
                else self.number(0.0 if n not in self.reached else value)
            )

    @cached_property
    def solver(self) -> Any:
        from gradcalc.derivation.solve import Solver

        return Solver(self.graph, "matrix", "gradient")

    def symbolic(self, n: int) -> Label | None:
        """The gradient at a node as a formula, checked; long ones stand in the notes."""
        node = self.graph.nodes[n]
        if node.name == self.loss:
            return label(self.names, ONE)
        answer = self.answered(n)
        if answer is None or answer.symbolic is None:
            return None
        if answer.verified and answer.verified.ok is False:
            return None
        names = tex_names(printed_names(self.graph, answer.where))
        whole = note(names, answer.symbolic, answer.per_example is not None)
        for other, expr in answer.where:
            mark = label(names, Name(other))
            if expr != Name(other) and all(known.text != mark.text for known, _ in self.notes):
                self.notes.append((mark, note(names, expr)))
        if len(whole.text) <= SHORT and not answer.free:
            return whole
        if node.name is None:
            mark = label(self.names, Name(f"g_{len(self.notes) + 1}"))
            self.notes.append((mark, whole))
            return mark
        partial = label(names, Partial(self.loss, (node.name,)))
        places = Partial(self.loss, (node.name,), places=((), answer.free))
        left = Label(partial.text, paper_latex(Math((places,)), names)) if answer.free else partial
        if all(known.text != left.text for known, _ in self.notes):
            self.notes.append((left, whole))
        return partial

    def answered(self, n: int) -> Answer | None:
        """The derivative of the loss by a node, named or not."""
        node, loss = self.graph.nodes[n], bool(self.exercise.upstream)
        question = Question("", "derivative", self.loss, (node.name or "",), loss=loss)
        try:
            if node.name:
                found: Answer = self.solver.answer(question)
                return found
            writer = self.solver.answerer
            of = writer.numerator(question)
            answer: Answer = writer.written(question, writer.total(of, n), of, [n], False)
            return answer
        except (GradcalcError, KeyError, ValueError, AttributeError):
            return None  # there is no formula for it


def tidy(value: float) -> float | int:
    """A float without the dust of its arithmetic."""
    near = round(value, 12)
    return int(near) if near == int(near) and abs(near) < 10**15 else value
