"""Limits, conventions, refusals, streams: what holds whatever is asked. Rows of the reliability bar stand in brackets."""

from __future__ import annotations

import itertools
import json
import math
import os
import pty
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from gradcalc.app import cli
from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.derivation.answers import answerer
from gradcalc.derivation.expansion import operations
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from, parse_exercise
from gradcalc.graph.build import build
from gradcalc.graph.dependencies import many
from gradcalc.language.errors import GradcalcError
from helpers.paths import EX1
from helpers.program import FOLDER, PACKAGE, process


def solved(expression: str, values: str = "", questions: str = "", more: str = "") -> Solution:
    text = f"expression: |\n  {expression}\n"
    text += f"values: {{{values}}}\n" if values else ""
    text += f"questions: [{questions}]\n" if questions else ""
    return solve(parse_exercise(text + more, "e.yaml"))


def answer(expression: str, values: str, question: str, more: str = "") -> Answer:
    return solved(expression, values, question, more).answers[0]


def refused(text: str) -> str:
    with pytest.raises(GradcalcError) as caught:
        build(parse_exercise(text, "e.yaml"))
    return caught.value.problems[0].message


# ---- limits, just below and just above [B3]; those of one line and of a file are in language/test_parser.py and exercise/test_source.py


def nested(depth: int) -> str:
    return "expression: x\nvalues: {x: " + "[" * depth + "1" + "]" * depth + "}\n"


def calls(count: int) -> str:
    return "expression:\n  - g0(t) = t + 1\n" + "".join(f"  - g{k}(t) = g{k - 1}(t)\n" for k in range(1, count)) + f"  - f = g{count - 1}(x)\n"  # fmt: skip


@pytest.mark.parametrize(
    ("fits", "exceeds", "message"),
    [
        (nested(14), nested(15), "lists and mappings are nested more than 16 deep"),
        (calls(30), calls(31), "functions call one another more than 30 deep"),
        ("expression: x^100000\n", "expression: x^100001\n", "the exponent is beyond ±100,000"),
        ("expression: 2^1300*x\n", "expression: 2^4097*x\n", "this power has more than 1,200 digits"),
        ("expression: x + ones(1000, 1000)\n", "expression: x + ones(1000, 1001)\n", "this array has more than 1,000,000 entries"),
        ("expression: x\nvariables: {x: [n]}\nsizes: {n: 1000000}\n", "expression: x\nvariables: {x: [n]}\nsizes: {n: 1000001}\n", "a size must be between 1 and 1000000"),
        (f"expression: x\nvariables: {{x: [], {'n' * 64}: []}}\n", f"expression: x\nvariables: {{x: [], {'n' * 65}: []}}\n", "this name has 65 characters; the limit is 64"),
    ],
    ids=["YAML depth", "functions", "exponent", "power", "entries", "size", "name"],
)  # fmt: skip
def test_limits(fits: str, exceeds: str, message: str) -> None:
    build(parse_exercise(fits, "e.yaml"))
    assert message in refused(exceeds)


# ---- time [B4, B6]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "last", "slope"),
    [
        (["a0 = x", *(f"a{k} = a{k - 1} + a{k - 1}" for k in range(1, 61))], "a60", 2**60),
        (
            ["a0 = x", "a1 = x", *(f"a{k} = a{k - 1} + a{k - 2}" for k in range(2, 81))],
            "a80",
            37889062373143906,
        ),
    ],
    ids=["doublings", "Fibonacci"],
)
def test_many_paths_cost_what_their_nodes_cost(lines: list[str], last: str, slope: int) -> None:
    """60 doublings, 80 Fibonacci steps: 2^60 paths, and no more than a few nodes a step."""
    graph = build(
        exercise_from({"expression": lines, "values": {"x": 1}, "questions": [f"d{last}/dx"]})
    )
    assert len(graph.nodes) <= 3 * len(lines)
    found = answerer(graph).derivatives
    assert found.total(graph.names[last], graph.names["x"]).terms
    assert len(found.engine.quantities.nodes) <= 3 * len(lines)
    assert solve(graph.exercise).answers[0].value == float(slope)


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    ["a{k} = a{i} * a{j} / 2", "a{k} = sigmoid(a{i} * a{j})", "a{k} = w * a{i} + sin(a{j})", "a{k} = a{i} / (1 + a{j}^2)"],
)  # fmt: skip
def test_a_long_computation_is_written_in_short_formulas(line: str) -> None:
    """Every gradient on the way has a name, so that the formulas grow with the lines, not with the paths."""
    lines = ["a0 = x", "a1 = x * w", *(line.format(k=k, i=k - 1, j=k - 2) for k in range(2, 81))]
    graph = build(
        exercise_from(
            {"expression": lines, "values": {"x": 0.5, "w": 0.75}, "questions": ["da80/dx"]}
        )
    )
    (found,) = solve(graph.exercise).answers
    assert found.verified is not None
    assert found.verified.ok
    assert len(found.where) > 40
    assert max(operations(formula) for _, formula in (*found.where, ("", found.symbolic))) <= 20
    assert [warning.slug for warning in found.warnings] == ["unlisted-paths"]


@pytest.mark.slow
def test_a_gradient_of_a_thousand_summands() -> None:
    """Its formula is nested a thousand deep, beyond what may be walked by recursion."""
    lines = [f"x{k} = w * x{k - 1} + {k}" for k in range(1, 1201)]
    exercise = {"expression": lines, "values": {"x0": 1, "w": 0.5}, "questions": ["dx1200/dw"]}
    solution = solve(exercise_from(exercise))
    assert solution.right
    assert solution.answers[0].value == solution.gradients["w"].value


def test_the_paths_of_a_chain_are_counted_without_writing_the_number_out() -> None:
    assert [many(n) for n in (1, 12, 10**9 - 1)] == ["1", "12", "999999999"]
    assert many(2**20_000) == "more than 10^6020"  # Python refuses to print it


def towers() -> dict[str, tuple[str, str]]:
    root = "x"
    for _ in range(40):
        root = f"sqrt({root})"
    return {
        "roots": (root, "x: 1/3"),
        "product of sums": ("*".join(f"(x + y{k})" for k in range(30)), "x: 1, " + ", ".join(f"y{k}: {k}" for k in range(30))),
        "sum of fractions": ("1/(" + " + ".join(f"1/(x + {k})" for k in range(1, 60)) + ")", "x: 1/3"),
        "exponentials": ("(exp(100000*x) + 1)/(exp(x) + exp(x/99991))", "x: 0.0001"),
        "large constants": ("sin(7^400*x)/(x + 7^-400)^3", "x: 1/3"),
        "large power": ("(x + 1)^99999*(x - 1)^99999", "x: 0.0001"),
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", towers())
def test_what_expands_without_end_is_not_expanded(name: str) -> None:
    """Each hung, or filled memory, where SymPy may cancel, factor or expand it; its formula is longer and as right."""
    expression, values = towers()[name]
    found = answer(f"f = {expression}", values, "df/dx")
    assert found.verified is not None
    assert found.verified.ok is not False


@pytest.mark.parametrize(
    "lines",
    [
        "f = 3*sqrt(x)",
        "v = 3*sqrt(x)\n  f = v + x^(1/3)",
        "u = x + 1\n  v = u^(2/3)/2\n  f = log(v)",
    ],
)
def test_multiples_of_roots_are_read_back(lines: str) -> None:
    (verified,) = [item.verified for item in solved(lines, "x: 4", "df/dx").answers]
    assert verified is not None
    assert verified.ok


# ---- conventions at the point [D3]


@pytest.mark.parametrize(
    ("expression", "values", "slopes", "said"),
    [
        ("relu(x)", "x: 0", {"x": 0}, "relu'(0) = 0 by convention"),
        ("leaky_relu(x, 0.01)", "x: 0", {"x": 0.01}, "by convention"),
        ("elu(x, 1)", "x: 0", {"x": 1}, None),
        ("abs(x - 2)", "x: 2", {"x": 0}, "abs'(0) = 0 by convention"),
        ("sign(x)*y", "x: 0, y: 3", {"x": 0}, "sign'(0) = 0 by convention"),
        ("step(x)*y", "x: 0, y: 3", {"x": 0}, "step'(0) = 0 by convention"),
        ("step(x)", "x: 2", {"x": 0}, None),
        ("max(x, y)", "x: 1, y: 1", {"x": 1 / 2, "y": 1 / 2}, "at a tie max shares the gradient evenly"),
        ("min(x, y)", "x: 1, y: 1", {"x": 1 / 2, "y": 1 / 2}, "at a tie min shares the gradient evenly"),
        ("max(x, x^3)", "x: 0", {"x": 1 / 2}, "at a tie max shares the gradient evenly"),
        ("where(x > 1, 2*x - 1, x)", "x: 1", {"x": 1}, "the branch that is taken, by convention"),
    ],
)  # fmt: skip
def test_conventions_hold_and_are_said(
    expression: str, values: str, slopes: dict[str, float], said: str | None
) -> None:
    found = solved(f"f = {expression}", values, ", ".join(f"df/d{name}" for name in slopes))
    assert [item.value for item in found.answers] == pytest.approx(list(slopes.values()))
    assert said is None or any(said in problem.message for problem in found.warnings)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_shares_at_a_tie_sum_to_one(count: int) -> None:
    for text, more in (
        (f"f = max(v)\nvariables: {{v: [{count}]}}\nvalues: {{v: {[1] * count}}}", ""),
        ("f = max(" + ", ".join(f"v[{k}]" for k in range(count)) + f")\nvariables: {{v: [{count}]}}\nvalues: {{v: {[1] * count}}}", ""),
    ):  # fmt: skip
        assert sum(solved(text, "", "df/dv", more).answers[0].value) == pytest.approx(1)


# Names that SymPy has for what must not be shown.
ALIEN = re.compile(
    r"\b(?:DiracDelta|Heaviside|Derivative|Subs|Piecewise|re|im|nan|NaN|zoo|oo|Infinity|ImaginaryUnit)\b"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("abs(x)*sign(x) + step(x)*relu(x)", "x: 0"), ("max(x, x^2, x^3)", "x: 1"), ("(x^2)^(1/2) + x^(1/3)", "x: 1"),
        ("x^y", "x: 2, y: 0"), ("where(x > 1, x, 1/x)", "x: 1"), ("log(x)/x", "x: -2"), ("x^x", "x: 0"), ("min(x, abs(x))", "x: 0"),
        ("exp(x)^1000", "x: 1000"), ("sqrt(x)*sqrt(x)", "x: -1"), ("log(x^2)", "x: -2"), ("(-1)^2*x", "x: 1"),
    ],
)  # fmt: skip
def test_nothing_that_sympy_alone_would_say_is_shown(
    expression: str, values: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(
        f"expression: |\n  f = {expression}\nvalues: {{{values}}}\nupstream: 1\nquestions: [df/dx, d2f/dx2]\n"
    )
    for format in ("json", "table", "markdown", "plain"):
        assert cli.run(["solve", str(path), "--format", format]) == 0
        said = capsys.readouterr()
        assert ALIEN.findall(said.out + said.err) == []
        assert format != "json" or json.loads(said.out)["answers"]


# ---- refused, with the step and the value [D4]


@pytest.mark.parametrize(
    ("expression", "values", "said"),
    [
        ("sqrt(x)", "x: 0", "the root of 0 has an infinite derivative (in `sqrt(x)`)"),
        ("x^(2/3)", "x: 0", "the root of 0 has an infinite derivative (in `x^(2/3)`)"),
        ("log(x)", "x: 0", "log of 0 is undefined (in `log(x)`)"),
        ("log(x)", "x: -1", "log of -1 is undefined (in `log(x)`)"),
        ("1/x", "x: 0", "1 / 0 is undefined (in `1/x`)"),
        ("tan(x)", "x: pi/2", "tan of 1.5708 is undefined to working precision (in `tan(x)`)"),
        ("x^x", "x: 0", "log of 0 is undefined (in `log(x)`)"),
        ("asin(x)", "x: 1", "1 / 0 is undefined (in `1/sqrt(1 - x^2)`)"),
        ("acos(x)", "x: -1", "1 / 0 is undefined (in `1/sqrt(1 - x^2)`)"),
        ("x/y", "x: 1, y: 0", "1 / 0 is undefined (in `x/y`)"),
        ("where(x > 1, 2*x, x)", "x: 1", "x is 1, where where(x > 1, 2*x, x) jumps: it has no derivative there"),
        ("a^x", "a: 0, x: 2", None),
        ("sqrt(x^2)", "x: 0", "the root of 0 has an infinite derivative (in `sqrt(x^2)`)"),
        ("where(x != 0, sin(x)/x, 1)", "x: 0", None), ("where(x != 0, sin(x)/x, 7)", "x: 0", "x is 0, where where(x != 0, sin(x)/x, 7) jumps: it has no derivative there"),
        ("sqrt(y)*x", "x: 1, y: 0", None),
    ],
)  # fmt: skip
def test_a_derivative_that_is_missing_or_infinite_is_refused(
    expression: str, values: str, said: str | None
) -> None:
    found = answer(f"f = {expression}", values, "df/dx")
    assert found.symbolic is not None
    assert (found.value is None) is (said is not None)
    why = [
        problem.message.partition("no value here: ")[2]
        for problem in found.warnings
        if problem.slug == "undefined"
    ]
    assert why == ([said] if said else [])


@pytest.mark.parametrize("expression", ["0^x", "(-2)^x", "(x - x)^x"])
def test_a_power_whose_logarithm_is_missing_everywhere_is_refused(expression: str) -> None:
    with pytest.raises(GradcalcError, match="no derivative by the exponent"):
        answer(f"f = {expression}", "x: 2", "df/dx")


def test_the_order_of_values_and_questions_changes_nothing() -> None:
    """x/y at 0, 0 [D6]."""
    found = set()
    for names in itertools.permutations(("x: 0", "y: 0")):
        for asked in itertools.permutations(("df/dx", "df/dy")):
            answers = solved("f = x/y", ", ".join(names), ", ".join(asked)).answers
            found.add(tuple(sorted((a.question.text, a.value, a.warnings) for a in answers)))
    (only,) = found
    assert [value for _, value, _ in only] == [None, None]


# ---- stable values [D5]


@pytest.mark.parametrize("x", [1000, -1000, 30, -700])
def test_derivatives_far_out(x: int) -> None:
    """Relative error at most 1e-12, no overflow, at ±1000 too."""
    tail = math.exp(-abs(x)) / (1 + math.exp(-abs(x))) ** 2
    half = 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x)
    near = 1e-12
    assert answer("f = sigmoid(x)", f"x: {x}", "df/dx").value == pytest.approx(
        tail, rel=near, abs=0
    )
    assert answer("f = softplus(x)", f"x: {x}", "df/dx").value == pytest.approx(
        half if x > -1000 else 0, rel=near, abs=0
    )
    assert answer("f = log(1 + exp(x))", f"x: {x}", "df/dx").value == pytest.approx(
        half if x > -1000 else 0, rel=near, abs=0
    )
    assert answer("f = -log(sigmoid(x))", f"x: {x}", "df/dx").value == pytest.approx(-(1 / (1 + math.exp(x)) if x < 700 else 0), rel=near, abs=0)  # fmt: skip


@pytest.mark.parametrize("s", [[1000, 0, -1000], [-1000, -1000, 1000], [0.5, 1000, 999]])
def test_softmax_and_its_kin_far_out(s: list[float]) -> None:
    top = max(s)
    p = [math.exp(v - top) for v in s]
    p = [v / sum(p) for v in p]
    more = "variables: {s: [3]}\n"
    near = 1e-12
    assert answer("f = logsumexp(s)", f"s: {s}", "df/ds", more).value == pytest.approx(
        p, rel=near, abs=0
    )
    entropy = answer("f = -sum(y*log_softmax(s))", f"s: {s}, y: [0, 1, 0]", "df/ds", more + "")
    assert entropy.value == pytest.approx([p[0], p[1] - 1, p[2]], rel=near, abs=1e-300)
    jacobian = answer("f = softmax(s)", f"s: {s}", "df/ds", more).value
    for j, k in itertools.product(range(3), range(3)):
        assert jacobian[j][k] == pytest.approx(p[j] * ((j == k) - p[k]), rel=near, abs=1e-300)


# ---- streams and terminals [F2, G6, G7, G10]


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    path = tmp_path / "hostile.yaml"
    path.write_text(
        'title: "[a,b] [/foo] [red]x \\e[31m\\e]0;t\\a \\u202e \\x9b5m"\nexpression: f = x*y\nvalues: {x: 2, y: 3}\n',
        "utf-8",
    )
    return str(path)


@pytest.mark.slow
def test_the_terminal_gets_no_sequence_but_our_own(hostile: str) -> None:
    """With colour, on a terminal: each ESC begins a colour of ours. Without, none is there, and nothing is swallowed."""
    main, end = pty.openpty()
    done = process(
        "solve",
        hostile,
        env={"TERM": "xterm-256color", "COLUMNS": "100", "NO_COLOR": ""},
        stdout=end,
    )
    os.close(end)
    written = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        written += part
    os.close(main)
    text = written.decode("utf-8")
    assert done.returncode == 0
    assert "\x1b[" in text
    bare = re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r\n", "\n")
    assert [char for char in bare if not char.isprintable() and char != "\n"] == []
    assert "[a,b] [/foo] [red]x" in bare
    plain = process("solve", hostile, env={"NO_COLOR": "1"})
    assert [
        char for char in plain.stdout.decode("utf-8") if not char.isprintable() and char != "\n"
    ] == []
    assert b"[a,b] [/foo] [red]x" in plain.stdout


@pytest.mark.slow
def test_a_reader_that_stops_and_a_full_disk() -> None:
    read, write = os.pipe()
    os.close(read)
    stopped = process("solve", EX1, stdout=write)
    os.close(write)
    assert (stopped.returncode, stopped.stderr) == (cli.Exit.BROKEN_PIPE, b"")
    if Path("/dev/full").exists():
        with open("/dev/full", "w") as full:
            done = process("solve", EX1, stdout=full)
        assert done.returncode == cli.Exit.OUTSIDE
        assert (
            done.stderr
            == b"gradcalc: cannot write to the standard output: No space left on device\n"
        )


@pytest.mark.parametrize("columns", ["0", "1", "20", "40", "80", "400"])
@pytest.mark.parametrize("ascii", [False, True])
def test_everything_is_there_at_any_width(
    columns: str, ascii: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert cli.run(["solve", EX1, *(["--ascii"] if ascii else [])]) == 0
    out = capsys.readouterr().out
    assert out.isascii() is ascii
    glued = re.sub(r"[\s|+─-]", "", out).replace("∂", "d").replace("−", "-")
    for word in (
        "Simplecomputationalgraph",
        "df/dq",
        "dq/dx",
        "dq/dy",
        "df/dz",
        "df/dx",
        "df/dy",
        "12",
    ):
        assert word in glued


def test_without_a_home_a_terminal_or_unicode() -> None:
    """`LC_ALL=C`, UTF-8 mode off: symbols are written in ASCII."""
    bare = {
        "LC_ALL": "C",
        "LANG": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "TERM": "dumb",
        "NO_COLOR": "1",
    }
    without = {key: value for key, value in os.environ.items() if key != "HOME"}
    done = subprocess.run(
        [sys.executable, "-m", "gradcalc", "solve", EX1], env={**without, **bare, "PYTHONPATH": PACKAGE}, cwd=FOLDER,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"df/dq" in done.stdout
    assert done.stdout.isascii()


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [512, 90])
def test_little_memory_is_enough_or_is_said_to_be_too_little(megabytes: int) -> None:
    """With 512 MiB of addresses an exercise is solved; with what Python hardly starts in, a clean message."""
    limit = megabytes << 20
    done = process(
        "solve", EX1, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    )
    assert b"Traceback" not in done.stdout + done.stderr
    if megabytes == 512:
        assert (done.returncode, done.stderr) == (0, b"")
    elif done.returncode:
        assert done.returncode in (2, 3)
        assert b"memory" in done.stderr
