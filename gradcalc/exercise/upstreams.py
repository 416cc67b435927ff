"""The upstream gradients of an exercise: `upstream: 1`, `upstream: {dL/df: [1, 2]}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gradcalc.exercise.declarations import Keys, named
from gradcalc.exercise.literals import is_symbol, read_value
from gradcalc.exercise.meant_values import mapping
from gradcalc.exercise.model import Exercise, Upstream, Value, Variable
from gradcalc.exercise.schema import get
from gradcalc.exercise.yaml_nodes import Node
from gradcalc.language.errors import Problem, SpanError, closest
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Name, unparse
from gradcalc.language.parser import names as expr_names
from gradcalc.language.tokens import canonical, read_name, shown

_DERIVATIVE = re.compile(r"\s*[d∂](.+?)\s*/\s*[d∂](.+?)\s*")
_NO_SYMBOLS = frozenset(("inf", "nan", "oo", "true", "false", "null", "none", "yes", "no"))


def read_upstreams(
    keys: Keys, exercise: Exercise, names: frozenset[str]
) -> tuple[tuple[Upstream, ...], str]:
    """The upstream gradients and the name of the loss. Mistakes are added to the problems of
    `keys`.

    names: those of all inputs and computed quantities
    """
    node = get(keys.node, "upstream")
    usual = "L" if "L" not in names else "loss"
    if node is None:
        return (), usual
    if node.kind != "mapping":
        return _of_the_last(keys, node, exercise, names, usual), usual
    defined = [definition.name for definition in exercise.definitions]
    found: list[Upstream] = []
    losses: dict[str, Node] = {}
    for key, part in named(node):
        match = _DERIVATIVE.fullmatch(key.text.value)
        if match is None:
            keys.problems.append(_no_derivative(key, part, names, usual))
            continue
        loss, of = canonical(match.group(1)), canonical(match.group(2))
        losses.setdefault(loss, key)
        if loss in names:
            message = f"`{shown(loss)}` is already a quantity; choose another name for the loss"
            hint = _other_loss(of, loss, defined, usual)
            keys.problems.append(
                key.text.problem(SpanError("upstream", message, *match.span(1), hint))
            )
        elif not keys.attempt(
            key.text, lambda match=match: read_name(match.group(1)), match.start(1)
        ):
            continue
        if of not in defined and (loss not in names or loss == of):
            error = _not_computed(of, match.span(2), defined, names)
            keys.problems.append(key.text.problem(error))
        value = _gradient(keys, part, names, f"upstream.{shown(key.text.value)}")
        if value is not None:
            found.append(Upstream(of, value, key.place))
    if len(losses) > 1:
        keys.problems.append(_several(losses))
    return tuple(found), next(iter(losses), usual)


def symbols(node: Node | None, exercise: Exercise) -> dict[str, Variable]:
    """The declared variables that are the names of upstream gradients: no line uses them."""
    if node is None:
        return {}
    parts = [part for _, part in named(node)] if node.kind == "mapping" else [node]
    words = {canonical(part.text.value.strip()) for part in parts if part.kind == "scalar"}
    lines = [line.expr for line in exercise.definitions]
    lines += [function.expr for function in exercise.functions.values()]
    used = {name for line in lines for name in expr_names(line)}
    return {
        name: variable
        for name, variable in exercise.variables.items()
        if name in words and name not in used and not variable.function
        and all(definition.name != name for definition in exercise.definitions)
    }  # fmt: skip


def shaped(
    exercise: Exercise, found: Iterable[Upstream], known: Mapping[str, Variable]
) -> tuple[dict[str, Variable], list[Problem]]:
    """The variables with the shapes that upstream gradients declare for the quantities they stand
    at, and those that contradict.
    """
    variables, problems = dict(exercise.variables), list[Problem]()
    for item in found:
        symbol = known.get(item.value.id) if isinstance(item.value, Name) else None
        if symbol is None or symbol.shape is None:
            continue
        of = item.of or exercise.definitions[-1].name
        quantity = variables.get(of) or Variable(of, place=symbol.place)
        if quantity.shape is None:
            variables[of] = replace(quantity, shape=symbol.shape, source=symbol.source)
        elif quantity.shape != symbol.shape:
            shape = ", ".join(map(unparse, quantity.shape))
            message = f"`{shown(symbol.name)}` is the gradient at {shown(of)}, which is [{shape}]"
            hint = f"declare {shown(symbol.name)}: [{shape}]"
            problems.append(Problem("upstream", message, symbol.place, hint))
    return variables, problems


def _of_the_last(
    keys: Keys, node: Node, exercise: Exercise, names: frozenset[str], usual: str
) -> tuple[Upstream, ...]:
    """`upstream: 1`: the gradient of the last quantity, which is not named."""
    if usual in names:
        message = "ambiguous loss name: both L and loss are already used"
        hint = (
            f"choose a name: upstream: {{dJ/d{exercise.definitions[-1].name}: 1}}"
            if exercise.definitions
            else None
        )
        keys.problems.append(Problem("upstream", message, node.place, hint))
    if node.kind == "scalar" and (written := mapping(node.text.value)):
        message = "an upstream gradient is written with a colon"
        keys.problems.append(node.text.wrong("upstream", message, f"write upstream: {written}"))
        return ()
    value = _gradient(keys, node, names, "upstream")
    return (Upstream(None, value, node.place),) if value is not None else ()


def _no_derivative(key: Node, part: Node, names: frozenset[str], loss: str) -> Problem:
    """`upstream: {f: 1}`: a key that is not dL/df."""
    word = key.text.value.strip()
    of = word[1:] if word not in names and word[:1] in "d∂" and word[1:] in names else word
    value = part.text.value if part.kind == "scalar" else "…"
    hint = f"write upstream: {{d{loss}/d{of if of in names else 'f'}: {shown(value)}}}"
    return key.text.wrong("upstream", f"`{shown(word)}` is not a derivative", hint)


def _not_computed(
    of: str, span: tuple[int, int], defined: list[str], names: frozenset[str]
) -> SpanError:
    """`upstream: {dL/dx: 1}` for an input x, or for a name that nothing has."""
    near = closest(of, defined)
    hint = f"did you mean {near}?" if near else f"computed quantities: {', '.join(defined[:8])}"
    if of in names:
        message = f"`{shown(of)}` is an input; an upstream gradient needs a computed quantity"
    else:
        message = f"there is no quantity `{shown(of)}`"
    return SpanError("unknown-name", message, *span, hint)


def _several(losses: dict[str, Node]) -> Problem:
    """Gradients of more than one loss."""
    first, second = list(losses)[:2]
    message = (
        f"all upstream gradients must be those of one loss, not of {shown(first)} "
        f"and {shown(second)}"
    )
    text = losses[second].text
    hint = f"write d{shown(first)}/{shown(text.value.partition('/')[2])}"
    return text.wrong("upstream", message, hint)


def _gradient(keys: Keys, node: Node, names: frozenset[str], path: str) -> Value | None:
    """A number, an array, or a name that keeps the gradient symbolic."""
    if symbol := is_symbol(node, names):
        if symbol not in names and symbol.lower() not in _NO_SYMBOLS:
            return Name(symbol)
        hint = "write a number, or a name that is not used yet to keep it symbolic"
        keys.problems.append(
            node.text.wrong("upstream", f"`{path}` cannot be `{shown(symbol)}`", hint)
        )
        return None
    return read_value(node, path, keys.problems)


def _other_loss(of: str, loss: str, defined: list[str], usual: str) -> str:
    """How to name the loss, where its name is taken."""
    if of not in defined and loss in defined:  # the wrong way round
        of = loss
    return f"write d{usual}/d{shown(of)}"
