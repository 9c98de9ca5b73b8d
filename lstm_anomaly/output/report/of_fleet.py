"""The summary of a fleet as one HTML page: what many groups share, and a table to sort and filter."""

from lstm_anomaly.detecting.fleet import KINDS, FleetReview
from lstm_anomaly.output.report.page import Section, Table, page
from lstm_anomaly.output.terminal.fleet import fleet_cells, fleet_lines


def fleet_report(review: FleetReview, title: str) -> str:
    """The whole file as text."""
    *shared, well = fleet_lines(review)
    first = Section("together", "At one moment", shared or ["Nothing happened to many groups at one moment."])
    heading, cells = "Groups, the most urgent first", fleet_cells(review)
    if cells:
        table = Table([review.column, "first look at", "why"], cells)
        groups = Section("groups", heading, table=table, filters=list(KINDS), by="First look at")
    else:
        groups = Section("groups", heading, ["No group needs a look of its own."])
    newest = "" if review.newest is None else f" Latest row: {review.newest.astype('M8[s]')} UTC."
    return page(title, f"{well}{newest}", [first, groups])
