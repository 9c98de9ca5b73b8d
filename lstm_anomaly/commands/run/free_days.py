"""Days that are like Sundays: a country's holidays, and those of a file of the plant's own."""

import csv
from datetime import date

import click

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.commands.frame.extras import needs

YEARS = range(2000, 2050)  # a model has them all, so that it needs no package and no year makes another one


def free_days(country: str | None, path: str | None) -> tuple[str, ...]:
    """Dates such as 2024-12-25, in order. Raises InputError for a file of something else."""
    days = set(_of_country(country) if country else ()) | set(_of_file(path) if path else ())
    return tuple(sorted(days))


def _of_country(country: str) -> list[str]:
    """The holidays of a country, `AT`, or of a part of one, `DE-BY`."""
    with needs("calendar"):
        import holidays
    name, _dash, part = country.partition("-")
    try:
        found = holidays.country_holidays(name.upper(), subdiv=part.upper() or None, years=YEARS)
    except NotImplementedError as error:
        raise click.UsageError(
            f"--holidays {country}: {error}. Write a country's code such as AT or DE-BY."
        ) from error
    return [day.isoformat() for day in found]


def _of_file(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [
                (reader.line_num, row[0].strip()) for reader in [csv.reader(file)] for row in reader if row
            ]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", where=path, hint="a CSV of dates") from error
    days = []
    for line, text in rows:
        if line == 1 and text.casefold() == "date":
            continue
        try:
            days.append(date.fromisoformat(text).isoformat())
        except ValueError as error:
            where = f"{path}:{line}"
            raise InputError(
                f"{text[:40]!r} is not a date", where=where, hint="dates such as 2024-12-25"
            ) from error
    return days
