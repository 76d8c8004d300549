"""The closing summary names every skipped test with the command that would run it, side by side or not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_that_passes():
    assert True

def test_that_needs_a_tool():
    pytest.skip("there is no frob here; install it with: sudo apt-get install frob")

@pytest.mark.parametrize("n", [1, 2])
def test_that_gives_no_command(n):
    pytest.skip("not on this system")

@pytest.mark.browser
def test_with_a_browser():
    assert True
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_every_skip_is_named_with_its_command(tmp_path: Path, root: Path, workers: str) -> None:
    shutil.copy(root / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  browser: x\n  long: x\n")
    (tmp_path / "test_some.py").write_text(TESTS)

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", workers, "-m", "not long", str(tmp_path)],
        cwd=tmp_path,
        env={"PATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout
    lines = run.stdout.splitlines()
    assert "1 test skipped: there is no frob here" in lines
    assert "    test_some.py::test_that_needs_a_tool" in lines
    assert "  to run it: sudo apt-get install frob" in lines
    assert "2 tests skipped: not on this system" in lines
    assert "1 test skipped: there is no Chromium on this machine" in lines
    assert "  to run it: sudo apt-get install chromium" in lines
    assert "the tests that take minutes were left out; to run them: make test-long" in lines
