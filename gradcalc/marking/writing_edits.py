"""The changes of a written answer that make good one slip in writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations
from typing import TypeAlias

from gradcalc.language.errors import SpanError
from gradcalc.language.parser import parse, unparse
from gradcalc.language.tokens import tokenize
from gradcalc.language.tree import (
    Binary,
    Call,
    Expr,
    Name,
    Neg,
    Num,
    Transpose,
    names,
    product,
    substitute,
    walk,
)
from gradcalc.marking.candidates import Scene
from gradcalc.marking.derivation_edits import SISTERS
from gradcalc.marking.variations import ONE, TWO, put, sites
from gradcalc.ops import TABLE

MOST_TOKENS = 60  # of an answer in which parentheses are moved
Rewrites: TypeAlias = "Iterator[Expr]"


def parentheses(scene: Scene, answer: Expr) -> Rewrites:
    """One pair of parentheses more, one less, one of which a side is moved."""
    text = unparse(answer)
    functions = frozenset(scene.exercise.functions) | frozenset(scene.exercise.unknown_functions)
    found: dict[Expr, None] = {answer: None}
    for changed in _parentheses(text):
        try:
            tree = parse(changed, functions)
        except (SpanError, RecursionError):
            continue
        if tree not in found:
            found[tree] = None
            yield tree


def _parentheses(text: str) -> Iterator[str]:
    try:
        tokens = [text[t.start : t.end] for t in tokenize(text) if t.end > t.start]
    except SpanError:
        return
    if len(tokens) > MOST_TOKENS:
        return
    yield from _with_pair(tokens)
    for start, end in _pairs(tokens):
        called = start > 0 and (tokens[start - 1].isidentifier())
        bare = [token for k, token in enumerate(tokens) if k not in (start, end)]
        if not called:
            yield "".join(bare)
        # the closing one moved, then the opening one
        for k in range(start + 2, len(bare) + 1):
            yield "".join([*bare[:start], "(", *bare[start:k], ")", *bare[k:]])
        if not called:
            for k in range(end):
                yield "".join([*bare[:k], "(", *bare[k : end - 1], ")", *bare[end - 1 :]])


def _with_pair(tokens: list[str]) -> Iterator[str]:
    operators = ("+", "-", "*", "/", "^", "**", "@", ",", ")", "]")
    for start, token in enumerate(tokens):
        if token in operators and token != "-":
            continue
        depth = 0
        for end in range(start, len(tokens)):
            depth += (tokens[end] in "([") - (tokens[end] in ")]")
            if depth < 0:
                break
            if depth == 0 and end > start + 1 and tokens[end] not in operators[:-2]:
                yield "".join(
                    [*tokens[:start], "(", *tokens[start : end + 1], ")", *tokens[end + 1 :]]
                )


def _pairs(tokens: list[str]) -> Iterator[tuple[int, int]]:
    stack: list[int] = []
    for k, token in enumerate(tokens):
        if token == "(":
            stack.append(k)
        elif token == ")" and stack:
            yield stack.pop(), k


def _each(answer: Expr, change: Callable[[Expr], Iterator[Expr]]) -> Rewrites:
    for site in sites(answer):
        for new in change(site.expr):
            yield put(answer, site.path, new)


def signs(scene: Scene, answer: Expr) -> Rewrites:
    """One sign changed."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Binary("+" | "-" as op, left, right):
                yield Binary("-" if op == "+" else "+", left, right)
            case Neg(arg):
                yield arg
            case Name() | Call() | Num():
                yield Neg(expr)

    return _each(answer, change)


def transposes(scene: Scene, answer: Expr) -> Rewrites:
    """One transpose more or less."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Transpose(arg):
                yield arg
            case Name() | Call() | Binary():
                yield Transpose(expr)

    return _each(answer, change)


def orders(scene: Scene, answer: Expr) -> Rewrites:
    """Two operands exchanged."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Binary("@", left, right):
                yield Binary("@", right, left)
                bare = [side.arg if isinstance(side, Transpose) else side for side in (left, right)]
                yield Call("outer", (bare[0], bare[1]))
                yield Call("outer", (bare[1], bare[0]))
            case Call("outer", (left, right)):
                yield Call("outer", (right, left))
                yield Binary("@", left, right)
            case Binary("-" | "/" | "^" as op, left, right):
                yield Binary(op, right, left)

    return _each(answer, change)


def products(scene: Scene, answer: Expr) -> Rewrites:
    """An entry-by-entry product for a matrix product, and back."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Binary("*", left, right):
                yield Binary("@", left, right)
                yield Call("outer", (left, right))
            case Binary("@", left, right):
                yield Binary("*", left, right)

    return _each(answer, change)


def powers(scene: Scene, answer: Expr) -> Rewrites:
    """One exponent changed; a root, a square, a reciprocal more or less."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Binary("^", base, Num(n)):
                yield base
                for other in (n + 1, n - 1, n + 2, n / 2, 2 * n):
                    if other not in (0, n):
                        yield Binary("^", base, Num(other))
                yield Binary("^", base, Neg(Num(n)))
            case Num():
                return
            case Binary("*", left, right):
                yield Binary("/", left, right)
                yield from _powers(expr)
            case Binary("/", left, right):
                yield Binary("*", left, right)
                yield from _powers(expr)
            case Binary("@"):
                return
            case _:
                yield from _powers(expr)

    return _each(answer, change)


def _powers(expr: Expr) -> Iterator[Expr]:
    for exponent in (TWO, Num(Fraction(3))):
        yield Binary("^", expr, exponent)
    yield Call("sqrt", (expr,))
    yield Binary("/", ONE, expr)


def power_of_sum(scene: Scene, answer: Expr) -> Rewrites:
    """(a + b)^n for a^n + b^n, f(u)^n for f(u^n), and back."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Binary("+" | "-" as op, Binary("^", left, n), Binary("^", right, m)) if n == m:
                yield Binary("^", Binary(op, left, right), n)
            case Binary("^", Binary("+" | "-" as op, left, right), n):
                yield Binary(op, Binary("^", left, n), Binary("^", right, n))
            case Binary("+", left, right):
                squares = Binary("+", Binary("^", left, TWO), Binary("^", right, TWO))
                yield Call("sqrt", (squares,))
            case Call(func, (Binary("^", u, n),)):
                yield Binary("^", Call(func, (u,)), n)
            case Binary("^", Call(func, (u,)), n):
                yield Call(func, (Binary("^", u, n),))

    return _each(answer, change)


def activations(scene: Scene, answer: Expr) -> Rewrites:
    """h for z, where h is a function of z, and back; at one place or everywhere."""
    pairs: list[tuple[Expr, Expr]] = []
    for definition in scene.exercise.definitions:
        match definition.expr:
            case Call(_, (Name() as inner,)):
                pairs += [(inner, Name(definition.name)), (Name(definition.name), inner)]
    for old, new in pairs:
        assert isinstance(old, Name)
        yield substitute(answer, {old.id: new})
        for site in sites(answer):
            if site.expr == old:
                yield put(answer, site.path, new)


def other_names(scene: Scene, answer: Expr) -> Rewrites:
    """Another name at one place or everywhere; two names exchanged."""

    known = dict.fromkeys((*scene.graph.inputs, *scene.graph.quantities, *scene.graph.stacks))
    used = [name for name in names(answer) if name in known or name in scene.graph.sizes]
    for site in sites(answer):
        if isinstance(site.expr, Name) and site.expr.id in known:
            for other in known:
                if other != site.expr.id:
                    yield put(answer, site.path, Name(other))
    for name in used:
        for other in known:
            if other != name:
                yield substitute(answer, {name: Name(other)})
    for one, two in combinations(used, 2):
        yield substitute(answer, {one: Name(two), two: Name(one)})
    leaves = [site for site in sites(answer) if isinstance(site.expr, Name)]
    for first, second in combinations(leaves, 2):
        if first.expr != second.expr:
            yield put(put(answer, first.path, second.expr), second.path, first.expr)


def parts_of(scene: Scene) -> tuple[Expr, ...]:
    """Parts of the definitions, the shorter ones first."""
    found: dict[Expr, None] = {}
    for name in (*scene.graph.inputs, *scene.graph.quantities):
        found[Name(name)] = None
    for definition in scene.exercise.definitions:
        for inner in walk(definition.expr):
            if names(inner) and set(names(inner)) <= set(scene.graph.names):
                found[inner] = None
    return tuple(sorted(found, key=lambda expr: len(unparse(expr)))[:40])


def arguments(scene: Scene, answer: Expr) -> Rewrites:
    """Another argument of a function."""

    parts = parts_of(scene)

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Call(func, (arg, *rest), kwargs) if func in TABLE:
                for other in parts:
                    if other != arg:
                        yield Call(func, (other, *rest), kwargs)
                for factor in (TWO, Binary("/", ONE, TWO), Num(Fraction(-1))):
                    yield Call(func, (Binary("*", factor, arg), *rest), kwargs)
                yield Call(func, (Binary("^", arg, TWO), *rest), kwargs)

    yield from _each(answer, change)
    calls = {inner for inner in walk(answer) if isinstance(inner, Call) and len(inner.args) == 1}
    for call in sorted(calls, key=unparse):  # the same argument everywhere
        for other in parts:
            yield _replaced(answer, call.args[0], other)


def _replaced(expr: Expr, old: Expr, new: Expr) -> Expr:
    """Every occurrence of a part as another."""
    for site in list(sites(expr))[::-1]:
        if site.expr == old:
            expr = put(expr, site.path, new)
    return expr


def functions(scene: Scene, answer: Expr) -> Rewrites:
    """A function more or less."""

    used = {part.func for part in walk(answer) if isinstance(part, Call)}
    for definition in scene.exercise.definitions:
        used |= {part.func for part in walk(definition.expr) if isinstance(part, Call)}
    pool = [
        func for func in sorted(used) if func in TABLE and TABLE[func].signature == "elementwise"
    ]
    pool = [*dict.fromkeys((*pool, "exp", "log", "step", "sign"))]
    parts = [inner for inner in parts_of(scene) if isinstance(inner, Call)]

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Name():
                for func in pool:
                    yield Call(func, (expr,))
                yield from parts
            case Call(func, (arg,)):
                yield arg

    return _each(answer, change)


def sisters(scene: Scene, answer: Expr) -> Rewrites:
    """A function that is easily taken for another."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Call(func, args, kwargs):
                for group in (*SISTERS, ("step", "sigmoid"), ("step", "sign"), ("sin", "cos")):
                    if func in group:
                        for other in group:
                            if other != func:
                                yield Call(other, args, kwargs)

    return _each(answer, change)


def numbers(scene: Scene, answer: Expr) -> Rewrites:
    """Another number, a factor 2 or 1/2."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Num(n):
                for other in (n + 1, n - 1, 2 * n, n / 2):
                    yield Num(other)
            case Name() | Call() | Binary():
                for factor in (TWO, Binary("/", ONE, TWO)):
                    yield Binary("*", factor, expr)

    return _each(answer, change)


def factors_missing(scene: Scene, answer: Expr) -> Rewrites:
    """A factor that is missing at one place: a part of the exercise, or its reciprocal."""
    factors: list[Expr] = list(parts_of(scene))

    def change(expr: Expr) -> Iterator[Expr]:
        if isinstance(expr, Num):
            return
        for factor in factors:
            yield Binary("*", expr, factor)
            yield Binary("/", expr, factor)
            match factor:
                case Call(func, _) if func in TABLE and TABLE[func].partials:
                    yield Binary("*", expr, Binary("-", ONE, factor))

    return _each(answer, change)


def factors_extra(scene: Scene, answer: Expr) -> Rewrites:
    """One factor or divisor less."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Binary("*", left, right):
                yield left
                yield right
            case Binary("/", left, right):
                yield left
                yield Binary("/", ONE, right)

    return _each(answer, change)


def terms_missing(scene: Scene, answer: Expr) -> Rewrites:
    """One term more."""

    terms: list[Expr] = [ONE, *parts_of(scene)]

    def change(expr: Expr) -> Iterator[Expr]:
        yield Binary("-", ONE, expr)
        for term in terms:
            yield Binary("+", expr, term)
            yield Binary("-", expr, term)

    return _each(answer, change)


def terms_extra(scene: Scene, answer: Expr) -> Rewrites:
    """One term less."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Binary("+", left, right):
                yield left
                yield right
            case Binary("-", left, right):
                yield left
                yield Neg(right)

    return _each(answer, change)


def sums_for_products(scene: Scene, answer: Expr) -> Rewrites:
    """A sum for a product, and back."""

    def change(expr: Expr) -> Iterator[Expr]:
        match expr:
            case Binary("+", left, right):
                yield Binary("*", left, right)
            case Binary("*", left, right):
                yield Binary("+", left, right)
                factors = _factors(expr)
                for k in range(1, len(factors)):
                    yield Binary("+", product(factors[:k]), product(factors[k:]))

    return _each(answer, change)


def _factors(expr: Expr) -> list[Expr]:
    match expr:
        case Binary("*", left, right):
            return [*_factors(left), *_factors(right)]
        case _:
            return [expr]
