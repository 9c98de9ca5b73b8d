"""From bytes to blocks of lines: any encoding becomes UTF-8, any line end becomes one newline."""

import codecs
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.text import percent
from lstm_anomaly.reading.lines.opening import ByteStream

HEAD_BYTES = 1 << 20
BLOCK_BYTES = 4 << 20
# A longer line is no row of sensor readings; without a limit one line could fill the memory.
MAX_LINE_BYTES = 8 << 20
# A larger share of control characters is no text.
MOST_CONTROLS = 0.02
# Of a live input so many lines are awaited before the layout is concluded: names, units and a row.
LIVE_HEAD_LINES = 3
# ... and what comes without a pause of so many seconds: a pipe from a file gives what the file would.
LIVE_PAUSE = 0.3
# A logger that never pauses so long is not waited for until `HEAD_BYTES` are there, which may take hours.
LIVE_LONGEST = 1.0

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Block:
    """Whole lines of a file: UTF-8, each ended by one newline; the number of the first, and how many."""

    data: bytes
    first_line: int
    line_count: int


class Source(ByteStream):
    """One opened input. `blocks()` yields its lines once; `packing` and `encoding` say what it was.

    The first block holds about `HEAD_BYTES` whatever `block_size` is, so that what is concluded from it
    does not depend on how the rest is cut. Of a `live` input it ends where its writer pauses, or has gone on
    for `LIVE_LONGEST` seconds, after `LIVE_HEAD_LINES` lines at least, and the others are as large as what
    was there to read: none waits for a line that is not written yet. `convert` makes whole lines into those
    of a CSV, which are then what is counted.
    """

    def __init__(
        self,
        path: str,
        encoding: str | None = None,
        block_size: int = BLOCK_BYTES,
        *,
        live: bool = False,
        convert: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.encoding = known_codec(encoding)
        super().__init__(path)
        self.block_size = block_size
        self.live = live
        self.ends_without_newline = False
        self._convert = convert
        self._next_line = 1

    def blocks(self) -> Iterator[Block]:
        """Blocks of whole lines, in order.

        Raises InputError, naming the line, for what cannot be unpacked or decoded.
        """
        for data in self._whole_lines():
            if not data.isascii() or data[0] < 9:
                _check_text(data, self.path, self._next_line)
            data = data if self._convert is None else self._convert(data)
            count = count_byte(data, b"\n")
            block = Block(data, self._next_line, count)
            self._next_line += count
            yield block

    def _whole_lines(self) -> Iterator[bytes]:
        """The text cut behind the last newline of each chunk."""
        rest: list[bytes] = []
        size = 0
        for chunk in self._text():
            cut = chunk.rfind(b"\n") + 1
            if cut:
                yield b"".join([*rest, memoryview(chunk)[:cut]])
                rest, size = [], 0
            rest.append(chunk[cut:])
            size += len(chunk) - cut
            refuse_long_line(size, f"{self.path}:{self._next_line}")
        tail = b"".join(rest)
        if tail:
            self.ends_without_newline = True
            yield tail + b"\n"

    def _text(self) -> Iterator[bytes]:
        """UTF-8 chunks without byte order mark, `\\n` the only line end."""
        chunk = self._live_head() if self.live else self.read(HEAD_BYTES)
        chunk = chunk[self._find_encoding(chunk) :]
        decoder = None if self.encoding == "utf-8" else codecs.getincrementaldecoder(self.encoding)()
        held = b""
        while chunk:
            data = held + (chunk if decoder is None else self._recode(decoder, chunk))
            held = b"\r" if data.endswith(b"\r") else b""  # its newline may be the next chunk's first byte
            if b"\r" in data:
                data = data[: len(data) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            yield data
            chunk = self.read(self.block_size, live=self.live)
        if decoder is not None:
            self._recode(decoder, b"", final=True)
        if held:
            yield b"\n"

    def _live_head(self) -> bytes:
        """The first chunk of a live input: at least so many lines, and all up to a pause of its writer."""
        head = self.read(HEAD_BYTES, live=True)
        latest = time.monotonic() + LIVE_LONGEST
        while len(head) < HEAD_BYTES:
            if head.count(b"\n") >= LIVE_HEAD_LINES and (
                time.monotonic() > latest or self.pauses(LIVE_PAUSE)
            ):
                break
            more = self.read(HEAD_BYTES - len(head), live=True)
            if not more:
                break
            head += more
        return head

    def _recode(self, decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bytes:
        try:
            return decoder.decode(chunk, final).encode("utf-8")
        except UnicodeError as error:
            raise InputError(
                f"is not valid {self.encoding} text ({error})",
                where=self.path,
                hint="name the encoding with --encoding, for example --encoding latin-1",
            ) from error

    def _find_encoding(self, first: bytes) -> int:
        """Set `encoding` unless it was told; return the length of the byte order mark."""
        for mark, codec in _MARKS:
            if first.startswith(mark) and codec.startswith(self.encoding):
                self.encoding = codec
                return len(mark)
        self.encoding = self.encoding or _utf16_by_its_zeros(first) or "utf-8"
        return 0


def refuse_long_line(size: int, where: str) -> None:
    """Raise InputError for a line of so many bytes that it is none of a table."""
    if size > MAX_LINE_BYTES:
        raise InputError(
            f"a line is longer than {MAX_LINE_BYTES >> 20} MiB: this is no table of readings",
            where=where,
            hint="check that the file is a CSV with one row of readings a line",
        )


def count_byte(data: bytes, byte: bytes) -> int:
    """How often a byte stands in the data; several times faster than `bytes.count` where it is frequent."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord(byte)))


def known_codec(encoding: str | None) -> str:
    """Python's name of a text encoding, "" for None. Raises InputError when there is no such thing."""
    if encoding is None:
        return ""
    try:
        b"a".decode(encoding, errors="ignore")  # a codec that is no text encoding raises LookupError
        return codecs.lookup(encoding).name.removesuffix("-sig")
    except (LookupError, UnicodeError) as error:  # the latter from codecs that know no other way than to fail
        raise InputError(
            f"there is no text encoding {encoding!r}", hint="--encoding utf-8, utf-16, latin-1 or cp1252"
        ) from error


def _check_text(data: bytes, path: str, first_line: int) -> None:
    """Raise InputError when the data is not UTF-8, or no text at all."""
    controls = int((np.frombuffer(data, np.uint8) < 9).sum())
    if controls > max(MOST_CONTROLS * len(data), 100):
        raise InputError(
            f"{percent(controls / len(data))} of the bytes are control characters: this is no text, or it"
            " was not written to the end",
            where=f"{path}:{first_line}",
            hint="check the file, or copy it again; --encoding if it is text in some other encoding",
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = first_line + data.count(b"\n", 0, error.start)
        raise InputError(
            f"byte 0x{data[error.start]:02x} is not UTF-8 text",
            where=f"{path}:{line}",
            hint="--encoding latin-1 (or cp1252, utf-16), whichever wrote this file",
        ) from error


def _utf16_by_its_zeros(first: bytes) -> str:
    """UTF-16 without a mark shows as a zero in every second byte of text that is mostly ASCII."""
    sample = first[:4096]
    pairs = len(sample) // 2
    if pairs < 2:
        return ""
    even, odd = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if odd > 0.7 * pairs and even < 0.1 * pairs:
        return "utf-16-le"
    if even > 0.7 * pairs and odd < 0.1 * pairs:
        return "utf-16-be"
    return ""
