"""The derivation itself as JSON data, format 1: formulas in the expression language, sentences as text.

{"format", "kind": "derivation", "file", "title", "detail", "for", "forward": [quantity …],
 "passes": [{"of", "loss", "first", "steps": [{"gradient", "paths": [{"through", "upstream", "local", "product", …}], …}]}],
 "answers": [as in `solve`], "warnings"}

Keys are only added within a format number; every key is always there, null or empty where there is nothing to say.
"""

from __future__ import annotations

from typing import Any

from gradcalc.backpass import Entries, Written
from gradcalc.blocks import Line
from gradcalc.gates import Gate
from gradcalc.numeric.verified import Verified
from gradcalc.render.inline import plain_line
from gradcalc.render.json import answer_data, clean, said, shape_data
from gradcalc.rules import general
from gradcalc.steps import FORMAT, Derivation, Pass, Path, Quantity, Rule, Step
from gradcalc.syntax import Expr, unparse


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
        "forward": [_quantity(quantity) for quantity in derivation.forward],
        "passes": [_pass(one) for one in derivation.passes],
        "answers": [answer_data(answer, derivation.names) for answer in derivation.answers],
        "warnings": [said(problem) for problem in derivation.solution.warnings],
    }


def _quantity(quantity: Quantity) -> dict[str, Any]:
    return {
        "name": quantity.name,
        "expression": _expr(quantity.expr),
        "indices": list(quantity.indices),
        "plugged": _expr(quantity.plugged),
        "uses": list(quantity.uses),
        "shape": shape_data(quantity.shape),
        "each": list(quantity.each),
        "reason": quantity.reason,
        "value": clean(quantity.value),
        "exact": _expr(quantity.exact),
    }


def _pass(one: Pass) -> dict[str, Any]:
    first = one.first and {"question": one.first[0].text, "symbolic": _expr(one.first[1].expr)}
    return {"of": one.of, "loss": one.loss, "first": first, "steps": [_step(one, step) for step in one.steps]}


def _step(one: Pass, step: Step) -> dict[str, Any]:
    return {
        "gradient": f"d{one.of}/d{step.quantity}",
        "quantity": step.quantity,
        "name": step.name,
        "shape": shape_data(step.shape),
        "paths": [_path(path) for path in step.paths],
        "sum": _written(step.total),
        "put_in": _expr(step.put_in),
        "rewritings": [
            {"what": done.what, "parts": [unparse(part) for part in done.parts]} for done in step.rewritings
        ],
        "collected": _expr(step.collected),
        "where": {name: unparse(expr) for name, expr in step.where},
        "value": clean(step.value),
        "verified": _verified(step.verified),
    }


def _path(path: Path) -> dict[str, Any]:
    return {
        "through": path.through,
        "rules": [_rule(rule) for rule in path.rules],
        "upstream": path.upstream and {"name": path.upstream, "value": clean(path.upstream_value)},
        "local": path.local and {**(_written(path.local) or {}), "value": clean(path.local_value)},
        "shorthand": path.shorthand
        and {"symbolic": unparse(path.shorthand.symbolic), "sentence": path.shorthand.sentence},
        "product": {**(_written(path.product) or {}), "value": clean(path.value)},
        "because": [plain_line(line) for line in path.why.reasons],
        "factors": [{"symbolic": unparse(part), "shape": shape_data(shape)} for part, shape in path.why.factors],
        "entries": _entries(path.entries),
        "gates": [_gate(gate) for gate in path.gates],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    formula: Line = general(rule.operation, rule.operand)
    return {
        "operation": rule.operation,
        "operand": rule.operand,
        "sentence": rule.sentence,
        "formula": plain_line(formula) or None,
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "operation": gate.operation,
        "result": unparse(gate.result),
        "operand": unparse(gate.operand),
        "sentence": gate.sentence,
        "local": _expr(gate.local),
        "gradient": _written(gate.gradient),
    }


def _entries(entries: Entries | None) -> dict[str, Any] | None:
    if entries is None:
        return None
    return {
        "definition": _written(entries.definition),
        "local": _written(entries.local),
        "product": _written(entries.product),
    }


def _written(written: Written | None) -> dict[str, Any] | None:
    if written is None:
        return None
    return {
        "symbolic": unparse(written.symbolic),
        "free": list(written.free) or None,
        "shape": shape_data(written.shape),
        "each": list(written.each),
        "stacked": _expr(written.stacked),
    }


def _verified(verified: Verified | None) -> dict[str, Any] | None:
    if verified is None:
        return None
    return {
        "ok": verified.ok, "method": verified.method, "error": clean(verified.error), "reason": verified.reason,
    }  # fmt: skip


def _expr(expr: Expr | None) -> str | None:
    return None if expr is None else unparse(expr)
