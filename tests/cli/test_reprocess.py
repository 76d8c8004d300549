"""What could not be understood is read again on request, and nothing is stored twice by it."""

from typing import Any

import apsw

from penstock.core.updates import Reading


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
