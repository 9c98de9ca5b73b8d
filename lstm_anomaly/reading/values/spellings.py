"""Time stamps in other spellings that have one meaning, put into those that formats know: a table."""

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import BoolArray

# Names of zones that mean one offset only: CST, EST, IST, BST and PST each mean several.
ZONES = {"UTC": "+00:00", "GMT": "+00:00", "WET": "+00:00", "WEST": "+01:00", "CET": "+01:00"}
ZONES |= {"CEST": "+02:00", "EET": "+02:00", "EEST": "+03:00", "MSK": "+03:00"}
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,:]\d+)?)?(?: ?[AaPp][Mm]?)?"
_MIDNIGHT = re.compile(r"(?<=[T ])24((?:[: ]?00?){0,2}(?:[.,]0+)?(?= ?[Zz+-]|$))", re.ASCII)

_Replacement = str | Callable[[re.Match[str]], str]


def _day_of_year(found: re.Match[str]) -> str:
    day = date(int(found[1]), 1, 1) + timedelta(int(found[2]) - 1)
    return day.isoformat() if day.year == int(found[1]) else found[0]


def _hhmm(found: re.Match[str]) -> str:
    digits = f"{found[1]:0>4}"
    return f" {digits[:2]}:{digits[2:]}"


_RULES: dict[str, tuple[str, _Replacement]] = {
    "other spaces": ("[\u00a0\u2007\u2009\u202f]", " "),
    "zone in brackets": (r"([Zz]|[+-]\d\d:?\d\d)\[[\w+/-]+\]$", r"\1"),
    "offset and zone": (r"([+-]\d{4}) [A-Z]{3,5}$", r"\1"),
    "zone": (rf"(?<=[\d.MmAaPp]) ?({'|'.join(ZONES)})$", lambda found: ZONES[found[1]]),
    "fraction behind a colon": (r"(:\d\d:\d\d):(\d{1,6})(?!\d)", r"\1.\2"),
    "time before date": (rf"^({_CLOCK}),? (\S*\d[/.-]\S*\d)$", r"\2 \1"),
    "a or a.m.": (r"(:\d\d) ?([AaPp])(?:\.[Mm]\.)?(?= |$)", r"\1 \2M"),
    "date without signs": (r"^(\d{4})(\d\d)(\d\d) (?=\d\d:?\d\d)", r"\1-\2-\3 "),
    "day of year": (r"^([12]\d{3})-?([0-3]\d\d)(?=[T ]|$)", _day_of_year),
    # These are tried only where the columns call for them.
    "hour": (r" (\d{1,2})(?:\.0*)?$", lambda found: f" {found[1]:0>2}:00"),
    "hhmm": (r" (\d{1,4})$", _hhmm),
}
_COMPILED = {name: (re.compile(pattern, re.ASCII), to) for name, (pattern, to) in _RULES.items()}
OF_COLUMNS = ("hour", "hhmm")
ALWAYS = tuple(name for name in _RULES if name not in OF_COLUMNS)


def respell(texts: Iterable[str], rules: Iterable[str]) -> tuple[NDArray[np.object_], BoolArray]:
    """Stamps (n,) after these rules, and which (n,) stood at 24:00: they are at 0:00 of the next day."""
    chosen = [_COMPILED[rule] for rule in rules]
    spelled = []
    for text in texts:
        plain = text.strip()
        for pattern, to in chosen:
            plain = pattern.sub(to, plain)
        spelled.append(plain)
    late = np.array([_MIDNIGHT.search(text) is not None for text in spelled], bool)
    for row in np.flatnonzero(late):
        spelled[row] = _MIDNIGHT.sub(r"00\1", spelled[row])
    return np.array(spelled, object), late


def rules_for(samples: Iterable[str]) -> tuple[str, ...]:
    """The rules that change most of the samples, and so are best applied to all stamps at once."""
    rows = list(samples)
    found = []
    for rule in ALWAYS:
        pattern, to = _COMPILED[rule]
        after = [pattern.sub(to, text) for text in rows]
        if 2 * sum(a != b for a, b in zip(rows, after, strict=True)) > len(rows):
            found.append(rule)
        rows = after
    return tuple(found)
