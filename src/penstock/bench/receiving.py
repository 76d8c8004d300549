"""The server under test of ``receive``, a process of its own: Penstock's door, and the same door that stores nothing.

Both run the whole of ``web.app`` under uvicorn with the same provisioning and the same registry; they differ in one
object, the receiver. The fetcher is not started in either. Started by the part.
"""

import contextlib
from pathlib import Path

from penstock.bench import installation
from penstock.bench.processes import Facts, Parent, run
from penstock.core.updates import Message, Reading
from penstock.flow.receiver import Receiver
from penstock.ledger.rows import App, Receipt
from penstock.settings.logs import set_up
from penstock.web.app import Parts, build
from penstock.web.server import Server, listen
from penstock.wiring.instance import Instance


class ForgetfulReceiver(Receiver):
    """The floor: the same receiver up to the moment of storing, where it only says what there would have been."""

    async def _store(self, body: bytes, header: bytes | None, signer: App, reading: Reading) -> Receipt:
        del body, header, signer
        messages = [update for update in reading.updates if isinstance(update, Message)]
        files = sum(len(message.media) for message in messages)
        return Receipt(0, messages=len(messages), media=files, statuses=0, duplicates=0, strays=0)


async def work(told: Facts, parent: Parent) -> None:
    """Serve until the orders end; ``stored`` counts the journal."""
    set_up("json")
    settings = installation.settings(Path(told["folder"]), database_url=told["database_url"])
    if told["first"]:
        async with installation.provisioned(settings):
            pass
    instance = Instance(settings)
    app = instance.app
    if told["side"] == "floor":
        app = build(
            Parts(
                ledger=instance.ledger,
                registry=instance.registry,
                receiver=ForgetfulReceiver(instance.ledger, instance.registry),
                blobs=instance.blobs,
                nudge=instance.nudge,
                public_base=settings.public_base,
                session_key=b"a key of the benchmark",
                version="bench",
            )
        )
    async with contextlib.AsyncExitStack() as stack:
        await instance.ledger.start()
        stack.push_async_callback(instance.ledger.stop)
        for part in (instance.registry, instance.gates, instance.housekeeping):
            await part.start()
            stack.push_async_callback(part.stop)
        listening = stack.enter_context(contextlib.closing(listen(settings.bind.host, settings.bind.port)))
        server = Server(app, ending=instance.nudge.stop)
        await server.start(listening)
        stack.push_async_callback(server.stop)
        parent.say(port=listening.getsockname()[1])
        while await parent.order() is not None:
            parent.say(stored=await _stored(instance))


async def _stored(instance: Instance) -> int:
    """How many bodies the journal holds."""
    found = after = 0
    while page := await instance.ledger.journal.bodies(after=after, limit=2_000):
        found += len(page)
        after = page[-1].id
    return found


if __name__ == "__main__":
    run(work)
