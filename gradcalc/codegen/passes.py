"""The lines of both passes: which are needed for what, and the functions around them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import indent

from gradcalc.codegen.identifiers import listed, quoted

WIDTH = 110  # a longer line has its comment above it
INDENT = "    "


@dataclass(frozen=True, slots=True)
class Line:
    """`name = text  # said`"""

    name: str
    text: str
    said: str = ""

    def __str__(self) -> str:
        code = f"    {self.name} = {self.text}"
        if not self.said:
            return code
        whole = f"{code}  # {self.said}"
        return whole if len(whole) <= WIDTH else f"    # {self.said}\n{code}"


def words(*lines: Line) -> set[str]:
    """The names that lines use."""
    return {word for line in lines for word in re.findall(r"\w+", line.text)}


def needed(lines: Sequence[Line], used: Collection[str]) -> tuple[list[Line], list[Line]]:
    """The lines whose values are used, directly or by one another, and the others: a loss is no
    part of its gradients.
    """
    found = set(used)
    for line in reversed(lines):
        if line.name in found:
            found |= words(line)
    return [line for line in lines if line.name in found], [
        line for line in lines if line.name not in found
    ]


def guarded(lines: Sequence[Line], gradients: Mapping[str, str]) -> Iterator[str]:
    """The lines of the backward pass, each under the condition that a gradient that needs it is
    asked for. `gradients` maps inputs to the variables of their gradients.
    """
    serves: defaultdict[str, set[str]] = defaultdict(set)
    for name, variable in gradients.items():
        serves[variable].add(name)
    conditions = []
    for line in reversed(lines):
        wanted = set(serves[line.name])
        for word in words(line):
            serves[word] |= wanted
        conditions.append(condition(wanted, gradients))
    pairs = list(zip(reversed(conditions), lines, strict=True))
    optional = {line.name for asked, line in pairs if asked} & set(gradients.values())
    if optional:
        yield f"{INDENT}{' = '.join(sorted(optional))} = None"
    for asked, group in groupby(pairs, lambda pair: pair[0]):
        if asked:
            yield f"{INDENT}if {asked}:"
        for _, line in group:
            yield indent(str(line), INDENT) if asked else str(line)


def condition(wanted: Collection[str], gradients: Mapping[str, str]) -> str:
    """When a line is needed that serves the gradients at these inputs; "" for always."""
    named = [quoted(name) for name in gradients if name in wanted]
    if len(named) == len(gradients):
        return ""
    return f"{named[0]} in wrt" if len(named) == 1 else f"wrt & {{{', '.join(named)}}}"


def entries(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """The lines of a dictionary, name: variable."""
    return [f"        {quoted(name)}: {variable}," for name, variable in pairs]


def functions(output: str, arguments: Sequence[str]) -> str:
    """The functions that one calls. The argument `wrt` has another name where an input has it."""
    wrt = "wrt"
    while wrt in arguments:
        wrt += "_"
    return _FUNCTIONS.replace("WRT", wrt).replace("OUTPUT", output)


def names_of_arguments(
    inputs: Sequence[str], upstream: Sequence[str], gradients: Sequence[str], floating: str
) -> str:
    """The constants at the top of a module."""
    return (
        f"INPUTS = {listed(inputs)}\n"
        f"UPSTREAM = {listed(upstream)}  # gradients of the loss from outside; 1 at a number\n"
        f"GRADIENTS = {listed(gradients)}  # the inputs that have a gradient\n"
        f"ARGUMENTS, ALL = frozenset((*INPUTS, *UPSTREAM)), frozenset(GRADIENTS)\n{floating}"
    )


_FUNCTIONS = '''
def forward(**inputs):
    """Every quantity, by name."""
    return _passes(inputs, True, None)


def gradients(*, WRT=None, **inputs):
    """The gradient of the loss at each input, by name. `WRT`: names of inputs, where not all are
    wanted; what others need is then not computed. The names in UPSTREAM are arguments too.
    """
    return _passes(inputs, False, _chosen(WRT))[1]


def value_and_gradients(*, WRT=None, **inputs):
    """(the value of OUTPUT, the gradients), in one pass. Arguments as in `gradients`."""
    return _passes(inputs, True, _chosen(WRT))


def _chosen(wrt):
    """The inputs whose gradients are wanted; all for None."""
    if wrt is None:
        return ALL
    names = frozenset((wrt,) if isinstance(wrt, str) else wrt)
    for name in sorted(names - ALL):
        raise ValueError(f"no gradient with respect to {name}; choose from {', '.join(GRADIENTS)}")
    return names
'''
