"""The load generator, a process of its own: finished requests over keep-alive connections, as fast as answers come, or
at a pace.

It costs a fraction of what the cheapest server under test does; the part checks that it was not the limit. Started by
the parts through ``processes``.
"""

import asyncio
import time
from collections import deque

from penstock.bench import bodies
from penstock.bench.processes import Facts, Parent, run
from penstock.bench.wire import Connection, Pool

_GONE = "the server closed every connection of the load generator"


async def saturate(pool: Pool, requests: list[bytes]) -> None:
    """Keep a request under way on every connection until all are answered."""
    if pool.gone:
        raise ConnectionError(_GONE)
    waiting = iter(requests)
    over = asyncio.Event()

    def send_next(connection: Connection) -> None:
        request = next(waiting, None)
        if request is not None:
            pool.send(connection, request)
            return
        pool.free.append(connection)
        if pool.idle:
            over.set()

    def lost() -> None:
        if pool.idle:
            over.set()  # there is no connection left to send the rest on; the errors tell

    pool.on_answer, pool.on_lost = send_next, lost
    for connection in tuple(pool.free):
        pool.free.remove(connection)
        send_next(connection)
    await over.wait()


async def pace(pool: Pool, requests: list[bytes], rate_per_s: float) -> Facts:
    """Send each at its moment whatever became of the others; seconds from that moment to its answer, one by one.

    A request that finds no free connection waits for one, and its waiting counts. ``lag_s`` is how late this process
    itself was to notice each moment: not the server's doing, and not in ``took_s``.
    """
    took: list[float] = []
    lags: list[float] = []
    late: deque[tuple[float, bytes]] = deque()
    over = asyncio.Event()
    left = len(requests)

    def ended() -> None:
        nonlocal left
        left -= 1
        if not left:
            over.set()

    def send(at: float, request: bytes) -> None:
        if pool.gone:
            raise ConnectionError(_GONE)
        if not pool.free:
            late.append((at, request))
            return
        connection = pool.free.popleft()
        connection.sent_at = at
        pool.send(connection, request)

    def note(connection: Connection) -> None:
        took.append(time.perf_counter() - connection.sent_at)
        pool.free.append(connection)
        if late:
            send(*late.popleft())
        ended()

    pool.on_answer, pool.on_lost = note, ended
    began = time.perf_counter()
    for index, request in enumerate(requests):
        due = began + index / rate_per_s
        await _until(due)
        now = time.perf_counter()
        lags.append(now - due)
        send(now, request)
    await over.wait()
    return {"took_s": took, "lag_s": lags}


async def _until(due: float) -> None:
    """Wait for a moment; timers of event loops may fire a little early."""
    wait = due - time.perf_counter()
    while wait > 0:
        await asyncio.sleep(wait)
        wait = due - time.perf_counter()


async def work(told: Facts, parent: Parent) -> None:
    """Make the requests, then send them as ordered."""
    requests = deque(_requests(told))
    pool = Pool(told["host"], *told["ports"])
    await pool.connect(told["connections"])
    parent.say(body_bytes=len(requests[-1].partition(b"\r\n\r\n")[2]))
    while (order := await parent.order()) is not None:
        batch = [requests.popleft() for _ in range(min(order["count"], len(requests)))]
        answered, errors = pool.answered, pool.errors
        facts: Facts = {}
        if order["order"] == "saturate":
            await saturate(pool, batch)
        else:
            facts = await pace(pool, batch, order["rate_per_s"])
        parent.say(answered=pool.answered - answered, errors=pool.errors - errors, **facts)
    pool.close()


def _requests(told: Facts) -> list[bytes]:
    first = told.get("first", 0)
    numbers = range(first, first + told["count"])
    if told["kind"] == "text":
        return [bodies.request(bodies.text(number)) for number in numbers]
    if told["kind"] == "image":
        sha256 = bytes.fromhex(told["sha256"])
        return [bodies.request(bodies.image(number, sha256=sha256)) for number in numbers]
    ids = [bodies.media_id(number) for number in numbers]
    return [_get(f"{path}{media_id}") for media_id in ids for path in (bodies.LOOK_UP_PATH, bodies.FILE_PATH)]


def _get(target: str) -> bytes:
    return (
        f"GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: penstock-bench\r\n"
        f"Authorization: Bearer {bodies.TOKEN}\r\nAccept-Encoding: identity\r\n\r\n"
    ).encode()


if __name__ == "__main__":
    run(work)
