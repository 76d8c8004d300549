"""What is kept of a run reads back as what was written, and counts are put together rightly."""

from typing import Any

from msgspec import structs

from penstock.core.reprocess import Reason, Run, State
from penstock.ledger import runs
from penstock.ledger.book import Ledger
from penstock.ledger.runs import Asked, Found, Place, Round, round_of

ASKED = Asked(
    workspace="acme", number="100000000000002", state="failed", outcome="gone", kind="image", since=1.0, until=2.0
)
RUN = Run(
    state=State.PAUSED,
    selecting=False,
    on_trial=False,
    stopped=True,
    reason="it went badly",
    rate=2.5,
    next_at=3.25,
    selected=28,
    refused=7,
    waiting=6,
    under_way=5,
    attached=4,
    failed=3,
    expired=2,
    cancelled=1,
    seen_attached=2,
    seen_ended=3,
)


async def test_a_run_reads_back_as_it_was_written(provisioned: Ledger) -> None:
    begun = await provisioned.reprocess.start(ASKED, rate=None, who="cli:anna", why="the outage is over")
    assert (begun.asked, begun.workspace, begun.by, begun.run) == (ASKED, "acme", "cli:anna", Run())
    written = structs.replace(
        begun,
        run=RUN,
        refusals={Reason.ERASED: 3, Reason.NO_MEDIA_ID: 4},
        bytes=1_000,
        sizes_unknown=2,
        place=Place(1, "failed", 77),
        unswept=True,
    )
    store = provisioned.reprocess
    await store._db.write(lambda: store._set(written, 99.0))
    read = await store.run(begun.id, workspace_id=None)

    assert read == structs.replace(written, changed_at=99.0)
    assert read is not None
    assert (read.found.eligible, read.found.selected) == (21, 28)


def test_a_run_s_columns_are_those_of_its_row() -> None:
    columns = runs.counts(RUN)

    assert list(columns) == list(Run.__struct_fields__)
    assert (columns["state"], columns["selecting"], columns["stopped"]) == ("paused", 0, 1)


def test_a_filter_is_kept_without_what_it_does_not_filter_by() -> None:
    assert runs.asked_text(Asked()) == "{}"
    assert runs.asked_facts(Asked(kind="image", media=(1, 2))) == {"kind": "image", "media": [1, 2]}


def test_two_stretches_are_counted_together() -> None:
    one = Found(2, {Reason.ERASED: 1}, 10, 1, 5.0)
    other = Found(3, {Reason.ERASED: 2, Reason.ATTACHED: 1}, 20, 0, 4.0)

    assert one.plus(other) == Found(5, {Reason.ATTACHED: 1, Reason.ERASED: 3}, 30, 1, 4.0)
    assert one.plus(Found()) == one
    assert (one.selected, one.refused) == (3, 1)


def test_a_request_belongs_to_the_round_in_which_it_was_made() -> None:
    rounds: list[Any] = [
        Round(2, 1, "me", "", 0.0, made=3),
        Round(3, 2, "me", "", 0.0, made=3),
        Round(4, 3, "me", "", 0.0, 5),
    ]

    assert [round_of(index, rounds) for index in range(7)] == [1, 1, 1, 3, 3, 4, 4]
    assert round_of(0, []) == 1
