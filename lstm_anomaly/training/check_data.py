"""Is this data fit to train on? What reading, cleaning and the readings say, and what to do about it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lstm_anomaly.base.errors import LstmAnomalyError
from lstm_anomaly.base.text import count, duration, number
from lstm_anomaly.base.types import SensorFrame, Series
from lstm_anomaly.decision.budget import DEFAULT_BUDGET, DEFAULT_ROW_BUDGET, Budget
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.preparing.report import CleanReport
from lstm_anomaly.preparing.sensor_quality import SensorQuality, sensor_qualities
from lstm_anomaly.preparing.windows import rows_in
from lstm_anomaly.reading import FileReport, ReadReport
from lstm_anomaly.training.split import plan
from lstm_anomaly.training.train_symbols import is_symbols_only, symbol_mask

LEAST_CODES = 3  # whole numbers of a sensor: two are a switch
# Budgets to offer when there is too little data for the one asked for, the rarest first.
_OFFERED = ("1/month", "1/week", "2/week", "1/day", "2/day", "1/4hours", "1/hour")
_OFFERED_ROWS = ("1/10000rows", "1/5000rows", "1/2000rows", "1/1000rows", "1/500rows", "1/200rows")
# Steps to resample to, in seconds.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
IRREGULAR = 0.1  # share of steps far from the usual one from which resampling is advised
MUCH_REFUSED = 0.5


@dataclass(frozen=True)
class BudgetCheck:
    """Whether the rows are enough to certify a budget of false alarms.

    needed, present   usable rows, all of which tell the threshold
    instead           the rarest budget that they can certify, "" when there is none
    """

    budget: Budget
    confidence: float
    needed: int
    present: int
    instead: str

    @property
    def is_enough(self) -> bool:
        """Whether the threshold can be certified."""
        return self.present >= self.needed


@dataclass(frozen=True)
class Check:
    """What was found in one input; `problems` make it unusable, the rest of the advice is to taste.

    rows           rows read
    first, last    the earliest and latest time stamp as they stood in the file, "" without
    span_seconds   from the earliest to the latest, None without time
    usable_rows    rows with a reading of every sensor
    sensors        those whose readings are numbers; vocabularies: of columns of symbols
    suggested      option of `train` -> value that the findings call for
    """

    files: tuple[FileReport, ...]
    problems: list[str] = field(default_factory=list)
    rows: int = 0
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
    """What is left to say of an input that cannot be read."""
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
    numeric = ~symbol_mask(series)  # (F,)
    names = [name for name, is_number in zip(frame.sensors, numeric.tolist(), strict=True) if is_number]
    sensors = tuple(sensor_qualities(frame.values[:, numeric], names))
    span = None if series.times is None or not len(series) else series.times[-1] - series.times[0]
    found = Check(
        tuple(report.files),
        rows=len(frame),
        first=_stamp(frame, earliest=True),
        last=_stamp(frame, earliest=False),
        span_seconds=None if span is None else float(span / np.timedelta64(1, "s")),
        step_seconds=None if series.step is None else float(series.step / np.timedelta64(1, "s")),
        cleaning=cleaning,
        usable_rows=rows_in(series.segments),
        sensors=sensors,
        vocabularies={book.name: book.texts for book in (frame.symbols.codebooks if frame.symbols else ())},
    )
    _advise_on_rows(found, report, series)
    _advise_on_sensors(found, frame)
    if found.is_usable:
        return _with_budget(found, series, budget, confidence)
    return found


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


def _advise_on_rows(found: Check, report: ReadReport, series: Series) -> None:
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
        return
    try:
        if not is_symbols_only(series):
            plan(series)
    except LstmAnomalyError as error:
        found.problems.append(str(error))
    if cleaning is None or series.times is None or series.resample is not None:
        return
    if cleaning.irregular_share > IRREGULAR:
        step = _even_step(series)
        found.suggested["--resample"] = step
        found.advice.append(f"--resample {step} makes the uneven steps even; `detect` will do the same")


def _even_step(series: Series) -> str:
    """A round step that nine of ten rows follow each other within."""
    assert series.times is not None
    steps = np.diff(series.times).astype("timedelta64[ns]").astype(np.int64) / 1e9
    usual = float(np.quantile(steps[steps > 0], 0.9)) if (steps > 0).any() else 1.0
    seconds = next((step for step in _STEPS if step >= usual), math.ceil(usual / 86400) * 86400)
    return duration(seconds).replace(" ", "").replace("days", "d") if seconds >= 90 else f"{seconds}s"


def _advise_on_sensors(found: Check, frame: SensorFrame) -> None:
    exclude, nulls = [], []
    for sensor in found.sensors:
        for oddity in sensor.oddities:
            if oddity.advice == "exclude":
                exclude.append(sensor.name)
            elif oddity.advice == "null":
                nulls.append(number(oddity.value, 10))
            elif oddity.advice == "rows":
                how = "--rows" if frame.times is None else "--ignore FILE, a CSV of start,end,reason"
                found.advice.append(
                    f"look at {frame.place(oddity.row)}: if '{sensor.name}' was stuck, leave those rows out"
                    f" with {how}"
                )
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
    labels = [name for file in found.files for name in file.label_columns]
    exclude = list(dict.fromkeys([*labels, *exclude]))
    if exclude and len(exclude) < len(found.sensors):
        found.suggested["--exclude"] = ",".join(exclude)
        names = ", ".join(f"'{name}'" for name in exclude)
        found.advice.append(f"--exclude {names}: for the reasons above; keep what you know to be a reading")
    if nulls:
        found.suggested["--null-value"] = ",".join(dict.fromkeys(nulls))
        found.advice.append(
            f'--null-value {", ".join(dict.fromkeys(nulls))}: if that stands for "no reading"'
        )


def _could_be_codes(sensor: SensorQuality, frame: SensorFrame) -> bool:
    """Whether a sensor has three or more whole numbers, and few."""
    if not any(oddity.kind == "states" for oddity in sensor.oddities) or sensor.distinct < LEAST_CODES:
        return False
    values = frame.values[:, frame.sensors.index(sensor.name)]
    known = values[np.isfinite(values)]
    return bool((known == np.round(known)).all())


def _with_budget(found: Check, series: Series, budget: Budget | None, confidence: float) -> Check:
    timed = found.step_seconds is not None
    budget = budget or Budget.parse(DEFAULT_BUDGET if timed else DEFAULT_ROW_BUDGET)
    present = rows_in(series.segments)
    if not is_symbols_only(series):
        split, _window = plan(series)
        present = rows_in((*split.fit, *split.validation, *split.calibration))

    def needed(wanted: Budget) -> int:
        return math.ceil(-math.log1p(-confidence) / wanted.per_row(found.step_seconds))

    offers = _OFFERED if timed else _OFFERED_ROWS
    instead = next((text for text in offers if needed(Budget.parse(text)) <= present), "")
    checked = BudgetCheck(budget, confidence, needed(budget), present, instead)
    return replace(found, budget=checked)
