"""Why a try will not do, in words."""

from __future__ import annotations

WORDS = {
    "drawn": "what is drawn cannot be as it has to be",
    "undefined": "something is undefined",
    "size": "a number is too large",
    "numbers": "a number is not nice",
    "kink": "a kink or a tie is met",
    "zero": "an answer is 0",
    "equal": "two answers are equal",
    "require": "a condition does not hold",
    "discriminate": "a common mistake gives the right number",
    "duplicate": "an earlier variant has the same answers",
    "side": "only one side of a kink would be met",
}
