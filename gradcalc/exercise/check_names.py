"""What names mean: unknown ones, second definitions, cycles, constants that cannot be,
comparisons that stand alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from gradcalc.exercise.meant_names import (
    brackets,
    derivatives,
    first_use,
    meant,
    no_index,
    split_product,
    transposed,
    unused,
)
from gradcalc.exercise.model import Definition, Exercise, Function
from gradcalc.exercise.source import Text
from gradcalc.language.constants import CONSTANTS, check_constants
from gradcalc.language.errors import Problem, SpanError, closest, skeleton
from gradcalc.language.parser import (
    Binary,
    Call,
    Compare,
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
from gradcalc.language.tex_names import tex_text
from gradcalc.language.tokens import shown
from gradcalc.language.typography import name_text

NOT_NUMBERS = frozenset(("inf", "nan", "oo", "Inf", "NaN", "None"))
STATEMENTS = frozenset(("await", "yield"))  # of Python, complete without an operand
_REDUCTIONS = frozenset(("sum", "mean", "prod", "max", "min"))


def first_free(taken: Collection[str], defined: Iterable[Definition]) -> str:
    """The name of an expression without one: f, or the first free of f1, f2, …"""
    used = {*taken, *(name for definition in defined for name in names(definition.expr))}
    number = 0
    while (name := f"f{number or ''}") in used:
        number += 1
    return name


def resolve(exercise: Exercise, problems: list[Problem], warnings: list[Problem]) -> None:
    """Check every definition of an exercise; what is wrong is added to `problems`."""
    _roles(exercise, problems)
    _cycles(exercise, problems)
    declared = {*exercise.variables, *(definition.name for definition in exercise.definitions)}
    known = declared | exercise.size_names | set(exercise.examples) | set(exercise.indices)
    reported: set[str] = set()
    lone = unused(exercise)
    lines: list[Definition | Function] = [*exercise.definitions, *exercise.functions.values()]
    for definition in lines:
        bound = set(definition.params if isinstance(definition, Function) else definition.indices)
        errors = faults(definition.expr, exercise, known, bound)
        for name in occurrences(definition.expr):
            if name.id in known or name.id in bound or name.id in reported:
                continue
            if any(error.start <= name.span[0] < error.end for error in errors):
                reported.add(name.id)
                continue
            if error := _unknown(name, exercise, declared, definition.source, warnings, lone):
                errors.append(error)
                reported.add(name.id)
        problems += [definition.source.problem(error) for error in errors]
    inputs, defined = set(exercise.inputs), {d.name for d in exercise.definitions}
    for definition in exercise.definitions:
        read = derivatives(definition, inputs, defined, exercise.variables)
        problems += [definition.source.problem(error) for error in read]
    _alike([*known, *exercise.inputs], exercise, warnings)


def faults(
    expr: Expr, exercise: Exercise, known: set[str], bound: Collection[str]
) -> list[SpanError]:
    """What is wrong with an expression whatever its names are: calls, comparisons, constants."""
    indices = {*exercise.examples, *exercise.indices}
    errors = list(brackets(expr, known | indices))
    if not errors:
        errors = [*_calls(expr, exercise, indices), *_comparisons(expr)]
    try:
        check_constants(expr, {name for name in CONSTANTS if name in known or name in bound})
    except SpanError as error:
        errors.append(error)
    if not {"j", "J"} & set(bound):
        errors += _complex(expr, known | indices)
    return errors


def _unknown(
    name: Name,
    exercise: Exercise,
    declared: set[str],
    source: Text,
    warnings: list[Problem],
    lone: Mapping[str, str],
) -> SpanError | None:
    """A name that is neither defined nor declared: an error beside a complete list, else an
    input.
    """
    word = shown(name.id)
    if name.id in NOT_NUMBERS:
        return SpanError(
            "number",
            f"`{word}` is not a number here",
            *name.span,
            f"to use it as a name, declare it: variables: {{{word}: []}}",
        )
    if name.id in STATEMENTS:
        hint = f"to use it as a name, declare it: variables: {{{word}: []}}"
        return SpanError("statement", f"`{word}` is a keyword of Python", *name.span, hint)
    if name.id in CONSTANTS:
        return None
    product = split_product(name.id, declared)
    if exercise.complete:
        near = product or closest(name.id, sorted(declared))
        return SpanError(
            "unknown-name",
            f"unknown name `{word}`",
            *name.span,
            f"did you mean {near}?" if near else f"add {word} to `variables`",
        )
    if error := transposed(name, exercise, source, declared):
        return error
    if likely := product or meant(name, lone, source):
        message = f"`{word}` is a single name"
        if "(" in likely:
            message = f"`{word}` is read as an input, not as a function"
        elif likely.isidentifier():
            message = f"`{word}` is read as a new input"
        warnings.append(
            source.problem(SpanError("product", message, *name.span, f"did you mean {likely}?"))
        )
    return None


def _roles(exercise: Exercise, problems: list[Problem]) -> None:
    """One name, one meaning."""
    first: dict[str, Definition] = {}
    sizes, indices = exercise.size_names, {**exercise.examples, **exercise.indices}
    for definition in exercise.definitions:
        name, place = definition.name, definition.place
        if name in first:
            before = first[name].place
            where = f"; the first is on line {before.line}" if before else ""
            problems.append(Problem("second", f"`{shown(name)}` is defined twice{where}", place))
        first.setdefault(name, definition)
        role = (
            "an index"
            if name in indices
            else "a size"
            if name in sizes
            else "an unknown function"
            if name in exercise.unknown_functions
            else ""
        )
        if role:
            problems.append(
                Problem(
                    "role",
                    f"`{shown(name)}` is {role}, so a line cannot define it",
                    place,
                    "use another name",
                )
            )
        for index in definition.indices:
            if index not in indices and index not in walked(definition.expr):
                hint = f"indices: {{{shown(index, 10)}: n}}"
                problems.append(
                    Problem("index", f"`{shown(index)}` is not declared as an index", place, hint)
                )
    for name, variable in exercise.variables.items():
        role = "an index" if name in indices else ""
        if name in exercise.functions:
            role = "a function that a line defines"
        if role:
            problems.append(
                Problem(
                    "role",
                    f"`{shown(name)}` is {role}, so it cannot be a variable too",
                    variable.place,
                    "use another name",
                )
            )
    for name in exercise.examples:
        if name in exercise.indices:
            problems.append(
                Problem("role", f"`{shown(name)}` is declared under `examples` and under `indices`")
            )
    for name in indices:
        if name in sizes:
            problems.append(
                Problem(
                    "role", f"`{shown(name)}` is both an index and a size", hint="use another name"
                )
            )


def walked(expr: Expr) -> set[str]:
    """The names between brackets: how far such an index runs follows from the axis."""
    items = (item for part in walk(expr) if isinstance(part, Index) for item in part.items)
    return {name for item in items if not isinstance(item, Slice) for name in names(item)}


def _cycles(exercise: Exercise, problems: list[Problem]) -> None:
    """Nothing is defined by itself."""
    lines: dict[str, Definition | Function] = {d.name: d for d in exercise.definitions}
    graph = {name: {n for n in names(line.expr) if n in lines} for name, line in lines.items()}
    _report_cycle(graph, lines, problems)
    calls = {
        name: {
            part.func
            for part in walk(f.expr)
            if isinstance(part, Call) and part.func in exercise.functions
        }
        for name, f in exercise.functions.items()
    }
    _report_cycle(calls, dict(exercise.functions), problems)


def _renamed(line: Definition | Function) -> str:
    """How to define a quantity by the old one of its name."""
    if isinstance(line, Function):
        return "a function cannot call itself"
    start, end = line.expr.span
    return (
        f"give the new value another name: {line.name}1 = {shown(line.source.value[start:end], 40)}"
    )


def _report_cycle(
    graph: dict[str, set[str]], lines: dict[str, Definition | Function], problems: list[Problem]
) -> None:
    ordered = {name: sorted(parts) for name, parts in graph.items()}
    for name, parts in ordered.items():
        if name in parts:
            problems.append(
                Problem(
                    "cycle",
                    f"`{shown(name)}` is used in its own definition",
                    lines[name].place,
                    _renamed(lines[name]),
                )
            )
            parts.remove(name)
    try:
        TopologicalSorter(ordered).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        cycle = cycle[cycle.index(min(cycle)) : -1] + cycle[: cycle.index(min(cycle)) + 1]
        shown_names = [
            shown(name) for name in (cycle if len(cycle) < 12 else [*cycle[:5], "…", *cycle[-5:]])
        ]
        place = lines[cycle[0]].place
        problems.append(
            Problem(
                "cycle",
                f"circular definitions: {' needs '.join(shown_names)}",
                place,
                "define one of them without the others",
            )
        )


def _calls(expr: Expr, exercise: Exercise, indices: set[str]) -> Iterator[SpanError]:
    """Calls of functions that the exercise defines or declares, and sums over an index."""
    known = {*exercise.variables, *(definition.name for definition in exercise.definitions)}
    for part in walk(expr):
        if not isinstance(part, Call):
            continue
        if function := exercise.functions.get(part.func):
            if len(part.args) != len(function.params):
                takes = f"{len(function.params)} argument" + "s" * (len(function.params) != 1)
                yield SpanError(
                    "argument", f"`{part.func}` takes {takes}, not {len(part.args)}", *part.span
                )
            if part.primes:
                yield SpanError(
                    "argument",
                    f"`{part.func}'`: only the derivatives of unknown functions are written with '",
                    *part.span,
                )
            if part.places:
                by = "".join(map(str, part.places))
                message = f"`d{by}{part.func}`: only unknown functions have derivatives in a line"
                yield SpanError("argument", message, *part.span)
        elif part.func in exercise.unknown_functions:
            yield from unknown_call(part, exercise.variables[part.func].function)
        elif part.func in ("sum", "mean", "prod"):
            for index in part.args[1:]:
                if (
                    isinstance(index, Name)
                    and index.id not in indices
                    and not any(
                        variable.each == index.id for variable in exercise.variables.values()
                    )
                    and (index.id not in walked(part) or index.id in known)
                ):
                    yield no_index(index, exercise, indices)


def unknown_call(call: Call, count: int) -> Iterator[SpanError]:
    """A call of an unknown function of `count` arguments, or of one of its derivatives."""
    func, given = call.func, len(call.args)
    if given != count:
        takes = f"{count} argument" + "s" * (count != 1)
        message = f"`{func}` takes {takes}, not {given}"
        hint = f"declare variables: {{{func}: {{function: {given}}}}}" if given < 10 else None
        yield SpanError("argument", message, *call.span, hint)
    elif call.primes and count > 1:
        message = f"`{func}'`: a function of {count} arguments has {count} derivatives"
        hint = f"write {' or '.join(f'd{n}{func}(…)' for n in range(1, count + 1))}"
        yield SpanError("argument", message, *call.span, hint)
    elif call.places and count == 1:
        prime, by = "'" * len(call.places), "".join(map(str, call.places))
        yield SpanError(
            "argument", f"`d{by}{func}`: `{func}` has one argument", *call.span,
            f"write {func}{prime}(…)",
        )  # fmt: skip
    elif call.places and max(call.places) > count:
        yield SpanError(
            "argument", f"`{func}` has no argument {max(call.places)}, only {count}", *call.span
        )


def _comparisons(expr: Expr) -> Iterator[SpanError]:
    """A comparison stands only as the condition of `where`, or behind the indices of a sum."""
    allowed: set[int] = set()
    for part in walk(expr):
        if isinstance(part, Call):
            first = part.func == "where"
            conditions = (
                part.args[:1] if first else part.args[1:] if part.func in _REDUCTIONS else ()
            )
            allowed.update(id(condition) for condition in conditions)
        elif isinstance(part, Compare) and id(part) not in allowed:
            yield SpanError(
                "comparison",
                "a comparison is not a number",
                *part.span,
                f"write where({shown(unparse(part), 40)}, 1, 0)",
            )


def _complex(expr: Expr, known: Collection[str]) -> Iterator[SpanError]:
    """`2j` with no index j is Python's imaginary number, not a product."""
    for part in walk(expr):
        if isinstance(part, Binary) and isinstance(part.left, Num) and isinstance(part.right, Name):
            side_by_side = part.op == "*" and part.left.span[1] == part.right.span[0] > 0
            if side_by_side and part.right.id in ("j", "J") and part.right.id not in known:
                yield SpanError(
                    "number",
                    "complex numbers are not supported",
                    *part.span,
                    f"for a product write {unparse(part)}",
                )


def _alike(known: list[str], exercise: Exercise, warnings: list[Problem]) -> None:
    seen: dict[str, str] = {}
    for name in dict.fromkeys(known):
        declared = exercise.variables.get(name)
        tex = exercise.notation.latex.get(name) or (declared and declared.latex)
        drawn = (tex and tex_text(tex)) or name_text(name)
        other = seen.setdefault(skeleton(drawn), name)
        if other != name:
            variable = exercise.variables.get(name) or exercise.variables.get(other)
            place = variable.place if variable else None
            warnings.append(
                Problem(
                    "alike",
                    f"`{shown(other)}` and `{shown(name)}` are two names but look the same in "
                    "print",
                    place or first_use(exercise, name),
                    "use one of them, or rename one",
                )
            )
