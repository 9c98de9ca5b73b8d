"""`lstm-anomaly report`: the events in CSV files as one HTML file to open, keep and send."""

from dataclasses import replace
from typing import Any

import click

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.given import check_output, input_files, read_options
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.options import FILES, MODEL, input_options

EPILOG = """\b
Examples:
  lstm-anomaly report week.csv --model pump.model --out report.html
  lstm-anomaly report week.csv -m pump.model --out report.html --plot events/
\b
The packages that it needs: pip install 'lstm-anomaly[report]'
"""


@click.command("report", cls=GroupedCommand, epilog=EPILOG)
@FILES
@MODEL
@click.option("--out", metavar="FILE", required=True, help="Write the report to this HTML file.")
@click.option("--title", metavar="TEXT", help="Give the report a title.  [default: the names of the files]")
@click.option(
    "--plot",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Write a picture of each event into this folder, too.",
)
@click.option(
    "--plot-format",
    type=click.Choice(["png", "svg"]),
    default="png",
    show_default=True,
    help="Choose the format of pictures.",
)
@input_options
@console_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    files: tuple[str, ...],
    model_path: str,
    out: str,
    title: str | None,
    plot: str | None,
    plot_format: str,
    reading: dict[str, Any],
) -> None:
    """Write one HTML file that shows what departs from normal. It opens without a network.

    Shows the score over time, each event with its sensors as seen and as expected, a table of events to sort
    and filter, the forecast if the model has a horizon, the quality of the data, drift, and how the model was
    trained.
    """
    from lstm_anomaly.base.files import atomic_write
    from lstm_anomaly.commands.frame.extras import needs
    from lstm_anomaly.commands.run.load import for_model, read_frame
    from lstm_anomaly.detecting.batch import detect
    from lstm_anomaly.detecting.forecast import forecast
    from lstm_anomaly.detecting.places import place
    from lstm_anomaly.model.file import read_model

    console = Console(settings)
    files = input_files(files)
    check_output(out, model_path, *files)
    with needs("report"):
        from lstm_anomaly.output.report.of_detection import detection_report
    model = read_model(model_path)
    notes: list[str] = []
    frame = read_frame(
        files, for_model(read_options(reading), model), reading["rows"], console, model.sensors, notes=notes
    )
    detection = detect(model, frame)
    notes += [
        f"{one.sensor} delivered nothing for {one.end - one.start + 1:,} rows"
        + ("" if one.is_over else ", to the end")
        for one in detection.silences
    ]
    rows = detection.frame_rows()
    events = [replace(place(event, frame, rows), view=detection.view(event)) for event in detection.events]
    coming = forecast(model, frame) if model.horizon and detection.counts()["judged"] else None
    text = detection_report(detection, model, events, notes, title or _title(files), coming)
    with atomic_write(out) as file:
        file.write(text.encode("utf-8", "replace"))
    if plot:
        with needs("report"):
            from lstm_anomaly.output.report.event_plots import write_plots
        write_plots(events, plot, plot_format)
    console.result(_done(len(events), out, len(text), plot))


def _title(files: tuple[str, ...]) -> str:
    import os

    names = ["standard input" if file == "-" else os.path.basename(file) for file in files]
    return f"Report on {', '.join(names)}"


def _done(events: int, out: str, size: int, plot: str | None) -> list[str]:
    from lstm_anomaly.base.text import count

    pictures = f"; {count(events, 'picture')} in {plot}" if plot else ""
    return [
        f"Wrote {out}, {size / 1e6:.1f} MB: {count(events, 'event')}{pictures}.",
        "Next: open it in a browser.",
    ]
