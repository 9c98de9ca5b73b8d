"""Off is a state, not a fault: a rule that says from a row's readings whether the plant runs.

    condition   = all { "or" all }
    all         = comparison { "and" comparison }
    comparison  = sensor ("<" | "<=" | ">" | ">=" | "=" | "!=") number

A sensor whose name holds blanks or signs stands in double quotes. Nothing is evaluated but this.
"""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.errors import SettingsError
from lstm_anomaly.base.types import BoolArray, FloatArray

_TOKEN = re.compile(r'\s*(?:"([^"]*)"|(<=|>=|!=|==|=|<|>)|([^\s<>=!"]+))')
_OPERATORS: dict[str, Callable[[FloatArray, float], BoolArray]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
HINT = "a condition such as 'speed_rpm < 10 and valve = 0'"


@dataclass(frozen=True)
class Comparison:
    """One sensor's reading set against a number."""

    sensor: str
    sign: str
    value: float

    def holds(self, readings: FloatArray) -> BoolArray:
        """In which of its readings (n,) it holds; never where one is missing."""
        return np.asarray(_OPERATORS[self.sign](readings, self.value) & ~np.isnan(readings))


@dataclass(frozen=True)
class OffRule:
    """Rows are off where all comparisons of one of the `cases` hold.

    texts  as they were given, of which any one makes a row off
    """

    texts: tuple[str, ...] = ()
    cases: tuple[tuple[Comparison, ...], ...] = ()

    @classmethod
    def parse(cls, texts: Sequence[str], sensors: Sequence[str]) -> "OffRule":
        """Understand conditions on these sensors. Raises SettingsError."""
        cases = [case for text in texts for case in _cases(text, sensors)]
        return cls(tuple(texts), tuple(cases))

    def of_rows(self, values: FloatArray, sensors: Sequence[str]) -> BoolArray:
        """Which of the rows (n, F) of these sensors are off, (n,)."""
        off = np.zeros(len(values), np.bool_)
        for case in self.cases:
            of_case = np.ones(len(values), np.bool_)
            for one in case:
                of_case &= one.holds(values[:, sensors.index(one.sensor)])
            off |= of_case
        return off


NEVER_OFF = OffRule()


def after_stops(off: BoolArray, starts: Sequence[int]) -> BoolArray:
    """Rows (n,) that come right after one in which the plant is off, without a gap in time before `starts`.

    >>> after_stops(np.array([True, False, True, False, False]), [3])
    array([False,  True, False, False, False])
    """
    out = np.zeros(len(off), np.bool_)
    out[1:] = off[:-1] & ~off[1:]
    out[[row for row in starts if row < len(out)]] = False
    return out


def _cases(text: str, sensors: Sequence[str]) -> list[tuple[Comparison, ...]]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise SettingsError(f"--off {text!r}: cannot be understood from {text[at:]!r} on", hint=HINT)
        tokens.append(found)
        at = found.end()
    cases: list[list[Comparison]] = [[]]
    for k in range(0, max(len(tokens), 1), 4):
        cases[-1].append(_comparison(text, tokens[k : k + 3], sensors))
        if k + 3 < len(tokens):
            joint = (tokens[k + 3][3] or "").casefold()
            if joint not in ("and", "or"):
                raise SettingsError(f"--off {text!r}: 'and' or 'or' must follow a comparison", hint=HINT)
            if k + 4 == len(tokens):
                raise SettingsError(f"--off {text!r}: nothing follows its last {joint!r}", hint=HINT)
            if joint == "or":
                cases.append([])
    return [tuple(case) for case in cases]


def _comparison(text: str, tokens: "Sequence[re.Match[str]]", sensors: Sequence[str]) -> Comparison:
    if len(tokens) < 3 or tokens[1][2] is None:
        raise SettingsError(f"--off {text!r}: a sensor, a comparison and a number are needed", hint=HINT)
    name = tokens[0][1] if tokens[0][1] is not None else tokens[0][3]
    if name not in sensors:
        known = ", ".join(map(repr, sensors[:8]))
        raise SettingsError(f"--off {text!r}: {name!r} is not one of the sensors", hint=f"one of {known}")
    try:
        return Comparison(name, tokens[1][2], float(tokens[2][3] or ""))
    except ValueError:
        raise SettingsError(f"--off {text!r}: {tokens[2][0].strip()!r} is not a number", hint=HINT) from None
