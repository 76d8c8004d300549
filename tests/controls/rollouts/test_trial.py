"""Trying recipes out: real files of a simulated Meta, fetched by two recipes and compared."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from penstock.controls.rollouts.trial import Compared, File, Open, Trials
from penstock.core.recipe import STANDARD, Parameters, Recipe
from penstock.simulator import FaultRule, Platform, Scenario, Server

NEXT = Recipe("next", 1, parameters=Parameters(graph_version="v99.0"))
LEGACY = Recipe("legacy", 1, "legacy")
NUMBER = "100000000000002"
BYTES = b"the bytes of a file"


class Trial:
    """Trials beside a simulated Meta."""

    def __init__(self, meta: Platform, trials: Trials) -> None:
        self.meta, self.trials = meta, trials

    async def compare(
        self,
        candidate: Recipe = NEXT,
        current: Recipe = STANDARD,
        *,
        sha256: bytes | None = None,
        media_id: str | None = None,
    ) -> Compared:
        """A file, fetched by both."""
        known = media_id or self.meta.upload(BYTES, "image/jpeg", number=NUMBER).id
        self.trials.compare(File(1, known, "EAAGtokenA", sha256), candidate, current)
        async with asyncio.timeout(60):
            while (result := self.trials.result()) is None:
                assert self.trials.busy
                await asyncio.sleep(0.01)
        assert not self.trials.busy
        return result


@pytest.fixture
async def trial(open_graph: Callable[..., Open]) -> AsyncIterator[Callable[..., Any]]:
    """Starts trials beside a fleet."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*faults: FaultRule) -> Trial:
            meta = await stack.enter_async_context(Platform(Scenario(servers=(Server(faults=faults),))))
            meta.add_token("token-a", "EAAGtokenA")
            meta.add_number(NUMBER, app_secret=b"s", callback="http://127.0.0.1:9/", token="token-a")
            trials = Trials(open_graph(meta.graph_url, media_hosts=tuple(meta.media_hosts)))
            await trials.start()
            stack.push_async_callback(trials.stop)
            return Trial(meta, trials)

        yield start


async def test_a_rehearsal_asks_nobody_and_names_what_is_wrong(trial: Any) -> None:
    it: Trial = await trial()
    assert await it.trials.rehearse(NEXT) is None
    refused = await it.trials.rehearse(LEGACY)
    assert refused is not None
    assert "media.look_up would not leave this machine as it is declared" in refused
    assert "not installed" in (await it.trials.rehearse(Recipe("other", 1, "elsewhere")) or "")
    assert list(it.meta.record.requests) == []


async def test_a_file_that_both_bring_is_the_same(trial: Any) -> None:
    it: Trial = await trial()
    assert (await it.compare()).kind == "same"
    assert {request.target.split("/")[1] for request in it.meta.record.requests if request.hop == "lookup"} == {
        "v26.0",
        "v99.0",
    }


async def test_one_that_is_not_what_is_attached_is_different(trial: Any) -> None:
    it: Trial = await trial()
    assert (await it.compare(sha256=hashlib.sha256(BYTES).digest())).kind == "same"
    found = await it.compare(sha256=hashlib.sha256(b"other").digest())
    assert (found.kind, found.detail) == ("different", "its size or hash is not the one that it should have")


async def test_one_that_the_new_recipe_alone_does_not_bring_has_failed(trial: Any) -> None:
    it: Trial = await trial(FaultRule(fault="get-405", hop="lookup", versions=("v99.0",)))
    found = await it.compare()
    assert found.kind == "failed"
    assert "405" in found.detail


async def test_one_that_only_the_new_recipe_brings_is_judged_by_its_declared_hash(trial: Any) -> None:
    it: Trial = await trial(FaultRule(fault="get-405", hop="lookup", versions=("v26.0",)))
    assert (await it.compare()).kind == "same"


async def test_one_that_neither_brings_says_nothing(trial: Any) -> None:
    it: Trial = await trial(FaultRule(fault="gone", hop="lookup"))
    assert (await it.compare()).kind == "unsure"


async def test_a_request_that_is_not_the_declared_one_is_not_sent(trial: Any) -> None:
    it: Trial = await trial()
    found = await it.compare(LEGACY)
    assert found.kind == "refused"
    assert list(it.meta.record.requests) == []


async def test_a_media_id_that_is_unfit_for_a_request_says_nothing_of_a_recipe(trial: Any) -> None:
    it: Trial = await trial()
    assert (await it.compare(media_id="../me")).kind == "unsure"
    assert list(it.meta.record.requests) == []


async def test_one_that_hangs_is_given_up(trial: Any, open_graph: Callable[..., Open]) -> None:
    it: Trial = await trial(FaultRule(fault="hang"))
    opened = open_graph(it.meta.graph_url, media_hosts=tuple(it.meta.media_hosts))
    quick = Trial(it.meta, Trials(opened, patience_s=0.2))
    assert (await quick.compare()).kind == "unsure"


async def test_stopping_breaks_off_what_is_under_way(trial: Any) -> None:
    it: Trial = await trial(FaultRule(fault="hang"))
    media = it.meta.upload(BYTES, "image/jpeg", number=NUMBER)
    it.trials.compare(File(1, media.id, "EAAGtokenA", None), NEXT, STANDARD)
    await asyncio.sleep(0)
    await it.trials.stop()
    assert not it.trials.busy
