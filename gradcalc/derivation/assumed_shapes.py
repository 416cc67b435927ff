"""The shapes that a single expression is taken to have where nobody declares them.

What forces a shape comes first: A @ x − b has one shape. Where the expression has no array
operation at all, its names are numbers. Else the letter decides what is left open, as on
matrixcalculus.org: h–z are vectors, capitals matrices, a–g and Greek letters numbers. A name that
divides, or is an exponent, is a number; one in `eye(n)` is a size.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping

from gradcalc.exercise.literals import shape_of_value
from gradcalc.exercise.model import Exercise
from gradcalc.graph.build import declared_shapes, index_sizes
from gradcalc.graph.scope import scope
from gradcalc.graph.shape_inference import Inferred, infer
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Expr, names
from gradcalc.language.shape_rules import Shape
from gradcalc.language.tree import Binary, Call, Index, Name, Neg, Transpose, Vector, children, walk
from gradcalc.ops import TABLE

GREEK = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "eps",
    "zeta", "eta", "theta", "iota", "kappa", "lambda", "lam", "lamda", "mu", "nu", "xi",
    "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega",
))  # fmt: skip
SIZED = frozenset(("eye", "ones", "zeros"))  # their arguments are sizes
DATA = frozenset("uvwxyzUVWXYZ")  # what divides is a number, unless it begins so
KINDS = ("a scalar", "a vector", "a matrix")

Ranks = Mapping[str, "int | None"]


def conventional(exercise: Exercise) -> dict[str, Shape]:
    """Shapes for the inputs that declare none. Raises GradcalcError where none fit."""
    problems: list[Problem] = []
    declared = declared_shapes(exercise, problems)
    if problems:
        raise GradcalcError(*problems)
    found = scope(exercise)
    given = {name: shape_of_value(value) for name, value in exercise.values.items()}
    given = {name: shape for name, shape in given.items() if name not in declared}
    left = [name for name in found.inputs if name not in declared and given.get(name) != ()]
    numbers = {name: () for name in given if given[name] == ()}
    if not left:
        return dict.fromkeys(numbers, ())
    lines = [definition.expr for definition in exercise.definitions]
    lines += [function.expr for function in exercise.functions.values()]
    if not any(declared.values()) and not any(given.values()) and not arrays(lines):
        return dict.fromkeys([*left, *numbers], ())
    by_letter = {name: letter_rank(name, lines) for name in left if name not in given}
    first: Inferred | None = None
    for ranks in relaxed({**by_letter, **dict.fromkeys(n for n in left if n in given)}):
        inferred = infer(found, declared | numbers, index_sizes(exercise), given, {}, ranks)
        if not inferred.problems:
            return {name: inferred.shapes[name] for name in (*left, *numbers)}
        first = first or inferred
    assert first is not None
    raise GradcalcError(*(said(problem, by_letter) for problem in first.problems))


def said(problem: Problem, ranks: Ranks) -> Problem:
    """A contradiction with what was assumed; what else would help has to be written into a file."""
    known = ((name, rank) for name, rank in ranks.items() if rank is not None)
    assumed = ", ".join(f"{name} {KINDS[rank]}" for name, rank in known)
    if not assumed or (problem.slug != "shape" and problem.hint):
        return problem
    hint = f"assumed by convention: {assumed}; use --shape to change this"
    return replace(problem, hint=hint)


def with_sizes(exercise: Exercise) -> Exercise:
    """The exercise in which the names in `eye(n)` are sizes: each is what an index runs to."""
    exprs = [definition.expr for definition in exercise.definitions]
    sizes = {
        name
        for expr in exprs
        for part in walk(expr)
        if isinstance(part, Call) and part.func in SIZED
        for arg in part.args
        for name in names(arg)
    }
    sizes -= {*exercise.variables, *exercise.values, *exercise.size_names}
    taken = {name for expr in exprs for name in names(expr)} | {*exercise.indices}
    letters = (letter for letter in "ijklpqrstuvw" if letter not in taken)
    ranges = {letter: Name(name) for name, letter in zip(sorted(sizes), letters, strict=False)}
    return replace(exercise, indices={**exercise.indices, **ranges})


def arrays(lines: Collection[Expr]) -> bool:
    """Does an expression have an operation on arrays?"""
    return any(array_operation(part) for line in lines for part in walk(line))


def array_operation(part: Expr) -> bool:
    """Is it one: a matrix product, a transpose, an entry, a reduction, a determinant?"""
    if isinstance(part, Binary):
        return part.op == "@"
    if isinstance(part, Call) and part.func in TABLE:
        several = part.func in ("max", "min") and len(part.args) > 1
        return not several and TABLE[part.func].signature != "elementwise"
    return isinstance(part, Transpose | Vector | Index)


def relaxed(ranks: dict[str, int | None]) -> Iterator[Ranks]:
    """The ranks by letter; then without one of them, numbers first; then without those of numbers,
    and without any. Where the uses leave a vector and a matrix open, it is a vector.
    """
    known = [name for name, rank in ranks.items() if rank is not None]
    known.sort(key=lambda name: ranks[name] or 0)
    for found in (
        ranks,
        *({**ranks, name: None} for name in known),
        {name: rank or None for name, rank in ranks.items()},
        dict.fromkeys(ranks),
    ):
        yield found
        yield {name: 1 if rank is None else rank for name, rank in found.items()}


def letter_rank(name: str, lines: Collection[Expr]) -> int | None:
    """How many axes a name has by its letter and its place; None where its uses tell."""
    rank = axes_of(name)
    if name[0] not in DATA and any(name in dividing(line) for line in lines):
        return 0
    if rank == 0 and any(forced(name, line) for line in lines):
        return None
    return rank


def dividing(line: Expr) -> set[str]:
    """The names that divide, as factors of a denominator, or stand as an exponent."""
    found: set[str] = set()
    for part in walk(line):
        if isinstance(part, Binary) and part.op in ("/", "^"):
            stack = [part.right]
            while stack:
                factor = stack.pop()
                if isinstance(factor, Name):
                    found.add(factor.id)
                elif isinstance(factor, Binary) and factor.op in ("*", "+", "-"):
                    stack += [factor.left, factor.right]
    return found


def forced(name: str, line: Expr, within: bool = False) -> bool:
    """Does the shape of a name follow from the rest? It stands in a matrix product, or in a sum
    that does, or that has an operation on arrays in another term. `within`: the line is a factor of
    a matrix product, or transposed.
    """
    terms = summands(line)
    if any(term == Name(name) for term in terms):
        others = (term for term in terms if term != Name(name))
        if within or any(map(array_operation, (p for term in others for p in walk(term)))):
            return True
    return any(
        forced(name, child, array_operation(term) and not reduces(term))
        for term in terms
        for child in children(term)
    )


def reduces(part: Expr) -> bool:
    """Does it take arrays and numbers alike, as sum and norm do?"""
    return isinstance(part, Call) and TABLE[part.func].signature == "reduction"


def summands(expr: Expr) -> list[Expr]:
    """The terms of a sum, without their signs."""
    if isinstance(expr, Binary) and expr.op in ("+", "-"):
        return [*summands(expr.left), *summands(expr.right)]
    return summands(expr.arg) if isinstance(expr, Neg) else [expr]


def greek(name: str) -> bool:
    """Is it a small Greek letter, spelled or itself, with or without a number?"""
    letters = unicodedata.normalize("NFKD", name).rstrip("0123456789_")
    spelled = letters.lower() in GREEK and letters[0].islower()
    return spelled or "α" <= letters[:1] <= "ω"


def axes_of(name: str) -> int:
    """How many axes a name has by convention."""
    first = unicodedata.normalize("NFKD", name)[0]
    if greek(name):
        return 0
    if first.isupper():
        return 2
    return 1 if "h" <= first <= "z" else 0
