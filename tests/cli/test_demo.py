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
        timeout=1_200,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert answer["audit_ok"] is True
    calm = answer["acts"]["calm"]
    assert set(calm) >= {"messages", "media", "attached", "lost", "doubled", "p50_attach_s", "p99_attach_s"}
    assert (calm["lost"], calm["doubled"]) == (0, 0)
    assert calm["messages"] > calm["attached"] == calm["media"] > 0
    assert calm["p50_attach_s"] <= calm["p99_attach_s"]
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
    assert {"stages", "promoted_s", "bad_candidate_rolled_back_s", "bad_candidate_failures"} <= set(
        answer["acts"]["rollout"]
    )
    assert seed["stages"][-1] == answer["acts"]["rollout"]["stages"][-1] == "done"
    outage = answer["acts"]["outage"]
    assert outage["attached"] == outage["media"] > 0
    assert (outage["lost"], outage["doubled"]) == (0, 0)
    assert outage["held_max"] > 0
    assert outage["recover_s"] is not None
    assert "<svg" in Path(answer["report"]).read_text(encoding="utf-8")
    shutil.rmtree(Path(answer["report"]).parent)
    assert "contract.violated" not in ended.stderr  # an alarm that nobody needs to hear


def test_json_without_an_end_is_wrong_use() -> None:
    assert main(["demo", "--json"]) == 2
