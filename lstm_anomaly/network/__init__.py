"""The LSTM, the networks made of it, regressions, and their training, in NumPy alone."""
