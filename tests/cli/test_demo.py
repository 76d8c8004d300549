"""``penstock demo`` as a newcomer and a script run it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from penstock.cli.main import main


def test_with_an_end_it_prints_one_json_object_and_says_0() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "penstock", "demo", "--exit", "--json"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert answer["audit_ok"] is True
    calm = answer["acts"]["calm"]
    assert set(calm) >= {"messages", "media", "attached", "lost", "doubled", "p50_attach_s", "p99_attach_s"}
    assert (calm["lost"], calm["doubled"]) == (0, 0)
    assert calm["attached"] == calm["media"]
    contract = answer["acts"]["contract"]
    assert contract["requests_refused"] > 0
    assert contract["requests_on_wire_with_wrong_method"] == 0
    assert contract["rolled_back"] is True
    assert contract["items_lost"] == 0
    seed = answer["acts"]["incident"]
    assert seed["outcomes_to_alarm"] <= 40
    assert seed["failures_to_cause"] <= 100
    assert seed["operation_named"] == "media.look_up"
    assert (seed["text_delayed"], seed["lost"]) == (0, 0)
    assert Path(answer["report"]).is_file()
    shutil.rmtree(Path(answer["report"]).parent)
    assert "contract.violated" not in ended.stderr  # an alarm that nobody needs to hear


def test_json_without_an_end_is_wrong_use() -> None:
    assert main(["demo", "--json"]) == 2
