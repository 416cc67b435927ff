"""One derivative without a file: an expression, what to differentiate by, shapes; the rest by
convention.

    found = differentiate("norm(A@x - y)^2", ("x",))
    found.expr       2*A.T @ (A @ x - y) as a tree
    found.assumed    {"A": [m, n], "x": [n], "y": [m]}

What shapes names have that nobody declares: see assumed_shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.derivation.assumed_shapes import conventional, with_sizes
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from, with_set
from gradcalc.exercise.model import Exercise, Question, Variable
from gradcalc.language.errors import GradcalcError, Place, Problem, closest
from gradcalc.language.parser import Expr, names, unparse
from gradcalc.language.shape_rules import Shape
from gradcalc.language.size_expressions import size_tree

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


@dataclass(frozen=True, slots=True)
class Declared:
    """What is said of the names of an expression.

    shapes     name -> sizes as text       indices  index -> the size that it runs to
    functions  name -> how many arguments  values   name -> number or nested lists
    settings   values as text, `x=3`, and numbers of sizes, `n=5`
    """

    shapes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    indices: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    settings: Sequence[str] = ()


def differentiate(
    expression: str,
    wrt: Sequence[str],
    said: Declared,
    form: str | None = None,
    layout: str | None = None,
) -> Single:
    """The derivative of an expression by one name, or the second derivative by two. Raises
    GradcalcError.
    """
    exercise, assumed = single_exercise(expression, wrt, said)
    return Single(solve(exercise, form, layout), assumed)


def single_exercise(
    expression: str, wrt: Sequence[str], said: Declared
) -> tuple[Exercise, Mapping[str, Shape]]:
    """The exercise that asks for one derivative, and the shapes that nobody declared. Raises
    GradcalcError.
    """
    variables: dict[str, object] = {name: list(sizes) for name, sizes in said.shapes.items()}
    variables |= {name: {"function": count} for name, count in said.functions.items()}
    content = {"expression": expression, "variables": variables, "indices": dict(said.indices)}
    read = exercise_from(content, "<expression>")
    exercise = with_set(with_sizes(read), *said.settings)
    if said.values:
        again = exercise_from({**content, "values": dict(said.values)}, "<expression>")
        exercise = replace(exercise, values={**exercise.values, **again.values})
    for name in wrt:
        if name not in exercise.inputs:
            known = closest(name, exercise.inputs)
            there = f"names: {', '.join(exercise.inputs)}" if exercise.inputs else None
            hint = f"did you mean {known}?" if known else there
            raise GradcalcError(
                Problem("independent", f"`{name}` is not in the expression", None, hint)
            )
    assumed = conventional(exercise)
    given = {name: Variable(name, tuple(map(size_tree, shape))) for name, shape in assumed.items()}
    of = exercise.definitions[-1].name
    kind = "derivative" if len(wrt) == 1 else "second"
    text = f"d{of}/d{wrt[0]}" if len(wrt) == 1 else f"d2{of}/{''.join('d' + name for name in wrt)}"
    shaped = {name for shape in assumed.values() for size in shape for name in size.names}
    shaped |= read.size_names | exercise.sizes.keys()
    exercise = replace(
        exercise,
        indices={  # what has made a name a size is not needed where a shape does
            index: size
            for index, size in exercise.indices.items()
            if index in read.indices or not set(names(size)) <= shaped
        },
        variables={**exercise.variables, **given},
        questions=(Question(text, kind, of, tuple(wrt)),),
    )
    return exercise, assumed


def shape_of_text(text: str) -> tuple[str, tuple[str, ...]]:
    """`x: [n, 1]` as a name and sizes. Raises GradcalcError."""
    name, colon, rest = text.partition(":")
    rest = rest.strip()
    if not colon or not name.strip() or not (rest.startswith("[") and rest.endswith("]")):
        wrong = "a shape is written x: [n] or A: [m, n]; a scalar is c: []"
        raise _misspelled("--shape", "shape", text, wrong)
    inside = rest[1:-1].strip()
    return name.strip(), tuple(size.strip() for size in inside.split(",")) if inside else ()


def index_of_text(text: str) -> tuple[str, str]:
    """`i: n` as an index and its size. Raises GradcalcError."""
    name, colon, size = (part.strip() for part in text.partition(":"))
    if not (name and colon and size):
        wrong = "an index is written i: n, or i: 3"
        raise _misspelled("--index", "index", text, wrong)
    return name, size


def function_of_text(text: str) -> tuple[str, int]:
    """`f: 2` as an unknown function and how many arguments it has; `f` has one. Raises
    GradcalcError.
    """
    name, _, count = (part.strip() for part in text.partition(":"))
    if not name or count not in ("", *"123456789"):
        wrong = "an unknown function is written f: 1, with the number of its arguments"
        raise _misspelled("--function", "function", text, wrong)
    return name, int(count or 1)


def _misspelled(option: str, slug: str, text: str, message: str) -> GradcalcError:
    place = Place(option, 1, 1, text, max(len(text), 1))
    return GradcalcError(Problem(slug, message, place))
