"""E-mail through an SMTP server: one message for each alert, those of an incident in one thread.

A message that is sent again has the same Message-ID. The library blocks, so it works in a thread of its own that nobody
waits for longer than the limit: a server that drips holds up neither the other targets nor the end of the process. Made
by ``wiring``.
"""

import asyncio
import contextlib
import smtplib
import socket
import ssl
import threading
from email.message import EmailMessage
from email.utils import formatdate
from typing import NamedTuple

from penstock.adapters.notify import http
from penstock.adapters.notify.port import Reply
from penstock.core.alert import Alert, text, title

LIMIT_S = 15.0
_EACH_S = 8.0  # for one answer of the server
_SUBJECT = 200


class Server(NamedTuple):
    """A mail server. ``secure`` is TLS from the first byte on; otherwise STARTTLS is used when it is offered."""

    host: str
    port: int
    secure: bool = False
    user: str = ""
    password: str = ""

    @property
    def local(self) -> bool:
        """Whether it is on this very machine."""
        return self.host in {"localhost", "127.0.0.1", "::1"}


class Mail:
    """One address."""

    repeats_s = None
    keeps = False

    def __init__(self, to: str, sender: str, server: Server) -> None:
        self._to = to
        self._sender = sender
        self._server = server
        self._busy: threading.Thread | None = None

    async def send(self, alert: Alert, *, now: float) -> Reply:
        """Tell it."""
        if self._busy is not None and self._busy.is_alive():
            return Reply(False, "is still busy with the last message")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Reply] = loop.create_future()
        letter = message(alert, to=self._to, sender=self._sender, now=now)

        def work() -> None:
            reply = deliver(letter, self._to, self._sender, self._server)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_give, done, reply)

        self._busy = threading.Thread(target=work, name="mail", daemon=True)
        self._busy.start()
        try:
            async with asyncio.timeout(LIMIT_S):
                return await done
        except TimeoutError:
            return Reply(False, "does not answer in time")

    async def reach(self) -> str | None:
        """Connect without telling anything."""
        return await http.connect(self._server.host, self._server.port, secure=self._server.secure)


def _give(done: asyncio.Future[Reply], reply: Reply) -> None:
    if not done.done():  # nobody waits any more
        done.set_result(reply)


def message(alert: Alert, *, to: str, sender: str, now: float) -> EmailMessage:
    """One message."""
    domain = sender.rpartition("@")[2]
    thread = f"<{alert.key}@{domain}>"
    letter = EmailMessage()
    letter["Subject"] = " ".join(title(alert).split())[:_SUBJECT]
    letter["From"] = f"Penstock <{sender}>"
    letter["To"] = to
    letter["Date"] = formatdate(now)
    letter["Message-ID"] = f"<{alert.id}@{domain}>"
    letter["In-Reply-To"] = letter["References"] = thread
    letter["Auto-Submitted"] = "auto-generated"  # so that no out-of-office note answers
    letter.set_content(text(alert), cte="quoted-printable")
    return letter


def deliver(letter: EmailMessage, to: str, sender: str, server: Server) -> Reply:
    """Hand a message to the server. Blocks; raises nothing of the network's."""
    try:
        with _open(server) as session:
            if server.user:
                session.login(server.user, server.password)
            session.send_message(letter, from_addr=sender, to_addrs=[to])
    except (smtplib.SMTPException, OSError) as error:
        return _refused(error)
    return Reply(True, "took the message")


def _refused(error: Exception) -> Reply:
    """What keeps a message from being taken."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code = max((code for code, _ in error.recipients.values()), default=0)
            return Reply(False, f"refuses the address with {code}", lasting=code >= 500)
        case smtplib.SMTPNotSupportedError():
            return Reply(False, "offers no TLS, or no way to log in, so no password is sent", lasting=True)
        case smtplib.SMTPResponseException():
            what = "refuses the log-in" if isinstance(error, smtplib.SMTPAuthenticationError) else "refuses"
            return Reply(False, f"{what} with {error.smtp_code}", lasting=error.smtp_code >= 500)
        case ssl.SSLCertVerificationError():
            return Reply(False, "its certificate is refused")
        case TimeoutError():
            return Reply(False, "does not answer in time")
        case _:
            reason = getattr(error, "strerror", None) or "the connection broke off"
            return Reply(False, f"cannot be reached: {reason}")


def _open(server: Server) -> smtplib.SMTP:
    """A session, in TLS where the server offers it; the certificate of one on this machine names no loopback."""
    named = socket.gethostname()  # the library would ask the DNS for it, for as long as that takes
    if server.secure:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, named, timeout=_EACH_S, context=context)
    session = smtplib.SMTP(server.host, server.port, named, timeout=_EACH_S)
    try:
        _encrypt(session, server)
    except BaseException:
        session.close()
        raise
    return session


def _encrypt(session: smtplib.SMTP, server: Server) -> None:
    session.ehlo()
    if server.local:
        return
    if session.has_extn("starttls"):
        session.starttls(context=ssl.create_default_context())
    elif server.user:  # the password would cross the network as plain text
        raise smtplib.SMTPNotSupportedError
