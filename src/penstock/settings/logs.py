"""How logs are written: one event a line on stderr, coloured for a terminal or JSON for a collector.

Events are named ``room.what_happened`` and carry key-value facts; tokens, phone numbers and message ids (which contain
phone numbers) are never among them. Should one get there all the same, in an error of somebody else's library or in a
reason that somebody typed, what looks like one is taken out of the finished line. The libraries' own logs pass through
the same form from WARNING on. Called once, by whoever starts a long-running process.
"""

import contextlib
import logging
import re
import sys
from typing import Any

import msgspec
import structlog
from structlog.tracebacks import ExceptionDictTransformer

# Local variables hold tokens, bodies and phone numbers: they never go into a log.
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_MARKS = ("wamid.", "EAA", "pst_", "earer ", "access_token=", "+")  # without one of these there is nothing to look for
_SECRET = re.compile(
    r"(wamid\.|EAA|pst_|[Bb]earer |access_token=)[\w.+/=~-]{6,}"  # message ids and tokens
    r"|(\+)[1-9][0-9]{0,3}[ ()-]{0,2}[0-9][0-9 ()-]{4,14}[0-9]"  # phone numbers as people write them
)
_TRACEBACKS = ExceptionDictTransformer(show_locals=False, max_frames=20)


def set_up(log_format: str | None, *, level: int = logging.INFO) -> None:
    """Configure logging for this process; without a format, console on a terminal and JSON otherwise."""
    console = sys.stderr.isatty() if log_format is None else log_format == "console"
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    ending: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [
            structlog.processors.ExceptionRenderer(_TRACEBACKS),
            structlog.processors.JSONRenderer(serializer=_as_json),
        ]
    )
    ending.append(_without_secrets)
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


class _Lines(structlog.PrintLogger):
    """Writes lines to stderr. Where they cannot be written (a full disk, often), they are lost and nothing else is."""

    def __init__(self, *_names: object) -> None:
        super().__init__(sys.stderr)

    def msg(self, message: str) -> None:
        """One line."""
        with contextlib.suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


def _without_secrets(_logger: object, _method: str, line: str) -> str:
    """The finished line, without what looks like a token, a message's id or a phone number."""
    if not any(mark in line for mark in _MARKS):
        return line
    return _SECRET.sub(lambda found: f"{found[1] or found[2]}…", line)


def _as_json(entry: dict[str, Any], **_: Any) -> str:
    """One entry, by the quicker encoder; what is no JSON value is shown as text."""
    return msgspec.json.encode(entry, enc_hook=repr).decode()
