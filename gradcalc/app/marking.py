"""Answers marked, for the command line and for the library: files and claims to verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.exercise.model import Exercise, Grading
from gradcalc.graph.printed_names import printed_names
from gradcalc.marking.answers import Submission, claims, read_answers
from gradcalc.marking.marker import Marker
from gradcalc.marking.model import Marked
from gradcalc.marking.policy import load_policy, show_policy


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
    return [marked(marker, one, only=answers is None, reveal=reveal) for one in submissions]


def marked(
    marker: Marker, submission: Submission, only: bool = False, reveal: bool = False
) -> Marked:
    """What one student answered."""
    exercise = marker.asked.exercise
    verdicts = marker.mark(submission.answers, only, reveal)
    return Marked(
        verdicts,
        exercise.file,
        exercise.title,
        submission.student,
        (),
        printed_names(marker.asked.graph),
    )
