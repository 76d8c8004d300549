"""Who an update is about: names in the wrong keys, contacts beside messages, and names that change."""

import pytest

from penstock.core.reading_people import NOBODY, Contacts, Names, changed, named, partner, rotation, succession
from penstock.core.reading_shapes import Contact, Id, Profile, Succession, System, Thread, ThreadContext, UserIdUpdate
from penstock.core.updates import IdentityChange, Party

PHONE = "15550001234"


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ((PHONE, None, None), Names(PHONE)),
        (("+" + PHONE, None, None), Names(PHONE)),
        ((15550001234, None, None), Names(PHONE)),
        ((PHONE, "US.1", "US.ENT.2"), Names(PHONE, "US.1", "US.ENT.2")),
        (("US.1", None, None), Names(None, "US.1")),
        (("US.1", "US.1", None), Names(None, "US.1")),
        (("US.ENT.2", None, None), Names(None, None, "US.ENT.2")),
        ((None, "US.1", None), Names(None, "US.1")),
        ((None, None, "US.ENT.2"), Names(None, None, "US.ENT.2")),
        ((None, None, None), NOBODY),
        (("", "", ""), NOBODY),
        (("1" * 30, None, None), Names(None, "1" * 30)),
        (("x" * 161, None, None), NOBODY),
        (("a\x00b", None, None), NOBODY),
        (("١٢٣", None, None), Names(None, "١٢٣")),
    ],
)
def test_a_name_is_known_by_its_form_wherever_it_stands(keys: tuple[Id, Id, Id], names: Names) -> None:
    assert named(*keys) == names


def test_the_only_contact_of_the_only_message_is_its_sender() -> None:
    contacts = Contacts([Contact(Profile("Ana"), wa_id="5511887654321", user_id="BR.1")], messages=1)

    assert contacts.party(Names("55119887654321")) == Party("55119887654321", "BR.1", name="Ana")


def test_beside_several_messages_a_contact_must_share_a_name() -> None:
    contacts = Contacts([Contact(Profile("Ana"), wa_id=PHONE, user_id="US.1")], messages=2)

    assert contacts.party(Names(PHONE)) == Party(PHONE, "US.1", name="Ana")
    assert contacts.party(Names(None, "US.1")) == Party(PHONE, "US.1", name="Ana")
    assert contacts.party(Names("15550005678")) == Party("15550005678")


def test_of_several_contacts_each_is_found() -> None:
    contacts = Contacts(
        [Contact(Profile("Ana"), wa_id=PHONE), Contact(Profile("Ben"), user_id="US.2"), Contact(None, wa_id="1")],
        messages=2,
    )

    assert contacts.party(Names(PHONE)).name == "Ana"
    assert contacts.party(Names(None, "US.2")).name == "Ben"
    assert contacts.party(Names("1")).name is None
    assert contacts.party(NOBODY) == Party()


def test_a_contact_may_carry_its_business_scoped_id_as_wa_id() -> None:
    contacts = Contacts([Contact(Profile("Ana", "@ana"), wa_id="US.1")], messages=2)

    assert contacts.party(Names(None, "US.1")) == Party(None, "US.1", name="Ana", username="ana")


def test_no_name_becomes_silly() -> None:
    (long,) = {Contacts([Contact(Profile("A\x00" * 5000))], messages=1).party(NOBODY).name}

    assert long == "A" * 512


def test_a_threads_partner_is_its_id_and_its_context() -> None:
    assert partner(Thread(id=PHONE)) == Names(PHONE)
    assert partner(Thread(id=PHONE, context=ThreadContext(user_id="US.1"))) == Names(PHONE, "US.1")
    assert partner(Thread(context=ThreadContext(wa_id=PHONE))) == Names(PHONE)


def test_the_documented_old_number_is_believed_before_the_sender() -> None:
    system = System(type="customer_changed_number", wa_id="15550005678", customer=PHONE)

    assert changed(system, Names("15550005678")) == (Names(PHONE), Names("15550005678"))


def test_a_change_of_number_without_a_sender_is_read_from_its_sentence() -> None:
    system = System(body=f"User Ana changed from {PHONE} to 15550005678", wa_id="15550005678")

    assert changed(system, NOBODY) == (Names(PHONE), Names("15550005678"))


def test_a_system_message_that_names_nobody_new_changes_nothing() -> None:
    assert changed(System(body="Something happened", type="something_new"), Names(PHONE)) == (
        Names(PHONE),
        Names(PHONE),
    )


def test_a_succession_needs_an_old_name_and_a_new_one() -> None:
    assert succession("1", NOBODY, Names(PHONE), 0.0) is None
    assert succession("1", Names(PHONE), NOBODY, 0.0) is None
    assert succession("1", Names(PHONE), Names(PHONE), 0.0) is None
    assert succession("1", Names(PHONE), Names(PHONE, "US.1"), 5.0) == IdentityChange(
        "1", (f"p:{PHONE}",), ("u:US.1",), 5.0
    )


def test_a_rotation_of_the_parent_id_alone_is_followed() -> None:
    update = UserIdUpdate(parent_user_id=Succession("US.ENT.1", "US.ENT.2"), timestamp="5")

    assert rotation("1", update) == IdentityChange("1", ("n:US.ENT.1",), ("n:US.ENT.2",), 5.0)
