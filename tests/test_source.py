"""The source itself: nothing in it runs text, rooms import only what stands above them, no file names a machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "gradcalc").rglob("*.py"))

# A2. Each evaluates its text, or loads what may run: by no name and from no module, and no site is exempt.
FORBIDDEN = frozenset(
    ("eval", "exec", "compile", "__import__", "system", "popen", "unsafe_load", "full_load", "sympify", "S", "kernS",
     "parse_expr", "parse_latex", "parse_mathematica", "lambdify", "nsimplify")
)  # fmt: skip
MODULES = ("pickle", "marshal", "shelve", "dill", "code", "codeop", "sympy.parsing", "sympy.utilities.lambdify")
SAFE = frozenset(("re.compile",))


def violations(source: str) -> list[str]:
    """What of A2 a module breaks, as `line: what`."""
    return [f"{node.lineno}: {said}" for node, said in _violations(ast.parse(source))]


def _violations(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    constants = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}  # sp.S in sp.S.One
    for node in ast.walk(tree):
        if id(node) in constants:
            continue
        match node:
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.ImportFrom(module=module, names=names):
                found = [module or "", *(f"{module}.{alias.name}" for alias in names)]
            case ast.Name(id=name, ctx=ast.Load()) if name in FORBIDDEN:  # called, or handed on to be called
                yield node, name
                continue
            case ast.Attribute(attr=name) if name in FORBIDDEN:
                if ast.unparse(node) not in SAFE:
                    yield node, ast.unparse(node)
                continue
            case ast.Call(func=ast.Attribute(attr="load", value=ast.Name(id="yaml"))):
                yield node, "yaml.load"
                continue
            case ast.Call(func=ast.Attribute(attr="subs" | "evalf" | "replace_text" as name), args=args) if any(
                map(_is_text, args)
            ):
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
        ("from sympy.parsing.sympy_parser import parse_expr as p", "1: import sympy.parsing.sympy_parser"),
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
    assert violations("import re\nre.compile('x')\nx.subs(a, b)\nload('room')\nsp.S.One\nself.S_1 = 1\n") == []


# ---- rooms


def imports(tree: ast.Module, package: str) -> dict[str, set[str]]:
    """What a module imports of the package: when it is loaded, and ever. For the type checker alone does not count."""
    loaded: set[str] = set()
    ever: set[str] = set()
    queue: list[tuple[ast.AST, bool]] = [(node, True) for node in tree.body]
    while queue:
        node, top = queue.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        queue += [(child, top and not isinstance(node, ast.FunctionDef)) for child in ast.iter_child_nodes(node)]
        names = set()
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        names = {name for name in names if name.startswith(package + ".")}
        ever |= names
        if top:
            loaded |= names
    return {"loaded": loaded, "ever": ever}


def rooms() -> dict[str, ast.Module]:
    return {name(path): ast.parse(path.read_text("utf-8")) for path in SOURCES}


def name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# An Exercise reads itself: the rooms that make one are asked for when they are needed. So are arrays by numbers.
LATE = {
    ("gradcalc.exercise", "gradcalc.reading"),
    ("gradcalc.exercise", "gradcalc.settings"),
    ("gradcalc.numeric.backends", "gradcalc.numeric.arrays"),
}


def order(trees: dict[str, ast.Module], when: str, late: Set[tuple[str, str]] = frozenset()) -> list[str]:
    """The rooms, each below those that it imports. Raises CycleError."""
    edges = {room: imports(tree, "gradcalc")[when] & trees.keys() - {room} for room, tree in trees.items()}
    assert all(above in edges[room] for room, above in late)
    return list(TopologicalSorter({r: {a for a in edges[r] if (r, a) not in late} for r in edges}).static_order())


def test_a_room_imports_only_from_rooms_above_it() -> None:
    trees = rooms()
    assert set(order(trees, "loaded")) == trees.keys()
    assert set(order(trees, "ever", LATE)) == trees.keys()


def test_a_circle_is_found() -> None:
    with pytest.raises(CycleError):
        order(
            {"gradcalc.a": ast.parse("from gradcalc.b import x"), "gradcalc.b": ast.parse("import gradcalc.a")},
            "loaded",
        )
    late = {
        "gradcalc.a": ast.parse("from gradcalc.b import x"),
        "gradcalc.b": ast.parse("def f():\n import gradcalc.a"),
    }
    assert order(late, "loaded") == ["gradcalc.b", "gradcalc.a"]
    with pytest.raises(CycleError):
        order(late, "ever")


def test_heavy_libraries_are_loaded_late_outside_the_rooms_that_need_them() -> None:
    """The command line, the reading of files and the graph name neither SymPy nor NumPy when they are loaded."""
    light = [
        "cli",
        "batch",
        "console",
        "exercise",
        "graph",
        "syntax",
        "shapes",
        "render.table",
        "render.json",
        "export",
        "api",
    ]
    trees = rooms()
    queue, seen = [f"gradcalc.{room}" for room in light], set()
    while queue:
        room = queue.pop()
        if room not in seen:
            seen.add(room)
            for node in trees[room].body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    named = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                    assert not {word.partition(".")[0] for word in named} & {"sympy", "numpy", "mpmath"}, room
            queue += imports(trees[room], "gradcalc")["loaded"] & trees.keys()


# ---- machines

# Written apart, so that they are not found here.
MACHINE = re.compile(
    "|".join([r"/home/\w", "/ro" + r"ot\b", "/Us" + r"ers/\w", r"/wo" + "rk/", "local" + "host", r"127\.0\.0" + r"\.1"])
)
HOST = re.compile(
    "|".join(["index-" + "url", "artif" + "actory", "nex" + "us", "python" + r"hosted\.org", "conda" + r"\.anaconda"]),
    re.I,
)
TEXT = frozenset((".py", ".md", ".yaml", ".yml", ".toml", ".json", ".tex", ".svg", ".txt", ".ipynb", ".cfg", ""))


def texts() -> Iterator[Path]:
    """The files of the repository, whether or not it is one of git."""
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        hidden = any(
            (part.startswith(".") and part != ".ci") or part in ("__pycache__", "build", "dist") for part in inside
        )
        if path.is_file() and not hidden and path.suffix in TEXT and not any("egg-info" in part for part in inside):
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
