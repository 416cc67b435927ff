"""One derivative without a file: an expression, what to differentiate by, shapes; the rest by
convention.

    found = differentiate("norm(A@x - y)^2", ("x",))
    found.expr       2*A.T @ (A @ x - y) as a tree
    found.assumed    {"A": [m, n], "x": [n], "y": [m]}

Names without a declared shape follow the convention of matrixcalculus.org: a–g and Greek letters
are scalars, h–z vectors, capitals matrices.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from
from gradcalc.exercise.model import Exercise, Question, Variable
from gradcalc.graph.build import declared_shapes
from gradcalc.graph.scope import scope
from gradcalc.graph.shape_inference import infer
from gradcalc.language.errors import GradcalcError, Place, Problem, closest
from gradcalc.language.parser import Expr, names, unparse
from gradcalc.language.shape_rules import Shape
from gradcalc.language.size_expressions import size_tree

GREEK = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon",
    "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega",
))  # fmt: skip

SHORT = 60  # characters of a formula that is written out rather than with a name in it


@dataclass(frozen=True, slots=True)
class Single:
    """A derivative and what it rests on. `assumed`: shapes that nobody declared."""

    solution: Solution
    assumed: Mapping[str, Shape]

    @property
    def answer(self) -> Answer:
        return self.solution.answers[0]

    @property
    def expr(self) -> Expr:
        """The derivative, in the names of the expression alone where that is short; one entry where
        `free` names indices.

        Where it is not, `f` (or what `output` is) stands for the expression itself.
        """
        answer = self.answer
        assert answer.symbolic is not None
        if (
            self.output in names(answer.symbolic)
            and answer.expanded is not None
            and len(unparse(answer.expanded)) <= SHORT
        ):
            return answer.expanded
        return answer.symbolic

    @property
    def free(self) -> tuple[str, ...]:
        return self.answer.free

    @property
    def output(self) -> str:
        return self.solution.graph.outputs[-1]


def differentiate(
    expression: str,
    wrt: Sequence[str],
    shapes: Mapping[str, Sequence[str]],
    form: str | None = None,
    layout: str | None = None,
) -> Single:
    """The derivative of an expression by one name, or the second derivative by two.

    `shapes` are declared ones, sizes as text. Raises GradcalcError.
    """
    exercise, assumed = single_exercise(expression, wrt, shapes)
    return Single(solve(exercise, form, layout), assumed)


def single_exercise(
    expression: str, wrt: Sequence[str], shapes: Mapping[str, Sequence[str]]
) -> tuple[Exercise, Mapping[str, Shape]]:
    """The exercise that asks for one derivative, and the shapes that nobody declared. Raises
    GradcalcError.
    """
    content = {
        "expression": expression,
        "variables": {name: list(sizes) for name, sizes in shapes.items()},
    }
    exercise = exercise_from(content, "<expression>")
    for name in wrt:
        if name not in exercise.inputs:
            known = closest(name, exercise.inputs)
            there = f"names: {', '.join(exercise.inputs)}" if exercise.inputs else None
            hint = f"did you mean {known}?" if known else there
            raise GradcalcError(
                Problem("independent", f"`{name}` is not in the expression", None, hint)
            )
    assumed = conventional(exercise)
    variables = {
        name: Variable(name, tuple(map(size_tree, shape))) for name, shape in assumed.items()
    }
    of = exercise.definitions[-1].name
    kind = "derivative" if len(wrt) == 1 else "second"
    text = f"d{of}/d{wrt[0]}" if len(wrt) == 1 else f"d2{of}/{''.join('d' + name for name in wrt)}"
    exercise = replace(
        exercise,
        variables={**exercise.variables, **variables},
        questions=(Question(text, kind, of, tuple(wrt)),),
    )
    return exercise, assumed


def shape_of_text(text: str) -> tuple[str, tuple[str, ...]]:
    """`x: [n, 1]` as a name and sizes. Raises GradcalcError."""
    name, colon, rest = text.partition(":")
    rest = rest.strip()
    if not colon or not name.strip() or not (rest.startswith("[") and rest.endswith("]")):
        place = Place("--shape", 1, 1, text, max(len(text), 1))
        raise GradcalcError(
            Problem("shape", "a shape is written x: [n] or A: [m, n]; a scalar is c: []", place)
        )
    inside = rest[1:-1].strip()
    return name.strip(), tuple(size.strip() for size in inside.split(",")) if inside else ()


def conventional(exercise: Exercise) -> dict[str, Shape]:
    """Shapes for the inputs that declare none: their number of axes by convention, their sizes
    as the expression asks.
    """
    found = scope(exercise)
    problems: list[Problem] = []
    declared = declared_shapes(exercise, problems)
    ranks = {name: axes_of(name) for name in found.inputs if name not in declared}
    inferred = infer(found, declared, {}, {}, {}, ranks) if ranks else None
    problems += inferred.problems if inferred else ()
    if problems:
        hint = (
            "assumed by convention: "
            f"{', '.join(f'{name} {KINDS[rank]}' for name, rank in ranks.items())}; use --shape "
            "to change this"
        )
        # What else would help has to be written into a file.
        raise GradcalcError(
            *(replace(p, hint=hint) if p.slug == "shape" or not p.hint else p for p in problems)
        )
    return {name: inferred.shapes[name] for name in ranks} if inferred else {}


KINDS = ("a scalar", "a vector", "a matrix")


def axes_of(name: str) -> int:
    """How many axes a name has by convention."""
    word = unicodedata.normalize("NFKD", name)
    letters = word.rstrip("0123456789_")
    if letters.lower() in GREEK and letters[0].islower():
        return 0
    first = word[0]
    if first.isupper():
        return 2
    return 1 if "h" <= first <= "z" else 0
