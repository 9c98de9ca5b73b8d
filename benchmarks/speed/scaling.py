"""How time grows with rows, sensors, window and hidden size: exponents, and log-log plots as a PNG.

Scoring is the restoring of every row; a training step has 64 windows. The exponent is that of
the straight line through the points of the log-log plot.
"""

import measure
import numpy as np
from steps import our_step

from lstm_anomaly.network.autoencoder import init_autoencoder
from lstm_anomaly.network.sliding_windows import restore_rows

ROWS, F, T, H, B = 4096, 8, 60, 32, 64
AXES = {
    "rows": (2048, 4096, 8192, 16384, 32768),
    "sensors": (1, 4, 16, 64, 256),
    "window": (15, 30, 60, 120, 240),
    "hidden": (8, 16, 32, 64, 128),
}


def scoring(rows, sensors, window, hidden):
    rng = np.random.default_rng(0)
    params = init_autoencoder(rng, sensors, hidden)
    data = rng.standard_normal((sensors, rows)).astype(np.float32)
    return lambda: restore_rows(params, data, window, 0, slice(window - 1, rows))


def step(rows, sensors, window, hidden):
    return our_step((sensors, window, hidden, B), 1)[0]


def times(make, axis, values, clock, runs):
    base = {"rows": ROWS, "sensors": F, "window": T, "hidden": H}
    found = []
    for value in values:
        function = make(**{**base, axis: value})
        function()  # warm up
        found.append(min(measure.seconds(function, clock) for _ in range(runs)))
    return found


def exponent(values, seconds):
    return float(np.polyfit(np.log(values), np.log(seconds), 1)[0])


def plot(results, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(AXES), figsize=(14, 3.6), sharey=True, layout="constrained")
    for panel, axis in zip(panels, AXES, strict=True):
        for name, (values, seconds) in results[axis].items():
            label = f"{name}: ~ {axis}^{exponent(values, seconds):.2f}"
            panel.loglog(values, [1000 * s for s in seconds], "o-", label=label)
        panel.set_xlabel(axis)
        panel.set_xticks(AXES[axis], [str(value) for value in AXES[axis]], rotation=45, fontsize=8)
        panel.minorticks_off()
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8)
    panels[0].set_ylabel("milliseconds")
    figure.suptitle(
        f"One core; elsewhere {ROWS} rows, {F} sensors, window {T}, hidden {H}, batch {B}", fontsize=10
    )
    figure.savefig(path, dpi=110)


def main():
    given = measure.options(__doc__)
    measure.pin(given.cores)
    clock = measure.clock_of(given)
    results = {}
    for axis, values in AXES.items():
        values = values[:4] if given.quick else values
        makes = {"scoring": scoring} if axis == "rows" else {"scoring": scoring, "training step": step}
        results[axis] = {
            name: (values, times(make, axis, values, clock, 2 if name == "scoring" else 5))
            for name, make in makes.items()
        }
        told = ", ".join(f"{name} {exponent(*points):.2f}" for name, points in results[axis].items())
        measure.remark(f"exponent in {axis}, {values[0]} to {values[-1]}: {told}")
    try:
        plot(results, given.folder / "speed-scaling.png")
    except ImportError as error:
        measure.remark(f"no plot: {error}")


if __name__ == "__main__":
    main()
