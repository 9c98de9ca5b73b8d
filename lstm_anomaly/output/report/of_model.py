"""How a model was trained: the part that the report on a detection and the one on training share."""

import numpy as np

from lstm_anomaly.model.model import Model
from lstm_anomaly.output.report.charts import Chart, Line, Panel
from lstm_anomaly.output.report.page import Section, Table
from lstm_anomaly.output.symbols import transitions
from lstm_anomaly.output.terminal.summary import model_facts
from lstm_anomaly.scoring.symbols.column import why

MOST_PAIRS = 200  # transitions that are listed


def model_sections(model: Model) -> list[Section]:
    """What the model is, and how its losses fell."""
    out = [Section("model", "The model and how it was trained", facts=model_facts(model))]
    for column in model.symbols:
        name = model.sensors[column.place]
        rows = [
            [pair.first, pair.then, f"{pair.count:,}", f"{100 * pair.share:.1f} %"]
            for pair in transitions(column, MOST_PAIRS)
        ]
        table = Table(["symbol", "followed by", "times", "of what followed it"], rows, frozenset({2, 3}))
        told = f"What followed what in training, the most frequent first. {why(name, column)}."
        out.append(Section(f"symbols-{column.place}", f"Symbols of {name}", [told], table=table))
    if chart := loss_chart(model):
        told = f"The weights of epoch {model.summary.best_epoch} were kept."
        out.append(Section("loss", "Loss while training", [told], chart=chart))
    return out


def loss_chart(model: Model) -> Chart | None:
    """Losses of the autoencoder by epoch; None when there was no such training."""
    losses = {"fit": model.summary.losses, "validation": model.summary.validation_losses}
    if not losses["fit"]:
        return None
    epochs = np.arange(1.0, len(losses["fit"]) + 1)
    roles = {"fit": "seen", "validation": "expected"}
    lines = [Line(roles[name], name, epochs, np.asarray(values)) for name, values in losses.items()]
    return Chart("loss", [Panel("mean squared error", lines)], "epoch")
