"""The rehearsal: every declared operation, sent by the code that sends it to Meta, into a raw socket on loopback.

Settings, sender, session, middleware and pool are those of production; only the last step, the connection, leads to
this machine. What arrives is compared byte for byte with the declaration, so that a client library that writes
something else than it was asked for is found before it meets Meta. Called by ``http`` when an instance starts.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from aiohttp import ClientRequest, ClientSession, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace

from penstock.adapters.graph.checked import Call
from penstock.adapters.graph.pool import Pool
from penstock.adapters.graph.sending import Send, send_declared
from penstock.adapters.graph.troubles import trouble_of
from penstock.contract.checking import ContractViolation
from penstock.core import contract, hosts
from penstock.core.contract import Declared, Pinned
from penstock.core.errors import PenstockError, Unreachable
from penstock.core.form import Form, SmallFile
from penstock.core.hosts import Web
from penstock.core.operation import DOWNLOAD, REGISTRY, UPLOAD, Operation

TOKEN = "rehearsal"  # noqa: S105  no token: nobody but this process gets it
MEDIA_ID = "1000000000000101"
NUMBER = "100000000000002"
FILE = SmallFile("rehearsal.txt", "text/plain", b"a rehearsal\n")
_FILE = "/whatsapp_business/attachments/?mid=1000000000000101&source=getMedia&ext=1795000300&hash=AR-x_y"
_ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
_MOST_BYTES = 65_536
_PATIENCE_S = 5.0


class Loopback(Pool):
    """The pool with its last step exchanged: whatever the request names, the connection goes to this port."""

    def __init__(self, port: int) -> None:
        super().__init__(limit=1)
        self._port = port

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109
    ) -> ResponseHandler:
        del req, traces, timeout
        _, protocol = await asyncio.get_running_loop().create_connection(self._factory, "127.0.0.1", self._port)
        return protocol


class Echo:
    """A server that keeps what it was sent. It knows no HTTP beyond the end of a head.

    ``body_bytes`` should follow the head before it answers, as a server waits for them; it does not wait long.
    """

    def __init__(self) -> None:
        self.port = 0
        self.body_bytes = 0
        self._written: asyncio.Queue[bytes] = asyncio.Queue()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["Echo"]:
        """Listen on loopback, from entering to leaving. Raises Unreachable."""
        try:
            server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        except OSError as error:
            raise Unreachable(
                f"no socket on 127.0.0.1 can be had, by which Penstock looks at its own requests: {error}"
            ) from error
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def written(self) -> bytes:
        """Everything that the next connection wrote until it was closed."""
        return await self._written.get()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        written = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in written and (part := await reader.read(_MOST_BYTES)):
                written += part
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S / 5):
                    while self._lacks(written) and (part := await reader.read(_MOST_BYTES)):
                        written += part
            writer.write(_ANSWER)
            while len(written) < _MOST_BYTES and (part := await reader.read(_MOST_BYTES)):
                written += part
        self._written.put_nowait(written)
        writer.close()

    def _lacks(self, written: bytes) -> bool:
        return len(written.partition(b"\r\n\r\n")[2]) < self.body_bytes


async def rehearse(pinned: Pinned, send: Send, session_over: Callable[[Pool], ClientSession]) -> None:
    """Send each declared operation and compare. Raises ContractViolation for the first that differs, Unreachable.

    ``send`` is what fetches; what has a body is never sent by anything but ``send_declared``.
    """
    async with Echo().listening() as echo, session_over(Loopback(echo.port)) as session:
        for operation in REGISTRY.values():
            form = Form.of(FILE) if operation.body else None
            declared = Declared(operation, _sample(operation, pinned), TOKEN, form)
            echo.body_bytes = len(form.data) if form else 0
            by = send_declared if operation.body else send
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    wrong = await _difference(declared, pinned, by, session, echo)
            except TimeoutError:
                wrong = f"nothing was written within {_PATIENCE_S:.0f} s"
            if wrong is not None:
                raise ContractViolation(
                    f"{operation.name} would not leave this machine as it is declared: {wrong}. "
                    "Nothing was sent to anybody; the release or the library that changed must be put back"
                )


async def _difference(declared: Declared, pinned: Pinned, send: Send, session: ClientSession, echo: Echo) -> str | None:
    call = Call(declared, pinned)
    try:
        response = await send(session, call)
    except PenstockError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  whatever the client raises, the request did not leave as declared
        trouble, detail = trouble_of(error)
        return f"the client says: {detail or trouble.value}"
    response.close()
    call.settle(good=False)
    return contract.unlike(await echo.written(), declared, pinned)


def _sample(operation: Operation, pinned: Pinned) -> Web:
    """Somewhere that an operation may go."""
    web: Web | None
    if operation is UPLOAD:
        web = contract.upload(pinned, NUMBER)
    elif operation is not DOWNLOAD:
        web = contract.look_up(pinned, MEDIA_ID)
    else:
        host = pinned.media_hosts[0]
        host = f"lookaside{host}" if host.startswith(".") else host
        web = hosts.read(f"https://{f'[{host}]' if ':' in host else host}{_FILE}")
    assert web is not None
    return web
