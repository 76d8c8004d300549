"""Which media items a message brings, and under which message they belong.

The one rule by which files are counted: the receiver stores by it, and the audit counts the journal again by it. An
edit's file belongs to the message that was edited. A message whose file Meta could not take, or does not name, brings
an item that has ended before it began, so that the gap is seen and counted. Called by the ledger's journal and
``flow.auditing``.
"""

import msgspec

from penstock.core import media
from penstock.core.updates import MediaRef, Message
from penstock.core.work import Outcome

TOO_LARGE_FOR_META = 131052  # "media download error": above 100 MB, or Meta could not take it
_MISSING = "WhatsApp sent this message without its file. Ask the sender to send it again."
_REFUSED = "WhatsApp could not accept this file: it is larger than 100 MB, or could not be read by WhatsApp."


class Item(msgspec.Struct, frozen=True, gc=False):
    """One media item to be kept: under which message, and whether there is anything to fetch."""

    wamid: str
    ref: MediaRef
    failed_because: str | None = None  # set when nothing can ever be fetched


def home(message: Message) -> str:
    """The id of the message under which the files of this one are kept."""
    if message.kind == "edit" and message.original_wamid:
        return message.original_wamid
    return message.wamid


def items(message: Message) -> tuple[Item, ...]:
    """The media items of a message, each once."""
    wamid = home(message)
    if message.media:
        seen = {ref.media_id: Item(wamid, ref) for ref in message.media}
        return tuple(seen.values())
    if message.error_code == TOO_LARGE_FOR_META:
        kind = message.kind if message.kind in media.KINDS else "document"
        return (Item(wamid, MediaRef(media_id="", kind=kind), _REFUSED),)
    # Of a history sync the files come later, in messages of their own.
    if message.kind in media.KINDS and not message.history:
        return (Item(wamid, MediaRef(media_id="", kind=message.kind), _MISSING),)
    return ()


FAILED_OUTCOME = Outcome.GONE
