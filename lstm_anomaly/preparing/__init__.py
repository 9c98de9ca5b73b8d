"""From rows as read to an evenly spaced series: sorted, filled, scaled, cut into windows."""
