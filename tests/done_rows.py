"""In CI a test that shows a done requirement must run: a skip there fails the run."""

import os

import pytest

from tests.requirements import rows

_skipped: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember skipped tests, parameters left off."""
    if report.skipped:
        _skipped.add(report.nodeid.partition("[")[0])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if a done row's test was skipped."""
    hidden = hidden_rows(_skipped)
    if "CI" in os.environ and hidden and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which requirements nothing showed this time."""
    for line in hidden_rows(_skipped):
        terminalreporter.write_line(f"skipped, so not shown: {line}", yellow=True)


def hidden_rows(skipped: set[str]) -> list[str]:
    """Return "id: test" of each done row whose test was skipped."""
    return [
        f"{row.id}: {test}"
        for row in rows()
        for test in row.tests
        if row.state == "done" and test in skipped
    ]
