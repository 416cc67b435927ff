"""How variants of an exercise draw their values, and which variant a file is: the data."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

from gradcalc.language.errors import Place
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.parser import Expr

# A number (constant expression), or nested tuples of them, row by row.
Drawn: TypeAlias = "Expr | tuple[Drawn, ...]"


@dataclass(frozen=True, slots=True)
class Aim:
    """`z = log(3)`: a quantity, and the value that it is to take."""

    quantity: str
    value: Drawn


@dataclass(frozen=True, slots=True)
class Domain:
    """What a name may be.

    kind         integers, decimals, rationals, choices, uniform, aim, sizes, functions, or given
                 (the entries of the exercise's own value, rearranged)
    low, high    of integers, decimals, uniform, sizes, and of numerators; step: of decimals
    below        denominators, from and to
    zero         0 may be drawn
    distinct     no entry of an array occurs twice;  full_rank, symmetric: of a matrix
    onehot       one entry is 1, the others 0: of a vector, or of each column of a matrix
    permutation  the entries are those of the domain, or of the given value, in another order
    """

    kind: str
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    step: Fraction = Fraction(1)
    below: tuple[int, int] = (1, 1)
    choices: tuple[Drawn, ...] = ()
    aims: tuple[Aim, ...] = ()
    functions: tuple[str, ...] = ()
    zero: bool = False
    distinct: bool = False
    full_rank: bool = False
    symmetric: bool = False
    onehot: bool = False
    permutation: bool = False
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Nice:
    """What a nice variant is.

    decimals, denominator  every number is a fraction with a denominator of at most this, or has at
                           most so many decimals
    size           numbers are below this
    kinks, zeros   whether kinks may be met, and whether an answer may be 0
    discriminate   no common mistake gives the right number
    exempt         quantities and derivatives (dL/dz) that may be any numbers
    numbers        False: all of them may
    """

    decimals: int = 2
    denominator: int = 12
    size: Fraction = Fraction(100)
    kinks: bool = False
    zeros: bool = False
    discriminate: bool = True
    exempt: frozenset[str] = frozenset()
    numbers: bool = True


@dataclass(frozen=True, slots=True)
class Vary:
    """The key `vary`: name -> what it may be, and what has to hold."""

    domains: Mapping[str, Domain] = field(default_factory=dict)
    require: tuple[Expr, ...] = ()
    nice: Nice = field(default_factory=Nice)

    def __bool__(self) -> bool:
        return bool(self.domains)


@dataclass(frozen=True, slots=True)
class Variant:
    """Which variant a file is. `of`: the SHA-256 of the file it was drawn from."""

    of: str
    seed: int
    number: int

    @property
    def mark(self) -> str:
        """Four digits that tell this variant from those of other files and seeds."""
        from hashlib import blake2b

        text = f"{self.of}/{self.seed}/{self.number}"
        return blake2b(text.encode(), digest_size=2).hexdigest()
