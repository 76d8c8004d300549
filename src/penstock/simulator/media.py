"""The media that the platform holds: their bytes, hashes, owners and ages, and the signed urls to them.

Purely in memory; whether a media is dead is a question with the time as an argument. Filled by ``Platform.upload``
and by every webhook with a file in it, read by Graph and the file server.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

from .accounts import Number
from .scenario import Rules

PATH = "/whatsapp_business/attachments/"


@dataclass(frozen=True, slots=True)
class File:
    """Bytes with a type: what one media or many consist of. ``sha256`` is hex."""

    data: bytes
    mime_type: str
    sha256: str
    filename: str | None = None

    @property
    def sha256_base64(self) -> str:
        """The hash as webhooks write it."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()


def file_of(data: bytes, mime_type: str, filename: str | None = None) -> File:
    """A file of these bytes, hashed."""
    return File(data, mime_type, hashlib.sha256(data).hexdigest(), filename)


@dataclass(slots=True)
class Media:
    """One media id. ``kind`` is image, audio, video, document or sticker; ``created_at`` is simulated Unix time.

    ``asked`` counts the requests for it, by hop.
    """

    id: str
    file: File
    kind: str
    number: Number | None
    created_at: float
    inbound: bool = True
    deleted: bool = False
    asked: dict[str, int] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash of the file, hex."""
        return self.file.sha256

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return len(self.file.data)

    def life_s(self, rules: Rules) -> float:
        """How long this id lives: by the number's storage rule, and by who uploaded it."""
        if self.number is not None and self.number.no_storage:
            return rules.no_storage_life_s
        return rules.media_life_s if self.inbound else rules.upload_life_s

    def alive(self, rules: Rules, now: float) -> bool:
        """Whether Graph still knows this id."""
        return not self.deleted and now < self.created_at + self.life_s(rules)


def kind_of(mime_type: str) -> str:
    """The message type that carries files of this MIME type."""
    main = mime_type.partition(";")[0].strip().lower()
    if main == "image/webp":
        return "sticker"
    family = main.partition("/")[0]
    return family if family in {"image", "audio", "video"} else "document"


class MediaShelf:
    """Every media by its id, and the key that signs their urls."""

    def __init__(self, seed: int) -> None:
        self._by_id: dict[str, Media] = {}
        self._next = 1_000_000_000_000_000 + (seed % 1_000_000) * 1_000_000_000
        self._key = hashlib.sha256(f"penstock simulator {seed}".encode()).digest()
        self._hashes: dict[tuple[str, int], str] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, file: File, *, kind: str, number: Number | None, now: float, inbound: bool = True) -> Media:
        """Put a file under a new id."""
        self._next += 1
        media = Media(str(self._next), file, kind, number, now, inbound)
        self._by_id[media.id] = media
        return media

    def get(self, media_id: str) -> Media | None:
        """The media of this id, dead or alive."""
        return self._by_id.get(media_id)

    def url(self, base: str, media: Media, *, source: str, expires_at: int) -> str:
        """The signed url of a media, on ``base`` (scheme and host), good until ``expires_at``."""
        signature = self.sign(media.id, expires_at)
        return f"{base}{PATH}?mid={media.id}&source={source}&ext={expires_at}&hash={signature}"

    def sign(self, media_id: str, expires_at: int) -> str:
        """The ``hash`` of a url."""
        key = (media_id, expires_at)
        known = self._hashes.get(key)
        if known is None:
            raw = hmac.digest(self._key, f"{media_id} {expires_at}".encode(), "sha256")
            known = "AR" + base64.urlsafe_b64encode(raw[:24]).decode()
            if len(self._hashes) > 50_000:  # urls die young: forgetting them all costs one HMAC each
                self._hashes.clear()
            self._hashes[key] = known
        return known
