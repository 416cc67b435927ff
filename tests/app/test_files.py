"""Files are whole or not there."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradcalc.app.files import PREFIX, check_target, names_for, sweep, write_whole
from gradcalc.language.errors import GradcalcError
from helpers.mistakes import message
from helpers.program import environment


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, "old")
    path.chmod(0o640)
    write_whole(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(GradcalcError, match="No space left on device"):
        write_whole(path, "newer")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_targets_are_refused_before_work_begins(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    for path, replace, reason in (
        (tmp_path, True, "is a folder"),
        (tmp_path / "there", False, "already exists"),
        (tmp_path / "no" / "x", True, "its folder does not exist"),
        (tmp_path / ("n" * 300), True, "cannot be written"),
    ):
        with pytest.raises(GradcalcError, match=reason):
            check_target(path, replace)
    check_target(tmp_path / "there")
    check_target(tmp_path / "new")


def test_old_litter_is_swept(tmp_path: Path) -> None:
    old, fresh, other = (
        tmp_path / ".gradcalc-1.tmp",
        tmp_path / ".gradcalc-2.tmp",
        tmp_path / "mine.tmp",
    )
    for path in (old, fresh, other):
        path.write_text("")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == [fresh, other]


def litter(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(PREFIX)]


# ---- one file


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.tex"
    write_whole(path, "é")
    assert path.read_bytes() == "é".encode()
    path.chmod(0o640)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert litter(tmp_path) == []


def test_an_existing_file_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.tex"
    path.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(GradcalcError) as error:
            write_whole(path, "x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert message(error) == f"{path}: cannot be written: File too large"
    assert path.read_text() == "old"
    assert litter(tmp_path) == []


def test_what_cannot_be_written_is_refused_before(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    long = tmp_path / ("n" * 300)
    reasons = {
        tmp_path: "is a folder",
        tmp_path / "link": "is a symbolic link",
        tmp_path / "pipe": "is not a regular file",
        tmp_path / "none" / "a.tex": "cannot be written: its folder does not exist",
        tmp_path / "file" / "a.tex": "cannot be written: its folder does not exist",
        Path("/dev/full"): "is not a regular file",
        Path("/dev/null"): "is not a regular file",
        Path("a\0b"): "cannot be written: embedded null byte",
    }
    for path, reason in reasons.items():
        with pytest.raises(GradcalcError) as error:
            check_target(path)
        assert message(error) == f"{path}: {reason}"
    with pytest.raises(GradcalcError) as error:
        check_target(long)
    assert message(error).endswith(("its name is too long", "File name too long"))
    with pytest.raises(GradcalcError) as error:
        check_target(tmp_path / "file", replace=False)
    assert message(error) == f"{tmp_path / 'file'}: already exists"


def test_litter_of_a_killed_run_is_swept_and_that_of_a_running_one_is_not(tmp_path: Path) -> None:
    dead = subprocess.run(["true"], check=False)
    running = subprocess.Popen(["true"])
    running.wait()
    old = tmp_path / f"{PREFIX}{running.pid}-00.tmp"
    mine = tmp_path / f"{PREFIX}{os.getpid()}-00.tmp"
    other = tmp_path / ".other.tmp"
    for path in (old, mine, other):
        path.write_text("")
    sweep(tmp_path)
    assert dead.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([mine.name, other.name])


def test_two_runs_leave_one_whole_result(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gradcalc.app.files import write_whole\n"
        "for _ in range(40): write_whole(Path(sys.argv[1]), sys.argv[2] * 200_000)"
    )
    path = tmp_path / "a.txt"
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(path), letter], env=environment())
        for letter in "ab"
    ]
    assert [running.wait() for running in runs] == [0, 0]
    assert path.read_text() in ("a" * 200_000, "b" * 200_000)
    assert litter(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_the_old_or_the_new(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "import sys, signal; from pathlib import Path; from gradcalc.app.files import write_whole\n"
        "def stop(*_): raise SystemExit(1)\n"
        "signal.signal(signal.SIGTERM, stop); signal.signal(signal.SIGINT, stop); print('ready', flush=True)\n"
        "while True: write_whole(Path(sys.argv[1]), 'b' * 3_000_000)"
    )
    path = tmp_path / "a.txt"
    for attempt in range(6):
        path.write_text("a" * 3_000_000)
        running = subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert running.stdout is not None
        running.stdout.readline()
        time.sleep(0.003 * attempt)
        running.send_signal(number)
        running.wait()
        running.stdout.close()
        assert path.read_text() in ("a" * 3_000_000, "b" * 3_000_000)
        if number != signal.SIGKILL:
            assert litter(tmp_path) == []
    write_whole(path, "c")
    assert litter(tmp_path) == []


# ---- exports


def test_names_of_several_files_do_not_collide() -> None:
    assert names_for(["a/ex1.yaml", "-", "ex.2.yml"], "svg") == [
        "ex1.svg",
        "exercise.svg",
        "ex.2.svg",
    ]
    with pytest.raises(GradcalcError) as error:
        names_for(["a/ex1.yaml", "b/ex1.yaml"], "svg")
    assert message(error) == "a/ex1.yaml and b/ex1.yaml would both be written to ex1.svg"
