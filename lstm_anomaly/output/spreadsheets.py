"""CSV for people who open it in a spreadsheet, which runs a text that begins like a formula.

The signs and the cure (a quote before the text) are those of OWASP's page on CSV injection. It changes the
text, so it is asked for with --excel-safe; numbers are never touched.
"""

import csv
import io
import re
from collections.abc import Iterable

_FORMULA = re.compile(r"[=+\-@\t\r\n|%]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def csv_text(rows: Iterable[Iterable[object]], *, excel_safe: bool = False) -> str:
    """Rows as CSV; with `excel_safe`, a text that a spreadsheet would run has a quote before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([_harmless(cell) for cell in row] if excel_safe else row for row in rows)
    return out.getvalue()


def _harmless(cell: object) -> object:
    if not isinstance(cell, str) or not _FORMULA.match(cell.lstrip(" \xa0\ufeff")) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"
