"""Backtests of forecasts as text: a table for people, and JSON for programs."""

import json

from lstm_anomaly.base.text import number
from lstm_anomaly.evaluation.forecasts import Backtests, StepRange
from lstm_anomaly.output.terminal.canvas import Canvas

SCHEMA_VERSION = 1
_LEAST_WIDTH = {"MSE": 90, "MASE": 75, "pinball": 70}  # columns of a terminal from which there is room


def table(found: Backtests, canvas: Canvas) -> str:
    """A row for each method and part of the horizon; of methods that are not used the whole horizon."""
    shown = canvas.table()
    levels = [f"in {100 * level:g} %" for level in found.levels]
    left_out = canvas.hidden(_LEAST_WIDTH)
    titles = ("method", "steps", "MAE", "MSE", "MASE", "pinball", *levels)
    for title in titles:
        if title not in left_out:
            shown.add_column(title, justify="left" if title in ("method", "steps") else "right", no_wrap=True)
    for result in found.results:
        ranges = result.ranges if result.method == "chosen" else result.ranges[-1:]
        for k, each in enumerate(ranges):
            cells = ["" if k else result.method, *_cells(each)]
            shown.add_row(*(cell for title, cell in zip(titles, cells, strict=True) if title not in left_out))
    return canvas.rendered(shown)


def json_document(found: Backtests) -> str:
    """All of it in one object."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "origins": found.origins,
        "steps": found.steps,
        "levels": list(found.levels),
        "results": [
            {
                "method": result.method,
                "ranges": [
                    {
                        "first": each.first,
                        "last": each.last,
                        "mae": each.mae,
                        "mse": each.mse,
                        "mase": each.mase,
                        "pinball": each.pinball,
                        "coverage": list(each.coverage),
                    }
                    for each in result.ranges
                ],
            }
            for result in found.results
        ],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _cells(each: StepRange) -> list[str]:
    steps = str(each.first) if each.first == each.last else f"{each.first} to {each.last}"
    figures = (each.mae, each.mse, each.mase, each.pinball)
    return [steps, *(number(figure, 3) for figure in figures), *(f"{100 * c:.1f} %" for c in each.coverage)]
