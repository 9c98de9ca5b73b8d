"""Kinds of values that options take: numbers, shares, lengths of time, and numbers of rows."""

import math
import re
from datetime import timedelta
from typing import Any

import click

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class Number(click.FloatRange):
    """A finite number within a range; for click NaN is within every one."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """`0.9` -> 0.9."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class Percent(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A share, written `1%` or `0.01`; its value is the fraction."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """`1%` -> 0.01."""
        try:
            share = float(str(value).rstrip("%")) / (100 if str(value).endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is not a share; write 1% or 0.01", param, ctx)
        return share


class Duration(click.ParamType):  # type: ignore[type-arg]
    """A length of time, written `500ms`, `30s`, `15m` or `15min`, `2h`, `1d`; its value is in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """`15min` -> 900.0."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)\s*", str(value))
        seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
        if not 0 < seconds < 1e9:
            self.fail(f"{value!r} is not a length of time; write 30s, 15min, 2h or 1d", param, ctx)
        return seconds


class Span(click.ParamType):  # type: ignore[type-arg]
    """Rows, written `96`, or a length of time as in `Duration`; its value is an int or a timedelta."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | timedelta:
        """`96` -> 96, `24h` -> a day."""
        if isinstance(value, int | timedelta):
            return value
        text = str(value).strip()
        if text in ("0", "off"):
            return 0
        if re.fullmatch(r"\d{1,9}", text):
            return int(text)
        return timedelta(seconds=Duration().convert(text, param, ctx))
