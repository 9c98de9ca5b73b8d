"""Refuses settings that are no numbers of their kind, or out of their bounds, where they are given."""

from numbers import Integral

from lstm_anomaly.base.errors import SettingsError


def check_number(name: str, value: object, kind: type, least: float, most: float) -> None:
    """Raise SettingsError for what is no number of a kind (`Integral` or `Real`), or out of its bounds."""
    if isinstance(value, bool) or not isinstance(value, kind):
        what = "a whole number" if kind is Integral else "a number"
        raise SettingsError(f"{name} is {short(value)}, but must be {what}")
    if not value >= least:  # type: ignore[operator]
        raise SettingsError(f"{name} is {short(value)}, but must be at least {least}")
    if value > most:  # type: ignore[operator]
        raise SettingsError(f"{name} is {short(value)}, but must be at most {most}")


def short(value: object) -> str:
    """A value as Python writes it, or its beginning."""
    text = repr(value)
    return text if len(text) <= 24 else f"{text[:20]}..."
