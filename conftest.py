"""The closing summary of a test run: what was left out, why, and the command that would bring it in.

Nothing is passed silently: a test that needs something this machine does not have is skipped with a reason, and every
reason is named at the end, in parallel runs too. A reason may end in "install it with: COMMAND"; the command is then
shown on a line of its own. Loaded by pytest from the top of the repository; the fixtures are in ``tests/conftest.py``.
"""

import shutil
from collections import defaultdict

import pytest

INSTALL = "install it with: "
NO_BROWSER = f"there is no Chromium on this machine; {INSTALL}sudo apt-get install chromium"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that need a browser where there is none."""
    if shutil.which("chromium"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name every reason for which a test was left out, with the command that would change it."""
    left_out = reasons(terminalreporter.stats.get("skipped", []))
    if left_out:
        terminalreporter.section("not run here")
    for reason, names in sorted(left_out.items()):
        what, _, command = reason.partition(INSTALL)
        many = "1 test" if len(names) == 1 else f"{len(names)} tests"
        terminalreporter.line(f"{many} skipped: {what.rstrip(' ;')}")
        for name in sorted(names):
            terminalreporter.line(f"    {name}")
        if command:
            terminalreporter.line(f"  to run {'it' if len(names) == 1 else 'them'}: {command}")
    if "not long" in config.getoption("markexpr"):
        terminalreporter.line("the tests that take minutes were left out; to run them: make test-long")


def reasons(reports: list[pytest.TestReport | pytest.CollectReport]) -> dict[str, set[str]]:
    """Skipped tests (or whole files) by the reason that they gave; each once, however many workers said so."""
    found = defaultdict(set)
    for report in reports:
        if getattr(report, "wasxfail", None) is not None:
            continue
        where = report.longrepr
        text = str(where[2]) if isinstance(where, tuple) else str(where)
        found[text.removeprefix("Skipped: ")].add(report.nodeid)
    return dict(found)
