"""What is asked: `df/dx`, `local df/dx`, `d2f/dx2`, `d2f/dxdy`, `dJ/dW[0, 2]`, `shape W`, `value
q`, `value w - 0.5*g`, `delta = …`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gradcalc.exercise.meant_questions import meant
from gradcalc.exercise.model import Question
from gradcalc.exercise.source import Text
from gradcalc.language.errors import SpanError, closest
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import (
    Binary,
    Expr,
    Name,
    Vector,
    occurrences,
    parse,
    walk,
)
from gradcalc.language.tokens import MAX_LENGTH, canonical, read_name, shown

_NAMED = re.compile(r"\s*([^=\[\]/()]*?)\s*=(?!=)\s*")
_WORDS = re.compile(r"(shape|value|local)\s+(?=\S)")
_DERIVATIVE = re.compile(
    r"(?P<d>[d∂])(?P<order>2|²|\^2)?\s*(?P<of>[^/\[\]]+?)\s*/\s*(?P<by>[d∂][^/\[\]]*?)\s*(?P<entry>\[[^/]*\])?\s*"
)
_STACK = re.compile(r"stack\(\s*(\w+)\s*\)")


@dataclass(frozen=True, slots=True)
class Known:
    """The names a question may use. `stacks` are the legal names of stacks, `loss` the loss
    behind upstream gradients.
    """

    names: frozenset[str]
    stacks: frozenset[str] = frozenset()
    loss: str | None = None
    inputs: tuple[str, ...] = ()
    functions: frozenset[str] = frozenset()
    defined: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()  # what answers above are called
    below: tuple[str, ...] = ()  # and those below
    others: frozenset[str] = frozenset()  # sizes, indices, constants
    callable: frozenset[str] = frozenset()  # functions that the exercise defines or declares

    def resolve(self, word: str) -> str | None:
        """The canonical name, `stack(x)` included, or None."""
        if match := _STACK.fullmatch(word):
            inner = canonical(match.group(1))
            return f"stack({inner})" if inner in self.names else None
        name = canonical(word)
        return name if name in self.names or name in self.stacks else None


def stack_names(names: Iterable[str]) -> frozenset[str]:
    """X for x, Yhat for yhat, where that is a new name. Which of them are per example is for the
    graph to say.
    """
    given = frozenset(names)
    return frozenset(name[0].upper() + name[1:] for name in given if name) - given


def answer_names(question: Question) -> tuple[str, ...]:
    """What answers below call an answer: its own name, and dL_dw."""
    own = (question.name,) if question.name else ()
    if question.kind == "derivative" and not question.entry:
        return (*own, f"d{question.of}_d{question.by[0]}")
    return own


def own_names(texts: Iterable[str]) -> tuple[str, ...]:
    """The names that questions give their answers: delta of `delta = dJ/dz`."""
    found = (_NAMED.match(text) for text in texts)
    return tuple(canonical(match.group(1)) for match in found if match and match.group(1))


def read_question(text: Text, known: Known) -> Question:
    """Raises SpanError with offsets into the text."""
    try:
        return _read(text, known)
    except SpanError as error:
        value = text.value
        if error.slug == "derivative":
            raise
        named = _NAMED.match(value) if "/" in value.partition("=")[2] else None
        start = named.end() if named else len(value) - len(value.lstrip())
        example = next(iter(known.inputs), "x")
        found = meant(value[start:], lambda asked: _readable(asked, known), example)
        if found is None or len(value) > MAX_LENGTH or _readable(value[start:], known):
            raise
        message, hint = found
        raise SpanError(error.slug, message, start, len(value.rstrip()), hint) from None


def _readable(asked: str, known: Known) -> bool:
    try:
        _read(Text(asked), known)
    except SpanError:
        return False
    return True


def _read(text: Text, known: Known) -> Question:
    value = text.value
    if len(value) > MAX_LENGTH:
        raise SpanError("limit", f"a question has at most {MAX_LENGTH} characters", 0, 1)
    name, start = None, len(value) - len(value.lstrip())
    if match := _NAMED.match(value):
        name = _own_name(value, match.start(1), match.end(1), known)
        start = match.end()
    asked = value[start:].rstrip()
    kind, at = "derivative", start
    if match := _WORDS.match(value, start):
        kind, at = match.group(1), match.end()
    if kind in ("shape", "value"):
        word = value[at:].rstrip()
        if kind == "value" and (expr := _expression(word, at, known)) is not None:
            place = text.place(start, start + len(asked))
            return Question(asked, kind, "", name=name, place=place, expr=expr, source=text)
        return Question(
            asked,
            kind,
            _lookup(word, at, known),
            name=name,
            place=text.place(start, start + len(asked)),
        )
    match = _DERIVATIVE.fullmatch(value, at)
    if match is None:
        raise _not_a_question(value, start, known)
    loss = canonical(match["of"]) == known.loss and known.loss is not None
    of = known.loss if loss and known.loss else _numerator(match, known)
    by: tuple[str, ...]
    if match["order"]:
        if kind == "local":
            raise SpanError("question", "a local derivative must be a first derivative", start, at)
        kind, by = "second", _two(match["by"], match.start("by"), known)
    else:
        by = (_denominator(match, known),)
    entry = _entry(match["entry"], match.start("entry")) if match["entry"] else None
    if kind == "local" and loss:
        raise SpanError(
            "question",
            "the loss has no local derivative, because it is not a quantity of the exercise",
            *match.span("of"),
        )
    return Question(
        asked, kind, of, by, name, entry, loss, place=text.place(start, start + len(asked))
    )


def _expression(word: str, at: int, known: Known) -> Expr | None:
    """What `value E` asks for; None where it is a name alone, of a quantity or of nothing. Spans
    are offsets into the question.
    """
    if known.resolve(word) is not None:
        return None
    if re.fullmatch(r"\w+", word) and canonical(word) not in {*known.answers, *known.others}:
        if canonical(word) in known.below:
            raise _below(word, at)
        return None
    expr = parse(" " * at + word, known.callable)
    for part in walk(expr):
        if isinstance(part, Binary) and part.op == "/" and (found := _derivative_in(part, known)):
            if part is expr:
                found.slug = "question"  # the question itself, which is asked without `value`
            raise found
    names = {*known.names, *known.stacks, *known.answers, *known.others}
    for name in occurrences(expr):
        if name.id in names:
            continue
        if name.id in known.below:
            raise _below(name.id, name.span[0])
        near = closest(name.id, sorted(names))
        hint = f"did you mean {near}?" if near else _others(name.id, known)
        message = f"there is no quantity and no answer above `{shown(name.id)}`"
        raise SpanError("unknown-name", message, *name.span, hint)
    return expr


def _below(word: str, at: int) -> SpanError:
    message = f"`{shown(word)}` is the answer to a question below"
    hint = "put that question above this one"
    return SpanError("question", message, at, at + len(word), hint)


def _derivative_in(part: Binary, known: Known) -> SpanError | None:
    """`w - eta*dL/dw`: a derivative in an expression has to be asked for above."""
    above = part.left.right if isinstance(part.left, Binary) else part.left
    below = part.right
    if not (isinstance(above, Name) and isinstance(below, Name)):
        return None
    of, by = (re.sub("^[d∂]", "", name.id) for name in (above, below))
    real = {*known.names, *known.stacks}
    if above.id in real or below.id in real or above.id == of or below.id == by:
        return None
    if not (of in real or of == known.loss) or by not in real:
        return None
    asked = f"{above.id}/{below.id}"
    return SpanError(
        "derivative",
        f"`{shown(asked)}` is a derivative; in an expression it is written by its name",
        above.span[0],
        below.span[1],
        f"ask for it above, g = d{of}/d{by}, and write g here",
    )


def _own_name(value: str, start: int, end: int, known: Known) -> str:
    try:
        name = read_name(value[start:end])
    except SpanError as error:
        raise SpanError(
            "question",
            error.message,
            start,
            max(end, start + 1),
            "write for example delta1 = df/dx",
        ) from None
    if name in known.names:
        raise SpanError(
            "question",
            f"`{shown(name)}` is already a quantity; choose another name for the answer",
            start,
            end,
        )
    return name


def _not_a_question(value: str, start: int, known: Known) -> SpanError:
    asked = value[start:].strip()
    if known.resolve(asked):
        return SpanError(
            "question",
            f"`{shown(asked)}` is a name, not a question",
            start,
            len(value),
            f"write value {asked}, shape {asked} or {_example(asked, known)}",
        )
    if re.match(r"[d∂][^/]*\[", asked):
        return SpanError(
            "question",
            "the entry follows the whole derivative",
            start,
            len(value),
            "write for example dJ/dW[0, 2]",
        )
    hint = "write df/dx, local df/dx, d2f/dx2, d2f/dxdy, shape W, value q or value 2*q"
    return SpanError(
        "question",
        f"`{shown(asked)}` is not a question" if asked else "the question is empty",
        start,
        len(value),
        hint,
    )


def _lookup(word: str, at: int, known: Known) -> str:
    if (name := known.resolve(word)) is None:
        if re.match(r"[3-9]|[1-9]\d", word):
            raise SpanError(
                "question",
                "only first and second derivatives are supported",
                at,
                at + len(word),
                "write df/dx, d2f/dx2 or d2f/dxdy",
            )
        near = closest(canonical(word), sorted(known.names))
        raise SpanError(
            "unknown-name",
            f"there is no quantity `{shown(word)}`",
            at,
            at + max(len(word), 1),
            f"did you mean {near}?" if near else _others(word, known),
        )
    return name


def _others(word: str, known: Known) -> str | None:
    """What there is, where a name is unknown and none is near."""
    if canonical(word) in known.functions:
        return f"{word} is a function: add a line such as y = {word}(x), and ask about y"
    if not re.fullmatch(r"\w+", word):
        return "write df/dx, with a name in each place; a longer expression needs a line of its own"
    names = [*known.inputs, *known.defined]
    return f"names: {', '.join(names[:10])}" + (", …" if len(names) > 10 else "") if names else None


def _example(name: str, known: Known) -> str:
    """A derivative of a quantity, or by an input."""
    if name in known.defined and known.inputs:
        return f"d{name}/d{known.inputs[0]}"
    return f"d{known.defined[-1] if known.defined else 'f'}/d{name}"


def _numerator(match: re.Match[str], known: Known) -> str:
    word = match["of"]
    if known.resolve(word) is None and known.loss is None and canonical(word) in ("L", "loss"):
        raise SpanError(
            "unknown-name",
            f"there is no quantity `{word}`, and no upstream gradient that would make it the loss",
            *match.span("of"),
            "add upstream: 1",
        )
    return _lookup(word, match.start("of"), known)


def _denominator(match: re.Match[str], known: Known) -> str:
    word, at = match["by"][1:].strip(), match.end("by") - len(match["by"][1:].lstrip())
    if (
        known.resolve(word) is None
        and re.search(r"2|²", word[-1:])
        and known.resolve(word.rstrip("2²^"))
    ):
        raise SpanError(
            "question",
            "a second derivative begins with d2",
            *match.span("by"),
            f"write d2{match['of']}/d{word.rstrip('2²^')}2",
        )
    return _lookup(word, at, known)


def _two(by: str, at: int, known: Known) -> tuple[str, str]:
    """dx2 and dxdy: the longest known name comes first."""
    found: list[tuple[int, str, str]] = []
    rest = by[1:]
    if (power := re.fullmatch(r"\s*(.+?)\s*(?:\^2|²|2)", rest)) and (
        name := known.resolve(power.group(1))
    ):
        found.append((len(power.group(1)), name, name))
    for match in re.finditer("[d∂]", rest):
        first, second = (
            known.resolve(rest[: match.start()].strip()),
            known.resolve(rest[match.end() :].strip()),
        )
        if first and second:
            found.append((match.start(), first, second))
    if not found:
        hint, end = "write d2f/dx2 or d2f/dxdy", at + len(by)
        if known.resolve(rest.strip()):
            raise SpanError("question", "a second derivative needs two variables", at, end, hint)
        raise SpanError(
            "unknown-name", f"`{shown(by)}` must name two known quantities", at, end, hint
        )
    _, first, second = max(found)
    return first, second


def _entry(text: str, at: int) -> tuple[Expr, ...]:
    try:
        vector = parse(text)
    except SpanError as error:
        raise SpanError(
            error.slug, error.message, error.start + at, error.end + at, error.hint
        ) from None
    if not isinstance(vector, Vector) or any(isinstance(item, Vector) for item in vector.items):
        raise SpanError("question", "an entry is written [0] or [0, 2]", at, at + len(text))
    return vector.items
