"""The test that an exported module carries: its gradients against differences of its own forward
pass.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from gradcalc.codegen.backward_code import Staged
from gradcalc.codegen.identifiers import quoted
from gradcalc.codegen.spelling import Spelling
from gradcalc.graph.model import Graph
from gradcalc.numeric.evaluation_points import given_point, random_points
from gradcalc.numeric.forward import Forward, Point, to_lists, upstream_key
from gradcalc.numeric.scalar_functions import Undefined


def selfcheck(
    graph: Graph, backward: Staged, spelling: Spelling, sizes: Sequence[str]
) -> list[str]:
    """Values of all arguments, `_compare`, and the lines that run it; nothing where no values are
    to be had.

    `sizes` are arguments too: those that no input's shape gives.
    """
    point = _point(graph)
    if point is None:
        return []
    values, nodes = Forward(graph, point), backward.engine.quantities.nodes
    try:
        known = values.env().values
    except Undefined:  # a value is no float
        return []
    lists: dict[str, Any] = {name: values.lists(name) for name in graph.inputs}
    lists.update({name: point.sizes[name] for name in sizes if name in point.sizes})
    loss = {quantity: nodes[number].name or "" for quantity, number in backward.upstream.items()}
    for quantity, name in loss.items():
        given = known.get(upstream_key(quantity))
        if name not in lists:
            lists[name] = (
                to_lists(graph, given)
                if given is not None
                else drawn(values.lists(quantity), Random(name))
            )
    if any(value is None for value in lists.values()):
        return []
    told = "\n".join(
        (
            "VALUES = {",
            *(f"    {quoted(name)}: {value!r}," for name, value in lists.items()),
            "}",
            f"LOSS = {json.dumps(loss, ensure_ascii=False)}  # quantity: the gradient of the "
            "loss at it",
        )
    )
    main = '\nif __name__ == "__main__":\n' + spelling.words["setup"]
    if any(node.op == "stop_gradient" for node in graph.nodes):
        return [
            told,
            main + '    print("gradients are stopped here on purpose: no comparison with finite '
            'differences")',
        ]
    free = {n: v.free for n, v in graph.exercise.variables.items() if v.free and n in graph.inputs}
    compare = _COMPARE
    if free:
        table = "".join(f"    {quoted(name)}: {_MOVED[word]},\n" for name, word in free.items())
        told += f"\n# Entries that are one parameter are moved together.\nMOVED = {{\n{table}}}"
        told = told.replace("{xp}", spelling.xp)
        line = "            after, before ="
        moved = "            shift = MOVED[name](shift) if name in MOVED else shift\n"
        compare = compare.replace(line, moved + line)
    return [
        told,
        compare.replace("{xp}", spelling.xp),
        main + "    raise SystemExit(0 if _compare() else 1)",
    ]


def _point(graph: Graph) -> Point | None:
    """The given values; random ones where some are missing."""
    given = given_point(graph)
    if not given.missing:
        return given
    points, _ = random_points(graph, 1, "export")
    return points[0] if points else None


def drawn(value: Any, random: Random) -> Any:
    """Numbers like `value`: 1 for a number, else random ones, for an even weight would miss what
    cancels in a sum.
    """
    if not isinstance(value, list):
        return 1.0
    if value and not isinstance(value[0], list):
        return [1.0] if len(value) == 1 else [round(random.gauss(0, 1), 2) for _ in value]
    return [drawn(item, random) for item in value]


_MOVED = {
    "symmetric": "lambda e: e + e.T - e * {xp}.eye(len(e))",
    "skew": "lambda e: e - e.T",
    "diagonal": "lambda e: e * {xp}.eye(len(e))",
    "lower": "lambda e: {xp}.tril(e)",
}

_COMPARE = '''
def _compare(step=1e-5):
    """Whether the gradients agree with central differences of the forward pass, at up to 100 entries of each input."""

    def loss(values):
        found = forward(**values)
        return sum(float((found[of] * _array(values, name, default=1.0)).sum()) for of, name in LOSS.items())

    here, right = loss(VALUES), True
    for name, gradient in gradients(**VALUES).items():
        value, found = _array(VALUES, name), gradient.reshape(-1)
        worst, scale, kinks = 0.0, max(1.0, *(abs(float(entry)) for entry in found)), 0
        for k in range(0, len(found), max(1, len(found) // 100)):
            shift = step * _array({name: {xp}.arange(len(found)) == k}, name).reshape(gradient.shape)
            after, before = loss({**VALUES, name: value + shift}), loss({**VALUES, name: value - shift})
            if abs(after - 2 * here + before) > 0.01 * step * scale:
                kinks += 1  # the slopes to the left and to the right differ
            else:
                off = abs((after - before) / (2 * step) - float(found[k]))
                worst = worst if off <= worst or worst != worst else off  # nan, and it stays
        agrees = worst <= 1e-6 * scale
        right = right and agrees
        verdict = "agrees with" if agrees else "DIFFERS from"
        at = f"; {kinks} at a kink, not compared" if kinks else ""
        print(f"{name}: {verdict} finite differences, by at most {worst:.1e}{at}")
    return right
'''
