"""A backup is a directory that settings can point at; it appears whole, or not at all."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from penstock.cli import copying
from penstock.core import blobkey
from penstock.core.errors import Unreachable

KEY = Path("penstock-data/secret.key")


def restore(monkeypatch: pytest.MonkeyPatch, copy: str) -> None:
    """Point the settings at a backup, as docs/howto/backup.md says."""
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", f"sqlite:///./{copy}/penstock.db")
    monkeypatch.setenv("PENSTOCK_BLOBS_URL", f"file:///./{copy}/blobs")


def test_a_backup_says_what_it_holds_and_what_it_does_not(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2")
    acme.attach(b"one")
    ran = penstock.done("backup", "copy")

    assert ran.out.startswith("copy: database of ")
    assert "1 file of 3 B, 1 of them linked" in ran.out
    assert ran.err == (
        "The secret key (penstock-data/secret.key) is not in it: keep it apart, the backup's tokens do not open without it.\n"
    )
    assert sorted(path.name for path in Path("copy").iterdir()) == ["audit-log-head.json", "blobs", "penstock.db"]
    assert not Path("copy.partial").exists()


def test_a_backup_is_answered_as_json(penstock: Any, acme: Any) -> None:
    acme.receive("1")
    acme.attach(b"one")
    answer = penstock.done("backup", "copy", "--json").answer

    assert (answer["path"], answer["files"], answer["file_bytes"], answer["linked"]) == ("copy", 1, 3, 1)
    assert (answer["with_key"], answer["problems"]) == (False, [])
    assert answer["database_bytes"] > 0


def test_a_backup_tells_the_head_of_the_audit_log_for_comparing_afterwards(penstock: Any, acme: Any) -> None:
    told = penstock.done("backup", "copy", "--json").answer["audit_log"]
    assert {**told, "ok": True} == penstock.done("audit", "--json").answer["audit_log"]
    shown = penstock.done("backup", "again").out
    assert f"Audit log: {told['entries']} entries, head {told['head']}" in shown
    penstock.done("workspace", "add", "another")

    assert penstock.done("audit", "--head", told["head"]).code == 0


def test_a_restored_backup_is_the_installation_of_that_moment(
    penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.receive("1", "2")
    (claim,) = acme.attach(b"one")
    penstock.done("backup", "copy")
    acme.receive("3")
    shutil.rmtree("penstock-data/blobs")

    monkeypatch.setenv("PENSTOCK_SECRET_KEY", KEY.read_text().strip())
    restore(monkeypatch, "copy")

    assert penstock.done("audit", "--deep", "--json").answer["workspaces"][0]["received"] == 2
    assert len(penstock.done("media", "list", "--json").answer["media"]) == 2
    assert (Path("copy/blobs") / blobkey.key(claim.id)).read_bytes() == b"one"
    assert list(acme.work(lambda ledger: ledger.provisioning.snapshot()).tokens.values()) == ["EAAGtokenA"]
    acme.receive("4")  # it goes on from there
    assert penstock.done("audit", "--deep").code == 0


def test_with_the_key_a_backup_opens_by_itself(penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = penstock.done("backup", "copy", "--with-key")
    assert ran.err == ""
    shutil.rmtree("penstock-data")
    restore(monkeypatch, "copy")

    assert list(acme.work(lambda ledger: ledger.provisioning.snapshot()).tokens.values()) == ["EAAGtokenA"]


def test_the_key_of_a_setting_is_not_copied(penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_SECRET_KEY", KEY.read_text().strip())

    assert "in PENSTOCK_SECRET_KEY, not in a file" in penstock("backup", "copy", "--with-key").refused(2)
    assert "(PENSTOCK_SECRET_KEY) is not in it" in penstock.done("backup", "copy").err


def test_a_key_that_is_not_there_cannot_be_copied(penstock: Any, acme: Any) -> None:
    KEY.unlink()

    assert "there is no secret key at penstock-data/secret.key" in penstock("backup", "copy", "--with-key").refused(3)


def test_nothing_is_ever_written_over(penstock: Any, acme: Any) -> None:
    penstock.done("backup", "copy")
    Path("file").write_text("mine")
    Path("link").symlink_to("nowhere")
    Path("other.partial").mkdir()

    for path in ("copy", "file", "link", "."):
        assert "is there already" in penstock("backup", path).refused(2)
    assert "left from a backup that was interrupted" in penstock("backup", "other").refused(2)
    assert Path("file").read_text() == "mine"


def test_a_place_that_cannot_hold_a_backup_is_refused(penstock: Any, acme: Any) -> None:
    Path("penstock-data/blobs").mkdir()

    assert "there is no folder" in penstock("backup", "no/such/folder").refused(2)
    assert "among the files that are to be copied" in penstock("backup", "penstock-data/blobs/copy").refused(2)
    assert penstock("backup", "x" * 300).code in {2, 3}


def test_what_goes_wrong_leaves_nothing_half_made(penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for error, code in (
        (OSError(28, "No space left on device", "copy"), 3),
        (Unreachable("damaged"), 3),
        (KeyboardInterrupt(), 130),
    ):

        def breaks(*_: object, error: BaseException = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(copying, "_copy_files", breaks)
        ran = penstock("backup", "copy")
        assert (ran.code, ran.out) == (code, "")
        assert not Path("copy").exists()
        assert not Path("copy.partial").exists()


def test_a_backup_that_lacks_a_file_is_made_and_says_so(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2")
    acme.attach(b"one", b"two")
    next(Path("penstock-data/blobs").glob("*/*")).unlink()
    ran = penstock("backup", "copy", "--json")

    assert ran.code == 1
    assert ran.answer["files"] == 1
    assert "are missing" in ran.answer["problems"][0]
    assert "are missing" in penstock("backup", "again").out


def test_an_interrupted_backup_can_be_made_again(penstock: Any, acme: Any) -> None:
    """Killed while it waits for a file that is a pipe: what is left is named, and is in nobody's way but its own."""
    acme.receive("1")
    (claim,) = acme.attach(b"one")
    pipe = Path("penstock-data/blobs") / blobkey.key(claim.id)
    pipe.unlink()
    os.mkfifo(pipe)
    code = (
        "import os, sys\n"
        "from penstock.cli.main import main\n"
        "def refuse(*_): raise OSError(18, 'cross-device link')\n"
        "os.link = refuse\n"
        "sys.exit(main())\n"
    )
    running = subprocess.Popen([sys.executable, "-c", code, "backup", "copy"], stderr=subprocess.PIPE)
    with pipe.open("wb"):  # returns once the backup reads
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=300)

    assert Path("copy.partial").exists()
    assert not Path("copy").exists()
    pipe.unlink()
    pipe.write_bytes(b"one")
    assert "remove it first" in penstock("backup", "copy").refused(2)
    shutil.rmtree("copy.partial")
    assert penstock.done("backup", "copy").code == 0


def test_a_backup_is_made_beside_somebody_who_writes(penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, began = threading.Event(), threading.Event()
    received = 0

    def write() -> None:
        import asyncio

        async def script(ledger: Any) -> None:
            nonlocal received
            from penstock.ledger.imports import ImportRow

            while not ended.is_set():
                rows = [ImportRow(f"{received}-{number}", acme.number) for number in range(5)]
                await ledger.imports.add(rows, workspace="acme", now=await ledger.now())
                received += 5
                began.set()

        asyncio.run(acme.whole(script))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert began.wait(60)
        penstock.done("backup", "first")
        penstock.done("backup", "second")
    finally:
        ended.set()
        writer.join()

    monkeypatch.setenv("PENSTOCK_SECRET_KEY", KEY.read_text().strip())
    counts = []
    for copy in ("first", "second"):
        restore(monkeypatch, copy)
        counts.append(penstock.done("audit", "--deep", "--json").answer["workspaces"][0]["received"])
    assert 0 < counts[0] <= counts[1] <= received
    assert all(count % 5 == 0 for count in counts)
