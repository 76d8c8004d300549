"""Incidents of what failures do not show, as rows and timelines."""

from penstock.controls.watch.notices import Notices, told_already
from penstock.core.ages import OVERDUE
from penstock.core.detector import Key
from penstock.core.incident import Severity
from penstock.core.vitals import Sign
from penstock.ledger.book import Ledger

NOW = 1_795_000_000.0


def sign(severity: Severity | None, *about: str, text: str = "Files wait.") -> Sign:
    return Sign(OVERDUE, severity, text, NOW - 300, frozenset(about))


async def notices(ledger: Ledger) -> Notices:
    made = Notices(ledger, lambda key: key == OVERDUE)
    await made.begin(NOW)
    return made


async def test_a_ticket_is_opened_raised_retold_and_closed_in_its_timeline(ledger: Ledger) -> None:
    made = await notices(ledger)
    for nth in range(3):
        await made.look([sign(Severity.TICKET, "acme")], NOW + 5 * nth)
    (row,) = await ledger.incidents.latest()
    assert (row.operation, row.outcome, row.state, row.severity) == ("media.delivery", "overdue", "open", "ticket")
    assert (row.onset_at, row.opened_at, row.why) == (NOW - 300, NOW + 5, "Files wait.")

    await made.look([sign(Severity.PAGE, "acme", text="Files wait for long.")], NOW + 20)
    await made.look([sign(Severity.PAGE, "acme", "other", text="More files wait.")], NOW + 700)
    assert made.open == [OVERDUE]
    for at in (800, 1_200):
        await made.look([sign(None, text="No file waits.")], NOW + at)
    assert made.open == []

    (row,) = await ledger.incidents.latest()
    assert (row.state, row.severity, row.why) == ("closed", "page", "More files wait.")
    events = await ledger.incidents.events(row.id)
    assert [event.kind for event in events] == ["onset", "alarm", "severity", "changed", "closed"]
    assert [event.text for event in events[1:]] == [
        "Files wait.",
        "Files wait for long.",
        "More files wait.",
        "No file waits.",
    ]
    assert events[1].data == {"about": ["acme"]}
    assert events[3].data == {"about": ["acme", "other"]}


async def test_the_next_leader_goes_on_and_knows_what_it_was_about(ledger: Ledger) -> None:
    first = await notices(ledger)
    for nth in range(2):
        await first.look([sign(Severity.TICKET, "acme")], NOW + nth)
    second = Notices(ledger, lambda key: key == OVERDUE)
    assert await second.begin(NOW + 10) == {OVERDUE: frozenset({"acme"})}
    assert second.is_open(OVERDUE)
    await second.look([sign(Severity.TICKET, "acme")], NOW + 900)
    assert len(await ledger.incidents.latest()) == 1
    for at in (1_000, 1_400):
        await second.look([sign(None)], NOW + at)
    assert (await ledger.incidents.latest())[0].state == "closed"


async def test_two_leaders_at_once_open_one(ledger: Ledger) -> None:
    both = [await notices(ledger), await notices(ledger)]
    for nth in range(2):
        for made in both:
            await made.look([sign(Severity.TICKET)], NOW + nth)
    assert len(await ledger.incidents.latest()) == 1


async def test_who_was_paged_for_failing_attempts_was_told_already(ledger: Ledger) -> None:
    failing = frozenset({"upstream"})

    async def rows() -> bool:
        return told_already(await ledger.incidents.latest(only_open=True), failing)

    for key, severity, suspected in (
        (Key("media.download", "upstream"), Severity.TICKET, False),
        (Key("media.look_up", "upstream"), Severity.PAGE, True),
        (Key("webhook.receive", "silent"), Severity.PAGE, False),
    ):
        await ledger.incidents.open(
            key, suspected=suspected, onset_at=NOW, why="x", rate=0.0, now=NOW, isolation="", severity=severity
        )
        assert not await rows()
    key = Key("media.look_up", "upstream")
    await ledger.incidents.open(key, suspected=False, onset_at=NOW, why="x", rate=0.0, now=NOW, isolation="")
    assert await rows()
    assert not told_already(await ledger.incidents.latest(), failing, operation="media.download")
