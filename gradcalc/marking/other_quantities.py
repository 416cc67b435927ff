"""Family 2: another quantity of the exercise. The answer to another question, the derivative of
another pair on the way, the numerator itself, an antiderivative.
"""

from __future__ import annotations

from typing import Any

from gradcalc.exercise.model import Question
from gradcalc.language.tree import Index, Name, Transpose
from gradcalc.marking.candidates import IF, Candidate, Found, Said, Scene, Submitted, changed, shown
from gradcalc.marking.derivation_faults import moving_sites
from gradcalc.marking.equality import Function, derivative
from gradcalc.marking.points import Computation, Place
from gradcalc.marking.relations import Change, diagonal, transposed
from gradcalc.marking.variations import edited, named_part
from gradcalc.numeric.scalar_functions import Misfit
from gradcalc.numeric.tensor import Tensor

PART = "the part"  # the name of a part of a definition; no name of an exercise is spelled so


# fmt: off
OTHER_VALUE = Said(
    "other-question", IF + "the value of {name} is given instead.", "a value that is asked for"
)
ENDS_EARLY = Said(
    "local-factor-missing",
    "The chain ends at {name}: this is {asked}.",
    "a quantity on the way from the numerator to the denominator",
)
NO_UPSTREAM = Said(
    "upstream-missing",
    "The upstream gradient {before} is left out: this is {asked}{how}.",
    "a quantity on the way",
)
LOCAL = Said(
    "local-for-total",
    NO_UPSTREAM.sentence,
    "the same, where the Jacobian is written as its diagonal",
)
ENDS_AT_PART = Said(
    "local-factor-missing",
    "The chain ends at {part}: what comes after it is left out.",
    "a part of a line on the way",
)
BEGINS_AT_PART = Said(
    "upstream-missing",
    "The chain begins at {part}: what comes before it is left out.",
    "a part of a line on the way",
)
ONLY_PART = Said(
    "path-missing",
    IF + "only {part} is differentiated, and the rest is left out.",
    "a term of a sum on the way",
)
ITSELF = Said(
    "not-differentiated", IF + "{name} itself is given, and not differentiated.", "the numerator"
)
TWICE = Said("not-differentiated", IF + "2*{name} is given, and not a derivative.", "the numerator")
ONCE = Said(
    "not-differentiated", "It is differentiated once only: this is {asked}.", "a second derivative"
)
OTHER_INPUT = Said(
    "other-question",
    "It is differentiated by {name}, and not by {by}: this is {asked}.",
    "another input or quantity",
)
ONCE_MORE = Said(
    "wrong-local-derivative",
    "It is differentiated by {name} as well: this is {asked}.",
    "another input",
)
OTHER_ANSWER = Said(
    "other-question", "This is the answer to another question, {asked}.", "the other questions"
)
INTEGRATED = Said(
    "integrated",
    IF + "{name} is integrated over {by}, and not differentiated.",
    "a number by a number",
)
# fmt: on
OTHERS: tuple[Said, ...] = (
    ENDS_EARLY,
    ENDS_AT_PART,
    NO_UPSTREAM,
    LOCAL,
    BEGINS_AT_PART,
    ONLY_PART,
    ITSELF,
    TWICE,
    ONCE,
    OTHER_INPUT,
    ONCE_MORE,
    OTHER_ANSWER,
    OTHER_VALUE,
    INTEGRATED,
)  # fmt: skip


def other_quantities(scene: Scene, submitted: Submitted) -> Found:
    """The quantities that are to be tried."""
    if not scene.bys:
        yield from _other_values(scene)
        return
    yield from _stopped_early(scene)
    yield from _upstream_missing(scene)
    yield from _parts(scene)
    yield from _itself(scene)
    yield from _other_denominators(scene)
    yield from _other_questions(scene)
    yield from _antiderivative(scene, submitted)


def _other_values(scene: Scene) -> Found:
    for name in (*scene.graph.quantities, *scene.graph.inputs):
        if name != scene.of:
            asked = Question(f"value {name}", "value", name)
            yield Candidate(OTHER_VALUE.mistake(name=name), scene.function(asked))


def _between(scene: Scene) -> tuple[str, ...]:
    """The quantities strictly between the denominator and the numerator."""
    return tuple(name for name in scene.target.again if name != scene.of)


def _question(of: str, by: str, loss: bool = False) -> Question:
    return Question(f"d{of}/d{by}", "derivative", of, (by,), loss=loss)


def _stopped_early(scene: Scene) -> Found:
    """The derivative by a quantity on the way: the chain ends too early."""
    question = scene.question
    if len(scene.bys) != 1 or question.kind == "local":
        return
    for name in _between(scene):
        asked = _question(question.of, name, question.loss)
        place = scene.place_of(name, scene.bys[0])
        mistake = ENDS_EARLY.mistake(place, name=name, asked=asked.text)
        yield Candidate(mistake, scene.function(asked))


def _upstream_missing(scene: Scene) -> Found:
    """The derivative of a quantity on the way: what comes before it in the chain is left out."""
    if len(scene.bys) != 1:
        return
    by = scene.bys[0]
    graph = scene.graph
    ends = _between(scene)
    if scene.question.loss and graph.exercise.upstream:
        ends = tuple(name for name in scene.target.again)
    for name in ends:
        asked = _question(name, by)
        function = scene.function(asked)
        before = f"d{scene.question.of}/d{name}"
        for how, change in _shapes_of(scene, name, by):
            local = "entry by entry" in how and not graph.exercise.upstream
            found = function if change is None else changed(function, change)
            mistake = (LOCAL if local else NO_UPSTREAM).mistake(
                scene.place_of(name, by), before=before, asked=asked.text, how=how
            )
            yield Candidate(mistake, found)


def _shapes_of(scene: Scene, of: str, by: str) -> list[tuple[str, Change | None]]:
    """A Jacobian, and the ways of writing it short."""
    outs, ins = scene.shapes[of], scene.shapes[by]
    forms: list[tuple[str, Change | None]] = [("", None)]
    if len(outs) + len(ins) >= 2:
        forms.append((", transposed", transposed))
        forms.append((", written entry by entry", _leading_diagonal(len(outs))))
        forms.append((", written as a number", _scalar_diagonal(len(outs))))
    for name in sorted({n for size in (*outs, *ins) for n in size.names} | set(scene.graph.sizes)):
        forms.append((f", over {name}", _over(name, False)))
        forms.append((f", transposed, over {name}", _over(name, True)))
    return forms


def _leading_diagonal(rank: int) -> Change:
    """∂qₖ/∂x… where it vanishes off k: its entries (k, k, …) as an array (k, …)."""

    def change(tensor: Tensor, place: Place) -> Tensor:
        import numpy as np

        data = np.asarray(tensor.data, dtype=object)
        if tensor.over or data.ndim < 2:
            raise Misfit("no Jacobian")
        rank_of = min(rank, data.ndim // 2) or 1
        for _ in range(rank_of):
            if data.shape[0] != data.shape[rank_of]:
                raise Misfit("not square")
        if rank_of == 2:
            out = np.empty(data.shape[:2] + data.shape[4:], dtype=object)
            for i in range(data.shape[0]):
                for j in range(data.shape[1]):
                    out[i, j] = data[i, j, i, j]
            return Tensor(out)
        n = data.shape[0]
        for i in range(n):
            for j in range(n):
                entries = np.atleast_1d(data[i, j]).reshape(-1)
                if i != j and any(bool(entry != 0) for entry in entries):
                    raise Misfit("not diagonal")
        return Tensor(np.stack([np.asarray(data[i, i], dtype=object) for i in range(n)]))

    return change


def _scalar_diagonal(rank: int) -> Change:
    """c where the Jacobian is c times the identity."""

    def change(tensor: Tensor, place: Place) -> Tensor:
        entries = diagonal(tensor, place).data
        first = entries[0]
        if any(bool(entry != first) for entry in entries[1:]):
            raise Misfit("no multiple of the identity")
        return Tensor(first)

    return change


def _over(name: str, turned: bool) -> Change:
    def change(tensor: Tensor, place: Place) -> Tensor:
        if name not in place.sizes:
            raise Misfit("no such size")
        found = transposed(tensor, place) if turned else tensor
        return Tensor(found.data / place.sizes[name], found.over)

    return change


def _parts(scene: Scene) -> Found:
    """The same with parts of definitions that have no name."""
    if len(scene.bys) != 1 or scene.question.kind != "derivative":
        return
    seen = set()
    for site in moving_sites(scene):
        if not site.path or isinstance(site.expr, Name | Transpose | Index) or site.expr in seen:
            continue
        seen.add(site.expr)
        exercise = named_part(scene.exercise, site, PART)
        text = shown(site.expr)
        question = _question(scene.question.of, PART, scene.question.loss)
        found = scene.rebuilt(exercise, question)
        if found is None:
            continue
        place = scene.at(site)
        yield Candidate(ENDS_AT_PART.mistake(place, part=text), found)
        inner = scene.rebuilt(exercise, _question(PART, scene.bys[0]))
        if inner is None:
            continue
        outer = found.floats(first) if (first := scene.places.get(0)) is not None else None
        if outer is not None and bool((outer == 1).all()):
            yield Candidate(ONLY_PART.mistake(place, part=text), inner)
        else:
            yield Candidate(BEGINS_AT_PART.mistake(place, part=text), inner)


def _itself(scene: Scene) -> Found:
    """The numerator, and not its derivative."""
    if scene.of is None:
        return
    value = scene.function(Question(f"value {scene.of}", "value", scene.of))
    yield Candidate(ITSELF.mistake(name=scene.of), value)
    twice = changed(value, lambda tensor, place: Tensor(2 * tensor.data, tensor.over))
    yield Candidate(TWICE.mistake(name=scene.of), twice)


def _other_denominators(scene: Scene) -> Found:
    """The derivative by another input; a second derivative by one more; each differentiation
    once only.
    """
    question = scene.question
    if question.kind == "second":
        for by in dict.fromkeys(scene.bys):
            asked = _question(question.of, by)
            yield Candidate(ONCE.mistake(asked=asked.text), scene.function(asked))
        return
    if question.kind != "derivative":
        return
    by = scene.bys[0]
    for name in (*scene.graph.inputs, *scene.graph.quantities):
        if name in scene.graph.integers or name in (by, scene.of) or name in scene.target.again:
            continue
        asked = _question(question.of, name, question.loss)
        mistake = OTHER_INPUT.mistake(name=name, by=by, asked=asked.text)
        yield Candidate(mistake, scene.function(asked))
    if scene.of is None or scene.shapes[scene.of] != () or scene.shapes[by] != ():
        return
    for name in scene.graph.inputs:
        if name in scene.graph.integers or scene.shapes[name] != ():
            continue
        asked = Question(f"d2{question.of}/d{by}d{name}", "second", question.of, (by, name))
        mistake = ONCE_MORE.mistake(name=name, asked=asked.text)
        yield Candidate(mistake, scene.function(asked))


def _other_questions(scene: Scene) -> Found:
    """The answers to the other questions of the exercise."""
    asked_here = (scene.question.of, scene.question.by, scene.question.kind)
    for other in scene.others:
        if other.kind not in ("derivative", "local", "second", "value"):
            continue
        if (other.of, other.by, other.kind) == asked_here:
            continue
        if other.kind == "derivative" and set(other.by) & set(scene.target.again):
            continue  # said above as a chain that ends too early
        yield Candidate(OTHER_ANSWER.mistake(asked=other.text), scene.function(other))


def _antiderivative(scene: Scene, submitted: Submitted) -> Found:
    """What has the numerator as its derivative: integrated instead of differentiated."""
    if submitted.expr is None or submitted.free or scene.of is None or len(scene.bys) != 1:
        return
    if scene.shapes[scene.of] != () or scene.shapes[scene.bys[0]] != ():
        return
    exercise = edited(scene.exercise, {PART: submitted.expr})
    found = _derivative_of_part(scene, exercise)
    if found is not None:
        mistake = INTEGRATED.mistake(name=scene.of, by=scene.bys[0])
        value = scene.function(Question(f"value {scene.of}", "value", scene.of))
        yield Candidate(mistake, value, found, common=True)


def _derivative_of_part(scene: Scene, exercise: Any) -> Function | None:
    from gradcalc.graph.build import build
    from gradcalc.language.errors import GradcalcError
    from gradcalc.language.fast_dataclasses import replace

    try:
        graph = build(replace(exercise, questions=()))
    except GradcalcError:
        return None
    return derivative(Computation(graph), _question(PART, scene.bys[0]), "gradient")
