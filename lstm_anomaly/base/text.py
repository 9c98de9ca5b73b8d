"""Text that is safe and readable to print: no control characters, plain numbers, short durations."""

import math
import textwrap
from collections.abc import Iterable, Iterator


def printable(text: str) -> str:
    """`text` with every character that could drive a terminal shown as an escape, `\\x1b` for ESC.

    Right-to-left overrides and other format characters count as such; letters of any script stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def as_bytes(text: str) -> bytes:
    """UTF-8; what stands for bytes of a file's name that are no text is shown as an escape, `\\udcff`."""
    return text.encode("utf-8", "backslashreplace")


def number(value: float, digits: int = 4) -> str:
    """A number for reading: `digits` significant ones, no exponent where none is needed."""
    if not math.isfinite(value):
        return "-"
    text = f"{value:.{digits}g}"
    if "e" in text and 1e-4 <= abs(value) < 1e15:
        text = f"{value:.0f}"
    return text


def exact(value: float) -> str:
    """The shortest text that reads back as the number: `-9999`, `1e+20`."""
    return repr(float(value)).removesuffix(".0")


def percent(share: float, decimals: int = 0) -> str:
    """`30 %` for 0.3."""
    return f"{100 * share:.{decimals}f} %"


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`, `2.1 days`."""
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min"), (129600, 3600, "h")):
        if seconds < limit:
            return f"{number(seconds / unit, 3)} {name}"
    return f"{number(seconds / 86400, 3)} days"


def count(amount: int, noun: str) -> str:
    """`1 row`, `12,345 rows`."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def wrapped(lines: Iterable[str], width: int, indent: int = 12) -> Iterator[str]:
    """Lines cut at blanks to at most `width` characters; what follows a cut is indented.

    A command that ends a line too long gets a line of its own, and is not cut: it can be copied.
    """
    for line in lines:
        if len(line) <= width:
            yield line
            continue
        said, begin, command = line.partition(": lstm-anomaly ")
        if begin:
            said += ":"
        said = said.replace(" %", "\xa0%")  # a number stays with its sign
        parts = textwrap.wrap(said, width, subsequent_indent=" " * indent, break_on_hyphens=False)
        yield from (part.replace("\xa0%", " %") for part in parts)
        if begin:
            yield f"  lstm-anomaly {command}"


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names with commas between, cut with a count after `most` of them."""
    shown = [printable(name) for name in names]
    if len(shown) > most:
        shown[most:] = [f"and {len(shown) - most} more"]
    return ", ".join(shown)


def ordinal(number: int) -> str:
    """`2nd` for 2.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '102nd', '111th']
    """
    teen = number % 100 in (11, 12, 13)
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
