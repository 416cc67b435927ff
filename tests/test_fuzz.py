"""The fuzzer can fail: a planted fault of each kind is found, within seconds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

import fuzz
from gradcalc.calculus.sympy_functions import function_class
from gradcalc.numeric.evaluate import Undefined
from gradcalc.ops import TABLE
from helpers import hard_points

SECONDS = 25.0  # of processor time, at most


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formulas of few functions, so that a fault in one of them is met soon."""
    monkeypatch.setattr(hard_points, "UNARY", ["silu", "relu", "abs"])


def faults(kind: str, hang: float = 10.0) -> set[str]:
    """The words of the faults found, up to the first."""
    found: list[str] = []

    def stop(fault: str) -> None:
        found.append(fault)
        raise StopIteration

    with pytest.raises(StopIteration):
        fuzz.hunt(SECONDS, "planted", [kind], stop, hang)
    return {fault.split(" ")[0] for fault in found}


@pytest.fixture
def wrong_rule(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The derivative of silu, wrong by half a per mille."""
    op = TABLE["silu"]
    partials = (f"1.0005*({op.partials[0]})",)
    monkeypatch.setitem(TABLE, "silu", dataclasses.replace(op, partials=partials))  # type: ignore[arg-type]
    function_class.cache_clear()
    yield
    monkeypatch.undo()
    function_class.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("wrong_rule")
def test_a_wrong_rule_is_found() -> None:
    assert faults("scalars") <= {"wrong", "false"}


@pytest.mark.slow
def test_a_number_that_is_off_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By one part in 10⁹, after every check of the program's own."""
    from gradcalc.derivation.formula_values import FormulaValues

    listed = FormulaValues.listed

    def off(self: FormulaValues, *given: object) -> object:
        value = listed(self, *given)  # type: ignore[arg-type]
        return value * (1 + 1e-9) if isinstance(value, float) else value

    monkeypatch.setattr(FormulaValues, "listed", off)
    assert faults("scalars") == {"wrong"}


@pytest.mark.slow
def test_a_kink_that_nothing_names_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradcalc.numeric.oracle import Oracle

    monkeypatch.setattr(Oracle, "conventions", lambda *_: [])
    assert faults("scalars") == {"silent"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["files", "arrays"])
def test_an_exception_that_is_not_the_program_s_own_is_found(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradcalc.numeric import oracle

    def crash(*_: object, **__: object) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(oracle, "compared", crash)
    assert faults(kind) == {"crash"}


@pytest.mark.slow
def test_a_hang_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradcalc.numeric import oracle

    def endless(*_: object, **__: object) -> None:
        while True:
            try:
                raise Undefined("planted")
            except Undefined:
                pass

    monkeypatch.setattr(oracle, "compared", endless)
    assert faults("files", hang=1.0) == {"hang"}
