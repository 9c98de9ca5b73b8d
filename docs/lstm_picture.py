"""The picture of docs/lstm.md: one step of an LSTM, and what it learns in the adding problem.

python docs/lstm_picture.py        a minute; writes docs/pictures/lstm.svg
"""

from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
from long_dependency import REPORT, first_weights, learn, lstm_of, sequences

from lstm_anomaly.base.types import Array
from lstm_anomaly.network.lstm import plain_forward

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

PICTURES = Path(__file__).parent / "pictures"
UPDATES = 2000
GATES = (
    (3.0, "f", "forget: what stays", "C3"),
    (5.6, "i", "input: how much\nis written", "C0"),
    (8.2, "g", "candidate: what\nis written", "C0"),
    (10.8, "o", "output: what\nis shown", "C2"),
)


def draw_step(axis: Axes) -> None:
    """Equations (1) to (4) as a drawing."""
    axis.set(xlim=(0, 16), ylim=(0, 6.6), aspect="equal")
    axis.axis("off")

    def line(*points: tuple[float, float], arrow: bool = True) -> None:
        for k, (begin, end) in enumerate(pairwise(points)):
            style = "-|>" if arrow and k == len(points) - 2 else "-"
            axis.annotate("", end, begin, arrowprops={"arrowstyle": style, "shrinkA": 0, "shrinkB": 0})

    def node(x: float, y: float, sign: str) -> None:
        axis.text(x, y, sign, ha="center", va="center", bbox={"boxstyle": "circle", "fc": "w", "pad": 0.25})

    def box(x: float, y: float, text: str, color: str) -> None:
        axis.text(x, y, text, ha="center", va="center", color=color, bbox={"fc": "w", "ec": color, "pad": 5})

    line((1.2, 5.6), (2.75, 5.6))  # the cell
    line((3.25, 5.6), (6.65, 5.6))
    line((7.15, 5.6), (14.8, 5.6))
    line((1.2, 0.5), (10.8, 0.5), arrow=False)  # what the gates read
    for x, name, meaning, color in GATES:
        line((x, 0.5), (x, 1.35))
        box(x, 1.7, "tanh" if name == "g" else "sigma", color)
        axis.text(x + 0.15, 2.2, name, color=color, weight="bold", ha="left")
        axis.text(x + 0.15, 0.9, meaning, color=color, fontsize=7, ha="left", va="center")
    line((3, 2.1), (3, 5.33))
    line((5.6, 2.1), (5.6, 3.9), (6.62, 3.9))
    line((8.2, 2.1), (8.2, 3.9), (7.18, 3.9))
    line((6.9, 4.18), (6.9, 5.33))
    line((12.9, 5.6), (12.9, 4.65))
    box(12.9, 4.3, "tanh", "0.2")
    line((12.9, 3.95), (12.9, 3.3))
    line((10.8, 2.1), (10.8, 3.0), (12.62, 3.0))
    line((13.18, 3.0), (14.8, 3.0))
    for x, y, sign in (
        (3, 5.6, r"$\times$"),
        (6.9, 5.6, "+"),
        (6.9, 3.9, r"$\times$"),
        (12.9, 3.0, r"$\times$"),
    ):
        node(x, y, sign)
    for x, y, text, side in (
        (1.1, 5.6, "$c_{t-1}$", "right"),
        (14.9, 5.6, "$c_t$", "left"),
        (14.9, 3.0, "$h_t$", "left"),
        (1.1, 0.5, "$h_{t-1}, x_t$", "right"),
    ):
        axis.text(x, y, text, ha=side, va="center", fontsize=11)
    axis.set_title("One step: the memory c runs along the top, and only f stands in its way", loc="left")


def draw_errors(axis: Axes, errors: dict[int, list[float]]) -> None:
    """How the error falls, for each number of steps."""
    for steps, found in errors.items():
        axis.plot(REPORT * np.arange(1, len(found) + 1), found, label=f"{steps} steps")
    axis.axhline(1 / 6, color="0.4", lw=0.8, ls="--", label="always saying 1")
    axis.set_yscale("log")
    axis.set_xlabel("updates")
    axis.set_title("Mean squared error", loc="left")
    axis.legend(frameon=False, fontsize=8)


def draw_sequence(axis: Axes, weights: dict[str, Array], x: Array) -> None:
    """What the network would say after each step of one sequence x (T, 2, 1)."""
    h, _, _ = plain_forward(lstm_of(weights), x)  # (T, H, 1)
    axis.plot(h[:, :, 0] @ weights["w"] + weights["w_0"], "C0", label="read from $h_t$")
    best = (x[:, 1] * (x[:, 0] - 0.5)).cumsum() + 1.0  # (T,) for each value to come, its mean
    axis.plot(best, "C1", ls="--", label="best guess so far")
    for step in np.flatnonzero(x[:, 1, 0]):
        axis.axvline(step, color="0.7", lw=0.8)
    axis.set_xlabel("step; grey lines are the marked ones")
    axis.set_title("One sequence of 100 steps", loc="left")
    axis.legend(frameon=False, fontsize=8, loc="upper left")


def main() -> None:
    """Learn 50 and 100 steps, and draw."""
    errors = {}
    for steps in (50, 100):
        rng = np.random.default_rng(0)
        weights = first_weights(rng)
        errors[steps] = list(learn(weights, rng, steps, UPDATES, fast=True))
    x, _ = sequences(np.random.default_rng(3), 100, 1)
    plain = {"axes.spines.right": False, "axes.spines.top": False, "font.size": 9, "svg.hashsalt": "lstm"}
    plt.rcParams.update(plain | {"axes.titlesize": 10})
    figure = plt.figure(figsize=(8, 6.6), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1.4, 1))
    draw_step(figure.add_subplot(grid[0, :]))
    draw_errors(figure.add_subplot(grid[1, 0]), errors)
    draw_sequence(figure.add_subplot(grid[1, 1]), weights, x)
    PICTURES.mkdir(exist_ok=True)
    figure.savefig(PICTURES / "lstm.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
