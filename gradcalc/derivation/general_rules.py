"""The general formula of an operation, from its entry in the table, in letters that the exercise
does not use: ∂(u v)/∂u = v and ∂(u v)/∂v = u; for C = A B with G = ∂E/∂C: ∂E/∂A = G Bᵀ and
∂E/∂B = Aᵀ G.

    letters("mul", {"x", "q"})                    ->  Letters: u, v for the operands
    general("mul", None, letters)                 ->  the rule for both operands, as a line
    matched(letters, (q, z))                      ->  "u = q, v = z"
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from functools import cache

from gradcalc.language import entry_fields
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.formula_pieces import (
    Line,
    Math,
    Names,
    Partial,
    Piece,
    Slope,
    line,
    listed,
    math,
)
from gradcalc.language.parser import Binary, Call, Expr, Index, Name, Neg, Num, children, parse
from gradcalc.language.shape_rules import Size, shape_of
from gradcalc.language.sizes import Shape
from gradcalc.language.tree import number, substitute, walk
from gradcalc.language.unparse import unparse
from gradcalc.ops import TABLE

_N, _M, _K, _P, _Q = (Size.of(word) for word in ("n", "m", "k", "p", "q"))
# The letters of the table's examples, and their shapes.
LETTERS: dict[str, Shape] = {
    "A": (_N, _M),
    "B": (_M, _K),
    "M": (_N, _N),
    "u": (_N,),
    "v": (_N,),
    "w": (_M,),
    "K": (_P, _Q),
}
NUMBERS, VECTORS, MATRICES = "uvstabpqrwhcxyz", "uvwsrpqab", "ABPQRSMTHZ"
RESULTS = {0: "cdkstr", 1: "cdwsrpy", 2: "CDHPRSZ"}
UPSTREAM, LOSSES = "GHDKEF", "LEJFQN"
LONG_PART = 50  # characters of an operand beyond which it is not said what stands for it


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of one rule: for the operands (a function's name among them), the result, the
    upstream gradient, the loss, two indices, and the number of entries.
    """

    operation: str
    operands: tuple[str, ...]
    table: tuple[tuple[str, str], ...]  # letter of the table's example -> letter here
    result: str
    upstream: str
    loss: str
    indices: tuple[str, str]
    count: str


def letters(operation: str, taken: Collection[str]) -> Letters:
    """Letters for the rule of an operation that are not taken."""
    op = TABLE[operation]
    used = set(taken)

    def free(pool: str) -> str:
        word = next((c for c in pool if c not in used), None)
        word = word or next(f"{pool[0]}{n}" for n in range(99) if f"{pool[0]}{n}" not in used)
        used.add(word)
        return word

    example = parse(op.example or "u", functions={"g"} if operation == "apply" else ())
    table: dict[str, str] = {}
    for part in walk(example):
        if isinstance(part, Name) and part.id not in table and part.id != "n":
            shape = LETTERS.get(part.id, ()) if not op.partials else ()
            table[part.id] = free((NUMBERS, VECTORS, MATRICES)[min(len(shape), 2)])
    if op.partials:
        table |= {word: free(NUMBERS) for word in op.operands if word not in table}
    if operation == "apply":
        table["g"] = free("gfhpq")
        table["u"] = table.get("u") or free(NUMBERS)
    rank = 0 if op.partials or operation == "apply" else len(shape_of(example, LETTERS))
    operands = tuple(table[word] for word in (op.operands if op.partials else _parts(example)))
    pair = free("jkilmn"), free("kjilmn")
    return Letters(
        operation,
        operands,
        tuple(table.items()),
        free(RESULTS[min(rank, 2)]),
        free(UPSTREAM),
        free(LOSSES),
        pair,
        free("nNkKmM"),
    )


def _parts(example: Expr) -> tuple[str, ...]:
    return tuple(part.id for part in children(example) if isinstance(part, Name))


def general(operation: str, operand: int | None, own: Letters) -> Line:
    """The rule for one operand of an operation, or for all; () where the table states none."""
    op = TABLE[operation]
    if operation == "where":
        return ()
    if operation == "apply":
        table = dict(own.table)
        call = Call(table["g"], (Name(table["u"]),))
        names = Names(functions=frozenset((table["g"],)))
        slope = Slope(call, Name(table["u"]), alone=True)
        return (Math((slope, "=", replace(call, primes=1)), names=names),)
    if op.entry:
        return _of_an_entry(own)
    if op.partials:
        found = _entry_by_entry(operation, operand, own)
        law = entry_fields.law(op) if operand is None else None
        if law is None:
            return found
        return line(found, ", that is, ", _law(operation, law, own))
    return _by_upstream(operation, operand, own)


def chain_in_several(count: int, taken: Collection[str]) -> tuple[Line, tuple[str, ...]]:
    """∂g(u, v)/∂t = ∂₁g(u, v) ∂u/∂t + ∂₂g(u, v) ∂v/∂t in letters that are not taken; u and v."""
    free = [word for word in (*NUMBERS, *(f"u{n}" for n in range(1, 20))) if word not in taken]
    words, (g, t) = tuple(free[:count]), free_pair(("gfhpq", "trs"), {*taken, *free[:count]})
    whole = Call(g, tuple(map(Name, words)))
    pieces: list[Piece] = [Slope(whole, Name(t)), "="]
    for place, word in enumerate(words, 1):
        pieces += ["+"] if place > 1 else []
        pieces += [replace(whole, places=(place,)), "·", Partial(word, (t,))]
    return (Math(tuple(pieces), names=Names(functions=frozenset((g,)))),), words


def free_pair(pools: tuple[str, str], taken: Collection[str]) -> tuple[str, str]:
    """A letter of each pool that is not taken."""
    one, other = (
        next((word for word in pool if word not in taken), f"{pool[0]}0") for pool in pools
    )
    return one, other


def matched(own: Letters, operands: Sequence[Expr]) -> Line:
    """What stands for the letters: u = q, v = z."""
    return standing(own.operands, operands)


def standing(words: Sequence[str], operands: Sequence[Expr]) -> Line:
    """What stands for letters: u = q, v = z."""
    return listed(
        (
            math(Name(word), "=", expr)
            for word, expr in zip(words, operands, strict=False)
            if len(unparse(expr)) <= LONG_PART and not isinstance(expr, Num)
        ),
        ", ",
        ", ",
    )


def _whole(operation: str, own: Letters) -> Expr:
    op = TABLE[operation]
    operands = tuple(map(Name, own.operands))
    if op.called:
        return Call(op.called, operands)
    return substitute(parse(op.example), {a: Name(b) for a, b in own.table})


def _entry_by_entry(operation: str, operand: int | None, own: Letters) -> Line:
    op = TABLE[operation]
    whole = _whole(operation, own)
    operands = tuple(map(Name, own.operands))
    names = Names(shapes=dict.fromkeys(own.operands, ()))
    varying = [n for n, word in enumerate(op.operands) if word not in op.parameters]
    found: list[Line] = []
    for place in varying if operand is None else (operand,):
        local = partial(operation, place, operands, whole)
        if local is not None:
            slope = Slope(whole, operands[place], len(varying) == 1)
            found.append((Math((slope, "=", local), names=names),))
    return listed(found)


def _law(operation: str, law: Expr, own: Letters) -> Line:
    """(u/v)' = (u' v − u v')/v²"""
    table: dict[str, Expr] = {word: Name(mine) for word, mine in own.table}
    table |= {f"d{word}": Name(f"{mine}'") for word, mine in own.table}
    names = Names(
        shapes=dict.fromkeys((part.id for part in table.values() if isinstance(part, Name)), ())
    )
    pieces = ("(", _whole(operation, own), ")", "'", "=", substitute(law, table))
    return (Math(pieces, names=names),)


def _of_an_entry(own: Letters) -> Line:
    """∂s[j]/∂u[k] = s[j] (1[j = k] − s[k]) for s = softmax(u)"""
    op = TABLE[own.operation]
    stated, (j, k), u = entry_fields.entry(op), own.indices, own.operands[0]
    assert stated is not None
    table = {"s": Name(own.result), "u": Name(u), "j": Name(j), "k": Name(k)}
    names = Names(shapes={u: (_N,), own.result: (_N,)})
    slope = Slope(Index(Name(own.result), (Name(j),)), Index(Name(u), (Name(k),)))
    whole = substitute(parse(op.example), {a: Name(b) for a, b in own.table})
    formula = Math((slope, "=", substitute(stated, table)), names=names)
    return (formula, " for ", Math((Name(own.result), "=", whole), names=names))


def _by_upstream(operation: str, operand: int | None, own: Letters) -> Line:
    """For C = A B with G = ∂ℓ/∂C: ∂ℓ/∂A = G Bᵀ and ∂ℓ/∂B = Aᵀ G"""
    op = TABLE[operation]
    if not op.back:
        return ()
    example = parse(op.example)
    table: dict[str, Expr] = {word: Name(mine) for word, mine in own.table}
    shapes = {mine: LETTERS[word] for word, mine in own.table}
    result = shape_of(example, LETTERS)
    partials = {f"d{mine}": (own.loss, mine) for mine in (*own.operands, own.result)}
    names = Names(shapes={**shapes, own.result: result, own.upstream: result}, partials=partials)
    table |= {"G": Name(own.upstream), "n": Name(own.count)}

    def formulas() -> Iterator[Line]:
        for place in range(len(own.operands)) if operand is None else (operand,):
            if place >= len(op.back):
                continue
            mine, back = own.operands[place], substitute(entry_fields.back(op, place), table)
            every = (
                shape_of(back, {**names.shapes, own.count: ()}) == () and names.shapes[mine] != ()
            )
            left: Piece = Name(f"d{mine}")
            if not result:
                left, back = Slope(Name(own.result), Name(mine)), without(back, own.upstream)
            if every:
                yield line(
                    "every entry of ",
                    Math((left,), names=names),
                    " is ",
                    Math((back,), names=names),
                )
            else:
                yield (Math((left, "=", back), names=names),)

    whole = Math((Name(own.result), "=", substitute(example, table)), names=names)
    if not result:
        return ("for ", whole, ": ", *listed(formulas()))
    loss = Math((Name(own.loss),), names=names)
    given = Math((Name(own.upstream), "=", Name(f"d{own.result}")), names=names)
    return ("for ", whole, ", a loss ", loss, " and ", given, ": ", *listed(formulas()))


def squared_norm(own: Letters) -> Line:
    """∂‖u‖²/∂u = 2u, in the letters of the norm."""
    u = Name(own.operands[0])
    two = Num(Fraction(2))
    slope = Slope(Binary("^", Call("norm", (u,)), two), u)
    return (Math((slope, "=", Binary("*", two, u)), names=Names(shapes={u.id: (_N,)})),)


def without(expr: Expr, factor: str) -> Expr:
    """A product or quotient without one of its factors, or 1 where it is that factor."""
    match expr:
        case Name(id) if id == factor:
            return Num(Fraction(1))
        case Binary("*" | "/" as op, left, right):
            one = without(left, factor)
            if op == "*" and right == Name(factor):
                return left
            if op == "*" and isinstance(one, Num) and one.value == 1:
                return right
            return replace(expr, left=one)
    return expr


@cache
def plain_rule(operation: str, operand: int) -> Line:
    """The rule for one operand in the letters that nothing has taken."""
    return general(operation, operand, letters(operation, ()))


def partial(operation: str, operand: int, operands: Sequence[Expr], result: Expr) -> Expr | None:
    """The local derivative that the table states, in the operands and the result given; None
    where it states none.
    """
    op = TABLE[operation]
    stated = entry_fields.partial(op, operand)
    if stated is None:
        return None
    if operation == "pow" and operand == 0 and isinstance(operands[1], Num):
        lower = operands[1].value - 1
        base = operands[0] if lower == 1 else Binary("^", operands[0], number(lower))
        return Binary("*", operands[1], base)
    values = dict(zip((*op.operands, "r"), (*operands, result), strict=True))
    return _single(substitute(stated, values))


def _single(expr: Expr) -> Expr:
    """−(x/y)/y with one fraction bar: −x/y²."""
    match expr:
        case Neg(arg):
            return Neg(_single(arg))
        case Binary("/", Binary("/", top, bottom), again) if bottom == again:
            return Binary("/", top, Binary("^", bottom, Num(Fraction(2))))
    return expr
