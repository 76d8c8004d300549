"""Everything starts in an order that works, stops in the reverse, and leaves nothing behind when it cannot start."""

from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession

from penstock.adapters.graph.checked import Call
from penstock.adapters.graph.sending import send_declared
from penstock.contract import ContractViolation
from penstock.core.errors import Conflict, Unreachable
from penstock.core.work import Claim, PutBack
from penstock.settings import Bind, FolderUrl, Settings, SqliteUrl
from penstock.wiring.instance import Instance, look_up_limit

CLAIM = Claim(1, 1, 1, "acme", 1, "1", "main", 1, "token-a", "image", "m", "w", 0.0, 1.0, 0)


def settings(folder: Path, **more: object) -> Settings:
    return Settings(
        database_url=SqliteUrl(folder / "penstock.db"),
        blobs_url=FolderUrl(folder / "blobs"),
        bind=Bind("127.0.0.1", 0),
        **more,  # type: ignore[arg-type]
    )


async def test_an_instance_starts_on_nothing_and_starts_again_on_what_it_left(tmp_path: Path) -> None:
    for applied_something in (True, False):
        instance = Instance(settings(tmp_path))
        assert bool(await instance.start()) is applied_something
        await instance.stop()


async def test_two_instances_do_not_share_one_database(tmp_path: Path) -> None:
    first = Instance(settings(tmp_path))
    await first.start()
    second = Instance(settings(tmp_path))
    with pytest.raises(Conflict, match="another process runs this installation"):
        await second.start()
    await first.stop()
    await second.start()
    await second.stop()


async def test_a_start_that_fails_half_way_gives_everything_back(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    broken = Instance(settings(tmp_path))
    with pytest.raises(Unreachable, match="the folder for files"):
        await broken.start()
    (tmp_path / "blobs").unlink()
    whole = Instance(settings(tmp_path))
    await whole.start()
    await whole.stop()


async def test_a_fetch_implementation_that_sends_something_else_stops_the_start_before_anything_is_made(
    tmp_path: Path,
) -> None:
    async def post_instead(session: ClientSession, call: Call) -> ClientResponse:
        return await session.post(call.declared.web.target, data={"method": "get"}, middlewares=(call,))

    broken = Instance(settings(tmp_path), send=post_instead)
    with pytest.raises(
        ContractViolation, match=r"^media\.look_up would not leave this machine as it is declared: "
    ) as no:
        await broken.start()
    assert "\n" not in str(no.value)
    assert not (tmp_path / "penstock.db").exists()
    whole = Instance(settings(tmp_path))
    await whole.start()
    await whole.stop()


@pytest.mark.parametrize(
    ("more", "most"),
    [
        ({}, None),
        ({"graph_url": "https://waba.provider.example"}, 15),
        ({"graph_url": "https://waba.provider.example", "lookup_error_budget": 0}, None),
        ({"lookup_error_budget": 5}, 5),
        ({"graph_url": "http://127.0.0.1:9", "allow_insecure_upstream": True}, None),
    ],
    ids=str,
)
def test_a_numbers_error_budget_is_for_providers_or_by_setting(
    tmp_path: Path, more: dict[str, object], most: int | None
) -> None:
    limit = look_up_limit(settings(tmp_path, **more))
    assert (limit.most if limit else None) == most


async def test_the_fetcher_is_counted_in_the_metrics_that_the_pages_show(tmp_path: Path) -> None:
    instance = Instance(settings(tmp_path))
    assert instance.app.metrics is instance.metrics
    instance.fetcher._witness.ended(CLAIM, PutBack(0.0))
    assert 'penstock_endings_total{ending="put_back"} 1.0' in instance.metrics.text().decode()


async def test_a_process_tells_what_its_roles_do(tmp_path: Path) -> None:
    watcher = Instance(settings(tmp_path), roles=["watcher"]).metrics.text().decode()
    fetcher = Instance(settings(tmp_path), roles=["fetcher"]).metrics.text().decode()

    assert 'penstock_process_role{role="watcher"} 1.0' in watcher
    assert "penstock_watch_rounds_total 0.0" in watcher
    assert "penstock_fetch_slots" not in watcher
    assert "penstock_fetch_slots 64.0" in fetcher
    assert "penstock_watch_leading" not in fetcher


async def test_a_watcher_that_fetches_nothing_has_a_way_to_graph_for_its_probes(tmp_path: Path) -> None:
    watcher = Instance(settings(tmp_path), roles=["watcher"])
    await watcher.start()
    assert watcher.asking._open_session is not None
    assert watcher.graph._open_session is None  # nobody fetches here
    await watcher.stop()
    assert watcher.asking._open_session is None
    console = Instance(settings(tmp_path), roles=["console"])
    await console.start()
    assert console.asking._open_session is None
    await console.stop()


async def test_probes_that_test_a_diagnosis_do_not_go_by_the_fetch_implementation_in_use(tmp_path: Path) -> None:
    async def another(session: ClientSession, call: Call) -> ClientResponse:
        return await send_declared(session, call)

    plain, exchanged = Instance(settings(tmp_path)), Instance(settings(tmp_path), send=another)
    assert plain.plainly is plain.asking
    assert exchanged.plainly is not exchanged.asking
    await exchanged.start()
    assert exchanged.plainly._open_session is not None
    await exchanged.stop()
