"""A plugin of pytest: it names each failing test when it fails, not at the end; with `-n` too."""

from __future__ import annotations

import pytest


class Failures:
    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self.terminal = terminal

    @pytest.hookimpl(trylast=True)  # after the letter that stands for the test
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.terminal.write_line(f"\nfailed: {report.nodeid}", red=True, flush=True)


@pytest.hookimpl(trylast=True)  # when there is a terminal reporter
def pytest_configure(config: pytest.Config) -> None:
    """Not in the processes of `-n`: they report to the first one, which has the terminal."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(terminal))
