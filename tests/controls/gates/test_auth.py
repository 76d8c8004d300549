"""Gates of credentials: shut by dead tokens, opened by new ones, never by a fault of upstream."""

from collections.abc import Sequence
from typing import Any

from penstock.controls.gates.auth import AuthGates
from penstock.core.gate import Gate
from penstock.core.seen import Seen
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger


def refused(at: float, credential: str = "token-a", *, count: int = 3) -> list[Seen]:
    known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__)
    known |= {"id": 1, "media_row": 1, "nth": 1, "at": at, "operation": "media.look_up", "declared_method": "GET"}
    known |= {"duration_s": 0.1, "graph_code": 190, "outcome": Outcome.AUTH, "credential": credential}
    return [Seen(**known)] * count


async def standing(ledger: Ledger) -> Sequence[Gate]:
    return await ledger.gates.active(now=await ledger.now())


async def test_a_dead_token_shuts_its_gate_and_says_what_to_do(provisioned: Ledger) -> None:
    now = await provisioned.now()
    control = AuthGates(provisioned)
    await control.look(refused(now), now)
    await control.look([], now + 1)
    (gate,) = await standing(provisioned)
    assert (gate.scope, gate.opening, gate.owner, gate.by) == ({"credential": "token-a"}, 0.0, "auth", "auth")
    assert "penstock credential set token-a" in gate.why
    entries = await provisioned.audit_log.read()
    assert [each.entry.action for each in entries].count("gate.shut") == 1


async def test_a_new_token_opens_it(provisioned: Ledger) -> None:
    now = await provisioned.now() - 60
    control = AuthGates(provisioned)
    await control.look(refused(now), now)
    await provisioned.provisioning.set_credential("token-a", token="EAAGnew", now=now + 30)
    await control.look([], now + 31)
    assert await standing(provisioned) == []


async def test_the_next_leader_knows_the_gate_and_a_token_that_came_meanwhile(provisioned: Ledger) -> None:
    now = await provisioned.now() - 60
    await AuthGates(provisioned).look(refused(now), now)
    await provisioned.provisioning.set_credential("token-a", token="EAAGnew", now=now + 30)
    await AuthGates(provisioned).look(refused(now), now + 31)
    assert await standing(provisioned) == []


async def test_many_tokens_refused_at_once_shut_nobody_out(provisioned: Ledger) -> None:
    now = await provisioned.now()
    control = AuthGates(provisioned)
    await control.look(refused(now), now)
    assert len(await standing(provisioned)) == 1
    await control.look([*refused(now + 5, "token-b"), *refused(now + 6, "token-c")], now + 7)
    assert await standing(provisioned) == []
