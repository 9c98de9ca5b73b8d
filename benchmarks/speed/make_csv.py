"""Write a CSV of 8 sensors, a row a minute: python make_csv.py ROWS PATH."""

import sys

import numpy as np
import pandas as pd

rows = int(sys.argv[1])
t = np.arange(rows)[:, np.newaxis]
noise = np.random.default_rng(rows).normal(0, 0.3, (rows, 8))
values = 20 + 3 * np.sin(2 * np.pi * t / (60 + 17 * np.arange(8))) + noise  # (N, 8)
table = pd.DataFrame(values.round(3), columns=[f"sensor_{k}" for k in range(8)])
table.insert(0, "time", pd.date_range("2024-01-01", periods=rows, freq="min").strftime("%Y-%m-%d %H:%M"))
table.to_csv(sys.argv[2], index=False)
