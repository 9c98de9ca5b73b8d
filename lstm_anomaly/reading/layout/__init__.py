"""What each column of a file is."""
