"""The sentences of a page that checks answers by itself, as data: those of verdicts, and those of
the mistakes that it computes from what is typed. They are Python's own.
"""

from __future__ import annotations

from typing import Any

from gradcalc.marking.candidates import sentence
from gradcalc.marking.conditions import MULTIPLE_WHERE, RIGHT_WHERE
from gradcalc.marking.number_slips import AGREES, ANOTHER, NUMBER_SLIPS, ONE_ENTRY
from gradcalc.marking.relations import EXTRA_MEAN, FACTOR, NO_MEAN, OTHER_SIZE, RELATIONS, SIGN
from gradcalc.marking.wording import NOTES, SAID

# What the rows of `RELATIONS` do, by the names that verdict.js has for it; "" where it does not.
CHANGES = (
    "transposed", "diagonal", "diagonalMatrix", "offDiagonal", "overExamples", "sumFirst",
    "sumLast", "sumFirst", "sumLast", "sumAll", "withTranspose", "",
)  # fmt: skip
UNDECIDED = "This page cannot decide it. `gradcalc check` can."


def words() -> dict[str, Any]:
    """The sentences by what they are said of; words in braces are filled in."""
    factors = {"sign": SIGN, "noMean": NO_MEAN, "extraMean": EXTRA_MEAN, "otherSize": OTHER_SIZE}
    factors["factor"] = FACTOR
    relations = [
        [row.slug, sentence(row.words), change, row.of_right]
        for row, change in zip(RELATIONS, CHANGES, strict=True)
        if change
    ]
    return {
        **SAID,
        **{f"in another {key}" if key == "layout" else key: said for key, said in NOTES.items()},
        "undecided": UNDECIDED,
        "factors": {key: [said.slug, said.sentence] for key, said in factors.items()},
        "relations": relations,
        "numbers": [[row.slug, row.sentence, row.factor] for row in NUMBER_SLIPS],
        "agrees": list(AGREES),
        "another": list(ANOTHER),
        "oneEntry": list(ONE_ENTRY),
        "rightWhere": RIGHT_WHERE.format("{condition}"),
        "multipleWhere": MULTIPLE_WHERE.format("{condition}", "{factor}"),
    }
