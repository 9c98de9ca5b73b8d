"""The summary of a fleet as text: what many groups share, then a table of those that need a look."""

from rich.text import Text

from lstm_anomaly.base.text import count, printable
from lstm_anomaly.detecting.fleet import FleetReview
from lstm_anomaly.output.terminal.canvas import Canvas


def fleet_lines(review: FleetReview) -> list[str]:
    """What happened to many groups at one moment, a sentence each, and how many groups are well."""
    of = len(review.groups)
    lines = [each.sentence(of, review.column) for each in review.together]
    well = sum(not group.looks for group in review.groups)
    return [*lines, f"{count(of, 'group')} by {review.column}: {well:,} need no look."]


def fleet_cells(review: FleetReview) -> list[list[str]]:
    """For each group with a reason of its own: its name, the kind of the first reason, and all in words."""
    return [
        [group.standing.group, group.looks[0].kind, "; ".join(look.text for look in group.looks)]
        for group in review.alone()
    ]


def fleet_table(review: FleetReview, canvas: Canvas) -> str:
    """The table of these groups, "" when there are none."""
    cells = fleet_cells(review)
    if not cells:
        return ""
    rows = canvas.table()
    for title in (review.column, "first look at", "why"):
        rows.add_column(printable(title), no_wrap=title == "first look at")
    for row in cells:
        rows.add_row(*(Text(printable(cell)) for cell in row))
    return canvas.rendered(rows)
