"""From a clean series to a model: split, fit, measure, calibrate."""
