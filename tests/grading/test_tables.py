"""Cells that a spreadsheet would compute are written so that it does not."""

from __future__ import annotations

import csv
import io

from gradcalc.grading.tables import written


def test_cells_are_escaped() -> None:
    cells = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "a=1", "", "1,5", 'say "no"']
    (row,) = csv.reader(io.StringIO(written([cells]), newline=""))
    assert row == ["'=1+1", "'+1", "'-1", "'@x", "'\t=1", "'\n=1", "a=1", "", "1,5", 'say "no"']
