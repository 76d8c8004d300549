"""A bucket as a setting: its URL, and how it is reached by the variables that every S3 tool reads.

The variables keep their usual names, so that what works for other tools works here: AWS_ENDPOINT_URL_S3,
AWS_ENDPOINT_URL, AWS_ENDPOINT, AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_VIRTUAL_HOSTED_STYLE_REQUEST. They are read only when files are kept in a bucket; an empty one
counts as not set. Called by ``settings.values`` and ``settings.sources``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from penstock.core.errors import WrongUse

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9_.=-]+(/[A-Za-z0-9_.=-]+)*")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_FIRST_REGION = "us-east-1"
_STYLE = "AWS_VIRTUAL_HOSTED_STYLE_REQUEST"
_KEY_ID, _SECRET, _SESSION = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
_FLAGS = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccess:
    """How buckets are reached. Without a key the machine's own role is asked."""

    endpoint: str | None = None  # None is AWS itself
    region: str = _FIRST_REGION
    key_id: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    virtual_hosted: bool | None = None  # None: as the endpoint likes it

    def address(self, bucket: str) -> str:
        """Where a bucket is, without a slash at the end."""
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        endpoint = self.endpoint or f"https://s3.{self.region}.{domain}"
        virtual_hosted = self.virtual_hosted
        if virtual_hosted is None:
            # A dot would not fit AWS's certificate; other servers mostly have one name.
            virtual_hosted = self.endpoint is None and "." not in bucket
        if not virtual_hosted:
            return f"{endpoint}/{bucket}"
        parts = urlsplit(endpoint)
        if parts.netloc.startswith(f"{bucket}."):
            return endpoint
        return parts._replace(netloc=f"{bucket}.{parts.netloc}").geturl()


class S3Url(NamedTuple):
    """A bucket, or a part of one, that holds the files."""

    bucket: str
    prefix: str = ""
    access: AwsAccess = AwsAccess()

    def __str__(self) -> str:
        """As it is written in the settings."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def s3_url(text: str) -> S3Url:
    """``s3://bucket`` or ``s3://bucket/prefix``."""
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    prefix = prefix.rstrip("/")
    named = bool(_BUCKET.fullmatch(bucket)) and ".." not in bucket
    placed = not prefix or (bool(_PREFIX.fullmatch(prefix)) and not {".", ".."} & set(prefix.split("/")))
    if not text.startswith("s3://") or not named or not placed:
        raise ValueError(
            "s3://BUCKET or s3://BUCKET/PREFIX, such as s3://example-media/penstock, in letters, digits, dots, dashes "
            "and in the prefix also _ and =; keys and the endpoint are set by the AWS_ variables"
        )
    return S3Url(bucket, prefix)


def access(variables: Mapping[str, str]) -> AwsAccess:
    """How buckets are reached, by these variables. Raises WrongUse."""
    given = {name: text.strip() for name, text in variables.items() if name.startswith("AWS_") and text.strip()}
    for one, other in ((_KEY_ID, _SECRET), (_SECRET, _KEY_ID)):
        if one in given and other not in given:
            raise WrongUse(f"{one} is set, but {other} is not: set both, or neither to use the machine's role")
    style = given.get(_STYLE)
    if style is not None and style.lower() not in _FLAGS:
        raise WrongUse(f"{_STYLE} is {style[:40]!r}, but it must be true or false")
    return AwsAccess(
        endpoint=_endpoint(given),
        region=_region(given),
        key_id=given.get(_KEY_ID),
        secret=given.get(_SECRET),
        session_token=given.get(_SESSION) if _KEY_ID in given else None,
        virtual_hosted=None if style is None else _FLAGS[style.lower()],
    )


def _endpoint(given: Mapping[str, str]) -> str | None:
    for name in _ENDPOINTS:
        text = given.get(name)
        if text is None:
            continue
        if not _is_address(text):
            # It is not repeated: somebody may have put a password into it.
            raise WrongUse(f"{name} must be http:// or https:// and a host, such as https://s3.example.com")
        return text.rstrip("/")
    return None


def _region(given: Mapping[str, str]) -> str:
    for name in _REGIONS:
        text = given.get(name)
        if text is None:
            continue
        if not _REGION.fullmatch(text):
            raise WrongUse(f"{name} is {text[:40]!r}, but it must be a region such as eu-central-1")
        return text
    return _FIRST_REGION


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and port != 0
        and parts.username is None
        and not parts.query
        and not parts.fragment
        and bool(re.fullmatch(r"[!-~]+", text))
    )
