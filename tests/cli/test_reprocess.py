"""Lost files are counted, put back to work and followed; what could not be understood is read again on request."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import apsw
import pytest

from penstock.core.updates import Reading
from penstock.core.work import Attached, Claim, Ending, Expired, Failed, Outcome
from penstock.ledger.book import Ledger

WHY = ("--why", "the outage is over")
KEYS = {
    "id",
    "selected",
    "eligible",
    "ineligible",
    "bytes",
    "done",
    "attached",
    "failed",
    "expired",
    "cancelled",
    "state",
}


def failed(_claim: Claim) -> Ending:
    return Failed(Outcome.GONE, "It cannot be had.")


def attached(_claim: Claim) -> Ending:
    return Attached(3, b"\x01" * 32, "image/jpeg")


@pytest.fixture
def lost(acme: Any) -> Any:
    """An installation with three files that failed and one that expired."""
    acme.receive("1", "2", "3", "4")
    acme.settle(failed, limit=3)
    acme.settle(lambda _: Expired(Outcome.UPSTREAM, "Its time was over."))
    return acme


# -- the dry run -------------------------------------------------------------------------------------------


def test_a_dry_run_counts_and_changes_nothing(penstock: Any, lost: Any) -> None:
    answer = penstock.done("reprocess", "--state", "failed", "--dry-run", "--json").answer

    assert answer.keys() >= KEYS
    assert (answer["id"], answer["state"], answer["selected"], answer["eligible"]) == (None, "dry-run", 3, 3)
    assert (answer["ineligible"], answer["bytes"], answer["sizes_unknown"], answer["done"]) == ({}, 0, 3, 0)
    assert answer["takes_s"] is None
    assert penstock.done("reprocess", "list", "--json").answer == {"runs": []}
    assert penstock.done("audit", "--json").answer["workspaces"][0]["failed"] == 3


def test_a_dry_run_says_in_words_what_is_not_eligible_and_how_long_it_takes(penstock: Any, lost: Any) -> None:
    penstock.done("number", "remove", lost.number)
    out = penstock.done("reprocess", "--dry-run").out
    assert "4 files selected, 0 to be put back to work" in out
    assert "4 files not: of a number that was removed: add it again first" in out

    penstock.done(*f"number add {lost.number} --workspace acme --app main --credential token-a".split())
    out = penstock.done("reprocess", "--dry-run", "--rate", "2").out
    assert "4 files selected, 4 to be put back to work" in out
    assert "about 2.0 s at 2 files a second" in out
    assert "nearest to its end first; the first one expires: in 6 d" in out
    assert "how long it takes is not known" in penstock.done("reprocess", "--dry-run").out


def test_a_file_whose_time_at_whatsapp_is_over_is_rarely_worth_it_which_is_said(penstock: Any, lost: Any) -> None:
    with contextlib.closing(apsw.Connection("penstock-data/penstock.db")) as connection:
        connection.execute("UPDATE media SET deadline = received_at WHERE stage = 'expired'")
    out = penstock.done("reprocess", "--dry-run").out
    assert "1 file not: past their time at WhatsApp (7 days, 1 hour on a No-Storage number): asking is rarely" in out
    assert penstock.done("reprocess", "--dry-run", "--past-deadline", "--json").answer["eligible"] == 4
    assert "the first one is past its time" in penstock.done("reprocess", "--dry-run", "--past-deadline").out


# -- a run -------------------------------------------------------------------------------------------------


def test_a_run_is_begun_and_its_report_adds_up_in_the_end(penstock: Any, lost: Any) -> None:
    lost.beat()
    begun = penstock.done("reprocess", "--yes", *WHY, "--json").answer
    assert begun.keys() >= KEYS
    assert (begun["state"], begun["selected"], begun["eligible"], begun["why"]) == ("running", 4, 4, WHY[1])
    assert begun["by"].startswith("cli:")
    lost.carry_on()
    lost.settle(attached, limit=2)
    lost.settle(failed, limit=2)
    lost.carry_on()

    answer = penstock.done("reprocess", "show", begun["id"], "--json").answer
    assert (answer["state"], answer["done"], answer["attached"], answer["failed"]) == ("done", 4, 2, 2)
    assert answer["selected"] == answer["attached"] + answer["failed"] + answer["expired"] + answer["cancelled"]
    assert answer["adds_up"] is True
    assert "4 selected = 2 attached + 2 failed again" in penstock.done("reprocess", "show", begun["id"]).out


def test_without_an_instance_the_run_waits_for_one_which_is_said(penstock: Any, lost: Any) -> None:
    ran = penstock.done("reprocess", "--yes", *WHY)

    assert "nothing is running: the run begins once `penstock serve` is started" in ran.err
    assert "4 files are being put back to work" in ran.out


def test_one_file_is_put_back_to_work_by_its_id_and_its_history_shows_the_round(penstock: Any, lost: Any) -> None:
    penstock.done("reprocess", "--media", "2", "--yes", *WHY)
    lost.carry_on()
    lost.settle(attached)
    lost.carry_on()

    answer = penstock.done("media", "show", "2", "--json").answer
    assert answer["media"]["state"] == "attached"
    assert [each["round"] for each in answer["attempts"]] == [1, 2]
    assert [(each["round"], each["why"]) for each in answer["rounds"]] == [(2, WHY[1])]
    out = penstock.done("media", "show", "2").out
    assert "round 2     put back to work" in out, out
    refused = penstock.done("reprocess", "--media", answer["media"]["id"], "--dry-run", "--json").answer
    assert refused["ineligible"] == {"attached": 1}


def test_what_is_not_there_is_refused_in_one_line(penstock: Any, lost: Any) -> None:
    assert "there is no file 'lost'" in penstock("reprocess", "--media", "lost", "--dry-run").refused(1)
    assert "there is no workspace 'rival'" in penstock("reprocess", "--workspace", "rival", "--dry-run").refused(1)


# -- following ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def running(installation: Any, ending: Any) -> Iterator[None]:
    """An instance, as far as a run is concerned: it carries runs on and brings every file to this end."""
    over = threading.Event()

    async def script(ledger: Ledger) -> None:
        await ledger.processes.beat("host-1", role="all", now=await ledger.now())
        while not over.is_set():
            now = await ledger.now()
            for run in await ledger.reprocess.active():
                await ledger.reprocess.work(run, now=now)
            for claim in await ledger.queue.claim(owner="test", limit=50, now=now, lease_s=60):
                await ledger.queue.settle(claim, ending(claim), (), now=now)
            await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(installation.whole(script)))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_who_waits_is_told_how_it_goes_and_gets_the_report(penstock: Any, lost: Any) -> None:
    with running(lost, attached):
        ran = penstock.done("reprocess", "--yes", *WHY, "--wait", "--json")

    assert ran.answer["state"] == "done"
    assert ran.answer["attached"] == ran.answer["selected"] == 4
    assert "4 of 4 files, 4 attached" in ran.err


def test_who_waits_for_a_run_that_pauses_itself_gets_1_and_the_reason(penstock: Any, acme: Any) -> None:
    acme.receive(*map(str, range(120)))
    acme.settle(failed, limit=120)
    with running(acme, failed):
        ran = penstock("reprocess", "--yes", *WHY, "--wait")

    assert ran.code == 1
    assert "paused: " in ran.out
    assert "files only 0 were attached, so it paused itself" in ran.out


def test_on_a_terminal_it_shows_the_plan_and_asks(penstock: Any, lost: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.cli.reprocess._asks", lambda: True)
    assert penstock("reprocess", "--state", "failed", stdin=b"n\n").code != 0
    assert penstock.done("reprocess", "list", "--json").answer == {"runs": []}
    ran = penstock.done("reprocess", "--state", "failed", stdin=b"y\nit is mended\n")

    assert "3 files selected, 3 to be put back to work" in ran.out
    assert "Put 3 files back to work?" in ran.err
    assert penstock.done("reprocess", "list", "--json").answer["runs"][0]["why"] == "it is mended"


# -- webhooks that were not understood ---------------------------------------------------------------------


def test_when_everything_was_understood_there_is_nothing_to_do(penstock: Any, acme: Any) -> None:
    acme.receive("1")

    assert "nothing to read again" in penstock.done("reprocess", "--unread").out
    assert penstock.done("reprocess", "--unread", "--json").answer == {
        "bodies": 0,
        "messages": 0,
        "media": 0,
        "statuses": 0,
        "still_unread": 0,
    }


def test_what_still_cannot_be_understood_stays_and_is_said(penstock: Any, acme: Any) -> None:
    acme.receive(body=b"this is not JSON")

    shown = penstock.done("reprocess", "--unread").out
    assert "read 1 webhook again: 0 new messages, 0 new files, 0 new statuses" in shown
    assert "1 webhook still cannot be understood in full" in shown
    assert penstock.done("status", "--json").answer["unread_bodies"] == 1


def test_a_better_reader_finds_what_an_older_one_missed(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2")
    older = Reading((), frozenset(), ("an older reader did not know this",))
    with apsw.Connection("penstock-data/penstock.db") as connection:
        for table in ("fetches", "media", "events", "messages"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("UPDATE webhooks SET problems = ?, numbers = '[]'", older.problems)
    connection.close()
    assert penstock.done("audit", "--json").answer["workspaces"][0]["received"] == 0

    answer = penstock.done("reprocess", "--unread", "--json").answer

    assert (answer["bodies"], answer["messages"], answer["media"], answer["still_unread"]) == (1, 2, 2, 0)
    assert len(penstock.done("media", "list", "--json").answer["media"]) == 2
    assert penstock.done("audit").code == 0
    assert penstock.done("reprocess", "--unread", "--json").answer["bodies"] == 0
