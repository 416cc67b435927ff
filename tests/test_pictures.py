"""The pictures in docs/images/ are current, all of them are shown, and they load nothing.

`python tests/generate_pictures.py` brings them up to date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from generate_docs import PAGES
from generate_pictures import (
    FIGURES,
    IMAGES,
    PAPERS,
    SCREENS,
    SESSIONS,
    digest,
    figure,
    made_from,
    session,
)
from helpers.paths import ROOT

DRAWN: dict[str, Callable[[], str]] = {
    **{name: lambda made=made: session(*made) for name, made in SESSIONS.items()},
    **{name: lambda made=made: figure(*made) for name, made in FIGURES.items()},
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_session_or_a_figure_shows_what_the_program_draws(name: str) -> None:
    assert (IMAGES / f"{name}.svg").read_text("utf-8") == DRAWN[name]()


@pytest.mark.parametrize("name", PAPERS)
def test_a_sheet_or_a_key_is_made_from_what_the_program_writes(name: str) -> None:
    assert made_from(IMAGES / f"{name}.svg") == digest(PAPERS[name])


def test_every_picture_is_made_and_shown() -> None:
    there = {path.name for path in IMAGES.iterdir()}
    drawn = {f"{name}.svg" for name in (*DRAWN, *PAPERS)}
    assert there == drawn | {f"{name}.png" for name in SCREENS}
    shown = "".join((ROOT / page).read_text("utf-8") for page in PAGES)
    assert {name for name in there if f"images/{name}" not in shown} == set()


def test_pictures_have_a_text_for_who_does_not_see_them() -> None:
    for page in PAGES:
        for text in re.findall(r"!\[([^\]]*)\]\(", (ROOT / page).read_text("utf-8")):
            assert len(text) > 10, page


def test_pictures_load_nothing() -> None:
    for path in IMAGES.glob("*.svg"):
        text = path.read_text("utf-8")
        root = ElementTree.fromstring(text)
        links = [
            value
            for part in root.iter()
            for key, value in part.attrib.items()
            if key.endswith("href")
        ]
        assert all(link.startswith("#") for link in links)
        assert "url(http" not in text
        assert "@import" not in text
