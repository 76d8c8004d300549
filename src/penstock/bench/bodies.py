"""Webhooks as Meta writes them, many and all different, signed, as whole HTTP requests ready to be sent.

The JSON is escaped the way Meta escapes it (``\\/``, ``\\u00e4``). Made before a measurement begins, so that making
them costs nothing in it. Pure. Used by the load generator and by the processes that fill a backlog.

>>> 1_000 < len(image(7, sha256=bytes(32))) < 1_600
True
"""

import base64
import hashlib
import hmac
import time

SECRET = "bench-app-secret"  # noqa: S105 -- of an app that exists in a benchmark's own database only
VERIFY_TOKEN = "bench-verify-token"  # noqa: S105 -- likewise
TOKEN = "EAAGbenchmarktoken"  # noqa: S105 -- likewise
APP = "bench"
WORKSPACE = "bench"
CREDENTIAL = "bench"
NUMBER = "100000000000002"
PATH = "/webhooks/whatsapp"
LOOK_UP_PATH = "/v26.0/"  # followed by a media id
FILE_PATH = "/whatsapp_business/attachments/?mid="  # likewise

_CUSTOMERS = 500  # so that most messages continue a conversation, as most do
_FIRST_MEDIA_ID = 1_000_000_000_000_000

_HEAD = (
    '{"object":"whatsapp_business_account","entry":[{"id":"100000000000001","changes":[{"value":{"messaging_product":'
    '"whatsapp","metadata":{"display_phone_number":"15550009876","phone_number_id":"%(number)s"},"contacts":[{"profile"'
    ':{"name":"Zo\\u00eb M\\u00fcller %(customer)d"},"wa_id":"%(phone)s","user_id":"%(user)s"}],"messages":[{"from":'
    '"%(phone)s","from_user_id":"%(user)s","id":"%(wamid)s","timestamp":"%(at)d","type":"%(kind)s",'
)
_TAIL = '}]},"field":"messages"}]}]}'
_CAPTION = (
    "Here is the photo of the meter at Caf\\u00e9 Zo\\u00eb, as we said on the phone yesterday. The number on the "
    "right is the new one, the one on the left still belongs to the old device that was taken out on 14\\/15 May. "
    "Please tell me whether that will do \\ud83d\\ude4f or whether I should go back and take another one from nearer "
    "by, with the cover off."
)
_IMAGE = '"image":{"caption":"%(caption)s","mime_type":"image\\/jpeg","sha256":"%(sha256)s","id":"%(media_id)s"%(url)s}'
_URL = (
    ',"url":"https:\\/\\/lookaside.fbsbx.com\\/whatsapp_business\\/attachments\\/?mid=%(media_id)s&source=webhook'
    '&ext=%(ext)d&hash=%(hash)s"'
)
_TEXT = '"text":{"body":"%(caption)s"}'


def media_id(number: int) -> str:
    """Meta's id of the file that the ``number``-th message brings."""
    return str(_FIRST_MEDIA_ID + number)


def image(number: int, *, sha256: bytes, url: bool = True) -> bytes:
    """One message with a photo. Without ``url`` the file has to be looked up first."""
    values = _common(number, "image") | {
        "sha256": base64.b64encode(sha256).decode().replace("/", "\\/"),
        "media_id": media_id(number),
        "ext": int(time.time()) + 300,
        "hash": f"ARm{number:012d}EXAMPLEHASHEXAMPLEHASHEXAMPLE",
    }
    values["url"] = _URL % values if url else ""
    return ((_HEAD + _IMAGE + _TAIL) % values).encode("ascii")


def text(number: int) -> bytes:
    """One message of text alone."""
    return ((_HEAD + _TEXT + _TAIL) % _common(number, "text")).encode("ascii")


def signature(body: bytes) -> bytes:
    """The value of X-Hub-Signature-256."""
    return b"sha256=" + hmac.digest(SECRET.encode(), body, hashlib.sha256).hex().encode()


def request(body: bytes) -> bytes:
    """The whole POST, head and body."""
    head = (
        f"POST {PATH}/{APP} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nX-Hub-Signature-256: "
    )
    return head.encode() + signature(body) + b"\r\n\r\n" + body


def _common(number: int, kind: str) -> dict[str, object]:
    customer = number % _CUSTOMERS
    return {
        "number": NUMBER,
        "customer": customer,
        "phone": f"1555{customer:07d}",
        "user": f"US.{10_000_000_000_000_000_000 + customer}",
        "wamid": "wamid." + base64.b64encode(b"HBgLMTU1NTAwMDEyMzQVAgASGBQz%012d" % number).decode(),
        "at": int(time.time()),
        "kind": kind,
        "caption": _CAPTION,
    }
