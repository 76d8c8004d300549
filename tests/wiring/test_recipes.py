"""Recipes in a running instance: what fetches by them is built, rehearsed, used where it may be, and put away."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession
from structlog.testing import capture_logs

from penstock.adapters.graph.checked import Call
from penstock.adapters.graph.sending import Send, send_declared
from penstock.core.errors import WrongUse
from penstock.core.recipe import STANDARD, Parameters, Recipe
from penstock.core.work import Attempt, Outcome
from penstock.demo.legacy import send_legacy
from penstock.settings import Bind, FolderUrl, Settings, SqliteUrl
from penstock.simulator import Platform
from penstock.wiring.instance import Instance
from penstock.wiring.recipes import Engines, graph_for, limit_for

WHO: Any = {"who": "cli:anna", "why": "a test"}
NUMBERS = {"acme": "100000000000002", "lab": "100000000000003"}
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 a photo " * 40


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(
        database_url=SqliteUrl(folder / "penstock.db"),
        blobs_url=FolderUrl(folder / "blobs"),
        bind=Bind("127.0.0.1", 0),
        **more,
    )


class Place:
    """An instance, its simulated Meta, and two workspaces, of which one is for tests."""

    def __init__(self, instance: Instance, meta: Platform, signed: Callable[..., bytes]) -> None:
        self.instance, self.meta, self.signed = instance, meta, signed
        self.ledger = instance.ledger
        self.settings: Settings
        self.count = 0

    async def fetched(self, workspace: str, *, hint: bool = False) -> list[Attempt]:
        """A file comes and is attached; how it was fetched."""
        self.count += 1
        number = NUMBERS[workspace]
        media = self.meta.upload(JPEG, "image/jpeg", number=number)
        image = {"id": media.id, "mime_type": "image/jpeg"}
        if hint:
            image["url"] = self.meta.world.fresh_url(media, source="webhook", life_s=301)
        wamid = f"wamid.TEST{self.count}"
        at = str(int(await self.ledger.now()))
        message = {"from": "15550001234", "id": wamid, "timestamp": at, "type": "image", "image": image}
        value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, "messages": [message]}
        entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        await self.instance.receiver.take(body, self.signed(body))
        async with asyncio.timeout(60):
            while True:
                found = await self.ledger.shelf.message(wamid=wamid, workspace_id=None)
                assert found is not None
                if found.media[0].state == "attached":
                    assert found.media[0].attempts == 1
                    return await self.ledger.shelf.attempts(found.media[0].id)
                await asyncio.sleep(0.01)

    async def try_out(self, name: str, implementation: str = "declared", **parameters: Any) -> int:
        """Begin to roll out a new recipe, and let the fetcher see it."""
        await self.ledger.recipes.add(
            name, implementation=implementation, parameters=Parameters(**parameters), insecure=True, **WHO
        )
        rollout = await self.ledger.rollouts.start(name, salt="salt", **WHO)
        await self.instance.recipes.refresh()
        return rollout.id

    async def taken_back(self, rollout: int) -> None:
        """Roll it back, and let the fetcher see it."""
        await self.ledger.rollouts.roll_back(rollout, who="a test", reason="enough")
        await self.instance.recipes.refresh()


@pytest.fixture
async def place(tmp_path: Path, signed: Callable[..., bytes]) -> AsyncIterator[Callable[..., Any]]:
    """Starts an instance before a simulated Meta."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(implementations: Mapping[str, Callable[[], Send]] | None = None) -> Place:
            meta = await stack.enter_async_context(Platform())
            told = settings(
                tmp_path,
                graph_url=meta.graph_url,
                media_hosts=tuple(meta.media_hosts),
                allow_insecure_upstream=True,
            )
            instance = Instance(told, implementations=implementations)
            await instance.start()
            stack.push_async_callback(instance.stop)
            meta.add_token("token-a", "EAAGtokenA")
            tables, now = instance.ledger.provisioning, await instance.ledger.now()
            await tables.add_app("main", secret="app-secret", verify_token="verify-me", now=now)
            await tables.add_credential("token-a", token="EAAGtokenA", now=now)
            for name, number in NUMBERS.items():
                await tables.add_workspace(name, test=name == "lab", now=now)
                await tables.add_number(number, workspace=name, app="main", credential="token-a", now=now)
                meta.add_number(number, app_secret=b"app-secret", callback="http://127.0.0.1:9/", token="token-a")
            await instance.registry.refresh()
            made = Place(instance, meta, signed)
            made.settings = told
            return made

        yield start


def used(attempts: list[Attempt]) -> set[str]:
    return {each.recipe for each in attempts}


class Counting:
    """An implementation that counts what it sends."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self) -> Send:
        """The factory."""
        return self.send

    async def send(self, session: ClientSession, call: Call) -> ClientResponse:
        """As declared."""
        self.sent += 1
        return await send_declared(session, call)


async def test_an_implementation_fetches_where_its_recipe_has_come_to_and_nowhere_else(place: Any) -> None:
    counting = Counting()
    it: Place = await place({"counting": counting})
    rollout = await it.try_out("next", "counting")
    rehearsed = counting.sent
    assert rehearsed == 2  # once for each operation, before anything was fetched

    assert used(await it.fetched("lab")) == {"next/1"}
    assert used(await it.fetched("acme")) == {"standard/1"}
    assert counting.sent == rehearsed + 2
    await it.taken_back(rollout)
    assert used(await it.fetched("lab")) == {"standard/1"}
    assert counting.sent == rehearsed + 2


async def test_one_that_would_send_the_legacy_form_is_refused_with_nothing_on_the_wire_and_costs_no_attempt(
    place: Any,
) -> None:
    it: Place = await place({"legacy": lambda: send_legacy})
    with capture_logs() as logs:
        await it.try_out("old", "legacy")
    attempts = await it.fetched("lab")

    assert [(each.recipe, each.operation, each.outcome) for each in attempts] == [
        ("old/1", "media.look_up", Outcome.CONTRACT),
        ("standard/1", "media.look_up", Outcome.DELIVERED),
        ("standard/1", "media.download", Outcome.DELIVERED),
    ]
    assert "would not leave this machine as it is declared" in str(attempts[0].detail)
    assert it.meta.record.wrong_methods() == []
    assert len(it.meta.record.lookups()) == 1
    (refused,) = [each for each in logs if each["event"] == "recipe.refused"]
    assert "\n" not in refused["reason"]


async def test_one_that_is_not_installed_on_this_machine_is_said_once_and_left_out(place: Any) -> None:
    it: Place = await place()
    with capture_logs() as logs:
        await it.try_out("next", "acme")
        for _ in range(3):
            await it.instance.recipes.refresh()
        assert used(await it.fetched("lab")) == {"standard/1"}
    (told,) = [each for each in logs if each["event"] == "recipe.not_usable"]
    assert (told["recipe"], told["log_level"]) == ("next/1", "warning")
    assert told["reason"].startswith("its implementation 'acme' is not installed on ")
    assert "install it on every machine that fetches or watches" in told["reason"]


async def test_one_that_is_installed_as_the_handbook_shows_is_found_by_its_entry_point(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "recipes.md").read_text("utf-8")
    module = page.partition("```python\n")[2].partition("```")[0]
    assert "def make():" in module
    (tmp_path / "acme_fetching.py").write_text(module)
    installed = tmp_path / "acme_fetching-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-fetching\nVersion: 1.0\n")
    points = "[penstock.fetch]\nacme = acme_fetching:make\nbroken = acme_fetching:none\n"
    (installed / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))
    it: Place = await place()
    rollout = await it.try_out("next", "acme")
    assert used(await it.fetched("lab")) == {"next/1"}

    await it.taken_back(rollout)
    with capture_logs() as logs:
        await it.try_out("worse", "broken")
    (told,) = [each for each in logs if each["event"] == "recipe.not_usable"]
    assert told["reason"].startswith("its implementation 'broken' fails to load: AttributeError")


async def test_parameters_take_effect_for_their_recipe_alone(place: Any) -> None:
    it: Place = await place()
    await it.try_out("next", graph_version="v27.0", user_agent="a test/1", use_url_hint=False)
    operations = [each.operation for each in await it.fetched("lab", hint=True)]
    assert operations == ["media.look_up", "media.download"]
    operations = [each.operation for each in await it.fetched("acme", hint=True)]
    assert operations == ["media.download"]
    await it.fetched("acme")

    tried, usual = it.meta.record.lookups()
    assert tried.target.startswith("/v27.0/")
    assert tried.header("user-agent") == "a test/1"
    assert usual.target.startswith("/v26.0/")
    assert str(usual.header("user-agent")).startswith("Penstock/")


async def test_a_recipe_may_ask_another_graph(place: Any) -> None:
    it: Place = await place()
    async with Platform() as other:
        other.add_token("token-a", "EAAGtokenA")
        other.add_number(NUMBERS["lab"], app_secret=b"app-secret", callback="http://127.0.0.1:9/", token="token-a")
        await it.try_out("next", graph_url=other.graph_url, concurrency=1)
        usual, it.meta = it.meta, other
        assert used(await it.fetched("lab")) == {"next/1"}
        assert (len(other.record.lookups()), usual.record.lookups()) == (1, [])
        it.meta = usual
        assert used(await it.fetched("acme")) == {"standard/1"}
        assert (len(other.record.lookups()), len(usual.record.lookups())) == (1, 1)


async def test_what_was_rolled_out_is_in_use_after_a_restart(
    place: Any, tmp_path: Path, signed: Callable[..., bytes]
) -> None:
    it: Place = await place()
    await it.try_out("next", graph_version="v27.0")
    seen = await it.ledger.rollouts.current()
    assert seen is not None
    whole = await it.ledger.rollouts.set_stage(seen, "100", who="a test", reason="at once")
    assert whole is not None
    await it.ledger.rollouts.finish(whole, who="a test", reason="it held")
    await it.instance.recipes.refresh()
    assert used(await it.fetched("acme")) == {"next/1"}

    await it.instance.stop()
    again = Instance(it.settings)
    await again.start()
    try:
        assert used(await Place(again, it.meta, signed).fetched("acme")) == {"next/1"}
    finally:
        await again.stop()


async def test_what_nobody_needs_is_closed_once_nothing_is_under_way_in_it(tmp_path: Path) -> None:
    told = settings(tmp_path)
    engines = Engines(told, graph_for(told))
    recipe = Recipe("next", 1, parameters=Parameters(concurrency=2, error_budget=9, graph_url="https://other.example"))
    chosen = await engines.ready(recipe)
    assert chosen is not None
    assert chosen.places is not None
    assert (chosen.limit and chosen.limit.most, chosen.host) == (9, "other.example")
    same = await engines.ready(Recipe("again", 4, parameters=recipe.parameters))
    assert same is not None
    assert (same.graph is chosen.graph, same.places is chosen.places, same.label) == (True, True, "again/4")

    client = engines._clients["declared", recipe.parameters]
    async with client._slots:
        await engines.keep_only([STANDARD])
        assert await engines.ready(recipe) == chosen
    await engines.keep_only([STANDARD])
    assert engines._clients == {}
    other = await engines.ready(recipe)
    assert other is not None
    assert other.graph is not chosen.graph
    await engines.stop()


async def test_the_recipe_of_the_settings_is_the_instances_own_client(tmp_path: Path) -> None:
    instance = Instance(settings(tmp_path))
    chosen = await instance.engines.ready(STANDARD)
    assert chosen is not None
    assert chosen.graph is instance.graph


def test_what_a_recipe_leaves_open_is_as_the_settings_have_it(tmp_path: Path) -> None:
    told = settings(tmp_path, graph_url="https://waba.provider.example", graph_version="v25.0", lookup_error_budget=4)
    usual = limit_for(told)
    assert usual is not None
    assert usual.most == 4
    assert limit_for(told, Parameters(error_budget=0)) is None
    graph, short = graph_for(told), graph_for(told, Parameters(head_s=3, file_s=9, graph_version="v24.0"))
    assert (graph._pinned.version, graph._limits.head_s) == ("v25.0", 40.0)
    assert (short._pinned.version, short._limits.head_s, short._limits.probe_head_s) == ("v24.0", 3, 3)
    assert short._limits.file_s == 9
    with pytest.raises(WrongUse):
        graph_for(told, Parameters(graph_url="http://other.example"))
