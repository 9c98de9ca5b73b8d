"""InfluxDB line protocol to the lines of a long CSV: one line for each field that is a number.

The sensor of a field is named `measurement.field`, with its tags behind it: `cpu.usage_idle host=a`. See
https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

import csv
import dataclasses
import io
import re
from collections.abc import Callable

from lstm_anomaly.reading.options import ReadOptions

_HEADER = b"time,sensor,value\n"
_KEY = r"(?:\\.|[^,= \\])+"
_NAME = r"(?:\\.|[^, \\])+"
_VALUE = r'(?:"(?:\\.|[^"\\])*"|[^, ]+)'
_FIELD = re.compile(rf"({_KEY})=({_VALUE})")
_TAG = re.compile(rf",({_KEY}={_NAME})")
_LINE = re.compile(
    rf"(?P<measurement>{_NAME})(?P<tags>(?:,{_KEY}={_NAME})*) +"
    rf"(?P<fields>{_KEY}={_VALUE}(?:,{_KEY}={_VALUE})*)(?: +(?P<time>-?\d+))?\s*"
)
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[iu]?", re.ASCII)
_TRUTH = {"t": "1", "true": "1", "f": "0", "false": "0"}


class LineProtocol:
    """Makes whole lines of line protocol those of a CSV; `tap` is given them as they were."""

    def __init__(self, tap: Callable[[str], None] | None = None) -> None:
        self._tap = tap
        self._header = _HEADER

    def __call__(self, data: bytes) -> bytes:
        """Lines of a CSV (UTF-8) of such lines; what is no line protocol becomes one that is no row."""
        text = data.decode("utf-8")
        if self._tap is not None:
            self._tap(text)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for line in text.split("\n")[:-1]:
            if line.strip() and not line.startswith("#"):
                found = _LINE.fullmatch(line)
                writer.writerows([[line]] if found is None else _readings(found))
        header, self._header = self._header, b""
        return header + out.getvalue().encode("utf-8")


def _readings(line: re.Match[str]) -> list[list[str]]:
    found = []
    tags = "".join(f" {tag}" for tag in _TAG.findall(line["tags"]))
    for key, text in _FIELD.findall(line["fields"]):
        number = _NUMBER.fullmatch(text)
        value = number[1] if number else _TRUTH.get(text.casefold())
        if value is not None:
            name = f"{line['measurement']}.{key}{tags}"
            found.append([line["time"] or "", re.sub(r"\\(.)", r"\1", name), value])
    return found


def long_options(options: ReadOptions) -> ReadOptions:
    """How to read such a CSV."""
    return dataclasses.replace(
        options,
        delimiter=",",
        header=True,
        decimal=".",
        time="time",
        datetime_format="epoch-ns",
        sensor_column="sensor",
        value_column="value",
    )
