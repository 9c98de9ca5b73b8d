"""From the text of cells to numbers and times."""
