"""The program in a process of its own: streams, encodings, signals, what it loads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradcalc.app import cli
from helpers.paths import EX1
from helpers.program import FOLDER, environment, process, python


def test_a_pipe_is_a_file() -> None:
    done = process("validate", "-", input=b"expression: x*y\n")
    assert (done.returncode, done.stdout) == (0, b"-: valid; inputs: x, y\n")
    done = process("validate", "-", input=b"expression: x*\n")
    assert done.returncode == 2
    assert done.stderr.startswith(b"<stdin>:1:14: ")


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    script = (
        "import sys\nfrom gradcalc.app import cli\n"
        f"for words in (['--help'], ['--version'], ['validate', {EX1!r}], ['solve'], ['schema']): cli.run(words)\n"
        "print(sorted({'sympy', 'numpy', 'mpmath', 'flint', 'pydantic', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    done = python("-c", script, check=True)
    assert done.stderr.splitlines()[-1] == b"[]"


# Streams and signals


def test_a_reader_that_stops_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = process("validate", *[EX1] * 3, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (cli.Exit.BROKEN_PIPE, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", [["validate", EX1], ["schema"], ["--help"], ["--version"]])
def test_a_full_disk_is_said(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = process(*words, stdout=full)
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed: str) -> None:
    command = f"{sys.executable} -m gradcalc validate - {EX1} {closed}"
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        input=b"",
        cwd=FOLDER,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode in (2, 3)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_encodings_of_the_output(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    path.write_text("expression: β*ŷ\n", "utf-8")
    done = process("validate", str(path), env={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    expected = "β, ŷ" if encoding == "utf-8" else "beta, yhat"
    assert done.stdout.decode().endswith(f"inputs: {expected}\n")
    assert (
        process("validate", str(path), "--ascii").stdout.decode().endswith("inputs: beta, yhat\n")
    )


def test_no_home_and_a_dumb_terminal() -> None:
    environment = {"HOME": "", "TERM": "dumb", "NO_COLOR": "1", "LC_ALL": "C"}
    assert process("validate", EX1, env=environment).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals_end_it_quietly(number: signal.Signals, code: int) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "gradcalc", "validate", "-"],
        cwd=FOLDER,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(3)  # it waits for its input by now
    running.send_signal(number)
    _, err = running.communicate(timeout=30)
    assert running.returncode == code
    assert b"Traceback" not in err


def test_help_for_a_full_disk() -> None:
    with open("/dev/full", "wb") as full:
        done = process("--help", stdout=full)
    assert (done.returncode, done.stderr) == (3, b"gradcalc: No space left on device\n")


def test_a_png_to_the_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "rsvg-convert"
    program.write_text("#!/bin/sh\ncat >/dev/null; printf '\\211PNG-'\n")
    program.chmod(0o755)
    done = process(
        "export", EX1, "--to", "png", "-o", "-", env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        b"\x89PNG-",
        b"made with rsvg-convert\n",
    )
    program.write_text("#!/bin/sh\ncat >/dev/null; echo no >&2; exit 1\n")
    done = process(
        "export", EX1, "--to", "png", "-o", "-", env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"the png could not be made: rsvg-convert failed: no\n" in done.stderr
