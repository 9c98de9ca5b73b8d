"""Input files made to break a reader: bombs, NUL bytes, endless lines, far too many columns, and the like."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROWS = "".join(f"2024-01-01 00:{minute:02d}:00,{minute}.5,{minute * 2}\n" for minute in range(60))
CSV = f"time,a,b\n{ROWS}".encode()
BOMB_BYTES = 16 << 20  # of text; the benchmark takes 240 MiB


def bomb(size: int, row: bytes = b"2024-01-01 00:00:00,1,2\n") -> bytes:
    """Text that packs into next to nothing."""
    return b"time,a,b\n" + row * (size // len(row))


def in_chunks(pack: object, text: bytes) -> bytes:
    """Packed text, a chunk at a time, so that making it takes little memory."""
    view = memoryview(text)
    parts = [pack.compress(view[at : at + (1 << 24)]) for at in range(0, len(text), 1 << 24)]  # type: ignore[attr-defined]
    return b"".join([*parts, pack.flush()])  # type: ignore[attr-defined]


def zipped(text: bytes, name: str = "x.csv") -> bytes:
    """A zip with one file."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as file,
    ):
        view = memoryview(text)
        for at in range(0, len(text), 1 << 24):
            file.write(view[at : at + (1 << 24)])
    return out.getvalue()


def hostile_files(size: int = BOMB_BYTES) -> Iterator[tuple[str, bytes]]:
    """Name and content of each; bombs hold `size` bytes of text."""
    text = bomb(size)
    yield "bomb.csv.gz", gzip.compress(text, 9)
    yield "bomb.csv.bz2", in_chunks(bz2.BZ2Compressor(9), text)
    yield "bomb.csv.xz", in_chunks(lzma.LZMACompressor(preset=0), text)
    yield "bomb.csv.zip", zipped(text)
    yield "bomb-of-one-line.csv.bz2", in_chunks(bz2.BZ2Compressor(9), b"\0" * size)
    yield "bomb-in-a-bomb.csv.gz", gzip.compress(gzip.compress(b"\0" * size))
    del text
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
