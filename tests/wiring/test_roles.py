"""On PostgreSQL a process has the roles that it was given, beside others; what it has not, it does not serve."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.controls.gates import keeper
from penstock.controls.rollouts import chooser
from penstock.core.errors import WrongUse
from penstock.core.recipe import Parameters
from penstock.flow import lanes
from penstock.settings import Bind, FolderUrl, PostgresUrl, Settings, load
from penstock.wiring.instance import ROLES, Instance
from penstock.wiring.stores import open_ledger


def settings(folder: Path, url: str) -> Settings:
    return Settings(
        database_url=PostgresUrl(url),
        secret_key=("the same on every machine",),
        blobs_url=FolderUrl(folder / "blobs"),
        bind=Bind("127.0.0.1", 0),
    )


async def status(instance: Instance, path: str) -> int:
    """How the application answers a GET."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "root_path": "",
    }
    await instance.app(scope, receive, send)
    return int(sent[0]["status"])


DOOR, PAGE, API = "/webhooks/whatsapp?hub.mode=subscribe", "/login", "/api/v1/openapi.json"


@pytest.mark.parametrize(
    ("role", "door", "pages"),
    [("receiver", 403, 404), ("console", 404, 200), ("fetcher", 404, 404), ("watcher", 404, 404), ("all", 403, 200)],
)
async def test_a_process_serves_what_its_role_is(
    tmp_path: Path, postgres_url: str, role: str, door: int, pages: int
) -> None:
    instance = Instance(settings(tmp_path, postgres_url), roles=[role])
    await instance.start()
    try:
        served = [await status(instance, path) for path in (DOOR, PAGE, API, "/healthz", "/readyz", "/metrics")]
        (process,) = await instance.ledger.processes.alive(now=await instance.ledger.now())
    finally:
        await instance.stop()

    assert served == [door, pages, pages, 200, 200, 200]
    assert process["role"] == role


async def test_many_processes_share_one_database(tmp_path: Path, postgres_url: str) -> None:
    roles: list[list[str]] = [["receiver"], ["receiver", "console"], ["fetcher"], ["fetcher"], ["watcher"], []]
    instances = [Instance(settings(tmp_path, postgres_url), roles=each) for each in roles]
    for instance in instances:
        await instance.start()
    alive = await instances[0].ledger.processes.alive(now=await instances[0].ledger.now())
    for instance in reversed(instances):
        await instance.stop()

    assert sorted(str(each["role"]) for each in alive) == sorted(
        ["receiver", "console,receiver", "fetcher", "fetcher", "watcher", "all"]
    )
    assert instances[-1].roles == ROLES


async def test_a_start_takes_nothing_from_another_fetcher(tmp_path: Path, postgres_url: str) -> None:
    released: list[int] = []
    instance = Instance(settings(tmp_path, postgres_url), roles=["fetcher"])

    async def release_all() -> int:
        released.append(1)
        return 0

    instance.ledger.queue.release_all = release_all  # type: ignore[method-assign]
    await instance.start()
    await instance.stop()
    assert released == []


def test_without_a_secret_key_nothing_starts_on_postgresql() -> None:
    environ = {"PENSTOCK_DATABASE_URL": "postgresql://me@db/penstock"}
    with pytest.raises(WrongUse, match="PENSTOCK_SECRET_KEY is not set") as caught:
        load(environ)
    assert "\n" not in str(caught.value)
    assert load({**environ, "PENSTOCK_SECRET_KEY": "one,two"}).database_file is None


async def test_a_gate_works_in_other_processes_without_their_looking(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_EVERY_S", 3_600.0)
    fetcher = Instance(settings(tmp_path, postgres_url), roles=["fetcher"])
    await fetcher.start()
    try:
        async with open_ledger(settings(tmp_path, postgres_url)) as command:
            for shut in (True, False, True):
                if shut:
                    await command.gates.shut({}, owner="operator", by="me", why="test", now=await command.now())
                else:
                    await command.gates.open({}, owner="operator")
                async with asyncio.timeout(60):
                    while bool(fetcher.gates._board.gates) is not shut:
                        await asyncio.sleep(0.01)
    finally:
        await fetcher.stop()


async def test_a_rollout_is_begun_and_taken_back_in_other_processes_without_their_looking(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chooser, "_EVERY_S", 3_600.0)
    fetcher = Instance(settings(tmp_path, postgres_url), roles=["fetcher"])
    await fetcher.start()
    try:
        async with open_ledger(settings(tmp_path, postgres_url)) as command:
            await command.recipes.add("next", parameters=Parameters(head_s=20), who="me", why="test")
            for _ in range(2):
                rollout = await command.rollouts.start("next", salt="salt", who="me", why="test")
                for begun in (True, False):
                    if not begun:
                        await command.rollouts.roll_back(rollout.id, who="me", reason="enough")
                    async with asyncio.timeout(60):
                        while (fetcher.recipes._rollout is not None) is not begun:
                            await asyncio.sleep(0.01)
    finally:
        await fetcher.stop()


async def test_what_a_receiver_takes_in_wakes_the_fetcher_of_another_process(
    tmp_path: Path,
    postgres_url: str,
    webhooks: Any,
    signed: Callable[[bytes], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "_LOOK_S", 3_600.0)
    told = settings(tmp_path, postgres_url)
    async with open_ledger(told, create=True) as ledger:
        now, made = await ledger.now(), ledger.provisioning
        await made.add_workspace("acme", now=now)
        await made.add_app("main", secret="app-secret", verify_token="verify-me", now=now)
        await made.add_credential("token-a", token="EAAGtokenA", now=now)
        await made.add_number("100000000000002", workspace="acme", app="main", credential="token-a", now=now)
        await ledger.gates.shut({}, owner="operator", by="me", why="nothing is to be sent", now=now)
    fetcher, receiver = Instance(told, roles=["fetcher"]), Instance(told, roles=["receiver"])
    looks: list[int] = []
    due = fetcher.ledger.queue.due

    async def counted() -> Any:
        looks.append(1)
        return await due()

    fetcher.ledger.queue.due = counted  # type: ignore[method-assign]
    await fetcher.start()
    await receiver.start()
    try:
        async with asyncio.timeout(60):
            for number in range(3):
                before = len(looks)
                body = webhooks.body(webhooks.file(f"wamid.{number}", f"m{number}"))
                await receiver.receiver.take(body, signed(body))
                while len(looks) == before:
                    await asyncio.sleep(0.01)
    finally:
        await receiver.stop()
        await fetcher.stop()


def test_what_a_fetcher_claims_bears_the_name_that_its_process_beats_under(tmp_path: Path, postgres_url: str) -> None:
    instance = Instance(settings(tmp_path, postgres_url), roles=["fetcher"])
    assert instance.fetcher._owner == instance.housekeeping.id
