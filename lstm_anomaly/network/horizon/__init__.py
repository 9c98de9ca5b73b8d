"""Direct forecasts of many steps: an LSTM over segments, a ridge regression, and baselines beside them."""
