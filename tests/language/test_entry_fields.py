"""A typo in an entry of the table names the operation, the field, and what cannot be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradcalc.app import cli
from gradcalc.calculus.sympy_functions import function_class
from gradcalc.language import entry_fields
from gradcalc.language.entry_fields import EntryError
from gradcalc.ops import TABLE, Op
from helpers.paths import EX1

SOFTCAP = Op("softcap", ("x", "a"), "3*tanh(x/3)", form="a*tanh(x/a)", partials=("1 - (r/a)^2", ""))


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_field_of_the_table_is_read(op: Op) -> None:
    for read, text in (
        (entry_fields.form, op.form),
        (entry_fields.domain, op.domain),
        (entry_fields.smooth, op.smooth),
    ):
        assert (not read(op)) == (not text)
    for k, text in enumerate(op.partials):
        assert (entry_fields.partial(op, k) is None) == (not text)
    for k in range(len(op.back)):
        assert entry_fields.back(op, k)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("partials", ("1 - (r/a^2", ""), "partials[0] `1 - (r/a^2` cannot be read: `(` is never closed (write 1 - (r/a^2))"),
        ("partials", ("1 - (q/a)^2", ""), "partials[0] `1 - (q/a)^2` names q; it may name x, a, r"),
        ("partials", ("sgmoid(x)", ""), "partials[0] `sgmoid(x)` cannot be read: unknown function `sgmoid` (did you mean sigmoid?)"),
        ("partials", ("1",), "partials has 1 entries, the operands are x, a"),
        ("form", "a*tanh(x/a", "form `a*tanh(x/a` cannot be read: `(` is never closed (write a*tanh(x/a))"),
        ("form", "a*tanh(x/a) + r", "form `a*tanh(x/a) + r` names r; it may name x, a"),
        ("domain", "a >", "domain `a >` cannot be read: something is missing after `>`"),
        ("smooth", "y != 0", "smooth `y != 0` names y; it may name x, a"),
        ("back", ("G @ W",), "back[0] `G @ W` names W; it may name x, G, n"),
    ],
)  # fmt: skip
def test_a_typo_names_the_operation_and_the_field(field: str, value: Any, message: str) -> None:
    op = replace(SOFTCAP, **{field: value})
    read = getattr(entry_fields, field.removesuffix("s"))
    with pytest.raises(EntryError) as caught:
        read(op, 0) if field in ("partials", "back") else read(op)
    assert str(caught.value) == f"operation `softcap`: {message}"


def test_whoever_solves_reads_the_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "e.yaml"
    path.write_text("expression: f = silu(x)\nvalues: {x: 2}\n")
    monkeypatch.setitem(TABLE, "silu", replace(TABLE["silu"], partials=("sigmoid(x",)))  # type: ignore[arg-type]
    function_class.cache_clear()
    try:
        assert cli.run(["solve", str(path)]) == 2
    finally:
        monkeypatch.undo()
        function_class.cache_clear()
    said = capsys.readouterr().err
    assert "operation `silu`: partials[0] `sigmoid(x` cannot be read: `(` is never closed" in said
    assert cli.run(["solve", EX1]) == 0
