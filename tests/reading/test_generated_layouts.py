"""Layouts put together at random, of known readings: each is read to them, or refused, never otherwise."""

import itertools
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from lstm_anomaly.base.errors import LstmAnomalyError
from lstm_anomaly.reading import ReadOptions, read_csvs

ROWS = 72
FIRST = datetime(2024, 3, 11, 20, 10)
TIMES = [FIRST + timedelta(minutes=10 * n) for n in range(ROWS)]
SENSORS = ("temp", "flow rate", "pressure")


def _hour_24(time):
    return (
        f"{time - timedelta(days=1):%Y-%m-%d} 24:00"
        if time.hour == time.minute == 0
        else f"{time:%Y-%m-%d %H:%M}"
    )


def _number(time, origin, unit):
    return (time - origin) / unit


# Name of the time columns -> their texts, a style each; None: rows are counted.
STAMPS = {
    "iso": (("time",), lambda t: [f"{t:%Y-%m-%d %H:%M:%S}"]),
    "iso zulu": (("timestamp",), lambda t: [f"{t:%Y-%m-%dT%H:%M:%S.000Z}"]),
    "iso offset": (("created_at",), lambda t: [f"{t + timedelta(hours=1):%Y-%m-%dT%H:%M:%S+01:00}"]),
    "iso utc": (("created_at",), lambda t: [f"{t:%Y-%m-%d %H:%M:%S UTC}"]),
    "dotted": (("Zeit",), lambda t: [f"{t:%d.%m.%Y %H:%M:%S}"]),
    "dotted short": (("Zeitpunkt",), lambda t: [f"{t:%d.%m.%y %H:%M}"]),
    "day first": (("Date",), lambda t: [f"{t:%d/%m/%Y %H:%M}"]),
    "month first": (("Date Time",), lambda t: [f"{t:%m/%d/%Y %I:%M:%S %p}"]),
    "month first narrow": (("Date",), lambda t: [f"{t.month}/{t.day}/{t:%Y %I:%M}\u202f{t:%p}"]),
    "worded": (("Timestamp",), lambda t: [f"{t:%d-%b-%y %H:%M:%S}"]),
    "ctime": (("when",), lambda t: [f"{t:%a %b %d %H:%M:%S %Y}"]),
    "compact": (("TIMESTAMP_START",), lambda t: [f"{t:%Y%m%d%H%M}"]),
    "compact date": (("time",), lambda t: [f"{t:%Y%m%d %H:%M:%S}"]),
    "day of year": (("time",), lambda t: [f"{t:%Y-%jT%H:%M:%S}"]),
    "colon fraction": (("time",), lambda t: [f"{t:%Y-%m-%d %H:%M:%S:000}"]),
    "clock first": (("time",), lambda t: [f"{t:%H:%M:%S %d.%m.%Y}"]),
    "hour 24": (("Hour Ending",), lambda t: [_hour_24(t)]),
    "seconds": (("ts",), lambda t: [f"{_number(t, datetime(1970, 1, 1), timedelta(seconds=1)):.0f}"]),
    "milliseconds": (
        ("epoch",),
        lambda t: [f"{_number(t, datetime(1970, 1, 1), timedelta(milliseconds=1)):.0f}"],
    ),
    "labview": (("Time",), lambda t: [f"{_number(t, datetime(1904, 1, 1), timedelta(seconds=1)):.0f}"]),
    "excel": (("Date",), lambda t: [f"{_number(t, datetime(1899, 12, 30), timedelta(days=1)):.7f}"]),
    "pair": (("Date", "Time"), lambda t: [f"{t:%Y-%m-%d}", f"{t:%H:%M:%S}"]),
    "pair dotted": (("Datum", "Uhrzeit"), lambda t: [f"{t:%d.%m.%Y}", f"{t:%H:%M}"]),
    "pair reversed": (("Time", "Date"), lambda t: [f"{t:%H:%M}", f"{t:%Y-%m-%d}"]),
    "pair hhmm": (("Date", "Time"), lambda t: [f"{t:%Y-%m-%d}", str(int(f"{t:%H%M}"))]),
    "pair of a and p": (
        ("Date", "Time"),
        lambda t: [f"{t.month}/{t:%d/%y}", f"{t:%I:%M}{t:%p}"[:-1].lower()],
    ),
    "parts": (("year", "month", "day", "hour", "minute"), lambda t: [str(x) for x in t.timetuple()[:5]]),
    "parts of a year": (
        ("Year", "DOY", "Hour", "Min"),
        lambda t: [str(t.year), f"{t:%j}", str(t.hour), str(t.minute)],
    ),
    "unknown zone": (("time",), lambda t: [f"{t:%Y-%m-%d %H:%M:%S PST}"]),
    "week": (("time",), lambda t: [f"{t:%G-W%V-%u %H:%M}"]),
    "none": ((), lambda t: []),
}
DELIMITERS = (",", ";", "\t", "|")
NUMBERS = {
    "point": lambda x: f"{x:.2f}",
    "comma": lambda x: f"{x:.2f}".replace(".", ","),
    "short": lambda x: f"{x:g}",
    "minus": lambda x: f"{x:.2f}".replace("-", "\u2212"),
    "grouped": lambda x: f"{x:,.2f}",
    "grouped by points": lambda x: f"{x:,.2f}".translate(str.maketrans(".,", ",.")),
    "grouped by spaces": lambda x: f"{x:,.2f}".replace(",", "\u202f").replace(".", ","),
    "exponents": lambda x: f"{x:.5e}",
}
SHAPES = ("wide", "long", "long by sensor")
HEADS = ("plain", "comments", "preamble", "units", "two lines", "none")
FEET = ("plain", "blank", "total", "count", "comment")
MISSING = ("none", "empty", "NaN", "-9999", "words")
EXTRAS = ("none", "row number", "quality", "unit")


@dataclass(frozen=True)
class Layout:
    """One layout, by the names of its parts."""

    stamp: str
    delimiter: str
    number: str
    shape: str
    head: str
    foot: str
    missing: str
    extra: str


def layouts(count, seed):
    """So many layouts, all pairs of a stamp style and a delimiter among the first."""
    rng = random.Random(seed)
    pairs = itertools.cycle(itertools.product(STAMPS, DELIMITERS))
    choices = (tuple(NUMBERS), SHAPES, HEADS, FEET, MISSING, EXTRAS)
    found = []
    for _ in range(count):
        layout = Layout(*next(pairs), *map(rng.choice, choices))
        if layout.head == "none":  # without names nothing tells a quality from a reading
            layout = replace(layout, extra="none" if layout.extra == "quality" else layout.extra)
        if layout.shape != "wide" and layout.head == "two lines":
            layout = replace(layout, head="units")
        found.append(layout)
    return found


def values(layout, seed):
    """Readings (ROWS, 3): two of them cross zero and a thousand, and some are missing."""
    rng = np.random.default_rng(seed)
    n = np.arange(ROWS)[:, None]
    table = np.round([2.0, 50.0, 1003.0] + [5.0, 20.0, 12.0] * np.sin(n / [7.0, 5.0, 9.0]), 2)
    table += np.round(rng.uniform(-0.5, 0.5, table.shape), 2)
    if layout.missing != "none":
        table[rng.random(table.shape) < 0.06] = np.nan
    return np.round(table, 2)


def text_of(layout, table):
    """The file."""
    names, stamp = STAMPS[layout.stamp]
    none = {"empty": "", "NaN": "NaN", "-9999": "-9999", "words": "n/a", "none": ""}[layout.missing]

    def cell(value):
        return none if np.isnan(value) else NUMBERS[layout.number](value)

    if layout.shape == "wide":
        header = [*names, *SENSORS]
        rows = [[*stamp(time), *map(cell, row)] for time, row in zip(TIMES, table, strict=True)]
    else:
        header = [*names, "sensor", "value"]
        places = itertools.product(range(ROWS), range(3))
        if layout.shape == "long by sensor":
            places = sorted(places, key=lambda place: place[1])
        rows = [[*stamp(TIMES[n]), SENSORS[k], cell(table[n, k])] for n, k in places]
    units = ["", *["X"] * (len(header) - 1)]
    if layout.extra != "none":
        extra = {
            "row number": ("Record", lambda n: str(n + 17)),
            "quality": ("Quality", lambda n: "192" if n % 9 else "0"),
            "unit": ("unit", lambda n: "degC"),
        }[layout.extra]
        at = 0 if layout.extra == "row number" else len(header)
        header.insert(at, extra[0])
        units.insert(at, "RN")
        for n, row in enumerate(rows):
            row.insert(at, extra[1](n))
    return _lines(layout, header, units, rows)


def _lines(layout, header, units, rows):
    def line(cells):
        return layout.delimiter.join(f'"{c}"' if layout.delimiter in c else c for c in cells)

    head = {
        "comments": ["# station 7", "# written by a logger"],
        "preamble": ["Station: north", "Logger: 12", ""],
    }.get(layout.head, [])
    if layout.head != "none":
        head.append(line(header))
    if layout.head == "units":
        head.append(line(units))
    if layout.head == "two lines":  # names of sensors above their units, those of other columns below
        is_sensor = [name in SENSORS for name in header]
        head[-1] = line([name if sensor else "" for name, sensor in zip(header, is_sensor, strict=True)])
        head.append(line(["X" if sensor else name for name, sensor in zip(header, is_sensor, strict=True)]))
    foot = {
        "blank": ["", ""],
        "total": [line(["Total", *["7777"] * (len(header) - 1)])],
        "count": ["", f"({len(rows)} rows affected)"],
        "comment": ["# end"],
    }.get(layout.foot, [])
    return "\n".join([*head, *map(line, rows), *foot]) + "\n"


def outcome(layout, path, seed):
    """`read`, `refused`, or what is wrong."""
    table = values(layout, seed)
    path.write_text(text_of(layout, table), encoding="utf-8", newline="")
    told = ReadOptions(null_values=("-9999",)) if layout.missing == "-9999" else ReadOptions()
    try:
        frame, _ = read_csvs([str(path)], told)
    except LstmAnomalyError as error:
        return "refused" if str(error).count("Try: ") else f"refused without a way out: {error}"
    stamped = layout.stamp != "none"
    if stamped and frame.times is None:
        return "its time is lost"
    if len(frame.sensors) != 3:
        return f"its sensors are {frame.sensors}"
    found = frame.values if frame.times is None else frame.values[~np.isnat(frame.times)]
    expected = table[~np.isnan(table).all(axis=1)] if layout.shape != "wide" else table
    if not stamped:  # a total cannot be told from a row
        found = found[: len(expected)]
    elif layout.shape == "wide" or not np.isnan(table).all(axis=1).any():
        times = frame.times[~np.isnat(frame.times)]
        if times.tolist() != np.array(TIMES, "datetime64[ns]").tolist():
            return f"its times are {times[:3]}"
    if layout.shape != "wide":
        order = [frame.sensors.index(name) for name in SENSORS]
        found = found[~np.isnan(found).all(axis=1)][:, order]
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=0, atol=1e-9, equal_nan=True):
        return f"its values are {found[:2].tolist()} rather than {expected[:2].tolist()}"
    return "read"


def check(count, seed, path):
    found = {layout: outcome(layout, path, n) for n, layout in enumerate(layouts(count, seed))}
    wrong = {layout: what for layout, what in found.items() if what not in ("read", "refused")}
    shown = "\n".join(f"{layout}: {what}" for layout, what in list(wrong.items())[:12])
    assert not wrong, f"{len(wrong)} of {count} layouts:\n{shown}"
    assert sum(what == "read" for what in found.values()) > 0.75 * count


def test_layouts_are_read_to_the_same_values_or_refused(tmp_path):
    check(2 * len(STAMPS) * len(DELIMITERS) // 2, 1, tmp_path / "log.csv")


@pytest.mark.fuzz
def test_two_thousand_layouts_are_read_to_the_same_values_or_refused(tmp_path):
    check(2000, 2, tmp_path / "log.csv")
