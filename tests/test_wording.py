"""Plain English: no phrase of those that readers stumbled over stands in the program, README or docs/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.paths import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
PROGRAM = [*(ROOT / "gradcalc").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]

PHRASES = (
    # what students read
    "the way back", "hands back", "hand back", "handed back to it", "hands on", "hands the upstream",
    "hands every entry", "gate swaps", "swaps its factors", "turns the sign", "a constant factor stays",
    "a constant divisor stays", "has no influence", "comes down as a factor", "one over its argument",
    "its value times one minus", "one minus its own square", "lets the gradient through",
    "grows fastest", "less its average under", "adds up the diagonal", "moves the determinant",
    "leaves the transposed", "only moves entries", "keep their entries apart", "that are picked",
    "routes the whole gradient", "gets nothing", "stands at 2 places", "so far −y/p",
    "nothing comes back on this path", "is repeated along an axis", "is the same for all",
    "so only this order conforms", "the transpose, because", "are multiplied entry by entry",
    "stands on the right of the upstream", "mostly zeros: written short", "the trap", "what conforms",
    "a row closes an outer product", "is a quantity like any other", "gradients on the way",
    "the derivative of a number has the shape", "the examples last.", "varied one by one,",
    "but its entries are varied", "is symbolic only", "the same for every example",
    "drawn out in front", "summed over all entries of", "above the wire: forward",
    "is taken entry by entry and",
    # messages and help
    "its argument stands in parentheses", "exists already", "says what there is",
    "that is a bug; --debug", "have no place here", "for YAML this value ends here", "nothing says how long",
    "is not clear: L and loss", "so it cannot be the loss behind it", "upstream gradients stand at",
    "a comparison stands only in", "stands twice; the first", "on paper.", "each checked.",
    "say what is wrong with them", "without one the first that is shipped", "how long a file may take",
    "one step per key", "how much: brief",
    # README and docs
    "declare a computation once, in a few lines", "costs a class an evening",
    "does not help much: it differentiates", "paste one line", "each shape with its reason; answers",
    "needs no file", "measured beside its peers", "is shown at its place, with what",
    "every mistake is named", "spoils no other", "0 done, 1 the work", "print need nothing",
    "shows itself", "a cousin of softsign", "does not get far", "are refused by name",
    "the formula stands", "all you need is", "under *derivative* stands", "it goes on at a key",
    "keeps to the paths of", "are shown together, each", "a table takes its place",
    "so it is the quick one", "and still they were checked", "a matter of taste",
    "a layout says in which order", "never has it in it", "with 400", "or it is a mapping, beside which",
    "two traps remain", "make gradcalc run away", "the writer told to hide", "is told by branch coverage",
    "everybody side by side",
)  # fmt: skip


def plain(text: str) -> str:
    """Text as it is read: on one line, strings that go on in the next line joined."""
    joined = re.sub(r"\"\s*\n\s*f?\"", "", text)
    return re.sub(r"\s+", " ", re.sub(r"[`*]", "", joined)).lower()


TEXTS = {path: plain(path.read_text("utf-8")) for path in (*PAGES, *PROGRAM)}


@pytest.mark.parametrize("phrase", PHRASES)
def test_no_page_and_no_sentence_of_the_program_has_it(phrase: str) -> None:
    wanted = plain(phrase)
    found = [str(path.relative_to(ROOT)) for path, text in TEXTS.items() if wanted in text]
    assert found == []


def test_what_is_searched_is_read() -> None:
    """The search would find a phrase over two lines and over two strings."""
    assert "needs no file" in plain("needs\n    no file")
    assert "needs no file" in plain('"needs "\n    "no file"')
    assert Path("README.md").name in {path.name for path in TEXTS}
    assert len(TEXTS) > 200
