"""Is this data fit to train on? What reading, cleaning and the readings say, and what to do about it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lstm_anomaly.base.errors import LstmAnomalyError
from lstm_anomaly.base.text import count, duration, exact, listed
from lstm_anomaly.base.types import BoolArray, SensorFrame, Series
from lstm_anomaly.decision.budget import DEFAULT_BUDGET, DEFAULT_ROW_BUDGET, Budget
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.preparing.report import CleanReport
from lstm_anomaly.preparing.sensor_quality import SensorQuality, sensor_qualities
from lstm_anomaly.preparing.windows import rows_in
from lstm_anomaly.reading import FileReport, ReadReport, drop_empty_sensors, take_rows
from lstm_anomaly.training.own_rates import OwnRates, own_rates, round_step
from lstm_anomaly.training.split import plan
from lstm_anomaly.training.train_symbols import is_symbols_only, symbol_mask

LEAST_CODES = 3  # whole numbers of a sensor: two are a switch
# Budgets to offer when there is too little data for the one asked for, the rarest first.
_OFFERED = ("1/month", "1/week", "2/week", "1/day", "2/day", "1/4hours", "1/hour")
_OFFERED_ROWS = ("1/10000rows", "1/5000rows", "1/2000rows", "1/1000rows", "1/500rows", "1/200rows")
IRREGULAR = 0.1  # share of steps far from the usual one from which resampling is advised
MUCH_REFUSED = 0.5
SHOWN = 3  # rows that a person looks at to see whether they were understood


@dataclass(frozen=True)
class BudgetCheck:
    """Whether the rows are enough to certify a budget of false alarms.

    needed, present   usable rows, all of which tell the threshold
    step_seconds      of these rows, after what is advised; None when they are counted
    instead           the rarest budget that they can certify, "" when there is none
    """

    budget: Budget
    confidence: float
    needed: int
    present: int
    instead: str
    step_seconds: float | None

    @property
    def is_enough(self) -> bool:
        """Whether the threshold can be certified."""
        return self.present >= self.needed


@dataclass(frozen=True)
class FirstRow:
    """One of the first rows as it was understood: its place, its time in UTC ("" without), its readings.

    Of a column of symbols the reading is the symbol's text.
    """

    place: str
    time: str
    readings: dict[str, float | str]


@dataclass(frozen=True)
class Check:
    """What was found in one input; `problems` make it unusable; advice may be followed or not.

    rows           rows read
    first_rows     the first of them, as they were understood
    first, last    the earliest and latest time stamp as they stood in the file, "" without
    span_seconds   from the earliest to the latest, None without time
    usable_rows    rows with a reading of every sensor
    sensors        those whose readings are numbers; vocabularies: of columns of symbols
    suggested      option of `train` -> value that the findings call for
    """

    files: tuple[FileReport, ...]
    problems: list[str] = field(default_factory=list)
    rows: int = 0
    first_rows: tuple[FirstRow, ...] = ()
    first: str = ""
    last: str = ""
    span_seconds: float | None = None
    step_seconds: float | None = None
    cleaning: CleanReport | None = None
    usable_rows: int = 0
    sensors: tuple[SensorQuality, ...] = ()
    vocabularies: dict[str, list[str]] = field(default_factory=dict)
    budget: BudgetCheck | None = None
    advice: list[str] = field(default_factory=list)
    suggested: dict[str, str] = field(default_factory=dict)

    @property
    def is_usable(self) -> bool:
        """Whether `train` would take it."""
        return not self.problems


def unreadable(errors: Sequence[LstmAnomalyError], report: ReadReport | None = None) -> Check:
    """The check of an input that cannot be read."""
    return Check(tuple(report.files) if report else (), problems=[str(error) for error in errors])


def check(
    frame: SensorFrame,
    report: ReadReport,
    *,
    budget: Budget | None = None,
    confidence: float = 0.9,
    **how: object,
) -> Check:
    """Check rows as they were read; `how` are arguments of `clean`."""
    series, cleaning = clean(frame, **how)  # type: ignore[arg-type]
    used = take_rows(frame, np.flatnonzero(_is_used(frame, series)))
    numeric = ~symbol_mask(series)  # (F,)
    names = [name for name, is_number in zip(frame.sensors, numeric.tolist(), strict=True) if is_number]
    sensors = tuple(sensor_qualities(used.values[:, numeric], names))
    span = None if series.times is None or not len(series) else series.times[-1] - series.times[0]
    found = Check(
        tuple(report.files),
        rows=len(frame),
        first_rows=tuple(_first_row(frame, row) for row in range(min(len(frame), SHOWN))),
        first=_stamp(frame, earliest=True),
        last=_stamp(frame, earliest=False),
        span_seconds=None if span is None else float(span / np.timedelta64(1, "s")),
        step_seconds=None if series.step is None else float(series.step / np.timedelta64(1, "s")),
        cleaning=cleaning,
        usable_rows=rows_in(series.segments),
        sensors=sensors,
        vocabularies={book.name: book.texts for book in (frame.symbols.codebooks if frame.symbols else ())},
    )
    series = _advise_on_rows(found, report, frame, series)
    _advise_on_sensors(found, used)
    _advise_on_symbols(found, used)
    if found.is_usable:
        return _with_budget(found, series, budget, confidence)
    return found


def _first_row(frame: SensorFrame, row: int) -> FirstRow:
    at = np.datetime64("NaT") if frame.times is None else frame.times[row].astype("datetime64[ms]")
    time = "" if np.isnat(at) else str(at).removesuffix(".000")
    readings: dict[str, float | str] = dict(zip(frame.sensors, frame.values[row].tolist(), strict=True))
    for book in frame.symbols.codebooks if frame.symbols else ():
        code = float(readings[book.name])
        readings[book.name] = "" if math.isnan(code) else book.texts[int(code)]
    return FirstRow(frame.place(row), time, readings)


def _is_used(frame: SensorFrame, series: Series) -> BoolArray:
    """Rows (N,) that are in the series, or would be if they had a reading: no total at the end of a file."""
    empty = np.isnan(frame.values).all(axis=1)
    if frame.times is not None:
        empty &= ~np.isnat(frame.times)
    used: BoolArray = (series.row_of >= 0) | empty
    return used


def advice_for_all(checks: Mapping[str, Check]) -> dict[str, str]:
    """Options of `train` that the findings in any group call for."""
    found: dict[str, str] = {}
    for check_ in checks.values():
        for option, value in check_.suggested.items():
            said = found.get(option, "").split(",") if option in found else []
            if option in ("--exclude", "--null-value", "--symbols"):
                found[option] = ",".join(dict.fromkeys([*said, *value.split(",")]))
            else:
                found.setdefault(option, value)
    return found


def _stamp(frame: SensorFrame, *, earliest: bool) -> str:
    if frame.stamps is None or frame.times is None:
        return ""
    timed = np.flatnonzero(~np.isnat(frame.times))
    if not len(timed):
        return ""
    times = frame.times[timed]
    return str(frame.stamps[timed[times.argmin() if earliest else times.argmax()]])


def _advise_on_rows(found: Check, report: ReadReport, frame: SensorFrame, series: Series) -> Series:
    cleaning = found.cleaning
    refused = report.refused_count
    if refused > MUCH_REFUSED * (found.rows + refused):
        found.problems.append(
            f"{count(refused, 'row')} of {found.rows + refused:,} are refused: the file is not what it seems;"
            " look at the lines named above, then at --delimiter and --skip-lines"
        )
    if cleaning is not None and cleaning.no_time > MUCH_REFUSED * found.rows:
        found.problems.append(
            f"{cleaning.no_time:,} of {count(found.rows, 'row')} have no readable time stamp. Try:"
            " --datetime-format, which says how they are written, or --time '' to count rows instead"
        )
        return series
    frame, empty = drop_empty_sensors(frame)  # as `train` does
    if empty and frame.sensors:
        even = series.step if series.resample else None
        series, _ = clean(frame, step=even, max_fill=series.max_fill, resample=series.resample)
    series = _advise_on_rates(found, frame, series)
    try:
        if not is_symbols_only(series):
            plan(series)
    except LstmAnomalyError as error:
        found.problems.append(str(error))
    if cleaning is None or series.times is None or series.resample is not None:
        return series
    if cleaning.irregular_share > IRREGULAR:
        step = _even_step(series)
        found.suggested["--resample"] = step
        found.advice.append(f"--resample {step} makes the uneven steps even; `detect` will do the same")
    return series


def _advise_on_rates(found: Check, frame: SensorFrame, series: Series) -> Series:
    """Advise on sensors with times of their own; the series as it is with that advice."""
    if frame.symbols is not None:  # codes have no mean, and a state is not held but written anew
        return series
    rates = own_rates(frame, series)
    if rates == OwnRates():
        return series
    fills = series.max_fill if rates.hold is None else rates.hold
    kept = [name not in rates.rare for name in frame.sensors]
    if rates.rare:
        frame = replace(frame, values=frame.values[:, kept], sensors=tuple(np.array(frame.sensors)[kept]))
    step = series.step if rates.step is None else np.timedelta64(round(rates.step * 1e9), "ns")
    joined = series.resample if rates.step is None else "mean"
    better, _ = clean(frame, step=step if joined else None, max_fill=fills, resample=joined)
    if rows_in(better.segments) * len(series) <= rows_in(series.segments) * len(better):
        return series
    if rates.step is not None:
        found.suggested["--resample"] = f"{rates.step:g}s"
        found.advice.append(
            f"--resample {rates.step:g}s joins readings that the sensors have at times of their own"
        )
    if rates.hold is not None:
        found.suggested["--max-fill"] = str(fills)
        found.advice.append(f"--max-fill {fills} keeps the last reading of a sensor until its next one")
    if rates.rare:
        found.suggested["--exclude"] = ",".join(rates.rare)
        found.advice.append(
            f"--exclude {listed(rates.rare)}: with so few readings hardly a row has every sensor"
        )
    return better


def _even_step(series: Series) -> str:
    """A round step that nine of ten rows follow each other within."""
    assert series.times is not None
    steps = np.diff(series.times).astype("timedelta64[ns]").astype(np.int64) / 1e9
    seconds = round_step(float(np.quantile(steps[steps > 0], 0.9)) if (steps > 0).any() else 1.0)
    return duration(seconds).replace(" ", "").replace("days", "d") if seconds >= 90 else f"{seconds:g}s"


def _advise_on_sensors(found: Check, frame: SensorFrame) -> None:
    exclude, nulls = [], []
    for sensor in found.sensors:
        for oddity in sensor.oddities:
            if oddity.kind == "much missing" and "--max-fill" in found.suggested:
                continue
            if oddity.advice == "exclude":
                exclude.append(sensor.name)
            elif oddity.advice == "null":
                nulls.append(exact(oddity.value))
            elif oddity.advice == "rows":
                how = "--rows" if frame.times is None else "--ignore FILE, a CSV of start,end,reason"
                found.advice.append(
                    f"look at {frame.place(oddity.row)}: if '{sensor.name}' was stuck, leave those rows out"
                    f" with {how}"
                )
    labels = [name for file in found.files for name in file.label_columns]
    rare = found.suggested.get("--exclude")
    exclude = [name for name in dict.fromkeys([*labels, *exclude]) if name not in (rare or "").split(",")]
    if exclude and len(exclude) < len(found.sensors):
        found.suggested["--exclude"] = ",".join([*filter(None, [rare]), *exclude])
        names = ", ".join(f"'{name}'" for name in exclude)
        found.advice.append(f"--exclude {names}: for the reasons above; keep what you know to be a reading")
    if nulls:
        found.suggested["--null-value"] = ",".join(dict.fromkeys(nulls))
        options = " ".join(f"--null-value {text}" for text in dict.fromkeys(nulls))
        found.advice.append(f'{options}: if that stands for "no reading"')


def _advise_on_symbols(found: Check, frame: SensorFrame) -> None:
    states = list(dict.fromkeys(name for file in found.files for name in file.state_columns))
    if states:
        found.suggested["--symbols"] = ",".join(states)
        names = ", ".join(f"'{name}'" for name in states)
        found.advice.append(
            f"--symbols {names}: few texts, again and again; their order is then learned, too"
        )
    codes = [sensor.name for sensor in found.sensors if _could_be_codes(sensor, frame)]
    if codes:
        found.advice.append(f"--symbols {','.join(codes)}: if these numbers are codes of states or alarms")


def _could_be_codes(sensor: SensorQuality, frame: SensorFrame) -> bool:
    """Whether a sensor has three or more whole numbers, and few."""
    if not any(oddity.kind == "states" for oddity in sensor.oddities) or sensor.distinct < LEAST_CODES:
        return False
    values = frame.values[:, frame.sensors.index(sensor.name)]
    known = values[np.isfinite(values)]
    return bool((known == np.round(known)).all())


def _with_budget(found: Check, series: Series, budget: Budget | None, confidence: float) -> Check:
    step = None if series.step is None else float(series.step / np.timedelta64(1, "s"))
    timed = step is not None
    budget = budget or Budget.parse(DEFAULT_BUDGET if timed else DEFAULT_ROW_BUDGET)
    present = rows_in(series.segments)
    if not is_symbols_only(series):
        split, _window = plan(series)
        present = rows_in((*split.fit, *split.validation, *split.calibration))

    def needed(wanted: Budget) -> int:
        return math.ceil(-math.log1p(-confidence) / wanted.per_row(step))

    offers = _OFFERED if timed else _OFFERED_ROWS
    instead = next((text for text in offers if needed(Budget.parse(text)) <= present), "")
    checked = BudgetCheck(budget, confidence, needed(budget), present, instead, step)
    return replace(found, budget=checked)
