"""How long and how large an exchange may become before it is given up.

Values only, with the reasons for them; ``http`` and ``body`` keep to them. Tests and the demo make their own.
"""

import msgspec

KIB = 1_024
MIB = 1_024 * KIB


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one exchange."""

    connect_s: float = 10.0  # one address: TCP and TLS
    silence_s: float = 20.0  # nothing comes
    head_s: float = 40.0  # from the start to the end of the answer's headers, everything included
    probe_head_s: float = 10.0  # … of a probe: one that waits long has said what it was sent for
    answer_s: float = 10.0  # for the body of a look-up or of an error, once its headers are there
    answer_bytes: int = 256 * KIB  # a look-up's answer is under 1 KB
    error_bytes: int = 64 * KIB
    # Meta says "100 MB" and not which; by the larger reading no file that Meta took is refused here.
    file_bytes: int = 100 * MIB
    # A file's own time: a fixed part, and its size at this rate. Many downloads over a slow line must still converge.
    file_s: float = 60.0
    file_rate_bytes_per_s: float = 16.0 * KIB
    # A drip is stopped long before that: so little in so many seconds of waiting (our own disk's time does not count).
    drip_bytes_per_s: float = 4.0 * KIB
    drip_window_s: float = 15.0
    chunk_bytes: int = 256 * KIB  # hashed in the event loop: 145 µs
    head_bytes: int = 4 * KIB  # kept for sniffing
    header_line_bytes: int = 16 * KIB
    header_lines: int = 100


def file_seconds(limits: Limits, size: int | None) -> float:
    """The time for the body of a file of this size; of the largest one when it is not known."""
    return limits.file_s + (limits.file_bytes if size is None else size) / limits.file_rate_bytes_per_s
