"""The class table: what each Graph code, HTTP status and trouble means, whose fault it is, and what a person reads.

A table and nothing else: ``core.verdict`` looks things up here and adds what depends on the media's age. Whatever is
printed about faults is printed from here. The sentences are for somebody who supports customers: what happened, and
that it goes on by itself or what may be done; codes and hosts stand beside them, in the attempt.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

import msgspec

from penstock.core.exchange import Trouble
from penstock.core.work import Outcome

Fault = Literal["ours", "theirs", "sender", "yours"]
Final = Literal["expired", "failed"]


class Pace(StrEnum):
    """How eagerly to try again."""

    NORMAL = "normal"
    SPARING = "sparing"  # asking often changes nothing, or is punished


class Rule(msgspec.Struct, frozen=True):
    """One line of the table."""

    outcome: Outcome
    fault: Fault
    sentence: str
    pace: Pace = Pace.NORMAL
    final: Final | None = None
    fresh_url: bool = False  # the URL is to blame: look up again
    ages: bool = False  # final ("expired") once Meta's copy is past its time, ambiguous before
    alarm: bool = False


_WRONG_REQUEST = Rule(
    Outcome.CLIENT_BUG,
    "ours",
    "WhatsApp's server said that our request was wrong, and did not say that the file is gone. It is tried again over "
    "new connections until the file's time is up.",
    alarm=True,
)
_TOKEN_DEAD = Rule(
    Outcome.AUTH,
    "yours",
    "WhatsApp no longer accepts the access token of this number. Give it a new one; the file waits for that.",
    Pace.SPARING,
)
_NO_PERMISSION = Rule(
    Outcome.AUTH,
    "yours",
    "The access token of this number may not read this file. Give it the permission whatsapp_business_messaging; the "
    "file waits for that.",
    Pace.SPARING,
)
_RESTRICTED = Rule(
    Outcome.AUTH,
    "yours",
    "WhatsApp has restricted this business account. Meta's business settings say why; the file waits.",
    Pace.SPARING,
)
_THROTTLED = Rule(
    Outcome.THROTTLE,
    "theirs",
    "WhatsApp asked us to slow down. The file comes a little later.",
)
_META_TROUBLE = Rule(
    Outcome.UPSTREAM,
    "theirs",
    "WhatsApp has a fault of its own at the moment. It is tried again by itself.",
)
_UNKNOWN_MEDIA = Rule(
    Outcome.GONE,
    "theirs",
    "WhatsApp says that it does not have this file, or that this number's token may not see it. It is asked again now "
    "and then until the file's time is up.",
    Pace.SPARING,
    ages=True,
)

UNKNOWN_MEDIA_SUBCODE = (
    33  # of code 100: expired, deleted, somebody else's or the wrong token; Graph does not say which
)
GENERIC_CODES = frozenset({1, 2, 100})  # say so little that a status which blames the request says more
CODES: Mapping[int, Rule] = MappingProxyType(
    {
        **dict.fromkeys((102, 190), _TOKEN_DEAD),
        **dict.fromkeys((0, 3, 10, 131005, *range(200, 300)), _NO_PERMISSION),
        **dict.fromkeys((368, 130497, 131031), _RESTRICTED),
        **dict.fromkeys((4, 17, 32, 341, 613, 80007, 130429), _THROTTLED),
        **dict.fromkeys((1, 2, 131000, 131016, 131057), _META_TROUBLE),
        33: Rule(
            Outcome.GONE,
            "yours",
            "The business phone number that this file was sent to has been deleted at WhatsApp, and its files with it.",
            final="failed",
        ),
        # No token was sent, or none was found: the check on our own requests makes sure that one was.
        **dict.fromkeys((100, 104, 2500), _WRONG_REQUEST),
        803: _UNKNOWN_MEDIA,
        131052: Rule(
            Outcome.GONE,
            "sender",
            "WhatsApp could not accept this file: it is larger than 100 MB, or could not be read by WhatsApp.",
            final="failed",
        ),
    }
)
UNKNOWN_MEDIA = _UNKNOWN_MEDIA

_URL_DEAD = Rule(
    Outcome.GONE,
    "theirs",
    "The address that WhatsApp gave for this file no longer works. A new one is asked for.",
    fresh_url=True,
)
_REFUSED_WITHOUT_REASON = Rule(
    Outcome.AUTH,
    "theirs",
    "WhatsApp's server refused our access token without saying why. It is tried again by itself; if no other file of "
    "this number comes either, its token needs to be looked at.",
)

# Statuses that blame the request. They say more than a generic code in the same answer.
REQUEST_STATUSES = frozenset({405, 415, 501})
STATUSES: Mapping[int, Rule] = MappingProxyType(
    {
        401: _REFUSED_WITHOUT_REASON,
        403: _REFUSED_WITHOUT_REASON,
        408: Rule(
            Outcome.TIMEOUT, "theirs", "WhatsApp's server gave up waiting for our request. It is tried again by itself."
        ),
        429: _THROTTLED,
        **dict.fromkeys(REQUEST_STATUSES, _WRONG_REQUEST),
    }
)
REQUEST_REFUSED = _WRONG_REQUEST  # any other 4xx
SERVER_FAILED = _META_TROUBLE  # any other 5xx
UNEXPECTED_STATUS = Rule(
    Outcome.UPSTREAM,
    "theirs",
    "WhatsApp's server gave an answer that makes no sense here. It is tried again by itself.",
)
# At the download, a refusal may be the URL's fault: its signature or its time. (Meta: "on failure get a new URL".)
DOWNLOAD_STATUSES: Mapping[int, Rule] = MappingProxyType(
    {
        400: msgspec.structs.replace(_WRONG_REQUEST, fresh_url=True),
        401: msgspec.structs.replace(_REFUSED_WITHOUT_REASON, fresh_url=True),
        403: msgspec.structs.replace(_REFUSED_WITHOUT_REASON, fresh_url=True),
        404: _URL_DEAD,
        410: _URL_DEAD,
    }
)


def _upstream(sentence: str, *, fresh_url: bool = False, pace: Pace = Pace.NORMAL) -> Rule:
    return Rule(Outcome.UPSTREAM, "theirs", sentence, pace, fresh_url=fresh_url)


def _timeout(sentence: str) -> Rule:
    return Rule(Outcome.TIMEOUT, "theirs", sentence)


_AGAIN = "It is tried again by itself."
_NOT_AN_ANSWER = f"WhatsApp's server sent something that is not an answer to what was asked. {_AGAIN}"
_DAMAGED = f"The file did not arrive whole. {_AGAIN}"

TROUBLES: Mapping[Trouble, Rule] = MappingProxyType(
    {
        Trouble.CONTRACT: Rule(
            Outcome.CONTRACT,
            "ours",
            "Our own request was not what it should have been, so it was not sent. The file waits until it is mended.",
            Pace.SPARING,
            alarm=True,
        ),
        Trouble.HOST_REFUSED: _upstream(
            "The address given for this file is not one of WhatsApp's, so it was not used. A new one is asked for.",
            fresh_url=True,
        ),
        Trouble.ADDRESS_REFUSED: Rule(
            Outcome.LOCAL,
            "yours",
            "The name of WhatsApp's server leads to a private address here, so nothing was sent. Look at the DNS of "
            "this machine; the file waits.",
            Pace.SPARING,
            alarm=True,
        ),
        Trouble.DNS: Rule(
            Outcome.LOCAL, "yours", f"The name of WhatsApp's server could not be found from this machine. {_AGAIN}"
        ),
        Trouble.CONNECT: _upstream(f"WhatsApp's server could not be reached. {_AGAIN}"),
        Trouble.TLS: _upstream(f"No secure connection to WhatsApp's server could be made. {_AGAIN}"),
        Trouble.RESET: _upstream(f"WhatsApp's server broke the connection off. {_AGAIN}"),
        Trouble.CONNECT_TIMEOUT: _timeout(f"WhatsApp's server did not take the connection in time. {_AGAIN}"),
        Trouble.READ_TIMEOUT: _timeout(f"WhatsApp's server stopped answering. {_AGAIN}"),
        Trouble.TOTAL_TIMEOUT: _timeout(f"The file took too long to arrive. {_AGAIN}"),
        Trouble.TOO_SLOW: _timeout(f"The file arrived too slowly to ever be whole. {_AGAIN}"),
        Trouble.BAD_FRAMING: _upstream(_NOT_AN_ANSWER),
        Trouble.ENDLESS_HEADERS: _upstream(_NOT_AN_ANSWER),
        Trouble.REDIRECT: _upstream(
            f"WhatsApp's server pointed to another address, which is not followed. {_AGAIN}", fresh_url=True
        ),
        Trouble.ENCODED: _upstream(_NOT_AN_ANSWER),
        Trouble.CUT_SHORT: _upstream(_DAMAGED),
        Trouble.TOO_LARGE: Rule(
            Outcome.GONE,
            "sender",
            "This file could not be accepted: it is larger than 100 MB.",
            final="failed",
        ),
        Trouble.OVER_LIMIT: _upstream(
            "WhatsApp's server sent more than any file may have. A new address is asked for.",
            fresh_url=True,
            pace=Pace.SPARING,
        ),
        Trouble.TOO_LONG: _upstream(f"WhatsApp's server sent more than the file has. {_AGAIN}"),
        Trouble.HTML: _upstream(f"WhatsApp's server sent a web page instead of what was asked for. {_AGAIN}"),
        Trouble.NOT_JSON: _upstream(_NOT_AN_ANSWER),
        Trouble.WRONG_SHAPE: _upstream(_NOT_AN_ANSWER),
        Trouble.FOREIGN_URL: _upstream(
            f"WhatsApp named an address for this file that is not one of WhatsApp's, so it was not used. {_AGAIN}"
        ),
        Trouble.ERROR_BODY: _upstream(f"WhatsApp's server sent an error instead of the file. {_AGAIN}"),
        Trouble.WRONG_SIZE: _upstream(_DAMAGED),
        Trouble.WRONG_HASH: _upstream(f"What arrived is not the file that was sent. {_AGAIN}", fresh_url=True),
        Trouble.LOCAL: Rule(Outcome.LOCAL, "ours", f"The file could not be kept on this machine. {_AGAIN}"),
    }
)
