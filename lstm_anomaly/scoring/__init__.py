"""From reconstruction errors to one anomaly score a row."""
