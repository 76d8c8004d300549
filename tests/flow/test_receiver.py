"""The receiving step: verified, read, durable, or refused; and right whatever changes while a body is being read."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import StoreUnavailable
from penstock.core.updates import Direction, MediaRef, Message, Party, Reading
from penstock.flow import receiver as receiving
from penstock.flow.receiver import Receiver, Refusal, Refused, Taken
from penstock.flow.registry import Registry
from penstock.flow.rereading import read_strays
from penstock.ledger.book import Ledger

NUMBER, OTHER = "100000000000002", "100000000000003"
Sign = Callable[..., bytes]


@pytest.fixture
async def registry(provisioned: Ledger) -> Registry:
    """A registry that looks only when it is told to."""
    found = Registry(provisioned)
    await found.refresh()
    return found


@pytest.fixture
def woken() -> list[str]:
    """What the receiver woke."""
    return []


@pytest.fixture
def receiver(provisioned: Ledger, registry: Registry, woken: list[str]) -> Receiver:
    return Receiver(provisioned, registry, wake=lambda: woken.append("fetcher"), changed=lambda: woken.append("pages"))


async def taken(receiver: Receiver, body: bytes, header: bytes, app: str | None = None) -> Any:
    answer = await receiver.take(body, header, app)
    assert isinstance(answer, Taken), answer
    return answer.receipt


async def bodies(ledger: Ledger) -> list[bytes]:
    return [body.body for body in await ledger.journal.bodies()]


# -- taken -------------------------------------------------------------------------------------------------


async def test_a_signed_body_is_durable_when_it_is_taken(
    receiver: Receiver, webhooks: Any, signed: Sign, tmp_path: Path, woken: list[str]
) -> None:
    body = webhooks.body(webhooks.file("wamid.A", "m1"))
    receipt = await taken(receiver, body, signed(body))

    assert (receipt.messages, receipt.media) == (1, 1)
    assert woken == ["fetcher", "pages"]
    other = apsw.Connection(str(tmp_path / "penstock.db"))
    assert other.execute("SELECT body, signature, numbers FROM webhooks").fetchall() == [
        (body, signed(body).decode(), "[1]")
    ]
    other.close()


async def test_text_wakes_no_fetcher_and_a_duplicate_wakes_nobody(
    receiver: Receiver, webhooks: Any, signed: Sign, woken: list[str]
) -> None:
    body = webhooks.body(webhooks.text("wamid.A"))
    await taken(receiver, body, signed(body))
    await taken(receiver, body, signed(body))

    assert woken == ["pages"]


async def test_a_body_that_nobody_can_read_is_taken_and_kept(
    receiver: Receiver, provisioned: Ledger, signed: Sign
) -> None:
    for body in (b"", b"{", b"\xff" * 10, b"[1]", b'{"object": "page"}'):
        await taken(receiver, body, signed(body))

    assert len(await bodies(provisioned)) == 5
    assert await provisioned.journal.unread_count() == 5


async def test_what_cannot_be_stored_as_read_is_kept_to_be_read_again(
    receiver: Receiver,
    provisioned: Ledger,
    webhooks: Any,
    signed: Sign,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = MediaRef("m1", "image", size=1 << 90)
    message = Message(NUMBER, "w", Direction.INBOUND, "image", 1.0, Party(phone="1"), "1", None, b"{}", (file,))
    body = webhooks.body(webhooks.text("wamid.A"))
    with monkeypatch.context() as patched:
        patched.setattr(receiving, "read", lambda _: Reading((message,), frozenset({NUMBER})))
        receipt = await taken(receiver, body, signed(body))

    assert (receipt.messages, receipt.media) == (0, 0)
    assert await bodies(provisioned) == [body]
    assert await provisioned.journal.unread_count() == 1


async def test_a_store_that_takes_nothing_is_told_and_nothing_is_acknowledged(
    webhooks: Any, signed: Sign, tmp_path: Path
) -> None:
    ledger = Ledger(SqliteDatabase(tmp_path / "penstock.db", busy_timeout_s=0.05), FernetSealer(["key"]))
    await ledger.start()
    await ledger.provisioning.add_app("main", secret="app-secret", verify_token="v", now=1.0)
    registry = Registry(ledger)
    await registry.refresh()
    receiver = Receiver(ledger, registry)
    body = webhooks.body(webhooks.text("wamid.A"))
    other = apsw.Connection(str(tmp_path / "penstock.db"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await receiver.take(body, signed(body))
    other.execute("ROLLBACK")
    other.close()

    assert await bodies(ledger) == []
    assert isinstance(await receiver.take(body, signed(body)), Taken)  # Meta sends it again
    await ledger.stop()


async def test_many_at_once_are_all_taken_once(
    receiver: Receiver, provisioned: Ledger, webhooks: Any, signed: Sign
) -> None:
    made = [webhooks.body(webhooks.file(f"wamid.{n % 40}", f"m{n % 40}", sender=f"1555{n % 7}")) for n in range(120)]
    receipts = await asyncio.gather(*(taken(receiver, body, signed(body)) for body in made))

    assert sum(receipt.messages for receipt in receipts) == 40
    assert sum(receipt.media for receipt in receipts) == 40
    (tally,) = await provisioned.counts.tallies()
    assert (tally.received, tally.waiting) == (40, 40)


# -- refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, b"", b"sha256=", b"sha256=" + b"0" * 64, b"sha1=abc", b"\xff\xfe"], ids=repr)
async def test_a_body_without_a_good_signature_is_refused_and_not_kept(
    receiver: Receiver, provisioned: Ledger, webhooks: Any, header: bytes | None
) -> None:
    answer = await receiver.take(webhooks.body(webhooks.text("wamid.A")), header)

    assert answer == Refused(Refusal.SIGNATURE)
    assert await bodies(provisioned) == []


async def test_a_changed_body_is_refused(receiver: Receiver, webhooks: Any, signed: Sign) -> None:
    body = webhooks.body(webhooks.text("wamid.A"))

    assert await receiver.take(body + b" ", signed(body)) == Refused(Refusal.SIGNATURE)


async def test_the_named_app_must_have_signed(
    receiver: Receiver, provisioned: Ledger, webhooks: Any, signed: Sign
) -> None:
    await provisioned.provisioning.add_app("second", secret="second-secret", verify_token="v", now=1.0)
    body = webhooks.body(webhooks.text("wamid.A"))

    assert await receiver.take(body, signed(body), "second") == Refused(Refusal.SIGNATURE)
    assert await receiver.take(body, signed(body), "third") == Refused(Refusal.UNKNOWN_APP)
    await taken(receiver, body, signed(body), "main")


async def test_a_body_with_a_number_of_another_app_is_refused_whole(
    receiver: Receiver, registry: Registry, provisioned: Ledger, webhooks: Any, signed: Sign
) -> None:
    p = provisioned.provisioning
    await p.add_app("second", secret="second-secret", verify_token="v", now=1.0)
    await p.add_number(OTHER, workspace="acme", app="second", credential="token-a", now=1.0)
    await registry.refresh()
    mixed = webhooks.batch(
        webhooks.change(webhooks.text("wamid.A")), webhooks.change(webhooks.text("wamid.B"), number=OTHER)
    )
    only_named = webhooks.batch(webhooks.change(webhooks.text("wamid.A")), webhooks.change(number=OTHER))

    for body in (mixed, only_named):
        for secret in ("app-secret", "second-secret"):
            assert await receiver.take(body, signed(body, secret)) == Refused(Refusal.FOREIGN_NUMBER)
    assert await bodies(provisioned) == []


async def test_both_secrets_of_a_rotation_are_good_until_the_old_one_is_dropped(
    receiver: Receiver, registry: Registry, provisioned: Ledger, webhooks: Any, signed: Sign
) -> None:
    body = webhooks.body(webhooks.text("wamid.A"))
    await provisioned.provisioning.set_app("main", secret="second-secret")
    await taken(receiver, body, signed(body, "second-secret"))
    await taken(receiver, body, signed(body, "app-secret"))
    await provisioned.provisioning.set_app("main", drop_old_secret=True)
    await registry.refresh()

    assert await receiver.take(body, signed(body, "app-secret")) == Refused(Refusal.SIGNATURE)
    assert len(await bodies(provisioned)) == 2


# -- what changes meanwhile ------------------------------------------------------------------------------------


async def test_updates_for_an_unknown_number_are_kept_and_read_when_it_is_added(
    receiver: Receiver, registry: Registry, provisioned: Ledger, webhooks: Any, signed: Sign
) -> None:
    body = webhooks.body(webhooks.file("wamid.A", "m1"), number=OTHER)
    receipt = await taken(receiver, body, signed(body))
    assert (receipt.messages, receipt.strays) == (0, 1)
    await provisioned.provisioning.add_number(OTHER, workspace="acme", app="main", credential="token-a", now=1.0)
    reread = await read_strays(provisioned, registry, OTHER)

    assert (reread.bodies, reread.messages, reread.media) == (1, 1, 1)
    assert await provisioned.journal.strays() == []


async def test_a_number_added_a_moment_ago_is_known_although_nobody_has_looked(
    receiver: Receiver, registry: Registry, provisioned: Ledger, webhooks: Any, signed: Sign
) -> None:
    await provisioned.provisioning.add_number(OTHER, workspace="acme", app="main", credential="token-a", now=1.0)
    assert registry.route(OTHER) is None
    body = webhooks.body(webhooks.file("wamid.A", "m1"), number=OTHER)
    receipt = await taken(receiver, body, signed(body))

    assert (receipt.messages, receipt.media, receipt.strays) == (1, 1, 0)
    assert await provisioned.journal.strays() == []


async def test_no_stray_is_left_behind_however_the_adding_and_the_receiving_interleave(
    provisioned: Ledger, webhooks: Any, signed: Sign, tmp_path: Path
) -> None:
    """Two receivers with registries of their own, and another process that adds numbers and reads quarantine once."""
    registries = [Registry(provisioned), Registry(provisioned)]
    receivers = [Receiver(provisioned, registry) for registry in registries]
    for registry in registries:
        await registry.refresh()
    command = Ledger(SqliteDatabase(tmp_path / "penstock.db"), FernetSealer(["a key of the tests"]))
    await command.start()
    numbers = [f"2000000000000{n:02}" for n in range(12)]

    async def send(receiver: Receiver, part: int) -> None:
        for n in range(60):
            body = webhooks.body(webhooks.file(f"wamid.{part}.{n}", f"m{part}.{n}"), number=numbers[n % 12])
            await taken(receiver, body, signed(body))

    async def add() -> None:
        for number in numbers:
            await command.provisioning.add_number(number, workspace="acme", app="main", credential="token-a", now=1.0)
            await read_strays(command, Registry(command), number)

    await asyncio.gather(send(receivers[0], 0), send(receivers[1], 1), add())
    await command.stop()

    assert await provisioned.journal.strays() == []
    (tally,) = await provisioned.counts.tallies()
    assert tally.received == 120


async def test_a_number_that_moved_a_moment_ago_brings_nothing_to_its_old_workspace(
    receiver: Receiver, provisioned: Ledger, webhooks: Any, signed: Sign
) -> None:
    p = provisioned.provisioning
    await p.add_workspace("second", now=1.0)
    await p.remove_number(NUMBER, now=2.0)
    await p.add_number(NUMBER, workspace="second", app="main", credential="token-a", now=3.0)
    body = webhooks.body(webhooks.text("wamid.A"))
    await taken(receiver, body, signed(body))

    message = await provisioned.shelf.message(wamid="wamid.A", workspace_id=None)
    assert message is not None
    assert message.workspace == "second"


async def test_a_number_that_was_given_to_the_signing_app_a_moment_ago_is_not_foreign(
    receiver: Receiver, registry: Registry, provisioned: Ledger, webhooks: Any, signed: Sign
) -> None:
    p = provisioned.provisioning
    await p.add_app("second", secret="second-secret", verify_token="v", now=1.0)
    await registry.refresh()
    await p.set_number(NUMBER, app="second", now=2.0)
    body = webhooks.body(webhooks.text("wamid.A"))

    await taken(receiver, body, signed(body, "second-secret"))
    assert await receiver.take(body, signed(body, "app-secret")) == Refused(Refusal.FOREIGN_NUMBER)


async def test_an_app_added_a_moment_ago_is_known(
    receiver: Receiver, provisioned: Ledger, webhooks: Any, signed: Sign
) -> None:
    await provisioned.provisioning.add_app("second", secret="second-secret", verify_token="v", now=1.0)
    body = webhooks.body(webhooks.text("wamid.A"), number=OTHER)
    receipt = await taken(receiver, body, signed(body, "second-secret"), "second")

    assert receipt.strays == 1


async def test_changes_that_do_not_concern_a_body_do_not_disturb_it(
    receiver: Receiver, registry: Registry, provisioned: Ledger, webhooks: Any, signed: Sign
) -> None:
    seen = registry.version
    await provisioned.provisioning.set_workspace("acme", test=True)
    body = webhooks.body(webhooks.text("wamid.A"))

    assert (await taken(receiver, body, signed(body))).messages == 1
    assert registry.version == seen  # nobody had to look


async def test_a_number_that_never_holds_still_is_the_store_being_unavailable(
    receiver: Receiver,
    registry: Registry,
    provisioned: Ledger,
    webhooks: Any,
    signed: Sign,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receive = provisioned.journal.receive

    async def moving(**facts: Any) -> Any:
        number = await provisioned.provisioning.numbers()
        await provisioned.provisioning.set_number(NUMBER, no_storage=not number[0]["no_storage"], now=1.0)
        return await receive(**facts)

    monkeypatch.setattr(provisioned.journal, "receive", moving)
    body = webhooks.body(webhooks.text("wamid.A"))
    with pytest.raises(StoreUnavailable, match="moving"):
        await receiver.take(body, signed(body))
    assert await bodies(provisioned) == []
