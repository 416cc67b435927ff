"""Figures in SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.render import svg
from helpers.pictures import drawn

ELEMENTS = {
    "svg",
    "title",
    "desc",
    "polygon",
    "rect",
    "g",
    "polyline",
    "text",
    "line",
    "circle",
}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_an_svg_is_xml_of_listed_elements_whatever_the_title(title: str) -> None:
    what = replace(drawn("ex1"), title=title, description=title)
    root = ET.fromstring(svg.draw(what))
    assert {element.tag.split("}")[1] for element in root.iter()} <= ELEMENTS
    assert {
        a for element in root.iter() for a in element.attrib if a.startswith("on") or "href" in a
    } == set()
    assert root[0].tag.endswith("title")
    assert root[1].tag.endswith("desc")


def test_colour_is_never_the_only_sign() -> None:
    text = svg.draw(drawn("ex2"))
    assert ">above the wire: value<" in text
    assert ">below: gradient of\u00a0<" in text
    assert ">parameter<" in text
