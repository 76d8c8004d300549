"""The webhooks that are sent are what Meta sends, as Penstock itself reads them."""

import hashlib

from penstock.bench import bodies
from penstock.core.reading import read
from penstock.core.signature import signed_by
from penstock.core.updates import Message

DIGEST = hashlib.sha256(b"a file").digest()


def only(body: bytes) -> Message:
    reading = read(body)
    assert reading.problems == ()
    (message,) = reading.updates
    assert isinstance(message, Message)
    return message


def test_an_image_is_read_with_its_file() -> None:
    message = only(bodies.image(7, sha256=DIGEST))
    assert message.kind == "image"
    (file,) = message.media
    assert (file.media_id, file.sha256, file.mime_type) == (bodies.media_id(7), DIGEST, "image/jpeg")
    assert file.url is not None


def test_an_image_may_come_without_a_url_so_that_it_has_to_be_looked_up() -> None:
    (file,) = only(bodies.image(7, sha256=DIGEST, url=False)).media
    assert file.url is None


def test_a_text_is_read_with_what_meta_escaped() -> None:
    message = only(bodies.text(7))
    assert message.media == ()
    assert message.text is not None and "Café Zoë" in message.text and "14/15" in message.text


def test_bodies_are_as_large_as_real_ones() -> None:
    assert 1_000 <= len(bodies.image(7, sha256=DIGEST)) <= 1_600


def test_every_message_is_another_one_and_customers_come_again() -> None:
    messages = [only(bodies.text(number)) for number in range(1_000)]
    assert len({message.wamid for message in messages}) == 1_000
    assert 1 < len({message.party.phone for message in messages}) < 1_000


def test_a_request_is_signed_over_its_body() -> None:
    head, _, body = bodies.request(bodies.text(7)).partition(b"\r\n\r\n")
    headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    assert signed_by(body, headers[b"X-Hub-Signature-256"], [bodies.SECRET.encode()])
    assert int(headers[b"Content-Length"]) == len(body)
