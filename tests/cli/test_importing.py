"""A file of media ids is imported as a whole or not at all, and as often as one likes."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from penstock.cli import importing
from penstock.cli.words import utc
from penstock.core.work import Outcome, RetryLater


def rows(number: str, *media_ids: str) -> bytes:
    return b"media_id,phone_number_id\n" + b"".join(f"{each},{number}\n".encode() for each in media_ids)


def imported(penstock: Any, data: bytes, *more: str) -> Any:
    return penstock("import", "media", "-", "--workspace", "acme", *more, stdin=data)


def test_rows_become_files_to_be_fetched(penstock: Any, acme: Any) -> None:
    Path("lost.csv").write_bytes(rows(acme.number, "1", "2"))
    ran = penstock.done("import", "media", "lost.csv", "--workspace", "acme")

    assert ran.out == "imported 2 new files into workspace acme\n"
    listed = penstock.done("media", "list", "--json").answer["media"]
    assert [(each["media_id"], each["state"]) for each in listed] == [("2", "waiting"), ("1", "waiting")]
    assert penstock.done("audit", "--json").answer["workspaces"][0]["received"] == 2


def test_what_a_row_says_is_kept(penstock: Any, acme: Any) -> None:
    now = int(time.time())
    data = (
        "media_id,phone_number_id,wamid,kind,mime_type,sha256,received_at\r\n"
        f"1,{acme.number},wamid.HBgL,audio,audio/ogg,{'ab' * 32},{utc(now - 86_400)}\r\n"
    )
    assert imported(penstock, b"\xef\xbb\xbf" + data.encode(), "--json").answer == {
        "workspace": "acme",
        "rows": 1,
        "new": 1,
        "known": 0,
    }
    (item,) = penstock.done("media", "list", "--json").answer["media"]
    assert (item["wamid"], item["kind"], item["received_at"]) == ("wamid.HBgL", "audio", utc(now - 86_400))
    assert item["deadline"] == utc(now + 6 * 86_400)


def test_the_same_rows_again_change_nothing(penstock: Any, acme: Any) -> None:
    data = rows(acme.number, "1", "2", "2")
    assert imported(penstock, data, "--json").answer["new"] == 2
    acme.settle(lambda claim: RetryLater(claim.deadline, Outcome.UPSTREAM, "Graph answered 503."), limit=2)
    before = penstock.done("media", "list", "--json").answer

    assert imported(penstock, data, "--json").answer == {"workspace": "acme", "rows": 3, "new": 0, "known": 3}
    assert penstock.done("media", "list", "--json").answer == before
    assert imported(penstock, rows(acme.number, "1", "3")).out == (
        "imported 1 new file into workspace acme; 1 row known already\n"
    )


def test_what_came_by_webhook_is_known(penstock: Any, acme: Any) -> None:
    acme.receive("1")

    assert imported(penstock, rows(acme.number, "1"), "--json").answer["known"] == 1
    assert penstock.done("audit").code == 0


def test_every_malformed_line_is_named_and_nothing_is_imported(penstock: Any, acme: Any) -> None:
    data = rows(acme.number, "1", "two words", "3") + b"4\n\n5,six\n"
    ran = imported(penstock, data)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        "line 3: media_id is not 1 to 128 letters, digits and _ . : -",
        "line 5: 1 values for 2 columns",
        "line 7: phone_number_id is not up to 32 digits",
        "penstock: 3 lines of 5 malformed: nothing was imported",
    ]
    assert penstock.done("media", "list", "--json").answer["media"] == []


def test_a_number_that_nobody_registered_is_one_line_and_nothing_is_imported(penstock: Any, acme: Any) -> None:
    sentence = imported(penstock, rows(acme.number, "1") + b"2,404\n3,405\n").refused(1)

    assert "number 404 (line 3) and 1 more are not registered in workspace acme" in sentence
    assert penstock.done("media", "list", "--json").answer["media"] == []


def test_a_number_of_another_workspace_is_not_registered_in_this_one(penstock: Any, acme: Any) -> None:
    penstock.done("workspace", "add", "other")
    ran = penstock("import", "media", "-", "--workspace", "other", stdin=rows(acme.number, "1"))

    assert f"number {acme.number} (line 2) is not registered in workspace other" in ran.refused(1)


def test_an_unknown_workspace_is_one_line(penstock: Any, acme: Any) -> None:
    ran = penstock("import", "media", "-", "--workspace", "other", stdin=rows(acme.number, "1"))

    assert "there is no workspace 'other'" in ran.refused(1)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the file is empty"),
        (b"\n1,2\n", "does not name the column media_id"),
        (b"PK\x03\x04\x00\xff", "the first line should name the columns, but it is not in UTF-8"),
        (b"id,number\n", "does not name the column media_id"),
    ],
)
def test_a_file_of_another_kind_is_one_line(penstock: Any, acme: Any, data: bytes, why: str) -> None:
    assert why in imported(penstock, data).refused(2)


def test_a_file_of_a_header_alone_imports_nothing(penstock: Any, acme: Any) -> None:
    assert imported(penstock, b"media_id,phone_number_id\n", "--json").answer["rows"] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_one_line(penstock: Any, acme: Any) -> None:
    Path("lost.csv").write_bytes(rows(acme.number, "1"))
    Path("lost.csv").chmod(0)

    assert "'lost.csv' cannot be read: Permission denied" in penstock(
        "import", "media", "lost.csv", "--workspace", "acme"
    ).refused(2)


def test_a_pipe_is_read_like_a_file(penstock: Any, acme: Any) -> None:
    os.mkfifo("pipe.csv")
    feeding = threading.Thread(target=Path("pipe.csv").write_bytes, args=(rows(acme.number, "1", "2"),))
    feeding.start()
    ran = penstock.done("import", "media", "pipe.csv", "--workspace", "acme", "--json")
    feeding.join()

    assert ran.answer["new"] == 2


def test_many_rows_are_stored_in_several_transactions(
    penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_ROWS", 10)
    data = rows(acme.number, *map(str, range(1, 36)))

    assert imported(penstock, data, "--json").answer == {"workspace": "acme", "rows": 35, "new": 35, "known": 0}


def test_an_interrupted_import_keeps_what_it_stored_and_says_so(
    penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_ROWS", 10)
    batches = importing._batches

    def interrupted(*arguments: Any) -> Any:
        for number, batch in enumerate(batches(*arguments)):
            if number == 2:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(importing, "_batches", interrupted)
    data = rows(acme.number, *map(str, range(1, 36)))
    ran = imported(penstock, data)

    assert (ran.code, ran.out) == (130, "")
    assert "interrupted after 20 new files, which are kept; run the same command again" in ran.err
    monkeypatch.undo()


def test_a_file_that_changes_while_it_is_imported_is_noticed(
    penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("lost.csv").write_bytes(rows(acme.number, "1", "2"))
    check = importing._check

    def checked(file: Any) -> Any:
        found = check(file)
        Path("lost.csv").write_bytes(rows(acme.number, "1") + b"two words,7\n")
        return found

    monkeypatch.setattr(importing, "_check", checked)

    assert "line 3: media_id is not" in penstock("import", "media", "lost.csv", "--workspace", "acme").refused(2)


def test_an_import_beside_a_running_instance_leaves_room_for_its_webhooks(
    penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.beat()
    breaths: list[float] = []
    sleep = asyncio.sleep

    async def breathe(seconds: float) -> None:
        breaths.append(seconds)
        await sleep(0)

    monkeypatch.setattr(importing, "_ROWS", 10)
    monkeypatch.setattr(asyncio, "sleep", breathe)
    imported(penstock, rows(acme.number, *map(str, range(1, 36))))

    assert breaths.count(importing._BREATH_S) == 4


def test_the_command_says_how_much_it_has_done_in_a_pipe(penstock: Any, acme: Any) -> None:
    command = [sys.executable, "-c", "import sys; from penstock.cli.main import main; sys.exit(main())"]
    data = rows(acme.number, *map(str, range(1, 501)))
    ran = subprocess.run(
        [*command, "import", "media", "-", "--workspace", "acme"],
        input=data,
        capture_output=True,
        check=True,
        timeout=300,
    )

    assert ran.stdout == b"imported 500 new files into workspace acme\n"
    assert ran.stderr == b""
