"""README.md and docs/: their commands run, what they show is what is printed, what is generated is current."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import gradcalc
from generate_docs import GENERATED, PAGES, regenerated
from gradcalc.exercise.load import parse_exercise
from gradcalc.graph.build import build
from gradcalc.render import printed
from helpers.pages import LEFT_OUT, Folder, agrees, blocks, commands, refreshed, runs
from helpers.paths import ROOT
from helpers.program import python

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the pages are written for a POSIX shell")
README = (ROOT / "README.md").read_text("utf-8")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
EVERY = (*PAGES, "CHANGELOG.md")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_commands_do_what_the_page_shows(page: str, tmp_path: Path) -> None:
    """`python tests/generate_docs.py` brings the page up to date."""
    for _, done in runs((ROOT / page).read_text("utf-8"), tmp_path):
        for run in done:
            if run.shown:
                shown = refreshed(run.shown, run.printed)
                assert shown is not None, f"{run.command}\n" + "\n".join(run.printed)
                assert run.shown == shown, run.command
            else:
                assert run.code == 0, f"{run.command}\n" + "\n".join(run.printed)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_generated_is_current(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert regenerated(text) == text


@pytest.mark.parametrize("page", PAGES)
def test_exercises_on_the_page_are_valid(page: str) -> None:
    """Those with operations that the page itself adds are only run."""
    text = (ROOT / page).read_text("utf-8")
    added = [f"{name}(" for name in re.findall(r'Op\("(\w+)"', text)]
    for block in blocks(text):
        if (
            block.language != "yaml"
            or "expression:" not in block.text
            or block.text.startswith("# wrong")
        ):
            continue
        if not any(name in block.text for name in added):
            build(parse_exercise(block.text))


@pytest.mark.parametrize("page", PAGES)
def test_sessions_in_python_do_what_the_page_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Folder(tmp_path).folder)
    for block in blocks((ROOT / page).read_text("utf-8")):
        if block.language == "pycon":
            session = doctest.DocTestParser().get_doctest(block.text, {}, page, page, 0)
            said: list[str] = []
            doctest.DocTestRunner(verbose=False).run(session, out=said.append)
            assert not said, "".join(said)


def test_every_table_that_is_generated_stands_on_a_page() -> None:
    pages = "".join((ROOT / page).read_text("utf-8") for page in PAGES)
    found = re.findall(r"<!-- generated: ([\w-]+) -->", pages)
    assert sorted(found) == sorted(GENERATED)


def test_every_folder_in_the_tour_exists() -> None:
    page = (ROOT / "docs/contributing.md").read_text("utf-8")
    folders = re.findall(r"^\| `(\w+/)` \|", page, re.M)
    assert "calculus/" in folders
    assert [name for name in folders if not (Path(gradcalc.__file__).parent / name).exists()] == []


def test_what_the_table_of_changes_names_exists() -> None:
    page = (ROOT / "docs/contributing.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|`]*) \| (.*`\w+/\w+\.py`.*) \|$", page, re.M)
    assert len(rows) > 20
    missing = [
        (change, file, name)
        for change, places in rows
        for file, names in re.findall(r"`(\w+/\w+\.py)`((?:[:,] `\w+`)*)", places)
        for name in re.findall(r"\w+", names)
        if not re.search(
            rf"\b(def|class) {name}\b|^({name}\b|.*, {name}\b)[^=\n]* =", source(file), re.M
        )
    ]
    assert missing == []


def source(file: str) -> str:
    return (Path(gradcalc.__file__).parent / file).read_text("utf-8")


@pytest.mark.slow
def test_the_operations_that_the_page_adds_pass_the_walks_of_the_table(tmp_path: Path) -> None:
    where, added = Folder(tmp_path), []
    for block in blocks((ROOT / "docs/contributing.md").read_text("utf-8")):
        if block.place and block.place[0].startswith("gradcalc/"):
            where.put(*block.place, block.text)
            added += re.findall(r"^ +Op\(\"(\w+)", block.text, re.M)
    assert len(added) == 3
    walks = (
        "test_operations.py",
        "test_every_stage_knows_every_operation.py",
        "derivation/test_general_rules.py",
    )
    done = python(
        "-m", "pytest", *(str(ROOT / "tests" / walk) for walk in walks), "-n", "0", "-vv", "--timeout", "100",
        "-k", " or ".join((*added, "test_every_stage_knows_every_operation", "no_formula")),
        env={"PYTHONPATH": str(where.folder)}, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert all(f"[{name}" in done.stdout for name in added)


def test_every_command_is_in_the_readme() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "gradcalc", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    names = re.findall(r"^  ([a-z]+)  ", said.partition("Commands:")[2], re.M)
    assert "solve" in names
    assert [name for name in names if f"`gradcalc {name}" not in README] == []


def test_every_format_is_in_the_readme() -> None:
    assert "|".join(printed()) in README


def test_the_test_line_is_on_its_own() -> None:
    """.ci/run takes it from here."""
    assert [block.text for block in blocks(README) if block.text.startswith("pytest")] == [
        "pytest -n 2\n"
    ]
    assert len(re.findall(r"^pytest\b", README, re.M)) == 1


@pytest.mark.parametrize("page", EVERY)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in LINK.findall(
        re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text("utf-8"), flags=re.S)
    ):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        to = (path.parent / file).resolve() if file else path
        assert to.exists(), target
        if anchor:
            assert anchor in anchors(to.read_text("utf-8")), target


def anchors(text: str) -> list[str]:
    """What headings are called in links."""
    titles = re.findall(r"^#+ (.*)$", text, re.M)
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


def test_every_page_is_in_the_list_of_the_site() -> None:
    """Under `nav:` in mkdocs.yml: the strict build refuses a page that is in no list."""
    listed = re.findall(
        r"- (?:[\w ]+: )?([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.M
    )
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert pages - set(listed) == set()
    assert set(listed) - pages == {"index.md", "changelog.md"}


def test_every_exercise_is_listed_once_under_its_title() -> None:
    listed = re.findall(
        r"^\| \[([\w-]+)\]\(([\w-]+)\.yaml\) \| (.*) \|$",
        (ROOT / "exercises/README.md").read_text("utf-8"),
        re.M,
    )
    titles = {
        path.stem: yaml.safe_load(path.read_text("utf-8"))["title"]
        for path in (ROOT / "exercises").glob("*.yaml")
    }
    assert {name: title for name, _, title in listed} == titles
    assert len(listed) == len(titles)
    assert all(name == file for name, file, _ in listed)


# ---- the checks themselves


def test_a_difference_is_seen() -> None:
    assert agrees(["a", "b"], ["a", "b"])
    assert not agrees(["a", "b"], ["a", "c"])
    assert agrees(["a", LEFT_OUT, "c"], ["a", "b", "c"])
    assert agrees([LEFT_OUT, "b", "c"], ["a", "b", "c"])
    assert not agrees([LEFT_OUT, "b", "x"], ["a", "b", "c"])
    assert agrees([LEFT_OUT, "b", LEFT_OUT], ["a", "b", "c"])
    assert not agrees([LEFT_OUT, "x", LEFT_OUT], ["a", "b", "c"])
    assert not agrees([LEFT_OUT, "b", "d", LEFT_OUT], ["a", "b", "c", "d", "e"])


def test_rounding_errors_are_no_difference() -> None:
    assert agrees(["largest relative difference 2e-12"], ["largest relative difference 0"])
    assert agrees(["a.pdf: written, made with latexmk"], ["a.pdf: written, made with tectonic"])
    assert not agrees(["value 2e-12"], ["value 1"])


def test_lines_left_out_stay_left_out() -> None:
    assert refreshed([LEFT_OUT, "b", "old", "d", LEFT_OUT], ["a", "b", "c", "d", "e"]) == (
        LEFT_OUT,
        "b",
        "c",
        "d",
        LEFT_OUT,
    )
    assert refreshed(["old"], ["a", "b"]) == ("a", "b")
    assert refreshed([LEFT_OUT, "gone"], ["a", "b"]) is None


def test_commands_are_found() -> None:
    (block,) = blocks("```console\n$ one\nsaid\n$ two \\\n  more\n```\n")
    assert list(commands(block)) == [("one", ("said",)), ("two \\\n  more", ())]


def test_a_table_of_the_program_is_not_touched(tmp_path: Path) -> None:
    """What a page adds goes into a copy."""
    where = Folder(tmp_path)
    where.put("gradcalc/ops/elementwise.py", "in", "FUNCTIONS", "# \n# here\n")
    assert "FUNCTIONS = (\n# here\n" in (where.folder / "gradcalc/ops/elementwise.py").read_text(
        "utf-8"
    )
