"""The derivation itself as JSON data, format 1: formulas in the expression language, sentences as
text.

{"format", "kind": "derivation", "file", "title", "detail", "for", "forward": [quantity …],
 "passes": [{"of", "loss", "first", "steps": [{"gradient", "paths": [{"through", "upstream",
 "local", "product", …}], …}]}], "answers": [as in `solve`], "warnings"}

Keys are only added within a format number; every key is always there, null or empty where there is
nothing to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from gradcalc.derivation.answer_model import Shorthand
from gradcalc.derivation.form_changes import Rewriting
from gradcalc.derivation.step_model import (
    FORMAT,
    Contribution,
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
from gradcalc.graph.ways import Ways
from gradcalc.render.json import answer_data, data, fields, named, written_once
from gradcalc.report.lines import plain_line

# What is written field by field, under keys as `fields` reads them.
KEYS: Mapping[type, str] = {
    Quantity: "name expression=expr indices plugged uses shape each reason value exact",
    Gate: "operation result operand sentence local gradient",
    Contribution: "part factors product",
    Entries: "definition local product summed",
    Rewriting: "what parts",
    Shorthand: "symbolic sentence",
}


def document(derivation: Derivation) -> dict[str, Any]:
    """A derivation as JSON data."""
    graph = derivation.graph
    ways, text = Ways(graph), written_once()
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
        "answers": [answer_data(one, derivation.names, ways, text) for one in derivation.answers],
        "warnings": data(tuple(derivation.solution.warnings)),
    }


for kind, keys in KEYS.items():
    data.register(kind, partial(fields, keys=keys))


@data.register
def _pass(one: Pass) -> dict[str, Any]:
    first = one.first and {"question": one.first[0].text, "symbolic": data(one.first[1].expr)}
    return {**fields(one, "of loss first"), "first": first, "steps": data(one.steps)}


@data.register
def _step(step: Step) -> dict[str, Any]:
    return {
        "gradient": f"d{step.of}/d{step.quantity}",
        **fields(
            step,
            "quantity name shape paths sum=total put_in between rewritings collected where value "
            "verified",
        ),
        "facts": [plain_line(line) for line in step.facts],
        "where": named(step.where),
    }


@data.register
def _path(path: Path) -> dict[str, Any]:
    return {
        **fields(
            path,
            "through rules upstream local shorthand product parts because factors entries gates",
        ),
        "upstream": path.upstream and {"name": path.upstream, "value": data(path.upstream_value)},
        "local": path.local and {**data(path.local), "value": data(path.local_value)},
        "product": {**data(path.product), "value": data(path.value)},
        "because": [plain_line(line) for line in path.because],
        "factors": [{"symbolic": data(part), "shape": data(shape)} for part, shape in path.factors],
    }


@data.register
def _rule(rule: Rule) -> dict[str, Any]:
    return {
        **fields(rule, "operation operand sentence"),
        "formula": plain_line(rule.general) or None,
        "here": plain_line(rule.here) or None,
    }


@data.register
def _written(written: Written) -> dict[str, Any]:
    return {
        **fields(written, "symbolic free shape each stacked"),
        "free": list(written.free) or None,
    }
