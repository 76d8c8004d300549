"""E-mail: the whole alert in a message, one thread for an incident, and a server that cannot hold anybody up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from penstock.adapters.notify import mail
from penstock.adapters.notify.mail import Mail, Server, message
from penstock.core.alert import Alert
from penstock.core.incident import Kind

NOW = 1_795_000_000.0


class MailServer:
    """A small SMTP server on loopback."""

    def __init__(self) -> None:
        self.port = 0
        self.offers = "AUTH PLAIN LOGIN"
        self.rcpt = "250 ok"
        self.auth = "235 ok"
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.got: list[bytes] = []
        self.said: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self.hangs.wait()
            writer.write(b"220 mail.example.com ESMTP\r\n")
            while line := (await reader.readline()).decode().strip():
                self.said.append(line)
                verb = line.split()[0].upper()
                if verb == "DATA":
                    writer.write(b"354 go on\r\n")
                    self.got.append(await reader.readuntil(b"\r\n.\r\n"))
                    writer.write(b"250 taken\r\n")
                else:
                    answers = {
                        "EHLO": f"250-mail.example.com\r\n250 {self.offers}",
                        "RCPT": self.rcpt,
                        "AUTH": self.auth,
                        "QUIT": "221 bye",
                    }
                    writer.write(answers.get(verb, "250 ok").encode() + b"\r\n")
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    """One that takes everything."""
    made = MailServer()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as listening:
        made.port = listening.sockets[0].getsockname()[1]
        yield made
        made.hangs.set()


def to(server: MailServer, **more: str) -> Mail:
    return Mail("ops@example.org", "penstock@example.com", Server("127.0.0.1", server.port, False, **more))


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw.removesuffix(b".\r\n"), policy=policy.default)


async def test_a_message_has_the_whole_alert_and_is_in_the_incidents_thread(
    server: MailServer, alert: Callable[..., Alert]
) -> None:
    assert (await to(server, user="anna", password="p@ss").send(alert(), now=NOW)).taken
    assert any(line.startswith("AUTH PLAIN") for line in server.said)
    letter = read(server.got[0])
    assert letter["To"] == "ops@example.org"
    assert letter["From"] == "Penstock <penstock@example.com>"
    assert letter["Subject"].startswith("Incident 7 is open.")
    assert letter["Message-ID"] == "<ab12-tgt-9@example.com>"
    assert letter["References"] == letter["In-Reply-To"] == "<penstock-ab12-7@example.com>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "method on the wire POST" in letter.get_content()


def test_a_subject_is_one_short_line(alert: Callable[..., Alert]) -> None:
    letter = message(alert(kind=Kind.CLOSED, event="closed"), to="a@b.c", sender="d@e.f", now=NOW)
    assert len(letter["Subject"]) <= 200
    assert "\n" not in letter["Subject"]


@pytest.mark.parametrize(
    ("facts", "lasting", "said"),
    [
        ({"rcpt": "550 no such user"}, True, "refuses the address with 550"),
        ({"rcpt": "450 greylisted"}, False, "refuses the address with 450"),
        ({"auth": "535 wrong"}, True, "refuses the log-in with 535"),
        ({"offers": "8BITMIME"}, True, "offers no TLS, or no way to log in, so no password is sent"),
    ],
)
async def test_a_refusal_passes_or_lasts(
    server: MailServer, alert: Callable[..., Alert], facts: dict[str, str], lasting: bool, said: str
) -> None:
    for name, value in facts.items():
        setattr(server, name, value)
    reply = await to(server, user="anna", password="s3cret").send(alert(), now=NOW)
    assert (reply.taken, reply.lasting, reply.said) == (False, lasting, said)
    assert server.got == []


async def test_a_server_that_hangs_holds_nobody_up_and_gets_no_second_thread(
    server: MailServer, alert: Callable[..., Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "LIMIT_S", 0.2)
    server.hangs.clear()
    sender = to(server)
    assert (await sender.send(alert(), now=NOW)).said == "does not answer in time"
    assert (await sender.send(alert(), now=NOW)).said == "is still busy with the last message"
    server.hangs.set()
    async with asyncio.timeout(60):
        while not (await sender.send(alert(), now=NOW)).taken:
            await asyncio.sleep(0.05)


async def test_one_that_is_gone_is_said_to_be(port: int, alert: Callable[..., Alert]) -> None:
    sender = Mail("ops@example.org", "penstock@example.com", Server("127.0.0.1", port))
    assert (await sender.send(alert(), now=NOW)).said == "cannot be reached: Connection refused"
    assert "Connection refused" in str(await sender.reach())
