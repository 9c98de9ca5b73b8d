"""From expected values to residuals to one anomaly score a row."""
