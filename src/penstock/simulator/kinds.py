"""Every kind of update that the simulator can send, by name.

A table and nothing else. ``Platform.send``, the traffic and the control endpoint look a kind up here.
"""

from collections.abc import Callable

from . import chat, coexistence, events
from .draft import Update

KINDS: dict[str, Callable[..., Update]] = {
    maker.__name__: maker
    for maker in (
        chat.text,
        chat.image,
        chat.voice,
        chat.audio,
        chat.video,
        chat.document,
        chat.sticker,
        chat.location,
        chat.contacts,
        chat.reaction,
        chat.button_reply,
        chat.list_reply,
        chat.flow_reply,
        chat.call_permission_reply,
        chat.button,
        chat.order,
        chat.referral,
        chat.product_enquiry,
        coexistence.edit,
        coexistence.revoke,
        coexistence.echo,
        coexistence.echo_edit,
        coexistence.echo_revoke,
        coexistence.history,
        coexistence.history_media,
        coexistence.history_declined,
        events.number_changed,
        events.user_id_changed,
        events.identity_changed,
        events.user_id_update,
        events.unsupported,
        events.unavailable,
        events.too_large,
        events.media_with_error,
        events.error,
        events.error_beside_message,
        events.status,
        events.group_status,
        events.group_settings,
        events.call,
        events.call_recording,
        events.call_transcript,
        events.voicemail,
        events.unknown_type,
        events.unknown_field,
    )
}

MEDIA_KINDS = ("image", "voice", "audio", "video", "document", "sticker")
"""The kinds by which customers send files."""
