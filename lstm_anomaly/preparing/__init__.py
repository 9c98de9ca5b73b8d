"""From rows as they were read to an evenly spaced, filled and scaled series, cut into windows."""
