"""The key `vary` as a file would say it."""

from __future__ import annotations

from fractions import Fraction

from gradcalc.exercise.vary_model import Domain, Drawn, Nice, Vary
from gradcalc.language.parser import unparse


def vary_text(vary: Vary) -> str:
    """As a file would say it."""
    rows = [f"  {name}: {domain_text(domain)}" for name, domain in vary.domains.items()]
    nice = nice_text(vary.nice)
    return "\n".join(["vary:", *rows, *([f"  nice: {nice}"] if nice else [])])


def domain_text(domain: Domain) -> str:
    """`{integers: [-5, 5]}`"""
    marks = [
        f"{key}: {word}"
        for key, word, on in (
            ("zero", "true", domain.zero),
            ("distinct", "true", domain.distinct),
            ("rank", "full", domain.full_rank),
            ("symmetric", "true", domain.symmetric),
            ("onehot", "true", domain.onehot),
            ("permutation", "true", domain.permutation),
        )
        if on
    ]
    bounds = f"[{_number(domain.low)}, {_number(domain.high)}]"
    match domain.kind:
        case "integers" | "uniform" | "sizes":
            first = [f"{domain.kind}: {bounds}"]
        case "decimals":
            first = [f"decimals: {bounds}", f"step: {_number(domain.step)}"]
        case "rationals":
            first = [f"rationals: {{numerator: {bounds}, denominator: {list(domain.below)}}}"]
        case "choices":
            first = [f"choices: [{', '.join(map(_value, domain.choices))}]"]
        case "functions":
            first = [f"functions: [{', '.join(domain.functions)}]"]
        case "aim":
            aims = ", ".join(f"'{aim.quantity} = {_value(aim.value)}'" for aim in domain.aims)
            first = [f"aim: [{aims}]" if len(domain.aims) > 1 else f"aim: {aims}"]
        case _:
            first = []
    return "{" + ", ".join([*first, *marks]) + "}"


def nice_text(nice: Nice) -> str:
    """What differs from the defaults; "" where nothing does."""
    if not nice.numbers:
        parts = ["except: all"]
    else:
        parts = [f"except: [{', '.join(sorted(nice.exempt))}]"] if nice.exempt else []
    default = Nice()
    for key in ("decimals", "denominator", "size"):
        if getattr(nice, key) != getattr(default, key):
            parts.append(f"{key}: {getattr(nice, key)}")
    for key in ("kinks", "zeros", "discriminate"):
        if getattr(nice, key) != getattr(default, key):
            parts.append(f"{key}: {'yes' if getattr(nice, key) else 'no'}")
    return "{" + ", ".join(parts) + "}" if parts else ""


def _value(value: Drawn) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return unparse(value)


def _number(value: Fraction) -> str:
    exact = float(value)
    return f"{exact:g}" if Fraction(f"{exact:g}") == value else str(value)
