"""The text of an answer as a formula, a number or a shape.

Answers are read more kindly than exercises: `)(`, `)x` and `x(y + 1)`, where x is a variable, are
products; a comparison in a product is an indicator, `G * (Z > 0)`; `dL/dZ` is the upstream gradient
or an answer asked above. What is not read is refused at its place, with the cure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction

from gradcalc.exercise.check_names import NOT_NUMBERS, unknown_call
from gradcalc.exercise.literals import shape_of_value, vector_value
from gradcalc.exercise.model import Value
from gradcalc.language.constants import CONSTANTS, check_constants
from gradcalc.language.errors import SpanError, closest
from gradcalc.language.fast_dataclasses import dataclass, field, replace
from gradcalc.language.parser import CALLABLE, parse
from gradcalc.language.shape_rules import INDEXED, ShapeError, shape_of
from gradcalc.language.size_expressions import size_of
from gradcalc.language.sizes import Shape
from gradcalc.language.tokens import Token, shown, tokenize
from gradcalc.language.tree import (
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    Name,
    Neg,
    Num,
    Slice,
    Transpose,
    Vector,
    children,
    walk,
)
from gradcalc.ops import TABLE

MOST_POWER = 100  # of a matrix
_COMMA = re.compile(r"(?<![\w.])-?[0-9]+,[0-9]+")
_ROWS = re.compile(r"[-+0-9.eE\s;,/]+")
_TIMES = re.compile(r"\s*(?:,|×|(?<=[\w)\]])\s+x\s+)\s*")
_CONDITIONS = INDEXED | {"where"}


@dataclass(frozen=True, slots=True)
class Words:
    """The names that an answer may use.

    known      quantities, inputs, stacks, sizes, indices, and names of answers asked above
    functions  of the exercise
    arguments  how many the unknown ones of them have
    forbidden  names that would beg the question
    partials   ("L", "Z") -> the name that the answer dL/dZ is known by
    shapes     of names
    """

    known: frozenset[str]
    functions: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    partials: Mapping[tuple[str, str], str] = field(default_factory=dict)
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    arguments: Mapping[str, int] = field(default_factory=dict)


def read_formula(text: str, words: Words, free: Collection[str] = ()) -> Expr:
    """An answer as a tree. `free`: names of free indices that it may use. Raises SpanError."""
    _refuse(text)
    text = re.sub("∂(?![₁-₉])", "d", text)  # ∂₁f is a derivative of f by its first argument

    def soften(tokens: list[Token]) -> list[Token]:
        return softened(_with_partials(tokens, words), words)

    tree = parse(text, words.functions, words.known, soften)
    if isinstance(tree, Compare):
        message = "a comparison alone is no answer"
        hint = f"write where({shown(text.strip(), 40)}, 1, 0) for 1 where it holds, else 0"
        raise SpanError("answer", message, *tree.span, hint)
    refuse_matrices(tree, text, words)
    tree = with_indicators(tree)
    check_names(tree, words, frozenset(free))
    declared = {name for name in CONSTANTS if name in words.known}
    check_constants(tree, declared)
    for part in walk(tree):
        if isinstance(part, Call) and part.func == "matrix_power":
            power = part.args[1]
            exponent = power.arg if isinstance(power, Neg) else power
            if not isinstance(exponent, Num) or exponent.value > MOST_POWER:
                message = f"a power of a matrix is a whole number up to {MOST_POWER} in an answer"
                raise SpanError("limit", message, *power.span)
    return tree


def _refuse(text: str) -> None:
    """What no answer has. Raises SpanError."""
    if (at := text.find("#")) >= 0:
        raise SpanError("answer", "an answer has no comment", at, len(text), "leave out the # …")
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0 and (found := _COMMA.search(text)):
            point = found.group().replace(",", ".")
            message = "a decimal has a point, not a comma"
            raise SpanError("number", message, *found.span(), f"write {point}")
        if char == "=" and depth == 0:
            around = text[max(at - 1, 0) : at + 2]
            if any(sign in around for sign in ("==", "<=", ">=", "!=", ":=")):
                continue
            message = "an answer is a formula alone, without `=`"
            raise SpanError("answer", message, at, at + 1, "write what stands on its right")


def softened(tokens: list[Token], words: Words) -> list[Token]:
    """The tokens with the products that are left out put in: `)(`, `)x`, `x(`; and 1[z > 0] as
    (z > 0).
    """
    found: list[Token] = []
    opened: list[bool] = []  # for each open bracket: does it hold an indicator?
    for at, token in enumerate(tokens):
        if token.kind == "number" and token.text == "1" and tokens[at + 1].kind == "[":
            continue  # 1[z > 0], as it is printed
        if token.kind == "[":
            before = tokens[at - 1] if at else token
            opened.append(before.kind == "number" and before.text == "1")
            token = replace(token, kind="(") if opened[-1] else token
        elif token.kind == "]" and opened and opened.pop():
            token = replace(token, kind=")")
        if found and _multiplies(found, token, words):
            found.append(Token("*", "*", token.start, token.start))
        found.append(token)
    return found


def _multiplies(found: list[Token], token: Token, words: Words) -> bool:
    """Does a token multiply what stands before it?"""
    before = found[-1]
    if token.kind not in ("(", "name", "√"):
        return False
    if before.kind == "name":
        called = before.text in words.functions
        variable = before.text in words.known and not called
        point = len(found) > 1 and found[-2].kind == "."
        return token.kind == "(" and variable and not point
    if before.kind not in (")", "power") or (before.kind == "power" and token.kind != "("):
        return False
    if token.kind == "name" and token.text in ("if", "else", "for", "and", "or", "is", "in"):
        return False
    return _operator_before(found, words) != "/"


def _operator_before(found: list[Token], words: Words) -> str:
    """The sign in front of the operand that ends here: after `/` a product can be read in two
    ways.
    """
    at, depth = len(found) - 1, 0
    while at >= 0:
        kind = found[at].kind
        if kind in (")", "]"):
            depth += 1
        elif kind in ("(", "["):
            depth -= 1
            called = at > 0 and found[at - 1].kind == "name"
            if depth == 0 and not called and kind == "(":
                return found[at - 1].kind if at else ""
        elif depth == 0 and kind not in ("name", "number", "power", ".", "'", "ᵀ", "√"):
            return kind
        elif depth < 0:
            return ""
        at -= 1
    return ""


def _with_partials(tokens: list[Token], words: Words) -> list[Token]:
    """dL/dZ as one name, where neither dL nor dZ is one."""
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        three = tokens[at : at + 3]
        if [token.kind for token in three] == ["name", "/", "name"]:
            top, bottom = three[0].text, three[2].text
            key = (top[1:], bottom[1:])
            own = top in words.known or bottom in words.known
            if top[:1] == "d" == bottom[:1] and not own and key in words.partials:
                name = words.partials[key]
                found.append(Token("name", name, three[0].start, three[2].end))
                at += 3
                continue
        found.append(tokens[at])
        at += 1
    return found


def refuse_matrices(tree: Expr, text: str, words: Words) -> None:
    """A product that is left out beside a matrix: `(A + A.T)x` may mean @, and may mean *. Raises
    SpanError.
    """
    for part in walk(tree):
        if not isinstance(part, Binary) or part.op != "*":
            continue
        start, end = part.left.span[1], part.right.span[0]
        if any(char not in "() \t[]" for char in text[start:end]):
            continue
        try:
            ranks = [len(shape_of(side, words.shapes)) for side in (part.left, part.right)]
        except (ShapeError, SpanError):
            continue
        if max(ranks) > 1 and min(ranks) > 0:
            message = "an operator is missing in this product with a matrix"
            hint = "write @ for the matrix product, * for the product entry by entry"
            raise SpanError("syntax", message, max(start - 1, 0), end + 1, hint)


def with_indicators(tree: Expr) -> Expr:
    """Comparisons that are no conditions as 1 where they hold and 0 elsewhere."""

    def of(part: Expr) -> Expr:
        if isinstance(part, Compare):
            condition = Compare(part.op, of(part.left), of(part.right), part.span)
            one, zero = Num(Fraction(1), part.span), Num(Fraction(0), part.span)
            return Call("where", (condition, one, zero), span=part.span)
        return inside(part)

    def condition(part: Expr) -> Expr:
        if isinstance(part, Compare):
            return Compare(part.op, of(part.left), of(part.right), part.span)
        return of(part)

    def inside(part: Expr) -> Expr:
        match part:
            case Neg():
                return Neg(of(part.arg), part.span)
            case Transpose():
                return Transpose(of(part.arg), part.span)
            case Binary():
                return Binary(part.op, of(part.left), of(part.right), part.span)
            case Vector():
                return Vector(tuple(map(of, part.items)), part.span)
            case Index():
                items = tuple(i if isinstance(i, Slice) else of(i) for i in part.items)
                return Index(of(part.base), items, part.span)
            case Call(func, args):
                first = condition if func == "where" else of
                rest = condition if func in INDEXED else of
                new = tuple(first(a) if not k else rest(a) for k, a in enumerate(args))
                return replace(part, args=new)
            case _:
                return part

    return of(tree)


def check_names(tree: Expr, words: Words, free: frozenset[str] = frozenset()) -> None:
    """Raises SpanError at the first name that an answer may not use, and at a derivative of an
    unknown function that there is not.
    """
    for call in walk(tree):
        if isinstance(call, Call) and call.func in words.arguments:
            for error in unknown_call(call, words.arguments[call.func]):
                raise error
    for name, bound in _names(tree, frozenset()):
        word = name.id
        if word in words.forbidden:
            message = f"`{shown(word)}` is what is asked for, or made of it"
            raise SpanError("answer", message, *name.span, "write it in what it is made of")
        if word in words.known or word in bound or word in free or word in CONSTANTS:
            continue
        raise unknown_name(name, words)


def unbound(tree: Expr) -> set[str]:
    """The names in a formula that no sum in it binds."""
    return {name.id for name, bound in _names(tree, frozenset()) if name.id not in bound}


def only_index(tree: Expr, name: str) -> bool:
    """Does a name stand nowhere but in brackets, X[i, j]?"""
    stack: list[Expr] = [tree]
    while stack:
        part = stack.pop()
        if part == Name(name):
            return False
        if isinstance(part, Index):
            stack.append(part.base)
            stack += [i for i in part.items if not isinstance(i, Slice | Name)]
        else:
            stack += children(part)
    return True


def unknown_name(name: Name, words: Words) -> SpanError:
    """A name that the exercise does not have."""
    word = name.id
    if word in NOT_NUMBERS:
        return SpanError("number", f"`{shown(word)}` is no answer", *name.span)
    if word in CALLABLE or word in words.functions:
        message = f"`{shown(word)}` is a function: put its argument in parentheses"
        return SpanError("unknown-name", message, *name.span)
    near = closest(word, sorted(words.known - words.forbidden))
    if word in ("I", "Id"):
        cure = "write eye(n) for the identity matrix"
        return SpanError("unknown-name", f"unknown name `{word}`", *name.span, cure)
    if word == "T":
        cure = "a transpose is written .T, as in X.T"
        return SpanError("unknown-name", "unknown name `T`", *name.span, cure)
    listed = ", ".join(sorted(words.known - words.forbidden)[:12])
    hint = f"did you mean {near}?" if near else f"names: {listed}" if listed else None
    return SpanError("unknown-name", f"unknown name `{shown(word)}`", *name.span, hint)


def _names(tree: Expr, bound: frozenset[str]) -> Iterator[tuple[Name, frozenset[str]]]:
    """Every name, with the indices that are bound where it stands."""
    stack: list[tuple[Expr, frozenset[str]]] = [(tree, bound)]
    while stack:
        part, here = stack.pop()
        match part:
            case Name():
                yield part, here
            case Call(func, args, kwargs):
                inner = here
                if func in INDEXED and len(args) > 1:
                    inner = here | {a.id for a in args[1:] if isinstance(a, Name)}
                stack += [(arg, inner) for arg in reversed(args)]
                stack += [
                    (v, here) for k, v in kwargs if k not in ("keepdims", "ord") and _counts(k, v)
                ]
            case Binary() | Compare():
                stack += [(part.right, here), (part.left, here)]
            case Neg() | Transpose():
                stack.append((part.arg, here))
            case Vector():
                stack += [(item, here) for item in reversed(part.items)]
            case Index():
                for item in part.items:
                    if isinstance(item, Slice):
                        bounds = (item.start, item.stop, item.step)
                        stack += [(b, here) for b in bounds if b is not None]
                    else:
                        stack.append((item, here))
                stack.append((part.base, here))


def _counts(option: str, value: Expr) -> bool:
    return not (option == "axis" and value == Name("None"))


# ---- numbers and shapes


def is_constant(tree: Expr, words: Words) -> bool:
    """Is it made of numbers alone?"""
    stack: list[Expr] = [tree]
    while stack:
        part = stack.pop()
        match part:
            case Num():
                continue
            case Name():
                if part.id not in CONSTANTS or part.id in words.known:
                    return False
            case Neg():
                stack.append(part.arg)
            case Binary():
                if part.op == "@":
                    return False
                stack += [part.left, part.right]
            case Call(func, args, ()) if func not in words.functions and of_numbers(func):
                stack += args
            case Vector():
                stack += part.items
            case _:
                return False
    return True


def of_numbers(func: str) -> bool:
    """Does a function take numbers to numbers, entry by entry?"""
    return func in TABLE and TABLE[func].signature == "elementwise"


def read_rows(text: str) -> str | None:
    """`1 2; 3 4` as `[[1, 2], [3, 4]]`; None where it is not written so."""
    if not _ROWS.fullmatch(text) or (";" not in text and not re.search(r"[0-9.]\s+[-+0-9.]", text)):
        return None
    rows = [row.replace(",", " ").split() for row in text.strip().strip(";").split(";")]
    if any(not row for row in rows) or any(re.fullmatch(r"[-+/]", w) for r in rows for w in r):
        return None
    lists = ["[" + ", ".join(row) + "]" for row in rows]
    return "[" + ", ".join(lists) + "]" if ";" in text else lists[0]


def read_number(text: str) -> Value:
    """A number or an array of numbers, as nested lists or as rows. Raises SpanError."""
    rows = read_rows(text)
    if rows is None:
        _refuse(text)
    try:
        tree = parse(rows or text)
        value = vector_value(tree)
    except SpanError as error:
        if rows:
            raise SpanError(error.slug, error.message, 0, len(text), error.hint) from None
        raise
    shape_of_value(value)
    return value


def read_shape(text: str, sizes: Collection[str]) -> tuple[Expr, ...]:
    """[D, m], (D, m), D x m or D×m as the trees of its sizes; () for a scalar. Raises
    SpanError.
    """
    stripped = text.strip()
    if stripped.lower() in ("scalar", "a scalar", "[]", "()"):
        return ()
    start = text.index(stripped)
    if (stripped[:1], stripped[-1:]) in (("[", "]"), ("(", ")")):
        start, stripped = start + 1, stripped[1:-1]
        if stripped.endswith(","):
            stripped = stripped[:-1]
    if "#" in stripped:
        _refuse(text)
    found: list[Expr] = []
    at = 0
    for part in [*_TIMES.split(stripped)]:
        where = start + stripped.index(part, at) if part else start + at
        at = stripped.index(part, at) + len(part)
        if not part:
            raise SpanError("shape", "a size is missing", where, where + 1, "write [n, m]")
        tree = _moved(part, where)
        for token in tokenize(part)[:-1]:
            if token.kind == "name" and token.text not in sizes:
                near = closest(token.text, sorted(sizes))
                hint = f"did you mean {near}?" if near else f"sizes: {', '.join(sorted(sizes))}"
                message = f"`{shown(token.text)}` is no size of the exercise"
                raise SpanError(
                    "unknown-name", message, where + token.start, where + token.end, hint
                )
        found.append(tree)
    return tuple(found)


def _moved(part: str, where: int) -> Expr:
    """A size, with offsets into the whole text for what is wrong. Raises SpanError."""
    try:
        tree = parse(part)
        size_of(tree)
    except SpanError as error:
        raise SpanError(
            error.slug, error.message, error.start + where, error.end + where, error.hint
        ) from None
    return tree


def shape_from(sizes: tuple[Expr, ...]) -> Shape:
    """The sizes of a shape as it was read."""
    return tuple(map(size_of, sizes))
