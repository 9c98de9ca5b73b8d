"""From scores to alarms: the threshold learned on normal data, and the events above it."""
