"""Buckets: a stable place for everything that a change may reach step by step.

A key falls into one of ten thousand buckets by the hash of a salt and itself, so each rollout shuffles anew and a
larger share holds everything that a smaller one held. The unit is the workspace; where there are too few of them for
one per cent to be anybody, it is the conversation. Pure. Used by ``core.staging``.
"""

import hashlib

BUCKETS = 10_000
FEWEST_WORKSPACES = 200  # with fewer, one per cent of the workspaces is one or two of them, or none
WORKSPACE, CONVERSATION = "workspace", "conversation"


def unit(workspaces: int) -> str:
    """What is put into buckets, where there are so many workspaces."""
    return WORKSPACE if workspaces >= FEWEST_WORKSPACES else CONVERSATION


def bucket(salt: str, key: str) -> int:
    """The bucket of a key, from 0 on."""
    digest = hashlib.sha256(f"{salt}\0{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) % BUCKETS


def inside(place: int, share: float) -> bool:
    """Whether a bucket belongs to a share of 0 to 1."""
    return place < round(share * BUCKETS)
