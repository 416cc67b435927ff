"""The derivation itself as JSON data, format 1: formulas in the expression language, sentences as text.

{"format", "kind": "derivation", "file", "title", "detail", "for", "forward": [quantity …],
 "passes": [{"of", "loss", "first", "steps": [{"gradient", "paths": [{"through", "upstream", "local", "product", …}], …}]}],
 "answers": [as in `solve`], "warnings"}

Keys are only added within a format number; every key is always there, null or empty where there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradcalc.derivation.answer_model import Shorthand
from gradcalc.derivation.form_changes import Rewriting
from gradcalc.derivation.general_rules import general
from gradcalc.derivation.step_model import (
    FORMAT,
    Derivation,
    Entries,
    Gate,
    Pass,
    Path,
    Quantity,
    Rule,
    Step,
    Written,
)
from gradcalc.language.parser import Expr, unparse
from gradcalc.language.shape_rules import Size
from gradcalc.numeric.verified import Verified
from gradcalc.render.json import answer_data, clean, said
from gradcalc.report.lines import plain_line

# The keys of what is written field by field; `key=field` where the two are not called the same.
KEYS: Mapping[type, str] = {
    Quantity: "name expression=expr indices plugged uses shape each reason value exact",
    Pass: "of loss first",
    Step: "quantity name shape paths sum=total put_in rewritings collected where value verified",
    Path: "through rules upstream local shorthand product because factors entries gates",
    Written: "symbolic free shape each stacked",
    Rule: "operation operand sentence",
    Gate: "operation result operand sentence local gradient",
    Entries: "definition local product",
    Rewriting: "what parts",
    Shorthand: "symbolic sentence",
    Verified: "ok method error reason",
}


def document(derivation: Derivation) -> dict[str, Any]:
    """A derivation as JSON data."""
    graph = derivation.graph
    return {
        "format": FORMAT,
        "kind": "derivation",
        "file": graph.exercise.file,
        "title": graph.exercise.title,
        "detail": derivation.detail,
        "for": derivation.asked,
        "sizes": dict(graph.sizes),
        "forward": data(derivation.forward),
        "passes": data(derivation.passes),
        "answers": [answer_data(answer, derivation.names) for answer in derivation.answers],
        "warnings": [said(problem) for problem in derivation.solution.warnings],
    }


def data(item: Any) -> Any:
    """A piece of a derivation as JSON data."""
    if isinstance(item, tuple):
        return [data(part) for part in item]
    if isinstance(item, Size):
        return item.number if item.number is not None else str(item)
    if isinstance(item, Expr):
        return unparse(item)
    write: Callable[[Any], Any] = MORE.get(type(item), fields if type(item) in KEYS else clean)
    return write(item)


def fields(item: Any) -> dict[str, Any]:
    """The fields of a part of a derivation, under the names that KEYS gives them."""
    pairs = (key.split("=") for key in KEYS[type(item)].split())
    return {key[0]: data(getattr(item, key[-1])) for key in pairs}


def _pass(one: Pass) -> dict[str, Any]:
    first = one.first and {"question": one.first[0].text, "symbolic": data(one.first[1].expr)}
    return {**fields(one), "first": first, "steps": data(one.steps)}


def _step(step: Step) -> dict[str, Any]:
    where = {name: unparse(expr) for name, expr in step.where}
    return {"gradient": f"d{step.of}/d{step.quantity}", **fields(step), "where": where}


def _path(path: Path) -> dict[str, Any]:
    return {
        **fields(path),
        "upstream": path.upstream and {"name": path.upstream, "value": clean(path.upstream_value)},
        "local": path.local and {**data(path.local), "value": clean(path.local_value)},
        "product": {**data(path.product), "value": clean(path.value)},
        "because": [plain_line(line) for line in path.because],
        "factors": [
            {"symbolic": unparse(part), "shape": data(shape)} for part, shape in path.factors
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {**fields(rule), "formula": plain_line(general(rule.operation, rule.operand)) or None}


def _written(written: Written) -> dict[str, Any]:
    return {**fields(written), "free": list(written.free) or None}


# What is not as its field has it.
MORE: Mapping[type, Callable[[Any], Any]] = {
    Pass: _pass,
    Step: _step,
    Path: _path,
    Rule: _rule,
    Written: _written,
}
