"""The installation is examined beside whatever runs, and left as it is."""

import asyncio
import functools
import os
import socket
import time
from pathlib import Path
from typing import Any

import apsw
import pytest
from aiohttp import ClientResponse, ClientSession

from penstock.adapters.graph.checked import Call
from penstock.adapters.lock import InstanceLock
from penstock.cli import instance_checks
from penstock.cli.finding import Finding, ok
from penstock.ledger.book import Ledger
from penstock.ledger.probes import Last
from penstock.settings import Bind, Settings, load
from penstock.settings.values import FolderUrl, SqliteUrl
from penstock.wiring import instance

DATABASE = Path("penstock-data/penstock.db")


def examine(check: Any, settings: Settings | None = None) -> list[Finding]:
    found: list[Finding] = asyncio.run(check(settings or load()))
    return found


def states(found: list[Finding]) -> dict[str, str]:
    """The worst that was found under each name."""
    order = ["ok", "warn", "fail"]
    worst: dict[str, str] = {}
    for each in found:
        worst[each.name] = max(worst.get(each.name, "ok"), each.state, key=order.index)
    return worst


def test_a_sound_installation_is_all_well(penstock: Any, acme: Any) -> None:
    found = examine(instance_checks.database)

    assert states(found) == {
        "database": "ok",
        "schema": "ok",
        "durable write": "ok",
        "secret key": "ok",
        "served": "ok",
        "synthetic probe": "ok",
        "recipes": "ok",
    }
    assert all(not each.advice for each in found)


def test_the_synthetic_probe_is_told_of_in_a_line(penstock: Any, acme: Any) -> None:
    def said() -> Finding:
        return next(each for each in examine(instance_checks.database) if each.name == "synthetic probe")

    assert said().found.startswith("there is none: ")
    assert "`penstock workspace add trial --test`" in said().found
    penstock.done("workspace", "set", "acme", "--test")
    assert said() == ok("synthetic probe", f"number {acme.number} waits for its first fetch")

    async def script(ledger: Ledger) -> None:
        standing = await ledger.probes.standing()
        assert standing is not None
        last = Last(await ledger.now(), "media.look_up", "upstream", "It has a fault of its own.")
        await ledger.probes.tried(standing.number_id, last)

    acme.work(script)
    assert (said().state, said().found) == ("warn", f"the last one, of number {acme.number}, failed at media.look_up")


def test_where_there_is_no_database_none_is_made(penstock: Any) -> None:
    (found,) = examine(instance_checks.database)

    assert found.state == "warn"
    assert not Path("penstock-data").exists()


def test_a_database_that_has_migrations_to_come_is_left_as_it_is(penstock: Any) -> None:
    Path("penstock-data").mkdir(mode=0o700)
    apsw.Connection(str(DATABASE)).close()

    assert states(examine(instance_checks.database)) == {"database": "warn", "schema": "warn"}
    assert penstock("migrate", "--check").code == 1


def test_a_newer_database_fails(penstock: Any, acme: Any) -> None:
    with apsw.Connection(str(DATABASE)) as connection:
        connection.execute("INSERT INTO migrations VALUES (9999, 'from_the_future', 0)")
    connection.close()

    assert states(examine(instance_checks.database))["database"] == "fail"


def test_a_file_that_is_no_database_fails(penstock: Any) -> None:
    Path("penstock-data").mkdir()
    DATABASE.write_text("these are my notes\n" * 100)
    (found,) = examine(instance_checks.database)

    assert found.state == "fail"
    assert "cannot be read" in found.found


def test_a_damaged_database_fails(penstock: Any, acme: Any) -> None:
    acme.receive("1")
    with apsw.Connection(str(DATABASE)) as connection:
        connection.pragma("wal_checkpoint(TRUNCATE)")
        root: Any = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'media_once'").get
    connection.close()
    with DATABASE.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\x0a\x00\x00\x00\x07" + b"\xff" * 60)
    (found,) = examine(instance_checks.database)

    assert found.state == "fail"


def test_a_missing_key_fails_and_none_is_made(penstock: Any, acme: Any) -> None:
    Path("penstock-data/secret.key").unlink()

    assert states(examine(instance_checks.database))["secret key"] == "fail"
    assert not Path("penstock-data/secret.key").exists()


def test_a_key_that_does_not_open_what_is_stored_fails(
    penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_SECRET_KEY", "another-key-of-a-good-length-and-more")
    (found,) = [each for each in examine(instance_checks.database) if each.name == "secret key"]

    assert found.state == "fail"
    assert "sealed with another key" in found.found
    assert "another-key" not in found.found


def test_a_short_or_open_key_is_warned_of(penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("penstock-data/secret.key").chmod(0o644)
    assert states(examine(instance_checks.database))["secret key"] == "warn"

    monkeypatch.setenv("PENSTOCK_SECRET_KEY", "short," + Path("penstock-data/secret.key").read_text().strip())
    assert "it has 5 characters" in next(
        each.found for each in examine(instance_checks.database) if each.state == "warn"
    )


def test_data_that_others_may_read_is_warned_of(penstock: Any, acme: Any) -> None:
    assert states(examine(instance_checks.database))["database"] == "ok"
    Path("penstock-data").chmod(0o755)
    assert states(examine(instance_checks.database))["database"] == "ok"
    DATABASE.chmod(0o644)

    assert states(examine(instance_checks.database))["database"] == "warn"


def test_serving_nobody_is_warned_of(penstock: Any) -> None:
    penstock.done("workspace", "add", "acme")

    assert states(examine(instance_checks.database))["served"] == "warn"


def test_a_clock_that_went_back_is_warned_of(penstock: Any, acme: Any) -> None:
    acme.receive("1")
    with apsw.Connection(str(DATABASE)) as connection:
        connection.execute("UPDATE media SET received_at = ?", (time.time() + 3_600,))
    connection.close()

    assert states(examine(instance_checks.database))["clock"] == "warn"


def test_a_database_on_a_network_fails_and_files_there_are_warned_of(
    penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("penstock-data/blobs").mkdir()
    monkeypatch.setattr(instance_checks, "file_system", lambda _: "nfs4")

    assert states(examine(instance_checks.database))["database"] == "fail"
    assert states(examine(instance_checks.files)) == {"files": "warn"}


def test_the_kind_of_a_file_system_is_known(tmp_path: Path) -> None:
    assert instance_checks.file_system(Path("/proc/self")) == "proc"
    assert instance_checks.file_system(tmp_path) not in {"", "proc"}


def test_the_folder_of_files_takes_a_durable_write_and_keeps_nothing(penstock: Any) -> None:
    assert states(examine(instance_checks.files)) == {"files": "ok"}
    assert not Path("penstock-data").exists()

    Path("penstock-data/blobs").mkdir(parents=True)
    assert states(examine(instance_checks.files)) == {"files": "ok"}
    assert list(Path("penstock-data/blobs").iterdir()) == []


def test_a_folder_without_unnamed_files_is_warned_of(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("penstock-data/blobs").mkdir(parents=True)
    real = os.open

    def without(path: Any, flags: int, *more: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(95, "Operation not supported")
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", without)
    assert states(examine(instance_checks.files)) == {"files": "warn"}
    assert list(Path("penstock-data/blobs").iterdir()) == []


def test_a_folder_that_takes_no_files_fails(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("penstock-data/blobs").mkdir(parents=True)

    def full(*_: object) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(instance_checks, "_write_durably", full)
    (found,) = examine(instance_checks.files)

    assert found.state == "fail"
    assert "No space left on device" in found.found


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written_fails(penstock: Any) -> None:
    Path("shut").mkdir(mode=0o500)
    settings = Settings(database_url=SqliteUrl(Path("shut/d/p.db")), blobs_url=FolderUrl(Path("shut/blobs")))

    assert states(examine(instance_checks.files, settings)) == {"files": "fail"}
    assert states(examine(instance_checks.database, settings)) == {"database": "fail"}


def test_an_address_that_is_free_is_all_well(penstock: Any) -> None:
    assert states(examine(instance_checks.listening, Settings(bind=Bind("127.0.0.1", 0)))) == {"bind": "ok"}


def test_an_address_in_use_is_asked_who_uses_it(penstock: Any, acme: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(bind=Bind("127.0.0.1", taken.getsockname()[1]))
        assert states(examine(instance_checks.listening, settings)) == {"bind": "warn"}
        with InstanceLock(DATABASE):
            assert states(examine(instance_checks.listening, settings)) == {"bind": "ok"}


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_fails(penstock: Any, host: str) -> None:
    assert states(examine(instance_checks.listening, Settings(bind=Bind(host, 8080)))) == {"bind": "fail"}


@pytest.mark.parametrize(
    ("public_url", "state"), [(None, "warn"), ("http://media.example.com", "warn"), ("https://media.example.com", "ok")]
)
def test_meta_comes_by_https_only(public_url: str | None, state: str) -> None:
    assert states(examine(instance_checks.public_address, Settings(public_url=public_url))) == {"public address": state}


def test_an_insecure_upstream_is_warned_of() -> None:
    assert states(examine(instance_checks.upstream, Settings())) == {"upstream": "ok"}
    assert states(examine(instance_checks.upstream, Settings(allow_insecure_upstream=True))) == {"upstream": "warn"}


def test_our_own_requests_are_sent_to_a_socket_of_ours_and_compared() -> None:
    [found] = examine(instance_checks.own_requests, Settings())

    assert (found.name, found.state, found.advice) == ("own requests", "ok", "")
    assert found.found.startswith("media.look_up, media.download and media.upload leave as they are declared")


def test_a_request_that_would_leave_otherwise_than_declared_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async def post_instead(session: ClientSession, call: Call) -> ClientResponse:
        return await session.post("https://graph.facebook.com/x", data={"method": "get"}, middlewares=(call,))

    monkeypatch.setattr(instance, "open_graph", functools.partial(instance.open_graph, send=post_instead))
    [found] = examine(instance_checks.own_requests, Settings())

    assert (found.name, found.state) == ("own requests", "fail")
    assert "media.look_up would not leave this machine as it is declared: the method is 'POST'" in found.found
    assert found.advice
