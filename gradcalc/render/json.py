"""The machine's view of a solution, format 1: every key is always there, null where there is
nothing to say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from functools import singledispatch
from itertools import pairwise
from typing import Any, TypeAlias, get_args

from gradcalc.calculus.notation.views import View
from gradcalc.derivation.answer_model import ELIDED, Answer, Gradient, Local, Solution
from gradcalc.graph.printed_names import printed_names
from gradcalc.graph.ways import Ways
from gradcalc.language.errors import Problem
from gradcalc.language.formula import latex
from gradcalc.language.formula_pieces import Names
from gradcalc.language.formula_styles import size_latex
from gradcalc.language.named_formulas import joined
from gradcalc.language.parser import Expr, unparse
from gradcalc.language.sizes import Shape, Size
from gradcalc.numeric.verified import Verified
from gradcalc.report.blocks import Failed, Options

FORMAT = 1
WIDTH = 100
ENCODE = {
    ascii: json.JSONEncoder(ensure_ascii=ascii, allow_nan=False).encode for ascii in (False, True)
}


def render(item: Solution | Failed | dict[str, Any], options: Options) -> str:
    """One object, indented; its numbers are JSON numbers, never NaN."""
    return pretty(document(item), options.ascii)


def join(parts: list[str]) -> str:
    """One object for one file, an array for several."""
    return parts[0] if len(parts) == 1 else "[\n" + "\n,\n".join(parts) + "\n]"


def dumps(value: Any, ascii: bool = False) -> str:
    """On one line. Control, bidi and invisible characters are escaped."""
    text = ENCODE[ascii](value)
    return text if text.isascii() and text.isprintable() else "".join(map(_visible, text))


def _visible(char: str) -> str:
    return char if char.isprintable() else json.dumps(char)[1:-1]


def pretty(value: Any, ascii: bool = False, indent: str = "") -> str:
    """Indented, with what is short on one line, so that a matrix is a row a line."""
    line = dumps(value, ascii)
    if (
        not value
        or not isinstance(value, dict | list)
        or (len(indent) + len(line) <= WIDTH and indent)
    ):
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [
            f"{dumps(key, ascii)}: {pretty(item, ascii, inner)}" for key, item in value.items()
        ]
        begin, end = "{}"
    else:
        parts = [pretty(item, ascii, inner) for item in value]
        begin, end = "[]"
    return f"{begin}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{end}"


def document(item: Solution | Failed | dict[str, Any]) -> dict[str, Any]:
    """A solution, or the errors of a file that could not be read, as JSON data; data as they
    are.
    """
    if isinstance(item, dict):
        return item
    if isinstance(item, Failed):
        return {"file": item.file, "errors": [_error(problem) for problem in item.problems]}
    graph = item.graph
    names = printed_names(graph, joined([answer.where for answer in item.answers]))
    ways, text = Ways(graph), written_once()
    return {
        "format": FORMAT,
        "file": graph.exercise.file,
        "title": graph.exercise.title,
        "warnings": data(tuple(item.warnings)),
        "sizes": dict(graph.sizes),
        "shapes": {name: data(graph.nodes[node].shape) for name, node in graph.names.items()},
        "inputs": {name: data(value) for name, value in item.inputs.items()},
        "forward": {name: data(value) for name, value in item.forward.items()},
        "answers": [answer_data(answer, names, ways, text) for answer in item.answers],
        "gradients": {name: _gradient(gradient) for name, gradient in item.gradients.items()},
    }


# ---- one encoder: formulas in the expression language, sentences as text, data classes field by
# field


@singledispatch
def data(item: Any) -> Any:
    """A piece of a solution or a derivation as JSON data; text, true, false and null as they
    are.
    """
    return item


@data.register
def _(value: float) -> float | None:
    """JSON has no NaN, infinity or -0."""
    return None if not math.isfinite(value) else value + 0.0


@data.register(list)
@data.register(tuple)
def _(items: Any) -> list[Any]:
    return list(map(data, items))


@data.register
def _(size: Size) -> int | str:
    return size.number if size.number is not None else str(size)


@data.register
def said(problem: Problem) -> str:
    """A problem with its hint, on one line."""
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


for kind in get_args(Expr):
    data.register(kind, unparse)


def fields(item: Any, keys: str) -> dict[str, Any]:
    """A data class under these keys; `key=field` where the two are not called the same."""
    pairs = (key.split("=") for key in keys.split())
    return {key[0]: data(getattr(item, key[-1])) for key in pairs}


@data.register
def _(verified: Verified) -> dict[str, Any]:
    return fields(verified, "ok method error reason")


Write: TypeAlias = Callable[[Expr], str]


def named(where: Iterable[tuple[str, Expr]], text: Write = unparse) -> dict[str, str]:
    """The formulas of named gradients."""
    return {name: text(expr) for name, expr in where}


def written_once() -> Write:
    """Formulas in the expression language; of those that many answers use, each is written once."""
    known: dict[int, tuple[Expr, str]] = {}  # by identity, and held so that it stays one

    def text(expr: Expr) -> str:
        if id(expr) not in known:
            known[id(expr)] = expr, unparse(expr)
        return known[id(expr)][1]

    return text


# ---- a solution


def answer_data(answer: Answer, names: Names, ways: Ways, text: Write = unparse) -> dict[str, Any]:
    """An answer as JSON data; `ways`: the paths of its graph, `text` writes named formulas."""
    example = answer.per_example is not None
    symbolic = answer.symbolic
    return {
        "question": answer.question.text,
        "name": answer.question.name,
        "kind": answer.kind,
        "symbolic": data(symbolic)
        if symbolic is not None or answer.kind != "shape"
        else _bracketed(answer.shape),
        "free": list(answer.free) or None,
        "expanded": data(answer.expanded),
        "latex": _shape_latex(answer.shape)
        if answer.kind == "shape"
        else _latex(symbolic, names, example),
        "shape": data(answer.shape),
        "layout": answer.layout if answer.kind == "derivative" else None,
        "value": data(answer.value),
        "with_upstream": data(answer.with_upstream),
        "chain": [_path(path, ways) for path in answer.chain],
        "shorthand": answer.shorthand
        and {
            "symbolic": data(answer.shorthand.symbolic),
            "latex": latex(answer.shorthand.symbolic, names, example),
            "sentence": answer.shorthand.sentence,
        },
        "per_example": _view(answer, answer.per_example, names, True),
        "stacked": _view(answer, answer.stacked, names, False),
        "simplified": data(answer.simplified),
        "where": named(answer.where, text) or None,
        "reason": answer.reason,
        "warnings": data(tuple(answer.warnings)),
        "verified": data(answer.verified),
    }


def _path(path: Sequence[Local], ways: Ways) -> list[str]:
    """The local derivatives of a path; one whose ends alone are printed is whole here."""
    labels = [local.label for local in path]
    if ELIDED not in path:
        return labels
    at = path.index(ELIDED)
    before, after = labels[at - 1].rpartition("/d")[2], labels[at + 1].partition("/d")[0][1:]
    names = tuple(ways.first(before, after))
    middle = [f"d{of}/d{by}" for of, by in pairwise(names)]
    return [*labels[:at], *middle, *labels[at + 1 :]]


def _gradient(gradient: Gradient) -> dict[str, Any]:
    """`free` and `where` only where there are some."""
    found: dict[str, Any] = {
        "symbolic": data(gradient.symbolic),
        "value": data(gradient.value),
    }
    if gradient.free:
        found["free"] = list(gradient.free)
    if gradient.where:
        found["where"] = named(gradient.where)
    return found


def _view(answer: Answer, view: View | None, names: Names, example: bool) -> dict[str, Any] | None:
    if view is None:
        return None
    shape = answer.kind == "shape"
    return {
        "symbolic": _bracketed(view.shape)
        if shape and view.symbolic is None
        else data(view.symbolic),
        "latex": _shape_latex(view.shape) if shape else latex(view.symbolic, names, example),
        "shape": data(view.shape),
        "value": data(view.value),
        **({"free": list(view.free)} if view.free else {}),
    }


def _latex(expr: Expr | None, names: Names, example: bool) -> str | None:
    return None if expr is None else latex(expr, names, example)


def _bracketed(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _shape_latex(shape: Shape) -> str:
    return r" \times ".join(map(size_latex, shape)) or r"\text{scalar}"


def _error(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "line": (place and place.line) or None,
        "column": (place and place.column) or None,
        "message": problem.message,
        "hint": problem.hint,
    }
