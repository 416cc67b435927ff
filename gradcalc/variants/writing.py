"""A variant as a file: the text of the exercise with other values, and what is said of them in its
prose; the rest stays as its author wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import yaml

from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.exercise.vary_model import Drawn, Variant
from gradcalc.language.constants import fraction
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.parser import Expr, unparse
from gradcalc.variants.engine import Found

REPLACED = ("values", "vary", "variant", "seed")
PROSE = ("text", "title", "questions")


class Sheet:
    """Writes the variants of one exercise. `text`: of its file."""

    def __init__(self, text: str, exercise: Exercise, given: Mapping[str, Drawn]) -> None:
        self.exercise, self.given = exercise, given
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        self.parts = list(_parts(text))

    def write(self, found: Found, variant: Variant) -> str:
        """The variant as YAML. Raises GradcalcError where it cannot be written."""
        lines: list[str] = []
        values = self._values(found)
        written = False
        for key, part in self.parts:
            if key == "values":
                lines.append(values)
                written = True
            elif key == "sizes" and found.sizes:
                lines.append(self._sizes(found))
            elif key not in REPLACED:
                lines.append(self._part(key, part, found))
        if not written:
            lines.append(values)
        if found.sizes and not any(key == "sizes" for key, _ in self.parts):
            lines.append(self._sizes(found))
        lines.append(
            f"variant: {{of: {variant.of}, seed: {variant.seed}, number: {variant.number}}}\n"
        )
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)

    def _values(self, found: Found) -> str:
        values = {**self.given, **found.values}
        if not values:
            return ""
        rows = [f"  {name}: {written(value)}\n" for name, value in values.items()]
        return "values:\n" + "".join(rows)

    def _sizes(self, found: Found) -> str:
        sizes = {**self.exercise.sizes, **found.sizes}
        return "sizes: {" + ", ".join(f"{name}: {size}" for name, size in sizes.items()) + "}\n"

    def _part(self, key: str, part: str, found: Found) -> str:
        if key == "expression":
            for name, to in found.functions.items():
                part = self._called(part, name, to)
        if key in PROSE:
            for name, value in found.values.items():
                old = self.exercise.values.get(name)
                if old is not None and not isinstance(old, tuple) and not isinstance(value, tuple):
                    part = self._said(part, name, old, value)
        return part

    def _called(self, part: str, name: str, to: str) -> str:
        """The lines with another function in the place of one."""
        if name in self.exercise.functions:
            (one,) = self.exercise.functions[name].params
            line = rf"(?<!\w){re.escape(name)}\(\s*{re.escape(one)}\s*\)\s*([=:])[^\n]*"
            return re.sub(line, rf"{name}({one}) \1 {to}({one})", part)
        return re.sub(rf"(?<!\w){re.escape(name)}(?=\s*\()", to, part)

    def _said(self, part: str, name: str, old: Expr, new: Expr) -> str:
        """Prose that says `x = -2`, with the new number."""
        letters = {re.escape(name)}
        stem, digits = re.fullmatch(r"(.*?)_?(\d*)", name).groups()  # type: ignore[union-attr]
        if digits:
            letters |= {rf"{re.escape(stem)}_\{{?{digits}\}}?"}
        if (latex := self.exercise.notation.latex.get(name)) is not None:
            letters.add(re.escape(latex))
        number = re.escape(unparse(old)).replace(r"\-", "[-−]").replace(r"\ ", r"\s*")
        pattern = rf"(?<![\w\\])({'|'.join(sorted(letters))})(\s*=\s*){number}(?![\w/]|[.,]\d)"
        return re.sub(pattern, lambda match: match[1] + match[2] + in_prose(new), part)

    def checked(self, text: str, found: Found, variant: Variant) -> Exercise:
        """The exercise that a file says, if it is the one that was meant. Raises GradcalcError."""
        exercise = parse_exercise(text, self.exercise.file)
        good = exercise.variant == variant and all(
            exercise.values.get(name) is not None
            and written(exercise.values[name]) == written(value)
            for name, value in found.values.items()
        )
        if not good:
            message = "this exercise cannot be written with other values"
            raise GradcalcError(
                Problem("vary", message, None, "write each key on lines of its own")
            )
        return exercise


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """The keys of a file with the lines that belong to each, and before them what stands above."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    root = yaml.compose(text, Loader=loader)
    assert isinstance(root, yaml.MappingNode)
    lines = text.splitlines(keepends=True)
    pairs = [(key.value, key.start_mark.line, value) for key, value in root.value]
    if root.flow_style:
        for key, _, value in pairs:
            inside = text[value.start_mark.index : value.end_mark.index]
            yield key, f"{key}: {inside}\n"
        return
    starts = [start for _, start, _ in pairs]
    for k in range(1, len(starts)):  # comments stand above what they are about
        while starts[k] > starts[k - 1] + 1 and re.match(r"#|\s*$", lines[starts[k] - 1]):
            starts[k] -= 1
    yield "", "".join(line for line in lines[: starts[0]] if not line.startswith(("---", "%")))
    for (key, *_), start, end in zip(pairs, starts, [*starts[1:], len(lines)], strict=True):
        own = [line for line in lines[start:end] if line.rstrip() not in ("---", "...")]
        yield key, "".join(own)


def written(value: Drawn) -> str:
    """A value as it stands in a file."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    text = unparse(value)
    return f"'{text}'" if "," in text else text


def in_prose(value: Expr) -> str:
    """A number within $…$."""
    known = fraction(value)
    if known is None:
        return unparse(value).replace("log(", "\\log(").replace("*", " ").replace("pi", "\\pi")
    return unparse(value)
