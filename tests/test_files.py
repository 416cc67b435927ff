"""Files are whole or not there; exports check their targets first and leave nothing behind."""

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

from gradcalc.app.delivery import plan, source_of
from gradcalc.app.files import PREFIX, check_folder, check_target, names_for, sweep, write_whole
from gradcalc.language.errors import GradcalcError

EXERCISE = "expression: |\n  q = x + y\n  f = q * z\nvalues: {x: -2, y: 5, z: -4}\nupstream: 1\nquestions: [df/dx]\n"


def message(error: pytest.ExceptionInfo[GradcalcError]) -> str:
    return error.value.problems[0].message


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gradcalc", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )  # type: ignore[call-overload,no-any-return]


def litter(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(PREFIX)]


@pytest.fixture
def exercise(tmp_path: Path) -> Path:
    path = tmp_path / "one.yaml"
    path.write_text(EXERCISE)
    return path


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
    process = subprocess.Popen(["true"])
    process.wait()
    old = tmp_path / f"{PREFIX}{process.pid}-00.tmp"
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
    runs = [subprocess.Popen([sys.executable, "-c", code, str(path), letter]) for letter in "ab"]
    assert [process.wait() for process in runs] == [0, 0]
    assert path.read_text() in ("a" * 200_000, "b" * 200_000)
    assert litter(tmp_path) == []


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
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.003 * attempt)
        process.send_signal(number)
        process.wait()
        process.stdout.close()
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


def test_what_goes_where(tmp_path: Path) -> None:
    both = ["ex1.yaml", "ex2.yaml"]
    assert [(t.path, t.files) for t in plan(both, "latex", str(tmp_path / "a.tex"))] == [
        (tmp_path / "a.tex", (0, 1))
    ]
    folder = str(tmp_path / "new") + "/"
    assert [(t.path, t.files) for t in plan(both, "pdf", folder)] == [
        (tmp_path / "new" / "ex1.pdf", (0,)),
        (tmp_path / "new" / "ex2.pdf", (1,)),
    ]
    assert plan(both, "markdown", None)[0].path is None
    with pytest.raises(GradcalcError) as error:
        plan(both, "svg", str(tmp_path / "a.svg"))
    assert message(error) == "one svg file holds one exercise, and you gave 2"
    with pytest.raises(GradcalcError) as error:
        plan(["ex1.yaml"], "pdf", None)
    assert error.value.problems[0].hint == "give a file: -o ex1.pdf"
    with pytest.raises(GradcalcError) as error:
        check_folder(tmp_path / "none" / "none")
    assert "cannot be made" in message(error)
    assert source_of(Path("a.b.pdf"), "pdf") == Path("a.b.tex")


def test_a_bad_file_spoils_no_other(exercise: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("expression: x +\n")
    done = run(
        "export", str(bad), str(exercise), "--to", "latex", "-o", str(tmp_path / "sheet.tex")
    )
    assert done.returncode == 2
    assert f"{bad}:1:" in done.stderr
    assert (tmp_path / "sheet.tex").read_text().count(r"\titledquestion") == 1


def test_nothing_is_written_when_nothing_was_made(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("expression: x +\n")
    target = tmp_path / "sheet.tex"
    target.write_text("old")
    assert run("export", str(bad), "--to", "latex", "-o", str(target)).returncode == 2
    assert target.read_text() == "old"


def test_a_refused_target_is_said_before_work_begins(exercise: Path, tmp_path: Path) -> None:
    done = run("export", str(exercise), "--to", "svg", "-o", "/dev/full")
    assert (done.returncode, done.stderr) == (2, "/dev/full: is not a regular file\n")
    done = run("export", str(exercise), "--to", "pdf", "-o", str(tmp_path / "none" / "a.pdf"))
    assert done.returncode == 2
    assert "its folder does not exist" in done.stderr


def test_markdown_writes_its_picture_beside_it(exercise: Path, tmp_path: Path) -> None:
    done = run("export", str(exercise), "--to", "markdown", "-o", str(tmp_path / "my page.md"))
    assert done.returncode == 0, done.stderr
    assert "](my-page.svg)" in (tmp_path / "my page.md").read_text()
    assert (tmp_path / "my-page.svg").read_text().startswith("<svg ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_interrupted_compilation_leaves_nothing(
    exercise: Path, tmp_path: Path, number: signal.Signals
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    engine = programs / "tectonic"
    engine.write_text(
        f"#!/bin/sh\ntouch {tmp_path}/started\nsleep 60 &\necho $! > {tmp_path}/child\nwait\n"
    )
    engine.chmod(0o755)
    out = tmp_path / "out"
    out.mkdir()
    environment = {**os.environ, "PATH": f"{programs}:/bin:/usr/bin", "TMPDIR": str(out)}
    for name in ("latexmk", "pdflatex"):  # so that tectonic is taken
        (programs / name).unlink(missing_ok=True)
    environment["PATH"] = str(programs)
    os.symlink("/bin/sleep", programs / "sleep")
    os.symlink("/usr/bin/touch", programs / "touch")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gradcalc",
            "export",
            str(exercise),
            "--to",
            "pdf",
            "-o",
            str(out / "a.pdf"),
        ],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(600):
        if (tmp_path / "child").exists() and (tmp_path / "child").read_text().strip():
            break
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert "Traceback" not in said
    assert list(out.iterdir()) == []
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if (
            not Path(f"/proc/{child}").exists()
            or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]
        ):
            break
        time.sleep(0.05)
    else:
        pytest.fail("the engine's child still runs")
