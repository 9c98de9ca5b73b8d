"""From the files on a command line to clean series, telling what was noticed on the way."""

from typing import TYPE_CHECKING, Any

from lstm_anomaly.commands.talk import Talk
from lstm_anomaly.errors import InputError, NotEnoughDataError
from lstm_anomaly.reading import (
    CsvReader,
    ReadOptions,
    ReadReport,
    clean,
    drop_empty_sensors,
    read_csvs,
    select_in_pieces,
    select_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lstm_anomaly.model import Model
    from lstm_anomaly.types import SensorFrame, Series


def training_series(
    files: tuple[str, ...], options: ReadOptions, rows: str | None, talk: Talk, **how: Any
) -> "tuple[Series, list[str]]":
    """Clean rows to train on, and what cleaning noticed; `how` are arguments of `clean`."""
    frame, _empty = drop_empty_sensors(read_frame(files, options, rows, talk))
    if not frame.sensors:
        raise InputError("no sensor has a single reading", where=files[0], hint="another file")
    if len(frame) < 2:
        raise NotEnoughDataError(
            f"{len(frame)} data row is nothing to learn from", where=files[0], hint="a file with more rows"
        )
    series, report = clean(frame, **how)
    return series, report.lines()


def calibration_series(
    model: "Model", files: tuple[str, ...], options: ReadOptions, rows: str | None, talk: Talk
) -> "Series":
    """Clean rows of the model's sensors to calibrate on."""
    frame = read_frame(files, options, rows, talk, model.sensors)
    series, report = clean(frame, step=model.step, max_fill=model.max_fill, resample=model.resample)
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
    notes: list[str] | None = None,
) -> "SensorFrame":
    """The rows of all files; what was refused or taken as missing is warned of, the rest noted.

    All of that is also added to `notes`.
    """
    frame, report = read_csvs(files, options, sensors=sensors)
    tell_of_reading(report, talk)
    if notes is not None:
        notes += report.lines()
    return select_rows(frame, rows) if rows else frame


def read_pieces(
    files: tuple[str, ...], options: ReadOptions, rows: str | None, talk: Talk, sensors: tuple[str, ...]
) -> "Iterator[SensorFrame]":
    """The same rows in pieces, in memory that does not grow with them; told at the end.

    Those of standard input come as soon as their lines end.
    """
    reader = CsvReader(files, options, sensors=sensors, live="-" in files)
    yield from select_in_pieces(reader, rows) if rows else reader
    tell_of_reading(reader.report, talk)


def tell_of_reading(report: ReadReport, talk: Talk) -> None:
    """Warn of what was refused or taken as missing, note the rest."""
    if report.is_clean:
        talk.note(report.lines(), else_warn=[note for file in report.files for note in file.label_notes])
    else:
        talk.warn(report.lines())
