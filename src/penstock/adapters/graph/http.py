"""Meta over HTTP: the declared operations, each with the contract of its answer.

Every request is declared, checked as it was prepared, and sent by a pool that connects for nothing else; every answer
is read with limits and compared with what it should be. What happened is told as an ``Exchange``; nothing is raised but
``CancelledError``. Redirects, cookies, proxies and compression are off. Made by ``wiring``; called by the fetcher and
by the watch's probes.
"""

import asyncio
import functools
import platform
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar
from aiohttp.abc import AbstractResolver

from penstock import __version__
from penstock.adapters.graph import echo
from penstock.adapters.graph.addresses import socket_for
from penstock.adapters.graph.body import ErrorBody, Expected, FileBody, instead, read_whole
from penstock.adapters.graph.checked import Call, DeclaredRequest, refuse_undeclared
from penstock.adapters.graph.limits import Limits, file_seconds
from penstock.adapters.graph.pool import Pool
from penstock.adapters.graph.port import Write
from penstock.adapters.graph.record import Record, told
from penstock.adapters.graph.sending import Send, send_declared
from penstock.adapters.graph.troubles import Wrong, trouble_of
from penstock.core import answers, contract, hosts
from penstock.core.contract import Declared, Pinned
from penstock.core.errors import WrongUse
from penstock.core.exchange import Exchange, Found, Received, Trouble
from penstock.core.form import Form, SmallFile
from penstock.core.hosts import Web
from penstock.core.operation import DOWNLOAD, LOOK_UP, UPLOAD, Operation
from penstock.core.wire import Wire

USER_AGENT = f"Penstock/{__version__} (inbound WhatsApp media; Python {platform.python_version()})"
READ_BUFFER_BYTES = 2**16  # 1.4 MiB for each open TLS stream; four times as much buys nothing
_PLACES = 1_024  # URLs that were read, kept at hand

T = TypeVar("T")
_Answer = Callable[[ClientResponse, Record, asyncio.Timeout], Awaitable[T]]


class _Slots(asyncio.Semaphore):
    """For so many requests at once; it knows how many have a place, or wait for one."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.taken = 0

    async def __aenter__(self) -> None:
        self.taken += 1
        try:
            await super().__aenter__()
        except BaseException:
            self.taken -= 1
            raise

    async def __aexit__(self, *error: object) -> None:
        self.taken -= 1
        self.release()


class HttpGraph:
    """Graph and its file servers. ``send`` builds the request; whatever it builds is checked."""

    def __init__(
        self,
        *,
        graph_url: str,
        version: str,
        media_hosts: Sequence[str],
        allow_insecure: bool = False,
        concurrency: int = 64,
        limits: Limits | None = None,
        user_agent: str | None = None,
        send: Send = send_declared,
        tls: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        graph = hosts.read(graph_url)
        if graph is None or graph.query:
            raise WrongUse("the address of Graph must be plain: https://, a host, and a path or none")
        if graph.scheme != "https" and not allow_insecure:
            raise WrongUse(
                "the address of Graph must begin with https:// (PENSTOCK_ALLOW_INSECURE_UPSTREAM permits http)"
            )
        self._pinned = Pinned(graph, version, tuple(media_hosts), allow_insecure, user_agent or USER_AGENT)
        self._limits = limits or Limits()
        self._slots = _Slots(concurrency)
        self._concurrency = concurrency
        self._send = send
        self._tls = tls
        self._resolver = resolver
        self._clock = clock
        # A URL is asked about when it is found, when it is used, and perhaps on a retry.
        self._place = functools.lru_cache(_PLACES)(self._read_place)
        self._open_session: ClientSession | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is under way, or waits for its turn."""
        return self._slots.taken > 0

    async def rehearse(self) -> None:
        """Send every declared operation to a socket of our own, and compare the bytes with the declaration.

        Raises ContractViolation when they differ, Unreachable when there is no loopback. May be called at any time.
        """
        await echo.rehearse(self._pinned, self._send, self._session_over)

    async def start(self) -> None:
        """Make the connection pool."""
        pool = Pool(
            limit=self._concurrency,
            ssl=self._tls or True,
            resolver=self._resolver,
            socket_factory=None if self._pinned.insecure else socket_for,
        )
        self._open_session = self._session_over(pool)

    def _session_over(self, pool: Pool) -> ClientSession:
        """A session as every request of ours gets it."""
        limits = self._limits
        return ClientSession(
            connector=pool,
            middlewares=(refuse_undeclared,),
            request_class=DeclaredRequest,
            cookie_jar=DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            read_bufsize=READ_BUFFER_BYTES,
            max_line_size=limits.header_line_bytes,
            max_field_size=limits.header_line_bytes,
            max_headers=limits.header_lines,
            # The time for a whole exchange depends on its size, so it is kept here and not by the client.
            timeout=ClientTimeout(total=None, sock_connect=limits.connect_s, sock_read=limits.silence_s),
        )

    async def stop(self) -> None:
        """Close every connection."""
        session, self._open_session = self._open_session, None
        if session is not None:
            await session.close()

    def may_download(self, url: str) -> bool:
        """Whether a URL is plain and its scheme and host are on the allow-list."""
        return self._place(url) is not None

    async def look_up(
        self, media_id: str, *, token: str, probe: bool = False, wire: Wire | None = None
    ) -> tuple[Exchange, Found | None]:
        """Ask Graph where the bytes of a media id are."""

        async def read(response: ClientResponse, record: Record, time_left: asyncio.Timeout) -> Found | None:
            return await self._read_look_up(media_id, response, record, time_left)

        web = contract.look_up(self._pinned, media_id)
        if web is None:
            return self._unsent(LOOK_UP, Trouble.CONTRACT, "the media id is not fit to stand in a path")
        return await self._exchange(Declared(LOOK_UP, web, token), read, probe=probe, wire=wire)

    async def download(
        self,
        url: str,
        *,
        token: str,
        write: Write,
        sha256: bytes | None,
        size: int | None,
        probe: bool = False,
        wire: Wire | None = None,
    ) -> tuple[Exchange, Received | None]:
        """Fetch a file, giving its chunks to ``write`` in order; hash and size are compared where they are given."""

        async def read(response: ClientResponse, record: Record, time_left: asyncio.Timeout) -> Received | None:
            return await self._read_file(expected, write, response, record, time_left)

        expected = Expected(sha256=sha256, size=size)
        web = self._place(url)
        if web is None:
            return self._unsent(DOWNLOAD, Trouble.HOST_REFUSED, "the URL is not plain, or its host is not on the list")
        if size is not None and size > self._limits.file_bytes:
            return self._unsent(DOWNLOAD, Trouble.TOO_LARGE, f"{size} bytes are declared", web)
        return await self._exchange(Declared(DOWNLOAD, web, token), read, probe=probe, wire=wire)

    async def upload(self, file: SmallFile, *, phone_number_id: str, token: str) -> tuple[Exchange, str | None]:
        """Upload a file for a number. Whatever fetch implementation is in use, this is sent as it always is."""
        web, form = contract.upload(self._pinned, phone_number_id), Form.of(file)
        if web is None or form is None:
            return self._unsent(UPLOAD, Trouble.CONTRACT, "the number or the file is not fit to stand in a request")
        declared = Declared(UPLOAD, web, token, form)
        return await self._exchange(declared, self._read_upload, probe=True, send=send_declared)

    def _read_place(self, url: str) -> Web | None:
        web = hosts.read(url)
        return web if web is not None and contract.misplaced(DOWNLOAD, web, self._pinned) is None else None

    async def _exchange(
        self,
        declared: Declared,
        read: _Answer[T | None],
        *,
        probe: bool,
        send: Send | None = None,
        wire: Wire | None = None,
    ) -> tuple[Exchange, T | None]:
        """Send one request and read its answer. The connection is pooled after a success and closed after all else."""
        if wire is not None:
            wire.token, wire.asked_at = declared.token, time.monotonic()
        async with self._slots:
            call = Call(declared, self._pinned, alone=probe, wire=wire)
            record = Record(call, at=self._clock())
            began = time.monotonic()
            response: ClientResponse | None = None
            result: T | None = None
            try:
                head_s = self._limits.probe_head_s if probe else self._limits.head_s
                async with asyncio.timeout(head_s) as time_left:
                    response = await (send or self._send)(self._session, call)
                    record.answered(response.status, response.headers)
                    if wire is not None:
                        wire.answered(response.status, response.reason, response.headers.items(), at=time.monotonic())
                    result = await read(response, record, time_left)
            except Exception as error:  # noqa: BLE001  the port promises that a failure is a result
                self._note(error, record, call, timed_out=time_left.expired())
            finally:
                if response is not None and result is None:
                    response.close()
                call.settle(good=result is not None)
            if wire is not None:
                wire.slot_at, wire.ended_at = began, time.monotonic()
                wire.file = None if record.body is None else record.body.seen()
            return record.exchange(duration_s=time.monotonic() - began), result

    @property
    def _session(self) -> ClientSession:
        if self._open_session is None:
            raise RuntimeError("the pool was not started")
        return self._open_session

    def _unsent(
        self, operation: Operation, trouble: Trouble, detail: str, web: Web | None = None
    ) -> tuple[Exchange, None]:
        """An exchange for which no request was prepared."""
        exchange = Exchange(
            operation=operation.name,
            declared_method=operation.method,
            at=self._clock(),
            duration_s=0.0,
            host=web.host if web else None,
            trouble=trouble,
            detail=told(trouble, detail),
        )
        return exchange, None

    @staticmethod
    def _note(error: Exception, record: Record, call: Call, *, timed_out: bool) -> None:
        if isinstance(error, ErrorBody):
            record.refused(error.error)
            record.read(error.body)
        if not (timed_out and isinstance(error, TimeoutError)):
            record.wrong(*trouble_of(error))
        elif record.status is None:
            record.wrong(Trouble.READ_TIMEOUT if call.held is not None else Trouble.CONNECT_TIMEOUT)
        elif record.body is not None:
            record.wrong(*record.body.timed_out)
        elif record.status == 200:  # any other status has said enough
            record.wrong(Trouble.TOTAL_TIMEOUT)

    async def _read_look_up(
        self, media_id: str, response: ClientResponse, record: Record, time_left: asyncio.Timeout
    ) -> Found | None:
        """The answer to a look-up, held to its contract. Raises Wrong."""
        answer = await self._read_json(answers.look_up, response, record, time_left)
        return None if answer is None else self._found(answer, media_id)

    async def _read_upload(self, response: ClientResponse, record: Record, time_left: asyncio.Timeout) -> str | None:
        """The answer to an upload: the new media id. Raises Wrong."""
        return await self._read_json(answers.uploaded, response, record, time_left)

    async def _read_json(
        self,
        understood: Callable[[bytes], T | None],
        response: ClientResponse,
        record: Record,
        time_left: asyncio.Timeout,
    ) -> T | None:
        """A short answer in JSON; None when it refuses. Raises Wrong."""
        self._allow(time_left, self._limits.answer_s)
        if response.status != 200:
            await self._read_refusal(response, record)
            return None
        _refuse_encoded(response)
        body = record.read(await read_whole(response.content, self._limits.answer_bytes))
        error = answers.graph_error(body)
        if error is not None:
            record.refused(error)
            return None
        try:
            answer = understood(body)
        except msgspec.DecodeError:
            raise instead(response.content_type, body) or Wrong(Trouble.NOT_JSON) from None
        if answer is None:
            raise Wrong(Trouble.WRONG_SHAPE)
        return answer

    def _found(self, answer: answers.LookUp, media_id: str) -> Found:
        if answer.id is not None and str(answer.id) != media_id:
            raise Wrong(Trouble.WRONG_SHAPE, "the answer is about another media id")
        sha256, size = answers.sha256(answer.sha256), answers.size(answer.file_size)
        if (sha256 is None) != (answer.sha256 is None) or (size is None) != (answer.file_size is None):
            raise Wrong(Trouble.WRONG_SHAPE, "the hash or the size is none")
        web = self._place(answer.url)
        if web is None:
            raise Wrong(Trouble.FOREIGN_URL)
        if size is not None and size > self._limits.file_bytes:
            raise Wrong(Trouble.TOO_LARGE, f"{size} bytes are declared")
        return Found(
            url=answer.url,
            url_expires_at=answers.expiry(web.query, now=self._clock()),
            mime_type=answer.mime_type,
            sha256=sha256,
            size=size,
        )

    async def _read_file(
        self, expected: Expected, write: Write, response: ClientResponse, record: Record, time_left: asyncio.Timeout
    ) -> Received | None:
        """A file into the writer, held to what was declared of it. Raises Wrong."""
        if response.status != 200:
            self._allow(time_left, self._limits.answer_s)
            await self._read_refusal(response, record)
            return None
        _refuse_encoded(response)
        body = FileBody(response, expected, self._limits)
        try:
            body.check_length()
        except Wrong as wrong:
            self._allow(time_left, self._limits.answer_s)
            raise await self._told(response) or wrong from None
        record.body = body
        size = response.content_length if expected.size is None else expected.size
        return await body.pass_on(write, time_left, within_s=file_seconds(self._limits, size))

    async def _told(self, response: ClientResponse) -> Wrong | None:
        """What an answer of the wrong length says, when it is short enough to say something."""
        if (response.content_length or 0) > self._limits.error_bytes:
            return None
        return instead(response.content_type, await read_whole(response.content, self._limits.error_bytes))

    async def _read_refusal(self, response: ClientResponse, record: Record) -> None:
        """An answer that is not 200: what Graph says about it, if it says anything. Raises Wrong for a redirect."""
        if 300 <= response.status < 400:
            raise Wrong(Trouble.REDIRECT)
        try:
            body = record.read(await read_whole(response.content, self._limits.error_bytes))
        except (Wrong, ClientError, TimeoutError):
            return  # the status has said enough
        error = answers.graph_error(body)
        if error is not None:
            record.refused(error)

    @staticmethod
    def _allow(time_left: asyncio.Timeout, seconds: float) -> None:
        time_left.reschedule(asyncio.get_running_loop().time() + seconds)


def _refuse_encoded(response: ClientResponse) -> None:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise Wrong(Trouble.ENCODED, f"the body is in {encoding[:20]!r}, plain bytes were asked for")
