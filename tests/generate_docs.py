"""Keeps README.md and docs/ current: `python tests/generate_docs.py` rewrites what is generated, test_docs.py checks it.

Generated are the tables between `<!-- generated: NAME -->` and `<!-- end -->`, from the tables of the program, and
whatever commands print in ```console blocks (see helpers/pages.py).
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradcalc.exercise import tex_commands as textables
from gradcalc.exercise.grading import SLUGS
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.schema import (
    DRAW,
    EXERCISE,
    GRADING,
    HEADER,
    NICE,
    NOTATION,
    NUMBER,
    PAGE,
    PAPER,
    QUESTION,
    TOLERANCE,
    VARIABLE,
    Array,
    Either,
    Entries,
    Items,
    Kind,
    Record,
    Scalar,
)  # fmt: skip
from gradcalc.graph.printed_names import printed_names
from gradcalc.marking.mistakes import table
from gradcalc.ops import TABLE
from gradcalc.ops.entry import Op
from helpers.pages import rerun
from helpers.paths import ROOT

PAGES = (
    "README.md",
    "exercises/README.md",
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
)
REGION = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.S)


# ---- the generated tables


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def grid(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join("| " + " | ".join(map(cell, line)) + " |\n" for line in lines)


def keys(record: Record) -> str:
    rows = [
        (
            code(key.name) + (", required" if key.required else ""),
            form(key.kind),
            key.description,
            code(key.example),
        )
        for key in record.keys
    ]
    return grid(("key", "is", "meaning", "example"), rows)


RECORDS: Mapping[str, Record] = {
    "a variable": VARIABLE,
    "a question": QUESTION,
    "notation": NOTATION,
    "a range": DRAW,
    "a sheet": PAPER,
    "a page": PAGE,
    "a header": HEADER,
}


def form(kind: Kind, several: bool = False) -> str:
    """What a key takes, in words."""
    match kind:
        case Scalar(what, choices):
            if choices:
                return "one of " + ", ".join(map(code, choices))
            word = what.partition(":")[0]
            return (
                word.removeprefix("a ").removeprefix("an ") + "s"
                if several and not word.endswith("s") and word != "text"
                else word
            )
        case Items(Scalar(_, choices)) if choices:
            return "a list of " + ", ".join(map(code, choices))
        case Items(item):
            return "a list of " + form(item, True)
        case Entries(key, value):
            return f"a mapping {key} → {form(value)}"
        case Array():
            return "a number, or nested lists of numbers"
        case Record():
            named = next((name for name, record in RECORDS.items() if record == kind), None)
            return f"a mapping (see {named})" if named else "a mapping"
        case Either(kinds):
            kinds = tuple(one for one in kinds if not (one == NUMBER and Array() in kinds))
            first = kinds[0]
            return ", or ".join(
                "a list of them"
                if isinstance(first, Scalar) and first.choices and one == Items(first)
                else form(one, several)
                for one in kinds
            )


def elementwise() -> str:
    rows = []
    for op in TABLE.values():
        if op.signature == "elementwise" and op.partials and op.name != "copy":
            found = [
                f"∂/∂{name}: `{partial}`"
                for name, partial in zip(op.operands, op.partials, strict=True)
                if partial
            ]
            derivative = code(op.partials[0]) if len(op.operands) == 1 else ", ".join(found)
            facts = [
                f"defined for `{op.domain}`" if op.domain else "",
                op.convention,
                spellings(op),
            ]
            rows.append((code(op.example), derivative, op.sentence, "; ".join(filter(None, facts))))
    return grid(("operation", "local derivative", "why", "besides"), rows)


def spellings(op: Op) -> str:
    return "also " + ", ".join(map(code, op.spellings)) if op.spellings else ""


LETTERS = {
    "u": "[n]",
    "v": "[n]",
    "w": "[m]",
    "K": "[p, q]",
    "A": "[n, m]",
    "B": "[m, k]",
    "M": "[n, n]",
    "g": "{function: 1}",
}


def structured() -> str:
    """Operations on whole arrays, each differentiated here and now: the gradient at its operands, G being the one at it."""
    from gradcalc.derivation.solve import solve
    from gradcalc.graph.build import build
    from gradcalc.language.formula import text

    rows = []
    for op in TABLE.values():
        if not op.example or op.partials or op.name in ("lt", "le", "gt", "ge", "eq", "ne"):
            continue
        used = [name for name in LETTERS if re.search(rf"\b{name}\b", op.example)]
        declared = ", ".join(f"{name}: {LETTERS[name]}" for name in used)
        asked = [name for name in used if name != "g"]
        lines = f"expression: r = {op.example}\nvariables: {{{declared}}}\nupstream: {{dL/dr: G}}\n"
        lines += f"questions: [{', '.join(f'dL/d{name}' for name in asked)}]\n" if asked else ""
        exercise = parse_exercise(lines, "operations")
        names = printed_names(build(exercise))
        found = []
        for answer in solve(exercise).answers if asked else ():
            assert answer.verified is not None, op.name
            assert answer.verified.ok, op.name
            assert answer.symbolic is not None
            entry = f", entry ({', '.join(answer.free)})" if answer.free else ""
            found.append(f"{answer.question.by[0]}: `{text(answer.symbolic, names)}`{entry}")
        options = ", ".join(map(code, op.options))
        rows.append((code(op.example), options, "; ".join(found) or "a constant", op.sentence))
    titles = ("operation", "options", "gradient at the operands", "why")
    kept = [place for place in range(len(titles)) if any(row[place] for row in rows)]
    return grid([titles[place] for place in kept], [[row[place] for place in kept] for row in rows])


def rules() -> str:
    """The general form of every rule that the program explains with, and the definition that an operation on whole
    arrays is differentiated from."""
    from gradcalc.calculus.derivative_rules import CONTRACTIONS, SPECIAL
    from gradcalc.derivation.general_rules import general, letters
    from gradcalc.language.formula_pieces import Names
    from gradcalc.report.lines import text_line

    definitions = {**CONTRACTIONS, **SPECIAL}
    rows: dict[bool, list[tuple[str, ...]]] = {True: [], False: []}
    for name, op in TABLE.items():
        own = letters(name, ()) if op.example and not op.written else None
        stated = text_line(general(name, None, own), Names()) if own else ""
        if not stated or name == "copy":
            continue
        rule = op.sentence.partition(":")[0]
        if name in definitions:
            (first, *_) = " ".join((definitions[name].__doc__ or "").split()).split(";")
            entries = first.rstrip(".") if re.search(r"[=_]", first) else op.convention
            rows[False].append((code(op.example), rule, entries, stated))
        else:
            rows[True].append((code(op.example), rule, stated))
    return (
        "Entry by entry:\n\n"
        + grid(("operation", "rule", "in general"), rows[True])
        + "\nOn whole arrays, with the definition or the local derivative in entries that each is derived from:\n\n"
        + grid(("operation", "rule", "in entries", "in general"), rows[False])
    )


def signs() -> str:
    """The legend that explanations end with, sign by sign."""
    from gradcalc.language.formula_pieces import Math, Names
    from gradcalc.report.explanation_end import SIGNS
    from gradcalc.report.lines import text_line

    rows = []
    for _, said in SIGNS:
        sign = [part for part in said if isinstance(part, Math)]
        words = [part for part in said if not isinstance(part, Math)]
        meaning = text_line(tuple(words), Names()).strip().removeprefix("is ")
        rows.append((text_line(tuple(sign), Names()), meaning))
    return grid(("sign", "means"), rows)


def mistakes() -> str:
    """What may be said of a wrong answer, family by family."""
    parts = []
    for number, (family, rows) in enumerate(table(), 1):
        told = dict.fromkeys(
            (code(slug), re.sub(r"`?\{(\w+)\}`?", r"*\1*", sentence), where)
            for slug, sentence, where in rows
        )
        lead = f"**{number}. {family}**\n\n" if number < 7 else f"**{family}**\n\n"
        parts.append(lead + grid(("slug", "is said", "applies to"), list(told)))
    return "\n".join(parts)


def functions() -> str:
    """What `m` offers to the `value` of an entry."""
    from gradcalc.numeric.array_functions import Arrays, FloatArrays
    from gradcalc.numeric.scalar_functions import Scalars

    def public(kind: type) -> list[str]:
        return [
            name for name, one in vars(kind).items() if inspect.isfunction(one) and name[0] != "_"
        ]

    entrywise = [name for name in public(Scalars) if name not in ("constant", "finite")]
    whole = dict.fromkeys((*public(Arrays), *public(FloatArrays)))
    rows = [
        (
            code(f"m.{name}{called(getattr(FloatArrays, name))}"),
            " ".join((getattr(FloatArrays, name).__doc__ or "").split()),
        )
        for name in whole
        if name not in entrywise
    ]
    listed = ", ".join(code(f"m.{name}{called(getattr(Scalars, name))}") for name in entrywise)
    return (
        "Entry by entry, on numbers and on arrays, beside Python's own `+`, `-`, `*`, `<` …: "
        f"{listed}, and the numbers `m.pi` and `m.e`.\n\n" + grid(("on whole arrays", "is"), rows)
    )


def called(function: Callable[..., Any]) -> str:
    """The arguments of a method as one writes them: (a, axis, keepdims=False)."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return f"({', '.join(str(one.replace(annotation=one.empty)) for one in parameters)})"


def commands_of_tex() -> str:
    """The commands that may stand in an author's mathematics, by what they take."""
    functions, operators = textables.FUNCTIONS, {word[1:] for word in textables.OPERATORS}
    groups = (
        ("signs and Greek letters", textables.SYMBOLS - functions - operators),
        ("functions", functions),
        ("operators, with `\\limits` and `\\nolimits`", operators),
        ("on one argument", textables.ONE),
        ("on two arguments", textables.TWO),
        ("on plain words", textables.WORDS),
        ("brackets of a size", [*textables.SIZES, "left", "middle", "right"]),
    )
    rows = [
        (
            title,
            " ".join(
                f"`\\{word}`" for word in sorted(words, key=lambda word: (word.lower(), word))
            ),
        )
        for title, words in groups
    ]
    rows.append(("environments", " ".join(map(code, textables.ENVIRONMENTS))))
    rows.append(
        ("spaces and escapes", r"`\,` `\:` `\;` `\!` `\ ` `\{` `\}` `\%` `\&` `\#` `\_` `\$`")
    )
    return grid(("commands", ""), rows)


def figures(what: str) -> str:
    """The page of benchmarks or their summary; the program that makes them is beside the package."""
    command = [sys.executable, "-m", "benchmarks.page", what]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


GENERATED: Mapping[str, Callable[[], str]] = {
    "keys": lambda: keys(EXERCISE),
    "variable": lambda: keys(VARIABLE),
    "question": lambda: keys(QUESTION),
    "notation": lambda: keys(NOTATION),
    "range": lambda: keys(DRAW),
    "nice": lambda: keys(NICE),
    "sheet": lambda: keys(PAPER),
    "page": lambda: keys(PAGE),
    "header": lambda: keys(HEADER),
    "grading": lambda: keys(GRADING),
    "tolerance": lambda: keys(TOLERANCE),
    "mistakes": lambda: ", ".join(map(code, SLUGS)),
    "mistake-table": mistakes,
    "elementwise": elementwise,
    "structured": structured,
    "functions": functions,
    "rules": rules,
    "signs": signs,
    "tex": commands_of_tex,
    "benchmarks": lambda: figures("page"),
    "figures": lambda: figures("summary"),
}


def regenerated(text: str) -> str:
    """A page with its tables made again."""
    return REGION.sub(lambda found: f"{found[1]}\n{GENERATED[found[2]]()}\n{found[3]}", text)


def main() -> None:
    for page in sys.argv[1:] or PAGES:
        path = ROOT / page
        before = path.read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder:
            after = rerun(regenerated(before), Path(folder))
        if after != before:
            path.write_text(after, "utf-8")
            print(f"{page}: brought up to date")


if __name__ == "__main__":
    main()
