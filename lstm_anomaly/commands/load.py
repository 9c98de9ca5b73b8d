"""From the files on a command line to clean series, telling what was noticed on the way."""

from typing import TYPE_CHECKING

from lstm_anomaly.commands.talk import Talk
from lstm_anomaly.errors import InputError, NotEnoughDataError
from lstm_anomaly.reading import ReadOptions, clean, drop_empty_sensors, read_csvs, select_rows

if TYPE_CHECKING:
    from lstm_anomaly.model import Model
    from lstm_anomaly.types import SensorFrame, Series


def training_series(files: tuple[str, ...], options: ReadOptions, rows: str | None, talk: Talk) -> "Series":
    """Clean rows to train on."""
    frame, _empty = drop_empty_sensors(read_frame(files, options, rows, talk))
    if not frame.sensors:
        raise InputError("no sensor has a single reading", where=files[0], hint="another file")
    if len(frame) < 2:
        raise NotEnoughDataError(
            f"{len(frame)} data row is nothing to learn from", where=files[0], hint="a file with more rows"
        )
    series, report = clean(frame)
    talk.note(report.lines())
    return series


def calibration_series(
    model: "Model", files: tuple[str, ...], options: ReadOptions, rows: str | None, talk: Talk
) -> "Series":
    """Clean rows of the model's sensors to calibrate on."""
    frame = read_frame(files, options, rows, talk, model.sensors)
    series, report = clean(frame, step=model.step)
    talk.note(report.lines())
    if not any(b - a >= model.window for a, b in series.segments):
        raise NotEnoughDataError(
            f"no {model.window} rows in a row have every reading", where=files[0], hint="a longer file"
        )
    return series


def read_frame(
    files: tuple[str, ...],
    options: ReadOptions,
    rows: str | None,
    talk: Talk,
    sensors: tuple[str, ...] = (),
) -> "SensorFrame":
    """The rows of all files; what was refused or taken as missing is warned of, the rest noted."""
    frame, report = read_csvs(files, options, sensors=sensors)
    (talk.note if report.is_clean else talk.warn)(report.lines())
    return select_rows(frame, rows) if rows else frame
