"""The provisioning at hand: fresh within a second, looked up at once when something unknown turns up."""

import asyncio
from pathlib import Path

import pytest

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import WrongUse
from penstock.flow import registry as module
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger

NUMBER, OTHER = "100000000000002", "100000000000003"


async def test_it_knows_who_is_served(provisioned: Ledger) -> None:
    registry = Registry(provisioned)
    await registry.start()

    route = registry.route(NUMBER)
    assert route is not None
    assert registry.routes() == {NUMBER: route}
    assert [app.name for app in registry.apps()] == ["main"]
    assert registry.app("main") == registry.apps()[0]
    assert (registry.app("x"), registry.route("1"), registry.token(99)) == (None, None, None)
    assert registry.token(route.credential_id) == "EAAGtokenA"
    assert registry.version == await provisioned.provisioning.version()
    await registry.stop()


async def test_a_change_of_another_process_takes_effect_by_itself(
    provisioned: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_EVERY_S", 0.01)
    registry = Registry(provisioned)
    await registry.start()
    command = Ledger(SqliteDatabase(tmp_path / "penstock.db"), FernetSealer(["a key of the tests"]))
    await command.start()
    await command.provisioning.add_number(OTHER, workspace="acme", app="main", credential="token-a", now=1.0)
    await command.stop()
    async with asyncio.timeout(60):
        while registry.route(OTHER) is None:
            await asyncio.sleep(0.01)
    await registry.stop()


async def test_unknown_things_by_the_thousand_do_not_make_it_look_each_time(
    provisioned: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry(provisioned)
    await registry.refresh()
    looks = []
    ask = provisioned.provisioning.version

    async def version() -> int:
        looks.append(1)
        return await ask()

    monkeypatch.setattr(provisioned.provisioning, "version", version)
    monkeypatch.setattr(module, "_AT_ONCE_S", 3600.0)
    await asyncio.gather(*(registry.refresh_soon() for _ in range(1000)))

    assert len(looks) <= 1


async def test_refreshing_reads_only_what_has_changed(provisioned: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(provisioned)
    await registry.refresh()
    apps = registry.apps()
    await registry.refresh()
    assert registry.apps() is apps
    await provisioned.provisioning.set_workspace("acme", test=True)
    await registry.refresh()
    assert registry.apps() is not apps


async def test_the_last_snapshot_serves_on_while_the_store_cannot_be_read(
    provisioned: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_EVERY_S", 0.01)
    registry = Registry(provisioned)
    await registry.start()
    await provisioned.stop()
    await asyncio.sleep(0.05)

    assert registry.route(NUMBER) is not None
    await registry.stop()


async def test_a_wrong_secret_key_stops_the_start(provisioned: Ledger, tmp_path: Path) -> None:
    other = Ledger(SqliteDatabase(tmp_path / "penstock.db"), FernetSealer(["another key"]))
    await other.start()
    with pytest.raises(WrongUse):
        await Registry(other).start()
    await other.stop()


async def test_stopping_what_never_started_is_no_harm(provisioned: Ledger) -> None:
    await Registry(provisioned).stop()


async def test_nothing_of_it_shows_a_secret(provisioned: Ledger) -> None:
    registry = Registry(provisioned)
    await registry.refresh()
    shown = repr(registry) + repr(registry.apps()) + repr(registry.routes())

    assert not [secret for secret in ("app-secret", "verify-me", "EAAGtokenA") if secret in shown]


async def test_it_tells_every_secret_to_whoever_looks_for_them_where_they_must_not_be(provisioned: Ledger) -> None:
    registry = Registry(provisioned)
    await registry.start()
    assert set(registry.secrets()) == {"EAAGtokenA", "app-secret", "verify-me"}
    await registry.stop()
