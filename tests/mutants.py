"""Sensor files, and what happens to such files: cut, joined, edited by hand, mangled by other programs."""

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


def _stamps(pattern: str) -> list[str]:
    return [
        pattern.format(h=10 + minute // 60, m=minute % 60, s=1704067200 + 60 * minute)
        for minute in range(ROWS)
    ]


def _table(
    stamps: list[str], delimiter: str, *, comma: bool = False, quote: str = "", end: str = "\n"
) -> str:
    rows = []
    for n, stamp in enumerate(stamps):
        cells = [f"{20 + n % 7}.{n % 10}", f"{4 + n % 3}.25"]
        cells = [cell.replace(".", ",") for cell in cells] if comma else cells
        rows.append(delimiter.join(f"{quote}{cell}{quote}" for cell in (stamp, *cells)) + end)
    return delimiter.join(("time", "a", "b")) + end + "".join(rows)


BASES = (
    _table(_stamps("2024-01-01 {h}:{m:02d}:00"), ","),
    _table(_stamps("31.01.2024 {h}:{m:02d}"), ";", comma=True),
    _table(_stamps("{s}"), "\t", end="\r\n"),
    _table(_stamps("2024-01-01T{h}:{m:02d}:00Z"), ",", quote='"'),
    "# logger 7\n"
    + _table(_stamps("2024-01-01 {h}:{m:02d}:00"), ",").replace("time,a,b\n", "time,a,b\ns,degC,bar\n"),
)


def mutant(seed: int) -> bytes:
    """One file after one to four mishaps; the same for the same seed."""
    rng = random.Random(seed)
    text = rng.choice(BASES).encode()
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
