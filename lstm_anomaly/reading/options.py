"""What a user may say about a CSV; everything left at None is found by looking at the file."""

from dataclasses import dataclass
from typing import Literal

from lstm_anomaly.base.errors import InputError

InputFormat = Literal["csv", "influx"]
BadValues = Literal["nan", "skip", "fail"]
SCHEMES_OF_TIME = (
    *("iso", "day-first", "month-first", "epoch", "epoch-ms", "epoch-us", "epoch-ns", "excel", "labview"),
    *("julian", "matlab", "mjd", "filetime", "dotnet"),
)
# Spellings of "no value" that loggers and spreadsheets write; compared without regard to case.
NULL_WORDS = ("", "na", "n/a", "#n/a", "#na", "nan", "-nan", "null", "none", "<na>", "nil")


@dataclass(frozen=True)
class ReadOptions:
    """How to read CSV files; the names follow csvkit's options.

    input_format     `csv`, or `influx` for line protocol
    delimiter        one character between fields
    encoding         a codec name such as `latin-1` or `utf-16`
    header           False when the first row is data already
    skip_lines       lines to pass over before anything is looked at
    decimal          `.` or `,`
    thousands        the sign that groups digits, `,` or `.` or `'` or a space
    null_values      texts that mean "no value", besides empty, NA, NaN, null and their like
    without_far      in rows to learn from, numbers far from all others mean "no value", too
    datetime_format  a strptime format, or one of `SCHEMES_OF_TIME`
    tz               zone of time stamps that carry none, e.g. `Europe/Berlin`; UTC when None
    time             name of the time column; "" says that there is none
    group_by         name of the column that says whose row it is, where a file has rows of several machines
    sensor_column, value_column   in a file with one reading a row, where its sensor's name and it stand
    symbols          columns of states, codes or kinds of events, read as symbols
    session          column that says which sequence of symbols a row belongs to
    vocabularies     texts of the symbols that a model knows, in the order of `symbols`; () while learning
    exclude, only    columns to leave out, or the only ones to use, as sensors
    bad_values       a cell that is not a number: `nan` counts it as missing, `skip` refuses its row,
                     `fail` raises InputError
    max_bad          share of bad cells (0.01 is 1 %) above which reading stops with InputError
    strict_time      reading stops with InputError at a time stamp that is not later than the one before,
                     or that cannot be read
    keep_texts       each row's text is kept beside its values, to be given back
    allow_missing    a sensor that was asked for but is not in the file is read as missing throughout
    """

    input_format: InputFormat = "csv"
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    skip_lines: int = 0
    decimal: str | None = None
    thousands: str | None = None
    null_values: tuple[str, ...] = ()
    without_far: bool = False
    datetime_format: str | None = None
    tz: str | None = None
    time: str | None = None
    group_by: str | None = None
    sensor_column: str | None = None
    value_column: str | None = None
    symbols: tuple[str, ...] = ()
    session: str | None = None
    vocabularies: tuple[tuple[str, ...], ...] = ()
    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    bad_values: BadValues = "nan"
    max_bad: float | None = None
    strict_time: bool = False
    allow_missing: bool = False
    keep_texts: bool = False

    def __post_init__(self) -> None:
        if self.delimiter == "\\t":  # as it arrives from most shells
            object.__setattr__(self, "delimiter", "\t")
        sign = self.delimiter or ","
        if self.delimiter == "" or len(sign) > 1 or sign == '"' or not (sign == "\t" or " " <= sign <= "~"):
            raise InputError(
                f"the delimiter must be one plain character, not {self.delimiter!r}",
                hint="--delimiter ';' or --delimiter '\\t' for tabs",
            )
        if self.decimal not in (None, ".", ","):
            raise InputError(
                f"the decimal sign must be . or , and not {self.decimal!r}", hint="--decimal . or --decimal ,"
            )
        if self.thousands and len(self.thousands) > 1:
            raise InputError(
                f"the sign between groups of digits must be one character, not {self.thousands!r}",
                hint='--thousands , or --thousands "\'"',
            )
        if self.decimal is not None and self.decimal in (self.delimiter, self.thousands):
            raise InputError(
                f"{self.decimal!r} cannot be the decimal sign and something else as well",
                hint="another --delimiter, or another sign for thousands",
            )
        for text in self.null_values:
            if text.encode(errors="replace").decode() != text:
                raise InputError(f"{text!r} is not UTF-8 text", hint="--null-value as it stands in the file")
        if self.skip_lines < 0:
            raise InputError("the number of lines to skip cannot be negative", hint="--skip-lines 0")
        if self.max_bad is not None and not 0 <= self.max_bad <= 1:
            raise InputError(
                f"the share of bad cells must lie between 0 and 1, not at {self.max_bad}", hint="--max-bad 5%"
            )
