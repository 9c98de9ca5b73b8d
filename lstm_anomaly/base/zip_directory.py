"""How many files a zip says that it holds, before they are listed: a million of them fill the memory."""

import io
import struct
from typing import BinaryIO

MOST_OF_A_DIRECTORY = 1 << 20  # bytes of what lists a zip's files: a million of them take a minute to list
_ZIP_END, _ZIP_LOCATOR, _ZIP_END_64 = 22, 20, 56  # bytes of the records at a zip's end


def directory_of_zip(raw: BinaryIO) -> tuple[int, int]:
    """How many files a zip says that it holds, and how many bytes list them; zeros where it says nothing.

    Both stand in a record at its end, and in a second one in front of that where they need more than 32 bits
    (APPNOTE.TXT 4.3.14 to 4.3.16). Of records that contradict each other, to fool who looks at one of them,
    the largest numbers count.
    """
    end = raw.seek(0, io.SEEK_END)
    raw.seek(max(0, end - _ZIP_END - 0xFFFF - _ZIP_LOCATOR - _ZIP_END_64))
    tail = raw.read()
    at = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - _ZIP_END + 4))
    told = [(0, 0)]
    if at >= 0:
        told.append(struct.unpack_from("<HI", tail, at + 10))
    locator = at - _ZIP_LOCATOR
    if locator >= 0 and tail.startswith(b"PK\6\7", locator):
        raw.seek(min(end, struct.unpack_from("<Q", tail, locator + 8)[0]))
        for longer in (raw.read(_ZIP_END_64), tail[max(0, locator - _ZIP_END_64) : locator]):
            if longer.startswith(b"PK\6\6") and len(longer) == _ZIP_END_64:
                told.append(struct.unpack_from("<QQ", longer, 32))
    raw.seek(0)
    return max(count for count, _ in told), max(size for _, size in told)
