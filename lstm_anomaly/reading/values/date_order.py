"""`03/04/2024`: day first or month first? Settled by the rows, or refused, never assumed."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import TimeArray
from lstm_anomaly.reading.values.timestamps import NS, OFFSET, TimeFormat

_PARTED = re.compile(
    r"(?P<a>\d{1,4}|[A-Za-z]{3,9})(?P<s>[/.\- ])(?P<b>\d{1,2}|[A-Za-z]{3,9})(?P=s)(?P<c>\d{4}|\d{1,2})"
    r"(?:(?P<gap>, ?| +|T)(?P<hour>\d{1,2})(?P<s2>[:.])\d{2}(?P<sec>(?P=s2)\d{2}(?P<frac>[.,]\d+)?)?"
    rf"(?P<ampm> ?[AaPp][Mm])?(?P<offset> ?{OFFSET})?)?",
    re.ASCII,
)
# Stamps further apart than this do not show whether a date goes on into the next.
_CLOSE = np.timedelta64(6, "h")


def is_parted(text: str) -> bool:
    """Whether a stamp is day, month and year in any order between `/`, `.`, `-` or blanks, a time or not."""
    return _PARTED.fullmatch(text) is not None


def parted_patterns(samples: list[str], orders: Sequence[str], where: str) -> tuple[str, ...]:
    """The strptime formats, the commonest first, of the one order that fits all stamps.

    orders: the candidates among `dmy`, `mdy`, `ymd`. Where several fit, the one wins in which the rows run
    on through midnight; a dot between the numbers is day first everywhere. Raises InputError otherwise.
    """
    matches = [found for text in samples if (found := _PARTED.fullmatch(text))]
    if "dmy" in orders and matches and matches[0]["s"] == "." and len(matches[0]["a"]) < 3:
        orders = ("dmy",)
    patterns = {order: _patterns(matches, order) for order in orders}
    times = {order: _parse(samples, shapes) for order, shapes in patterns.items() if shapes}
    unread = {order: int(np.isnat(parsed).sum()) for order, parsed in times.items()}
    fewest = min(unread.values(), default=len(samples))
    fitting = [order for order, count in unread.items() if count == fewest and count <= 0.1 * len(samples)]
    if len(fitting) > 1:
        fitting = [order for order in fitting if _runs_through_midnight(times[order])] or fitting
    if len(fitting) == 1:
        return patterns[fitting[0]]
    if fitting:
        what = f"the time {samples[0]!r} can be read day first or month first, and no row settles it"
        hint = " or ".join(f"--datetime-format {order}" for order in _likely_orders(samples))
    else:
        what = f"no order of day, month and year fits the time stamps (the first is {samples[0]!r})"
        hint = "--datetime-format FORMAT as strptime has it, or --time '' to count rows"
    raise InputError(what, where=where, hint=hint)


def _likely_orders(samples: list[str]) -> tuple[str, str]:
    """The likelier order first: who writes am and pm puts the month first."""
    has_half = any(text[-1:] in "mM" for text in samples[:1])
    return ("month-first", "day-first") if has_half else ("day-first", "month-first")


def _parse(samples: list[str], patterns: tuple[str, ...]) -> TimeArray:
    zoned = patterns[0].endswith("%z")
    return TimeFormat("", patterns, zoned=zoned).parse(np.array(samples, object))


def _patterns(matches: Sequence[re.Match[str]], order: str) -> tuple[str, ...]:
    """One strptime format for each shape of stamp; () when hardly any can be in this order."""
    shapes = Counter(_pattern(found, order) for found in matches)
    impossible = shapes.pop("", 0)
    return tuple(shape for shape, _ in shapes.most_common()) if impossible <= 0.1 * len(matches) else ()


def _pattern(found: re.Match[str], order: str) -> str:
    """The strptime format of one stamp in this order, "" when it cannot be."""
    part = {sign: found["abc"[place]] for place, sign in enumerate(order)}
    has_name = not part["m"].isdecimal()
    if not (part["d"] + part["y"]).isdecimal() or len(part["d"]) > 2 or (len(part["m"]) > 2 and not has_name):
        return ""
    if len(part["y"]) not in ((4,) if has_name and order == "ymd" else (2, 4)):
        return ""
    month = "%m" if not has_name else "%b" if len(part["m"]) == 3 else "%B"
    signs = {"d": "%d", "m": month, "y": "%Y" if len(part["y"]) == 4 else "%y"}
    date = found["s"].join(signs[part] for part in order)
    return date if found["hour"] is None else f"{date}{found['gap']}{_time_of_day(found)}"


def _time_of_day(found: re.Match[str]) -> str:
    colon = found["s2"]
    hour = "%I" if found["ampm"] else "%H"
    seconds = f"{colon}%S" if found["sec"] else ""
    fraction = f"{found['frac'][0]}%f" if found["frac"] else ""
    half = f"{found['ampm'][:-2]}%p" if found["ampm"] else ""
    offset = found["offset"] or ""
    zone = "" if not offset else " %z" if offset.startswith(" ") else "%z"
    return f"{hour}{colon}%M{seconds}{fraction}{half}{zone}"


def _runs_through_midnight(times: TimeArray) -> bool:
    """Whether each change of date goes on by about one sampling step: the mark of the right order."""
    known = times[~np.isnat(times)]
    steps = np.diff(known)
    changes = np.diff(known.astype("datetime64[D]")).astype(np.int64) != 0
    if not changes.any():
        return False
    typical = np.median(steps.astype(np.int64)).astype(np.int64).astype(NS.str.replace("M", "m"))
    return bool(np.timedelta64(0, "ns") < typical <= _CLOSE and np.all(steps[changes] <= 10 * typical))
