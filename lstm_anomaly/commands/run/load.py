"""From the files on a command line to clean series, telling what was noticed on the way."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lstm_anomaly.base.errors import InputError, LstmAnomalyError, NotEnoughDataError
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.frame.given import FAR
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.reading import (
    CsvReader,
    ReadOptions,
    ReadReport,
    drop_empty_sensors,
    join_frames,
    read_csvs,
    select_in_pieces,
    select_rows,
    settle_empty,
    split_groups,
    take_rows,
)

if TYPE_CHECKING:
    from lstm_anomaly.base.types import BoolArray, SensorFrame, Series
    from lstm_anomaly.model.model import Model
    from lstm_anomaly.training.check_data import Check


def training_series(
    files: tuple[str, ...],
    options: ReadOptions,
    rows: str | None,
    console: Console,
    ignore: str | None = None,
    **how: Any,
) -> "tuple[Series, list[str], tuple[str, ...]]":
    """Clean rows to train on, what cleaning noticed, and the texts that stand for "no reading" in them.

    Rows of the spans in the file `ignore` are in no segment; `how` are arguments of `clean`.
    """
    frame, ignored = with_marks(files, options, rows, console, ignore)
    frame, nulls = settle_nulls(frame, options, console)
    return *clean_for_training(frame, files, ignored, ignore, **how), nulls


def settle_nulls(
    frame: "SensorFrame", options: ReadOptions, console: Console | None
) -> "tuple[SensorFrame, tuple[str, ...]]":
    """The rows without values far from all others if `--null-value auto` says so, else warn of these.

    Also the texts for "no reading" that a model has to remember.
    """
    import numpy as np

    from lstm_anomaly.base.text import count, exact
    from lstm_anomaly.preparing.sensor_quality import sentinels

    is_timed = np.ones(len(frame), bool) if frame.times is None else ~np.isnat(frame.times)
    is_number = np.isin(frame.sensors, frame.symbols.names if frame.symbols else (), invert=True)  # (F,)
    found = sentinels(np.where(is_number, frame.values, np.nan)[is_timed])
    told = list(options.null_values)
    if options.without_far:
        far = list(dict.fromkeys(value for _, value, _ in found))
        frame = replace(frame, values=np.where(is_number & np.isin(frame.values, far), np.nan, frame.values))
        told += [exact(value) for value in far]
    elif found and console is not None:
        nulls = " ".join(dict.fromkeys(f"--null-value {exact(value)}" for _, value, _ in found))
        each = "; ".join(
            f"'{frame.sensors[sensor]}' reads {exact(value)} in {count(rows, 'row')}"
            for sensor, value, rows in found
        )
        console.warn([f"{each}: far from all others. Try: {nulls} (or {FAR}) if that means no reading"])
    return frame, tuple(told)


def clean_for_training(
    frame: "SensorFrame",
    files: tuple[str, ...],
    ignored: "BoolArray | None" = None,
    ignore: str | None = None,
    **how: Any,
) -> "tuple[Series, list[str]]":
    """As `training_series`, of rows already read; those that are `ignored` (N,) are in no segment."""
    frame, _empty = drop_empty_sensors(frame)
    if not frame.sensors:
        raise InputError("no sensor has a single reading", where=files[0], hint="another file")
    if len(frame) < 2:
        raise NotEnoughDataError(
            f"{len(frame)} data row is too few to learn from", where=files[0], hint="a file with more rows"
        )
    series, report = clean(frame, **how)
    series, told = _without(series, ignored, ignore)
    return series, [*report.lines(), *told]


def what_spoils(series: "Series", where: str, *, is_strict: bool) -> list[str]:
    """Sensors with which no useful model is learned, a line each, with the option that settles it.

    Raises InputError with the first of them when `is_strict`.
    """
    from lstm_anomaly.base.text import number
    from lstm_anomaly.preparing.sensor_quality import spoiling

    symbols = () if series.symbols is None else tuple(book.name for book in series.symbols.codebooks)
    numeric = [k for k, name in enumerate(series.sensors) if name not in symbols]
    if not numeric:
        return []
    lines = []
    for name, oddity in spoiling(series.values[:, numeric], tuple(series.sensors[k] for k in numeric)):
        option = {"exclude": f"--exclude {name}", "null": f"--null-value {number(oddity.value, 10)}"}
        advice = option.get(oddity.advice, "other rows, in which something moves")
        if is_strict:
            raise InputError(f"'{name}' {oddity.text} (--strict)", where=where, hint=advice)
        if oddity.advice != "null":  # of which `settle_nulls` has told
            lines.append(f"{where}: '{name}' {oddity.text}. Try: {advice}")
    return lines


def for_model(options: ReadOptions, model: "Model") -> ReadOptions:
    """The options with what a model's training was told: its columns of symbols and their vocabularies, texts
    for no reading, and the zone."""
    return replace(
        options,
        symbols=tuple(model.sensors[column.place] for column in model.symbols),
        session=model.session,
        vocabularies=tuple(column.texts for column in model.symbols),
        null_values=tuple(dict.fromkeys((*options.null_values, *model.null_values))),
        tz=options.tz or model.calendar.tz,
    )


def calibration_series(
    model: "Model",
    files: tuple[str, ...],
    options: ReadOptions,
    rows: str | None,
    console: Console,
    ignore: str | None = None,
) -> "Series":
    """Clean rows of the model's sensors to calibrate on, without the spans in the file `ignore`."""
    frame, ignored = with_marks(files, for_model(options, model), rows, console, ignore, model.sensors)
    model.check_times(frame)
    model.check_step(frame)
    series, report = clean(frame, step=model.step, max_fill=model.max_fill, resample=model.resample)
    series, told = _without(series, ignored, ignore)
    console.note([*report.lines(), *told])
    if not any(b - a >= model.window for a, b in series.segments):
        raise NotEnoughDataError(
            f"there are no {model.window} consecutive rows with every reading",
            where=files[0],
            hint="a longer file",
        )
    return series


def with_marks(
    files: tuple[str, ...],
    options: ReadOptions,
    rows: str | None,
    console: Console,
    marks: str | None,
    sensors: tuple[str, ...] = (),
) -> "tuple[SensorFrame, BoolArray | None]":
    """The rows of all files, and which of them the file `marks` names; it counts rows of the whole files."""
    from lstm_anomaly.reading.labels import read_labels

    if marks is None:
        return read_frame(files, options, rows, console, sensors), None
    frame = read_frame(files, options, None, console, sensors)
    return select_marked(frame, read_labels(marks, frame, None, options), rows)


def _without(series: "Series", marked: "BoolArray | None", path: str | None) -> "tuple[Series, list[str]]":
    """The series without the marked rows of its frame, (N,), and what to say about it."""
    import numpy as np

    from lstm_anomaly.base.text import count
    from lstm_anomaly.preparing.windows import cut_out, rows_in

    if marked is None:
        return series, []
    rows = np.zeros(len(series), dtype=np.bool_)
    rows[series.row_of[marked & (series.row_of >= 0)]] = True
    left = replace(series, segments=cut_out(series.segments, rows))
    ignored = rows_in(series.segments) - rows_in(left.segments)
    return left, [f"{count(ignored, 'row')} ignored, as {path} asks for"]


def select_marked(
    frame: "SensorFrame", marked: "BoolArray", rows: str | None
) -> "tuple[SensorFrame, BoolArray]":
    """The rows that `--rows` names, and their marks, (N,), which are for all rows of the files."""
    import numpy as np

    if not rows:
        return frame, marked
    kept = select_rows(replace(frame, lines=np.arange(len(frame))), rows).lines
    return select_rows(frame, rows), marked[kept]


def checked(files: tuple[str, ...], options: ReadOptions, rows: str | None, **how: Any) -> "dict[str, Check]":
    """What a check of the files finds, for each group of rows; "" is the group of all.

    `how` are arguments of `checking.check`.

    Files that cannot be read are no exception here but the finding. Of several, each is tried by itself,
    so that all faults are told at once.
    """
    from lstm_anomaly.training.check_data import check, unreadable

    reader = CsvReader(files, options)
    try:
        frame = settle_empty(join_frames(list(reader)))
        frame = select_rows(frame, rows) if rows else frame
        frame, _nulls = settle_nulls(frame, options, None)  # of which a check tells itself
        if options.group_by is None:
            return {"": check(frame, reader.report, **how)}
        return {
            group: check(take_rows(frame, members), reader.report, **how)
            for group, members in split_groups(frame).items()
        }
    except LstmAnomalyError as error:
        alone = [] if len(files) == 1 or "-" in files else [*_errors_of_each(files, options)]
        return {"": unreadable(alone or [error], reader.report)}


def _errors_of_each(files: tuple[str, ...], options: ReadOptions) -> Iterator[LstmAnomalyError]:
    for file in files:
        try:
            for _piece in CsvReader([file], options):
                pass
        except LstmAnomalyError as error:
            yield error


def read_frame(
    files: tuple[str, ...],
    options: ReadOptions,
    rows: str | None,
    console: Console,
    sensors: tuple[str, ...] = (),
    notes: list[str] | None = None,
) -> "SensorFrame":
    """The rows of all files; what was refused or taken as missing is warned of, the rest noted.

    All of that is also added to `notes`.
    """
    frame, report = read_csvs(files, options, sensors=sensors)
    frame = settle_empty(frame)
    tell_of_reading(report, console)
    if notes is not None:
        notes += report.lines()
    return select_rows(frame, rows) if rows else frame


def read_pieces(
    files: tuple[str, ...],
    options: ReadOptions,
    rows: str | None,
    console: Console,
    sensors: tuple[str, ...],
    tap: "Callable[[str], None] | None" = None,
) -> "Iterator[SensorFrame]":
    """The same rows in pieces, in memory that does not grow with them; told at the end.

    Those of standard input come as soon as their lines end; lines of line protocol are given to the `tap`.
    """
    reader = CsvReader(files, options, sensors=sensors, live="-" in files, tap=tap)
    yield from select_in_pieces(reader, rows) if rows else reader
    tell_of_reading(reader.report, console)


def tell_of_reading(report: ReadReport, console: Console) -> None:
    """Warn of what was refused or taken as missing, note the rest."""
    if report.is_clean:
        console.note(report.lines(), else_warn=[line for file in report.files for line in file.warnings])
    else:
        console.warn(report.lines())
