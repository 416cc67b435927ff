"""What printers must know of the names of a graph."""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.graph.model import Graph
from gradcalc.language.formula_pieces import Names
from gradcalc.language.shape_rules import shape_of
from gradcalc.language.sizes import Shape, stacked
from gradcalc.language.tree import Expr, Name


def printed_names(graph: Graph, where: Sequence[tuple[str, Expr]] = ()) -> Names:
    """The names of a graph, its stacks included; `where` are named gradients, with their
    formulas.
    """
    shapes: dict[str, Shape] = {name: graph.nodes[node].shape for name, node in graph.names.items()}
    over = {
        name: [i for i in graph.nodes[node].over if i in graph.examples]
        for name, node in graph.names.items()
    }
    for stack, name in graph.stacks.items():
        shapes.setdefault(
            stack, stacked(shapes[name], *(graph.indices[index] for index in over[name]))
        )
    loss = graph.exercise.loss
    partials = {
        f"d{loss}_d{name}": (loss, name)
        for name in graph.quantities
        if f"d{loss}_d{name}" not in shapes
    }
    for name, _ in where:
        of, _, by = name.removeprefix("d").partition("_d")
        if name not in shapes and of in shapes and by in shapes and name == f"d{of}_d{by}":
            partials[name] = (of, by)
    shapes.update({name: shapes[of] for name, (_, of) in partials.items()})
    shapes.update(
        {
            f"upstream_{name}": shapes[name]
            for name in graph.quantities
            if f"upstream_{name}" not in shapes
        }
    )
    for upstream in graph.exercise.upstream:
        of = upstream.of or graph.outputs[-1]
        if isinstance(upstream.value, Name) and of in shapes:
            shapes.setdefault(upstream.value.id, shapes[of])
    for name, expr in where:
        try:
            shapes[name] = shapes[name] if name in graph.names else shape_of(expr, shapes)
        except Exception:  # an unknown shape is printed as a number's
            continue
    variables = graph.exercise.variables
    latex = {name: variable.latex for name, variable in variables.items() if variable.latex}
    return Names(
        shapes=shapes,
        each=frozenset(name for name, indices in over.items() if indices),
        ranges={index: graph.indices[index] for index in graph.examples},
        latex={**latex, **graph.exercise.notation.latex},
        functions=frozenset(name for name, variable in variables.items() if variable.function),
        partials=partials,
    )
