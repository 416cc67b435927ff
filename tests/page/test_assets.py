"""The script and the style of the page as they are put together."""

from __future__ import annotations

import re
from collections import Counter

from gradcalc.render.page.assets import SCRIPTS, STYLES, digest, script
from helpers.page import PAGE

DECLARED = re.compile(r"^(?:async )?(?:function|class|const|let) +(\w+|\{[^}]*\}|\[[^]]*\])", re.M)


def test_every_file_is_delivered() -> None:
    assert {path.name for path in PAGE.glob("*.js")} == set(SCRIPTS)
    assert {path.name for path in PAGE.glob("*.css")} == set(STYLES)


def test_no_two_files_declare_one_name() -> None:
    texts = [(PAGE / name).read_text("utf-8") for name in SCRIPTS]
    names = [
        name for text in texts for one in DECLARED.findall(text) for name in re.findall(r"\w+", one)
    ]
    assert len(names) > 200
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_the_script_runs_no_text_and_writes_no_markup() -> None:
    words = r"\b(eval|Function)\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write"
    assert re.findall(words, script()) == []
    assert re.findall(words, "x = eval(y); z.innerHTML = y")


def test_a_digest_is_that_of_the_policy() -> None:
    # The hash of the empty text in base64.
    assert digest("") == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
