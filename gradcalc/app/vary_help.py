"""Why fewer variants were found than were wanted, and what would help."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gradcalc.exercise.vary_model import Domain, Vary
from gradcalc.language.fast_dataclasses import replace
from gradcalc.variants.reasons import WORDS
from gradcalc.variants.search import TRIES, Search
from gradcalc.variants.vary_text import domain_text

if TYPE_CHECKING:
    from gradcalc.app.variants import Course

WIDER = (2, 4)
ENOUGH = 60  # variants of a wider range that are looked for


def why_short(course: Course, found: int, wanted: int) -> list[str]:
    """Lines that say which condition stood in the way, and a range that works."""
    tally = course.search.tally
    kinds: Counter[str] = Counter()
    about: dict[str, str] = {}
    for reason, count in tally.rejected.most_common():
        kinds[reason.kind] += count
        about.setdefault(reason.kind, reason.about)
    said = [f"{course.file}: found {found} of {wanted} variants; nothing is written"]
    if kinds:
        (kind, count), *_ = kinds.most_common()
        what = f": {about[kind]}" if about[kind] else ""
        share = count / max(1, tally.tries)
        said.append(f"    variant {tally.stopped} was not found in {TRIES:,} tries")
        said.append(f"    most often ({share:.0%}) {WORDS[kind]}{what}")
    helps = _wider(course, wanted)
    if helps is not None:
        said.append(f"    this works: {helps}")
    elif kinds and kinds.most_common()[0][0] == "numbers":
        label = about["numbers"]
        said.append(f"    let it be any number: nice: {{except: [{label}]}}")
    else:
        said.append("    a wider range alone does not help: relax `nice` or `require`")
    return said


def _wider(course: Course, wanted: int) -> str | None:
    """Wider ranges with which there are as many as are wanted."""
    for factor in WIDER:
        domains = {name: _widened(domain, factor) for name, domain in course.vary.domains.items()}
        if domains == course.vary.domains:
            return None
        vary = Vary(domains, course.vary.require, course.vary.nice)
        search = Search(course.exercise, vary, course.of, course.seed)
        count = min(wanted, ENOUGH)
        if sum(1 for _ in search.variants(count)) == count and _room(search, count) >= wanted:
            changed = {n: d for n, d in domains.items() if d != course.vary.domains[n]}
            return ", ".join(f"{name}: {domain_text(domain)}" for name, domain in changed.items())
    return None


def _room(search: Search, found: int) -> float:
    """How many there may be, by how often one came twice."""
    twice = sum(n for reason, n in search.tally.rejected.items() if reason.kind == "duplicate")
    return found * found / (2 * twice) if twice else float("inf")


def _widened(domain: Domain, factor: int) -> Domain:
    if domain.kind not in ("integers", "decimals", "uniform") or domain.onehot:
        return domain
    if domain.low < 0:
        return replace(domain, low=domain.low * factor, high=domain.high * factor)
    return replace(domain, high=domain.low + (domain.high - domain.low) * factor)
