"""CSV that reads back as it was written, or, with `excel_safe`, in which a spreadsheet runs nothing.

A spreadsheet takes a text that begins like a formula for one. The signs and the cure, a quote before the
text, are those of OWASP's page on CSV injection. It changes the text, so it is asked for with --excel-safe;
numbers are never touched.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@|%]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def csv_text(rows: Iterable[Sequence[object]], *, excel_safe: bool = False) -> str:
    """Rows as CSV, lines ended by a newline."""
    rows = [[_harmless(cell) for cell in row] for row in rows] if excel_safe else list(rows)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    if "\r" not in out.getvalue():
        return out.getvalue()
    # The csv module does not quote a return in a cell, and then reads it as the end of a line.
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return out.getvalue()


def _harmless(cell: object) -> object:
    if not isinstance(cell, str) or not _FORMULA.match(cell) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"
