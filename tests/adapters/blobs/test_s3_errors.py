"""What a store says becomes one line: which bucket, what it refused, and nothing that is secret."""

import errno

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError

from penstock.adapters.blobs.s3_errors import BucketRefusedError, meant, told

SAID = (
    "Error performing PUT http://10.0.0.1/media/p/x?X-Amz-Signature=5ec2e7 in 1ms - Server returned non-2xx status code: "
    "{}: <Error><Code>{}</Code><AWSAccessKeyId>AK5ec2e7</AWSAccessKeyId><StringToSign>5ec2e7</StringToSign></Error>\n\nDebug"
)


@pytest.mark.parametrize(
    ("error", "kind", "line"),
    [
        (
            PermissionDeniedError(SAID.format("403 Forbidden", "SignatureDoesNotMatch")),
            BucketRefusedError,
            "the bucket media refuses a file: SignatureDoesNotMatch",
        ),
        (
            PermissionDeniedError("status code: 403 Forbidden: "),
            BucketRefusedError,
            "the bucket media refuses a file: status 403",
        ),
        (
            FileNotFoundError(SAID.format("404 Not Found", "NoSuchBucket")),
            BucketRefusedError,
            "there is no bucket media",
        ),
        (
            FileNotFoundError(SAID.format("404 Not Found", "NoSuchKey")),
            FileNotFoundError,
            "the bucket media has no such file",
        ),
        (
            GenericError(SAID.format("507 Insufficient Storage", "QuotaExceeded")),
            OSError,
            "the bucket media answers a file with 507 QuotaExceeded",
        ),
        (
            GenericError("HTTP error: error sending request\n\nkind: Timeout, source: TimedOut"),
            OSError,
            "the bucket media does not answer a file in time",
        ),
        (
            GenericError("HTTP error: error sending request\n\nkind: Connect"),
            OSError,
            "the bucket media cannot be reached",
        ),
        (
            GenericError("Error performing PUT http://169.254.169.254/latest/api/token: error sending request"),
            OSError,
            "there are no keys for the bucket media, and this machine has no role",
        ),
        (GenericError("5ec2e7"), OSError, "the bucket media failed at a file (GenericError)"),
    ],
)
def test_every_failure_is_one_line_without_secrets(error: Exception, kind: type[OSError], line: str) -> None:
    found = meant("media", "a file", error)
    assert (type(found), found.strerror) == (kind, line)
    assert "5ec2e7" not in str(found)


def test_what_was_said_does_not_hang_on_to_the_error() -> None:
    with pytest.raises(OSError, match="failed at a file") as caught, told("media", "a file"):
        raise GenericError("5ec2e7")
    assert caught.value.errno == errno.EIO
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_mistakes_of_our_own_pass() -> None:
    with pytest.raises(KeyError), told("media", "a file"):
        raise KeyError("x")
