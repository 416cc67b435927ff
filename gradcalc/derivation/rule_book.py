"""The rules that a gradient meets on its way through a definition, each with its general form in
letters that the exercise does not use, and with what stands for them there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from gradcalc.derivation.elementary_steps import said
from gradcalc.derivation.general_rules import (
    Letters,
    chain_in_several,
    general,
    letters,
    matched,
    squared_norm,
    standing,
)
from gradcalc.derivation.step_model import Rule
from gradcalc.graph.model import Graph
from gradcalc.graph.to_expression import tree
from gradcalc.language.parser import names
from gradcalc.ops import TABLE

SQUARED_NORM = (
    "squared norm: it is the dot product of the vector with itself, so its gradient is twice the "
    "vector"
)


class RuleBook:
    """The rules of one exercise: an operation has the same letters wherever it occurs."""

    def __init__(self, graph: Graph, steady: set[int]) -> None:
        self.graph, self.steady = graph, steady
        self.fixed = steady | {graph.names[name] for name in graph.constants}
        self.known: dict[str, Letters] = {}

    @cached_property
    def taken(self) -> frozenset[str]:
        """Every name that the exercise uses."""
        exercise, graph = self.graph.exercise, self.graph
        words = {*graph.names, *graph.stacks, *graph.sizes, *graph.indices, exercise.loss}
        words |= {name for node in graph.nodes for size in node.shape for name in size.names}
        for definition in exercise.definitions:
            words.update(names(definition.expr))
        return frozenset((*words, *exercise.functions))

    def rules(self, operations: Mapping[int, list[int]]) -> tuple[Rule, ...]:
        """The operations a gradient passes on a path, each said once."""
        found: dict[tuple[str, str], Rule] = {}
        squared = self.squares(operations)
        for number, args in operations.items():
            if number in squared.values():
                continue
            for arg in args:
                alone = len(set(args)) == 1 and self.graph.nodes[number].args.count(arg) == 1
                rule = self.rule(number, arg, squared.get(number), alone)
                found.setdefault((rule.operation, rule.sentence), rule)
        return tuple(found.values())

    def squares(self, operations: Mapping[int, list[int]]) -> dict[int, int]:
        """Squared norms: the power -> the norm in it."""
        nodes = self.graph.nodes
        return {
            number: arg
            for number, args in operations.items()
            for arg in args
            if nodes[number].op == "pow" and nodes[arg].op == "norm" and arg in operations
            and nodes[nodes[number].args[1]].attrs.get("value") == 2
            and nodes[arg].name is None and not nodes[arg].shape
        }  # fmt: skip

    def rule(self, number: int, arg: int, norm: int | None, alone: bool) -> Rule:
        """The rule of an operation for one of its operands. `alone`: the others do not vary with
        the denominator, so that a power needs one rule.
        """
        nodes, node = self.graph.nodes, self.graph.nodes[number]
        place = node.args.index(arg)
        if norm is not None:
            own = self.letters("norm")
            inner = tuple(tree(nodes, n) for n in nodes[norm].args)
            return Rule("norm", 0, SQUARED_NORM, squared_norm(own), matched(own, inner))
        steady = self.fixed - {arg}
        operation, sentence = node.op, said(self.graph, number, arg, steady)
        if operation == "pow" and alone:
            sentence = TABLE["pow"].fixed[place]
        if operation == "apply" and len(node.args) > 1:
            several, words = chain_in_several(len(node.args), self.taken)
            parts = tuple(tree(nodes, n) for n in node.args)
            return Rule(operation, place, sentence, several, standing(words, parts))
        ranks = [len(nodes[n].shape) for n in node.args]
        if operation == "matmul" and ranks == [1, 1]:
            operation, sentence = "dot", TABLE["dot"].sentence
        one = sentence in TABLE[operation].fixed
        own = self.letters(operation)
        formula = general(operation, place if one else None, own)
        operands = [tree(nodes, n) for n in node.args]
        return Rule(operation, place, sentence, formula, matched(own, operands) if formula else ())

    def letters(self, operation: str) -> Letters:
        if operation not in self.known:
            self.known[operation] = letters(operation, self.taken)
        return self.known[operation]
