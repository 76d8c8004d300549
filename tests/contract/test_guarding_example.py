"""The example of docs/howto/guard-your-own-calls.md, run as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "guard-your-own-calls.md"


def test_the_example_is_short_and_prints_what_the_page_says() -> None:
    text = PAGE.read_text("utf-8")
    [example] = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    [printed] = re.findall(r"It prints `([^`]+)`", text)
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    ran = subprocess.run([sys.executable, "-W", "error", "-c", example], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, printed + "\n", "")
