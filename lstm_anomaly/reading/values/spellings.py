"""A table of rules that rewrite unusual time stamps of one meaning into usual ones."""

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
_MIDNIGHT = re.compile(
    r"^(\D*\d+(?:\D+\d+){1,2}\D*[T ]|\d{8})24((?:[: ]?00?){0,2}(?:[.,]0+)?(?= ?[Zz+-]|$))", re.ASCII
)
# Months as languages write them.
_MONTHS = {
    "Jan": "january januar januari janvier janv ene enero gen gennaio janeiro",
    "Feb": "february februar februari février févr fév fevrier fevr febrero febbraio fev fevereiro",
    "Mar": "march märz mär mrz maerz mars marzo março maart mrt marts",
    "Apr": "april avril avr abr abril aprile",
    "May": "mai mayo mag maggio maio mei maj",
    "Jun": "june juni juin junio giu giugno junho",
    "Jul": "july juli juillet juil julio lug luglio julho",
    "Aug": "august août aout ago agosto augustus augusti",
    "Sep": "september sept septembre septiembre set settembre setembro",
    "Oct": "october oktober okt octobre octubre ott ottobre out outubro",
    "Nov": "november novembre noviembre novembro",
    "Dec": "december dezember dez décembre déc decembre dic diciembre dicembre dezembro",
}
_MONTH_OF = {word: month for month, words in _MONTHS.items() for word in (month.casefold(), *words.split())}
_MONTH_NUMBERS = {month: number for number, month in enumerate(_MONTHS, 1)}
_0 = r"(?:\.0*)?"  # behind a whole number, as programs write it that know no others
_WEEKDAYS = (
    "mon? tue wed thu fri? sat? sun di mi do so lun mar mer jeu ven sam dim mi[eé] jue vie s[aá]b dom gio"
)

_Replacement = str | Callable[[re.Match[str]], str]


def _year(digits: str) -> str:
    return digits if len(digits) == 4 else f"{'20' if digits < '69' else '19'}{digits}"


def _day_of_year(found: re.Match[str]) -> str:
    year = _year(found[1])
    day = date(int(year), 1, 1) + timedelta(int(found[2]) - 1)
    return f"{day.isoformat()} " if f"{day.year}" == year else found[0]


def _date_of_parts(found: re.Match[str]) -> str:
    """What makes `2024-03-04` of `2024 3 4` or `24 Mar 4.0`."""
    month = _MONTH_NUMBERS.get(found[2], found[2])
    return f"{_year(found[1])}-{month:0>2}-{found[3]:0>2}"


def _clock_of_parts(found: re.Match[str]) -> str:
    parts = [re.sub(r"^(?=\d(\.|$))", "0", part) for part in found.groups() if part]
    return " " + ":".join(parts if len(parts) > 1 else [*parts, "00"])


def _clock_of(size: int) -> Callable[[re.Match[str]], str]:
    """What makes `10:05` of `1005` or, where six digits are meant, `00:10:05`."""

    def clock(found: re.Match[str]) -> str:
        digits = f"{found[1]:0>{size}}"
        return " " + ":".join(digits[at : at + 2] for at in range(0, size, 2))

    return clock


_RULES: dict[str, tuple[str, _Replacement]] = {
    "other spaces": ("[\u00a0\u2007\u2009\u202f]", " "),
    "signs of years": (r"^(\d{4})年(\d{1,2})月(\d{1,2})日 ?", r"\1/\2/\3 "),
    "weekday": (
        rf"^(?i:{'|'.join(_WEEKDAYS.split())})[^\W\d]*\.?,? "
        r"(?=\d{1,4}\.? ?[-/.A-Za-z]|[^\W\d]+ \d{1,2}, )",
        "",
    ),
    "day and a dot": (r"^(\d{1,2})\. ?(?=[^\W\d])", r"\1 "),
    "of": (r" del? (?=\w)", " "),
    "months": (
        rf"(?<![^\W\d])(?i:({'|'.join(_MONTH_OF)}))\.?(?![^\W\d])",
        lambda found: _MONTH_OF[found[1].casefold()],
    ),
    "zone in brackets": (r"([Zz]|[+-]\d\d:?\d\d)\[[\w+/-]+\]$", r"\1"),
    "small z": (r"(?<=\d)z$", "Z"),
    "offset and zone": (r"([+-]\d{4}) [A-Z]{3,5}$", r"\1"),
    "zone and offset": (
        r" ?(?:GMT|UTC)([+-])(\d{1,2})(?::?(\d\d))?$",
        lambda found: f"{found[1]}{found[2]:0>2}:{found[3] or '00'}",
    ),
    "zone before the year": (rf" ({'|'.join(ZONES)}) (\d{{4}})$", r" \2 \1"),
    "zone": (rf"(?<=[\d.MmAaPp]) ?\(?({'|'.join(ZONES)})\)?$", lambda found: ZONES[found[1]]),
    "day of year": (r"^([12]\d{3})[-/: ]?([0-3]\d\d)(?:[T :]|$)", _day_of_year),
    "o'clock": (r"(?<=:\d\d) ?(?:Uhr|h)$", ""),
    "fraction": (r"(:\d\d:\d\d)[:,](\d{1,9})(?!\d)", r"\1.\2"),
    "h for a colon": (
        r"(?<!\d)(\d{1,2})h(\d\d)(?:m(\d\d)s)?$",
        lambda found: ":".join(filter(None, found.groups())),
    ),
    "time before date": (rf"^({_CLOCK}),? (\S*\d[/.-]\S*\d)$", r"\2 \1"),
    "a or a.m.": (r"(:\d\d) ?([AaPp])(?:\.? ?[Mm]\.)?(?= |$)", r"\1 \2M"),
    "date without signs": (r"^((?:19|20)\d\d)(\d\d)(\d\d) (?=\d\d:?\d\d)", r"\1-\2-\3 "),
    # These are tried only where the columns call for them.
    "date": (rf"^((?:19|20)?\d\d){_0} ([A-Z][a-z]+|\d\d?){_0} (\d\d?){_0}(?= |$)", _date_of_parts),
    "day": (rf"^((?:19|20)?\d\d){_0} (\d{{1,3}}){_0}(?: |$)", _day_of_year),
    "hour": (rf" (\d\d?){_0}(?: (\d\d?){_0})?(?: (\d\d?(?:\.\d+)?))?$", _clock_of_parts),
    "hhmm": (r" (\d{1,4})$", _clock_of(4)),
    "hhmmss": (r" (\d{1,6})$", _clock_of(6)),
    "milliseconds": (
        r"([: ]\d\d?)( ?[AaPp][Mm])? (\d{1,3})$",
        lambda found: f"{found[1]}.{found[3]:0>3}{found[2] or ''}",
    ),
}
_COMPILED = {name: (re.compile(pattern, re.ASCII), to) for name, (pattern, to) in _RULES.items()}
RULES = frozenset(_RULES)
OF_COLUMNS = ("date", "day", "hour", "hhmm", "hhmmss", "milliseconds")
ALWAYS = tuple(name for name in _RULES if name not in OF_COLUMNS)


def respell(texts: Iterable[str], rules: Iterable[str]) -> tuple[NDArray[np.object_], BoolArray]:
    """Stamps (n,) after these rules, and which (n,) stood at 24:00: they are at 0:00 of the next day."""
    chosen = [_COMPILED[rule] for rule in rules]
    spelled = []
    for text in texts:
        plain = text.strip()
        for pattern, to in chosen:
            plain = pattern.sub(to, plain)
        spelled.append(plain.strip())
    late = np.array([_MIDNIGHT.search(text) is not None for text in spelled], bool)
    for row in np.flatnonzero(late):
        spelled[row] = _MIDNIGHT.sub(r"\g<1>00\2", spelled[row])
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
