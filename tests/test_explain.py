"""The explanation as it is read, its details, its formats, and the walk on a terminal."""

from __future__ import annotations

import json
import os
import re
import select
import sys
import time
from pathlib import Path

import pytest

from gradcalc.app.cli import run
from gradcalc.render import render_as, table
from gradcalc.render.derivation_json import document
from gradcalc.render.player import Film
from gradcalc.report.blocks import Note, Options, Report, Table
from gradcalc.report.explanation import DETAILS, compose_explanation, pages
from gradcalc.report.lines import text_line
from helpers.derivations import shipped_derivation
from helpers.paths import EXERCISES
from helpers.program import FOLDER, environment


def report(name: str, detail: str = "normal", only: str | None = None) -> Report:
    return compose_explanation(shipped_derivation(name, detail, only), Options(detail=detail))


def record(made: Report, head: str) -> dict[str, str]:
    """The fields of a step; of several of one name the last."""
    return dict(fields(made, head))


def fields(made: Report, head: str) -> list[tuple[str, str]]:
    """The fields of a step, lines joined with |."""
    for block in made.blocks:
        if isinstance(block, Table) and block.records:
            for row in block.rows:
                if " ".join(text_line(line, made.names) for line in row[0]) == head:
                    cells = [
                        " | ".join(text_line(line, made.names) for line in cell) for cell in row[1:]
                    ]
                    return [
                        (column.title, cell)
                        for column, cell in zip(block.columns[1:], cells, strict=True)
                    ]
    raise AssertionError(f"no step {head}")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["explain", *arguments]) == 0
    return capsys.readouterr().out


# ---- what is said


def test_a_step_says_the_rule_its_formula_the_instance_and_the_numbers() -> None:
    assert record(report("ex2"), "2. ∂L/∂z") == {
        "used in": "α = σ(z)",
        "rule": "The derivative of the sigmoid is its value times one minus its value | in general ∂σ(x)/∂x = σ(x)(1 − σ(x))",
        "local": "∂α/∂z = α (1 − α) ≈ 0.1966",
        "gradient": "∂L/∂z = ∂L/∂α · ∂α/∂z = ∂L/∂α · α (1 − α) | = α (1 − α), with ∂L/∂α put in",
        "numbers": "∂L/∂z = 1 · 0.1966 ≈ 0.1966",
    }


def test_two_paths_are_added() -> None:
    (*paths, (_, total), numbers) = fields(report("diamond"), "3. ∂f/∂x")
    assert paths == [
        ("used", "x is used twice: in v and in u. Add the contributions of both paths."),
        ("through v", "v = 2x"),
        ("rule", "A constant factor stays: the upstream gradient is multiplied by it"),
        ("local", "∂v/∂x = 2"),
        ("hands back", "∂f/∂v · ∂v/∂x = ∂f/∂v · 2"),
        ("numbers", "4 · 2 = 8"),
        ("through u", "u = x + 1"),
        (
            "rule",
            "A constant that is added has no influence: the gradient passes unchanged | in general ∂(x + y)/∂x = 1",
        ),
        ("local", "∂u/∂x = 1"),
        ("hands back", "∂f/∂u · ∂u/∂x = ∂f/∂u · 1"),
        ("numbers", "6 · 1 = 6"),
    ]
    assert total.startswith("∂f/∂x = ∂f/∂v · 2 + ∂f/∂u · 1 | = ")
    assert total.endswith(", with ∂f/∂v and ∂f/∂u put in")
    assert numbers == ("numbers", "∂f/∂x = 8 + 6 = 14")


def test_a_matrix_product_has_a_shape_under_every_factor() -> None:
    step = record(report("ex3"), "10. ∂J/∂W₁")
    assert step["shapes"] == " ∂J/∂z₁      xᵀ    →  D_a₁ × D_x\nD_a₁ × 1  1 × D_x"
    assert step["because"].startswith(
        "∂J/∂W₁ must have the shape of W₁, D_a₁ × D_x; ∂J/∂z₁ is D_a₁ × 1 and xᵀ is 1 × D_x"
    )
    assert "in the chain it stands on the right" in step["local"]


def test_the_trap_of_the_literal_product() -> None:
    step = record(report("ex3"), "Putting it together: ∂J/∂W₁")
    assert step["the trap"] == "multiplied as they stand they give 1 × D_x, not D_a₁ × D_x"
    assert step["what conforms"].endswith("∂J/∂W₁ = Σᵢ (δ₁ δ₂ δ₃ᵀ ∘ δ₄) δ₅")
    assert step["stacked"].startswith("= (W₂ᵀ(Ŷ − Y) ∘ 1[Z₁ > 0]) Xᵀ / m")


def test_a_rule_is_said_in_short_once_it_stands_above() -> None:
    made = report("ex1")
    assert record(made, "2. ∂L/∂z")["rule"].startswith(
        "The product gate swaps its inputs: each factor gets"
    )
    assert (
        record(made, "3. ∂L/∂q")["rule"]
        == "The product gate swaps its inputs | in general ∂(x y)/∂x = y"
    )
    assert record(report("ex1", "full"), "3. ∂L/∂q")["rule"].startswith(
        "The product gate swaps its inputs: each factor"
    )


def test_on_a_screen_of_its_own_a_rule_is_said_in_full() -> None:
    film = pages(shipped_derivation("ex1"), Options())
    said = [
        table.render(page.report, Options(width=200))
        for page in film
        if page.at in ("z", "q") and page.gradients
    ]
    assert all(
        "The product gate swaps its inputs: each factor" in text and "in general" in text
        for text in said
    )


def test_beside_a_total_derivative_the_local_one_says_what_is_held() -> None:
    step = fields(report("rosenbrock"), "8. ∂g/∂x")
    assert ("local", "with v and u held: ∂g/∂x = −4b v = 176") in step
    assert ("numbers", "∂g/∂x = 176 + 1152 + 2 = 1330") in step


def test_negative_factors_stand_in_brackets() -> None:
    step = record(report("lstm-cell-scalar"), "9. ∂L/∂o")
    assert step["numbers"] == "∂L/∂o = 1 · (−0.05900) ≈ −0.05900"


def test_sums_are_spelled_out_in_full_detail_only() -> None:
    assert "The sum gate" not in record(report("ex2"), "3. ∂L/∂w₀")["rule"]
    assert "The sum gate" in record(report("ex2", "full"), "3. ∂L/∂w₀")["rule"]


def test_brief_is_one_line_for_each_gradient() -> None:
    made = report("ex1", "brief")
    rows = next(
        block.rows
        for block in made.blocks
        if isinstance(block, Table) and block.columns[0].title == "gradient"
    )
    assert len(rows) == 5
    assert text_line(rows[1][1][0], made.names) == "∂L/∂f · ∂f/∂z"


def test_the_steps_say_that_they_were_checked() -> None:
    notes = [
        text_line(block.line, report("ex1").names)
        for block in report("ex1").blocks
        if isinstance(block, Note)
    ]
    assert (
        "steps checked: the value of 5 of 5 gradients on the way agrees with the numeric derivative"
        in notes
    )


@pytest.mark.parametrize("detail", ["brief", "normal", "full"])
@pytest.mark.parametrize(
    "name",
    [
        "ex1",
        "ex2",
        "ex3",
        "attention",
        "softmax-by-entries",
        "hessian-two-variables",
        "jacobian-layouts",
        "relu-kink",
    ],
)
def test_every_page_is_drawn_at_every_width(name: str, detail: str) -> None:
    derivation = shipped_derivation(name, detail)
    for options in (
        Options(width=60, detail=detail),
        Options(width=200, ascii=True, detail=detail),
    ):
        for page in pages(derivation, options):
            assert table.render(page.report, options)
        text = table.render(compose_explanation(derivation, options), options)
        assert not options.ascii or text.isascii()
        assert max(map(len, text.splitlines())) <= options.width or not text.isascii()


NAMES = sorted(path.stem for path in EXERCISES.glob("*.yaml"))


@pytest.mark.parametrize(
    ("name", "detail"), [(name, DETAILS[k % 3]) for k, name in enumerate(NAMES)]
)
def test_every_exercise_explains_every_step(name: str, detail: str) -> None:
    """Each in one detail: every path has a rule and its sentence, no step is wrong, every format writes it."""
    derivation = shipped_derivation(name, detail)
    for one in derivation.passes:
        for step in one.steps:
            assert step.verified is None or step.verified.ok is not False
            assert all(path.rules or path.through is None for path in step.paths)
            assert all(rule.sentence for path in step.paths for rule in path.rules)
    options = Options(detail=detail)
    report = compose_explanation(derivation, options)
    assert all(render_as(format, [report], options) for format in ("table", "markdown", "plain"))
    assert document(derivation)["passes"] or not derivation.passes


# ---- the command


def test_without_a_file_the_first_shipped_exercise(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "--step")
    assert "Step 1 of 9" in out
    assert "Forward: q = x + y" in out
    assert out.index("Step 4 of 9") < out.index("∂L/∂f") < out.index("Answers")


def test_one_answer_by_its_question(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, str(EXERCISES / "ex2.yaml"), "--for", "dalpha/dx0", "--format", "plain")
    assert "dalpha/dx0" in out
    assert "dalpha/dw0" not in out


def test_a_question_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", str(EXERCISES / "ex2.yaml"), "--for", "dalpha/dq"]) == 2
    assert "--for:1:" in capsys.readouterr().err


def test_an_unknown_detail_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--detail", "long"]) == 2
    assert "none of brief, normal, full" in capsys.readouterr().err


def test_json_is_the_derivation_with_a_format_number(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(shown(capsys, str(EXERCISES / "ex2.yaml"), "--format", "json"))
    assert (data["format"], data["kind"]) == (1, "derivation")
    assert data["forward"][5]["plugged"] == "2*(-1) + (-3)*(-2) + (-3)"
    step = data["passes"][0]["steps"][1]
    assert step["gradient"] == "dL/dz"
    (path,) = step["paths"]
    assert path["rules"][0]["operation"] == "sigmoid"
    assert path["rules"][0]["formula"] == "d(sigmoid(x))/dx = sigmoid(x)*(1 - sigmoid(x))"
    assert (path["upstream"]["name"], path["local"]["symbolic"]) == (
        "dL_dalpha",
        "alpha*(1 - alpha)",
    )
    assert step["verified"]["ok"] is True


def test_the_keys_of_the_json_are_always_there() -> None:
    first = document(shipped_derivation("ex1"))
    other = document(shipped_derivation("ex3", "full"))
    assert first.keys() == other.keys()
    steps = [step for data in (first, other) for one in data["passes"] for step in one["steps"]]
    assert len({tuple(step) for step in steps}) == 1
    assert len({tuple(path) for step in steps for path in step["paths"]}) == 1


def test_a_bad_file_is_reported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("expression: f = x +\n", "utf-8")
    assert run(["explain", str(file), "--format", "json"]) == 2
    assert "errors" in json.loads(capsys.readouterr().out)


# ---- the walk


def test_the_graph_shows_what_is_known_so_far() -> None:
    film = Film(shipped_derivation("ex1"), Options())
    first, second, last = (film.frame(at, 100, 50) for at in (0, 1, 7))
    assert "q = 3" not in first
    assert "q = 3 ◀" in second
    assert "−4 ◀" in last
    assert "[8/9] space next" in last


def test_where_the_graph_does_not_fit_the_place_of_the_step_stands_on_a_line() -> None:
    film = Film(shipped_derivation("ex3"), Options())
    at = next(k for k, page in enumerate(film.pages) if page.at == "z1" and page.gradients)
    assert film.frame(at, 60, 20).splitlines()[0] == "ŷ ← z₂ ← a₁ ← [z₁]"
    neuron = Film(shipped_derivation("ex2"), Options(color=True))
    assert neuron.frame(8, 40, 60).splitlines()[0] == "[x₁] used in z"
    assert "(σ)" in neuron.frame(8, 110, 60) or "forward" in neuron.frame(8, 110, 60)


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of another kind")
class TestTerminal:
    """The program on a terminal of its own."""

    def walk(self, *keys: str | int, file: str = "") -> tuple[str, int]:
        """What it writes, and its exit code. A number among the keys is a new width of the terminal, 60 at first."""
        import fcntl
        import pty
        import struct
        import termios

        def resize(columns: int) -> None:
            fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))

        pid, screen = pty.fork()
        if pid == 0:
            os.chdir(FOLDER)
            terminal = {
                key: word
                for key, word in environment().items()
                if key not in ("COLUMNS", "LINES", "NO_COLOR")
            }
            time.sleep(0.2)  # until the terminal has its size
            command = [
                sys.executable,
                "-m",
                "gradcalc",
                "explain",
                "--step",
                *([file] if file else []),
            ]
            os.execve(sys.executable, command, terminal | {"TERM": "xterm"})
        resize(60)
        before = termios.tcgetattr(screen)[3]
        out = self.read(screen, "q quit")
        for key in keys:
            if isinstance(key, int):
                resize(key)
            else:
                os.write(screen, key.encode())
            out += self.read(screen, "\x1b[?25h" if key in ("q", "\x03") else "q quit")
        assert termios.tcgetattr(screen)[3] == before
        _, status = os.waitpid(pid, 0)
        os.close(screen)
        return out, os.waitstatus_to_exitcode(status)

    def widths(self, out: str) -> list[int]:
        """The longest line of each screen."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-ln-z]", "\f", re.sub(r"\x1b\[[0-9;]*m", "", out))
        screens = [
            [line.strip("\r\f") for line in screen.split("\n")]
            for screen in plain.split("\f\f\f")
            if "q quit" in screen
        ]
        return [max(map(len, screen)) for screen in screens]

    def read(self, screen: int, until: str) -> str:
        got, end = "", time.monotonic() + 30
        while until not in got and time.monotonic() < end:
            if select.select([screen], [], [], 0.2)[0]:
                try:
                    got += os.read(screen, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        return got

    def test_keys(self) -> None:
        out, code = self.walk(" ", "\r", "b", "f", "q")
        places = [
            part.split("]")[0] for part in out.split("[") if part.split("]")[0].endswith("/9")
        ]
        assert places == ["1/9", "2/9", "3/9", "2/9", "9/9"]
        assert code == 0
        assert out.endswith("\x1b[?25h")

    def test_at_the_ends_and_with_arrows(self) -> None:
        out, code = self.walk("b", "\x1b[C", "\x1b[D", "x", "f", "f", " ")
        places = [
            part.split("]")[0] for part in out.split("[") if part.split("]")[0].endswith("/9")
        ]
        assert places == ["1/9", "1/9", "2/9", "1/9", "1/9", "9/9", "9/9"]
        assert code == 0

    def test_a_resized_terminal_is_drawn_at_its_new_size(self) -> None:
        out, code = self.walk("f", 100, 40, "b", "q", file="ex2.yaml")
        first, last, wide, narrow, before = self.widths(out)
        assert max(first, last) <= 60
        assert 60 < wide <= 100
        assert max(narrow, before) <= 40
        assert code == 0

    def test_arrays_in_sixty_columns(self) -> None:
        out, _ = self.walk(*[" "] * 17, "q", file="ex3.yaml")
        assert len(self.widths(out)) == 18
        assert max(self.widths(out)) <= 60

    def test_ctrl_c_restores_the_terminal(self) -> None:
        out, code = self.walk(" ", "\x03")
        assert "\x1b[?25h" in out
        assert code == 130
