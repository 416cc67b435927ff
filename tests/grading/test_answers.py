"""Each answer is kept once, whatever the order in which answers come."""

from __future__ import annotations

from gradcalc.grading.answers import NONE, Answer, Answers, answer_of, key_of, normal


def test_what_makes_no_difference() -> None:
    assert normal("  2 *\t x ") == "2 * x"
    assert normal("e\u0301") == "\u00e9"
    assert normal("1\n2") == "1\n2"
    assert [normal(blank) for blank in (None, "", " ", "?", " ? ")] == [""] * 5
    assert normal("\ud800x") == "?x"
    assert normal("a\x1fb") == "a\ufffdb"


def test_a_key_is_an_answer() -> None:
    for one in (
        Answer(None, "x"),
        Answer(17, "x; y", "3"),
        Answer(3, "", "2"),
        Answer(1, "2", "", True),
    ):
        assert answer_of(key_of(one)) == one


def test_two_answers_of_a_student_are_kept_in_an_order_of_their_own() -> None:
    shown = set()
    for order in (("x", "y", "x", "z"), ("z", "y", "x", "y")):
        kept = Answers(2)
        student = kept.student("a")
        added = [kept.add(student, 1, key_of(Answer(None, text))) for text in order]
        assert added[0]
        assert not all(added)
        found = answer_of(kept.keys[1][kept.of(student, 1)])
        assert found.several
        shown.add(found.shown)
    assert shown == {"x | y | z"}


def test_who_answered_what() -> None:
    kept = Answers(1)
    for name, text in (("a", "x"), ("b", "y"), ("c", "x")):
        assert kept.add(kept.student(name), 0, key_of(Answer(None, text)))
    assert kept.of(0, 0) == kept.of(2, 0) != kept.of(1, 0)
    assert kept.of(kept.student("d"), 0) == NONE
    assert len(kept.keys[0]) == 2
    assert kept.count() == 3
