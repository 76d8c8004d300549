"""The shape of Meta's JSON, as far as Penstock looks into it: one struct for each kind of object.

Everything is optional and every id may be text or number, because real bodies differ from the documentation in both;
what is not named here is skipped while decoding and stays in the message's payload. Messages and calls stay raw bytes
inside the envelope, so that each is decoded by itself and kept whole. No meaning here: that is given by the other
``reading_*`` modules.
"""

import msgspec
from msgspec import Raw, field

Id = str | int | None
Moment = str | int | float | None


class Shape(msgspec.Struct, gc=False):
    """One of Meta's objects."""


class Failure(Shape):
    """An entry of an ``errors`` list."""

    code: Id = None
    title: str | None = None
    message: str | None = None
    details: str | None = None  # beside the others in old bodies, inside error_data in new ones
    error_data: "FailureData | None" = None


class FailureData(Shape):
    """Where an error says what happened."""

    details: str | None = None


class File(Shape):
    """A media object."""

    id: Id = None
    mime_type: str | None = None
    sha256: str | None = None
    file_size: Id = None
    filename: str | None = None
    caption: str | None = None
    voice: bool | None = None
    animated: bool | None = None
    url: str | None = None


class Text(Shape):
    """What was typed."""

    body: str | None = None


class Location(Shape):
    """A place; a live position has only the coordinates."""

    latitude: Moment = None
    longitude: Moment = None
    name: str | None = None
    address: str | None = None


class CardName(Shape):
    """The name on a contact card."""

    formatted_name: str | None = None
    first_name: str | None = None


class CardPhone(Shape):
    """A phone number on a contact card."""

    phone: str | None = None


class Card(Shape):
    """A contact card that somebody sent."""

    name: CardName | None = None
    phones: list[CardPhone] | None = None


class Reaction(Shape):
    """An emoji on another message; without one it is taken back."""

    message_id: Id = None
    emoji: str | None = None


class Reply(Shape):
    """A chosen button or list row."""

    title: str | None = None


class FlowReply(Shape):
    """An answered flow."""

    name: str | None = None
    body: str | None = None


class CallPermission(Shape):
    """Whether the customer may be called."""

    response: str | None = None


class Interactive(Shape):
    """An answer to something interactive."""

    button_reply: Reply | None = None
    list_reply: Reply | None = None
    nfm_reply: FlowReply | None = None
    call_permission_reply: CallPermission | None = None


class Button(Shape):
    """A quick reply of a template."""

    text: str | None = None
    payload: str | None = None


class Order(Shape):
    """An order from the catalogue."""

    text: str | None = None
    product_items: list[Raw] | None = None


class System(Shape):
    """Something about the customer has changed. Which of the ids is old and which is new depends on the variant."""

    body: str | None = None
    type: str | None = None
    wa_id: Id = None  # new
    new_wa_id: Id = None  # new, in old bodies
    customer: Id = None  # old; the new one in bodies that name no other
    user_id: Id = None  # new
    parent_user_id: Id = None


class Unsupported(Shape):
    """What Meta does not hand on."""

    type: str | None = None


class Context(Shape):
    """What a message refers to."""

    id: Id = None


class Edit(Shape):
    """A message in its new form."""

    original_message_id: Id = None
    message: "Written | None" = None


class Revoke(Shape):
    """A message that was taken back."""

    original_message_id: Id = None


class Written(Shape):
    """A message, in either direction."""

    id: Id = None
    sender: Id = field(default=None, name="from")
    from_user_id: Id = None
    from_parent_user_id: Id = None
    to: Id = None
    to_user_id: Id = None
    to_parent_user_id: Id = None
    group_id: Id = None
    timestamp: Moment = None
    type: str | None = None
    context: Context | None = None
    errors: list[Failure] | None = None
    text: Text | None = None
    image: File | None = None
    audio: File | None = None
    voice: File | None = None  # how the On-Premises API called a voice note
    video: File | None = None
    document: File | None = None
    sticker: File | None = None
    location: Location | None = None
    contacts: list[Card] | None = None
    reaction: Reaction | None = None
    interactive: Interactive | None = None
    button: Button | None = None
    order: Order | None = None
    system: System | None = None
    unsupported: Unsupported | None = None
    edit: Edit | None = None
    revoke: Revoke | None = None


class Delivery(Shape):
    """A delivery status."""

    id: Id = None
    status: str | None = None
    timestamp: Moment = None
    recipient_id: Id = None
    recipient_user_id: Id = None
    recipient_participant_id: Id = None
    recipient_participant_user_id: Id = None
    errors: list[Failure] | None = None


class CallFiles(Shape):
    """The file of a call's recording or transcript."""

    audio: File | None = None
    video: File | None = None
    document: File | None = None


class Called(Shape):
    """An event of a call."""

    id: Id = None
    sender: Id = field(default=None, name="from")
    from_user_id: Id = None
    from_parent_user_id: Id = None
    to: Id = None
    to_user_id: Id = None
    to_parent_user_id: Id = None
    timestamp: Moment = None
    event: str | None = None
    direction: str | None = None
    call_recording: CallFiles | None = None
    call_transcript: CallFiles | None = None


class Profile(Shape):
    """What a customer shows of themselves."""

    name: str | None = None
    username: str | None = None


class Contact(Shape):
    """An entry of the ``contacts`` beside the messages."""

    profile: Profile | None = None
    wa_id: Id = None
    user_id: Id = None
    parent_user_id: Id = None


class Succession(Shape):
    """An id and the one that takes its place."""

    previous: Id = None
    current: Id = None


class UserIdUpdate(Shape):
    """A business-scoped id has changed."""

    wa_id: Id = None
    user_id: Succession | None = None
    parent_user_id: Succession | None = None
    timestamp: Moment = None


class ThreadContext(Shape):
    """Who a thread of the history is with."""

    wa_id: Id = None
    user_id: Id = None
    parent_user_id: Id = None
    username: str | None = None


class Thread(Shape):
    """One conversation of the history. ``id`` is the customer's phone number."""

    id: Id = None
    context: ThreadContext | None = None
    messages: list[Raw] | None = None


class Chunk(Shape):
    """A part of the history, or that there is none."""

    threads: list[Thread] | None = None
    errors: list[Failure] | None = None


class Metadata(Shape):
    """Which business number an update is for."""

    phone_number_id: Id = None
    display_phone_number: Id = None


class Value(Shape):
    """What happened at one business number."""

    metadata: Metadata | None = None
    contacts: list[Contact] | None = None
    messages: list[Raw] | None = None
    message_echoes: list[Raw] | None = None
    history: list[Chunk] | None = None
    calls: list[Raw] | None = None
    statuses: list[Delivery] | None = None
    user_id_update: list[UserIdUpdate] | None = None
    errors: list[Failure] | None = None


class Change(Shape):
    """One update, by the field that the app subscribed to."""

    field: str | None = None
    value: Value | None = None


class Entry(Shape):
    """The updates of one business account."""

    changes: list[Change] | None = None


class Envelope(Shape):
    """A whole body."""

    object: str | None = None
    entry: list[Entry] | None = None
