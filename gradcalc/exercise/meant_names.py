"""Names that mean something else than their author thought: products and functions written as on
paper, x^T, Sin[x].
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Set

from gradcalc.exercise.model import Definition, Exercise
from gradcalc.exercise.source import Text
from gradcalc.language.errors import GREEK, Place, SpanError, closest, skeleton
from gradcalc.language.foreign import CALLS
from gradcalc.language.parser import (
    CALLABLE,
    Binary,
    Expr,
    Index,
    Name,
    Num,
    Slice,
    names,
    occurrences,
    unparse,
    walk,
)
from gradcalc.language.refused_signs import filled
from gradcalc.language.tokens import shown


def transposed(
    name: Name, exercise: Exercise, source: Text, declared: set[str]
) -> SpanError | None:
    """`x^T`, where nobody declared T; also `A^TA`."""
    start, end = name.span
    before = source.value[:start].rstrip()
    if name.id[:1] != "T" or not before.endswith("^") or end <= start:
        return None
    rest = name.id[1:]
    if rest and rest not in {*declared, *exercise.inputs}:
        return None
    base = re.search(r"(\w+|[)\]])\s*\^$", before)
    left = base[1] if base and base[1] not in ")]" else "(…)"
    hint = f"write {left}.T" + (f" @ {rest}" if rest else "")
    at = len(before) - 1
    return SpanError("transpose", "`^T` is a power; a transpose is written .T", at, end, hint)


def meant(name: Name, unused: Mapping[str, str], source: Text) -> str | None:
    """What an undeclared name was probably meant for: a product written as on paper, another
    case, a function.
    """
    word, (start, end) = name.id, name.span
    if end <= start:
        return None
    before, after = source.value[:start], source.value[end:]
    short = re.fullmatch("[^\\W\\d_]{2,3}", word) and word not in {*GREEK, *CALLABLE}
    if short and re.search(r"(?<![\w.])[\d.]+$", before):  # 2xy
        return "*".join(word)
    if other := unused.get(word.casefold()) or unused.get(skeleton(word)):
        return other
    if word in CALLABLE and word.isascii() and word != "sigma":
        argument = re.match(r"\s*(-?\s*\w+(?:\([^()]*\))?)", after)
        return f"{word}({argument[1].strip()})" if argument else f"{word}(x)"
    return None


def unused(exercise: Exercise) -> dict[str, str]:
    """The quantities that no other line uses, save the last, by what they look like: `Q` may be
    meant for such a `q`.
    """
    used = {name for definition in exercise.definitions for name in names(definition.expr)}
    names_left = [d.name for d in exercise.definitions[:-1] if d.name not in used]
    return {key: name for name in names_left for key in (skeleton(name), name.casefold())}


def first_use(exercise: Exercise, name: str) -> Place | None:
    """Where a name is used first."""
    for definition in exercise.definitions:
        for part in occurrences(definition.expr):
            if part.id == name:
                return definition.source.place(*part.span)
    return None


def derivatives(
    line: Definition, inputs: Set[str], defined: Set[str], declared: Collection[str]
) -> Iterator[SpanError]:
    """`w - eta*dL/dw`: a quotient of two inputs dL and dw that nobody declared, beside a quantity
    L and a w.
    """
    for part in walk(line.expr):
        match part:
            case Binary("/", Name() | Binary() as above, Name(below)):
                last = above.right if isinstance(above, Binary) else above
            case _:
                continue
        if not isinstance(last, Name) or not {last.id, below} <= inputs:
            continue
        if last.id in declared or below in declared:
            continue
        if (
            last.id[:1] == below[:1] == "d"
            and last.id[1:] in defined
            and (below[1:] in defined or below[1:] in inputs)
        ):
            words = f"{last.id}/{below}"
            start, end = line.expr.span
            source = line.source.value
            rest = source[start : last.span[0]] + "g" + source[part.span[1] : end]
            message = f"`{shown(words)}` is a derivative, which a line cannot have in it"
            value = f"{line.name} = value {shown(rest, 60)}"
            hint = f"ask for both: questions: [g = {shown(words)}, {value}]"
            yield SpanError("derivative", message, last.span[0], part.span[1], hint)


def brackets(expr: Expr, known: set[str]) -> Iterator[SpanError]:
    """`Sin[x]`: a function called with the brackets of Mathematica."""
    for part in walk(expr):
        if not isinstance(part, Index) or not isinstance(part.base, Name):
            continue
        word, item = part.base.id, part.items[0]
        if (
            word in known
            or isinstance(item, Slice | Num)
            or (isinstance(item, Name) and item.id in known)
        ):
            continue
        functions = CALLABLE
        func = word if word in functions else word.lower() if word.lower() in functions else None
        func = func or closest(word, functions) if len(word) > 2 else func
        args = [unparse(one) for one in part.items if not isinstance(one, Slice)]
        if func or word in CALLS:
            template = CALLS.get(word, f"{func}({{all}})")
            hint = f"write {filled(template, args)}"
            message = f"`{word}[…]` takes entries of an array; a function is called with ( )"
            yield SpanError("function", message, *part.base.span, hint)


def split_product(name: str, known: Collection[str]) -> str | None:
    """`w0x0` -> `w0*x0`, where both are known; up to four factors."""
    best: dict[int, list[str]] = {0: []}
    for end in range(1, len(name) + 1):
        for start in sorted(best):
            if (
                len(best[start]) < 4
                and name[start:end] in known
                and start < end
                and (end not in best or len(best[end]) > len(best[start]) + 1)
            ):
                best[end] = [*best[start], name[start:end]]
    parts = best.get(len(name), [])
    return "*".join(parts) if len(parts) > 1 else None


def no_index(name: Name, exercise: Exercise, indices: set[str]) -> SpanError:
    """`sum(x, i)`, where i is no index."""
    word = shown(name.id)
    if name.id in exercise.variables or any(d.name == name.id for d in exercise.definitions):
        hint = "write sum(x, axis=0) for an axis, sum(x[i], i) for an index"
    elif len(exercise.examples) == 1 and len(indices) == 1:
        hint = (
            f"did you mean {next(iter(indices))}? Otherwise declare it: indices: "
            f"{{{shown(name.id, 10)}: n}}"
        )
    else:
        hint = f"declare how far it runs: indices: {{{shown(name.id, 10)}: n}}"
    return SpanError("index", f"`{word}` is not an index", *name.span, hint)
