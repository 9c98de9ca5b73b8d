"""A verdict a row in InfluxDB line protocol, for Telegraf and the databases that take it."""

import math

from lstm_anomaly.detecting.verdicts import Verdicts

MEASUREMENT = "lstm_anomaly"


def influx_lines(verdicts: Verdicts) -> str:
    """One line a row: its state, score (none where it could not be judged) and top sensor, at its time.

    A row without a time has no time stamp; who reads the line then sets it.
    """
    times, rows = verdicts.frame.told_times, len(verdicts.frame)
    stamps = [0] * rows if times is None else times.astype("datetime64[ns]").astype("i8").tolist()
    out = []
    for stamp, score, state, top in zip(
        stamps, verdicts.scores.tolist(), verdicts.states(), verdicts.top_sensors(), strict=True
    ):
        fields = [f"state={_text(state)}"]
        if not math.isnan(score):
            fields.append(f"score={score:.6g}")
        if top:
            fields.append(f"sensor={_text(top)}")
        out.append(f"{MEASUREMENT} {','.join(fields)}" + (f" {stamp}\n" if stamp > 0 else "\n"))
    return "".join(out)


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
