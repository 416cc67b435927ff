"""What an exercise that does not say so could vary, and how: `--auto`."""

from __future__ import annotations

from gradcalc.exercise.model import Exercise
from gradcalc.exercise.vary_model import Aim, Domain, Drawn, Nice, Vary
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import unparse


@dataclass(frozen=True, slots=True)
class Suggested:
    """What varies, and what is to be said of it."""

    vary: Vary
    remarks: tuple[str, ...] = ()


def suggest(exercise: Exercise) -> Suggested:
    """What the exercise could vary. Raises GradcalcError where nothing can."""
    raise NotImplementedError


def text(suggested: Suggested) -> str:
    """As a file would say it."""
    vary = suggested.vary
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


def _number(value: object) -> str:
    text = f"{float(str(value)) if '/' not in str(value) else 0:g}" if "/" not in str(value) else ""
    if text:
        return text
    top, _, below = str(value).partition("/")
    exact = int(top) / int(below)
    return f"{exact:g}" if abs(exact * 10**6 - round(exact * 10**6)) < 1e-9 else str(value)


__all__ = ["Aim", "Suggested", "domain_text", "nice_text", "suggest", "text"]
