"""From a clean series to a model: split, trim, fit, measure errors, calibrate."""
