"""What is noted of an exchange while it goes on, until it becomes the ``Exchange``.

Graph's own texts are cleaned of tokens before they are kept: Graph repeats a malformed token in its error. Used by
``http`` only.
"""

import re
from collections.abc import Mapping

from penstock.adapters.graph.body import FileBody
from penstock.adapters.graph.checked import Call
from penstock.core import answers
from penstock.core.answers import GraphError
from penstock.core.exchange import Exchange, Trouble
from penstock.core.operation import HostRule

_TOKEN_LIKE = re.compile(r"EAA[0-9A-Za-z]{5,}|[0-9A-Za-z_|-]{80,}")
_LONGEST_MESSAGE = 300


class Record:
    """The facts of one exchange, as they become known."""

    def __init__(self, call: Call, *, at: float) -> None:
        self._call = call
        self._at = at
        self.status: int | None = None
        self.body: FileBody | None = None  # while a file is read
        self._trace: str | None = None
        self._server: str | None = None
        self._retry_after_s: float | None = None
        self._usage = answers.Usage()
        self._error: GraphError | None = None
        self._trouble: Trouble | None = None
        self._detail: str | None = None

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of an answer is there."""
        self.status = status
        self._trace = answers.trace_id(headers)
        self._server = answers.server(headers)
        self._retry_after_s = answers.retry_after_s(headers.get("Retry-After"), now=self._at)
        self._usage = answers.usage(headers)

    def read(self, body: bytes) -> bytes:
        """The body of an answer that is no file; the same again."""
        if self._call.wire is not None:
            self._call.wire.body = body
        return body

    def refused(self, error: GraphError) -> None:
        """Graph says why not."""
        self._error = error
        self._trace = self._trace or answers.clean_trace(error.fbtrace_id)

    def wrong(self, trouble: Trouble, detail: str | None = None) -> None:
        """Something went wrong apart from what was answered."""
        self._trouble = trouble
        self._detail = told(trouble, detail)

    def exchange(self, *, duration_s: float) -> Exchange:
        """Everything that is known now."""
        declared, error = self._call.declared, self._error
        return Exchange(
            operation=declared.operation.name,
            declared_method=declared.operation.method,
            at=self._at,
            duration_s=duration_s,
            wire_method=self._call.wire_method,
            host=declared.web.host,
            peer_address=self._call.peer_address,
            status=self.status,
            graph_code=error.code if error else None,
            graph_subcode=error.error_subcode if error else None,
            graph_message=_cleaned(error.message, declared.token) if error and error.message else None,
            trace_id=self._trace,
            retry_after_s=self._retry_after_s,
            usage_percent=self._usage.percent,
            regain_s=self._usage.regain_s,
            trouble=self._trouble,
            detail=self._detail,
            server=self._server,
            api_version=self._call.pinned.version if declared.operation.host is HostRule.GRAPH else None,
            fresh=self._call.fresh or (None if self._call.held is None else False),
        )


def told(trouble: Trouble, detail: str | None) -> str:
    """One line for the record of attempts, which has no other place for the trouble."""
    return trouble.value if detail is None else f"{trouble.value}: {detail}"


def _cleaned(message: str, token: str) -> str:
    text = _TOKEN_LIKE.sub("[token]", message.replace(token, "[token]"))
    return "".join(letter if letter.isprintable() else " " for letter in text)[:_LONGEST_MESSAGE]
