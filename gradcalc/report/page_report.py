"""An exercise as a page to play with: the sheet, the walk through its derivation in symbols, and
the formulas whose numbers the page computes anew when a value changes.

    compose_page(derivation, Sheet())                    statement and figure alone, no answers
    compose_page(derivation, Sheet(solution=True))       the walk and the key too
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gradcalc.derivation.answer_model import Solution
from gradcalc.derivation.step_model import Derivation, Pass, Path, Quantity, Step
from gradcalc.derivation.total_derivatives import upstream_name
from gradcalc.exercise.model import Question, Value
from gradcalc.exercise.vary_model import Domain, Drawn
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.formula_pieces import Names, Number, Partial, line, math
from gradcalc.language.parser import Name, names
from gradcalc.language.sizes import Shape
from gradcalc.marking.points import ends_of_pieces
from gradcalc.numeric.evaluation_points import given_point
from gradcalc.numeric.forward import leaf
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import Env
from gradcalc.report.answer_report import Ending, answer_notes
from gradcalc.report.blocks import Block, Note, Options, Paragraph, Report, Table
from gradcalc.report.explanation import Page, pages
from gradcalc.report.figure import Picture, Sheet, Vertex, picture
from gradcalc.report.handout import compose
from gradcalc.report.hints import hint
from gradcalc.report.labels import Label, label
from gradcalc.report.page_model import Edge, Field, Formula, Help, PlayPage, Run, Stage, Term
from gradcalc.report.paper_notation import tex_names
from gradcalc.report.step_table import Board
from gradcalc.report.step_way import literal


def _checked(solution: Solution, options: Options, right: int, of: int) -> Iterator[Block]:
    """What is said at the end, for students: nothing of the methods of a check that found all
    right.
    """
    checks = [answer.verified for answer in solution.answers if answer.kind != "shape"]
    whole = right == of and all(check is not None and check.ok for check in checks)
    for block in answer_notes(solution, options, right, of):
        if not (whole and isinstance(block, Note) and block.kind == "check"):
            yield block
    if whole:
        yield Paragraph(("All answers were checked numerically.",))


ENDING = Ending(_checked)
ROOM = "-0.00000"  # the longest number that is expected on a wire


def compose_page(
    derivation: Derivation, sheet: Sheet, variants: Sequence[Mapping[str, Drawn]] = ()
) -> PlayPage:
    """The page of a derivation; with `sheet.solution` the walk and the key are on it."""
    solution = derivation.solution
    blank = compose(solution, replace(sheet, solution=False))
    names_ = tex_names(derivation.names)
    digits = sheet.digits or derivation.graph.exercise.notation.digits
    key = compose(solution, sheet, derivation) if sheet.solution else None
    plain = _symbolic(derivation)
    parts = derivation.graph.exercise.page_parts
    moves = "walk" in parts or "values" in parts
    stages = tuple(_stages(plain, digits)) if key and moves else ()
    numbers = moves and _valued(derivation)
    runs = tuple(_run(derivation, k) for k in range(len(derivation.passes))) if numbers else ()
    return PlayPage(
        blank,
        key,
        _figure(derivation, names_, sheet, bool(stages), bool(runs)),
        stages,
        runs if key else (),
        tuple(_fields(derivation)) if numbers else (),
        names_,
        derivation.graph,
        digits,
        dict(derivation.graph.sizes),
        tuple(
            _help(plain, answer.question, stages if "walk" in parts else ())
            for answer in solution.answers
        )
        if key
        else (),
        tuple(
            Edge(definition.name, end)
            for definition in derivation.graph.exercise.definitions
            for end in ends_of_pieces(definition.expr)
        ),
        parts,
        tuple({name: _number(value) for name, value in one.items()} for one in variants),
    )


def _valued(derivation: Derivation) -> bool:
    """Whether every input has a value, so that there are numbers to follow."""
    inputs = [quantity for quantity in derivation.forward if quantity.expr is None]
    return bool(inputs) and all(quantity.value is not None for quantity in inputs)


# ---- the walk


def _stages(plain: Derivation, digits: int) -> Iterator[Stage]:
    """The steps of `explain`, without the numbers, which would be wrong after a change."""
    shown = pages(plain, Options(digits=digits), ENDING)
    board = Board(plain, "normal", digits)
    forward = [q for q in plain.forward if q.expr is not None]
    backward = [(k, step) for k, one in enumerate(plain.passes) for step in one.steps]
    first, middle, last = shown[0], shown[1 : 1 + len(forward)], shown[-1]
    yield Stage("given", None, 0, ("What is given",), normal=_said(first.report))
    for page, quantity in zip(middle, forward, strict=True):
        yield _forward(page, quantity)
    for page, (k, step) in zip(shown[1 + len(forward) : -1], backward, strict=True):
        yield _backward(page, step, k, board)
    yield Stage("end", None, last.of, ("Summary",), normal=_said(last.report))


def _said(report: Report | None) -> tuple[Block, ...]:
    """The blocks of a step below its number; what a record is about is its title already."""
    blocks = report.blocks[1:] if report else ()
    return tuple(
        replace(block, rows=tuple(((), *row[1:]) for row in block.rows))
        if isinstance(block, Table) and block.records and len(block.rows) == 1
        else block
        for block in blocks
    )


def _forward(page: Page, quantity: Quantity) -> Stage:
    assert quantity.expr is not None
    wires = tuple(Term((name, quantity.name), None, None) for name in quantity.uses)
    head = line("Forward: ", quantity.written)
    plugged = quantity.expr if not quantity.indices and not quantity.shape else None
    formula = (Paragraph(math(quantity.written, "=", quantity.expr)),)
    return Stage(
        "forward", quantity.name, 0, head, formula, _said(page.report), _said(page.report),
        math(quantity.written), quantity.name, wires, plugged,
    )  # fmt: skip


def _backward(page: Page, step: Step, run: int, board: Board) -> Stage:
    expr = step.total.symbolic if step.collected is None else step.collected
    chain = [piece for path in step.paths for piece in ("+", *board.chain(step, path))][1:]
    brief = math(
        step.gradient,
        *(["=", *chain] if chain else []),
        "=",
        expr,
        example=bool(step.total.each),
    )
    terms = tuple(
        Term((step.quantity, path.through), path.upstream, _local(step, place, path))
        for place, path in enumerate(step.paths)
        if path.through is not None
    )
    return Stage(
        "backward", step.quantity, run, line("Backward: ", step.gradient),
        (Paragraph(brief),), _said(page.report), _said(page.more),
        math(step.gradient), step.name, terms,
    )  # fmt: skip


def _local(step: Step, place: int, path: Path) -> str | None:
    """The key of a local derivative that is a number."""
    found = path.local
    if found is None or found.shape or found.free or found.each or step.shape or step.over:
        return None
    return f"{step.name}/{place}"


def _symbolic(derivation: Derivation) -> Derivation:
    """A derivation without its numbers."""

    def path(one: Path) -> Path:
        return replace(one, upstream_value=None, local_value=None, value=None)

    def step(one: Step) -> Step:
        return replace(one, value=None, paths=tuple(map(path, one.paths)))

    answers = tuple(
        replace(
            answer, value=None, exact=None, with_upstream=None, with_upstream_exact=None,
            per_example=answer.per_example and replace(answer.per_example, value=None),
            stacked=answer.stacked and replace(answer.stacked, value=None),
        )
        for answer in derivation.answers
    )  # fmt: skip
    return replace(
        derivation,
        forward=tuple(replace(q, value=None, exact=None, plugged=None) for q in derivation.forward),
        passes=tuple(replace(one, steps=tuple(map(step, one.steps))) for one in derivation.passes),
        answers=answers,
        meaning=None,
    )


def _help(derivation: Derivation, question: Question, stages: Sequence[Stage]) -> Help:
    """The name of the rule and the local derivative; of a local derivative that is asked for the
    rule alone; nothing for what no step finds.
    """
    by = question.by[0] if len(question.by) == 1 else None
    board = Board(derivation, "normal", None)
    for one in derivation.passes:
        for step in one.steps:
            if step.quantity != by or one.first is not None:
                continue
            if one.of == question.of and question.kind == "derivative":
                levels = dict.fromkeys((hint([step], board, level),) for level in (1, 2))
                stage = next((k for k, s in enumerate(stages) if s.total == step.name), None)
                return Help(tuple(levels), stage)
            paths = tuple(path for path in step.paths if path.through == question.of)
            if paths:
                return Help(((hint([replace(step, paths=paths)], board, 1),),), None)
    return Help((), None)


# ---- the numbers


def _run(derivation: Derivation, number: int) -> Run:
    """The formulas of a pass; none where one of them names what the page does not know."""
    one = derivation.passes[number]
    sizes = dict(derivation.graph.sizes)
    found: list[Formula] = []
    if one.first is not None:
        quantity = one.first[1]
        assert quantity.expr is not None
        lengths = _lengths(quantity.shape, sizes)
        found.append(
            Formula(
                quantity.name,
                quantity.expr,
                lengths,
                _free(quantity.indices, quantity.shape, sizes),
                quantity.each,
            )
        )
    for step in one.steps:
        for place, path in enumerate(step.paths):
            if (key := _local(step, place, path)) is not None and path.local is not None:
                found.append(Formula(key, path.local.symbolic, ()))
        total = step.total
        found.append(
            Formula(
                step.name,
                total.symbolic,
                _lengths(step.shape, sizes),
                _free(total.free, total.shape, sizes),
                step.over or total.each,
                total.paired,
            )
        )
    return Run(one.of, tuple(found))


def _given(one: Pass, step: Step, derivation: Derivation) -> str | None:
    """The name of the upstream gradient where a step is that alone, given as a number."""
    graph = derivation.graph
    if not one.loss or not literal(step.total.symbolic):
        return None
    names_ = {
        item.of or graph.outputs[-1]: upstream_name(graph, item) for item in graph.exercise.upstream
    }
    return names_.get(step.quantity)


def _free(
    free: Sequence[str], shape: Shape, sizes: Mapping[str, int]
) -> tuple[tuple[str, int], ...]:
    """The free indices of an entry formula; an axis that is 1 by declaration has none."""
    axes = _lengths(tuple(size for size in shape if size.number != 1), sizes)
    return tuple(zip(free, axes, strict=True)) if free else ()


def _lengths(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(size.at(dict(sizes)) for size in shape)


FIXED = frozenset(
    ("onehot", "orthogonal", "diagonal", "symmetric", "lower", "upper", "skew", "integer")
)


def _fields(derivation: Derivation) -> Iterator[Field]:
    graph = derivation.graph
    for quantity in derivation.forward:
        if quantity.expr is None:
            declared = graph.exercise.variables.get(quantity.name)
            assumed = declared.assume if declared else frozenset()
            fixed = FIXED & assumed or quantity.name in graph.integers
            kind = "array" if isinstance(quantity.value, list) else "number"
            said, known = math(Name(quantity.name)), tuple(sorted(assumed))
            reach = None
            if kind == "number" and not fixed:
                reach = _reach(graph.exercise.vary.domains.get(quantity.name))
            kind = "fixed" if fixed else kind
            yield Field(quantity.name, said, quantity.value, kind, known, range=reach)
    values = _given_upstream(derivation)
    used = _names_in_formulas(derivation)
    for item in graph.exercise.upstream:
        of = item.of or graph.outputs[-1]
        name = upstream_name(graph, item)
        if of in values and name in used - graph.names.keys():
            value = values[of]
            kind = "array" if isinstance(value, list) else "number"
            written = math(Partial(graph.exercise.loss, (of,)))
            yield Field(name, written, value, kind, upstream=True)


def _reach(domain: Domain | None) -> tuple[float, float] | None:
    """From where to where an input varies."""
    if domain is None or domain.kind not in ("integers", "decimals", "uniform"):
        return None
    low, high = float(domain.low), float(domain.high)
    return (low, high) if low < high else None


def _names_in_formulas(derivation: Derivation) -> set[str]:
    runs = (_run(derivation, number) for number in range(len(derivation.passes)))
    return {name for run in runs for one in run.formulas for name in names(one.expr)}


def _given_upstream(derivation: Derivation) -> dict[str, Number]:
    """The upstream gradients as numbers, by their quantities."""
    point = given_point(derivation.graph)
    return {name: _number(value, point.sizes) for name, value in point.upstream.items()}


def _number(value: Value, sizes: Mapping[str, int] = {}) -> Number:
    if isinstance(value, tuple):
        return [_number(item, sizes) for item in value]
    found = float(leaf(value, Env(floats(), {}, sizes=sizes)))
    return int(found) if found == int(found) else found


# ---- the figure


def _figure(
    derivation: Derivation, known: Names, sheet: Sheet, answers: bool, numbers: bool
) -> Picture:
    """The figure of the sheet with a key in each node, and below each wire what the walk's passes
    find there.
    """
    graph = derivation.graph
    drawn = picture(derivation.solution, replace(sheet, solution=False))
    inputs = [graph.names[name] for name in graph.inputs]
    order = dict.fromkeys((*inputs, *sorted(graph.names.values())))
    vertices: list[Vertex] = []
    for number, vertex in zip(order, drawn.vertices, strict=True):
        name = graph.nodes[number].name or ""
        scalar = numbers and not graph.nodes[number].shape and not graph.nodes[number].over
        if not answers and (vertex.above is None or vertex.above.text.endswith("?")):
            vertices.append(vertex)  # its value is asked for
            continue
        below = tuple(_below(one, name, known, scalar) for one in derivation.passes)
        above = vertex.above
        if scalar and above is not None and vertex.name is not None:
            rest = ROOM[len(above.text.rpartition(" ")[2]) :]
            above = Label(above.text, rf"{above.latex}\phantom{{{rest}}}" if rest else above.latex)
        widest = max((one for one in below if one), key=lambda one: len(one.text), default=None)
        if not answers:
            vertices.append(replace(vertex, above=above, key=name))
            continue
        vertices.append(replace(vertex, above=above, below=widest, key=name, passes=below))
    if not answers:
        return replace(drawn, vertices=tuple(vertices))
    wires = tuple(replace(wire, share=None) for wire in drawn.wires)
    ofs = dict.fromkeys(label(known, Name(one.of)) for one in derivation.passes)
    several = Label(", ".join(one.text for one in ofs), ", ".join(one.latex for one in ofs))
    return replace(drawn, vertices=tuple(vertices), wires=wires, of=several if ofs else drawn.of)


def _below(one: Pass, name: str, known: Names, scalar: bool) -> Label | None:
    """Room for a number, or the gradient's name for an array."""
    step = next((step for step in one.steps if step.quantity == name), None)
    if step is None:
        return None
    if scalar:
        return Label(ROOM, rf"\phantom{{{ROOM}}}")
    return label(known, step.gradient)
