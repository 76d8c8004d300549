"""The whole instance under test of ``answer``, a process of its own: as ``penstock serve``, with or without a backlog.

The backlog is put in before the start, so that the fetcher finds it when the instance starts. Started by the part.
"""

import contextlib
from pathlib import Path

from penstock.bench import installation
from penstock.bench.processes import Facts, Parent, run
from penstock.settings.logs import set_up
from penstock.web.server import Server, listen
from penstock.wiring.instance import Instance


async def work(told: Facts, parent: Parent) -> None:
    """Run until the orders end."""
    set_up("json")
    settings = installation.settings(Path(told["folder"]), graph_url=told["graph_url"], concurrency=told["concurrency"])
    async with installation.provisioned(settings) as ledger:
        await installation.fill(ledger, items=told["backlog"], sha256=bytes.fromhex(told["sha256"]))
    instance = Instance(settings)
    with contextlib.closing(listen(settings.bind.host, settings.bind.port)) as listening:
        await instance.start()
        server = Server(instance.app, ending=instance.nudge.stop)
        await server.start(listening)
        parent.say(port=listening.getsockname()[1])
        while await parent.order() is not None:
            parent.say()
        await server.stop()
        await instance.stop()


if __name__ == "__main__":
    run(work)
