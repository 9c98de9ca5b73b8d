"""Options of the command line as records of the package; what makes no sense is refused at once."""

import math
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.commands.frame.streams import is_terminal

if TYPE_CHECKING:
    from lstm_anomaly.reading import ReadOptions

FAR = "auto"  # as a null value: what is far from all other readings


def read_options(reading: dict[str, Any]) -> "ReadOptions":
    """The reading stage's options from the command line's."""
    from lstm_anomaly.reading import ReadOptions

    delimiter = reading["delimiter"]
    symbols, session = _names(reading.get("symbols")), reading.get("session")
    if session and not symbols:
        raise click.UsageError(
            "--session says which sequence of symbols a row belongs to: --symbols is needed, too."
        )
    if session and reading.get("group_by"):
        raise click.UsageError(
            "--session and --group-by do not go together; one of them, or a file for each group."
        )
    return ReadOptions(
        input_format=reading["input_format"],
        delimiter="\t" if delimiter in ("\\t", "tab") else delimiter,
        encoding=reading["encoding"],
        header=False if reading["no_header_row"] else True if reading["header_row"] else None,
        skip_lines=reading["skip_lines"],
        decimal=reading["decimal"],
        thousands=reading["thousands"],
        null_values=tuple(text for text in reading["null_values"] if text != FAR),
        without_far=FAR in reading["null_values"],
        datetime_format=reading["datetime_format"],
        tz=reading["tz"],
        time=reading["time"],
        group_by=reading.get("group_by"),
        sensor_column=reading["sensor_column"],
        value_column=reading["value_column"],
        symbols=symbols,
        session=session,
        exclude=_names(reading["exclude"]),
        only=_names(reading["only"]),
        bad_values=reading["bad_values"],
        max_bad=reading["max_bad"],
        strict_time=reading["strict_time"],
        allow_missing=reading.get("allow_missing", False),
    )


def clean_settings(cleaning: dict[str, Any]) -> dict[str, Any]:
    """What was said about gaps and steps, as arguments of `clean`."""
    import numpy as np

    seconds = cleaning["resample"]
    if seconds is None:
        return {"max_fill": cleaning["max_fill"]}
    step = np.timedelta64(round(seconds * 1e9), "ns")
    return {"max_fill": cleaning["max_fill"], "step": step, "resample": cleaning["resample_by"]}


def threshold_settings(threshold: dict[str, Any]) -> dict[str, Any]:
    """What was said about the threshold, as fields of `LearningSettings`."""
    from lstm_anomaly.decision.budget import Budget

    given = {name: value for name, value in threshold.items() if value is not None}
    if (budget := given.pop("false_alarms", None)) and budget != "auto":
        given["budget"] = Budget.parse(budget)
    if "threshold_level" in given:
        given.setdefault("threshold_method", "fixed")
    return given


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def deviations(given: tuple[str, ...]) -> dict[str, float]:
    """`temp=0.5` options as sensor -> difference in its own unit."""
    out = {}
    for text in given:
        sensor, _sign, value = text.rpartition("=")
        try:
            out[sensor] = float(value)
        except ValueError:
            out[sensor] = -1.0
        if not 0 <= out[sensor] < math.inf:
            raise click.UsageError(f"--min-deviation {text}: write SENSOR=VALUE, such as flow=0.5.")
    return out


def check_deviations(least: dict[str, float], sensors: tuple[str, ...]) -> None:
    """Refuse deviations of sensors that no model has."""
    for sensor, value in least.items():
        if sensor not in sensors:
            raise click.UsageError(
                f"--min-deviation {sensor}={value:g}: '{sensor}' is not one of {', '.join(sensors)}."
            )


def shares_of(text: str) -> list[float]:
    """`80,95` percent as shares."""
    try:
        shares = [float(part.strip().rstrip("%")) / 100 for part in text.split(",")]
    except ValueError:
        shares = []
    columns = {f"{100 * share:g}" for share in shares}  # as outputs name the intervals
    if not shares or not all(0 < share < 1 for share in shares) or len(columns) < len(shares):
        raise click.UsageError(f"--level {text}: write percentages between 0 and 100, such as 80,95.")
    return shares


def check_outputs(outputs: Iterable[str | None], inputs: Iterable[str | None]) -> None:
    """Refuse outputs that would replace an input or each other, or that have no folder; None is no file."""
    known = [path for path in inputs if path is not None]
    for path in outputs:
        if path is not None:
            check_output(path, *known)
            known.append(path)


def check_output(path: str, *others: str) -> None:
    """Refuse an output that would replace one of the `others`, or that has no folder to be written to."""
    target = os.path.realpath(path)
    for other in others:
        if other != "-" and _is_one_file(other, target):
            raise click.UsageError(
                f"{path} would be written over, and it is {other}, which this run needs. Choose another name."
            )
    if os.path.isdir(target):
        raise click.UsageError(f"{path} is a folder; name a file in it.")
    if not os.path.isdir(os.path.dirname(target)):
        raise click.UsageError(f"{path}: the folder does not exist. Make it first.")


def _is_one_file(path: str, other: str) -> bool:
    """Whether two names, also hard links, are those of one file."""
    try:
        return os.path.samefile(path, other)
    except OSError:
        return os.path.realpath(path) == os.path.realpath(other)


def input_files(files: tuple[str, ...]) -> tuple[str, ...]:
    """The files to read, of folders and patterns what they hold; without any, standard input.

    A terminal as standard input is no input: nobody types a CSV.
    """
    if files:
        from lstm_anomaly.reading import expand_paths

        return expand_paths(files)
    if is_terminal(sys.stdin):
        raise click.UsageError("No input: name one or more CSV files, or `-` for standard input.")
    return ("-",)
