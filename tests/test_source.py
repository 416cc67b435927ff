"""The source itself: nothing in it runs text, rooms import only what stands above them, no file names a machine."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
from collections.abc import Collection, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from helpers.paths import ROOT
from helpers.program import environment

SOURCES = sorted((ROOT / "gradcalc").rglob("*.py"))

# A2. Each evaluates its text, or loads what may run: by no name and from no module, and no site is exempt.
FORBIDDEN = frozenset(
    ("eval", "exec", "compile", "__import__", "system", "popen", "unsafe_load", "full_load", "sympify", "S", "kernS",
     "parse_expr", "parse_latex", "parse_mathematica", "lambdify", "nsimplify")
)  # fmt: skip
MODULES = (
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "code",
    "codeop",
    "sympy.parsing",
    "sympy.utilities.lambdify",
)
SAFE = frozenset(("re.compile",))


def violations(source: str) -> list[str]:
    """What of A2 a module breaks, as `line: what`."""
    return [f"{node.lineno}: {said}" for node, said in _violations(ast.parse(source))]


def _violations(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    constants = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }  # sp.S in sp.S.One
    for node in ast.walk(tree):
        if id(node) in constants:
            continue
        match node:
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.ImportFrom(module=module, names=names):
                found = [module or "", *(f"{module}.{alias.name}" for alias in names)]
            case ast.Name(id=name, ctx=ast.Load()) if (
                name in FORBIDDEN
            ):  # called, or handed on to be called
                yield node, name
                continue
            case ast.Attribute(attr=name) if name in FORBIDDEN:
                if ast.unparse(node) not in SAFE:
                    yield node, ast.unparse(node)
                continue
            case ast.Call(func=ast.Attribute(attr="load", value=ast.Name(id="yaml"))):
                yield node, "yaml.load"
                continue
            case ast.Call(
                func=ast.Attribute(attr="subs" | "evalf" | "replace_text" as name), args=args
            ) if any(map(_is_text, args)):
                yield node, f"{name} with text"
                continue
            case ast.Call(keywords=keywords) if any(
                word.arg == "shell" and ast.unparse(word.value) != "False" for word in keywords
            ):
                yield node, "shell"
                continue
            case _:
                continue
        for name in found:
            if any(name == module or name.startswith(module + ".") for module in MODULES) or (
                name.rpartition(".")[2] in FORBIDDEN
            ):
                yield node, f"import {name}"


def _is_text(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.Call(func=ast.Name(id="str" | "unparse")):
            return True
        case ast.Dict(keys=keys, values=values):
            return any(map(_is_text, [*filter(None, keys), *values]))
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            return any(map(_is_text, elts))
    return False


def test_no_text_is_run() -> None:
    """A2: 0 calls, no allowed sites."""
    found = {path: violations(path.read_text("utf-8")) for path in SOURCES}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("eval('x')", "1: eval"),
        ("x = 1\nmap(exec, [])", "2: exec"),
        ("import sympy as sp\nsp.sympify(text)", "2: sp.sympify"),
        ("sp.S('x')", "1: sp.S"),
        ("from sympy import nsimplify", "1: import sympy.nsimplify"),
        (
            "from sympy.parsing.sympy_parser import parse_expr as p",
            "1: import sympy.parsing.sympy_parser",
        ),
        ("import pickle", "1: import pickle"),
        ("expr.subs('x', 1)", "1: subs with text"),
        ("expr.subs({str(x): y})", "1: subs with text"),
        ("expr.subs([(x, f'{y}')])", "1: subs with text"),
        ("yaml.load(text, yaml.SafeLoader)", "1: yaml.load"),
        ("subprocess.run(line, shell=True)", "1: shell"),
        ("os.system(line)", "1: os.system"),
        ("sp.lambdify([x], y)", "1: sp.lambdify"),
    ],
)
def test_a_violation_is_found(source: str, found: str) -> None:
    assert found in violations(source)


def test_what_is_harmless_is_not_found() -> None:
    assert (
        violations(
            "import re\nre.compile('x')\nx.subs(a, b)\nload('room')\nsp.S.One\nself.S_1 = 1\n"
        )
        == []
    )


# ---- floors

# From the ground up; folders on one line do not know each other.
FLOORS = (
    ("version", "ops"),
    ("language",),
    ("exercise",),
    ("graph",),
    ("calculus", "numeric"),
    ("derivation",),
    ("codegen", "marking"),
    ("variants",),
    ("report",),
    ("render",),
    ("grading",),
    ("app",),
    ("__init__", "__main__"),
)
FLOOR = {folder: n for n, folders in enumerate(FLOORS) for folder in folders}
APART = {("report", "codegen"), ("render", "codegen")}  # above it, and yet no business of theirs


@cache
def modules() -> dict[str, ast.Module]:
    """The files by dotted name, as trees; a package is its `__init__`."""
    return {name(path): ast.parse(path.read_text("utf-8")) for path in SOURCES}


def name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def folder(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def imported(module: str, tree: ast.Module, known: Collection[str]) -> set[str]:
    """The modules that one imports: at the top, late, for the type checker, relative, or named in a string."""
    here = module.split(".")
    if module in PACKAGES:
        here = [*here, ""]
    named: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                named |= {alias.name for alias in names}
            case ast.ImportFrom(module=of, names=names, level=level):
                base = (
                    ".".join([*here[: len(here) - level], *([of] if of else [])])
                    if level
                    else str(of)
                )
                # `from gradcalc.render import table` names the module, not its package
                inside = {f"{base}.{alias.name}" for alias in names}
                named |= {word for word in inside if word in known} | (
                    {base} if inside - set(known) else set()
                )
            case ast.Constant(value=str(text)) if text.startswith("gradcalc."):
                named.add(text)
    return {word for word in named if word in known} - {module}


PACKAGES = frozenset(name(path) for path in SOURCES if path.name == "__init__.py")


def upward(trees: dict[str, ast.Module]) -> list[str]:
    """The imports that do not lead to a lower floor."""
    return [
        f"{module} -> {other}"
        for module, tree in sorted(trees.items())
        for other in sorted(imported(module, tree, trees.keys()))
        if folder(module) != folder(other)
        and (
            FLOOR[folder(module)] <= FLOOR[folder(other)]
            or (folder(module), folder(other)) in APART
        )
    ]


def circles(trees: dict[str, ast.Module]) -> list[str]:
    """A ring of files that import each other, by name; [] where there is none."""
    try:
        TopologicalSorter(
            {module: imported(module, tree, trees.keys()) for module, tree in trees.items()}
        ).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_a_folder_imports_only_from_those_below() -> None:
    """Late imports and those for the type checker are imports."""
    trees = modules()
    assert {folder(module) for module in trees} <= FLOOR.keys()
    assert upward(trees) == []


def test_no_files_import_each_other() -> None:
    assert circles(modules()) == []


@pytest.mark.parametrize(
    "line",
    [
        "from gradcalc.app.cli import run",
        "import gradcalc.app.cli",
        "from gradcalc.app import cli",
        "from ..app import cli",
        "from ..app.cli import run",
        "def late():\n    from gradcalc.app import cli",
        "if TYPE_CHECKING:\n    from gradcalc.app.cli import run",
        "load('gradcalc.app.cli')",
    ],
)
def test_an_import_that_leads_upward_is_found(line: str) -> None:
    trees = {"gradcalc.graph.build": ast.parse(line), "gradcalc.app.cli": ast.parse("")}
    assert upward(trees) == ["gradcalc.graph.build -> gradcalc.app.cli"]


def test_neighbours_on_a_floor_and_views_of_code_are_found() -> None:
    trees = {
        "gradcalc.calculus.terms": ast.parse("import gradcalc.numeric.tensor"),
        "gradcalc.numeric.tensor": ast.parse("import gradcalc.graph.model"),
        "gradcalc.graph.model": ast.parse(""),
        "gradcalc.render.html": ast.parse("import gradcalc.codegen.emit"),
        "gradcalc.codegen.emit": ast.parse(""),
    }
    assert upward(trees) == [
        "gradcalc.calculus.terms -> gradcalc.numeric.tensor",
        "gradcalc.render.html -> gradcalc.codegen.emit",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "import gradcalc.graph.b",
        "def f():\n    from . import b",
        "if TYPE_CHECKING:\n    from gradcalc.graph.b import x",
    ],
)
def test_a_circle_is_found(line: str) -> None:
    trees = {
        "gradcalc.graph.a": ast.parse(line),
        "gradcalc.graph.b": ast.parse("load('gradcalc.graph.a')"),
    }
    assert sorted(set(circles(trees))) == ["gradcalc.graph.a", "gradcalc.graph.b"]


# Where SymPy may be imported, and NumPy when a module is loaded: `architecture.md`'s table of folders.
MAY_LOAD: dict[str, frozenset[str]] = {
    "sympy": frozenset(("calculus", "derivation", "codegen")),
    "flint": frozenset(("numeric",)),
    "mpmath": frozenset(),
    "numpy": frozenset(("numeric", "app")),
}


def heavy(module: str, tree: ast.Module) -> list[str]:
    """Imports of heavy libraries where they do not belong: SymPy ever, NumPy when the module is loaded."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            words = (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [a.name for a in node.names]
            )
            for library in {word.partition(".")[0] for word in words} & MAY_LOAD.keys():
                if folder(module) not in MAY_LOAD[library] and (
                    library != "numpy" or node in tree.body
                ):
                    found.append(f"{module} -> {library}")
    return found


def test_heavy_libraries_are_imported_only_where_they_belong() -> None:
    assert [
        line for module, tree in sorted(modules().items()) for line in heavy(module, tree)
    ] == []


def test_a_heavy_import_is_found() -> None:
    late = "def f():\n    import {0}\n    from {0}.x import y"
    assert (
        heavy("gradcalc.graph.a", ast.parse(late.format("sympy")))
        == ["gradcalc.graph.a -> sympy"] * 2
    )
    assert heavy("gradcalc.graph.a", ast.parse(late.format("numpy"))) == []
    assert heavy("gradcalc.graph.a", ast.parse("from numpy import array")) == [
        "gradcalc.graph.a -> numpy"
    ]
    assert heavy("gradcalc.calculus.a", ast.parse("import sympy")) == []


# ---- machines

# Written apart, so that they are not found here.
MACHINE = re.compile(
    "|".join(
        [
            r"/home/\w",
            "/ro" + r"ot\b",
            "/Us" + r"ers/\w",
            r"/wo" + "rk/",
            "local" + "host",
            r"127\.0\.0" + r"\.1",
        ]
    )
)
HOST = re.compile(
    "|".join(
        [
            "index-" + "url",
            "artif" + "actory",
            "nex" + "us",
            "python" + r"hosted\.org",
            "conda" + r"\.anaconda",
        ]
    ),
    re.I,
)
TEXT = frozenset(
    (".py", ".md", ".yaml", ".yml", ".toml", ".json", ".tex", ".svg", ".txt", ".ipynb", ".cfg", "")
)


def texts() -> Iterator[Path]:
    """The files of the repository, whether or not it is one of git."""
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        hidden = any(
            (part.startswith(".") and part != ".ci") or part in ("__pycache__", "build", "dist")
            for part in inside
        )
        if (
            path.is_file()
            and not hidden
            and path.suffix in TEXT
            and not any("egg-info" in part for part in inside)
        ):
            yield path


def machines(text: str) -> list[str]:
    return [found.group() for pattern in (MACHINE, HOST) for found in pattern.finditer(text)]


def test_no_file_names_a_machine() -> None:
    found = {str(path.relative_to(ROOT)): machines(path.read_text("utf-8")) for path in texts()}
    assert {path: words for path, words in found.items() if words} == {}
    assert len(found) > 200


def test_a_machine_is_found() -> None:
    assert machines("pip install --index-" + "url https://x /wo" + "rk/y")
    assert machines("see exercises/ex1.yaml or /etc/passwd") == []


# ---- the tests

# Tests of a stage or of the whole program; every other file in a folder tests the module of its name.
OF_A_STAGE = frozenset(("browser/", "cases/", "messages/", "page/", "render/test_every_format.py"))


def test_a_test_file_bears_the_name_of_the_module_that_it_tests() -> None:
    tests = sorted(path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py"))
    modules = [path for path in tests if len(path.parts) > 1 and not of_a_stage(path)]
    missing = [str(path) for path in modules if not module_of(path).exists()]
    assert missing == []
    assert len(modules) > 50


def of_a_stage(path: Path) -> bool:
    return any(map(path.as_posix().startswith, OF_A_STAGE))


def module_of(path: Path) -> Path:
    """The module that a test file tests: of tests/graph/test_build.py it is gradcalc/graph/build.py."""
    return ROOT / "gradcalc" / path.with_name(path.name.removeprefix("test_"))


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_failing_test_is_named_at_once(workers: str, tmp_path: Path) -> None:
    """While the test after it still runs: that one ends when its name has been read."""
    (tmp_path / "test_x.py").write_text(
        "import os, time\n"
        "def test_a(): assert False\n"
        "def test_b():\n"
        "    for _ in range(600):\n"
        "        if os.path.exists('read'): return\n"
        "        time.sleep(0.1)\n"
        "    assert False\n"
    )
    words = ["-m", "pytest", "-p", "helpers.failures", "-n", workers, "-c", os.devnull]
    running = subprocess.Popen(
        [sys.executable, *words],
        cwd=tmp_path,
        env=environment({"PYTHONPATH": str(ROOT / "tests")}),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert "failed: test_x.py::test_a\n" in iter(running.stdout.readline, "")
    (tmp_path / "read").touch()
    out, _ = running.communicate(timeout=100)
    assert "1 failed, 1 passed" in out


# ---- words


def wordless(tree: ast.Module, face: bool) -> list[str]:
    """The public functions and classes of a module that have no docstring, and of the library's face the methods too."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found += [] if ast.get_docstring(node) else [node.name]
            inside = node.body if face and isinstance(node, ast.ClassDef) else []
            found += [
                f"{node.name}.{part.name}"
                for part in inside
                if isinstance(part, ast.FunctionDef)
                and not part.name.startswith("_")
                and not ast.get_docstring(part)
            ]
    return found


FACE = {f"gradcalc.app.{name}" for name in ("api", "solved", "results")}


def test_every_public_function_and_class_says_what_it_is() -> None:
    found = {module: wordless(tree, module in FACE) for module, tree in modules().items()}
    assert {module: names for module, names in found.items() if names} == {}
    assert [
        module for module, tree in modules().items() if tree.body and not ast.get_docstring(tree)
    ] == []


def test_what_says_nothing_is_found() -> None:
    source = "def f(): ...\ndef _g(): ...\nclass A:\n    'a'\n    def b(self): ...\n    def __len__(self): ..."
    assert wordless(ast.parse(source), face=False) == ["f"]
    assert wordless(ast.parse(source), face=True) == ["f", "A.b"]


# ---- lines

WIDTH = 100
TABLES = ("ops",)  # of operations: an entry is read across
PRAGMA = re.compile(r"\s+# (type: ignore|noqa|pragma).*")


def overlong(source: str) -> list[int]:
    """The lines of more than 100 columns, but for strings that cannot be broken."""
    lines = source.split("\n")
    long = {n for n, line in enumerate(lines, 1) if len(PRAGMA.sub("", line)) > WIDTH}
    if not long:
        return []
    docstrings = {
        node.body[0].lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
    }
    for first, start, last, end in strings(source):
        if first != last and first not in docstrings:
            long -= set(range(first, last + 1))  # between triple quotes a line end would be printed
        elif first == last in long and first not in docstrings:
            inside = lines[first - 1][start : min(end, WIDTH - 3)]
            if " " not in re.sub(r"\{[^{}]*\}?", "", inside.replace("{{", "").replace("}}", "")):
                long.discard(first)
    return sorted(long)


def strings(source: str) -> Iterator[tuple[int, int, int, int]]:
    """Where strings stand, those with expressions in them as a whole: first line, column, last line, column."""
    open_: list[tuple[int, int]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_START":  # since Python 3.12
            open_.append(token.start)
        elif kind == "FSTRING_END":
            start = open_.pop()
            if not open_:
                yield (*start, *token.end)
        elif kind == "STRING" and not open_:
            yield (*token.start, *token.end)


def test_lines_have_at_most_100_columns() -> None:
    found = {
        str(path.relative_to(ROOT)): overlong(path.read_text("utf-8"))
        for path in SOURCES
        if path.parent.name not in TABLES
    }
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_a_long_line_is_found() -> None:
    assert overlong(f"x = {'1 + ' * 30}1") == [1]
    assert overlong(f"# {'word ' * 30}") == [1]
    assert overlong(f'def f():\n    """{"word " * 30}"""') == [2]
    assert overlong(f'say("{"word " * 30}")') == [1]
    assert overlong(f'say(f"{{{"a + " * 30}b}}")') == []
    assert overlong(f'say("{"x" * 120}")') == []
    assert overlong(f'CSS = """\n{"word " * 30}\n"""') == []
    assert overlong(f"x = {'1+' * 45}1  # type: ignore[assignment]") == []


# What of SymPy expands its argument, so that it need not end: `calculus/bounded.py` counts first.
UNBOUNDED = frozenset(
    [
        "apart",
        "cancel",
        "collect",
        "combsimp",
        "compose",
        "count_roots",
        "decompose",
        "discriminant",
        "div",
        "expand",
        "expand_func",
        "expand_log",
        "expand_mul",
        "expand_multinomial",
        "expand_power_base",
        "expand_power_exp",
        "expand_trig",
        "factor",
        "factor_list",
        "factor_terms",
        "factorint",
        "gammasimp",
        "gcd",
        "gcd_terms",
        "groebner",
        "integrate",
        "lcm",
        "limit",
        "logcombine",
        "nroots",
        "nsimplify",
        "Poly",
        "poly",
        "posify",
        "powdenest",
        "powsimp",
        "primefactors",
        "quo",
        "radsimp",
        "ratsimp",
        "real_roots",
        "reduced",
        "rem",
        "residue",
        "resultant",
        "roots",
        "rs_series",
        "series",
        "simplify",
        "solve",
        "solveset",
        "sqf",
        "sqrtdenest",
        "summation",
        "together",
        "trigsimp",
    ]
)
METHODS = UNBOUNDED - {
    "limit",
    "compose",
    "collect",
    "div",
    "roots",
    "together",
    "factor",
    "apart",
    "solve",
}


def unbounded(source: str) -> list[str]:
    """Calls of SymPy whose cost nothing bounds, as functions or as methods of expressions."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="sp" | "sympy"), attr=name):
                if name in UNBOUNDED:
                    found.append(f"{node.lineno}: sp.{name}")
            case ast.Call(func=ast.Attribute(value=value, attr=name)):
                module = isinstance(value, ast.Name) and value.id == "bounded"
                if name in METHODS and not module:
                    found.append(f"{node.lineno}: .{name}()")
            case ast.ImportFrom(module="sympy", names=names):
                found += [f"{node.lineno}: import {a.name}" for a in names if a.name in UNBOUNDED]
    return found


def test_sympy_expands_only_behind_the_gate() -> None:
    """Degrees, exponents and terms are counted before every call that may blow up."""
    gate = {ROOT / "gradcalc/calculus/bounded.py", ROOT / "gradcalc/calculus/effort.py"}
    found = {path: unbounded(path.read_text("utf-8")) for path in SOURCES if path not in gate}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import sympy as sp\nsp.factor(x)", ["2: sp.factor"]),
        ("map(sp.cancel, xs)", ["1: sp.cancel"]),
        ("(a - b).expand()", ["1: .expand()"]),
        ("from sympy import powsimp, Symbol", ["1: import powsimp"]),
        ("bounded.expand(x)", []),
    ],
)
def test_what_is_outside_the_gate_is_found(source: str, found: list[str]) -> None:
    assert unbounded(source) == found
