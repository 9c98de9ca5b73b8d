"""What was learned, judging rows with it, and its file."""
