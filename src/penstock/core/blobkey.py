"""Where the bytes of a media row are kept, derived from the row's own id.

Rows never share a blob, so erasing and sweeping need no counting; the key does not depend on the attempt, so a second
fetch of the same row rewrites the same bytes. 4,096 neighbours share a folder, so that files which arrive together
share the folder's fsync. Used by the fetcher, the web room and ``audit --deep``.

>>> key(4097)
'00000001/0000000000001001'
>>> row_of('00000001/0000000000001001')
4097
"""

_FOLDER_BITS = 12


def key(media_row: int) -> str:
    """The blob's key of a media row."""
    return f"{media_row >> _FOLDER_BITS:08x}/{media_row:016x}"


def row_of(blob_key: str) -> int | None:
    """The media row of a key; None when it is not one of ours."""
    try:
        row = int(blob_key.rpartition("/")[2], 16)
    except ValueError:
        return None
    return row if 0 < row < 1 << 63 and key(row) == blob_key else None
