"""The body of an answer, read with limits: a short one into memory, a file chunk by chunk into a writer.

A file is counted, hashed and timed while it passes; nothing is given to the writer beyond what was declared. Whether
the bytes are what they should be is decided at the end, by hash and size where these are known. Raises ``Wrong``. Used
by ``http`` only.
"""

import hashlib
from asyncio import Timeout, get_running_loop

from aiohttp import ClientResponse, StreamReader

from penstock.adapters.graph.limits import Limits
from penstock.adapters.graph.port import Write
from penstock.adapters.graph.troubles import Wrong, named
from penstock.core import answers
from penstock.core.exchange import Received, Trouble
from penstock.core.sniff import looks_like_html
from penstock.core.wire import FileSeen


class Expected:
    """What is known of a file before it comes."""

    __slots__ = ("sha256", "size")

    def __init__(self, *, sha256: bytes | None, size: int | None) -> None:
        self.sha256 = sha256
        self.size = size


class FileBody:
    """One file on its way to the writer."""

    def __init__(self, response: ClientResponse, expected: Expected, limits: Limits) -> None:
        self._response = response
        self._expected = expected
        self._limits = limits
        self._most_bytes = limits.file_bytes if expected.size is None else expected.size
        self._digest = hashlib.sha256()
        self._head = b""
        self._size = 0
        self.waited_s = 0.0  # for bytes to come
        self.wrote_s = 0.0  # for our own writer
        self._silent = False  # waiting for bytes of the file
        self._until = 0.0  # by the loop's clock
        self._window = (0.0, 0)  # waited_s and _size when the present window of the drip rule began

    def check_length(self) -> None:
        """Refuse by Content-Length what cannot be right. Raises Wrong."""
        length = self._response.content_length
        if length is None:
            return
        if self._expected.size is None:
            if length > self._limits.file_bytes:
                raise Wrong(Trouble.OVER_LIMIT, f"{length} bytes are announced")
        elif length != self._expected.size:
            trouble = Trouble.TOO_LONG if length > self._expected.size else Trouble.WRONG_SIZE
            raise Wrong(trouble, f"{length} bytes are announced and {self._expected.size} were declared")

    async def pass_on(self, write: Write, time_left: Timeout, *, within_s: float) -> Received:
        """Everything to the writer, in order, within so many seconds. Raises Wrong; ``time_left`` expires.

        Of the file itself something must come every few seconds: framing without an end keeps a connection busy, and
        with it the client's own timer.
        """
        loop = get_running_loop()
        content = self._response.content
        began = loop.time()
        self._until = until = began + within_s
        while True:
            self._silent = True
            time_left.reschedule(min(until, began + self._limits.silence_s))
            chunk = await content.read(self._limits.chunk_bytes)
            self._silent = False
            time_left.reschedule(until)
            came = loop.time()
            self.waited_s += came - began
            if not chunk:
                break
            self._take(chunk)
            try:
                await _written(write, chunk)
            finally:
                began = loop.time()
                self.wrote_s += began - came
        return self._whole()

    def seen(self) -> FileSeen:
        """What has come so far."""
        return FileSeen(self._size, self._digest.digest(), self._head)

    @property
    def timed_out(self) -> tuple[Trouble, str | None]:
        """Why the time is over, when it is."""
        if self._silent and get_running_loop().time() < self._until:
            return Trouble.READ_TIMEOUT, "nothing of the file came, only framing"
        if self.wrote_s > self.waited_s:
            return Trouble.LOCAL, f"our own writer took {self.wrote_s:.0f} s"
        return Trouble.TOTAL_TIMEOUT, None

    def _take(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._most_bytes:
            known = self._expected.size is not None
            raise Wrong(Trouble.TOO_LONG if known else Trouble.OVER_LIMIT, f"more than {self._most_bytes} bytes came")
        if len(self._head) < self._limits.head_bytes:
            self._head += chunk[: self._limits.head_bytes - len(self._head)]
        self._digest.update(chunk)
        since_s, since_bytes = self._window
        window_s = self.waited_s - since_s
        if window_s >= self._limits.drip_window_s:
            if self._size - since_bytes < window_s * self._limits.drip_bytes_per_s:
                raise Wrong(Trouble.TOO_SLOW, f"{self._size - since_bytes} bytes in {window_s:.0f} s")
            self._window = (self.waited_s, self._size)

    def _whole(self) -> Received:
        """Whether what came is the file. Raises Wrong."""
        sha256, size = self._expected.sha256, self._expected.size
        received = Received(size=self._size, sha256=self._digest.digest(), head=self._head)
        if size is not None and self._size != size:
            raise self._instead() or Wrong(Trouble.WRONG_SIZE, f"{self._size} bytes came and {size} were declared")
        if sha256 is not None:
            if received.sha256 != sha256:
                raise self._instead() or Wrong(Trouble.WRONG_HASH)
        elif size is None:
            if (instead := self._instead()) is not None:
                raise instead
            if self._response.content_length is None and "Transfer-Encoding" not in self._response.headers:
                raise Wrong(Trouble.CUT_SHORT, "no length, no hash: nothing tells that it is whole")
        return received

    def _instead(self) -> Wrong | None:
        """What came instead of the file, when it can be told."""
        return instead(self._response.content_type, self._head if self._size == len(self._head) else b"")


def instead(content_type: str, body: bytes) -> Wrong | None:
    """The page or the error object that stands where something else was expected; None when it is neither."""
    error = answers.graph_error(body)
    if error is not None:
        return ErrorBody(error, body)
    if content_type in {"text/html", "application/xhtml+xml"} or looks_like_html(body):
        return Wrong(Trouble.HTML)
    return None


class ErrorBody(Wrong):
    """Graph's error object where a file was expected."""

    def __init__(self, error: answers.GraphError, body: bytes) -> None:
        super().__init__(Trouble.ERROR_BODY)
        self.error = error
        self.body = body


async def read_whole(content: StreamReader, most_bytes: int) -> bytes:
    """A short body. Raises Wrong when it is not short."""
    parts: list[bytes] = []
    size = 0
    while chunk := await content.read(most_bytes + 1 - size):
        size += len(chunk)
        if size > most_bytes:
            raise Wrong(Trouble.TOO_LONG, f"more than {most_bytes} bytes came")
        parts.append(chunk)
    return b"".join(parts)


async def _written(write: Write, chunk: bytes) -> None:
    try:
        await write(chunk)
    except Exception as error:
        # Whatever our own writer raises is no fault of the answer's, though it may look like one (OSError is the
        # client's word for a broken connection, too).
        raise Wrong(Trouble.LOCAL, f"the writer failed: {named(error)}") from error
