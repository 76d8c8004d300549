"""What the watch itself asks of upstream: by connections, tokens and gates of its own, and never beyond a budget."""

import asyncio
from typing import Any

import pytest
from tests.conftest import NUMBER
from tests.controls.watch.conftest import Rig, fleet

from penstock.controls.watch.prober import judged
from penstock.core.budget import Limit
from penstock.core.errors import NotFound
from penstock.core.exchange import Exchange, Trouble
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.core.probing import FILE, LIVES_S, Known
from penstock.core.work import Outcome
from penstock.ledger.probes import Target
from penstock.simulator import FaultRule


async def target(rig: Rig) -> Target:
    standing = await rig.ledger.probes.standing()
    assert standing is not None
    return standing.target


async def uploaded(rig: Rig) -> Known:
    _, media_id = await rig.prober.upload(await target(rig))
    assert media_id is not None
    return Known(media_id, FILE.sha256, len(FILE.data), rig.now)


async def test_a_fetch_is_a_look_up_and_a_download_whose_bytes_are_those_that_were_uploaded(rig: Rig) -> None:
    known = await uploaded(rig)
    both = await rig.prober.fetch(await target(rig), known)
    assert [(each.operation, each.succeeded, each.fresh) for each in both] == [
        (LOOK_UP.name, True, True),
        (DOWNLOAD.name, True, True),
    ]
    rig.platform.set_scenario(fleet(FaultRule(fault="wrong-bytes")))
    _, download = await rig.prober.fetch(await target(rig), known)
    assert download.trouble is Trouble.WRONG_HASH
    rig.platform.set_scenario(fleet(FaultRule(fault="server-error", hop="lookup")))
    (look_up,) = await rig.prober.fetch(await target(rig), known)
    assert look_up.status == 500


@pytest.mark.parametrize("operation", [LOOK_UP.name, DOWNLOAD.name])
async def test_the_same_request_is_repeated_over_ten_new_connections(rig: Rig, operation: str) -> None:
    known = await uploaded(rig)
    before = rig.connections()

    def judge(exchange: Exchange) -> Any:
        return judged(exchange, known, now=rig.now)

    answers = await rig.prober.repeat(await target(rig), known.media_id, known, operation, judge=judge)
    assert [each.good for each in answers] == [True] * 10
    assert rig.connections() - before == (10 if operation == LOOK_UP.name else 20)
    assert {each.peer_address for each in answers} == {"127.0.0.1"}


async def test_where_failing_look_ups_are_punished_probes_use_up_a_third_of_the_budget(rig: Rig) -> None:
    await rig.lead(limit=Limit(15))
    assert rig.prober.punished
    known = await uploaded(rig)
    rig.platform.set_scenario(fleet(FaultRule(fault="server-error", hop="lookup")))
    fetched = [await rig.prober.fetch(await target(rig), known) for _ in range(20)]
    assert [len(each) for each in fetched] == [1] * 5 + [0] * 15
    assert rig.hops("lookup") == 5


async def test_without_a_token_nothing_is_sent(rig: Rig) -> None:
    known = await uploaded(rig)
    gone = Target(NUMBER, "acme", "main", 999, "none")
    assert not rig.prober.has_token(gone)
    with pytest.raises(NotFound):
        await rig.prober.fetch(gone, known)
    assert rig.hops("lookup") == 0


async def test_what_goes_wrong_in_the_background_ends_nothing_else(rig: Rig) -> None:
    heard: list[int] = []

    async def mistaken() -> None:
        raise ZeroDivisionError

    async def well() -> None:
        heard.append(1)

    async def endless() -> None:
        await asyncio.sleep(3_600)

    for job in (mistaken, well, endless):
        rig.prober.begin(job)
    async with asyncio.timeout(60):
        while not heard:
            await asyncio.sleep(0.005)
    await rig.prober.stop()
    await asyncio.sleep(0)
    assert not rig.prober._jobs


def test_a_file_that_is_past_its_time_is_judged_as_one_of_thirty_days() -> None:
    at = 1_795_000_000.0
    gone = Exchange(
        operation=LOOK_UP.name,
        declared_method="GET",
        at=at,
        duration_s=0.1,
        status=400,
        graph_code=100,
        graph_subcode=33,
    )
    known = Known("1", FILE.sha256, len(FILE.data), at)
    assert judged(gone, known, now=at + LIVES_S - 1).final is None
    assert judged(gone, known, now=at + LIVES_S).final == "expired"
    assert judged(gone, None, now=at).outcome is Outcome.GONE
