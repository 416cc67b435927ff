"""The keys `vary` and `variant` of an exercise, read."""

from __future__ import annotations

import re
from fractions import Fraction

from gradcalc.exercise.declarations import MAX_SIZE, Keys, named
from gradcalc.exercise.literals import read_integer, read_value, vector_value
from gradcalc.exercise.model import Exercise
from gradcalc.exercise.overrides import why_no_value
from gradcalc.exercise.schema import get
from gradcalc.exercise.vary_model import Aim, Domain, Drawn, Nice, Variant, Vary
from gradcalc.exercise.yaml_nodes import Node
from gradcalc.language.constants import fraction
from gradcalc.language.errors import Problem, SpanError, closest
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import CALLABLE, Call, Compare, Expr, parse, walk
from gradcalc.language.tokens import read_name, shown
from gradcalc.ops import TABLE

KINDS = (
    "integers", "decimals", "rationals", "choices", "uniform", "aim", "sizes", "functions",
)  # fmt: skip
FLAGS = ("zero", "distinct", "symmetric", "onehot", "permutation")
RESERVED = ("require", "nice", "inputs")
LARGEST = 10**12  # of what is drawn
MOST = 10**6  # values of one domain


def read_vary(keys: Keys, exercise: Exercise) -> Vary:
    """What `vary` says. Mistakes are added to the problems of `keys`."""
    domains: dict[str, Domain] = {}
    require: tuple[Expr, ...] = ()
    nice = Nice()
    entries = keys.entries("vary")
    known = [key.text.value for key, _ in entries]
    for key, part in entries:
        if key.text.value == "require":
            parts = [part] if part.kind == "scalar" else part.items
            found = [_condition(one, keys) for one in parts]
            require = tuple(expr for expr in found if expr is not None)
        elif key.text.value == "nice":
            nice = _nice(part, keys.problems)
        elif key.text.value == "inputs":
            for inner, domain in named(part):
                _enter(inner, domain, keys, exercise, domains)
        else:
            _enter(key, part, keys, exercise, domains)
    if known and not domains and not keys.problems:
        node = get(keys.node, "vary")
        assert node is not None
        message, hint = "`vary` names no input", "write for example x: {integers: [-5, 5]}"
        keys.problems.append(node.text.wrong("vary", message, hint))
    return Vary(domains, require, nice)


def read_variant(node: Node | None, problems: list[Problem]) -> Variant | None:
    """What `variant` says."""
    if node is None or node.kind != "mapping":
        return None
    of, seed, number = (get(node, key) for key in ("of", "seed", "number"))
    if of is None or seed is None or number is None:
        return None
    digits = re.fullmatch(r"[0-9a-f]{64}", of.text.value)
    if not digits:
        message = "`variant.of` is the SHA-256 of a file: 64 digits"
        problems.append(of.text.wrong("variant", message))
    which = read_integer(number.text, 1, 10**9, problems, "`variant.number`")
    seeded = read_integer(seed.text, -(10**18), 10**18, problems, "`variant.seed`")
    if not digits or which is None or seeded is None:
        return None
    return Variant(of.text.value, seeded, which)


def _enter(
    key: Node, part: Node, keys: Keys, exercise: Exercise, domains: dict[str, Domain]
) -> None:
    name = keys.name(key)
    if name is None or part.kind != "mapping":
        return
    path = f"vary.{shown(name)}"
    domain = _domain(part, path, keys, exercise)
    if domain is None:
        return
    if domain.kind == "sizes":
        if name not in exercise.size_names:
            near = closest(name, sorted(exercise.size_names))
            hint = f"did you mean {near}?" if near else None
            keys.problems.append(key.text.wrong("vary", f"there is no size `{shown(name)}`", hint))
            return
    elif domain.kind == "functions":
        if name not in _functions(exercise):
            near = closest(name, sorted(_functions(exercise)))
            hint = f"did you mean {near}?" if near else None
            message = f"the exercise has no function `{shown(name)}`"
            keys.problems.append(key.text.wrong("vary", message, hint))
            return
    elif name not in exercise.inputs:
        slug, message, hint = why_no_value(name, exercise)
        if name in exercise.size_names:
            message, hint = f"`{shown(name)}` is a size", f"write {shown(name)}: {{sizes: [2, 4]}}"
        keys.problems.append(key.text.wrong(slug, message, hint))
        return
    domains[name] = domain


def _functions(exercise: Exercise) -> frozenset[str]:
    """The functions that an exercise calls, of one argument."""
    lines = [definition.expr for definition in exercise.definitions]
    lines += [function.expr for function in exercise.functions.values()]
    called = {
        part.func
        for line in lines
        for part in walk(line)
        if isinstance(part, Call) and len(part.args) == 1 and not part.kwargs and not part.primes
    }
    return frozenset(name for name in called if name not in TABLE or len(TABLE[name].operands) == 1)


def _domain(node: Node, path: str, keys: Keys, exercise: Exercise) -> Domain | None:
    kinds = [(key, part) for key, part in named(node) if key.text.value in KINDS]
    blank = _marked(node)
    if len(kinds) != 1:
        if not kinds and (blank.onehot or blank.permutation):
            return blank
        if not any(part.kind == "broken" for _, part in node.pairs):
            wanted = f"`{path}` needs one of {', '.join(KINDS)}"
            keys.problems.append(node.text.wrong("vary", wanted))
        return None
    ((key, part),) = kinds
    kind, path = key.text.value, f"{path}.{key.text.value}"
    blank = replace(blank, kind=kind)
    match kind:
        case "aim":
            aims = _aims(part, keys, exercise)
            return replace(blank, aims=aims) if aims else None
        case "functions":
            names = _called(part, keys.problems)
            return replace(blank, functions=names) if names else None
        case "rationals":
            return _rationals(part, path, blank, keys.problems)
        case "choices":
            values = [read_value(item, path, keys.problems) for item in part.items]
            chosen = tuple(value for value in values if value is not None)
            if not values:
                keys.problems.append(part.text.wrong("vary", f"`{path}` is empty"))
            return replace(blank, choices=chosen) if chosen else None
    return _range(node, part, path, blank, keys.problems)


def _marked(node: Node) -> Domain:
    """A domain with what is said of arrays, and nothing else."""
    return Domain(
        "given",
        zero=_yes(get(node, "zero")),
        distinct=_yes(get(node, "distinct")),
        full_rank=get(node, "rank") is not None,
        symmetric=_yes(get(node, "symmetric")),
        onehot=_yes(get(node, "onehot")),
        permutation=_yes(get(node, "permutation")),
        place=node.place,
    )


def _called(part: Node, problems: list[Problem]) -> tuple[str, ...]:
    """The names of functions of one number; none where one is no such function."""
    items = [item for item in part.items if item.kind == "scalar"]
    unknown = [item for item in items if not _fits(item.text.value)]
    for item in unknown:
        near = closest(item.text.value, sorted(filter(_fits, TABLE)))
        hint = f"did you mean {near}?" if near else None
        message = f"`{shown(item.text.value)}` is no function of one number"
        problems.append(item.text.wrong("vary", message, hint))
    return () if unknown else tuple(item.text.value for item in items)


def _rationals(part: Node, path: str, blank: Domain, problems: list[Problem]) -> Domain | None:
    upper, lower = (
        _bounds(get(part, key), f"{path}.{key}", problems, True)
        for key in ("numerator", "denominator")
    )
    if upper is None or lower is None:
        return None
    if lower[0] < 1:
        problems.append(part.text.wrong("vary", "a denominator is at least 1"))
        return None
    if (upper[1] - upper[0] + 1) * (lower[1] - lower[0] + 1) > MOST:
        problems.append(part.text.wrong("vary", f"`{path}` has more than {MOST:,} values"))
        return None
    return replace(blank, low=upper[0], high=upper[1], below=(int(lower[0]), int(lower[1])))


def _range(
    node: Node, part: Node, path: str, blank: Domain, problems: list[Problem]
) -> Domain | None:
    """Integers, decimals, sizes: from, to, and a step."""
    kind = blank.kind
    bounds = _bounds(part, path, problems, kind in ("integers", "sizes"))
    if bounds is None:
        return None
    if kind == "sizes" and not 1 <= bounds[0] <= bounds[1] <= MAX_SIZE:
        problems.append(part.text.wrong("vary", "a size is at least 1"))
        return None
    step: Fraction | None = Fraction(1, 100) if kind == "uniform" else Fraction(1)
    if kind == "decimals":
        step = _step(get(node, "step"), problems)
    if step is None:
        return None
    if (bounds[1] - bounds[0]) / step > MOST:
        message = f"`{path}` has more than {MOST:,} values"
        problems.append(part.text.wrong("vary", message, "use a shorter range or a larger step"))
        return None
    return replace(blank, low=bounds[0], high=bounds[1], step=step)


def _yes(node: Node | None) -> bool:
    return node is not None and node.kind == "scalar" and node.text.value in ("yes", "true")


def _fits(name: str) -> bool:
    """Is it a function of the table, of one number?"""
    op = TABLE.get(name)
    return op is not None and name in CALLABLE and op.value is not None and len(op.operands) == 1


def _step(node: Node | None, problems: list[Problem]) -> Fraction | None:
    if node is None:
        return Fraction(1, 10)
    step = _number(node, "vary.step", problems)
    if step is not None and step <= 0:
        problems.append(node.text.wrong("vary", "a step is larger than 0"))
        return None
    return step


def _number(node: Node, path: str, problems: list[Problem]) -> Fraction | None:
    value = read_value(node, path, problems)
    if value is None or isinstance(value, tuple):
        return None
    found = fraction(value)
    if found is None or abs(found) > LARGEST:
        message = f"`{shown(node.text.value)}` is no bound"
        problems.append(node.text.wrong("vary", message, "a bound is a number such as -2 or 1/2"))
        return None
    return found


def _bounds(
    node: Node | None, path: str, problems: list[Problem], whole: bool
) -> tuple[Fraction, Fraction] | None:
    if node is None or node.kind != "list":
        return None
    if any(item.kind != "scalar" for item in node.items):
        return None
    if len(node.items) != 2:
        problems.append(node.text.wrong("vary", f"`{path}` needs two bounds, [from, to]"))
        return None
    found = [_number(item, path, problems) for item in node.items]
    if found[0] is None or found[1] is None:
        return None
    for item, value in zip(node.items, found, strict=True):
        if whole and value is not None and value.denominator != 1:
            message = f"`{shown(item.text.value)}` is not a whole number"
            problems.append(item.text.wrong("vary", message))
            return None
    if found[0] > found[1]:
        message = f"`{path}` goes from the larger number to the smaller one"
        hint = f"write [{node.items[1].text.value}, {node.items[0].text.value}]"
        problems.append(node.text.wrong("vary", message, hint))
        return None
    return found[0], found[1]


def _aims(node: Node, keys: Keys, exercise: Exercise) -> tuple[Aim, ...]:
    parts = [node] if node.kind == "scalar" else node.items
    found: list[Aim | None] = []
    for part in parts:
        if part.kind == "scalar":
            found.append(keys.attempt(part.text, lambda part=part: _aim(part, exercise)))
    return tuple(aim for aim in found if aim is not None) if None not in found else ()


def _aim(node: Node, exercise: Exercise) -> Aim:
    text = node.text.value
    word, equals, rest = text.partition("=")
    if not equals:
        raise SpanError("vary", "this is no aim", 0, len(text), "write aim: 'z = log(3)'")
    name = read_name(word)
    quantities = [definition.name for definition in exercise.definitions]
    if name not in quantities:
        near = closest(name, quantities)
        hint = f"did you mean {near}?" if near else f"quantities: {', '.join(quantities[:8])}"
        message = f"`{shown(name)}` is no quantity that is computed"
        raise SpanError("vary", message, 0, len(word), hint)
    try:
        value: Drawn = vector_value(parse(rest))
    except SpanError as error:
        at = len(word) + 1
        start, end = error.start + at, error.end + at
        raise SpanError(error.slug, error.message, start, end, error.hint) from None
    return Aim(name, value)


def _condition(node: Node, keys: Keys) -> Expr | None:
    if node.kind != "scalar":
        return None
    expr: Expr | None = keys.attempt(node.text, lambda: parse(node.text.value))
    if expr is not None and not isinstance(expr, Compare):
        hint = "write for example f != 0"
        keys.problems.append(node.text.wrong("condition", "this is not a condition", hint))
        return None
    return expr


def _nice(node: Node, problems: list[Problem]) -> Nice:
    if node.kind == "scalar":
        return Nice(numbers=_yes(node))
    if node.kind != "mapping":
        return Nice()
    before = Nice()
    decimals, denominator, size = (get(node, key) for key in ("decimals", "denominator", "size"))
    exempt = get(node, "except")
    names = frozenset[str]()
    numbers = True
    if exempt is not None:
        parts = [exempt] if exempt.kind == "scalar" else exempt.items
        words = [part.text.value.replace("∂", "d").replace(" ", "") for part in parts]
        numbers = "all" not in words
        names = frozenset(words) - {"all"}
    return Nice(
        _whole(decimals, 0, 10, problems, before.decimals),
        _whole(denominator, 1, 10**6, problems, before.denominator),
        Fraction(_whole(size, 1, 10**9, problems, int(before.size))),
        _yes(get(node, "kinks")),
        _yes(get(node, "zeros")),
        _yes(get(node, "discriminate")) if get(node, "discriminate") else True,
        names,
        numbers,
    )


def _whole(node: Node | None, least: int, most: int, problems: list[Problem], else_: int) -> int:
    if node is None:
        return else_
    found = read_integer(node.text, least, most, problems, "`nice`")
    return else_ if found is None else found
