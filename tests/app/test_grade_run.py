"""grade as a program of its own: killed at any instant, on a full disk, with answers that hang or
kill, with one worker or two, by joblib, dask and ray.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.grading import exercise, last, marks, students, table
from helpers.program import FOLDER, environment, process

FAULTS = """\
import os, signal
from gradcalc.grading import work
mark = work.Ready.mark
def faulty(self, question, answer, tries):
    while "z^17" in answer[0]:
        pass
    if "z^19" in answer[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return mark(self, question, answer, tries)
work.Ready.mark = faulty
"""


def start(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "gradcalc", "grade", *words],
        env=environment(),
        cwd=FOLDER,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def same(one: Path, two: Path) -> bool:
    files = ("grades.csv", "summary.json")
    return all((one / file).read_bytes() == (two / file).read_bytes() for file in files)


@pytest.mark.slow
def test_one_job_or_two_and_any_hash_seed(tmp_path: Path) -> None:
    path, csv = exercise(tmp_path), table(tmp_path / "a.csv", students(30))
    for jobs, seed in (("1", "0"), ("2", "1")):
        words = ["grade", path, csv, "-o", str(tmp_path / jobs), "-j", jobs]
        assert process(*words, env={"PYTHONHASHSEED": seed}).returncode == 0
    assert same(tmp_path / "1", tmp_path / "2")
    lines = [(tmp_path / jobs / "grades.jsonl").read_bytes() for jobs in ("1", "2")]
    assert lines[0] == lines[1]


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_answer_that_hangs_or_kills_is_undecided(jobs: str, tmp_path: Path) -> None:
    """The others are marked, those after it too."""
    (tmp_path / "sitecustomize.py").write_text(FAULTS)
    rows = [["a", "y"], ["b", "z^17"], ["c", "z^19"], ["d", "x"], ["e", "y*z^19"], ["f", "2*y"]]
    path, csv = exercise(tmp_path), table(tmp_path / "a.csv", rows, ("du/dx",))
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{environment()['PYTHONPATH']}"}
    words = [path, csv, "-o", str(tmp_path / "out"), "-j", jobs, "--timeout", "2"]
    done = process("grade", *words, env=env)
    assert done.returncode == 0, done.stderr
    found = {student: line for (student, _), line in last(tmp_path / "out").items()}
    assert [found[name]["verdict"] for name in "abcdef"] == [
        "right", "undecided", "undecided", "wrong", "undecided", "wrong",
    ]  # fmt: skip
    assert "it took longer than 2 seconds" in found["b"]["message"]
    assert "its process ended with SIGKILL" in found["c"]["message"]


@pytest.mark.slow
def test_killed_at_random_instants(tmp_path: Path) -> None:
    """`GRADCALC_KILLS=200` tries more. The grades are those of a run that nobody disturbed."""
    path, csv = exercise(tmp_path), table(tmp_path / "a.csv", students(40))
    words = [path, csv, "-j", "1", "--feedback"]
    begun = time.monotonic()
    assert start(*words, "-o", str(tmp_path / "whole")).wait() == 0
    took = time.monotonic() - begun
    draw, kills = random.Random(time.time_ns()), int(os.environ.get("GRADCALC_KILLS", "6"))
    for number in range(kills):
        out = tmp_path / f"out{number // 4}"  # four kills in a row, then the end
        running = start(*words, "-o", str(out))
        time.sleep(draw.uniform(0.1, took))
        running.send_signal(signal.SIGKILL)
        running.wait()
        if number % 4 == 3 or number == kills - 1:
            assert start(*words, "-o", str(out)).wait() == 0
            assert same(out, tmp_path / "whole")
            assert len(marks(out)) == len(marks(tmp_path / "whole"))
            assert not list(out.glob(".gradcalc-*"))


@pytest.mark.slow
def test_a_full_disk(tmp_path: Path) -> None:
    path, csv, out = exercise(tmp_path), table(tmp_path / "a.csv", students(30)), tmp_path / "out"
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
    limited += "sys.argv[0] = 'gradcalc'; from gradcalc.__main__ import main; main()"
    words = ["grade", path, csv, "-o", str(out), "-j", "1"]
    done = subprocess.run(
        [sys.executable, "-c", limited, *words], env=environment(), cwd=FOLDER, capture_output=True
    )
    assert done.returncode == 2
    assert b"grades.jsonl: cannot be written: File too large" in done.stderr
    assert b"the same command goes on from there" in done.stderr
    assert process(*words).returncode == 0
    assert process("grade", path, csv, "-o", str(tmp_path / "whole"), "-j", "1").returncode == 0
    assert same(out, tmp_path / "whole")


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_other_backends_mark_the_same(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Only with `pytest -m backends`, where dask and ray are installed."""
    if request.config.option.markexpr != "backends":
        pytest.skip("pytest -m backends")
    pytest.importorskip("distributed" if backend == "dask" else backend)
    path, csv = exercise(tmp_path), table(tmp_path / "a.csv", students(30))
    words = ["grade", path, csv, "-j", "2"]
    assert process(*words, "-o", str(tmp_path / "joblib")).returncode == 0
    done = process(*words, "-o", str(tmp_path / backend), "--backend", backend)
    assert done.returncode == 0, done.stderr
    assert same(tmp_path / "joblib", tmp_path / backend)
