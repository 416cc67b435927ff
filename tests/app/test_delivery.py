"""Exports go where they should, and leave nothing behind when they fail."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradcalc.app.delivery import OutsideError, deliver, plan, source_of
from gradcalc.app.export import Export, export
from gradcalc.app.files import check_folder
from gradcalc.language.errors import GradcalcError
from gradcalc.render import pdf
from helpers.handouts import solved
from helpers.mistakes import message
from helpers.program import environment, process

EXERCISE = "expression: |\n  q = x + y\n  f = q * z\nvalues: {x: -2, y: 5, z: -4}\nupstream: 1\nquestions: [df/dx]\n"


@pytest.fixture
def exercise(tmp_path: Path) -> Path:
    path = tmp_path / "one.yaml"
    path.write_text(EXERCISE)
    return path


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
    done = process(
        "export",
        str(bad),
        str(exercise),
        "--to",
        "latex",
        "-o",
        str(tmp_path / "sheet.tex"),
        text=True,
    )
    assert done.returncode == 2
    assert f"{bad}:1:" in done.stderr
    assert (tmp_path / "sheet.tex").read_text().count(r"\titledquestion") == 1


def test_nothing_is_written_when_nothing_was_made(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("expression: x +\n")
    target = tmp_path / "sheet.tex"
    target.write_text("old")
    assert (
        process("export", str(bad), "--to", "latex", "-o", str(target), text=True).returncode == 2
    )
    assert target.read_text() == "old"


def test_a_refused_target_is_said_before_work_begins(exercise: Path, tmp_path: Path) -> None:
    done = process("export", str(exercise), "--to", "svg", "-o", "/dev/full", text=True)
    assert (done.returncode, done.stderr) == (2, "/dev/full: is not a regular file\n")
    done = process(
        "export", str(exercise), "--to", "pdf", "-o", str(tmp_path / "none" / "a.pdf"), text=True
    )
    assert done.returncode == 2
    assert "its folder does not exist" in done.stderr


def test_markdown_writes_its_picture_beside_it(exercise: Path, tmp_path: Path) -> None:
    done = process(
        "export", str(exercise), "--to", "markdown", "-o", str(tmp_path / "my page.md"), text=True
    )
    assert done.returncode == 0, done.stderr
    assert "](my-page.svg)" in (tmp_path / "my page.md").read_text()
    assert (tmp_path / "my-page.svg").read_text().startswith("<svg ")


@pytest.mark.slow
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
    path = {"PATH": str(programs), "TMPDIR": str(out)}
    for name in ("latexmk", "pdflatex"):  # so that tectonic is taken
        (programs / name).unlink(missing_ok=True)
    os.symlink("/bin/sleep", programs / "sleep")
    os.symlink("/usr/bin/touch", programs / "touch")
    running = subprocess.Popen(
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
        env=environment(path),
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(600):
        if (tmp_path / "child").exists() and (tmp_path / "child").read_text().strip():
            break
        time.sleep(0.05)
    running.send_signal(number)
    _, said = running.communicate(timeout=30)
    assert running.returncode == (130 if number == signal.SIGINT else 128 + number)
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


def engine(folder: Path, script: str, name: str = "tectonic") -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "TeX is not installed (latexmk, tectonic or pdflatex)"),
        (
            "echo './handout.tex:5: Undefined control sequence.' > handout.log; echo 'l.5 \\\\foo' >> handout.log; exit 1",
            "tectonic: a.tex:5: Undefined control sequence. l.5 \\foo",
        ),
        ("exit 0", "tectonic: it made no PDF and printed no message"),
        ("/bin/sleep 30", "tectonic: it was still running after 0.5 seconds"),
    ],
    ids=["missing", "failing", "silent", "hanging"],
)
def test_without_a_pdf_the_tex_is_written(
    script: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pdf.make, "__defaults__", (0.5, (), False))
    if script is not None:
        engine(tmp_path, script)
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.pdf").write_text("old")
    begin = time.monotonic()
    with pytest.raises(OutsideError) as error:
        deliver(
            export([solved("ex1")], "pdf", Export()), "pdf", out / "a.pdf", print, lambda data: None
        )
    assert time.monotonic() - begin < 20
    assert error.value.lines[0] == f"the pdf could not be made: {reason}"
    assert error.value.lines[1] == f"{out / 'a.tex'}: written instead"
    assert len(error.value.lines) == (
        5 if script is None else 4
    )  # no advice to install what there is
    assert (out / "a.pdf").read_text() == "old"
    assert r"\begin{questions}" in (out / "a.tex").read_text()


def test_without_a_program_a_png_is_left_an_svg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutsideError) as error:
        deliver(
            export([solved("ex1")], "png", Export()),
            "png",
            tmp_path / "a.png",
            print,
            lambda data: None,
        )
    assert (
        error.value.lines[0]
        == "the png could not be made: no program that makes PNG from SVG is installed"
    )
    assert (tmp_path / "a.svg").read_text().startswith("<svg ")


def test_the_engine_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engine(tmp_path, "echo '%PDF-1.5' > handout.pdf")
    assert deliver(
        export([solved("ex1")], "pdf", Export()),
        "pdf",
        tmp_path / "a.pdf",
        print,
        lambda data: None,
    ) == [f"{tmp_path / 'a.pdf'}: written, made with tectonic"]
    assert (tmp_path / "a.pdf").read_text() == "%PDF-1.5\n"
