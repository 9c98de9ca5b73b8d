"""From what the networks say of rows to one anomaly score a row."""
