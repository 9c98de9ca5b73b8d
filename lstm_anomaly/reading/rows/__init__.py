"""From lines to arrays."""
