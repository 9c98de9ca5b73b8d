"""Sensor files, and what happens to such files: cut, joined, edited by hand, mangled by other programs."""

import datetime
import functools
import random

ROWS = 30
_CELLS = (
    *("", " ", "ERR", "NaN", "null", "-9999", "inf", "1e999", "1,234.5", "1.234,5", "12:30", "true", "1.5 C"),
    *(
        "=1+1",
        "\x1b[31m",
        "\u202e",
        "[/red]",
        "'",
        '"',
        '"7',
        "0x1F",
        "\uff11",
        "1_000",
        "--1",
        "+5",
        "1e3",
        "\xa07",
    ),
)
_BYTES = (
    b'"',
    b",",
    b";",
    b"\t",
    b"|",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"#",
    b" ",
    b"9",
    b"-",
    b".",
    b"\xff",
    b"\xc3\xa9",
)


def _stamps(begin: datetime.datetime, rows: int) -> list[datetime.datetime]:
    return [begin + datetime.timedelta(minutes=minute) for minute in range(rows)]


def _table(
    stamps: list[str], delimiter: str, *, comma: bool = False, quote: str = "", end: str = "\n"
) -> str:
    rows = []
    for n, stamp in enumerate(stamps):
        cells = [f"{20 + n % 7}.{n % 10}", f"{4 + n % 3}.25"]
        cells = [cell.replace(".", ",") for cell in cells] if comma else cells
        rows.append(delimiter.join(f"{quote}{cell}{quote}" for cell in (stamp, *cells)) + end)
    return delimiter.join(("time", "a", "b")) + end + "".join(rows)


@functools.cache
def _bases(rows: int) -> tuple[bytes, ...]:
    """Files of so many rows as loggers write them."""
    january = _stamps(datetime.datetime(2024, 1, 1, 10, tzinfo=datetime.UTC), rows)
    plain = _table([f"{t:%Y-%m-%d %H:%M:%S}" for t in january], ",")
    end_of_month = _stamps(datetime.datetime(2024, 1, 31, 10, tzinfo=datetime.UTC), rows)
    texts = (
        plain,
        _table([f"{t:%d.%m.%Y %H:%M}" for t in end_of_month], ";", comma=True),
        _table([f"{1704067200 + 60 * n}" for n in range(rows)], "\t", end="\r\n"),
        _table([f"{t:%Y-%m-%dT%H:%M:%S}Z" for t in january], ",", quote='"'),
        "# logger 7\n" + plain.replace("time,a,b\n", "time,a,b\ns,degC,bar\n", 1),
    )
    return tuple(text.encode() for text in texts)


def mutant(seed: int, rows: int = ROWS) -> bytes:
    """One file of about so many rows after one to four mishaps; the same for the same seed."""
    rng = random.Random(seed)
    text = rng.choice(_bases(rows))
    for _ in range(rng.randint(1, 4)):
        text = rng.choice((_edit_bytes, _edit_lines, _edit_cells))(text, rng)
    return text


def _edit_bytes(text: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(text) + 1)
    match rng.randrange(4):
        case 0:
            return text[:at] + rng.choice(_BYTES) + text[at:]
        case 1:
            return text[:at] + bytes([rng.randrange(256)]) + text[at + 1 :]
        case 2:
            return text[:at] + text[at + rng.randint(1, 40) :]
    return text[:at] if rng.random() < 0.3 else text.replace(*rng.sample(_BYTES, 2))


def _edit_lines(text: bytes, rng: random.Random) -> bytes:
    lines = text.splitlines(keepends=True) or [b""]
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(6):
        case 0:
            lines.insert(one, lines[other])
        case 1:
            del lines[one]
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case 3:
            lines[one] = lines[one].rstrip(b"\r\n")
        case 4:
            lines.insert(one, rng.choice((b"\n", b"  \n", b"# note\n", b"total,1,2\n", b";;\n", b",,\n")))
        case 5:
            lines = lines[one:] + lines[:one]
    return b"".join(lines)


def _edit_cells(text: bytes, rng: random.Random) -> bytes:
    lines = text.splitlines(keepends=True) or [b""]
    for at in rng.sample(range(len(lines)), min(len(lines), rng.choice((1, 1, 2, 20)))):
        delimiter = max((b",", b";", b"\t"), key=lines[at].count)
        cells = lines[at].split(delimiter)
        place = rng.randrange(len(cells))
        match rng.randrange(4):
            case 0 | 1:
                cells[place] = rng.choice(_CELLS).encode() + (b"\n" if place == len(cells) - 1 else b"")
            case 2:
                cells.insert(place, rng.choice(_CELLS).encode())
            case 3:
                del cells[place]
        lines[at] = delimiter.join(cells)
    return b"".join(lines)
