"""What is shown to the watch is what an instance's watch would see of quiet traffic."""

import random
from pathlib import Path

from penstock.bench import installation, watchers
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger


def test_every_file_is_looked_up_and_downloaded_once() -> None:
    made = list(watchers.attempts(random.Random(1), first=0, count=2_000, began_at=100.0, per_s=10.0, workspaces=5))
    assert [each.id for each in made[:3]] == [1, 2, 3]
    assert [each.operation for each in made[:2]] == ["media.look_up", "media.download"]
    assert made[0].media_row == made[1].media_row != made[2].media_row
    assert made[10].at == 101.0
    assert {each.workspace for each in made} == {f"w{number}" for number in range(5)}
    failed = sum(each.outcome is not Outcome.DELIVERED for each in made)
    assert 0 < failed < 50
    assert all(each.first and each.contract_ok for each in made)


async def test_the_controls_are_those_of_an_instance_and_made_anew_each_time(ledger: Ledger, tmp_path: Path) -> None:
    makers = watchers.controls(ledger, installation.settings(tmp_path))
    made = [make() for make in makers]
    assert {type(each).__name__ for each in made} >= {"Probing", "Signs", "Tickets", "Reruns", "Rollouts", "Changes"}
    assert all(make() is not make() for make in makers)


async def test_no_probe_is_sent_for_nobody_has_a_number_for_tests(ledger: Ledger, tmp_path: Path) -> None:
    now = await ledger.now()
    shown = list(watchers.attempts(random.Random(1), first=0, count=100, began_at=now - 9, per_s=10.0, workspaces=5))
    for make in watchers.controls(ledger, installation.settings(tmp_path)):
        await make().look(shown, now)
    assert await ledger.probes.standing() is None
    assert await ledger.incidents.latest() == []
