"""Hints for one question, a little more at each level: the rule's name, the local derivative, the
step.

compose_hint(derivation, options, 1)  ->  Report
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcalc.derivation.elementary_steps import telling
from gradcalc.derivation.step_model import Derivation, Path, Step
from gradcalc.language.formula_pieces import Cell, Line, Number, Partial, line, math
from gradcalc.language.parser import Expr, Name
from gradcalc.report.blocks import (
    Block,
    Column,
    Heading,
    Options,
    Paragraph,
    Report,
    Table,
    table,
)
from gradcalc.report.step_table import Board
from gradcalc.report.step_way import capital

LEVELS = 3


def compose_hint(derivation: Derivation, options: Options, level: int) -> Report:
    """The hint of a level for the one answer that a derivation explains."""
    board = Board(derivation, "normal", options.digits)
    steps = [step for one in derivation.passes for step in one.steps]
    title: Line = (f"Hint {level} of {LEVELS}",)
    if steps:
        title = line(f"Hint {level} of {LEVELS}: ", steps[-1].gradient)
    blocks: list[Block] = [Heading(title, 1)]
    if steps:
        last = level == LEVELS
        blocks.append(board.step(steps[-1], "") if last else hint(steps, board, level))
    return Report(
        tuple(blocks), derivation.names, board.graph.exercise.title, board.graph.exercise.file
    )


def hint(steps: Iterable[Step], board: Board, level: int = 1) -> Table:
    """What the quantities on the way are used in, the rules, and from the second level on the
    local derivatives.
    """
    rows: list[list[Cell]] = []
    for step in steps:
        for path in step.paths:
            if path.through is not None:
                local: Cell = tuple(locals_(step, path)) if level > 1 else ()
                rows.append([board.defined(path.through), ((named(path),)), local])
    columns = [Column("used in"), Column("rule", answer=True), Column("local derivative")]
    return table(columns, rows)


def in_words(step: Step, board: Board) -> Iterator[Paragraph]:
    """The chain rule along each path of a step in plain words, with its numbers."""
    for path in step.paths:
        if path.through is None:
            continue
        x, q, f = Name(step.quantity), Name(path.through), Name(step.of)
        arrays = path.local is None or path.local.shape or path.product.shape
        if arrays and path.upstream:
            one = line(Partial(step.of, (path.through,)), " tells how ", f, " changes with ", q)
            other = line(Partial(path.through, (step.quantity,)), " tells how ", q)
            more = line("; ", other, " changes with ", x, ". Multiply the two, and add over all ")
            yield Paragraph(line(one, more, "entries of ", q, " that depend on ", x, "."))
        elif arrays:
            tells = line(step.gradient, " tells how ", f, " changes with each entry of ", x)
            yield Paragraph(line(tells, "."))
        else:
            local = changes(x, q, Partial(path.through, (step.quantity,)), path.local_value, board)
            if not path.upstream:
                yield Paragraph(line("In words: ", local, "."))
                continue
            above = Partial(step.of, (path.through,))
            upstream = changes(q, f, above, path.upstream_value, board)
            yield Paragraph(line("In words: ", local, "; ", upstream, ". Multiply the two."))


def changes(by: Expr, of: Expr, slope: Partial, value: Number, board: Board) -> Line:
    """a small change of x changes q by ∂q/∂x = 2 times as much"""
    factor = math(slope, *board.equals(value))
    return line("a small change of ", by, " changes ", of, " by ", factor, " times as much")


def named(path: Path) -> Line:
    """The names of the rules on a path."""
    rules = [rule for rule in path.rules if telling(rule.operation, rule.operand)]
    return (capital(", ".join(dict.fromkeys(rule.name for rule in rules or path.rules))),)


def locals_(step: Step, path: Path) -> Iterator[Line]:
    """The local derivative of a path, in short where the literature writes it so."""
    if path.local is None:
        return
    example = bool(path.local.each)
    entry = f" with entries indexed [{', '.join(path.local.free)}]" if path.local.free else ""
    found = math(
        Partial(path.through or "", (step.quantity,)), "=", path.local.symbolic, example=example
    )
    yield line(found, entry)
    if path.shorthand is not None:
        yield line("in short ", path.shorthand.symbolic, example=example)
