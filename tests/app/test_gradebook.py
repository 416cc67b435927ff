"""The gradebook: what is in it stays, whatever ends the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradcalc.app.gradebook import Gradebook
from gradcalc.language.errors import GradcalcError
from helpers.program import python

HEADER = {"format": 1, "exercise": "e", "policy": "p", "version": "1"}
LINE = '{"student": "a", "exercise": "chain", "n": %d}'


def book(path: Path, **more: Any) -> Gradebook:
    return Gradebook(path, HEADER, **more)


def numbers(path: Path) -> list[int]:
    with book(path) as found:
        return [line["n"] for _, line in found.lines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "grades.jsonl"
    with book(found) as made:
        for number in range(3):
            made.append(LINE % number)
        made.flush()
    return found


def test_lines_come_back_with_their_places(path: Path) -> None:
    with book(path) as found:
        assert not found.begun
        assert [found.line(at)["n"] for at, _ in found.lines()] == [0, 1, 2]


def test_a_torn_line_is_cut(path: Path) -> None:
    whole = path.read_bytes()
    for cut in range(len(whole) - 1, len(whole) - 60, -1):
        path.write_bytes(whole[:cut])
        assert numbers(path) == ([0, 1] if cut >= whole.rindex(b"\n", 0, -1) + 1 else [0])
    for junk in (b"\0" * 5000, b"\0\0\n", b'{"student"', b"[1, 2]\n\n"):
        path.write_bytes(whole + junk)
        assert numbers(path) == [0, 1, 2]
        assert path.read_bytes() == whole


def test_what_is_no_gradebook_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "grades.jsonl"
    for text in ("my notes\n", "my notes", '{"a": 1}\n', "[]\n"):
        path.write_text(text)
        with pytest.raises(GradcalcError, match="this is no gradebook"):
            book(path)
        assert path.read_text() == text


def test_a_line_that_is_damaged_in_the_middle_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"n": 1', b'"n": \x001'))
    with book(path) as found, pytest.raises(GradcalcError, match="the line at byte"):
        list(found.lines())


def test_a_second_writer_is_refused(path: Path) -> None:
    with book(path), pytest.raises(GradcalcError, match="another gradcalc is writing"):
        book(path)
    assert numbers(path) == [0, 1, 2]


def test_a_writer_that_was_killed_holds_no_lock(path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from gradcalc.app.gradebook import Gradebook\n"
        f"book = Gradebook(Path(sys.argv[1]), {HEADER})\n"
        'book.append(\'{"student": "a", "exercise": "c", "n": 3}\'); book.flush()\n'
        "print('locked', flush=True); time.sleep(100)"
    )
    from helpers.program import environment

    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], env=environment(), stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"locked\n"
        with pytest.raises(GradcalcError, match="another gradcalc is writing"):
            book(path)
        running.send_signal(signal.SIGKILL)
    assert numbers(path) == [0, 1, 2, 3]


def test_a_full_disk_loses_nothing(path: Path) -> None:
    """The chunk that does not fit is taken back whole, and the error says what to do."""
    before = path.read_bytes()
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from gradcalc.app.gradebook import Gradebook\n"
        "from gradcalc.language.errors import GradcalcError\n"
        f"book = Gradebook(Path(sys.argv[1]), {HEADER})\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 100},) * 2)\n"
        f"for number in range(3, 9): book.append({LINE!r} % number)\n"
        "try: book.flush()\n"
        "except GradcalcError as error: print(error)\n"
    )
    said = python("-c", code, str(path), text=True)
    assert "cannot be written: File too large" in said.stdout, said.stderr
    assert "what was marked before is kept" in said.stdout
    assert path.read_bytes() == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_device_is_no_gradebook() -> None:
    with pytest.raises(GradcalcError):
        book(Path("/dev/full"))


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    (tmp_path / "grades.jsonl").symlink_to(target)
    with pytest.raises(GradcalcError, match="cannot be written"):
        book(tmp_path / "grades.jsonl")
    assert target.read_bytes() == b""
