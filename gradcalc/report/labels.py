"""Labels of a figure: mathematics in both scripts at once, and what is written in a gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gradcalc.exercise.tex import escape
from gradcalc.graph.model import Node
from gradcalc.graph.to_expression import tree
from gradcalc.language.formula_pieces import Math, Names, Piece
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num
from gradcalc.language.typography import MINUS, for_terminal
from gradcalc.ops import TABLE
from gradcalc.report import equations
from gradcalc.report.lines import text_math
from gradcalc.report.paper_notation import PROPER, paper_latex, tex_names

SIGNS: Mapping[str, tuple[str, str]] = {
    "add": ("+", "+"), "sub": (MINUS, "-"), "mul": ("×", r"\times"),
    "div": ("÷", r"\div"), "neg": ("×(−1)", r"\times(-1)"),
    "copy": ("=", "="), "matmul": ("@", "A B"),
    "transpose": ("ᵀ", r"(\cdot)^{\top}"), "sum": ("Σ", r"\textstyle\sum"),
    "sqrt": ("√", r"\sqrt{x}"), "inv": ("⁻¹", r"(\cdot)^{-1}"),
    "getitem": ("[ ]", "x_{i}"), "maximum": ("max", r"\max"),
    "minimum": ("min", r"\min"), "abs": ("|x|", r"\lvert x\rvert"),
    "pow": ("x^y", "x^y"), "exp": ("exp", r"\exp"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """A piece of mathematics in both scripts; `latex` goes between $. broken: the lines of a long
    sum, each beginning with its sign, the first with a sign of equality.
    """

    text: str
    latex: str
    broken: tuple[str, ...] = ()


def label(names: Names, *pieces: Piece, example: bool = False) -> Label:
    """Pieces of mathematics in both scripts."""
    math = Math(pieces, example)
    return Label(for_terminal(text_math(math, names)), paper_latex(math, names))


def note(names: Names, expr: Expr, example: bool = False) -> Label:
    """A formula below a figure; a long sum has several lines."""
    parts = [part for row in equations.rows((), expr, names, example) for part in row.right]
    lines = tuple(paper_latex(part, names) for part in parts if isinstance(part, Math))
    whole = label(names, expr, example=example)
    return whole if len(lines) == 1 else replace(whole, broken=lines)


def equation(mark: Label, formula: Label) -> list[str]:
    """Lines of TeX that say what a mark stands for, aligned at the sign of equality."""
    first, *others = formula.broken or (f"= {formula.latex}",)
    return [rf"{mark.latex} &{first}", *(rf"&\quad {line}" for line in others)]


def sign(node: Node) -> Label:
    """The sign of an operation, or its name."""
    op = node.op
    if op in SIGNS:
        return Label(*SIGNS[op])
    if op == "apply":
        by = "".join(map(str, node.attrs.get("places", ())))
        function = (by and f"d{by}") + node.attrs["function"] + "'" * node.attrs.get("order", 0)
        return Label(
            function,
            rf"\mathit{{{function}}}"
            if function.isascii() and function.isalpha()
            else rf"\text{{{escape(function)}}}",
        )
    if "zero" in node.attrs:  # max(0, z), a ReLU
        text = "max(0, x)" if node.attrs["zero"] == 0 else "max(x, 0)"
        return Label(text, rf"\{text}")
    entry = TABLE[op]
    word = entry.text or op
    if op in PROPER:
        return Label(word, rf"\operatorname{{{PROPER[op]}}}")
    return Label(word, entry.latex or rf"\operatorname{{{op.replace('_', chr(92) + '_')}}}")


def fused(names: Names, nodes: Sequence[Node], n: int, constant: frozenset[int]) -> Label:
    """The gate of an operation on one operand and constants, which stand in it: +1, ×2, 1/x, x²."""
    node, x = nodes[n], Name("x")
    place = next(k for k, arg in enumerate(node.args) if arg not in constant)
    parts: list[Expr] = [tree(nodes, arg) if arg in constant else x for arg in node.args]
    names = replace(names, shapes={**names.shapes, "x": ()}, latex={}, each=frozenset())
    other = parts[1 - place] if len(parts) == 2 else None
    if other is not None:
        plain = isinstance(other, Num | Name)
        written = label(names, other)
        wrapped = written if plain else Label(f"({written.text})", f"({written.latex})")
        match node.op, place:
            case "add", _:
                return Label("+" + wrapped.text, "+" + wrapped.latex)
            case "sub", 0:
                return Label(MINUS + wrapped.text, "-" + wrapped.latex)
            case "mul", _:
                return Label("×" + wrapped.text, r"\times " + wrapped.latex)
            case "div", 0:
                return Label("÷" + wrapped.text, r"\div " + wrapped.latex)
        binary = {"sub": "-", "div": "/", "pow": "^"}.get(node.op)
        if binary:
            return label(names, Binary(binary, parts[0], parts[1]))
    func = {"maximum": "max", "minimum": "min"}.get(node.op, node.op)
    return label(names, Call(func, tuple(parts)))


def scaled(names: Names, expr: Expr) -> Label | None:
    """The gate of −2·z, whose sign stands before the product."""
    match expr:
        case Neg(Binary("*", Num() as factor, Name(id))) if id in names.shapes:
            by = label(names, Neg(factor))
            return Label(f"×({by.text})", rf"\times({by.latex})")
    return None


__all__ = ["Label", "equation", "fused", "label", "note", "scaled", "sign", "tex_names"]
