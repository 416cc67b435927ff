"""What a set of variants is like: how its answers are spread, the best blind guess, what was tried,
and which mistakes no variant tells from the right answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from gradcalc.exercise.model import Question
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.variants.draws import count_of
from gradcalc.variants.engine import Found
from gradcalc.variants.reasons import WORDS
from gradcalc.variants.search import Search

COUNTED = 10**6
SHOWN = 8  # values of an answer, and reasons


@dataclass(frozen=True, slots=True)
class Spread:
    """The values of one answer: (value as text, how often), the most frequent first."""

    question: str
    values: tuple[tuple[str, int], ...]
    distinct: int


@dataclass(frozen=True, slots=True)
class Report:
    """rejected: (kind, what it is about, how often); guess: question, value, share."""

    found: int
    wanted: int
    tries: int
    rejected: tuple[tuple[str, str, int], ...]
    draws: int
    variants: int  # how many there are, estimated
    spreads: tuple[Spread, ...]
    guess: tuple[str, str, float] | None
    never: tuple[tuple[str, str], ...]  # question, sentence
    one_sided: tuple[str, ...]


def compose(
    search: Search, found: Sequence[Found], wanted: int, questions: Sequence[Question]
) -> Report:
    """The report of a search that has ended."""
    tally, engine = search.tally, search.first
    shapes = {name: engine.prepared.shape(name) for name in engine.domains}
    draws = count_of(search.vary.domains, shapes)
    rejected = [
        (reason.kind, reason.about, count) for reason, count in tally.rejected.most_common()
    ]
    spreads = tuple(
        _spread(question.text, [one.answers[k] for one in found])
        for k, question in enumerate(questions)
        if question.kind != "shape" and found
    )
    guess = None
    for spread in spreads:
        value, count = spread.values[0]
        if spread.distinct > 1 and (guess is None or count / len(found) > guess[2]):
            guess = spread.question, value, count / len(found)
    never = {
        (one.text, one.mistake.sentence): None
        for engine in search.engines
        for one in engine.never.values()
    }
    met = frozenset().union(*(one.sides for one in found)) if found else frozenset()
    one_sided = sorted({what for what, sign in met if (what, -sign) not in met})
    return Report(
        len(found), wanted, tally.tries, tuple(rejected), draws,
        _estimate(search, len(found), draws),
        spreads, guess, tuple(never), tuple(one_sided),
    )  # fmt: skip


def _estimate(search: Search, found: int, draws: int) -> int:
    """How many different variants there are: as many as were found, where no more could be; else
    by how often one came twice, or by the share of tries that would do.
    """
    tally = search.tally
    if tally.stopped is not None:
        return found
    twice = sum(n for reason, n in tally.rejected.items() if reason.kind == "duplicate")
    share = (found + twice) / max(1, tally.tries)
    most = max(found, round(draws * share))
    if twice >= 5:
        return max(found, min(most, round(found * (found - 1) / (2 * twice))))
    return most


def _spread(question: str, values: Sequence[Any]) -> Spread:
    counts = Counter(map(shown, values))
    return Spread(question, tuple(counts.most_common(SHOWN)), len(counts))


def shown(value: Any) -> str:
    """An answer in a few characters."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    return "–" if value is None else f"{value:.4g}".replace("-", "−")


def lines(report: Report) -> list[str]:
    """The report as lines of text."""
    many = f"{report.variants:,}" if report.variants < COUNTED else f"more than {COUNTED:,}"
    said = [
        f"{report.found} variants in {report.tries:,} tries; there are about {many}",
    ]
    kinds: Counter[str] = Counter()
    about: dict[str, str] = {}
    for kind, what, count in report.rejected:
        kinds[kind] += count
        about.setdefault(kind, what)
    if kinds:
        said += ["", "tries that will not do"]
        for kind, count in kinds.most_common():
            what = f" (most often {about[kind]})" if about[kind] else ""
            said.append(f"  {count:>7,}  {WORDS[kind]}{what}")
    said += ["", "answers"]
    for spread in report.spreads:
        parts = [f"{value} ({count})" for value, count in spread.values[:4] if len(value) <= 24]
        more = ", …" if spread.distinct > len(parts) else ""
        listed = f": {', '.join(parts)}{more}" if parts else ""
        said.append(f"  {spread.question}  {spread.distinct} different{listed}")
    if report.guess is not None:
        question, value, share = report.guess
        said += ["", f"best blind guess: {share:.0%} of the answers to {question} are {value}"]
    if report.never:
        said += ["", "mistakes that no variant tells from the right answer"]
        said += [f"  {question}: {sentence}" for question, sentence in report.never]
    if report.one_sided:
        said += ["", "pieces of which only one side is met"]
        said += [f"  {what}" for what in report.one_sided]
    return ["\n".join(said)]
