"""What the fuzzer tries: one random case of each kind, made from a seed, and what is wrong with it.

A case yields verdicts: (word, note). Those in `FAULTS` are faults of the program; the others are
counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import gradcalc
from gradcalc.app.solved import Result
from gradcalc.exercise.load import parse_exercise
from gradcalc.language.errors import GradcalcError
from gradcalc.language.parser import CALLABLE
from helpers import hard_points
from helpers.array_answers import case, check
from helpers.array_programs import Choices

FAULTS = frozenset(("wrong", "silent", "needless", "false", "crash", "hang"))
VALUES = (*hard_points.VALUES, "1e300", "-1e300", "1e-300", "-1e-8", "-37", "e", "700", "-745")
FORMATS = ("table", "json", "plain", "markdown", "latex", "html", "svg", "numpy", "torch", "jax")
HOSTILE = (
    "nan", "inf", "1e309", "-0.0", "1/0", "[]", "{}", "null", "~", "*a", "&a x", "!!python/none", "'", '"', "#", "\t",
    "x^x^x^x", "9^9^9", "0", "[1, [2]]", "{x: y: z}", "d/d", "df/dx/dy", "d2f/d", "shape", "value 1/0", "\u202e", "\u00e9",
    "a" * 65, "lambda", "sum(", "x[0][0][0]", "x.T.T", "[[[1]]]", "{shape: [n, n, n]}", "{each: i}", "1:30", "2024-01-01", "- - -", "|", ">",
)  # fmt: skip
SIGNS = [
    "+",
    "-",
    "*",
    "/",
    "^",
    "**",
    "@",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "'",
    ".T",
    "<",
    "<=",
    "==",
    ">",
    ":",
    "|",
    "||",
    "1",
    "2",
    "0",
    "1/2",
    "1e300",
    "x",
    "y",
    "A",
    "w",
    "n",
    "∂",
    "²",
    "√",
    "·",
    "ᵀ",
    "−",
    "σ",
    "pi",
    "e",
    "axis=",
    "keepdims=True",
]
EXERCISES = Path(__file__).resolve().parents[2] / "exercises"

Verdict: TypeAlias = "tuple[str, str]"


def scalars(random: Random) -> Iterator[Verdict]:
    """A formula at a hard point, beside mpmath and one-sided differences."""
    formula = hard_points.text(random, random.choice((2, 2, 3)))
    first = random.choice(VALUES)
    drawn = {"x": first, "y": random.choice((first, *VALUES))}
    bare = formula.replace("max", "").replace("exp", "")
    values = {name: value for name, value in drawn.items() if name in bare}
    yield "made", f"{formula} at {values}"
    yield from hard_points.judged(formula, values)
    if random.randrange(8) == 0:
        names = {name: [] for name in values}
        yield from written(
            gradcalc.solve({"expression": f"f = {formula}", "variables": names, "values": values}),
            random,
        )


def arrays(random: Random) -> Iterator[Verdict]:
    """A program of arrays with sizes from 1 to 4, beside NumPy's differences."""
    made, asked, form, layout = case(Choices(random), ones=random.randrange(3) == 0)
    yield "made", f"{[line.text for line in made.lines]} {made.sizes} {asked} {form} {layout}"
    try:
        yield from [("right", "")] * check(made, asked, form, layout)
    except AssertionError as error:
        yield "wrong", str(error)[:500]
    if random.randrange(8) == 0:
        yield from written(gradcalc.solve(made.content([])), random)


def files(random: Random) -> Iterator[Verdict]:
    """A shipped exercise with some of its text changed."""
    text = random.choice(list(shipped().values()))
    for _ in range(random.choice((1, 1, 2, 4))):
        text = changed(text, random)
    yield "made", text
    result = gradcalc.solve(parse_exercise(text, "fuzz.yaml"))
    yield ("false" if not result.ok else "right"), "a check failed"
    if random.randrange(4) == 0:
        yield from written(result, random)


def lines(random: Random) -> Iterator[Verdict]:
    """Signs and names in any order, differentiated."""
    words = [*SIGNS, *random.sample(sorted(CALLABLE), 6), "x", "y", "("]
    text = "".join(
        random.choice(words) + random.choice(("", " ")) for _ in range(random.randint(1, 14))
    )
    yield "made", text
    result = gradcalc.diff(text, "x")
    yield ("false" if not result.ok else "right"), "a check failed"


def written(result: Result, random: Random) -> Iterator[Verdict]:
    """The result in one of the formats."""
    format = random.choice(FORMATS)
    text = result.to(format)
    yield ("right" if text.strip() else "crash"), f"nothing is written as {format}"


def shipped() -> Mapping[str, str]:
    """The short ones of the shipped exercises."""
    if not _SHIPPED:
        for path in sorted(EXERCISES.glob("*.yaml")):
            text = path.read_text("utf-8")
            if len(text) < 700:
                _SHIPPED[path.stem] = text
    return _SHIPPED


_SHIPPED: dict[str, str] = {}


def changed(text: str, random: Random) -> str:
    """One change: a line left out, doubled or swapped, a word replaced, a sign put in or left out."""
    rows = text.split("\n")
    at, other = random.randrange(len(rows)), random.randrange(len(rows))
    what = random.randrange(7)
    if what == 0:
        del rows[at]
    elif what == 1:
        rows.insert(other, rows[at])
    elif what == 2:
        rows[at], rows[other] = rows[other], rows[at]
    elif what == 3:
        start, colon, _ = rows[at].partition(":")
        rows[at] = f"{start}{colon} {random.choice((*HOSTILE, *VALUES))}"
    else:
        words = rows[at].split(" ")
        place = random.randrange(len(words))
        new = random.choice((*HOSTILE, *VALUES, *SIGNS))
        if what == 4:
            words[place] = new
        elif what == 5:
            words.insert(place, new)
        else:
            k = random.randrange(len(rows[at]) + 1)
            return "\n".join([*rows[:at], rows[at][:k] + new + rows[at][k + 1 :], *rows[at + 1 :]])
        rows[at] = " ".join(words)
    return "\n".join(rows)


KINDS: Mapping[str, Callable[[Random], Iterator[Verdict]]] = {
    "scalars": scalars,
    "arrays": arrays,
    "files": files,
    "lines": lines,
}


def tried(kind: str, seed: str, found: list[Verdict]) -> None:
    """The verdicts of one case, added to `found` as they come. Raises only what ends the run."""
    try:
        for verdict in KINDS[kind](Random(seed)):
            found.append(verdict)
    except GradcalcError as error:
        found.append(("refused whole", str(error)))
    except RecursionError as error:
        found.append(("crash", f"RecursionError: {error}"))
    except Exception as error:
        found.append(("crash", f"{type(error).__name__}: {error} ({_place(error)})"))


def _place(error: BaseException) -> str:
    """Where in the program an exception comes from."""
    trace: Any = error.__traceback__
    where = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if "gradcalc" in code.co_filename and "tests" not in code.co_filename:
            where = f"{Path(code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return where
