"""An exercise as a module of array code: forward(**inputs), gradients(**inputs) and both in one
pass, with its own check.

One function, `_passes`, holds both passes, so that the backward pass uses what the forward pass
computed. The module needs the array library alone. Text of the exercise stands in comments, one
line each; names become identifiers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from textwrap import indent
from typing import Any

from gradcalc.calculus.notation.derivative_forms import Forms
from gradcalc.calculus.terms import Term
from gradcalc.codegen.backward_code import Stage, Staged, staged
from gradcalc.codegen.emit import Emitter
from gradcalc.codegen.identifiers import RESERVED, Identifiers, comment, quoted
from gradcalc.codegen.labelled_arrays import Arrays, Axes, Piece
from gradcalc.codegen.passes import (
    INDENT,
    Line,
    entries,
    functions,
    guarded,
    names_of_arguments,
    needed,
    words,
)
from gradcalc.codegen.rules import ARRAY_RULES
from gradcalc.codegen.selfcheck import selfcheck
from gradcalc.codegen.spelling import SUM, Spelling
from gradcalc.graph.model import Graph, Node
from gradcalc.graph.printed_names import printed_names
from gradcalc.graph.to_expression import tree
from gradcalc.language import formula
from gradcalc.language.errors import GradcalcError
from gradcalc.language.formula_styles import size_text
from gradcalc.language.parser import Expr
from gradcalc.language.shape_rules import ONE, Shape, Size, stacked
from gradcalc.ops import NODES
from gradcalc.version import __version__

LONG_SUM = 20  # terms


def module(graph: Graph, spelling: Spelling, file: str) -> str:
    """The text of the module. Raises GradcalcError where there is no code: an unknown function."""
    return _Module(graph, spelling, file).text()


class _Module:
    def __init__(self, graph: Graph, spelling: Spelling, file: str) -> None:
        self.original, self.spelling, self.file = graph, spelling, file
        self.staged: Staged = staged(graph)
        self.graph, self.engine = self.staged.graph, self.staged.engine
        self.names = Identifiers(RESERVED | {"_others", *spelling.helpers})
        self.variables: dict[int, str] = {}
        self.steps = 0  # unnamed ones that have a variable
        self.sizes: dict[str, str] = {}  # size -> the text that gives it
        self.used_sizes: dict[str, str] = {}
        self.arrays = Arrays(spelling)
        self.emit, self.backward_emit = (
            Emitter(self.engine, self.arrays, self.variables, self.size, ARRAY_RULES, masks)
            for masks in (False, True)
        )
        self.forms = Forms(self.engine, reading=self.staged.reading)
        partials = {
            f"d{self.staged.loss}_d{name}": (self.staged.loss, name) for name in self.graph.names
        }
        self.printed = replace(printed_names(graph), partials=partials)
        for name, number in self.graph.names.items():
            self.variables[number] = self.names(name)

    # ---- the passes

    def size(self, name: str) -> str:
        """The variable of a symbolic size; it is read where the passes begin."""
        if name not in self.used_sizes:
            self.used_sizes[name] = self.names(name)
        return self.used_sizes[name]

    def forward(self) -> Iterator[Line]:
        """Quantities, and unnamed steps that are used more than once, in order."""
        order = {
            number: name
            for name, number in self.graph.names.items()
            if name in self.graph.quantities
        }
        for number in sorted({*order, *self.shared()}):
            yield self.assigned(number, order.get(number), self.emit)

    def assigned(self, number: int, name: str | None, emit: Emitter) -> Line:
        node = self.engine.quantities.nodes[number]
        own = self.engine.quantities.fresh(number)
        positional, named = self.engine.quantities.full(node, own)
        axes = emit.stored(node, positional, named)
        piece = emit.value(number, positional, named, axes, fresh=True)
        piece = self.arrays.exact(self.arrays.array(piece), axes, emit.shape(axes))
        if name is None:
            self.steps += 1
            self.variables[number] = self.names.new(f"t{self.steps}")
            expr = (
                None
                if node.op in ("guard", "rest")
                else tree(self.engine.quantities.nodes, number, open_=True)
            )
            return Line(self.variables[number], piece.text, self.said(None, expr, node))
        formula = tree(self.original.nodes, self.original.names[name], open_=True)
        return Line(self.variables[number], piece.text, self.said(name, formula, node))

    def shared(self) -> set[int]:
        """Unnamed steps that have a variable: used twice and not for free, or used by the
        backward pass.
        """
        nodes, count, alive = (
            self.graph.nodes,
            [0] * len(self.graph.nodes),
            [False] * len(self.graph.nodes),
        )
        for number in range(len(nodes) - 1, -1, -1):
            if alive[number] or nodes[number].name is not None:
                for arg in nodes[number].args:
                    alive[arg] = True
                    # A template that names its operand twice would compute it twice.
                    op = NODES[nodes[number].op]
                    twice = op.signature == "elementwise" and op.code.count("{0}") > 1
                    count[arg] += 2 if twice else 1
        found = {
            n
            for n, node in enumerate(nodes)
            if node.name is None and count[n] > 1 and not NODES[node.op].cheap
        }
        twins = {(node.args, node.attrs["axis"]) for node in nodes if node.op == "softmax"}
        found |= {
            n
            for n, node in enumerate(nodes)
            if node.op == "log_softmax" and (node.args, node.attrs["axis"]) in twins
        }
        return found | {
            n for stage in self.staged.stages for n in self.needed(stage) if n < len(nodes)
        }

    def needed(self, stage: Stage) -> list[int]:
        """Unnamed nodes whose entries a stage uses."""
        found = set()
        for term in stage.terms:
            for expr in term.groups.values():
                for _, quantity, _ in self.engine.quantities.entries.entries(expr):
                    if (
                        isinstance(quantity, int)
                        and self.engine.quantities.nodes[quantity].name is None
                    ):
                        found.add(quantity)
        return sorted(found)

    def backward(self) -> Iterator[Line]:
        """One line for each gradient, in reverse order."""
        emit = self.backward_emit
        upstream = {name: self.variables[number] for name, number in self.staged.upstream.items()}
        for stage in self.staged.stages:
            for number in self.needed(stage):
                if number not in self.variables:
                    yield self.assigned(number, None, emit)
            node = self.engine.quantities.nodes[stage.node]
            positional, named = self.engine.quantities.full(node, stage.own)
            axes = emit.stored(node, positional, named)
            name = self.engine.quantities.nodes[stage.gradient].name or ""
            # A sum of very many terms would be nested deeper than Python compiles.
            parts = [stage.terms[n : n + LONG_SUM] for n in range(0, len(stage.terms), LONG_SUM)]
            shape = self.shape(stage, axes)
            pieces = [self.arrays.exact(emit.terms(part, axes), axes, shape) for part in parts]
            if len(pieces) == 1 and pieces[0].text == upstream.get(
                stage.name
            ):  # it is what comes from outside
                self.variables[stage.gradient] = pieces[0].text
                continue
            variable = self.variables[stage.gradient] = self.names.new(name)
            said = self.gradient(stage, node) if len(parts) == 1 else None
            yield Line(variable, pieces[0].text, self.said(name, said, node))
            for piece in pieces[1:]:
                yield Line(variable, f"{variable} + {piece.at(SUM + 1)}")

    def shape(self, stage: Stage, axes: Axes) -> str:
        """The shape of a gradient: from the sizes where the inputs give them, so that the
        quantity is not needed for it.
        """
        names = {name for axis in axes if axis is not None for name in axis.size.names}
        return (
            self.emit.shape(axes)
            if names <= self.solved_sizes.keys()
            else f"{self.variables[stage.node]}.shape"
        )

    def gradient(self, stage: Stage, node: Node) -> Expr | None:
        """The formula of a stage, per example."""
        each = {ix: ix.label for ix in stage.own if ix.label in self.graph.examples and ix.label}
        try:
            terms = [self.unguarded(term) for term in stage.terms]
            form = self.forms.form_of(
                terms, tuple(ix for ix in stage.own if ix not in each), each, node.shape
            )
        except GradcalcError:
            return None
        return form.expr

    def unguarded(self, term: Term) -> Term:
        """A term with the norms themselves where guarded ones stand, and a product over its
        entry for those of others.
        """
        engine = self.engine

        def plain(expr: Any) -> Any:
            table = {}
            for symbol, quantity, at in engine.quantities.entries.entries(expr):
                node = engine.quantities.nodes[quantity] if isinstance(quantity, int) else None
                if node is not None and node.op == "guard":
                    table[symbol] = engine.quantities.entry(node.args[0], at)
                elif node is not None and node.op == "rest":
                    product = engine.quantities.entry(
                        node.args[1], engine.quantities.multiplied(quantity, at)
                    )
                    table[symbol] = product / engine.quantities.entry(node.args[0], at)
            return expr.xreplace(table) if table else expr

        return replace(term, groups={key: plain(expr) for key, expr in term.groups.items()})

    def said(self, name: str | None, expr: Expr | None, node: Node) -> str:
        """name = formula: shape"""
        left = f"{formula.text(self.name(name), self.printed)} = " if name else ""
        right = formula.text(expr, self.printed) if expr is not None else ""
        shape = stacked(node.shape, *(self.graph.indices[index] for index in node.over))
        return comment(
            f"{left}{right}: {shown(shape)}"
            if right and shape
            else f"{left}{right}"
            if right
            else shown(shape)
        )

    @staticmethod
    def name(name: str) -> Expr:
        from gradcalc.language.parser import Name

        return Name(name)

    # ---- arguments

    def arguments(self) -> Iterator[Line]:
        """Inputs, then the sizes that the passes use, read from the inputs' shapes."""
        for name in self.graph.inputs:
            node = self.graph.node(name)
            shape = stacked(node.shape, *(self.graph.indices[index] for index in node.over))
            whole = name in self.graph.integers
            kind = "int" if whole else "dtype"
            said = shown(shape) + (", whole numbers from 0" if whole else "")
            said += ", examples on the last axis" if node.over else ""
            yield Line(
                self.names(name), f"_array(inputs, {quoted(name)}, {len(shape)}, {kind})", said
            )

    def read_sizes(self) -> Iterator[Line]:
        known = self.solved_sizes
        for name, variable in list(self.used_sizes.items()):
            yield Line(variable, known.get(name, f"int(inputs[{quoted(name)}])"))

    @cached_property
    def solved_sizes(self) -> dict[str, str]:
        """Every size that the shape of an input gives, as text: n from n, or N from N − 1."""
        found: dict[str, str] = {}
        axes: list[tuple[Size, str]] = []
        for name in self.graph.inputs:
            node = self.graph.node(name)
            shape = stacked(node.shape, *(self.graph.indices[index] for index in node.over))
            axes += [(size, f"{self.names(name)}.shape[{axis}]") for axis, size in enumerate(shape)]
        for size, text in axes:
            if len(size.terms) == 1 and size.terms[0][1] == 1 and len(size.terms[0][0]) == 1:
                found.setdefault(size.terms[0][0][0], text)
        for size, text in axes:  # name + number
            alone = [m[0] for m, c in size.terms if len(m) == 1 and c == 1]
            rest = size - alone[0] if len(alone) == 1 else None
            if rest is not None and rest.number is not None and alone[0] not in found:
                found[alone[0]] = f"{text} {'+' if rest.number < 0 else '-'} {abs(rest.number)}"
        return found

    def upstream(self) -> Iterator[Line]:
        """The gradients of the loss that come from outside; 1 where the quantity is a number."""
        for quantity, number in self.staged.upstream.items():
            if number in self.variables:
                continue
            node = self.graph.node(quantity)
            name = self.engine.quantities.nodes[number].name or ""
            shape = stacked(node.shape, *(self.graph.indices[index] for index in node.over))
            self.variables[number] = self.names.new(name)
            one = "[" * len(shape) + "1.0" + "]" * len(shape)
            default = f", default={one}" if all(size == ONE for size in shape) else ""
            given = f"_array(inputs, {quoted(name)}, {len(shape)}, dtype{default})"
            yield Line(
                self.variables[number],
                given,
                comment(f"gradient of the loss at {quantity}: {shown(shape)}"),
            )

    # ---- the module

    def text(self) -> str:
        forward = list(self.forward())
        upstream = list(self.upstream())
        backward = list(self.backward())
        gradients = self.gradients()
        output = self.names(self.graph.outputs[-1])
        kept, rest = needed(forward, words(*backward, *(Line("", v) for v in gradients.values())))
        valued, rest = needed(rest, {output})
        written = words(*forward, *backward)
        self.used_sizes = {name: word for name, word in self.used_sizes.items() if word in written}
        arguments, sizes = list(self.arguments()), list(self.read_sizes())
        extra = [name for name in self.used_sizes if name not in self.solved_sizes]
        ups = [
            self.engine.quantities.nodes[n].name or ""
            for n in self.staged.upstream.values()
            if n >= len(self.graph.nodes)
        ]
        passes = [
            "def _passes(inputs, valued, wrt):",
            "    if not inputs.keys() <= ARGUMENTS:",
            '        raise TypeError(f"unknown argument {min(inputs.keys() - ARGUMENTS)}")',
            "    dtype = _dtype(inputs)",
            *map(str, arguments),
            *map(str, sizes),
            "",
            "    # forward",
            *map(str, kept),
            *(["    if valued:"] if valued else []),
            *(indent(str(line), INDENT) for line in valued),
            "    if wrt is None:",
            *(indent(str(line), INDENT) for line in rest),
            "        return {",
            *(
                indent(line, INDENT)
                for line in entries((name, self.names(name)) for name in self.graph.quantities)
            ),
            "        }",
            "",
            "    # backward",
            *map(str, upstream),
            *(guarded(backward, gradients) if self.arrays_occur() else map(str, backward)),
            "    found = {",
            *entries(gradients.items()),
            "    }",
            "    if wrt is not ALL:",
            "        found = {name: found[name] for name in GRADIENTS if name in wrt}",
            f"    return {output} if valued else None, found",
        ]
        return self.joined("\n".join(passes), extra, ups, list(gradients))

    def gradients(self) -> dict[str, str]:
        """Input -> the text of its gradient."""
        found = {stage.node: self.variables[stage.gradient] for stage in self.staged.stages}
        return {
            name: found.get(
                self.graph.names[name],
                self.arrays.call("{zeros_like}", Piece(self.names(name))).text,
            )
            for name in self.graph.inputs
            if name not in self.graph.integers and name not in self.graph.constants
        }

    def arrays_occur(self) -> bool:
        """Whether leaving a line out saves more than asking about it costs."""
        return any(node.shape or node.over for node in self.graph.nodes)

    def joined(self, passes: str, extra: list[str], ups: list[str], gradients: list[str]) -> str:
        """The whole module around `_passes`. `extra`: the sizes that are arguments."""
        inputs = (*self.graph.inputs, *extra)
        known = {"_others": self.spelling.fill(_OTHERS)[0], **self.spelling.helpers}
        helpers = [text for name, text in known.items() if f"{name}(" in passes]
        imports = list(self.spelling.imports)
        if any("math." in text for text in helpers):
            imports.insert(0, "import math")
        floating = self.spelling.words["FLOAT"]
        head = (
            self.head(),
            "\n".join(imports),
            names_of_arguments(inputs, ups, gradients, floating),
        )
        output = self.graph.outputs[-1]
        parts = [
            "\n\n".join(head),
            *helpers,
            functions(comment(output), (*inputs, *ups)),
            passes,
            *selfcheck(self.original, self.staged, self.spelling, extra),
        ]
        return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"

    def head(self) -> str:
        exercise = self.original.exercise
        lines = [
            f'"""Forward and backward pass in {self.spelling.title}, written by gradcalc '
            f"{__version__}.",
            "",
            "forward(**inputs)              every quantity, by name",
            "gradients(**inputs)            the gradient of the loss at every real input, in the "
            "shape of the input",
            "value_and_gradients(**inputs)  the value of the output and the gradients, in one pass",
            "",
            "Per-example quantities are stacks, with the examples on the last axis. float32 stays "
            "float32. Run this file to",
            "check the gradients; the exit code is 1 if one differs.",
            '"""',
            "",
        ]
        said = [
            exercise.title or "",
            f"from {self.file}" if self.file else "",
            exercise.source or "",
        ]
        lines += [f"# {comment(text)}" for text in said if comment(text)]
        return "\n".join(lines)


def shown(shape: Shape) -> str:
    """A shape in a comment: [n], n×m, a number."""
    if len(shape) == 1:
        return f"[{size_text(shape[0])}]"
    return "×".join(size_text(size) for size in shape) or "a number"


_OTHERS = '''
def _others(x, axes):
    """The product of all other entries along axes, without a division: an entry may be 0."""
    first = tuple(range(len(axes)))
    moved = {xp}.moveaxis(x, axes, first)
    flat = moved.reshape(-1, *moved.shape[len(axes) :])
    one = {xp}.ones_like(flat[:1])
    before = {xp}.cumprod({concatenate}([one, flat[:-1]]), 0)
    after = {xp}.flip({xp}.cumprod({concatenate}([one, {xp}.flip(flat[1:], (0,))]), 0), (0,))
    return {xp}.moveaxis((before * after).reshape(moved.shape), first, axes)
'''
