"""A folder of variants: found by number, refused where it is not what it says."""

from pathlib import Path

import pytest

from gradcalc.exercise.variant_files import load_variant, roster_of, variant_files
from gradcalc.language.errors import GradcalcError

OF = "ab" * 32


def put(folder: Path, name: str, number: int) -> None:
    text = f"expression: f = x\nvalues: {{x: {number}}}\n"
    text += f"variant: {{of: {OF}, seed: 1, number: {number}}}\n"
    (folder / name).write_text(text)


def test_a_variant_is_found_by_its_number(tmp_path: Path) -> None:
    put(tmp_path, "ex-001.yaml", 1)
    put(tmp_path, "ex-002.yaml", 2)
    (tmp_path / "variants.csv").write_text("number\n")
    assert list(variant_files(tmp_path)) == [1, 2]
    exercise = load_variant(tmp_path, 2)
    assert exercise.variant is not None
    assert exercise.variant.number == 2


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GradcalcError, match="there are no variants in this folder"):
        variant_files(tmp_path)
    put(tmp_path, "ex-001.yaml", 2)
    with pytest.raises(GradcalcError, match="this file is variant 2, not 1"):
        load_variant(tmp_path, 1)
    with pytest.raises(GradcalcError, match="there is no variant 3 in this folder"):
        load_variant(tmp_path, 3)
    put(tmp_path, "other-001.yaml", 1)
    with pytest.raises(GradcalcError, match="variant 1 is there twice"):
        load_variant(tmp_path, 1)


def test_the_roster(tmp_path: Path) -> None:
    assert roster_of(tmp_path) == {}
    (tmp_path / "roster.csv").write_text("student,variant\ns1,2\ns2,1\n")
    assert roster_of(tmp_path) == {"s1": 2, "s2": 1}
    (tmp_path / "roster.csv").write_text("student,variant\ns1,x\n")
    with pytest.raises(GradcalcError, match="a row of a roster"):
        roster_of(tmp_path)
