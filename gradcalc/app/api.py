"""The library: exercises solved and single derivatives from Python. Nothing here is needed by the
command line.

    import gradcalc

    result = gradcalc.solve("ex1.yaml")               # a path, a dict, or an Exercise
    result["df/dx"].symbolic                          # 'z', in the expression language
    result["df/dx"].value                             # -4.0
    result.gradients["x"].value                       # -4.0, in the shape of the input
    print(result)                                     # the answers as a table
    gradcalc.diff("x.T @ A @ x", wrt="x").text        # '(A + Aᵀ) x', for people

Mistakes are GradcalcError, with every problem and its place as data. No text is ever run, and no
text but a path opens a file: YAML goes through parse_exercise.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from gradcalc.app.limits import SECONDS, within
from gradcalc.app.solved import Derivative, Result
from gradcalc.exercise.load import exercise_from
from gradcalc.exercise.model import Exercise
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import replace

if TYPE_CHECKING:
    from gradcalc.app.results import Verdict
    from gradcalc.derivation.single_expression import Declared
    from gradcalc.graph.model import Graph

Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | Exercise"
Shapes: TypeAlias = Mapping[str, Sequence[str | int] | str]


def solve(
    source: Source,
    *,
    form: str | None = None,
    layout: str | None = None,
    timeout: float | None = SECONDS,
) -> Result:
    """Every answer of an exercise, symbolic, evaluated and checked.

    >>> import gradcalc
    >>> result = gradcalc.solve({"expression": "f = x^2*y", "values": {"x": 3, "y": 2}})
    >>> result["df/dx"].symbolic, result["df/dx"].value
    ('2*x*y', 12.0)
    >>> gradcalc.solve("ex1").ok
    True

    source  a path to a YAML file, the name of a shipped exercise, the content of a file as a
            mapping, or an Exercise (of YAML text: gradcalc.parse_exercise(text))
    form    matrix, index or entries; layout: gradient, jacobian or denominator; None: as the
            exercise says
    timeout seconds of processor time; None: no limit

    Raises GradcalcError where the exercise cannot be read, makes no sense or takes too long.
    """
    from gradcalc.derivation.solve import solve as answered

    _choice("form", form, ("matrix", "index", "entries"))
    _choice("layout", layout, ("gradient", "jacobian", "denominator"))
    with within(timeout):
        return Result(answered(exercise(source), form, layout))


def diff(
    expression: str,
    wrt: str | Sequence[str],
    shapes: Shapes | None = None,
    *,
    indices: Mapping[str, str | int] | None = None,
    functions: Mapping[str, int] | None = None,
    values: Mapping[str, Any] | None = None,
    form: str | None = None,
    layout: str | None = None,
    timeout: float | None = SECONDS,
) -> Derivative:
    """The derivative of one expression.

    >>> import gradcalc
    >>> print(gradcalc.diff("norm(A@x - y)^2", wrt="x"))
    2·Aᵀ(A x − y)
    >>> gradcalc.diff("sum(b*x)", "b", shapes={"b": ["n"], "x": ["n"]}).symbolic
    'x'

    expression  in the expression language: "norm(A@x - y)^2"
    wrt         the name to differentiate by; two names for a second derivative, ("x", "x") for the
                Hessian
    shapes      {"x": ["n"], "A": ["m", "n"], "c": []}, or as text, "[m, n]"; what is not said
                follows from the expression, or by convention: a–g and Greek letters are scalars,
                h–z vectors, capitals matrices (see `assumed`); without an array operation all are
                scalars
    indices     {"i": "n"}: indices of sums and entries, with the sizes that they run to
    functions   {"f": 1}: unknown functions, each with the number of its arguments
    values      {"x": 3}: where the derivative is evaluated
    timeout     seconds of processor time; None: no limit

    Raises GradcalcError.
    """
    said = _declared(shapes, indices, functions, values)
    with within(timeout):
        return differentiated(
            expression, (wrt,) if isinstance(wrt, str) else wrt, said, form, layout
        )


def differentiated(
    expression: str, wrt: Sequence[str], said: Declared, form: str | None, layout: str | None
) -> Derivative:
    """The same, with all that is said of the names in one value, and no limit of time."""
    from gradcalc.derivation.single_expression import differentiate

    _choice("form", form, ("matrix", "index", "entries"))
    _choice("layout", layout, ("gradient", "jacobian", "denominator"))
    if len(wrt) not in (1, 2):
        raise GradcalcError(Problem("argument", "wrt is one name, or two for a second derivative"))
    return Derivative(differentiate(expression, tuple(wrt), said, form, layout))


@overload
def check(
    source: str,
    answers: None = None,
    *,
    wrt: str | Sequence[str],
    answer: str,
    shapes: Shapes | None = None,
    indices: Mapping[str, str | int] | None = None,
    functions: Mapping[str, int] | None = None,
    layout: str | None = None,
) -> Verdict:
    """A verdict on one claim, without a file."""


@overload
def check(
    source: Source,
    answers: Mapping[str, Any] | str | os.PathLike[str],
    *,
    policy: str | None = None,
    reveal: bool = False,
) -> list[Verdict]:
    """A verdict for each question of an exercise."""


def check(
    source: Source,
    answers: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    wrt: str | Sequence[str] = (),
    answer: str | None = None,
    shapes: Shapes | None = None,
    indices: Mapping[str, str | int] | None = None,
    functions: Mapping[str, int] | None = None,
    layout: str | None = None,
    policy: str | None = None,
    reveal: bool = False,
) -> Verdict | list[Verdict]:
    """Is an answer right? With `wrt` and `answer`, a Verdict on one claim; with `answers` to an
    exercise, a list with a Verdict for each question.

    >>> import gradcalc
    >>> gradcalc.check("logdet(X)", wrt="X", answer="inv(X)").message
    'This is what comes out if the matrix is transposed.'
    >>> gradcalc.check("ex1", {"df/dx": "z"})[4]
    <Verdict df/dx: right, 2 of 2>

    answers   question (its text, its name or its number from 1) -> a formula, a number, nested
              lists, or {"formula": …, "value": …}; or the path of a file of answers of one student
    policy    a file with the keys of `grading`; reveal: the verdicts hold the right answers too

    Raises GradcalcError where the exercise or the answers cannot be used. What is wrong with one
    answer is its verdict: `invalid`.
    """
    from gradcalc.app import marking
    from gradcalc.app.results import verdict

    if answer is not None:
        if not isinstance(source, str) or not wrt:
            raise GradcalcError(
                Problem("argument", "a claim needs an expression and wrt, the name to derive by")
            )
        by = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        said = _declared(shapes, indices, functions, None)
        _, (found,) = marking.checked_claims(source, by, said, [answer], layout)
        return verdict(found)
    if answers is None:
        raise GradcalcError(Problem("argument", "give answers, or wrt and answer"))
    return list(map(verdict, marking.checked(exercise(source), answers, policy, reveal)))


def _declared(
    shapes: Shapes | None,
    indices: Mapping[str, str | int] | None,
    functions: Mapping[str, int] | None,
    values: Mapping[str, Any] | None,
) -> Declared:
    """What is said of the names of an expression."""
    from gradcalc.app.results import readable
    from gradcalc.derivation.single_expression import Declared

    return Declared(
        readable(shapes or {}),
        {name: str(size) for name, size in (indices or {}).items()},
        functions or {},
        values or {},
    )


def exercise(source: Source) -> Exercise:
    """A path, a mapping or an Exercise as an Exercise. Raises GradcalcError, and TypeError for
    anything else.
    """
    if isinstance(source, Exercise):
        return source
    if isinstance(source, Mapping):
        return exercise_from(source)
    if isinstance(source, (str, os.PathLike)):
        from gradcalc.app.shipped import open_exercise

        path = os.fspath(source)
        if "\n" in path or (": " in path and not os.path.lexists(path)):
            raise GradcalcError(
                Problem(
                    "file",
                    "this is the text of an exercise, not a path",
                    None,
                    "use gradcalc.parse_exercise(text)",
                )
            )
        try:
            return open_exercise(path)
        except GradcalcError as error:
            raise GradcalcError(*map(_meant, error.problems)) from None
    raise TypeError(f"an exercise is a path, a mapping or an Exercise, not {type(source).__name__}")


def _meant(problem: Problem) -> Problem:
    """Where there is no such file, what else may have been meant by its name."""
    path = problem.place.file if problem.place else ""
    if problem.slug != "file" or problem.hint or not set("=^*+ ") & set(path):
        return problem
    hint = 'of an expression, use gradcalc.diff("x^2*y", wrt="x") or solve({"expression": …})'
    return replace(problem, hint=hint)


def build(source: Source) -> Graph:
    """The computational graph: elementary nodes with shapes, names, outputs.

    >>> import gradcalc
    >>> gradcalc.build({"expression": "f = x^2*y"})
    <Graph of f: 5 nodes; inputs x, y>

    Raises GradcalcError.
    """
    from gradcalc.graph.build import build as built

    return built(exercise(source))


def _choice(word: str, value: str | None, choices: Sequence[str]) -> None:
    if value is not None and value not in choices:
        raise GradcalcError(
            Problem("argument", f"unknown {word} {value!r}; choose from {', '.join(choices)}")
        )
