"""Which formulas of named gradients an answer has to give, and which the answers above it gave."""

from __future__ import annotations

from gradcalc.derivation.answer_model import LINKS, Answer
from gradcalc.language.named_formulas import Formulas, Named, Pair, needed
from gradcalc.language.parser import Expr


class FormulasAbove:
    """Answers, taken one after the other. `once`: each formula is given once; else an answer
    gives again what it needs, unless that is much.

    A formula that was given comes with all that it needs, so that only new ones are looked at:
    the answers of a long computation rest on thousands of formulas each.
    """

    def __init__(self, once: bool) -> None:
        self.once = once
        self._answers: dict[str, Expr | None] = {}
        self._given: dict[str, Expr] = {}
        self._reached: set[Named] = set()

    def new(self, answer: Answer) -> tuple[list[Pair], bool]:
        """The formulas that an answer gives, those first that others need, and whether these are
        all that it uses.
        """
        pairs, all_ = self._used(answer)
        new = {name: expr for name, expr in pairs if self._answers.get(name) != expr}
        if self.once or len(new) > LINKS:
            new = {name: expr for name, expr in new.items() if self._given.get(name) != expr}
        self._given.update(pairs)
        self._answers.setdefault(answer.name, answer.symbolic)
        return list(new.items()), all_ and len(new) == len(pairs)

    def _used(self, answer: Answer) -> tuple[list[Pair], bool]:
        """The formulas that it uses, all of them; of those given `once`, what was not reached."""
        where = answer.where
        if not self.once or not isinstance(where, Formulas):
            return list(where), True
        fresh, known = needed(where.direct, self._reached), self._reached
        uses = (*where.direct, *(use for one in fresh for use in one.uses))
        all_ = all(use not in known for use in uses)
        known.update(fresh)
        return [*where.before, *((one.name, one.formula) for one in fresh)], all_
