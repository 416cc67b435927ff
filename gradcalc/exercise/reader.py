"""Nodes to Exercise: every key read, every expression parsed, every mistake collected with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from gradcalc.exercise.author_tex import check_markdown
from gradcalc.exercise.check_names import first_free, resolve
from gradcalc.exercise.declarations import Declarations, Keys, named
from gradcalc.exercise.literals import is_symbol, read_constant, read_value
from gradcalc.exercise.model import (
    Definition,
    Exercise,
    Function,
    Question,
    Upstream,
    Value,
)
from gradcalc.exercise.overrides import why_no_value
from gradcalc.exercise.paper import read_language, read_paper, read_space
from gradcalc.exercise.questions import Known, read_question, stack_names
from gradcalc.exercise.schema import EXERCISE, check, get
from gradcalc.exercise.source import Text
from gradcalc.exercise.yaml_nodes import Node
from gradcalc.language.errors import GradcalcError, Place, Problem, SpanError, closest
from gradcalc.language.parser import CALLABLE, Compare, Expr, Name, Num, parse
from gradcalc.language.statements import Statement, read_head, statements
from gradcalc.language.tokens import canonical, read_name, shown, tokenize


def read_exercise(node: Node, file: str, problems: list[Problem]) -> Exercise:
    """Raises GradcalcError with every problem, those found before (`problems`) included."""
    if node.kind != "mapping":
        if not problems:
            problems.append(
                node.text.wrong(
                    "type", "an exercise is a mapping of keys", "begin with expression: f = x * y"
                )
            )
        raise GradcalcError(*problems)
    problems = list(problems)
    check(node, EXERCISE, "", problems)
    exercise = _Reader(node, file, problems).read()
    if problems:
        raise GradcalcError(*sorted(problems, key=_order))
    return exercise


def _order(problem: Problem) -> tuple[int, int]:
    return (problem.place.line, problem.place.column) if problem.place else (0, 0)


class _Reader:
    """Reads an exercise from a checked node. Mistakes are added to `problems`, remarks to `warnings`."""

    def __init__(self, node: Node, file: str, problems: list[Problem]) -> None:
        self.node, self.file, self.problems = node, file, problems
        self.keys = Keys(node, problems)
        self.warnings = self.keys.warnings
        self.declarations = Declarations(self.keys)

    def read(self) -> Exercise:
        lines = self.lines()
        complete, variables = self.declarations.variables()
        functions = {line.name for _, line, _ in lines if line.kind == "function" and line.name}
        callable_here = functions | {
            name for name, variable in variables.items() if variable.function
        }
        defined: list[Definition] = []
        own: dict[str, Function] = {}
        unread = False
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
        sizes = self.declarations.sizes()
        examples, indices = (
            self.declarations.ranges("examples"),
            self.declarations.ranges("indices"),
        )
        defined = self.name_the_nameless(defined, [*variables, *sizes, *examples, *indices, *own])
        notation = self.declarations.notation(variables)
        exercise = Exercise(
            self.file, tuple(defined), own, self.keys.text("title"), self.keys.text("text"), self.keys.text("author"), self.keys.text("source"),
            tuple(item.text.value for item in self.keys.items("tags")),
            read_language(self.node, self.problems), read_paper(self.node, self.problems), variables, complete,
            sizes, examples, indices, notation=notation,
        )  # fmt: skip
        resolve(exercise, self.problems, self.warnings)
        sure = len(self.problems)
        names = frozenset(exercise.inputs) | {definition.name for definition in defined}
        values, places = self.values(exercise)
        upstream, loss = self.upstream(exercise, names)
        # One that could not be read is an error already: questions about the loss are none besides.
        given = get(self.node, "upstream") is not None
        questions = self.questions(exercise, names, loss if given else None)
        if unread and not complete:  # a name may stand in the line that could not be read
            self.problems[sure:] = [
                problem for problem in self.problems[sure:] if problem.slug != "unknown-name"
            ]
        return replace(
            exercise, values=values, value_places=places, upstream=upstream, loss=loss, questions=questions,
            seed=self.keys.integer("seed", -(10**18), 10**18), vary=self.vary(exercise), warnings=tuple(self.warnings),
        )  # fmt: skip

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
                lines, wrong = statements(part.text.value)
                found += [(part.text, line, part.text.place(*line.span)) for line in lines]
                self.problems += [part.text.problem(error) for error in wrong]
                if not lines and not wrong:
                    self.problems.append(
                        part.text.wrong("empty", "an empty expression", "for example f = x * y")
                    )
                self.warn_of_comment(part)
        for key, part in named(node):
            if (
                line := self.keys.attempt(
                    key.text, lambda key=key: read_head(*head(key.text.value))
                )
            ) and part.kind == "scalar":
                name, kind, params, span = line
                if body := self.keys.attempt(
                    part.text, lambda part=part: tokenize(part.text.value)
                ):
                    found.append((part.text, Statement(name, kind, params, span, body), key.place))
                self.warn_of_comment(part)
        nameless = [place for _, line, place in found if line.name is None]
        if nameless and sum(line.kind != "function" for _, line, _ in found) > 1:
            self.problems += [
                Problem("nameless", "of several lines each has a name", place, "write z = …")
                for place in nameless
            ]
            found = [one for one in found if one[1].name is not None]
        if not found and not self.problems:
            self.problems.append(
                node.text.wrong("empty", "`expression` defines nothing", "for example f = x * y")
            )
        return found

    def warn_of_comment(self, node: Node) -> None:
        if node.comment:
            message = f"for YAML the expression ends before `{shown(node.comment, 20)}`"
            self.warnings.append(
                node.text.wrong("comment", message, "if it goes on, quote it or begin with |")
            )

    def define_function(self, own: dict[str, Function], function: Function) -> None:
        if function.name in own:
            self.problems.append(
                Problem("second", f"a second definition of `{function.name}`", function.place)
            )
        if function.name in CALLABLE:
            message = f"`{function.name}` is defined here and replaces the function of that name"
            self.warnings.append(Problem("replaced", message, function.place))
        own.setdefault(function.name, function)

    def name_the_nameless(self, defined: list[Definition], taken: list[str]) -> list[Definition]:
        if not any(not definition.name for definition in defined):
            return defined
        name = first_free(taken, defined)
        return [Definition(d.name or name, d.expr, d.source, d.indices) for d in defined]

    # Values

    def values(self, exercise: Exercise) -> tuple[dict[str, Value], dict[str, Place]]:
        found: dict[str, Value] = {}
        places: dict[str, Place] = {}
        inputs = exercise.inputs
        for key, part in self.keys.entries("values"):
            if (name := self.keys.name(key)) is None:
                continue
            if name not in inputs:
                self.problems.append(key.text.wrong(*why_no_value(name, exercise)))
            value = read_value(part, f"values.{shown(name)}", self.problems)
            if value is not None:
                found[name], places[name] = (
                    value,
                    part.place if part.kind == "scalar" else key.place,
                )
        return found, places

    def upstream(
        self, exercise: Exercise, names: frozenset[str]
    ) -> tuple[tuple[Upstream, ...], str]:
        node = get(self.node, "upstream")
        usual = "L" if "L" not in names else "loss"
        if node is None:
            return (), usual
        if node.kind != "mapping":
            if usual in names:
                message = "which name the loss has is not clear: L and loss are quantities of the exercise"
                hint = (
                    f"name it: upstream: {{dJ/d{exercise.definitions[-1].name}: 1}}"
                    if exercise.definitions
                    else None
                )
                self.problems.append(Problem("upstream", message, node.place, hint))
            value = self.gradient(node, names, "upstream")
            return ((Upstream(None, value, node.place),) if value is not None else ()), usual
        found: list[Upstream] = []
        losses: dict[str, Node] = {}
        for key, part in named(node):
            match = re.fullmatch(r"\s*[d∂](.+?)\s*/\s*[d∂](.+?)\s*", key.text.value)
            if match is None:
                self.problems.append(
                    key.text.wrong(
                        "upstream",
                        f"`{shown(key.text.value)}` is not a derivative",
                        "write dL/df: 1",
                    )
                )
                continue
            loss, of = canonical(match.group(1)), canonical(match.group(2))
            losses.setdefault(loss, key)
            defined = [definition.name for definition in exercise.definitions]
            if loss in names:
                message = f"`{shown(loss)}` is a quantity of the exercise, so it cannot be the loss behind it"
                self.problems.append(
                    key.text.problem(
                        SpanError(
                            "upstream", message, *match.span(1), "call the loss loss: dloss/df"
                        )
                    )
                )
            elif not self.keys.attempt(
                key.text, lambda match=match: read_name(match.group(1)), match.start(1)
            ):
                continue
            if of not in defined:
                near = closest(of, defined)
                message = (
                    f"`{shown(of)}` is an input"
                    if of in names
                    else f"there is no quantity `{shown(of)}`"
                )
                hint = (
                    f"did you mean {near}?"
                    if near
                    else "upstream gradients stand at computed quantities"
                )
                self.problems.append(
                    key.text.problem(SpanError("unknown-name", message, *match.span(2), hint))
                )
            value = self.gradient(part, names, f"upstream.{shown(key.text.value)}")
            if value is not None:
                found.append(Upstream(of, value, key.place))
        if len(losses) > 1:
            first, second = list(losses)[:2]
            message = f"two losses, {shown(first)} and {shown(second)}"
            self.problems.append(
                losses[second].text.wrong(
                    "upstream", message, "the upstream gradients are those of one loss"
                )
            )
        return tuple(found), next(iter(losses), usual)

    def gradient(self, node: Node, names: frozenset[str], path: str) -> Value | None:
        """A number, an array, or a name that keeps the gradient symbolic."""
        if symbol := is_symbol(node):
            if symbol not in names and symbol.lower() not in (
                "inf",
                "nan",
                "oo",
                "true",
                "false",
                "null",
                "none",
                "yes",
                "no",
            ):
                return Name(symbol)
            hint = "a name that is not used yet keeps it symbolic"
            self.problems.append(
                node.text.wrong("upstream", f"`{path}` cannot be `{shown(symbol)}`", hint)
            )
            return None
        return read_value(node, path, self.problems)

    # Questions and the rest

    def questions(
        self, exercise: Exercise, names: frozenset[str], loss: str | None
    ) -> tuple[Question, ...]:
        node = get(self.node, "questions")
        known = Known(names, stack_names(names) if exercise.examples else frozenset(), loss)
        found: list[Question] = []
        for item in node.items if node else []:
            extra: Mapping[str, Node | None] = {}
            ask: Node | None = item
            if item.kind == "mapping":
                extra = {key: get(item, key) for key in ("name", "text", "points", "space")}
                ask = get(item, "ask")
            if ask is None or ask.kind != "scalar":
                continue
            question = self.keys.attempt(ask.text, lambda ask=ask: read_question(ask.text, known))
            if question is not None:
                found.append(self.with_extra(question, extra, names))
        named_answers: dict[str, Question] = {}
        for question in found:
            if question.name and named_answers.setdefault(question.name, question) is not question:
                self.problems.append(
                    Problem(
                        "duplicate", f"a second answer is called `{question.name}`", question.place
                    )
                )
        return tuple(found)

    def with_extra(
        self, question: Question, extra: Mapping[str, Node | None], names: frozenset[str]
    ) -> Question:
        name, prompt, points, space = (
            extra.get(key) for key in ("name", "text", "points", "space")
        )
        own, worth = question.name, None
        if name and (given := self.keys.name(name)):
            if own or given in names:
                reason = "the question names it already" if own else "it is a quantity already"
                self.problems.append(
                    name.text.wrong(
                        "question", f"the answer cannot be called `{shown(given)}`: {reason}"
                    )
                )
            own = given
        if points:
            worth = self.keys.attempt(points.text, lambda: read_constant(points.text.value))
            if worth is not None and not isinstance(worth, Num):
                self.problems.append(points.text.wrong("number", "points are a number from 0"))
                worth = None
        if prompt and prompt.kind == "scalar":
            self.problems += [
                prompt.text.problem(error) for error in check_markdown(prompt.text.value)
            ]
        return Question(
            question.text, question.kind, question.of, question.by, own, question.entry, question.loss,
            prompt.text.value if prompt and prompt.kind == "scalar" else None,
            float(worth.value) if isinstance(worth, Num) else None, question.place, read_space(space, self.problems),
        )  # fmt: skip

    def vary(self, exercise: Exercise) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, part in self.keys.entries("vary"):
            if key.text.value == "require":
                parts = [part] if part.kind == "scalar" else part.items
                found["require"] = tuple(
                    expr for one in parts if (expr := self.condition(one)) is not None
                )
            elif name := self.keys.name(key):
                if name not in exercise.inputs:
                    self.problems.append(key.text.wrong(*why_no_value(name, exercise)))
                found[name] = self.draw(part, f"vary.{shown(name)}")
        return found

    def condition(self, node: Node) -> Expr | None:
        expr: Expr | None = (
            self.keys.attempt(node.text, lambda: parse(node.text.value))
            if node.kind == "scalar"
            else None
        )
        if expr is not None and not isinstance(expr, Compare):
            self.problems.append(
                node.text.wrong("condition", "not a condition", "for example f != 0")
            )
        return expr

    def draw(self, node: Node, path: str) -> dict[str, tuple[Expr, ...]]:
        found: dict[str, tuple[Expr, ...]] = {}
        for key, part in named(node):
            values = read_value(part, path, self.problems)
            if not isinstance(values, tuple):
                continue
            flat = tuple(value for value in values if not isinstance(value, tuple))
            if key.text.value != "choices" and len(flat) != 2:
                self.problems.append(
                    part.text.wrong("vary", f"`{path}.{key.text.value}` has two bounds, [from, to]")
                )
            found[key.text.value] = flat
        if len(node.pairs) != 1 and node.kind == "mapping":
            self.problems.append(
                node.text.wrong("vary", f"`{path}` wants one of integers, choices, uniform")
            )
        return found


def head(text: str) -> tuple[list[Any], Any]:
    """The tokens of a line without their end, and that end."""
    tokens = tokenize(text)
    return tokens[:-1], tokens[-1]
