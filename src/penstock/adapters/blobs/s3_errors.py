"""What an object store's refusals mean, in one line each: an ``OSError`` that names the bucket and the reason.

The client's own errors hold addresses, headers and whole answers, and some servers put an access key or a signature
into these; nothing of that is passed on but the status and the store's code. Used by the modules of ``s3`` only.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

_CODE = re.compile(r"<Code>\s*(\w{1,64})\s*</Code>")
_STATUS = re.compile(r"status code: ([0-9]{3})\b")
_LATE = re.compile(r"\bTimed?Out\b|timed out|kind: Timeout")
_UNREACHED = re.compile(r"kind: Connect\b|error sending request|tcp connect|dns error")
_NOBODY = ("169.254.169.254", "169.254.170.2")  # asked for a role when there are no keys


class BucketRefusedError(OSError):
    """The bucket exists no more, or these keys may not do this: time alone mends neither."""


@contextmanager
def told(bucket: str, doing: str) -> Iterator[None]:
    """Turn what goes wrong inside into an OSError. A missing object stays a FileNotFoundError."""
    try:
        yield
    except (BaseError, FileNotFoundError, TimeoutError, ValueError) as error:
        raise meant(bucket, doing, error) from None  # the chain would show what the line leaves out


def meant(bucket: str, doing: str, error: Exception) -> OSError:
    """The OSError of a failure."""
    text = str(error)
    found, answered = _CODE.search(text), _STATUS.search(text)
    code = found[1] if found else ""
    status = answered[1] if answered else ""
    if code == "NoSuchBucket":
        return BucketRefusedError(errno.EIO, f"there is no bucket {bucket}")
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, f"the bucket {bucket} has no such file")
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)):
        why = code or (f"status {status}" if status else "permission denied")
        return BucketRefusedError(errno.EACCES, f"the bucket {bucket} refuses {doing}: {why}")
    answer = " ".join(filter(None, (status, code)))
    return OSError(errno.EIO, _trouble(bucket, doing, answer, text, error))


def _trouble(bucket: str, doing: str, answer: str, text: str, error: Exception) -> str:
    """The line of a failure that may be over the next time."""
    if any(address in text for address in _NOBODY):
        return f"there are no keys for the bucket {bucket}, and this machine has no role"
    if answer:
        return f"the bucket {bucket} answers {doing} with {answer}"
    if isinstance(error, TimeoutError) or _LATE.search(text):
        return f"the bucket {bucket} does not answer {doing} in time"
    if _UNREACHED.search(text):
        return f"the bucket {bucket} cannot be reached"
    return f"the bucket {bucket} failed at {doing} ({type(error).__name__})"
