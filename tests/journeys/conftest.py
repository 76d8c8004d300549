"""What journeys share: the whole of Penstock in a process of its own, or beside the test in this one."""

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.bench.postgres import reserve
from penstock.demo.stage import Stage
from penstock.settings import PostgresUrl, Settings, SqliteUrl, alert_targets
from penstock.simulator import Platform, Scenario


class Installation:
    """A Penstock in a folder of its own, run as a newcomer would: by its commands, in processes of their own."""

    secret = "the-secret-of-the-app"
    token = "EAAGtheTokenOfTheNumber"
    number = "100000000000002"

    def __init__(self, folder: Path, graph_url: str) -> None:
        self.folder = folder
        self._reserved = reserve()  # it stays ours between two starts
        self.port = self._reserved.getsockname()[1]
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")},
            "PENSTOCK_DATABASE_URL": f"sqlite:///{folder}/penstock.db",
            "PENSTOCK_BLOBS_URL": f"file://{folder}/blobs",
            "PENSTOCK_BIND": f"127.0.0.1:{self.port}",
            "PENSTOCK_GRAPH_URL": graph_url,
            "PENSTOCK_MEDIA_HOSTS": "127.0.0.1",
            "PENSTOCK_ALLOW_INSECURE_UPSTREAM": "1",
            "PENSTOCK_LOG_FORMAT": "json",
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "serve.log"

    @property
    def callback(self) -> str:
        """Where Meta sends webhooks."""
        return f"http://127.0.0.1:{self.port}/webhooks/whatsapp/main"

    def run(self, *arguments: str, given: str = "", code: int | None = 0) -> str:
        """A command to its end; its stdout. ``code`` None takes any exit code."""
        ended = subprocess.run(
            [sys.executable, "-m", "penstock", *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=given,
            env=self.environ,
            timeout=300,
        )
        assert code is None or ended.returncode == code, (arguments, ended.returncode, ended.stdout, ended.stderr)
        return ended.stdout

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        """What a command answers with ``--json``."""
        return json.loads(self.run(*arguments, "--json", code=code))

    def provision(self) -> None:
        """One workspace, one app, one number."""
        self.run("workspace", "add", "acme")
        self.run("app", "add", "main", "--secret-file", "-", "--verify-token", "verify-me", given=self.secret)
        self.run(
            "number", "add", self.number, "--workspace", "acme", "--app", "main", "--token-file", "-", given=self.token
        )

    def introduce(self, meta: Platform) -> None:
        """Let the simulated Meta know the number, its secret and its token."""
        meta.add_token("token", self.token)
        meta.add_number(self.number, app_secret=self.secret.encode(), callback=self.callback, token="token")

    def start(self, *, stderr: int | None = None) -> subprocess.Popen[bytes]:
        """Start ``penstock serve``; it may not answer yet. Its log is a file unless ``stderr`` is somewhere else."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "penstock", "serve"], env=self.environ, stdout=log, stderr=stderr or log
            )
        return self.process

    async def answers(self, wait_s: float = 300.0) -> None:
        """Wait until connections are taken."""
        async with asyncio.timeout(wait_s):
            while True:
                assert self.process is not None
                assert self.process.poll() is None, self.log.read_text()[-2000:]
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def remove(self) -> None:
        """Kill it, and let its port go."""
        self.kill()
        self._reserved.close()

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, 60)

    def temporary_files(self) -> list[Path]:
        """What should not be there: half-written files."""
        return [path for path in (self.folder / "blobs").glob("**/.*") if path.is_file()]


@pytest.fixture
def installation(tmp_path: Path) -> "Any":
    """Makes an installation that asks a given Graph."""
    made: list[Installation] = []

    def make(graph_url: str) -> Installation:
        made.append(Installation(tmp_path, graph_url))
        return made[-1]

    yield make
    for each in made:
        each.remove()


@pytest.fixture(params=["embedded", "cluster"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteUrl | PostgresUrl:
    """An empty database of either profile."""
    if request.param == "embedded":
        return SqliteUrl(tmp_path / "penstock.db")
    return PostgresUrl(await request.getfixturevalue("postgres").new())


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts Penstock beside a simulated Meta in this process, with a scenario."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(scenario: Scenario | None = None, **rest: Any) -> Stage:
            return await stack.enter_async_context(Stage(tmp_path, scenario or Scenario(), **rest))

        yield start


class Announced(Stage):
    """A stage whose incidents are told to somebody."""

    alerts = ""
    heartbeat: str | None = None

    def _settings(self, port: int) -> Settings:
        told = alert_targets(self.alerts)
        return dataclasses.replace(super()._settings(port), alerts=told, heartbeat_url=self.heartbeat)


@pytest.fixture
async def announced(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts Penstock beside a simulated Meta, with alert targets."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(
            alerts: str, scenario: Scenario | None = None, *, heartbeat: str | None = None, **rest: Any
        ) -> Stage:
            made = Announced(tmp_path, scenario or Scenario(), **rest)
            made.alerts, made.heartbeat = alerts, heartbeat
            it = await stack.enter_async_context(made)
            async with asyncio.timeout(300):
                while len(await it.instance.ledger.alerts.targets()) < len(alert_targets(alerts)):
                    await asyncio.sleep(0.1)
            return it

        yield start
