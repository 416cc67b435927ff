"""Backends give what was asked in the order of the requests, and say what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.app import backends
from gradcalc.app.marking_client import CannotStart
from gradcalc.language.errors import GradcalcError


@pytest.mark.parametrize(
    ("backend", "library", "hint"),
    [
        ("dask", "dask.distributed", "pip install 'gradcalc[dask]'"),
        ("ray", "ray", "pip install 'gradcalc[ray]'"),
    ],
)
def test_a_library_that_is_missing_is_named(
    backend: str, library: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(backends, "import_module", missing)
    with pytest.raises(GradcalcError) as found, backends.workers(backend, 1):
        pass
    (problem,) = found.value.problems
    assert problem.message == f"--backend {backend} needs {library}, which is not installed"
    assert problem.hint == hint


def test_results_come_in_order_and_few_requests_wait() -> None:
    made: list[int] = []
    waiting: list[int] = []

    def request(number: int) -> dict[str, Any]:
        made.append(number)
        return {"number": number}

    def get(number: int) -> list[str]:
        waiting.append(len(made) - number)
        return [str(number)]

    requests = [lambda k=k: request(k) for k in range(50)]
    found = list(backends._windowed(requests, 2, lambda r: r["number"], get))
    assert found == [[str(k)] for k in range(50)]
    assert max(waiting) <= backends.AHEAD * 2


def test_a_process_that_does_not_start_is_an_error_with_a_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(request: dict[str, Any]) -> list[str]:
        raise CannotStart("the process that marks does not start: out of memory")

    monkeypatch.setattr(backends, "work", broken)
    with (
        pytest.raises(GradcalcError, match="does not start: out of memory") as found,
        backends.workers("joblib", 1) as run,
    ):
        list(run([lambda: {}]))
    assert "the same command goes on from there" in str(found.value)
