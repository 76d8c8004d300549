"""What a recipe had put off is due at once when it was taken back, whoever did that."""

from collections.abc import Callable
from typing import Any

import pytest

from penstock.controls.rollouts.operating import Operating, Order
from penstock.controls.rollouts.runner import Rollouts
from penstock.controls.rollouts.trial import Open, Trials
from penstock.core.reading import read
from penstock.core.rollout import Move
from penstock.core.staging import ROLLED_BACK, Rollout
from penstock.core.work import Claim, Outcome, RetryLater
from penstock.ledger.book import Ledger

LATER_S = 1_800.0


async def put_off(ledger: Ledger, webhooks: Any, *outcomes: Outcome) -> dict[Outcome, Claim]:
    """Files whose last attempts ended in these classes, and which are due in half an hour."""
    body = webhooks.body(*(webhooks.file(f"wamid.{number}", str(9_000 + number)) for number in range(len(outcomes))))
    snapshot, now = await ledger.provisioning.snapshot(), await ledger.now()
    routes = {route.phone_number_id: route for route in snapshot.routes}
    receipt = await ledger.journal.receive(
        app_id=1, body=body, signature="sha256=00", reading=read(body), routes=routes, version=snapshot.version, now=now
    )
    assert receipt is not None
    claims = await ledger.queue.claim(owner="a test", limit=10, now=now, lease_s=60)
    assert len(claims) == len(outcomes)
    for claim, outcome in zip(claims, outcomes, strict=True):
        assert await ledger.queue.settle(claim, RetryLater(now + LATER_S, outcome, "It failed."), (), now=now)
    return dict(zip(outcomes, claims, strict=True))


async def begun(ledger: Ledger) -> Rollout:
    await ledger.recipes.add("next", who="cli:anna", why="a test")
    order = Order(recipe="next", by="cli:anna", why="a test", without_test=True)
    await Operating(ledger).start(order)
    return await Operating(ledger).move(Move.ADVANCE, by="cli:anna", why="on")


@pytest.mark.parametrize("by_hand", [True, False])
async def test_what_was_refused_as_wrong_is_due_at_once(
    provisioned: Ledger, webhooks: Any, attempts: Any, open_graph: Callable[..., Open], by_hand: bool
) -> None:
    ledger = provisioned
    await begun(ledger)
    files = await put_off(ledger, webhooks, Outcome.CONTRACT, Outcome.CLIENT_BUG, Outcome.AUTH)
    if by_hand:
        await Operating(ledger).move(Move.ROLL_BACK, by="cli:anna", why="it does harm")
    else:
        control = Rollouts(ledger, Trials(open_graph()), token=lambda _number: None)
        seen = attempts.seen(Outcome.CONTRACT, recipe="next/1", wire_method="POST")
        await control.look([seen], await ledger.now())

    assert (await Operating(ledger).latest()).stage == ROLLED_BACK
    again = await ledger.queue.claim(owner="a test", limit=10, now=await ledger.now(), lease_s=60)
    assert {claim.id for claim in again} == {files[Outcome.CONTRACT].id, files[Outcome.CLIENT_BUG].id}
