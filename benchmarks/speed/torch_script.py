"""What a practitioner writes today: train an LSTM autoencoder on one CSV with PyTorch, score another.

    python torch_script.py train.csv score.csv THREADS scores.csv

The same windows, architecture, loss, optimiser, epochs and batch as the `train` it is compared with; it
has no validation, no threshold, and no second network.
"""

import sys

import numpy as np
import pandas as pd
import torch
from peers import torch_autoencoder

WINDOW, HIDDEN, EPOCHS, BATCH = 60, 32, 5, 128


def windows(values):
    """All windows (W, T, F) of values (N, F), float32."""
    view = np.lib.stride_tricks.sliding_window_view(values, WINDOW, axis=0)
    return np.ascontiguousarray(view.transpose(0, 2, 1), dtype=np.float32)


def main():
    train, score = (pd.read_csv(path).select_dtypes("number").to_numpy() for path in sys.argv[1:3])
    torch.set_num_threads(int(sys.argv[3]))
    torch.manual_seed(0)
    mean, spread = train.mean(0), train.std(0)
    x = torch.from_numpy(windows((train - mean) / spread))
    model = torch_autoencoder(x.shape[2], HIDDEN)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for start in range(0, len(x), BATCH):
            batch = x[order[start : start + BATCH]]
            adam.zero_grad()
            loss = ((model(batch) - batch) ** 2).mean()
            loss.backward()
            adam.step()
    z = (score - mean) / spread
    rows, covering = np.zeros(len(z)), np.zeros(len(z))
    with torch.inference_mode():
        for start in range(0, len(z) - WINDOW + 1, 1024):
            block = torch.from_numpy(windows(z[start : start + 1024 + WINDOW - 1]))
            error = ((model(block) - block) ** 2).mean(2).numpy()  # (B, T)
            for t in range(WINDOW):
                rows[start + t : start + t + len(error)] += error[:, t]
                covering[start + t : start + t + len(error)] += 1
    pd.Series(rows / covering, name="score").to_csv(sys.argv[4], index=False)


if __name__ == "__main__":
    main()
