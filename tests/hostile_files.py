"""Input files made to break a reader: bombs, NUL bytes, endless lines, far too many columns, and the like."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROWS = "".join(f"2024-01-01 00:{minute:02d}:00,{minute}.5,{minute * 2}\n" for minute in range(60))
CSV = f"time,a,b\n{ROWS}".encode()
CHUNK = 1 << 20  # packed once and repeated: bzip2 takes seconds for more of the same text
BOMB_BYTES = 16 << 20  # of text; the benchmark takes 240 MiB and 4 GiB


def rows_of_a_bomb() -> bytes:
    """A chunk of text that packs into next to nothing."""
    row = b"2024-01-01 00:00:00,1,2\n"
    return row * (CHUNK // len(row))


def packed(pack: Callable[[bytes], bytes], text: bytes, size: int) -> bytes:
    """`size` bytes of text, a stream a chunk: readers of gzip, bzip2 and xz take them as one."""
    return pack(b"time,a,b\n") + pack(text) * (size // CHUNK)


def zipped(text: bytes, size: int) -> bytes:
    """A zip with one file of `size` bytes of text."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.csv", "w", force_zip64=True) as file,
    ):
        file.write(b"time,a,b\n")
        for _ in range(size // CHUNK):
            file.write(text)
    return out.getvalue()


def hostile_files(size: int = BOMB_BYTES) -> Iterator[tuple[str, bytes]]:
    """Name and content of each; bombs hold `size` bytes of text."""
    text, zeros = rows_of_a_bomb(), b"\0" * CHUNK
    yield "bomb.csv.gz", packed(gzip.compress, text, size)
    yield "bomb.csv.bz2", packed(bz2.compress, text, size)
    yield "bomb.csv.xz", packed(lzma.compress, text, size)
    yield "bomb.csv.zip", zipped(text, size)
    yield "bomb-of-one-line.csv.bz2", bz2.compress(zeros) * (size // CHUNK)
    yield "bomb-in-a-bomb.csv.gz", gzip.compress(gzip.compress(zeros) * (size // CHUNK))
    del text, zeros
    yield "nul-only.csv", b"\0" * 1_000_000
    yield "nul-in-every-row.csv", CSV.replace(b".5", b"\0")
    yield (
        "columns.csv",
        b",".join(b"c%d" % k for k in range(200_000)) + b"\n" + b",".join([b"1"] * 200_000) + b"\n",
    )
    yield "field.csv", b"time,a\n2024-01-01," + b"7" * (50 << 20) + b"\n"
    yield "quoted-field.csv", b'time,a\n2024-01-01,"' + b"7\n" * (25 << 20) + b'"\n'
    yield "line-without-end.csv", b"x" * (50 << 20)
    yield "delimiters.csv", b"," * (20 << 20)
    yield "quotes.csv", b'"' * (20 << 20)
    yield "newlines.csv", b"\n" * (20 << 20)
    yield "open-quotes.csv", b"time,a,b\n" + b'2024-01-01,"1,2\n' * 200_000
    yield "returns.csv", b"\r" * (20 << 20)
    yield "half-a-gzip.csv.gz", gzip.compress(CSV)[:-20]
    yield "cut-utf16.csv", "time,a\n1,2\n".encode("utf-16")[:-1]
    yield "random.csv", bytes((k * k * 31 + k * 7 + (k >> 8)) % 256 for k in range(200_000))
    yield "names-of-a-megabyte.csv", b"time," + b"n" * 1_000_000 + b"\n" + b"2024-01-01,1\n2024-01-02,2\n"
    yield (
        "one-row-of-every-width.csv",
        b"".join(b",".join([b"1"] * (k % 400 + 1)) + b"\n" for k in range(20_000)),
    )
    yield "bad-cells.csv", b"time,a,b\n" + b"2024-01-01 00:00:00,ERR,x\n" * 200_000
    yield "thousand-files.zip", _zip_of_many()


def _zip_of_many() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for k in range(1000):
            archive.writestr(f"{k}.csv", CSV)
    return out.getvalue()


if __name__ == "__main__":
    for name, content in hostile_files(*map(int, sys.argv[2:])):
        (Path(sys.argv[1]) / name).write_bytes(content)
