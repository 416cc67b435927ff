"""The process that marks: asked again, ended, replaced."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import pytest

from gradcalc.app import marking_client
from gradcalc.app.marking_client import CannotStart, Server
from gradcalc.app.worker import Lost
from helpers.grading import CHAIN


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.kill()


def request(*answers: str, seconds: float = 60) -> dict[str, object]:
    items = [[answer, "", False] for answer in answers]
    return {
        "what": "mark", "file": "chain", "text": CHAIN, "policy": None, "seconds": seconds,
        "question": 0, "tries": 100, "items": items,
    }  # fmt: skip


def verdicts(said: Iterator[str | Lost]) -> list[str]:
    return [one.slug if isinstance(one, Lost) else json.loads(one)["verdict"] for one in said]


def test_answers_and_the_next_request(server: Server) -> None:
    assert verdicts(server.answers(request("y", "x", "?"))) == ["right", "wrong", "blank"]
    first = server._process
    assert verdicts(server.answers(request("1*y"))) == ["right"]
    assert server._process is first


def test_a_process_that_is_killed_from_outside_is_replaced(server: Server) -> None:
    said = server.answers(request("y", "x", "2*y"))
    assert json.loads(str(next(said)))["verdict"] == "right"
    assert server._process is not None
    os.kill(server._process.pid, signal.SIGKILL)
    assert verdicts(said) == ["wrong", "wrong"]


def test_a_deadline(server: Server) -> None:
    """An exercise is not even ready after a millisecond."""
    assert verdicts(server.answers(request("y", seconds=0.001))) == ["late"]
    assert verdicts(server.answers(request("y"))) == ["right"]


def test_a_bug_costs_nobody_points(server: Server) -> None:
    (said,) = server.answers({**request("y"), "what": "dance"})
    assert json.loads(str(said)) == {"lost": "this is a bug in gradcalc (ValueError: dance)"}


def test_a_process_that_does_not_start(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking_client, "_START", "import sys; sys.exit(3)")
    with pytest.raises(CannotStart, match="does not start: out of memory"):
        list(server.answers(request("y")))
