"""The data of the page's script: the steps, the formulas whose numbers it follows, the values that
can be changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gradcalc.language.formula_pieces import Math
from gradcalc.language.parser import Name
from gradcalc.language.unparse import unparse
from gradcalc.render.page.computation import computation
from gradcalc.render.page.language import written
from gradcalc.report.lines import text_math
from gradcalc.report.page_model import Edge, Field, Formula, PlayPage, Stage, Term


def json_text(data: Any) -> str:
    """Data as it may stand in a page."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def page_data(it: PlayPage, practice: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the script must know of an exercise; `practice`: of its questions."""
    found: dict[str, Any] = {"digits": it.digits}
    if it.stages:
        found["stages"] = [_stage_data(stage) for stage in it.stages]
    if it.fields:
        found["fields"] = [_field_data(field) for field in it.fields]
        found["runs"] = [[_formula_data(one) for one in run.formulas] for run in it.runs]
        found["of"] = [run.name for run in it.runs]
        found["sizes"] = dict(it.sizes)
        if it.variants:
            found["variants"] = list(it.variants)
        found["kinks"] = [_edge_data(it, edge) for edge in it.edges]
    if practice is not None:
        found["practice"] = practice
    if it.fields or practice is not None:
        found["computation"] = computation(it.graph)
    return found


def _stage_data(stage: Stage) -> dict[str, Any]:
    return {
        "kind": stage.kind,
        "at": stage.at,
        "run": stage.run,
        "total": stage.total,
        "terms": [_term_data(term) for term in stage.terms],
        **({"plugged": unparse(stage.plugged)} if stage.plugged is not None else {}),
    }


def _term_data(term: Term) -> list[str | None]:
    return [*term.wire, term.upstream, term.local]


def _formula_data(one: Formula) -> dict[str, Any]:
    found: dict[str, Any] = {"key": one.key, "text": written(one.expr), "shape": list(one.lengths)}
    for name, value in (
        ("free", dict(one.free)),
        ("over", list(one.over)),
        ("stacked", one.stacked),
    ):
        if value:
            found[name] = value
    return found


def _edge_data(it: PlayPage, edge: Edge) -> dict[str, str]:
    quantity, zero = (
        text_math(Math((part,)), it.names) for part in (Name(edge.quantity), edge.expr)
    )
    said = f"{quantity} has a kink at {zero} = 0: the gradient follows a convention there."
    return {"text": unparse(edge.expr), "said": said}


def _field_data(field: Field) -> dict[str, Any]:
    found = {"name": field.name, "value": field.value, "kind": field.kind, "assumed": field.assumed}
    if field.range is not None:
        found["range"] = field.range
    return found | ({"upstream": True} if field.upstream else {})
