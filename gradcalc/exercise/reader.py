"""Nodes to Exercise: every key read, every expression parsed, every mistake collected with its
place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from gradcalc.exercise.author_tex import check_markdown
from gradcalc.exercise.check_names import faults, first_free, resolve
from gradcalc.exercise.declarations import Declarations, Keys, named
from gradcalc.exercise.grading import read_grading, read_mistakes
from gradcalc.exercise.literals import read_constant, read_value
from gradcalc.exercise.model import (
    Definition,
    Exercise,
    Function,
    Question,
    Value,
    Variable,
)
from gradcalc.exercise.overrides import why_no_value
from gradcalc.exercise.paper import read_language, read_paper, read_parts, read_space
from gradcalc.exercise.questions import (
    Known,
    answer_names,
    own_names,
    read_question,
    stack_names,
)
from gradcalc.exercise.schema import EXERCISE, check, get
from gradcalc.exercise.source import Text
from gradcalc.exercise.upstreams import read_upstreams, shaped, symbols
from gradcalc.exercise.vary import read_variant, read_vary
from gradcalc.exercise.yaml_nodes import Node
from gradcalc.language.constants import CONSTANTS
from gradcalc.language.errors import GradcalcError, Place, Problem, SpanError
from gradcalc.language.parser import CALLABLE, Num, Span
from gradcalc.language.statements import Statement, read_head, statements, with_cure
from gradcalc.language.tokens import canonical, shown, tokenize

QUESTION_KEYS = ("name", "text", "points", "space", "answer", "mistakes")


def read_exercise(node: Node, file: str, problems: list[Problem]) -> Exercise:
    """Raises GradcalcError with every problem, those found before (`problems`) included."""
    if node.kind != "mapping":
        if not problems:
            problems.append(
                node.text.wrong(
                    "type",
                    "the file has no keys",
                    _first_key(node.text.value if node.kind == "scalar" else ""),
                )
            )
        raise GradcalcError(*problems)
    problems = list(problems)
    check(node, EXERCISE, "", problems)
    exercise = _Reader(node, file, problems).read()
    if problems:
        raise GradcalcError(*sorted(problems, key=_order))
    return exercise


def _first_key(text: str) -> str:
    """How a file without keys begins."""
    if text.count("=") == 1 and "\n" not in text and len(text) < 60:
        return f"write expression: {text.strip()}"
    if not text:
        return "write for example expression: f = x * y"
    return "write `expression: |` above, and indent the lines below it"


def _order(problem: Problem) -> tuple[int, int]:
    return (problem.place.line, problem.place.column) if problem.place else (0, 0)


class _Reader:
    """Reads an exercise from a checked node. Mistakes are added to `problems`, remarks to
    `warnings`.
    """

    def __init__(self, node: Node, file: str, problems: list[Problem]) -> None:
        self.node, self.file, self.problems = node, file, problems
        self.keys = Keys(node, problems)
        self.warnings = self.keys.warnings
        self.declarations = Declarations(self.keys)
        self.unreadable: list[tuple[Text, SpanError, Span]] = []  # lines that have no left side

    def read(self) -> Exercise:
        lines = self.lines()
        complete, variables = self.declarations.variables()
        defined, own, unread = self.computed(lines, variables)
        if own and not defined:
            raise GradcalcError(*sorted([*self.problems, _only_functions(own)], key=_order))
        exercise = self.declared(defined, own, complete, variables)
        known = symbols(get(self.node, "upstream"), exercise)
        exercise = replace(
            exercise,
            variables={n: v for n, v in exercise.variables.items() if n not in known},
            notation=replace(
                exercise.notation,
                latex={
                    **{name: one.latex for name, one in known.items() if one.latex},
                    **exercise.notation.latex,
                },
            ),
        )
        resolve(exercise, self.problems, self.warnings)
        sure = len(self.problems)
        names = frozenset(exercise.inputs) | {d.name for d in exercise.definitions}
        values, places = self.values(exercise, known.keys())
        given = {canonical(key.text.value) for key, _ in self.keys.entries("values")}
        self.warnings[:] = [
            warning
            for warning in self.warnings
            if warning.slug != "product" or warning.message.split("`")[1] not in given
        ]
        self.problems[:] = [  # dL and dw are inputs where they have values
            problem
            for problem in self.problems
            if problem.slug != "derivative"
            or not given.issuperset(problem.message.split("`")[1].split("/"))
        ]
        upstream, loss = read_upstreams(self.keys, exercise, names)
        variables, wrong = shaped(exercise, upstream, known)
        exercise = replace(exercise, variables=variables)
        self.problems += wrong
        # One that could not be read is an error already: questions about the loss are none besides.
        behind = get(self.node, "upstream")
        none = behind is None or (behind.kind == "mapping" and not behind.pairs)
        questions = self.questions(exercise, names, None if none else loss)
        if unread and not complete:  # a name may stand in the line that could not be read
            self.problems[sure:] = [
                problem for problem in self.problems[sure:] if problem.slug != "unknown-name"
            ]
        return replace(
            exercise,
            values=values,
            value_places=places,
            upstream=upstream,
            loss=loss,
            questions=questions,
            seed=self.keys.integer("seed", -(10**18), 10**18),
            vary=read_vary(self.keys, exercise),
            variant=read_variant(get(self.node, "variant"), self.problems),
            grading=read_grading(get(self.node, "grading"), self.problems),
            page_parts=read_parts(self.node),
            warnings=tuple(self.warnings),
        )

    # The computation

    def lines(self) -> list[tuple[Text, Statement, Place]]:
        """Every line of `expression`, the text its offsets are in, and the place of its name."""
        node = get(self.node, "expression")
        if node is None:
            return []
        found: list[tuple[Text, Statement, Place]] = []
        parts = node.items if node.kind == "list" else [node] if node.kind == "scalar" else []
        for part in parts:
            if part.kind == "scalar":
                lines, wrong = statements(part.text.value, self.folded(part))
                found += [(part.text, line, part.text.place(*line.span)) for line in lines]
                self.unreadable += [(part.text, *one) for one in wrong]
                if not lines and not wrong:
                    self.problems.append(
                        part.text.wrong(
                            "empty", "the expression is empty", "write for example f = x * y"
                        )
                    )
                self.warn_of_comment(part)
        for key, part in named(node):
            if (
                taken := self.keys.attempt(
                    key.text, lambda key=key: read_head(*head(key.text.value))
                )
            ) and part.kind == "scalar":
                name, kind, params, span = taken
                line = Statement(name, kind, params, span, part.text.value, 0, len(part.text.value))
                found.append((part.text, line, key.place))
                self.warn_of_comment(part)
        if not found and self.unreadable:
            return found
        nameless = [place for _, line, place in found if line.name is None]
        if nameless and sum(line.kind != "function" for _, line, _ in found) > 1:
            self.problems += [
                Problem("nameless", "each of several lines needs a name", place, "write z = …")
                for place in nameless
            ]
            found = [one for one in found if one[1].name is not None]
        if not found and not self.problems:
            self.problems.append(
                node.text.wrong("empty", "`expression` is empty", "write for example f = x * y")
            )
        return found

    def folded(self, node: Node) -> list[Span] | None:
        """The lines of a plain value of several lines, which YAML joins to one: an error where
        two define something.
        """
        runs = node.text.lines
        if not node.plain or len({line for _, line, _ in runs}) < 2:
            return None
        value, starts = node.text.value, [offset for offset, _, _ in runs]
        lines = [
            (a, b)
            for a, b in zip(starts, [*starts[1:], len(value)], strict=True)
            if value[a:b].strip()
        ]
        if (
            sum(
                bool(re.match(r"\s*-?\s*\w+\s*(\(.*?\)|\[.*?\])?\s*=[^=]", value[a:b]))
                for a, b in lines
            )
            < 2
        ):
            return None
        if all(value[a:b].lstrip().startswith("-") for a, b in lines):
            message, hint = "a space is missing after each dash", "write - before each line"
            lines = [(value.index("-", a) + 1, b) for a, b in lines]
        else:
            message, hint = "YAML joins these lines into one", "write `expression: |` above them"
        self.problems.append(node.text.wrong("folded", message, hint))
        return lines

    def warn_of_comment(self, node: Node) -> None:
        if node.comment:
            message = (
                f"YAML reads `{shown(node.comment, 20)}` as a comment, so the expression "
                "ends before it"
            )
            self.warnings.append(
                node.text.wrong(
                    "comment", message, "if it belongs to the expression, quote the whole line"
                )
            )

    def computed(
        self, lines: list[tuple[Text, Statement, Place]], variables: Mapping[str, Variable]
    ) -> tuple[list[Definition], dict[str, Function], bool]:
        """The definitions and functions of the lines, and whether one could not be read."""
        functions = {line.name for _, line, _ in lines if line.kind == "function" and line.name}
        callable_here = functions | {
            name for name, variable in variables.items() if variable.function
        }
        for text, error, at in self.unreadable:
            self.problems.append(
                text.problem(with_cure(error, text.value, at, callable_here, variables))
            )
        defined: list[Definition] = []
        own: dict[str, Function] = {}
        unread = bool(self.unreadable)
        for text, line, place in lines:
            expr = self.keys.attempt(text, lambda line=line: line.parse(callable_here, variables))
            if expr is None:
                unread = True
                expr = Num(
                    Fraction(0)
                )  # goes on, so that what refers to the name is not called unknown
            if line.kind == "function" and line.name:
                self.define_function(own, Function(line.name, line.params, expr, text, place))
            else:
                defined.append(Definition(line.name or "", expr, text, line.params, place))
        return defined, own, unread

    def declared(
        self,
        defined: list[Definition],
        own: dict[str, Function],
        complete: bool,
        variables: dict[str, Variable],
    ) -> Exercise:
        """The exercise with its declarations and texts, without values and questions."""
        sizes = self.declarations.sizes()
        examples, indices = (
            self.declarations.ranges("examples"),
            self.declarations.ranges("indices"),
        )
        defined = self.name_the_nameless(defined, [*variables, *sizes, *examples, *indices, *own])
        notation = self.declarations.notation(variables)
        return Exercise(
            self.file,
            tuple(defined),
            own,
            self.keys.text("title"),
            self.keys.text("text"),
            self.keys.text("author"),
            self.keys.text("source"),
            tuple(item.text.value for item in self.keys.items("tags")),
            read_language(self.node, self.problems),
            read_paper(self.node, self.problems),
            variables,
            complete,
            sizes,
            examples,
            indices,
            notation=notation,
        )

    def define_function(self, own: dict[str, Function], function: Function) -> None:
        if function.name in own:
            self.problems.append(
                Problem(
                    "second", f"the function `{function.name}` is defined twice", function.place
                )
            )
        if function.name in CALLABLE:
            message = f"your `{function.name}` replaces the built-in function of that name"
            self.warnings.append(Problem("replaced", message, function.place))
        own.setdefault(function.name, function)

    def name_the_nameless(self, defined: list[Definition], taken: list[str]) -> list[Definition]:
        if not any(not definition.name for definition in defined):
            return defined
        name = first_free(taken, defined)
        return [Definition(d.name or name, d.expr, d.source, d.indices) for d in defined]

    # Values

    def values(
        self, exercise: Exercise, symbols: Collection[str]
    ) -> tuple[dict[str, Value], dict[str, Place]]:
        """The values of inputs, and of upstream gradients that have names."""
        found: dict[str, Value] = {}
        places: dict[str, Place] = {}
        inputs = exercise.inputs
        for key, part in self.keys.entries("values"):
            if (name := self.keys.name(key)) is None:
                continue
            if name not in inputs and name not in symbols:
                self.problems.append(key.text.wrong(*why_no_value(name, exercise)))
            value = read_value(part, f"values.{shown(name)}", self.problems)
            if value is not None:
                found[name], places[name] = (
                    value,
                    part.place if part.kind == "scalar" else key.place,
                )
        return found, places

    # Questions and the rest

    def questions(
        self, exercise: Exercise, names: frozenset[str], loss: str | None
    ) -> tuple[Question, ...]:
        node = get(self.node, "questions")
        known = Known(
            names, stack_names(names) if exercise.examples else frozenset(), loss, exercise.inputs,
            frozenset(exercise.functions), tuple(d.name for d in exercise.definitions),
            below=own_names(item.text.value for item in node.items if item.kind == "scalar")
            if node else (),
            others=exercise.size_names | {*exercise.indices, *exercise.examples, *CONSTANTS},
            callable=frozenset({*exercise.functions, *exercise.unknown_functions}),
        )  # fmt: skip
        found: list[Question] = []
        for item in node.items if node else []:
            extra: Mapping[str, Node | None] = {}
            ask: Node | None = item
            if item.kind == "mapping":
                extra = {key: get(item, key) for key in QUESTION_KEYS}
                ask = get(item, "ask")
            if ask is None or ask.kind != "scalar":
                continue
            above = tuple(name for one in found for name in answer_names(one))
            so_far = replace(known, answers=above)
            question = self.keys.attempt(
                ask.text, lambda ask=ask, so_far=so_far: read_question(ask.text, so_far)
            )
            if question is not None:
                found.append(self.with_extra(question, extra, names))
                self.check_value(exercise, found[-1], above)
        named_answers: dict[str, Question] = {}
        for question in found:
            if question.name and named_answers.setdefault(question.name, question) is not question:
                self.problems.append(
                    Problem(
                        "duplicate", f"two answers are called `{question.name}`", question.place
                    )
                )
        return tuple(found)

    def check_value(self, exercise: Exercise, question: Question, above: tuple[str, ...]) -> None:
        """What is wrong with the expression of `value E`, as with that of a line."""
        if question.expr is not None and question.source is not None:
            known = {*exercise.variables, *(d.name for d in exercise.definitions), *above}
            found = faults(question.expr, exercise, known | exercise.size_names, ())
            self.problems += [question.source.problem(error) for error in found]

    def with_extra(
        self, question: Question, extra: Mapping[str, Node | None], names: frozenset[str]
    ) -> Question:
        name, prompt, points, space = (
            extra.get(key) for key in ("name", "text", "points", "space")
        )
        own, worth = question.name, None
        if name and (given := self.keys.name(name)):
            if own or given in names:
                reason = "the question already names it" if own else "that is a quantity"
                self.problems.append(
                    name.text.wrong(
                        "question", f"the answer cannot be called `{shown(given)}`: {reason}"
                    )
                )
            own = given
        if points:
            worth = self.keys.attempt(points.text, lambda: read_constant(points.text.value))
            if worth is not None and not isinstance(worth, Num):
                self.problems.append(
                    points.text.wrong("number", "points must be a number of at least 0")
                )
                worth = None
        if prompt and prompt.kind == "scalar":
            self.problems += [
                prompt.text.problem(error) for error in check_markdown(prompt.text.value)
            ]
        return Question(
            question.text,
            question.kind,
            question.of,
            question.by,
            own,
            question.entry,
            question.loss,
            prompt.text.value if prompt and prompt.kind == "scalar" else None,
            float(worth.value) if isinstance(worth, Num) else None,
            question.place,
            read_space(space, self.problems),
            answer.text.value if (answer := extra.get("answer")) else "either",
            read_mistakes(extra.get("mistakes"), self.problems),
            question.expr,
            question.source,
        )


def _only_functions(own: Mapping[str, Function]) -> Problem:
    """`f(x, y) = x^2*y` alone: a function, and nothing that is computed."""
    function = next(iter(own.values()))
    start, end = function.expr.span
    called = f"{function.name}({', '.join(function.params)})"
    message = f"`{called} = …` defines a function, not a quantity"
    text = shown(function.source.value[start:end], 50)
    return Problem("function", message, function.place, f"write {function.name} = {text}")


def head(text: str) -> tuple[list[Any], Any]:
    """The tokens of a line without their end, and that end."""
    tokens = tokenize(text)
    return tokens[:-1], tokens[-1]
