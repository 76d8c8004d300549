"""The synthetic probe as rows: whose it is, what it fetches, and which waiting file a test may ask for, on both stores."""

from typing import Any

import msgspec
from tests.conftest import NUMBER

from penstock.core.probing import Known
from penstock.core.work import Attempt, Outcome, RetryLater
from penstock.ledger.book import Ledger
from penstock.ledger.probes import Last, Target

FILE = Known("1000000000000101", b"\x01" * 32, 94, 1_795_000_000.0)


async def test_the_first_number_of_a_workspace_for_tests_is_probed(provisioned: Ledger) -> None:
    assert await provisioned.probes.standing() is None
    keep, now = provisioned.provisioning, await provisioned.now()
    await keep.add_workspace("trial", test=True, now=now)
    assert await provisioned.probes.standing() is None
    await keep.add_number("300", workspace="trial", app="main", credential="token-a", no_storage=True, now=now)
    assert await provisioned.probes.standing() is None  # its files live an hour
    await keep.add_number("200", workspace="trial", app="main", credential="token-a", now=now)
    await keep.add_number("100", workspace="trial", app="main", credential="token-a", now=now)
    found = await provisioned.probes.standing()
    assert found is not None
    assert (found.target.phone_number_id, found.target.workspace, found.known, found.last) == (
        "200",
        "trial",
        None,
        None,
    )
    assert found.target.facts == {
        "workspace": "trial",
        "app": "main",
        "credential": "token-a",
        "number": "200",
        "kind": "document",
    }
    await keep.remove_number("200", now=now)
    after = await provisioned.probes.standing()
    assert after is not None
    assert after.target.phone_number_id == "100"


async def test_its_file_and_its_last_result_are_kept_apart(provisioned: Ledger) -> None:
    await provisioned.provisioning.set_workspace("acme", test=True)
    standing = await provisioned.probes.standing()
    assert standing is not None
    last = Last(1_795_000_030.0, "media.look_up", "upstream", "It has a fault of its own.")
    await provisioned.probes.tried(standing.number_id, last)
    assert await provisioned.probes.standing() == msgspec.structs.replace(standing, last=last)
    await provisioned.probes.uploaded(standing.number_id, FILE)
    newer = msgspec.structs.replace(FILE, media_id="1000000000000102", uploaded_at=FILE.uploaded_at + 1.5)
    await provisioned.probes.uploaded(standing.number_id, newer)
    assert await provisioned.probes.standing() == msgspec.structs.replace(standing, known=newer, last=last)


async def test_a_file_that_waits_after_such_a_failure_may_be_asked_for(
    provisioned: Ledger, desk: Any, webhooks: Any
) -> None:
    now = webhooks.at + 1.0
    await desk.receive(webhooks.body(webhooks.file("wamid.1", "1001"), webhooks.file("wamid.2", "1002")), now=now)
    asked = provisioned.probes.failing

    async def failing(outcomes: list[str], **more: Any) -> Any:
        told = {"since": now - 60, "now": now} | more
        return await asked("media.look_up", outcomes, **told)

    assert await failing(["upstream", "timeout"]) is None
    first, other = await desk.claim(2, now=now)
    for claim, outcome in ((first, Outcome.UPSTREAM), (other, Outcome.TIMEOUT)):
        ending = RetryLater(now + 60, outcome, "It is tried again.")
        assert await provisioned.queue.settle(claim, ending, [attempt(now, outcome)], now=now)

    found = await failing(["upstream"])
    assert (found.media_row, found.media_id) == (first.id, first.media_id)
    assert found.target == Target(NUMBER, "acme", "main", first.credential_id, "token-a", first.kind)
    assert (await failing(["timeout", "upstream"])).media_row == other.id  # what failed last
    assert await failing(["client_bug"]) is None
    assert await failing(["upstream"], since=now + 1) is None
    assert await failing(["upstream"], now=first.deadline) is None


def attempt(at: float, outcome: Outcome) -> Attempt:
    known: dict[str, Any] = dict.fromkeys(Attempt.__struct_fields__) | {
        "at": at,
        "operation": "media.look_up",
        "declared_method": "GET",
        "outcome": outcome,
        "duration_s": 0.1,
        "recipe": "standard/1",
    }
    return Attempt(**known)
