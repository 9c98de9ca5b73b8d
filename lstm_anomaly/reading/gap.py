"""Rows that may be missing between two runs: where, and between which time stamps."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gap:
    """Rows may be missing in front of line `line` of a file: what followed on the row before was not found.

    before, after   the time stamps of the rows on both sides, as text; "" where there is none
    """

    path: str
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        last = f"the last row read ({self.before})" if self.before else "the last row read"
        this = f"this one ({self.after})" if self.after else "this one"
        return (
            f"{self.path}:{self.line}: rows may be missing between {last} and {this}: the file read before is"
            " neither at this path nor beside it under a name that rotation gives. Try: --rotated PATTERN for"
            " other names, or keep rotated files until they are read"
        )
