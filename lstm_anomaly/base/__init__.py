"""What every other part stands on: errors, records, text, files, locks, processes."""
