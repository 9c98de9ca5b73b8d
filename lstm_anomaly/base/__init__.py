"""What all rooms use: errors, records, text, files, locks, processes."""
