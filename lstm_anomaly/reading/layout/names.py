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
    " datumzeit messzeit messzeitpunkt datetimestamp logtime sampletime xvalue elapsed elapsedtime clock"
    " mjd fechahora fechayhora horodatage tstamp dataora datahora datumtijd tijd tijdstip tidpunkt"
)
CLOCKS = words(
    "time clock zeit uhrzeit hora heure ora tijd tid klockan timeofday hhmm hhmmss hrmn hourminute tod"
    " timeutc"
)
DATES = words("date datum fecha day tag data dato datetime dateutc yyyymmdd")
MILLISECONDS = words("ms msec millis millisec millisecond milliseconds millisekunden millitm milisegundos")
# Parts of a date in columns of their own: name -> part, as strptime has it.
PARTS = {
    **dict.fromkeys(words("year yr yyyy yy jahr año ano annee année anno jaar"), "%Y"),
    **dict.fromkeys(words("month mon mo mm monat mes mês mois mese maand"), "%m"),
    **dict.fromkeys(words("day dayofmonth dom dd dy tag dia día jour giorno dag"), "%d"),
    **dict.fromkeys(words("doy jday julianday dayofyear yday yearday ddd"), "%j"),
    **dict.fromkeys(words("hour hr hh hh24 hours hourending hourutc stunde he hora heure ora uur"), "%H"),
    **dict.fromkeys(words("minute min minutes mn minuteutc minuto minuut"), "%M"),
    **dict.fromkeys(words("second sec seconds ss sekunde segundo seconde secondo"), "%S"),
}
RANGES = {"%Y": (1900, 2100), "%m": (1, 12), "%d": (1, 31), "%j": (1, 366), "%H": (0, 24)}
RANGES |= {"%M": (0, 59), "%S": (0, 59)}
# Names of parts -> the least and greatest number they can be.
CALENDAR = {name: RANGES[part] for name, part in PARTS.items() if part != "%S" and name not in ("min", "mm")}
CALENDAR |= dict.fromkeys(words("weekday dayofweek dow wday week weekofyear weeknumber quarter"), (0, 53))
CALENDAR |= dict.fromkeys(MILLISECONDS - {"ms"}, (0, 999)) | {"gpsweek": (0, 9999), "tow": (0, 604_800)}

SENSOR_NAMES = re.compile(
    r"(sensor|tag|point|measure|statistic|series|channel|signal|var|variable|attribute|property|parameter|item|entity|node"
    r"|metric|field)(id|name|path|index|key)?|measurement|name|key|objectid|topic|characteristic|register"
    r"|kanal|messstelle|messgr(ö|oe)(ß|ss)e|canal|capteur|variabile|parametro|parámetro"
)
MACHINE_NAMES = re.compile(
    r"(machine|device|asset|unit|station|node|sensor|pump|motor|host|site|equipment|plant|location|room|module"
    r"|vehicle|turbine|inverter|well|line|cell|tank|zone|meter|logger|tag|probe|serial|gateway|robot|stn"
    r"|maschine|anlage|ger(ä|ae)t|pumpe|standort|ma(qu|ch)ina|máquina|equipo|appareil|capteur|estaci(o|ó)n)"
    r"(id|name|no|nr|number|code)?|mac|deveui|imei"
)
VALUE_NAMES = re.compile(
    r"(measured|measurement|var|tag|field|sensor|float|int|numeric|present|measure)?(value|val|reading|valuey)"
    r"(double|bigint)?|v|(dbl|long)v"
    r"|result|state|payload|(mess)?wert|valor|valeur|valore|waarde"
)


def plain_name(name: str) -> str:
    """Letters and digits of a name, in lower case, without a unit in brackets behind it."""
    return re.sub(r"[\W_]+", "", re.sub(r"[\[({].*", "", name).casefold())


def is_time_name(name: str) -> bool:
    """Whether a column's name speaks of time."""
    words = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())
    return not _TIME_WORDS.isdisjoint(words) or plain_name(name) in TIMES
