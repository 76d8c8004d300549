"""A command line run in this process, on an installation of its own, and something to find in it."""

import asyncio
import hashlib
import hmac
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from penstock.cli.main import main
from penstock.core import blobkey
from penstock.core.work import Attached, Attempt, Claim, Ending, Outcome
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.settings import load
from penstock.wiring.stores import open_ledger

T = TypeVar("T")

NUMBER = "100000000000002"


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The one JSON object on stdout."""
        assert self.code in {0, 1}, self.err
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    def refused(self, code: int) -> str:
        """The one line on stderr of a command that did nothing."""
        assert (self.code, self.out) == (code, ""), (self.code, self.out, self.err)
        assert self.err.startswith("penstock: ")
        assert self.err.count("\n") == 1
        assert self.err.endswith("\n")
        return self.err.removeprefix("penstock: ").strip()


class CommandLine:
    """``penstock`` in the working directory of the test."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: bytes | None = None) -> Ran:
        if stdin is not None:
            self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capsys.readouterr()
        code = main(arguments)
        return Ran(code, *self._capsys.readouterr())

    def done(self, *arguments: str, stdin: bytes | None = None) -> Ran:
        """A command that is expected to be done."""
        ran = self(*arguments, stdin=stdin)
        assert ran.code == 0, ran.err
        return ran


@pytest.fixture
def penstock(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    """The command line, in an empty folder."""
    _alone(monkeypatch, tmp_path)
    return CommandLine(capsys, monkeypatch)


class Installation:
    """What is in the ledger that the commands look at."""

    number = NUMBER

    def work(self, script: Callable[[Ledger], Awaitable[T]]) -> T:
        """Do something with the ledger."""
        return asyncio.run(self.whole(script))

    async def whole(self, script: Callable[[Ledger], Awaitable[T]]) -> T:
        """The same, for a loop of one's own."""
        async with open_ledger(load()) as ledger:
            return await script(ledger)

    def receive(self, *media_ids: str, number: str = NUMBER, kind: str = "image", body: bytes | None = None) -> None:
        """A journaled webhook with a message for each media id, received now."""
        said = body if body is not None else webhook(*media_ids, number=number, kind=kind)

        async def script(ledger: Ledger) -> None:
            registry = Registry(ledger)
            await registry.refresh()
            header = b"sha256=" + hmac.digest(b"app-secret", said, hashlib.sha256).hex().encode()
            assert isinstance(await Receiver(ledger, registry).take(said, header), Taken)

        self.work(script)

    def settle(self, ending: Callable[[Claim], Ending], *, limit: int = 1) -> list[Claim]:
        """Claim what is due and end the work on it, with one attempt each."""

        async def script(ledger: Ledger) -> list[Claim]:
            now = await ledger.now()
            claims = await ledger.queue.claim(owner="test", limit=limit, now=now, lease_s=60)
            for claim in claims:
                end = ending(claim)
                outcome = Outcome.DELIVERED if isinstance(end, Attached) else Outcome.UPSTREAM
                assert await ledger.queue.settle(claim, end, [attempt(now, outcome)], now=now)
            return claims

        return self.work(script)

    def attach(self, *contents: bytes) -> list[Claim]:
        """Attach these bytes to the files that are due next."""
        left = list(contents)

        def attached(claim: Claim) -> Attached:
            data = left.pop(0)
            folder = load().blobs_folder
            assert folder is not None
            path = folder / blobkey.key(claim.id)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            return Attached(len(data), hashlib.sha256(data).digest(), "image/jpeg")

        return self.settle(attached, limit=len(contents))

    def carry_on(self, *, steps: int = 20) -> None:
        """Carry the runs of reprocessing on, as a running instance does, until nothing changes at this moment."""

        async def script(ledger: Ledger) -> None:
            for _ in range(steps):
                now = await ledger.now()
                done = [await ledger.reprocess.work(run, now=now) for run in await ledger.reprocess.active()]
                if all(worked.report is None for worked in done):
                    return

        self.work(script)

    def gate(self, scope: dict[str, str], **more: Any) -> None:
        """Shut a gate."""

        async def script(ledger: Ledger) -> None:
            told: dict[str, Any] = {"owner": "operator", "by": "ops", "why": "graph is down", "now": await ledger.now()}
            await ledger.gates.shut(scope, **told | more)

        self.work(script)

    def beat(self) -> None:
        """A process says that it is alive."""

        async def script(ledger: Ledger) -> None:
            await ledger.processes.beat("host-1", role="all", now=await ledger.now())

        self.work(script)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installation that serves one number of one workspace, made by the commands that make one."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "secret").write_text("app-secret\n")
    (folder / "token").write_text("EAAGtokenA\n")
    with pytest.MonkeyPatch.context() as monkeypatch:
        _alone(monkeypatch, folder)
        for line in (
            "workspace add acme",
            "app add main --secret-file secret --verify-token verify-me",
            "credential add token-a --token-file token",
            f"number add {NUMBER} --workspace acme --app main --credential token-a",
        ):
            assert main(line.split()) == 0
    return folder


@pytest.fixture
def acme(penstock: CommandLine, made: Path, tmp_path: Path) -> Installation:
    """An installation that serves one number of one workspace."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Installation()


def _alone(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """In this folder, without any setting of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("PENSTOCK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)


def webhook(*media_ids: str, number: str = NUMBER, kind: str = "image") -> bytes:
    """A webhook as Meta writes it, with one message for each media id."""
    messages = [
        {
            "from": "15550001234",
            "id": f"wamid.HBgLMTU1NTAwMDEyMzQVAgASGBQzQUVYQU1QTEU{media_id}",
            "timestamp": str(int(time.time())),
            "type": kind,
            kind: {"id": media_id, "mime_type": "image/jpeg"},
        }
        for media_id in media_ids
    ]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550009876", "phone_number_id": number},
        "messages": messages,
    }
    changes = [{"field": "messages", "value": value}]
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).encode()


def attempt(at: float, outcome: Outcome) -> Attempt:
    """A request that was made."""
    return Attempt(
        at=at,
        operation="media.look_up",
        declared_method="GET",
        wire_method="GET",
        host="graph.facebook.com",
        peer_address="192.0.2.1",
        status=200 if outcome is Outcome.DELIVERED else 503,
        graph_code=None,
        graph_subcode=None,
        trace_id="trace",
        outcome=outcome,
        duration_s=0.25,
        recipe="standard/1",
    )
