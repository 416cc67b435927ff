"""The comparison with finite differences that an exported module brings along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gradcalc.app import cli
from gradcalc.exercise.load import exercise_from, load_exercise
from helpers.exported_code import agrees, body, exported, imported, written
from helpers.paths import EXERCISES

# ---- what it computes


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_gradient_that_is_no_number_does_not_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = exported({"expression": "f = x^y", "values": {"x": 0, "y": 2}}, tmp_path)
    assert not module._compare()
    x, y = capsys.readouterr().out.splitlines()
    assert x.startswith("x: agrees")
    assert y == "y: DIFFERS from finite differences, by at most nan"


@pytest.mark.filterwarnings("ignore:invalid value")
def test_one_entry_that_is_no_number_is_not_forgotten_for_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = {"expression": "f = sum(x^y)", "variables": {"x": [2], "y": []}}
    module = exported({**content, "values": {"x": [-1, 2], "y": 2}}, tmp_path)
    assert not module._compare()
    assert "y: DIFFERS from finite differences, by at most nan" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize(
    ("line", "mask"),
    [
        ("where(x > 0, x*log(x), 0)", "np.where(x > 0, "),
        ("where(x > 0, sqrt(x), 0)", "np.where(x > 0, "),
        ("where(x > 0, y/x, 0)", "np.where(x > 0, "),
        ("where(x > 0, sin(x), 0)", "(x > 0)"),
    ],
)
def test_a_branch_that_is_not_taken_leaves_no_nan(
    line: str, mask: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {"x": [-1, 2, 0.5], **({"y": 2} if "y" in line else {})}
    content = {"expression": f"f = sum({line})", "values": values}
    agrees(exported(content, tmp_path), capsys)
    rows = [row for row in body(written(exercise_from(content))) if row.startswith("dL_dx =")]
    assert any(mask in row for row in rows)


@pytest.mark.parametrize(
    "name",
    ["ex1", "ex2-gates", "ex3", "attention", "batch-normalisation", "layer-normalisation", "embedding-lookup", "lstm-cell",
     "convolution-slices", "gaussian-likelihood", "softmax-regression", "max-tie", "relu-kink", "normalise-vector"],
)  # fmt: skip
def test_shipped_exercises_check_themselves(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = EXERCISES / f"{name}.yaml"
    if not path.exists():
        pytest.skip(f"no exercise {name}")
    agrees(imported(written(load_exercise(str(path))), tmp_path), capsys)


# ---- the command


def test_export_writes_a_module_that_runs_alone(tmp_path: Path) -> None:
    path = tmp_path / "ex1.py"
    assert cli.run(["export", str(EXERCISES / "ex1.yaml"), "--to", "numpy", "-o", str(path)]) == 0
    done = subprocess.run(
        [sys.executable, "-I", str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == [
        f"{name}: agrees with finite differences" for name in "xyz"
    ]


@pytest.mark.parametrize(("slip", "code"), [(("dL_dq = dL_df * z", "dL_dq = dL_df"), 1), ("", 0)])
def test_the_exit_code_tells_whether_all_agree(
    slip: tuple[str, str], code: int, tmp_path: Path
) -> None:
    text = written(load_exercise(str(EXERCISES / "ex1.yaml")))
    path = tmp_path / "ex1.py"
    path.write_text(text.replace(*slip) if slip else text, "utf-8")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, "DIFFERS" in done.stdout) == (code, code == 1), done.stderr
