"""The strptime formats of stamps, part by part. Rows show whether day or month is first, or are refused."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import TimeArray
from lstm_anomaly.reading.values.timestamps import NS, OFFSET, TimeFormat

_DATE = re.compile(
    r"(?<![\d:.])(?P<a>\d{1,4}|[A-Z][a-z]{2})(?P<s>[-/._ ])(?P<b>\d{1,2}|[A-Z][a-z]{2})(?P<s2>,?(?P=s))"
    r"(?P<c>\d{4}|\d{1,2})(?![\d:])",
    re.ASCII,
)
# What other parts of a stamp look like, and how strptime has them; of each line the first found counts.
_TOKENS = (
    (
        (r"\b[A-Z][a-z]{2} +\d{1,2}(?= .*\b\d{4}\b)", "%b %d"),
        (r"(?<!\d)(?:19|20)\d{6}(?!\d)", "%Y%m%d"),
    ),
    ((r"(?<=:\d\d )(?:19|20)\d\d(?= ?[+-]\d\d:?\d\d$|$)", "%Y"),),
    (
        (r"(?<!\d)\d{1,2}([:.h_-])\d{2}([:.m_-])\d{2}(?!\d)", r"%H\1%M\2%S"),
        (r"(?<!\d)\d{1,2}([:.h])\d{2}(?!\d)", r"%H\1%M"),
        (r"(?<!\d)\d{6}(?!\d)", "%H%M%S"),
        (r"(?<![\d+-])\d{4}(?!\d)|(?<=%d[-_])\d{4}$", "%H%M"),
    ),
    ((r"(?<=%S)([.,])\d+", r"\1%f"),),
    ((r"%H(.*?)[AaPp][Mm]\b", r"%I\1%p"),),
    ((rf"(%[MSfpY] ?){OFFSET}$", r"\1%z"),),
    ((r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", "%a"),),
)
# Stamps further apart than this do not show whether a date goes on into the next.
_CLOSE = np.timedelta64(6, "h")
# Formats that only a user can be sure of.
_RARE = ("%G-W%V-%uT%H:%M", "%G-W%V-%u %H:%M", "%y%m%d %H%M%S", "%d%m%y %H%M%S", "%m/%d/%Y %p %I:%M")
ORDERS = ("dmy", "mdy", "ymd")


def find_patterns(samples: list[str], where: str, orders: Sequence[str] = ORDERS) -> tuple[str, ...]:
    """The strptime formats, the commonest first, of the one order that fits all stamps; () when none are.

    orders: the candidates among `dmy`, `mdy`, `ymd`. Where several fit, the one wins in which the rows run
    on through midnight; a dot between the numbers is day first everywhere. Raises InputError where none
    fits dates, or none is settled.
    """
    if not any(_pattern(text, order) for text in samples[:: len(samples) // 5 + 1] for order in orders):
        return ()
    dates = [found for text in samples if (found := _DATE.search(text))]
    if "dmy" in orders and dates and dates[0]["s"] == "." and len(dates[0]["a"]) < 3:
        orders = ("dmy",)
    patterns = {order: _patterns(samples, order) for order in orders}
    times = {order: _parse(samples, shapes) for order, shapes in patterns.items() if shapes}
    unread = {order: int(np.isnat(parsed).sum()) for order, parsed in times.items()}
    fewest = min(unread.values(), default=len(samples))
    fitting = [order for order, count in unread.items() if count == fewest and count <= 0.1 * len(samples)]
    if len(fitting) > 1:
        fitting = [order for order in fitting if _runs_through_midnight(times[order])] or fitting
    if len({patterns[order] for order in fitting}) == 1:
        return patterns[fitting[0]]
    if fitting:
        what = f"the time {samples[0]!r} can be read day first or month first, and no row settles it"
        likely = -1 if samples[0][-1:] in "mM" else 1  # who writes am and pm puts the month first
        hint = " or ".join(f"--datetime-format {order}" for order in ("day-first", "month-first")[::likely])
    elif len(dates) < 0.9 * len(samples) or not times:
        return ()
    else:
        what = f"no order of day, month and year fits the time stamps (the first is {samples[0]!r})"
        hint = "--datetime-format FORMAT as strptime has it, or --time '' to count rows"
    raise InputError(what, where=where, hint=hint)


def suggest_formats(samples: Sequence[str]) -> list[str]:
    """The strptime formats that fit stamps with words such as `PST` in them, for the user to choose."""
    patterns = dict.fromkeys([*(_pattern(samples[0].strip(), order, words=True) for order in ORDERS), *_RARE])
    read = {pattern: ~np.isnat(_parse(list(samples), (pattern,))) for pattern in patterns if pattern}
    return [pattern for pattern, known in read.items() if known.mean() >= 0.9]


def _parse(samples: list[str], patterns: tuple[str, ...]) -> TimeArray:
    zoned = patterns[0].endswith("%z")
    return TimeFormat("", patterns, zoned=zoned).parse(np.array(samples, object))


def _patterns(samples: Sequence[str], order: str) -> tuple[str, ...]:
    """One strptime format for each shape of stamp; () when hardly any can be in this order."""
    shapes = Counter(_pattern(text, order) for text in samples)
    impossible = shapes.pop("", 0)
    return tuple(shape for shape, _ in shapes.most_common()) if impossible <= 0.1 * len(samples) else ()


def _pattern(text: str, order: str, *, words: bool = False) -> str:
    """The strptime format of one stamp in this order, "" when there is none; `words` may be in it."""
    pattern = text.replace("%", "%%")
    found = _DATE.search(pattern)
    date = "" if found is None else _date(found, order)
    if found is not None and date:
        pattern = pattern[: found.start()] + date + pattern[found.end() :]
    for part in _TOKENS[1 if date else 0 :]:
        for shown, directive in part:
            after = re.sub(shown, directive, pattern, count=1, flags=re.ASCII)
            if after != pattern:
                pattern = after
                break
    directives = re.findall("%[a-zA-Z]", pattern.replace("%y", "%Y"))
    rest = re.sub("%.", "", pattern)
    odd = re.search(r"\d", rest) or (not words and re.search("[^\\W\\d_T]", rest))
    return "" if odd or "%Y" not in directives or len({*directives}) < len(directives) else pattern


def _date(found: re.Match[str], order: str) -> str:
    """The strptime format of a date in this order, "" when it cannot be."""
    part = {sign: found["abc"[place]] for place, sign in enumerate(order)}
    has_name = not part["m"].isdecimal()
    if not (part["d"] + part["y"]).isdecimal() or len(part["d"]) > 2 or (len(part["m"]) > 2 and not has_name):
        return ""
    if len(part["y"]) not in ((4,) if has_name and order == "ymd" else (2, 4)):
        return ""
    signs = {"d": "%d", "m": "%b" if has_name else "%m", "y": "%Y" if len(part["y"]) == 4 else "%y"}
    return signs[order[0]] + found["s"] + signs[order[1]] + found["s2"] + signs[order[2]]


def _runs_through_midnight(times: TimeArray) -> bool:
    """Whether each change of date is about one sampling step, which only the right order gives."""
    known = times[~np.isnat(times)]
    steps = np.diff(known)
    changes = np.diff(known.astype("datetime64[D]")).astype(np.int64) != 0
    if not changes.any():
        return False
    typical = np.median(steps.astype(np.int64)).astype(np.int64).astype(NS.str.replace("M", "m"))
    return bool(np.timedelta64(0, "ns") < typical <= _CLOSE and np.all(steps[changes] <= 10 * typical))
