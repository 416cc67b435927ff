"""Answers marked, for the command line and for the library: files and claims to verdicts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradcalc.exercise.files import read_bytes
from gradcalc.exercise.model import Exercise, Grading
from gradcalc.exercise.source import Text
from gradcalc.exercise.variant_files import load_variant, roster_of, variant_files
from gradcalc.graph.printed_names import printed_names
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.sizes import show
from gradcalc.marking.answers import Submission, answers_from, claims, read_answers
from gradcalc.marking.asked import Asked
from gradcalc.marking.marker import Marker
from gradcalc.marking.model import Given, Marked, Verdict
from gradcalc.marking.policy import load_policy, show_policy

if TYPE_CHECKING:
    from gradcalc.derivation.single_expression import Declared


def policy_of(exercise: Exercise, policy: str | None) -> Grading:
    """How answers are marked: the exercise's `grading`, and a policy file over it."""
    return load_policy(policy, exercise.grading) if policy else exercise.grading


def policy_text(exercise: Exercise, policy: str | None) -> str:
    """The same in YAML."""
    return show_policy(policy_of(exercise, policy))


def marked_answers(
    exercise: Exercise,
    answers: str | None,
    claimed: Sequence[str] = (),
    policy: str | None = None,
    reveal: bool = False,
) -> list[Marked]:
    """The answers in a file, of one student or of many, or claims on the command line. Raises
    GradcalcError.
    """
    marker = Marker(exercise, policy_of(exercise, policy))
    if answers is None:
        submissions = [Submission(claims(claimed, marker.questions))]
    else:
        submissions = read_answers(answers, marker.questions)
    own = exercise.variant.number if exercise.variant else None
    for one in submissions:
        if own is not None and one.variant not in (None, own):
            message = f"these are answers to variant {one.variant}, and this is variant {own}"
            raise GradcalcError(Problem("variant", message, None, "give the folder of variants"))
    return [marked(marker, one, only=answers is None, reveal=reveal) for one in submissions]


def marked_variants(
    folder: str,
    number: int | None,
    answers: str | None,
    claimed: Sequence[str] = (),
    policy: str | None = None,
    reveal: bool = False,
) -> list[Marked]:
    """The same for the variants in a folder: `number` for all answers, or the one that each
    submission names, or that its student has in the roster. Raises GradcalcError.
    """
    if number is not None:
        exercise = load_variant(folder, number)
        return marked_answers(exercise, answers, claimed, policy, reveal)
    if answers is None:
        message = "it is not said to which variant this is an answer"
        raise GradcalcError(Problem("variant", message, None, "give --variant 17"))
    first = load_variant(folder, min(variant_files(folder)))
    roster, markers = roster_of(folder), dict[int, Marker]()
    found = []
    for one in read_answers(answers, Asked(first).questions):
        which = one.variant if one.variant is not None else roster.get(one.student or "")
        if which is None:
            message = f"it is not said which variant {one.student or 'this student'} has"
            raise GradcalcError(Problem("variant", message, None, "write variant: 17"))
        if which not in markers:
            exercise = load_variant(folder, which)
            markers[which] = Marker(exercise, policy_of(exercise, policy))
        found.append(marked(markers[which], one, reveal=reveal))
    return found


def marked(
    marker: Marker, submission: Submission, only: bool = False, reveal: bool = False
) -> Marked:
    """What one student answered."""
    exercise = marker.asked.exercise
    other = None if exercise.variant else submission.variant
    verdicts = marker.mark(submission.answers, only, reveal, other)
    return Marked(
        verdicts,
        exercise.file,
        exercise.title,
        submission.student,
        (),
        printed_names(marker.asked.graph),
    )


def checked(
    exercise: Exercise,
    answers: Mapping[str, Any] | str | os.PathLike[str],
    policy: str | None = None,
    reveal: bool = False,
) -> list[Verdict]:
    """The answers of one student, from Python or from a file, marked."""
    marker = Marker(exercise, policy_of(exercise, policy))
    if isinstance(answers, Mapping):
        submissions = [answers_from(answers, marker.questions)]
    else:
        submissions = read_answers(os.fspath(answers), marker.questions)
    if len(submissions) != 1:
        message = f"these are the answers of {len(submissions)} students"
        raise GradcalcError(Problem("answers", message, None, "give those of one"))
    (one,) = submissions
    other = None if exercise.variant else one.variant
    return list(marker.mark(one.answers, reveal=reveal, variant=other))


def checked_claims(
    expression: str,
    wrt: Sequence[str],
    said: Declared,
    answers: Sequence[str],
    layout: str | None = None,
) -> tuple[list[str], list[Verdict]]:
    """What the shapes are taken to be, and a verdict on each formula claimed for a derivative."""
    from gradcalc.derivation.single_expression import single_exercise

    exercise, assumed = single_exercise(expression, wrt, said)
    if layout:
        exercise = replace(exercise, notation=replace(exercise.notation, layout=layout))
    marker = Marker(exercise)
    texts: list[str] = []
    for answer in answers:
        if answer == "-":
            lines = read_bytes("-").decode("utf-8", "replace").split("\n")
            texts += [line.rstrip("\r") for line in lines if line.strip()]
        else:
            texts.append(answer)
    found = [marker.one(0, Given(Text(text, "--answer"), claimed=True)) for text in texts]
    notes = [f"{name} is {show(shape)}" for name, shape in assumed.items()]
    return [f"assumed: {', '.join(notes)}"] if notes else [], found
