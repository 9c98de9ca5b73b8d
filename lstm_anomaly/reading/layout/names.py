"""What a column's name says of it: words for time, for the parts of a date, for sensors and readings."""

import re


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


_TIME_WORDS = words(
    "time timestamp date datetime ts epoch unixtime utc localtime zeit datum uhrzeit zeitstempel fecha hora"
    " heure elapsed"
)
# Names that say nothing but when, as plain names; `cycle_time` or `on time` may be a reading.
TIMES = _TIME_WORDS | words(
    "timestring dateandtime createdat recordedat measuredat lastchanged lastupdated datetimeutc timeutc"
    " dateutc timestamputc localtimestamp timelocal datetimelocal timestampstart hourending datumuhrzeit"
    " datumzeit messzeit messzeitpunkt datetimestamp logtime sampletime xvalue elapsed elapsedtime"
)
CLOCKS = words("time clock zeit uhrzeit hora heure timeofday hhmm hrmn hourminute tod timeutc")
DATES = words("date datum fecha day tag datetime dateutc yyyymmdd")
# Parts of a date in columns of their own: name -> part, as strptime has it.
PARTS = {
    **dict.fromkeys(words("year yr yyyy jahr"), "%Y"),
    **dict.fromkeys(words("month mon mo monat"), "%m"),
    **dict.fromkeys(words("day dayofmonth dom dd dy tag"), "%d"),
    **dict.fromkeys(words("doy jday julianday dayofyear yday yearday"), "%j"),
    **dict.fromkeys(words("hour hr hh hours hourending hourutc stunde he"), "%H"),
    **dict.fromkeys(words("minute min minutes mn minuteutc"), "%M"),
    **dict.fromkeys(words("second sec seconds ss"), "%S"),
}
RANGES = {"%Y": (1900, 2100), "%m": (1, 12), "%d": (1, 31), "%j": (1, 366), "%H": (0, 24)}
RANGES |= {"%M": (0, 59), "%S": (0, 59)}
# Names of parts -> the least and greatest number they can be.
CALENDAR = {name: RANGES[part] for name, part in PARTS.items() if part != "%S" and name != "min"}
CALENDAR |= dict.fromkeys(words("weekday dayofweek dow wday week weekofyear weeknumber quarter"), (0, 53))

SENSOR_NAMES = re.compile(
    r"(sensor|tag|point|series|channel|signal|var|variable|attribute|property|parameter|item|entity|node)"
    r"(id|name)?|metric(name)?|measurement|field(name)?|name|variable(name)?|objectid|topic"
)
MACHINE_NAMES = re.compile(
    r"(machine|device|asset|unit|station|node|sensor|pump|motor|host|site|equipment|plant|location|room|module"
    r"|vehicle|turbine|meter|logger|tag|probe|serial)(id|name|no|nr|number|code)?|mac|deveui|imei"
)
VALUE_NAMES = re.compile(
    r"(measured|measurement|var|tag|field|sensor)?(value|val|reading)|v|result|state|payload"
)


def plain_name(name: str) -> str:
    """Letters and digits of a name, in lower case, without a unit in brackets behind it."""
    return re.sub(r"[\W_]+", "", re.sub(r"[\[({].*", "", name).casefold())


def is_time_name(name: str) -> bool:
    """Whether a column's name speaks of time."""
    words = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())
    return not _TIME_WORDS.isdisjoint(words) or plain_name(name) in TIMES
