"""Other numbers for a page: the values of the variants that `gradcalc vary` draws of its exercise.

tables("ex1", exercise, Wanted(20, seed=1))  ->  ({"x": -3, "y": 1, "z": 4}, …)
"""

from __future__ import annotations

from collections.abc import Mapping

from gradcalc.app.variants import Course
from gradcalc.exercise.model import Exercise
from gradcalc.exercise.vary_model import Drawn, Vary
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.variants.suggest import suggest

STRUCTURE = ("sizes", "functions")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many variants, and of which seed; auto: we choose what varies where the exercise does
    not say.
    """

    count: int
    seed: int = 1
    auto: bool = False


def tables(file: str, exercise: Exercise, wanted: Wanted) -> tuple[Mapping[str, Drawn], ...]:
    """The values of each variant. Raises GradcalcError where a page cannot have them."""
    if "values" not in exercise.page_parts:
        message = "other numbers need the part `values` of the page"
        raise GradcalcError(Problem("page", message, None, "write page: {parts: [values, …]}"))
    vary = _vary(file, exercise, wanted)
    course = Course(file, wanted.seed, vary)
    made = course.make(wanted.count)
    if len(made) < wanted.count:
        message = f"found {len(made)} of {wanted.count} variants"
        cure = f"gradcalc vary {file} -n {wanted.count} says what stands in the way"
        raise GradcalcError(Problem("vary", message, None, cure))
    return tuple(one.found.values for one in made)


def _vary(file: str, exercise: Exercise, wanted: Wanted) -> Vary:
    """What varies: values alone."""
    vary = exercise.vary
    if not vary and not wanted.auto:
        message = "this exercise does not say what varies"
        raise GradcalcError(Problem("vary", message, None, "add --auto, or write `vary`"))
    vary = vary or suggest(exercise).vary
    for name, domain in vary.domains.items():
        if domain.kind in STRUCTURE:
            message = (
                f"a page has variants of values alone, and `{name}` varies in its {domain.kind}"
            )
            cure = f"make a page of each: gradcalc vary {file} -o DIR, then export DIR --to page"
            raise GradcalcError(Problem("vary", message, domain.place, cure))
    return vary
