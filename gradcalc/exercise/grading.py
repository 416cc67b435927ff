"""How answers are to be marked: the key `grading` of an exercise, and wrong answers that its author
expects.
"""

from __future__ import annotations

from fractions import Fraction

from gradcalc.exercise.declarations import named
from gradcalc.exercise.literals import read_constant, read_integer
from gradcalc.exercise.model import Grading, KnownMistake
from gradcalc.exercise.schema import GRADING, check, get
from gradcalc.exercise.yaml_nodes import Node
from gradcalc.language.constants import fraction
from gradcalc.language.errors import Problem, SpanError, closest
from gradcalc.language.tokens import shown

SLUGS = (
    "sign", "sign-in-term", "constant-factor", "missing-mean", "extra-mean", "wrong-size",
    "transposed", "order", "layout", "diagonal-only", "off-diagonal-only", "batch-sum-missing",
    "reduced-too-much", "wrong-axis", "other-question", "local-for-total", "upstream-missing",
    "path-missing", "local-factor-missing", "wrong-local-derivative", "wrong-place",
    "swapped-inputs", "power-slip", "not-differentiated", "integrated", "term-missing",
    "bias-dropped", "activation-missing", "right-only-if", "parentheses", "swapped-names",
    "argument-lost", "elementwise-for-product", "shape", "rounding",
)  # fmt: skip


def read_grading(
    node: Node | None, problems: list[Problem], before: Grading | None = None
) -> Grading:
    """The policy that a checked node states; what it leaves out is as `before`, or by default."""
    found = before or Grading()
    if node is None or node.kind != "mapping":
        return found
    tolerance = get(node, "tolerance")
    relative, absolute = (
        _number(get(tolerance, key), problems, None)
        if tolerance is not None and tolerance.kind == "mapping"
        else None
        for key in ("relative", "absolute")
    )
    digits, count = get(node, "digits"), found.digits
    if digits is not None:
        null = digits.text.value == "null"
        count = None if null else read_integer(digits.text, 1, 30, problems, "`digits`")
    words = [
        part.text.value if (part := get(node, key)) and part.kind == "scalar" else before_
        for key, before_ in (
            ("entries", found.entries),
            ("domain", found.domain),
            ("layouts", found.layouts),
            ("columns", found.columns),
            ("hints", found.hints),
        )
    ]
    carry = _number(get(node, "carry"), problems)
    return Grading(
        found.relative if relative is None else relative,
        found.absolute if absolute is None else absolute,
        count,
        words[0],
        {**found.mistakes, **_shares(get(node, "mistakes"), problems)},
        found.carry if carry is None else carry,
        *words[1:],
    )


def _shares(node: Node | None, problems: list[Problem]) -> dict[str, Fraction]:
    """Slug of a mistake -> the share of the points that is earned with it."""
    shares: dict[str, Fraction] = {}
    for key, part in named(node):
        slug = key.text.value
        if slug not in SLUGS:
            near = closest(slug, SLUGS)
            hint = f"did you mean {near}?" if near else f"mistakes: {', '.join(SLUGS[:8])}, …"
            message = f"there is no mistake `{shown(slug)}`"
            problems.append(key.text.wrong("mistake", message, hint))
        elif (share := _number(part, problems)) is not None:
            shares[slug] = share
    return shares


def read_policy(node: Node, problems: list[Problem], before: Grading) -> Grading:
    """A file of its own with the keys of `grading`, or with that key alone."""
    if node.kind == "mapping" and [key.text.value for key, _ in node.pairs] == ["grading"]:
        ((_, node),) = node.pairs
    check(node, GRADING, "", problems)
    return read_grading(node, problems, before)


def read_mistakes(node: Node | None, problems: list[Problem]) -> tuple[KnownMistake, ...]:
    """The wrong answers that an author expects, of a checked node."""
    found = []
    for item in node.items if node is not None and node.kind == "list" else []:
        answer, say = (
            get(item, key) if item.kind == "mapping" else None for key in ("answer", "say")
        )
        if answer is None or say is None:
            continue
        share = _number(get(item, "points"), problems)
        found.append(KnownMistake(answer.text, say.text.value, share or Fraction(0)))
    return tuple(found)


def _number(node: Node | None, problems: list[Problem], most: int | None = 1) -> Fraction | None:
    """A number of at least 0, by default a share: 1 at most."""
    if node is None or node.kind != "scalar":
        return None
    try:
        value = fraction(read_constant(node.text.value))
    except SpanError as error:
        problems.append(node.text.problem(error))
        return None
    if value is None or value < 0 or (most is not None and value > most):
        wanted = "a number of at least 0" if most is None else "a share, between 0 and 1"
        message = f"`{shown(node.text.value)}` is not {wanted}"
        problems.append(node.text.wrong("number", message, "write for example 0.5"))
        return None
    return value
