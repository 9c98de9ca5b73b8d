"""Small pictures made of characters: curves on a grid."""

from collections.abc import Mapping, Sequence

import numpy as np


def curves(series: Mapping[str, Sequence[float]], *, width: int = 60, height: int = 8) -> list[str]:
    """Several curves over the same steps as lines of text, each drawn with the first letter of its name.

    Values are drawn on a logarithmic scale, as losses are read.
    """
    steps = max(len(values) for values in series.values())
    width = max(2, min(width, steps))
    logs = {name: np.log(np.maximum(np.asarray(v, dtype=float), 1e-300)) for name, v in series.items()}
    low = min(v.min() for v in logs.values())
    high = max(v.max() for v in logs.values())
    grid = [[" "] * width for _ in range(height)]
    for name, values in logs.items():
        columns = np.linspace(0, len(values) - 1, min(width, len(values))).round().astype(int)
        for column, step in enumerate(columns):
            row = round((high - values[step]) / ((high - low) or 1.0) * (height - 1))
            grid[row][column] = name[0]
    labels = [f"{np.exp(high):.4g}", *[""] * (height - 2), f"{np.exp(low):.4g}"]
    margin = max(map(len, labels))
    lines = [f"{label:>{margin}} |{''.join(row).rstrip()}" for label, row in zip(labels, grid, strict=True)]
    lines.append(f"{'':>{margin}} +{'-' * width}")
    lines.append(
        f"{'':>{margin}}  epoch 1 to {steps};  {', '.join(f'{name[0]} = {name}' for name in series)}"
    )
    return lines
