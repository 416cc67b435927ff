"""What holds for all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from helpers.failures import pytest_configure

__all__ = ["bad", "pytest_configure"]

# A shell starts its background jobs with SIGINT ignored, and so would everything the tests start be.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    """The path of an exercise that cannot be read."""
    path = tmp_path / "bad.yaml"
    path.write_text("expression: x *\n", "utf-8")
    return str(path)
