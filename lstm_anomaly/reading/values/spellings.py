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
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
# Months as languages write them, - where the word is another month of another one.
_LANGUAGES = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "januari februari maart - mei - - augustus sept okt - desember",
    "jan februari mrt - maj - - augusti - - - dez",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mär avr - - juil aout sept - - déc",
    "- fevrier maerz - - - - - - - - decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene févr mrz abr - - - ago set out - dic",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen fevr - - mag giu lug - - ott - -",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "- fev marts - - - - - - - - -",
    "- fév - - - - - - - - - -",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października - grudnia",
    "ledna února března dubna května června července srpna září října - prosince",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
)
_MONTH_OF = {month.casefold(): month for month in _MONTHS}
_MONTH_OF |= {
    word: month
    for words in _LANGUAGES
    for word, month in zip(words.split(), _MONTHS, strict=True)
    if word != "-"
}
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


def _clock_of_signs(found: re.Match[str]) -> str:
    return ":".join(filter(None, found.groups()))


def _clock_of(size: int) -> Callable[[re.Match[str]], str]:
    """What makes `10:05` of `1005` or, where six digits are meant, `00:10:05`."""

    def clock(found: re.Match[str]) -> str:
        digits = f"{found[1]:0>{size}}"
        return " " + ":".join(digits[at : at + 2] for at in range(0, size, 2))

    return clock


_RULES: dict[str, tuple[str, _Replacement]] = {
    "other spaces": ("[\u00a0\u2007\u2009\u202f]", " "),
    "brackets": (r"^\[(.*)\]$", r"\1"),
    "signs of years": (r"^(\d{4})(?:年|\. )(\d{1,2})(?:月|\. )(\d{1,2})(?:日|\.) ?", r"\1/\2/\3 "),
    "signs of hours": (r"(\d{1,2})[時时시] ?(\d\d)[分분](?: ?(\d\d)[秒초])?$", _clock_of_signs),
    "am": (r"(?:오전|上午|午前) ?(\d.*)$", r"\1 AM"),
    "pm": (r"(?:오후|下午|午後) ?(\d.*)$", r"\1 PM"),
    "interval": (r"^(\S.*\d:\d\d\S*) (?:[-\u2013]|to|bis) \S.*\d:\d\d.*$", r"\1"),
    "weekday": (
        rf"^(?i:{'|'.join(_WEEKDAYS.split())})[^\W\d]*\.?,? "
        r"(?=\d{1,4}\.? ?[-/.A-Za-z]|[^\W\d]+ \d{1,2},? \d{4})",
        "",
    ),
    "day and a dot": (r"^(\d{1,2})\. ?(?=[^\W\d])", r"\1 "),
    "of": (r" (?:del?|at|um|kl\.?|klo|\u0433\.) (?=\w)", " "),
    "months": (
        rf"(?<![^\W\d])(?i:({'|'.join(_MONTH_OF)}))\.?(?![^\W\d])",
        lambda found: _MONTH_OF[found[1].casefold()],
    ),
    "zone in brackets": (r"([Zz]|[+-]\d\d:?\d\d)\[[\w+/-]+\]$", r"\1"),
    "small z": (r"(?<=\d)z$", "Z"),
    "offset and zone": (r"([+-]\d{4}) (?:[A-Z]{3,5}|\([\w ]+\))$", r"\1"),
    "zone and offset": (
        r" ?\(?(?:GMT|UTC)([+-])(\d{1,2})(?::?(\d\d))?\)?$",
        lambda found: f"{found[1]}{found[2]:0>2}:{found[3] or '00'}",
    ),
    "zone before the year": (rf" ({'|'.join(ZONES)}) (\d{{4}})$", r" \2 \1"),
    "zone": (rf"(?<=[\d.MmAaPp]) ?\(?({'|'.join(ZONES)})\)?$", lambda found: ZONES[found[1]]),
    "day of year": (r"^([12]\d{3})[-/: ]?([0-3]\d\d)(?:[T :]|$)", _day_of_year),
    "o'clock": (r"(?<=:\d\d) ?(?:Uhr|h)$", ""),
    "fraction": (r"(:\d\d:\d\d)[:,](\d{1,9})(?!\d)", r"\1.\2"),
    "h for a colon": (r"(?<!\d)(\d{1,2})h(\d\d)(?:m(\d\d)s)?$", _clock_of_signs),
    "hour alone": (r" (\d{1,2}) ?([AaPp][Mm])$", r" \1:00 \2"),
    "colon behind the year": (r"(/\d{4}):(?=\d\d:\d\d)", r"\1 "),
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
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?", re.ASCII)  # which ALWAYS leaves as it is


def respell(texts: Iterable[str], rules: Iterable[str]) -> tuple[NDArray[np.object_], BoolArray]:
    """Stamps (n,) after these rules, and which (n,) stood at 24:00: they are at 0:00 of the next day."""
    names = tuple(rules)
    chosen, may_skip = [_COMPILED[rule] for rule in names], not {*names} & {*OF_COLUMNS}
    spelled = []
    for text in texts:
        plain = text.strip()
        if not (may_skip and _PLAIN.fullmatch(plain)):
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
    if 2 * sum(_PLAIN.fullmatch(text) is None for text in rows) <= len(rows):
        return ()
    found = []
    for rule in ALWAYS:
        pattern, to = _COMPILED[rule]
        after = [pattern.sub(to, text) for text in rows]
        if 2 * sum(a != b for a, b in zip(rows, after, strict=True)) > len(rows):
            found.append(rule)
        rows = after
    return tuple(found)
